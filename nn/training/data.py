"""The examples of a task: checked, encoded as the loss wants them, held out, taken in batches."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import Array, as_table, is_whole, same_rows
from ..initialisation import Generator, generator
from ..losses import Loss, Weighted
from ..module import flatten
from .labels import Classes, balance, class_weights, encode, refuse_words
from .tasks import Task, task_of

__all__ = ["Data", "batches", "examples", "output_shape", "prepare"]


class Data(NamedTuple):
    """What to train on, what was held out, and what kind of task it is.

    Y        what the loss gets, and of a `Weighted` one the weights as a last column
    classes  the label of each of the task's codes; () if it has none
    counts   how many of the rows given, held out or not, each class has
    """

    X: Array
    Y: Array
    held_out: tuple[Array, Array] | None
    task: Task
    loss: Loss
    classes: Classes
    counts: tuple[int, ...]

    def targets(self, Y: Array) -> Array:
        """Without the weights."""
        if not isinstance(self.loss, Weighted):
            return Y
        return Y[:, 0] if self.loss.flat else Y[:, :-1]


def examples(model: Callable[[Any], Any], X: Any) -> Array:
    """X as a table; of one dimension only for a model that takes a number for each example."""
    table = as_table(X, "X")
    if table.ndim == 1:
        try:
            model(table[0].tolist())
        except ValueError as error:
            raise ValueError(
                f"X must be a table, rows × inputs, and has one dimension: {error}; give one row "
                "of a table as X[:1], a single example as [x]"
            ) from None
    return table


def output_shape(model: Callable[[Any], Any], X: Array) -> tuple[int, ...]:
    """Of what the model returns for one row; of nested lists of unequal length their number."""
    output = model(X[0].tolist())
    try:
        return np.shape(output) or (1,)
    except ValueError:
        return (len(list(flatten(output))),)


def classes_of(model: Any, task: Task, otherwise: Classes | None = None) -> Classes:
    """The label of each of the task's codes: as the model has learnt them, else the codes."""
    kept = getattr(model, "classes", ())
    if isinstance(kept, tuple) and kept and len(kept) == len(task.codes):
        return kept
    return task.codes if otherwise is None else otherwise


def keep_classes(model: Any, data: Data) -> None:
    """With the model: its attributes are set only if they change, since others watch that."""
    if not isinstance(model.classes, tuple):  # a model's own attribute
        return
    for name, value in (("classes", data.classes), ("class_counts", data.counts)):
        if getattr(model, name) != value:
            setattr(model, name, value)


def prepare(
    model: Callable[[Any], Any],
    X: Any,
    Y: Any,
    loss: Loss,
    validation: Any = None,
    random: Generator | None = None,
    *,
    class_weight: Any = None,
    sample_weight: Any = None,
    total: bool = False,
    anew: bool = False,
) -> Data:
    """All of it, from what `fit` is given.

    validation  None, a share of the rows to hold out, or a pair (X, Y)
    total       the cost is a sum: weights stay as given; else their mean is made 1
    anew        the labels may be others than those that the model has seen
    """
    X = examples(model, X)
    shape = output_shape(model, X)
    outputs, task = math.prod(shape), task_of(loss, *shape)
    classes = classes_of(model, task, ())

    def encoded(X: Array, Y: Any, kind: str, anew: bool) -> tuple[Array, Array]:
        nonlocal classes
        if task.codes:
            try:
                Y, classes = encode(Y, task.codes, classes, f"{kind}Y")
            except ValueError:
                if not (anew and classes):
                    raise
                Y, classes = encode(Y, task.codes, (), f"{kind}Y")
        else:
            refuse_words(Y, getattr(loss, "__name__", "this loss"), f"{kind}Y")
        Y = as_table(Y, f"{kind}Y")
        same_rows(X, Y, (f"{kind}X", f"{kind}Y"))
        return X, task.encode(Y, outputs)

    X, Y = encoded(X, Y, "", anew)
    counts = balance(task.places(Y), len(classes)) if task.codes else ()
    held_out = None
    if isinstance(validation, tuple | list) and len(validation) == 2:
        held_x, held_y = validation
        held_out = encoded(as_table(held_x, "validation X"), held_y, "validation ", False)
    if class_weight is not None or sample_weight is not None:
        of_class = None
        if class_weight is not None:
            of_class = class_weights(class_weight, classes, counts)
        weights = _of_rows(sample_weight, of_class, task, Y)
        loss, scale = Weighted(loss, flat=Y.ndim == 1), 1.0 if total else 1 / weights.mean()
        Y = np.column_stack([Y, scale * weights])
        if held_out is not None:
            held_x, held_y = held_out
            weights = _of_rows(None, of_class, task, held_y)
            held_out = held_x, np.column_stack([held_y, scale * weights])
    if validation is None or held_out is not None:
        return Data(X, Y, held_out, task, loss, classes, counts)
    share = float(validation) if isinstance(validation, numbers.Real) else 0.0
    count = round(share * len(X))
    if not 0 < share < 1 or not 0 < count < len(X):
        raise ValueError(
            f"validation is a share of the rows between 0 and 1 that leaves at least one on each "
            f"side, or a pair (X, Y); got {validation!r} of {len(X)} rows"
        )
    order = generator(random).sample(range(len(X)), len(X))
    out, rest = order[:count], order[count:]
    return Data(X[rest], Y[rest], (X[out], Y[out]), task, loss, classes, counts)


def _of_rows(given: Any, of_class: Array | None, task: Task, Y: Array) -> Array:
    """The weight of each row: its own times that of its class."""
    weights = np.ones(len(Y)) if given is None else as_table(given, "sample_weight")
    if weights.shape != (len(Y),) or (weights < 0).any():
        raise ValueError(
            f"sample_weight: a number of at least 0 for each of the {len(Y)} rows; got "
            f"{weights.size}, the smallest {weights.min():g}"
        )
    if not weights.any():
        raise ValueError("sample_weight: every weight is zero, so there is nothing to learn from")
    return weights if of_class is None else weights * of_class[task.places(Y)]


def batches(
    n: int, size: int | None = None, rng: Any = None, sampling: str = "epochs"
) -> Iterator[NDArray[np.intp]]:
    """One epoch's batches of the rows 0 ... n-1, as arrays of row numbers.

    size None: all rows at once, in order: gradient descent, CS229 (7.8).
    sampling "epochs": shuffled, then taken in turn, so that each row comes once.
    sampling "independent": ⌈n / size⌉ times `size` different rows, each batch drawn from all
    rows: CS229 (7.9) with size 1, (7.10) in general.

    >>> [rows.tolist() for rows in batches(5, 2, rng=0)]
    [[3, 4], [0, 1], [2]]
    """
    if sampling not in ("epochs", "independent"):
        raise ValueError(f"sampling is 'epochs' or 'independent', got {sampling!r}")
    if size is None:
        yield np.arange(n)
        return
    if not is_whole(size) or not 1 <= size <= n:
        raise ValueError(f"batch_size must be from 1 to the number of rows, {n}; got {size!r}")
    size, random = int(size), generator(rng)
    if sampling == "epochs":
        order = np.array(random.sample(range(n), n), dtype=np.intp)
        yield from (order[start : start + size] for start in range(0, n, size))
    else:
        for _ in range(0, n, size):
            yield np.array(random.sample(range(n), size), dtype=np.intp)
