"""Roll: families of equal gates become array operations over several axes.

Level by level, gates of one kind whose operands come from the same arrays form a family. How the
places of their operands move from one member to the next says along which axes the family extends
(`axes`), and what is read along these axes is a slice, a reshape or a transpose of an array
(`operands`). Sums of products become matrix products; rows of different lengths, as in causal
attention, one row as long as the longest, with a mask. What has no such structure is picked by an
index table, and is still right.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...formula.atoms import ATOMS
from ...formula.grammar import Formula
from ...gates import Gate
from ...value import Value
from ..ir import (
    ROWS,
    Array,
    Expr,
    Indices,
    Number,
    Ref,
    Shape,
    Term,
    Where,
    arrays_in,
    reshape,
    spread,
)
from ..simplify import contraction, simplify
from ..write.names import stem
from .axes import Map, Space, compact, distinct, nest
from .operands import CONSTANT, THETA, Operand, Operands, merged
from .rolled import Fire, Rolled, Step
from .scalars import Scalars, adds, find_roles

_FILLED = 0.3  # so much of a box must be gates
_TERMS = 16  # so many arrays are added up in one line
_PRODUCTS = 4  # or so many products of two


class Unrollable(Exception):
    """This family has no axes; the reason, in a few words."""


@dataclass
class Family:
    """Equal gates. The elements of their rows lie one after the other, gate by gate."""

    gate: Gate
    ids: Indices
    singles: dict[str, Indices]  # scalars, one per gate
    rows: dict[str, Indices]  # scalars, one per element
    lengths: Indices  # of each gate's row
    node: Indices  # to which gate an element belongs
    place: Indices  # where in its row

    @staticmethod
    def of(gate: Gate, ids: Sequence[int], parents: Sequence[tuple[int, ...]]) -> Family:
        """Gates of one kind, and what they are given."""
        count = np.array([len(row) for row in parents], dtype=np.intp)
        given = np.fromiter(itertools.chain.from_iterable(parents), np.intp, int(count.sum()))
        starts = np.cumsum(count) - count
        width = len(gate.rows)
        single = gate.inputs[width:]
        lengths = (count - len(single)) // max(width, 1)
        if not width:
            lengths = np.zeros(len(ids), dtype=np.intp)
        node = np.repeat(np.arange(len(ids)), lengths)
        place = np.arange(len(node)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = {
            name: given[starts[node] + k * lengths[node] + place]
            for k, name in enumerate(gate.rows)
        }
        singles = {name: given[starts + width * lengths + k] for k, name in enumerate(single)}
        return Family(gate, np.array(ids, dtype=np.intp), singles, rows, lengths, node, place)

    def some(self, which: Indices) -> Family:
        """The members with these numbers, in this order."""
        chosen = np.zeros(len(self.ids), dtype=bool)
        chosen[which] = True
        rank = np.cumsum(chosen) - 1
        inside = chosen[self.node]
        return Family(
            self.gate,
            self.ids[chosen],
            {k: v[chosen] for k, v in self.singles.items()},
            {k: v[inside] for k, v in self.rows.items()},
            self.lengths[chosen],
            rank[self.node[inside]],
            self.place[inside],
        )

    def with_gate(self, gate: Gate, singles: dict[str, Indices]) -> Family:
        """The same members as gates without rows."""
        none: Indices = np.zeros(0, dtype=np.intp)
        return Family(gate, self.ids, singles, {}, np.zeros_like(self.lengths), none, none)

    def by(self, key: Indices) -> list[Family]:
        """Cut into families of equal keys."""
        return [self.some(np.flatnonzero(key == k)) for k in distinct(key)]


class Roller(Operands):
    """Gathers families, level by level, and fires each as one array operation."""

    def run(self) -> Rolled:
        """Family by family, in the order of levels."""
        scalars = self.scalars
        self.masks: dict[Array, NDArray[np.bool_]] = {}  # where a box holds gates, if not all over
        self.filled: dict[Array, float] = {}  # what is known to stand in the rest of it
        self.made: dict[Array, Fire] = {}
        self.roles = find_roles()
        self.where: list[int] = self.aid.tolist()  # the same, for a quick look
        level = [0] * len(scalars.gate)
        by_level: list[list[int]] = []
        for i, row in enumerate(scalars.parents):
            if scalars.gate[i] is not None:
                level[i] = at = 1 + max([level[p] for p in row])
                while at > len(by_level):
                    by_level.append([])
                by_level[at - 1].append(i)
        for members in by_level:
            families: dict[tuple[object, ...], list[int]] = {}
            for i in members:
                families.setdefault(self.signature(i, self.where), []).append(i)
            for ids in families.values():
                gate = scalars.gate[ids[0]]
                assert gate is not None
                self.family(Family.of(gate, ids, [scalars.parents[i] for i in ids]))
        output = self.outputs()
        return Rolled(
            self.inputs,
            list(self.parameters.values()),
            in_order_of_use(self.steps, output),
            output,
            len(self.theta),
            self.names,
            self.row_shapes,
            sum(g is not None for g in scalars.gate),
            self.unrolled,
        )

    def signature(self, i: int, where: list[int]) -> tuple[object, ...]:
        """Gates with equal signatures form a family; how long their rows are does not matter,
        unless these come from several arrays."""
        gate, row = self.scalars.gate[i], self.scalars.parents[i]
        assert gate is not None
        if not gate.rows:
            return (gate, *[where[p] for p in row])
        sources: list[object] = [gate]
        width = len(gate.rows)
        length = (len(row) - len(gate.inputs) + width) // width
        for k in range(width):
            found = {where[p] for p in row[k * length : (k + 1) * length]}
            array = found - {CONSTANT}
            if len(array) < 2:
                sources.append(array.pop() if array else CONSTANT)
            else:
                sources.append(tuple(where[p] for p in row[k * length : (k + 1) * length]))
        return (*sources, *[where[p] for p in row[width * length :]])

    # ── a family ─────────────────────────────────────────────────────────────────────────────

    def family(self, family: Family) -> None:
        """One array operation, or none where the gates hand on what they are given, or a few."""
        if family.gate is self.roles.dot and (family.lengths == 1).all():
            pairs = zip(self.roles.product.inputs, family.rows.values(), strict=True)
            family = family.with_gate(self.roles.product, dict(pairs))
        if self.handed_on(family) or self.terms(family):
            return
        try:
            self.fire(family)
        except Unrollable as reason:
            parts = self.parts(family)
            if len(parts) > 1:
                for one in parts:
                    self.family(one)
            else:
                if len(family.ids) > 1:
                    self.unrolled.append(f"{len(family.ids)} gates {family.gate.name}: {reason}")
                self.fire(family, flat=True)

    def handed_on(self, family: Family) -> bool:
        """x + 0, 1 · x, x ** 1, the sum of one number: no operation at all."""
        gate = family.gate
        if gate.rows:
            if not adds(gate) or (family.lengths != 1).any():
                return False
            given = family.rows[gate.rows[0]]
        else:
            known = {}
            for name, ids in family.singles.items():
                first = float(self.value[ids[0]])
                constant = (self.aid[ids] == CONSTANT).all() and (self.value[ids] == first).all()
                if constant and first in (0.0, 1.0):
                    known[name] = first
            left = simplify(gate.formula, known).text if known else ""
            if left not in gate.inputs:
                return False
            if simplify(gate.partials[gate.inputs.index(left)], known).number != 1.0:
                return False
            given = family.singles[left]
        for numbers in (self.aid, self.pos, self.value):
            numbers[family.ids] = numbers[given]
        for i, p in zip(family.ids.tolist(), given.tolist(), strict=True):
            self.where[i] = self.where[p]
        return True

    def terms(self, family: Family) -> bool:
        """A short sum of numbers, or of products, from different arrays: a + b + c, f·c + i·g."""
        gate, n = family.gate, int(family.lengths[0]) if family.rows else 0
        most = _TERMS if adds(gate) else _PRODUCTS if gate is self.roles.dot else 0
        if not 1 < n <= most or (family.lengths != n).any():
            return False
        rows = [ids.reshape(-1, n) for ids in family.rows.values()]
        sources = [self.aid[given] for given in rows]
        if all((s == s[0, 0]).all() for s in sources) or any((s != s[0]).any() for s in sources):
            return False
        columns = {
            f"{name}{k}": given[:, k]
            for k in range(n)
            for name, given in zip(gate.rows, rows, strict=True)
        }
        plain = family.with_gate(gate, columns)
        try:
            self.fire(plain)
        except Unrollable:
            self.fire(plain, flat=True)
        return True

    def parts(self, family: Family) -> list[Family]:
        """Smaller families: rows of one length, parameters that lie side by side."""
        if (family.lengths != family.lengths[0]).any():
            return family.by(family.lengths)
        columns = [*family.singles.values()]
        columns += [v.reshape(len(family.ids), -1)[:, 0] for v in family.rows.values() if len(v)]
        for ids in columns:
            if (self.aid[ids] != THETA).any():
                continue
            different = distinct(self.pos[ids])
            steps = np.diff(different)
            if len(different) > 2 and (steps != steps[0]).any():
                edges = different[1:][steps != int(np.median(steps))]
                if 0 < len(edges) <= max(2, len(different) // 3):
                    return family.by(np.searchsorted(edges, self.pos[ids], side="right"))
        return [family]

    def fire(self, family: Family, flat: bool = False) -> None:
        """The family as one array operation over its axes; `flat` over one axis, with what has no
        structure picked by index. Raises Unrollable if there are no axes."""
        _Firing(self, family, flat).run()

    def fill(self, array: Array, number: float) -> bool:
        """Put a number where an array's box has no gate, if that does no harm."""
        step = self.made[array]
        uses_out = any("out" in p.names for p in _local(step)[1])
        if array in self.filled or (math.isinf(number) and uses_out):
            return self.filled.get(array) == number
        mask, order = self.masks[array], range(len(array.shape) - array.rows)
        step.mask = self.mask(mask, order, mask.shape, (1,) * len(order))
        step.fill = self.filled[array] = number
        return True

    def mask(
        self, here: NDArray[np.bool_], order: Sequence[int], sizes: Sequence[int], groups: Shape
    ) -> Expr:
        """Truth values over axes, as a table over those alone on which they depend."""
        points = list(np.indices(here.shape).reshape(here.ndim, -1))
        table, kept = compact(points, here.reshape(-1), sizes)
        return self.constants(aligned(table, kept, order, sizes, groups), groups)

    def outputs(self) -> Expr:
        """The returned scalars, side by side."""
        ids = np.array(self.scalars.outputs, dtype=np.intp)
        found = self.locate(ids, joined=True)
        if found.source == CONSTANT:
            return self.table(found.value)
        space = Space(len(ids))
        lengths = self.lengths(found.source)
        for d, column in enumerate(np.unravel_index(found.at, lengths)):
            space.learn(("out", d), column)
        maps = tuple(m for m in space.maps.values() if m is not None)
        order = np.ravel_multi_index(space.coords, space.sizes) if space.sizes else [0]
        straight = len(maps) == len(lengths) and len(order) == math.prod(space.sizes)
        if len(ids) == 1 or (straight and (np.diff(order) == 1).all()):
            return self.view(found.source, maps, tuple(space.sizes), (len(space.sizes),))
        return self.picked(found, found.at, (1,), "p")


