"""The structure of index lists: arithmetic progressions in one and two dimensions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..ir import Indices, View


def progression(indices: Indices) -> tuple[int, int] | None:
    """(start, step) of a 1-D list of indices, None if the steps differ.

    >>> progression(np.array([4, 6, 8])), progression(np.array([4, 6, 7]))
    ((4, 2), None)
    """
    start = int(indices[0])
    if len(indices) == 1:
        return start, 1
    steps = np.diff(indices)
    step = int(steps[0])
    return (start, step) if (steps == step).all() else None


def window(indices: Indices, size: int) -> View | None:
    """The strided window into a vector of that size that shows exactly these elements, if any.

    Windows have no repeated elements: all steps are positive, and rows do not overlap.

    >>> window(np.array([[0, 1], [3, 4], [6, 7]]), 9)
    View(offset=0, shape=(3, 2), strides=(3, 1))
    """
    if indices.ndim == 1:
        found = progression(indices)
        if found is None or found[1] < 1:
            return None
        return View(found[0], indices.shape, (found[1],))
    m, n = indices.shape
    row, column = progression(indices[0]), progression(indices[:, 0])
    if row is None or column is None:
        return None
    down, along = (column[1] if m > 1 else n * row[1]), row[1]
    if not (indices == row[0] + np.arange(m)[:, None] * down + np.arange(n) * along).all():
        return None
    outer, count, inner, width = max((down, m, along, n), (along, n, down, m))
    start = min(row[0], size - count * outer)  # `count` rows of `outer` elements, all inside
    fits = start >= 0 and row[0] - start + (width - 1) * inner < outer
    return View(row[0], (m, n), (down, along)) if inner >= 1 and fits else None


class Repetition(NamedTuple):
    """Indices that are `once`, reshaped to `column`, broadcast to `grid`, read in order."""

    once: Indices
    column: tuple[int, int]
    grid: tuple[int, int]


def repetition(at: Indices) -> Repetition | None:
    """Each element several times over, or the whole list several times over.

    >>> repetition(np.array([3, 3, 4, 4])).grid, repetition(np.array([3, 4, 3, 4])).once.tolist()
    ((2, 2), [3, 4])
    """
    changes = np.flatnonzero(at != at[0])
    times = int(changes[0]) if len(changes) else len(at)
    if times > 1 and len(at) % times == 0 and (np.repeat(at[::times], times) == at).all():
        count = len(at) // times
        return Repetition(at[::times], (count, 1), (count, times))
    again = np.flatnonzero(at[1:] == at[0])
    period = int(again[0]) + 1 if len(again) else len(at)
    copies = len(at) // period
    if copies > 1 and len(at) % period == 0 and (np.tile(at[:period], copies) == at).all():
        return Repetition(at[:period], (1, period), (copies, period))
    return None


def runs(indices: Indices) -> list[slice]:
    """Cut a list (1-D, or 2-D along its rows) where its step changes.

    >>> runs(np.array([0, 1, 2, 10, 11, 12]))
    [slice(0, 3, None), slice(3, 6, None)]
    """
    keys = indices if indices.ndim == 1 else indices[:, 0]
    steps = np.diff(keys)
    bounds, start = [], 0
    k = 0
    while k < len(steps):
        if k > start and steps[k] != steps[start]:
            bounds.append(slice(start, k + 1))
            start = k + 1
            k = start
            continue
        k += 1
    bounds.append(slice(start, len(keys)))
    return bounds


def distinct_rows(table: Indices) -> tuple[Indices, Indices]:
    """(the different rows in order of first appearance, for each row which of them it is)."""
    _, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return table[np.sort(first)], rank[inverse.reshape(-1)]
