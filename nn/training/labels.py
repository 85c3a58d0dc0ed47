"""Labels as people have them, strings, bools, categories, one-hot, and the codes of a loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..checks import Array, as_table, known

__all__ = ["Classes", "as_labels", "balance", "class_weights", "encode", "refuse_words"]

Classes: TypeAlias = tuple[Any, ...]


def as_labels(classes: Sequence[Any]) -> NDArray[Any]:
    """An array to be indexed by classes' places; of objects if they are of several types."""
    return np.array(classes, dtype=None if len({*map(type, classes)}) == 1 else object)


def encode(
    Y: Any, codes: Sequence[int], classes: Classes = (), name: str = "Y"
) -> tuple[Array, Classes]:
    """Labels as the codes of a loss, and the label of each code.

    codes    of the loss, in order: -1 and 1, or 0 ... K-1
    classes  the labels that a model has already; without them they are read off Y

    Numbers that are codes, and one-hot rows, stay what they are.

    >>> encode(["spam", "ham", "spam"], (-1, 1))
    (array([ 1., -1.,  1.]), ('ham', 'spam'))
    >>> encode([3, 1, 2], (0, 1, 2))
    (array([2., 0., 1.]), (1, 2, 3))

    Raises ValueError, naming the row, for a label that is missing or not one of `classes`, and
    if there are not as many labels as codes.
    """
    Y, named = _named(Y)
    labels = _labels(Y)
    if labels is None:  # numbers
        table = as_table(Y, name)
        wide = table.ndim > 1 and table.shape[-1] > 1
        if wide and table.shape[1:] == (2,) == (len(codes),) and _one_hot(table):
            table = np.array(codes, dtype=float)[table.argmax(axis=1)]
        kept = () if _plain(classes) else classes
        if wide or (not kept and np.isin(table, codes).all()):
            return table, named if len(named) == len(codes) else kept or tuple(codes)
        labels = [int(y) if y.is_integer() else y for y in table.ravel().tolist()]
        if not classes and not _are_labels(set(labels), len(codes)):
            return table, tuple(codes)  # the loss says what it expects
    missing = [row for row, label in enumerate(labels) if label is None or label != label]
    if missing:
        raise ValueError(
            f"{name}: row {missing[0]} has no label ({len(missing)} of {len(labels)} have none; "
            "drop those rows)"
        )
    present = dict.fromkeys(labels)
    if not classes:
        classes = named if len(named) == len(codes) else tuple(sorted(present, key=_order))
        if len(classes) != len(codes):
            raise ValueError(
                f"{name} has {len(classes)} classes ({_in_words(classes)}), but the network and "
                f"its loss tell {len(codes)} apart; give it an output for each class (of a pandas "
                "Categorical those that do not occur count too)"
            )
    place = dict(zip(classes, codes, strict=True))
    for label in present:
        if label not in place:
            raise ValueError(
                f"{name}: row {labels.index(label)} is {label!r}, which is not one of the classes "
                f"of this model; {known(str(label), map(str, classes))}"
            )
    return np.array([place[label] for label in labels], dtype=float), classes


def _in_words(classes: Classes) -> str:
    return ", ".join(map(str, classes[:6])) + (", ..." if len(classes) > 6 else "")


def _named(Y: Any) -> tuple[Any, Classes]:
    """Y without pandas, and the classes that its categories or columns name."""
    if getattr(Y, "ndim", 0) == 2 and hasattr(Y, "columns"):
        if Y.shape[1] > 1:
            return Y.to_numpy(), tuple(Y.columns)
        Y = Y[Y.columns[0]]
    categories = getattr(getattr(Y, "cat", Y), "categories", None)
    if categories is not None:
        Y = Y.astype(object)
        return np.asarray(Y, dtype=object), tuple(_plainly(c) for c in categories)
    return (Y.to_numpy() if hasattr(Y, "to_numpy") else Y), ()


def refuse_words(Y: Any, loss: str, name: str) -> None:
    """Raise ValueError if a loss of numbers is given labels."""
    labels = _labels(_named(Y)[0]) or []
    if words := [row for row, label in enumerate(labels) if isinstance(label, str)]:
        raise ValueError(
            f"{name}: row {words[0]} is {labels[words[0]]!r}, expected a number: {loss} is for "
            "numbers; for labels take logistic, hinge or softmax_cross_entropy"
        )


def _labels(Y: Any) -> list[Any] | None:
    """As a list of Python's own objects; None if they are numbers, or a table of them."""
    if isinstance(Y, str | bytes) or not hasattr(Y, "__len__") or not len(Y):
        return None
    try:
        array = Y if isinstance(Y, np.ndarray) else np.asarray(Y, dtype=object)
    except ValueError:  # ragged
        return None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1 or array.dtype.kind in "iuf":
        return None
    labels = [_plainly(label) for label in array.tolist()]
    words = [label for label in labels if label is not None and label == label]
    if any(isinstance(label, bool | str | bytes) for label in words) or not all(
        hasattr(label, "__float__") for label in words
    ):
        return labels
    return None


def _plainly(label: Any) -> Any:
    """A NumPy scalar as Python's; None for pandas' NA."""
    if type(label).__name__ in ("NAType", "NaTType"):
        return None
    return label.item() if isinstance(label, np.generic) else label


def _order(label: Any) -> tuple[str, Any]:
    number = isinstance(label, bool | int | float)
    return ("" if number else type(label).__name__, label)


def _one_hot(table: Array) -> bool:
    return bool((((table == 0) | (table == 1)).all(axis=1) & (table.sum(axis=1) == 1)).all())


def _plain(classes: Classes) -> bool:
    """Are they the codes of some loss?"""
    counted = [*range(len(classes))], [-1, 1]
    return not any(isinstance(c, bool) for c in classes) and [*classes] in counted


def _are_labels(distinct: set[Any], count: int) -> bool:
    """Whole numbers, as many as there are classes: two of any kind, or 1 ... K and the like."""
    if len(distinct) != count or not all(isinstance(label, int) for label in distinct):
        return False
    return count == 2 or max(distinct) - min(distinct) == count - 1


# ── how often each class comes, and how much it counts ───────────────────────────────────────


def balance(index: NDArray[Any], count: int) -> tuple[int, ...]:
    """How many rows each class has."""
    return tuple(np.bincount(index, minlength=count).tolist())


def class_weights(chosen: Any, classes: Classes, counts: Sequence[int]) -> Array:
    """The weight of each class from "balanced", a dict by label, or one number for each.

    >>> class_weights("balanced", ("no", "yes"), (90, 10)).round(3)
    array([0.556, 5.   ])
    """
    if not classes:
        raise ValueError(
            "class_weight is for losses of classes; weigh the rows of others by sample_weight"
        )
    if isinstance(chosen, str):
        if chosen != "balanced":
            raise ValueError(f"class_weight is 'balanced', a dict or a list, got {chosen!r}")
        return np.array([sum(counts) / (len(counts) * count) if count else 0.0 for count in counts])
    if isinstance(chosen, dict):
        for label in chosen:
            if label not in classes:
                names = map(str, classes)
                raise ValueError(f"class_weight: no class {label!r}; {known(str(label), names)}")
        chosen = [chosen.get(label, 1.0) for label in classes]
    weights = as_table(chosen, "class_weight")
    if weights.shape != (len(classes),):
        raise ValueError(
            f"class_weight: {weights.size} numbers for {len(classes)} classes: {_in_words(classes)}"
        )
    return weights
