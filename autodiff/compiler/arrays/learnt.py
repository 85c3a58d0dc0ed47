"""The axes of one family, learnt from where its operands lie, and the operands along them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..ir import ROWS, Expr, Indices, Shape, reshape, spread
from .axes import Map, Space, aligned, compact, distinct, nest
from .family import Family, Unrollable
from .operands import CONSTANT, THETA, Operand, merged

if TYPE_CHECKING:
    from .roll import Roller

FILLED = 0.3  # so much of a box must be gates


class Pattern(NamedTuple):
    """One coordinate of a row's elements: how it moves along the longest row, and where each
    gate's row starts (known: where it is in the array at all; None for everywhere)."""

    along: Indices
    starts: Indices
    known: NDArray[np.bool_] | None


class Learnt:
    """The axes of one family, and its operands along them."""

    def __init__(self, roller: Roller, family: Family, flat: bool) -> None:
        self.roller, self.family, self.flat = roller, family, flat
        self.gate = family.gate
        self.singles = {k: roller.locate(v) for k, v in family.singles.items()}
        self.rows = {k: roller.locate(v, joined=flat) for k, v in family.rows.items()}
        self.operands = self.singles | self.rows
        self.ragged = bool(len(family.lengths) and (family.lengths != family.lengths[0]).any())
        self.space = Space(len(family.ids))
        self.starts: dict[tuple[str, int], Pattern] = {}
        self.red: list[int] = []  # how long the axes along the rows are
        self.along: dict[tuple[str, int], tuple[int, ...]] = {}  # steps along these
        self.inner: tuple[Indices, ...] = ()  # each element's place along them
        self.wanted = ""  # the row in which missing elements must be masked

    # ── learning ─────────────────────────────────────────────────────────────────────────────

    def coordinates(self, operand: Operand) -> tuple[Indices, ...]:
        """Where its scalars lie, axis by axis."""
        lengths = self.roller.lengths(operand.source)
        return tuple(c.astype(np.intp) for c in np.unravel_index(operand.at, lengths))

    def alignments(self) -> list[tuple[Indices, dict[tuple[str, int], Pattern]]]:
        """(place of each element in the longest row, patterns along it): rows of different lengths
        may begin together or end together. First where fewer different starts are left."""
        family = self.family
        full = int(family.lengths.max())
        longest = family.lengths == full
        for operand in self.rows.values():
            if operand.held is not None:
                gaps = np.bincount(family.node[~operand.held], minlength=len(longest))
                longest &= gaps == 0
        if not longest.any():
            raise Unrollable("rows with constants among their elements")
        model = np.flatnonzero(family.node == np.flatnonzero(longest)[0])
        begin = family.place
        end = begin + (full - family.lengths)[family.node]
        tried = [(i, self.patterns(i, model)) for i in (begin, end)[: 1 + self.ragged]]
        possible = [(i, found) for i, found in tried if found is not None]
        if self.flat and not possible:
            return [(begin, {})]
        if not possible:
            raise Unrollable("rows that move from gate to gate")
        return sorted(possible, key=lambda p: sum(len(distinct(q.starts)) for q in p[1].values()))

    def learn_rows(self, index: Indices, found: dict[tuple[str, int], Pattern]) -> None:
        """The axes along the rows."""
        full = int(self.family.lengths.max())
        nested = nest(np.stack([p.along for p in found.values()], axis=1)) if found else None
        if nested is None and found and not self.flat:
            raise Unrollable("rows in no order")
        if nested is None:
            found, nested = {}, [(full, ())] if full > 1 else []
        self.red = [n for n, _ in nested]
        self.inner = np.unravel_index(index, self.red) if self.red else ()
        self.starts = found
        self.along = {key: tuple(s[j] for _, s in nested) for j, key in enumerate(found)}

    def patterns(self, index: Indices, model: Indices) -> dict[tuple[str, int], Pattern] | None:
        """Of every coordinate of every row; None where the rows do not go together."""
        family = self.family
        count = len(family.ids)
        result = {}
        for name, operand in self.rows.items():
            if operand.source == CONSTANT:
                continue
            for d, column in enumerate(self.coordinates(operand)):
                along = column[model] - column[model[0]]
                start = column - along[index]
                held = slice(None) if operand.held is None else operand.held
                starts = np.full(count, -1, dtype=np.intp)
                starts[family.node[held]] = start[held]
                if (start[held] != starts[family.node[held]]).any():
                    return None
                known = np.bincount(family.node[held], minlength=count) > 0
                result[name, d] = Pattern(along, starts, None if known.all() else known)
        return result

    def learn_axes(self) -> None:
        """The axes of the family, from where its operands lie."""
        space, roller = self.space, self.roller
        columns: list[tuple[tuple[object, ...], tuple[str, int], Indices, NDArray[np.bool_] | None]]
        columns = []
        for key, (_, starts, known) in self.starts.items():
            theta = self.rows[key[0]].source == THETA
            rank = (False, known is not None, theta, len(distinct(starts)))
            columns.append((rank, key, starts, known))
        for name, operand in self.rows.items():
            if operand.source == CONSTANT and not self.ragged:
                table = operand.value.reshape(space.count, -1)
                kinds, rank_of = np.unique(table, axis=0, return_inverse=True)
                if len(kinds) > 1:
                    columns.append(((True, False, False, 0), (name, -1), rank_of.reshape(-1), None))
        for name, operand in self.singles.items():
            if operand.source == CONSTANT:
                if not (operand.value == operand.value[0]).all():
                    rank_of = np.unique(operand.value, return_inverse=True)[1].reshape(-1)
                    columns.append(((True, False, False, 0), (name, -1), rank_of, None))
                continue
            for d, column in enumerate(self.coordinates(operand)):
                theta = operand.source == THETA
                rank = (False, False, theta, len(distinct(column)))
                columns.append((rank, (name, d), column, None))
        if self.flat:
            space.flat()
            for _, key, column, known in columns:
                space.note(key, column, known)
        else:
            for _, key, column, known in sorted(columns, key=lambda c: c[0]):
                space.learn(key, column, known)
            if space.points() < space.count:
                raise Unrollable("their operands do not tell them apart")
            if math.prod(space.sizes) * FILLED > space.count > 1:
                raise Unrollable(f"they fill little of a box of {space.sizes}")
        self.maps = space.maps
        if self.ragged and None in self.maps.values():
            raise Unrollable("rows that start here and there")
        for name in (
            *self.rows,
            *self.singles,
        ):  # there are zeros around an array, not around theta
            row = name in self.rows
            if self.source(name) == THETA and (maps := self.maps_of(name)):
                low, high = maps[0].bounds(self.everything(row)[0])
                if low < 0 or high >= len(roller.theta):
                    raise Unrollable("they reach out of theta")
        if not self.flat and any(
            m is None and self.source(name) == THETA for (name, _), m in self.maps.items()
        ) and len(roller.parts(self.family)) > 1:  # fmt: skip
            raise Unrollable("their parameters lie apart")

    def source(self, name: str) -> int:
        """The number of the array in which an input lies, THETA or CONSTANT."""
        return self.operands[name].source

    # ── operands ─────────────────────────────────────────────────────────────────────────────

    def maps_of(self, name: str) -> list[Map] | None:
        """Over the family's axes, and for a row over those along it; None if there are none."""
        operand, row = self.operands[name], name in self.rows
        result = []
        for d in range(len(self.roller.lengths(operand.source))):
            found = self.maps.get((name, d))
            if found is None:
                return None
            steps = found.steps + (self.along[name, d] if row else ())
            result.append(Map(found.offset, steps))
        return result

    def axes_of(self, name: str) -> set[int]:
        """The axes on which an operand depends."""
        operand, row = self.operands[name], name in self.rows
        if operand.source == CONSTANT:
            sizes, coords = self.everything(row)
            return set(compact(coords, operand.value, sizes)[1])
        maps = self.maps_of(name)
        sizes, coords = self.everything(row)
        if maps is None:
            return set(compact(coords, operand.at, sizes)[1])
        return {k for m in maps for k, s in enumerate(m.steps) if s and sizes[k] > 1}

    def everything(self, row: bool) -> tuple[list[int], list[Indices]]:
        """All axes, and coordinates of all gates, or of all elements of rows."""
        if not row:
            return self.space.sizes, self.space.coords
        node = self.family.node
        return [*self.space.sizes, *self.red], [*(c[node] for c in self.space.coords), *self.inner]

    def read(self, name: str, order: Sequence[int], groups: Shape, wish: str = "p") -> Expr:
        """An operand along the axes `order` (-1: an axis of length 1), merged by groups."""
        roller = self.roller
        operand, row = self.operands[name], name in self.rows
        sizes, coords = self.everything(row)
        short = tuple(1 if k < 0 else sizes[k] for k in order)
        if operand.source == CONSTANT or self.maps_of(name) is None:
            numbers = operand.value if operand.source == CONSTANT else operand.at
            values, kept = compact(coords, numbers, sizes)
            values = aligned(values, kept, order, sizes, groups)
            if operand.source == CONSTANT:
                return roller.constants(values, groups)
            if operand.held is not None:
                raise Unrollable("rows with constants among their elements")
            return roller.picked(operand, values, groups, wish)
        found = self.maps_of(name)
        assert found is not None
        if operand.held is not None:
            self.check_padding(operand, found)
        maps = tuple(Map(m.offset, tuple(0 if k < 0 else m.steps[k] for k in order)) for m in found)
        moves = [any(m.steps[j] for m in maps) or short[j] == 1 for j in range(len(order))]
        starts = np.cumsum((0, *groups))
        if all(len({*moves[a:b]}) < 2 for a, b in itertools.pairwise(starts)):
            return roller.view(operand.source, maps, short, groups, wish)
        thin = roller.view(
            operand.source, maps, short, (1,) * len(order), wish
        )  # spread, then merge
        rows = (ROWS,) * (ROWS in thin.shape)
        return reshape(spread(thin, (*rows, *short)), merged((*rows, *short), groups))

    def check_padding(self, operand: Operand, maps: list[Map]) -> None:
        """The constants of rows must be zeros that lie around an array."""
        assert operand.held is not None
        if operand.source == THETA or (operand.value[~operand.held] != 0).any():
            raise Unrollable("rows with constants among their elements")
        outside = np.zeros(len(operand.at), dtype=bool)
        _, coords = self.everything(True)
        for m, n in zip(maps, self.roller.lengths(operand.source), strict=True):
            at = m.offset + sum((s * c for s, c in zip(m.steps, coords, strict=True)), np.intp(0))
            outside |= (at < 0) | (at >= n)
        if (outside != ~operand.held).any():
            raise Unrollable("rows with constants among their elements")
