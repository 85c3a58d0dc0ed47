"""The examples of a task: checked, encoded as the loss wants them, held out, taken in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..checks import Array, as_table, same_rows
from ..initialisation import Generator, generator
from ..losses import Loss
from ..module import flatten
from .tasks import Task, task_of

__all__ = ["Data", "batches", "examples", "output_shape", "prepare"]


class Data(NamedTuple):
    """What to train on, what was held out, and what kind of task it is."""

    X: Array
    Y: Array
    held_out: tuple[Array, Array] | None
    task: Task


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


def prepare(
    model: Callable[[Any], Any], X: Any, Y: Any, loss: Loss, validation: Any, random: Generator
) -> Data:
    """`validation` as `fit` takes it: None, a share of the rows to hold out, or a pair (X, Y)."""
    X = examples(model, X)
    shape = output_shape(model, X)
    outputs, task = math.prod(shape), task_of(loss, *shape)

    def encoded(X: Array, Y: Any, kind: str) -> tuple[Array, Array]:
        Y = as_table(Y, f"{kind}Y")
        same_rows(X, Y, (f"{kind}X", f"{kind}Y"))
        return X, task.encode(Y, outputs)

    X, Y = encoded(X, Y, "")
    if validation is None:
        return Data(X, Y, None, task)
    if isinstance(validation, tuple):
        held_x, held_y = validation
        held_out = encoded(as_table(held_x, "validation X"), held_y, "validation ")
        return Data(X, Y, held_out, task)
    if not 0 < validation < 1 or not 0 < round(validation * len(X)) < len(X):
        raise ValueError(
            f"validation is a share of the rows between 0 and 1 that leaves at least one on each "
            f"side, or a pair (X, Y); got {validation!r} of {len(X)} rows"
        )
    order = random.sample(range(len(X)), len(X))
    count = round(validation * len(X))
    out, rest = order[:count], order[count:]
    return Data(X[rest], Y[rest], (X[out], Y[out]), task)


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
    if not isinstance(size, int) or not 1 <= size <= n:
        raise ValueError(f"batch_size must be from 1 to the number of rows, {n}; got {size!r}")
    random = generator(rng)
    if sampling == "epochs":
        order = np.array(random.sample(range(n), n), dtype=np.intp)
        yield from (order[start : start + size] for start in range(0, n, size))
    else:
        for _ in range(0, n, size):
            yield np.array(random.sample(range(n), size), dtype=np.intp)
