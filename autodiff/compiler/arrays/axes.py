"""Axes: along what a family of equal gates extends, learnt from where its operands lie.

A column says where one coordinate of one operand lies for every member of the family. A column
that is an affine function of the axes found so far (offset + Σ step · axis) needs no new axis;
otherwise an axis is cut in two, or what is left over becomes a new one. So gates over positions
and heads come to lie in a box of positions by heads, a triangle in a box that is half empty, and a
convolution in places by taps.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ir import Indices, Shape

Mask = NDArray[np.bool_]
Key = tuple[str, int]  # of an operand and one of its coordinates
_COMBINATIONS = 81  # of steps that are tried for a new axis


def distinct(numbers: Indices) -> Indices:
    """The different numbers, sorted. np.unique alone would import all of masked arrays.

    >>> distinct(np.array([3, 1, 3]))
    array([1, 3])
    """
    return np.unique(numbers, return_index=True)[0]


class Map(NamedTuple):
    """offset + Σ steps[k] · (place along axis k)."""

    offset: int
    steps: tuple[int, ...]

    def bounds(self, sizes: Sequence[int]) -> tuple[int, int]:
        """The smallest and the largest place that it reaches."""
        reach = [step * (n - 1) for step, n in zip(self.steps, sizes, strict=True)]
        return self.offset + sum(r for r in reach if r < 0), self.offset + sum(
            r for r in reach if r > 0
        )

    def grid(self, sizes: Sequence[int]) -> Indices:
        """The places, over all axes."""
        places: Indices = np.full(tuple(sizes), self.offset, dtype=np.intp)
        for k, (step, n) in enumerate(zip(self.steps, sizes, strict=True)):
            along = [-1 if k == j else 1 for j in range(len(sizes))]
            places += (step * np.arange(n)).reshape(along)
        return places


class Space:
    """The axes of `count` points, as far as they are known, and the coordinates of each point.

    >>> space = Space(6)
    >>> space.learn(("x", 0), np.array([0, 0, 0, 10, 10, 10]))
    >>> space.learn(("y", 0), np.array([7, 6, 5, 7, 6, 5]))
    >>> space.sizes, space.maps["x", 0], space.maps["y", 0]
    ([2, 3], Map(offset=0, steps=(10, 0)), Map(offset=5, steps=(0, 1)))
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.sizes: list[int] = []
        self.coords: list[Indices] = []
        self._maps: dict[Key, tuple[int, list[int]] | None] = {}

    @property
    def maps(self) -> dict[Key, Map | None]:
        """Of each column that was learnt; None where it is not affine."""
        return {
            key: None
            if found is None
            else Map(found[0], (*found[1], *[0] * (len(self.sizes) - len(found[1]))))
            for key, found in self._maps.items()
        }

    def points(self, *more: Indices) -> int:
        """How many points the coordinates (and more columns) tell apart."""
        key = np.zeros(self.count, dtype=np.intp)
        for column in (*self.coords, *more):
            low = column.min()
            key = key * (int(column.max() - low) + 1) + (column - low)
        return len(distinct(key))

    def learn(self, key: Key, column: Indices, known: Mask | None = None) -> None:
        """Find the map of a column; `known` masks the points that have a place at all."""
        found = self._fit(column, self.coords, known)
        if found is None and known is None:
            if self.points(column) == self.points():
                again = self._divide(column)
            else:
                again = self._extend(column)
            if again:
                self.learn(key, column)
                return
        self._maps[key] = found

    def flat(self) -> None:
        """One axis of all points: the last resort."""
        if self.count > 1:
            self.sizes, self.coords = [self.count], [np.arange(self.count)]

    def note(self, key: Key, column: Indices, known: Mask | None = None) -> None:
        """Find the map of a column, but no axis."""
        self._maps[key] = self._fit(column, self.coords, known)

    def _fit(
        self, column: Indices, coords: Sequence[Indices], known: Mask | None = None
    ) -> tuple[int, list[int]] | None:
        """Whole numbers (offset, steps) that give the column exactly."""
        if known is not None:
            column, coords = column[known], [c[known] for c in coords]
        if (column == column[0]).all():
            return int(column[0]), [0] * len(coords)
        if not coords:
            return None
        table = np.stack([np.ones(len(column), dtype=np.intp), *coords], axis=1)
        square = (table.T @ table).astype(float)
        best = np.linalg.lstsq(square, (table.T @ column).astype(float), rcond=None)[0]
        whole = np.asarray(np.round(best), dtype=np.intp)
        if (table @ whole != column).any():
            return None
        return int(whole[0]), [int(step) for step in whole[1:]]

    def _divide(self, column: Indices) -> bool:
        """Cut an axis in two at the period of the column's steps, if it is affine then."""
        for k, (n, at) in enumerate(zip(self.sizes, self.coords, strict=True)):
            period = _period(column, at, n)
            if not period:
                continue
            cut = [*self.coords[:k], at // period, at % period, *self.coords[k + 1 :]]
            if self._fit(column, cut) is None:
                continue
            self.coords = cut
            self.sizes[k : k + 1] = [n // period, period]
            for found in self._maps.values():
                if found is not None and k < len(found[1]):
                    found[1][k : k + 1] = [found[1][k] * period, found[1][k]]
            return True
        return False

    def _extend(self, column: Indices) -> bool:
        """A new axis: what is left of the column after a step along each known axis.

        Preferred are a full box, then a fuller one, then regular distances, then few steps.
        """
        before, box = self.points(), math.prod(self.sizes)
        best: tuple[tuple[object, ...], Indices, int] | None = None
        choices = [
            sorted(_likely_steps(column, at, n), key=abs)
            for n, at in zip(self.sizes, self.coords, strict=True)
        ]
        for steps in itertools.islice(itertools.product(*choices), _COMBINATIONS):
            rest = column - sum(
                (s * at for s, at in zip(steps, self.coords, strict=True)), np.intp(0)
            )
            values, rank = np.unique(rest, return_inverse=True)
            if len(values) < 2:
                continue
            distances = np.diff(values)
            distance = int(np.gcd.reduce(distances))
            span = int(values[-1] - values[0]) // distance + 1
            regular = span <= 1.5 * len(values)
            coord, n = ((rest - values[0]) // distance, span) if regular else (rank, len(values))
            after = self.points(coord)
            if after <= before:
                continue
            fill = after / (box * n)
            full = math.floor(2 * math.log2(fill) + 1e-9)
            score = (fill > 0.999, full, regular, -sum(s != 0 for s in steps))
            if best is None or score > best[0]:
                best = score, coord.reshape(-1), n
        if best is None:
            return False
        self.sizes.append(best[2])
        self.coords.append(best[1])
        return True


def _likely_steps(column: Indices, at: Indices, n: int) -> set[int]:
    """0, and how the column's smallest and largest values mostly move along an axis."""
    found = {0}
    for extreme, start in ((np.minimum, np.iinfo(np.intp).max), (np.maximum, -1)):
        edge = np.full(n, start, dtype=np.intp)
        extreme.at(edge, at, column)
        values, counts = np.unique(np.diff(edge), return_counts=True)
        if len(values) and (2 * counts.max() > counts.sum() or counts.sum() == 1):
            found.add(int(values[counts.argmax()]))
    return found


def _period(column: Indices, at: Indices, n: int) -> int:
    """After how many places along an axis the column's steps change; 0 if that is no period."""
    edge = np.full(n, np.iinfo(np.intp).max, dtype=np.intp)
    np.minimum.at(edge, at, column)
    steps = np.diff(edge)
    breaks = np.flatnonzero(steps != steps[0]) if len(steps) else steps
    period = int(breaks[0]) + 1 if len(breaks) else 0
    return period if period and n % period == 0 else 0


def compact(
    coords: Sequence[Indices], values: np.ndarray, sizes: Sequence[int]
) -> tuple[np.ndarray, list[int]]:
    """A table of values at coordinates, over those axes alone on which they depend.

    Places of the box that have no value get that of another.

    >>> points = [np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])]
    >>> table, axes = compact(points, np.array([7, 8, 7, 8]), [2, 2])
    >>> table.tolist(), axes
    ([7, 8], [1])
    """
    if not sizes:
        return values[:1].reshape(()), []
    table = np.full(tuple(sizes), values[0], dtype=values.dtype)
    have = np.zeros(tuple(sizes), dtype=bool)
    table[tuple(coords)] = values
    have[tuple(coords)] = True
    kept = list(range(len(sizes)))
    for axis in list(kept):
        d = kept.index(axis)
        first = np.expand_dims(have.argmax(axis=d), d)
        thin = np.take_along_axis(table, first, axis=d)
        if ((table == thin) | ~have).all():
            table, have = thin.squeeze(d), np.asarray(have.any(axis=d))
            kept.remove(axis)
    return table, kept


def aligned(
    table: np.ndarray, kept: list[int], order: Sequence[int], sizes: Sequence[int], groups: Shape
) -> np.ndarray:
    """A table over the axes `kept`, seen over the axes `order` (-1: one of length 1)."""
    table = table.transpose([kept.index(k) for k in order if k in kept])
    table = table.reshape([sizes[k] if k in kept else 1 for k in order])
    if kept and max(groups) > 1:  # axes that will be merged must be there
        table = np.broadcast_to(table, [1 if k < 0 else sizes[k] for k in order])
    return table


def nest(pattern: Indices) -> list[tuple[int, tuple[int, ...]]] | None:
    """Places along a row, (n, columns), as loops inside loops: [(how often, steps)], the outermost
    first; None if they are not.

    >>> nest(np.array([[0], [1], [10], [11], [20], [21]]))
    [(3, (10,)), (2, (1,))]
    """
    n = len(pattern)
    if n == 1:
        return []
    steps = np.diff(pattern, axis=0)
    changes = np.flatnonzero((steps != steps[0]).any(axis=1))
    if not len(changes):
        return [(n, tuple(steps[0].tolist()))]
    inner = int(changes[0]) + 1
    if n % inner or inner == 1:
        return None
    outer = nest(pattern[::inner])
    blocks = pattern.reshape(n // inner, inner, -1) - pattern[::inner, None]
    if outer is None or (blocks != blocks[0]).any():
        return None
    return [*outer, (inner, tuple(steps[0].tolist()))]