class Pattern(NamedTuple):
    """One coordinate of a row's elements: how it moves along the longest row, and where each
    gate's row starts (known: where it is in the array at all; None for everywhere)."""

    along: Indices
    starts: Indices
    known: NDArray[np.bool_] | None


class _Firing:
    """The axes of one family, and its operands along them."""

    def __init__(self, roller: Roller, family: Family, flat: bool) -> None:
        self.roller, self.family, self.flat = roller, family, flat
        self.gate = family.gate
        self.singles = {k: roller.locate(v) for k, v in family.singles.items()}
        self.rows = {k: roller.locate(v, joined=flat) for k, v in family.rows.items()}
        self.ragged = bool(len(family.lengths) and (family.lengths != family.lengths[0]).any())
        self.starts: dict[tuple[str, int], Pattern] = {}
        self.red: list[int] = []  # how long the axes along the rows are
        self.along: dict[tuple[str, int], tuple[int, ...]] = {}  # steps along these
        self.inner: tuple[Indices, ...] = ()  # each element's place along them
        self.wanted = ""  # the row in which missing elements must be masked

    def run(self) -> None:
        reason: Unrollable | None = None
        for aligned in self.alignments() if self.rows else [None]:
            try:
                self.space = Space(len(self.family.ids))
                if aligned is not None:
                    self.learn_rows(*aligned)
                self.learn_axes()
                self.fire()
                return
            except Unrollable as found:
                reason = reason or found
        assert reason is not None
        raise reason

    # ── learning ─────────────────────────────────────────────────────────────────────────────

    def coordinates(self, operand: Operand) -> tuple[Indices, ...]:
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
            if math.prod(space.sizes) * _FILLED > space.count > 1:
                raise Unrollable(f"they fill little of a box of {space.sizes}")
        self.maps = space.maps
        if self.ragged and None in self.maps.values():
            raise Unrollable("rows that start here and there")
        for name in (
            *self.rows,
            *self.singles,
        ):  # there are zeros around an array, not around theta
            row = name in self.rows
            if self.source(name) == THETA and (maps := self.maps_of(name, row)):
                low, high = maps[0].bounds(self.everything(row)[0])
                if low < 0 or high >= len(roller.theta):
                    raise Unrollable("they reach out of theta")
        if not self.flat and any(
            m is None and self.source(name) == THETA for (name, _), m in self.maps.items()
        ) and len(roller.parts(self.family)) > 1:  # fmt: skip
            raise Unrollable("their parameters lie apart")

    def source(self, name: str) -> int:
        operand = self.singles.get(name) or self.rows[name]
        return operand.source

    # ── operands ─────────────────────────────────────────────────────────────────────────────

    def maps_of(self, name: str, row: bool) -> list[Map] | None:
        """Over the family's axes, and for a row over those along it; None if there are none."""
        operand = self.rows[name] if row else self.singles[name]
        result = []
        for d in range(len(self.roller.lengths(operand.source))):
            found = self.maps.get((name, d))
            if found is None:
                return None
            steps = found.steps + (self.along[name, d] if row else ())
            result.append(Map(found.offset, steps))
        return result

    def axes_of(self, name: str, row: bool) -> set[int]:
        """The axes on which an operand depends."""
        operand = self.rows[name] if row else self.singles[name]
        if operand.source == CONSTANT:
            sizes, coords = self.everything(row)
            return set(compact(coords, operand.value, sizes)[1])
        maps = self.maps_of(name, row)
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

    def read(
        self, name: str, row: bool, order: Sequence[int], groups: Shape, wish: str = "p"
    ) -> Expr:
        """An operand along the axes `order` (-1: an axis of length 1), merged by groups."""
        roller = self.roller
        operand = self.rows[name] if row else self.singles[name]
        sizes, coords = self.everything(row)
        short = tuple(1 if k < 0 else sizes[k] for k in order)
        if operand.source == CONSTANT or self.maps_of(name, row) is None:
            numbers = operand.value if operand.source == CONSTANT else operand.at
            values, kept = compact(coords, numbers, sizes)
            values = aligned(values, kept, order, sizes, groups)
            if operand.source == CONSTANT:
                return roller.constants(values, groups)
            if operand.held is not None:
                raise Unrollable("rows with constants among their elements")
            return roller.picked(operand, values, groups, wish)
        found = self.maps_of(name, row)
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

    # ── rows of different lengths ────────────────────────────────────────────────────────────

    def same_length(self, sums: bool) -> None:
        """Rows of different lengths are one long row where what is missing counts for nothing:
        find out which is missing, and what counts for nothing."""
        neutral = 0.0 if sums else _neutral(self.gate)
        sizes, coords = self.everything(True)
        if neutral is None or math.prod(self.space.sizes) > self.space.count:
            raise Unrollable("rows of different lengths")
        if len(self.family.node) < _FILLED * math.prod(sizes):
            raise Unrollable("rows of very different lengths")
        self.neutral, self.missing = neutral, np.ones(sizes, dtype=bool)
        self.missing[tuple(coords)] = False
        for known in (True, False):
            for name in self.rows:
                if self.fills(name, True, self.missing, neutral, known):
                    return
        self.wanted = next(iter(self.rows))

    def fills(
        self, name: str, row: bool, gone: NDArray[np.bool_], number: float, known: bool
    ) -> bool:
        """Does (known), or could, the operand hold this number wherever something is gone?"""
        operand = self.rows[name] if row else self.singles[name]
        array = self.roller.arrays[operand.source] if operand.source >= 0 else None
        if array is None or array not in self.roller.masks:
            return False
        if known and self.roller.filled.get(array) != number:
            return False
        maps = self.maps_of(name, row)
        if maps is None:
            return False
        at = np.argwhere(gone)
        index = []
        outside = np.zeros(len(at), dtype=bool)
        for m, n in zip(maps, self.roller.lengths(operand.source), strict=True):
            place = m.offset + at @ np.array(m.steps, dtype=np.intp)
            outside |= (place < 0) | (place >= n)
            index.append(place.clip(0, n - 1))
        if number and outside.any():  # there are zeros around an array
            return False
        covered = bool((outside | ~self.roller.masks[array][tuple(index)]).all())
        return covered and (known or self.roller.fill(array, number))

    def masked(self, name: str, expr: Expr, order: Sequence[int], groups: Shape) -> Expr:
        """The row with what counts for nothing where elements are missing."""
        if name != self.wanted:
            return expr
        self.wanted = ""
        sizes, _ = self.everything(True)
        return Where(self.roller.mask(~self.missing, order, sizes, groups), expr, self.neutral)

    def row(self, name: str, order: Sequence[int], groups: Shape, wish: str = "p") -> Expr:
        """A row in its full length, which the last group of axes has."""
        expr = self.read(name, True, order, groups, wish)
        if isinstance(expr, Number):
            expr = self.roller.table(np.array([expr.value]))
        expr = spread(expr, (*expr.shape[:-1], math.prod(self.red)))
        return self.masked(name, expr, order, groups)

    # ── the operation ────────────────────────────────────────────────────────────────────────

    def fire(self) -> None:
        gate, space = self.gate, self.space
        found = contraction(gate) if self.rows else None
        if self.ragged:
            self.same_length(found is not None)
        if found is not None and self.product(found.left, found.right):
            return
        order = self.storage()
        red = list(range(len(space.sizes), len(space.sizes) + len(self.red)))
        inputs: dict[str, Expr] = {}
        for name in self.rows:
            axes = [*order, *red] or [-1]
            groups = (*((1,) * len(order)), len(red)) if order or red else (1,)
            inputs[name] = self.row(name, axes, groups)
        for name in self.singles:
            inputs[name] = self.read(name, False, order or [-1], (1,) * max(1, len(order)))
        inputs = (
            {k: inputs[k] for k in gate.inputs} if inputs.keys() >= set(gate.inputs) else inputs
        )
        layout = "each" if set(inputs) == set(gate.inputs) else "terms"
        if layout == "terms" and len(gate.rows) == 2:
            given = list(inputs.values())
            pairs = zip(given[::2], given[1::2], strict=True)
            inputs = {f"a{k}": Term(factors=pair) for k, pair in enumerate(pairs)}
        if self.rows:
            layout = "grid" if order else "rows"
        self.finish(inputs, order, layout)

    def storage(self) -> list[int]:
        """In which order the axes are stored: as in the largest operand, slower ones first."""
        space = self.space
        best: tuple[tuple[bool, int], list[int]] | None = None
        for name, row in [(n, False) for n in self.singles] + [(n, True) for n in self.rows]:
            operand = self.rows[name] if row else self.singles[name]
            maps = None if operand.source == CONSTANT else self.maps_of(name, row)
            if maps is None or operand.source == THETA:
                continue
            order: list[int] = []
            for m in maps:
                mine = [k for k in range(len(space.sizes)) if m.steps[k] and k not in order]
                order += sorted(mine, key=lambda k, m=m: -abs(m.steps[k]))  # type: ignore[misc]
            array = self.roller.arrays[operand.source]
            rank = (array in self.roller.made, len(order))
            if best is None or rank > best[0]:
                best = rank, order
        order = best[1] if best else []
        return [*order, *sorted(set(range(len(space.sizes))) - set(order), key=self.speed)]

    def speed(self, k: int) -> int:
        """How often an axis moves while the gates fire; the slowest is the outermost loop."""
        return int((np.diff(self.space.coords[k]) != 0).sum())

    def product(self, left: str, right: str) -> bool:
        """Σ left · right for all pairs of some left rows and some right ones: matrix products."""
        space = self.space
        node = set(range(len(space.sizes)))
        red = range(len(node), len(node) + len(self.red))
        axes = {name: self.axes_of(name, True) for name in (left, right)}
        free = {name: not self.rowwise(name) for name in axes}
        if any(not set(red) <= axes[name] for name in axes):
            return False
        both = axes[left] & axes[right] & node
        outer = {name: axes[name] & node - both for name in axes}
        if node - both - outer[left] - outer[right]:
            return False
        if not outer[left] and not outer[right] and (node or free[left] == free[right]):
            return False
        if self.wanted:  # a mask needs a row that has all its axes
            points = list(np.indices(self.missing.shape).reshape(self.missing.ndim, -1))
            gone = set(compact(points, self.missing.reshape(-1), self.missing.shape)[1])
            able = [name for name in axes if gone <= axes[name]]
            if not able:
                return False
            self.wanted = able[0]
        if free[left] and free[right] and any(map(self.rowwise, self.singles)):
            return False
        slow = {name: min(map(self.speed, outer[name]), default=10**9) for name in axes}
        swap = free[right] and not free[left]
        swap = swap or (free[left] == free[right] and slow[left] < slow[right])
        stack, matrix = (left, right) if swap else (right, left)
        by = sorted(both, key=self.speed)
        down = sorted(outer[stack], key=self.speed)
        across = sorted(outer[matrix], key=self.speed)
        # one matrix for all: NumPy takes a stack of any shape
        rows = (1,) * len(down) if not by and free[matrix] else (len(down),)
        each = (1,) * len(by)
        layer = 0
        if self.source(matrix) == THETA:
            layer = self.roller.names.layer(self.labels(matrix))
        inputs: dict[str, Expr] = {}
        for name, middle, groups, wish in (
            (stack, down, (*each, *rows, len(red)), "p"),
            (matrix, across or [-1], (*each, len(across) or 1, len(red)), f"W{layer}"),
        ):
            order = [*by, *middle, *red] if middle or by or red else [-1]
            expr = self.row(name, order, groups, wish)
            if len(expr.shape) == 1:
                expr = reshape(expr, (1, *expr.shape))
            inputs[name] = expr
        order = [*by, *down, *across]
        groups = (*each, *rows, len(across)) if order else (1,)
        for name in self.singles:
            inputs[name] = self.read(name, False, order or [-1], groups, f"b{layer}")
        inputs = {name: inputs[name] for name in self.gate.inputs}
        p = math.prod(space.sizes[k] for k in across)
        self.finish(inputs, order, "product", matrix, stack, p, layer)
        return True

    def rowwise(self, name: str) -> bool:
        """Does it differ from example to example?"""
        source = self.source(name)
        return source >= 0 and self.roller.arrays[source].rows

    def labels(self, name: str) -> list[str]:
        at = self.rows[name].at
        return [self.roller.theta[k].label for k in distinct(at)[:64].tolist()]

    def finish(
        self,
        inputs: dict[str, Expr],
        order: list[int],
        layout: str,
        matrix: str = "",
        stack: str = "",
        p: int = 1,
        layer: int = 0,
    ) -> None:
        roller, space, ids = self.roller, self.space, self.family.ids
        rows = any(ROWS in e.shape for e in inputs.values())
        box = tuple(space.sizes[k] for k in order) or (1,)
        shape = (ROWS, *box) if rows else box
        out = Array(self.name(inputs, layer), shape)
        if layer:
            out.note = f"layer {layer}: weighted sums"
            out.back_note = f"layer {layer}: δ"
        step = Fire(out, self.gate, inputs, layout, matrix, stack, p)
        roller.steps.append(step)
        roller.new(out)
        roller.made[out] = step
        roller.aid[ids] = len(roller.arrays) - 1
        for i in ids.tolist():
            roller.where[i] = len(roller.arrays) - 1
        coords = [space.coords[k] for k in order]
        roller.pos[ids] = np.ravel_multi_index(coords, box) if coords else 0
        if len(ids) < math.prod(box):
            mask = np.zeros(box, dtype=bool)
            mask[tuple(coords)] = True
            roller.masks[out] = mask
            self.fill(step, order)

    def fill(self, step: Fire, order: list[int]) -> None:
        """Where the box has no gate, what stands there must neither be infinite nor lead there."""
        if step.layout != "each":
            return
        roller, gate, space = self.roller, self.gate, self.space
        gone = np.ones(tuple(space.sizes), dtype=bool)
        gone[tuple(space.coords)] = False
        known: dict[str, float] = {}
        for name, expr in step.inputs.items():
            if isinstance(expr, Number):
                known[name] = expr.value
            elif self.singles[name].source >= 0:
                number = roller.filled.get(roller.arrays[self.singles[name].source])
                if number is not None and self.fills(name, False, gone, number, True):
                    known[name] = number
        number = _surely(gate.formula, known, gate.inputs)
        if number is not None:
            roller.filled[step.out] = number
            return
        numbers, local = _local(step)
        if not any(map(_risky, (*local, simplify(gate.formula, numbers)))):
            return
        if all(p.names <= {"out"} and _finite(p, {"out": 0.0}) for p in local):
            roller.fill(step.out, 0.0)
            return
        ones = dict.fromkeys(gate.inputs, 1.0) | numbers
        if not _finite(gate.formula, ones) or not all(
            _finite(p, ones | {"out": 1.0}) for p in local
        ):
            raise Unrollable("no number would do where their box is empty")
        mask = roller.mask(~gone, order, space.sizes, (1,) * len(order))
        for name, expr in step.inputs.items():
            if not isinstance(expr, Number):
                step.inputs[name] = Where(mask, expr, 1.0)

    def name(self, inputs: dict[str, Expr], layer: int) -> str:
        roller = self.roller
        names, ids = roller.names, self.family.ids
        labels = [roller.scalars.label[i] for i in ids[:64].tolist()]
        word = stem(labels) if all(labels) else None
        before = [e.array for e in inputs.values() if isinstance(e, Ref)]
        varying = [e for e in inputs.values() if not isinstance(e, Number)]
        number = before[0].name[1:] if len(before) == len(varying) == 1 else ""
        if layer:
            return names.unique(f"Z{layer}")
        if word and word not in names.taken:
            return names.unique(word)
        activation = number.isdigit() and not self.rows and before[0].name == f"Z{number}"
        if activation and f"A{number}" not in names.taken:
            return names.unique(f"A{number}")
        if len(ids) == 1 and roller.scalars.outputs == [ids[0]]:
            return names.unique("L")
        return names.numbered(self.gate.name)


