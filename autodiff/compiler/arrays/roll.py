"""Roll: families of equal gates become array operations over several axes.

Level by level, gates of one kind whose operands come from the same arrays form a family. How the
places of their operands move from one member to the next says along which axes the family extends
(`axes`), and what is read along these axes is a slice, a reshape or a transpose of an array
(`operands`). Sums of products become matrix products; rows of different lengths, as in causal
attention, one row as long as the longest, with a mask. What has no such structure is picked by an
index table, and is still right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...value import Value
from ..ir import (
    Array,
    Expr,
    Shape,
    arrays_in,
)
from ..rewrite.attention import lettered
from ..rewrite.lookup import looked_up
from ..simplify import simplify
from .axes import Space, aligned, compact, distinct
from .family import Family, Unrollable
from .firing import Firing
from .operands import CONSTANT, THETA, Operands
from .probe import local
from .rolled import Fire, Rolled, Step
from .scalars import Scalars, adds, find_roles

_TERMS = 16  # so many arrays are added up in one line
_PRODUCTS = 4  # or so many products of two


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
        count = len(scalars.outputs) - scalars.beside
        output = self.outputs(scalars.outputs[:count])
        beside = self.outputs(scalars.outputs[count:]) if scalars.beside else None
        steps = lettered(looked_up(self.steps, self.names, self.roles), self.names)
        return Rolled(
            self.inputs,
            list(self.parameters.values()),
            in_order_of_use(steps, output, *filter(None, [beside])),
            output,
            len(self.theta),
            self.names,
            self.row_shapes,
            sum(g is not None for g in scalars.gate),
            folded(self.unrolled),
            beside,
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
                    self.unrolled.append((len(family.ids), f"gates {family.gate.name}: {reason}"))
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
        Firing(self, family, flat).run()

    def fill(self, array: Array, number: float) -> bool:
        """Put a number where an array's box has no gate, if that does no harm."""
        step = self.made[array]
        uses_out = any("out" in p.names for p in local(step)[1])
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

    def outputs(self, scalars: Sequence[int]) -> Expr:
        """Returned scalars, side by side."""
        ids = np.array(scalars, dtype=np.intp)
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


def folded(causes: list[tuple[int, str]]) -> list[str]:
    """Equal causes as one line.

    >>> folded([(3, "gates dot: no order"), (5, "gates exp: no box"), (3, "gates dot: no order")])
    ['6 gates dot: no order', '5 gates exp: no box']
    """
    total: dict[str, int] = {}
    for count, what in causes:
        total[what] = total.get(what, 0) + count
    return [f"{count} {what}" for what, count in total.items()]


def in_order_of_use(steps: list[Step], *outputs: Expr) -> list[Step]:
    """Depth first from the outputs: each step as one would write it, just before it is needed."""
    made = {step.out if isinstance(step, Fire) else step.array: step for step in steps}
    order: list[Step] = []
    seen: set[Array] = set()
    stack: list[tuple[Array, bool]] = [(array, False) for array in reversed(arrays_in(*outputs))]
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
