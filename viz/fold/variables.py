"""Names for Values and modules, from the variables that hold them."""

from __future__ import annotations

from collections.abc import Mapping

from autodiff import Value

__all__ = ["naming"]


def naming(names: Mapping[str, object]) -> dict[int, str]:
    """Names by identity, as from ``locals()``: of Values and modules, and of Values in lists.

    >>> x, row = Value(1.0), [Value(2.0), Value(3.0)]
    >>> found = naming({"x": x, "row": row, "_": x})
    >>> found[id(x)], found[id(row[1])]
    ('x', 'row[1]')
    """
    found: dict[int, str] = {}
    for name, held in names.items():
        if name.startswith("_"):  # a notebook's _, _1, _i2 ...
            continue
        found.setdefault(id(held), name)
        if isinstance(held, list | tuple):
            for i, element in enumerate(held):
                if isinstance(element, Value):
                    found.setdefault(id(element), f"{name}[{i}]")
    return found