def aligned(
    table: np.ndarray, kept: list[int], order: Sequence[int], sizes: Sequence[int], groups: Shape
) -> np.ndarray:
    """A table over the axes `kept`, seen over the axes `order` (-1: one of length 1)."""
    table = table.transpose([kept.index(k) for k in order if k in kept])
    table = table.reshape([sizes[k] if k in kept else 1 for k in order])
    if kept and max(groups) > 1:  # axes that will be merged must be there
        table = np.broadcast_to(table, [1 if k < 0 else sizes[k] for k in order])
    return table


def _neutral(gate: Gate) -> float | None:
    """A number that changes nothing when it is put into the gate's row; None if there is none."""
    if len(gate.rows) != 1:
        return None
    others = [0.5] * (len(gate.inputs) - 1)
    for number in (0.0, -math.inf):
        try:
            if gate([0.25, 1.5, number], *others).data == gate([0.25, 1.5], *others).data:
                return number
        except (ArithmeticError, ValueError):
            pass
    return None


def _surely(formula: Formula, known: dict[str, float], inputs: Sequence[str]) -> float | None:
    """The formula's value, if it does not depend on the inputs that are not known."""
    found = {
        _value(formula, {name: known.get(name, other) for name in inputs})
        for other in (0.37, 1.0, 2.9)
    }
    return found.pop() if known and len(found) == 1 else None


