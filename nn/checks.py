"""Data at the door: sizes, and tables of finite numbers, or an error that names what is wrong."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Array", "as_table", "count", "is_whole", "known", "same_rows"]

Array: TypeAlias = "NDArray[np.float64]"


def as_table(data: Any, name: str = "X") -> Array:
    """`data` (lists, an array, a data frame) as a float64 array whose first axis is its rows.

    >>> as_table([[1, 2], [3, 4]])
    array([[1., 2.],
           [3., 4.]])
    >>> as_table([[1, 2], [3, 4], [5]])
    Traceback (most recent call last):
        ...
    ValueError: X: row 2 has 1 number, expected 2 as in row 0

    Raises ValueError if there are no rows, if rows differ in length, or if something is not a
    finite number; the message names the row.
    """
    import numpy as np

    if hasattr(data, "to_numpy"):
        data = data.to_numpy()
    if isinstance(data, str | bytes | dict) or not hasattr(data, "__len__"):
        raise ValueError(f"{name}: expected a list or array of rows, got {data!r}")
    if len(data) == 0:
        raise ValueError(f"{name}: there are no rows; at least one is needed")
    if not isinstance(data, np.ndarray):
        _check_shapes(data, name)
    try:
        table = np.asarray(data)
        if table.dtype.kind == "c":
            raise TypeError("float64 would cut them in two")
        table = table.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name}: {_culprit(data)}") from None
    if table.ndim == 0 or table.size == 0:
        raise ValueError(f"{name}: rows are empty, expected at least one number in each")
    bad = np.argwhere(~np.isfinite(table))
    if len(bad):
        where = tuple(bad[0].tolist())
        raise ValueError(
            f"{name}: {_place(where)} is {table[where]}, expected a finite number "
            f"({len(bad)} of {table.size} are not finite; drop those rows or fill them in)"
        )
    return table


def same_rows(X: Array, Y: Array, names: tuple[str, str] = ("X", "Y")) -> None:
    """Raise ValueError unless both tables have equally many rows."""
    if len(X) != len(Y):
        raise ValueError(
            f"{names[0]} has {len(X)} rows but {names[1]} has {len(Y)}; each example needs one "
            "row in both"
        )


def count(name: str, number: int, least: int = 1) -> int:
    """A size, NumPy's too, as Python's whole number; or a ValueError that names it."""
    if not is_whole(number) or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {number!r}")
    return operator.index(number)


def is_whole(number: Any) -> TypeGuard[int]:
    """Is it a whole number, Python's or NumPy's? True is none."""
    return hasattr(number, "__index__") and not isinstance(number, bool)


def known(word: str, words: Iterable[str]) -> str:
    """For an error about an unknown word: those that there are, and which may be meant.

    >>> known("mse", ["hinge", "mean_squared_error"])
    'known: hinge, mean_squared_error; did you mean mean_squared_error?'
    """
    words = [*words]
    initials = [w for w in words if "".join(part[:1] for part in w.split("_")) == word]
    near = difflib.get_close_matches(word, words, n=1) or initials
    return f"known: {', '.join(words)}" + (f"; did you mean {near[0]}?" if near else "")


def _check_shapes(rows: Any, name: str) -> None:
    expected = _shape(rows[0])
    for number, row in enumerate(rows):
        shape = _shape(row)
        if shape == expected:
            continue
        if len(shape) == len(expected) == 1:
            numbers = "number" if shape[0] == 1 else "numbers"
            fault = f"has {shape[0]} {numbers}, expected {expected[0]} as in row 0"
        else:
            fault = f"has shape {shape}, expected {expected} as in row 0"
        raise ValueError(f"{name}: row {number} {fault}")


def _shape(row: Any) -> tuple[Any, ...]:
    import numpy as np

    try:
        return np.shape(row)
    except ValueError:
        return (len(row), "ragged")


def _culprit(data: Any) -> str:
    """Say which element is not a number."""
    import numpy as np

    for place, element in np.ndenumerate(np.asarray(data, dtype=object)):
        try:
            if np.iscomplexobj(element):
                raise TypeError
            float(element)
        except (TypeError, ValueError):
            return f"{_place(place)} is {element!r}, expected a number"
    return "is not a table of numbers"


def _place(index: tuple[int, ...]) -> str:
    row, *rest = index
    if not rest:
        return f"row {row}"
    column = rest[0] if len(rest) == 1 else tuple(rest)
    return f"row {row}, column {column}"