def _finite(formula: Formula, values: dict[str, float]) -> bool:
    number = _value(formula, values)
    return number is not None and math.isfinite(number)


def _value(formula: Formula, values: dict[str, float]) -> float | None:
    numbers = {name: f"({value!r})" for name, value in values.items()}
    try:
        names = {name: atom.python for name, atom in ATOMS.items()} | {"inf": math.inf}
        return float(eval(formula.python(**numbers), names | vars(math)))
    except (ArithmeticError, ValueError):
        return None


def _local(step: Fire) -> tuple[dict[str, float], list[Formula]]:
    """The inputs that are numbers, and the local gradients of the others."""
    known = {k: e.value for k, e in step.inputs.items() if isinstance(e, Number)}
    gate = step.gate
    pairs = zip(gate.inputs, gate.partials, strict=True)
    return known, [simplify(partial, known) for name, partial in pairs if name not in known]


def _risky(formula: Formula) -> bool:
    """Can it be infinite for plain numbers? It divides, raises to a power, or calls a function."""
    return any(
        isinstance(node, ast.Call | ast.Pow)
        or (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and not isinstance(node.right, ast.Constant)
        )
        for node in ast.walk(formula.tree)
    )


def in_order_of_use(steps: list[Step], output: Expr) -> list[Step]:
    """Depth first from the output: each step as one would write it, just before it is needed."""
    made = {step.out if isinstance(step, Fire) else step.array: step for step in steps}
    order: list[Step] = []
    seen: set[Array] = set()
    stack: list[tuple[Array, bool]] = [(array, False) for array in reversed(arrays_in(output))]
    while stack:
        array, done = stack.pop()
        if done:
            order.append(made[array])
        elif array in made and array not in seen:
            seen.add(array)
            step = made[array]
            used = step.inputs.values() if isinstance(step, Fire) else [step.expr]
            stack.append((array, True))
            stack.extend((a, False) for a in reversed(arrays_in(*used)))
    return order


def roll(
    scalars: Scalars,
    theta: Sequence[Value],
    shapes: Sequence[Shape],
    names: Sequence[str],
) -> Rolled:
    """The forward pass of one example's scalars as array operations on all rows."""
    return Roller(scalars, theta, shapes, names).run()
