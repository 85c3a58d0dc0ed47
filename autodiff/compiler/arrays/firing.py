"""One family as one array operation: a matrix product, a reduction, or element by element.

Rows of different lengths, as in causal attention, become one row as long as the longest; what is
missing gets a number that counts for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..ir import ROWS, Array, Expr, Number, Ref, Shape, Term, Where, reshape, spread
from ..simplify import contraction, simplify
from ..write.names import stem
from .axes import Space
from .family import Unrollable
from .learnt import FILLED, Learnt
from .operands import CONSTANT, THETA
from .probe import finite, local, neutral, risky, surely
from .rolled import Fire


class Firing(Learnt):
    """Finds the axes, and fires."""

    def run(self) -> None:
        """Rows of different lengths may begin together or end together: try both."""
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

    # ── rows of different lengths ────────────────────────────────────────────────────────────

    def same_length(self, sums: bool) -> None:
        """Rows of different lengths are one long row where what is missing counts for nothing:
        find out which is missing, and what counts for nothing."""
        nothing = 0.0 if sums else neutral(self.gate)
        sizes, coords = self.everything(True)
        if nothing is None or math.prod(self.space.sizes) > self.space.count:
            raise Unrollable("rows of different lengths")
        if len(self.family.node) < FILLED * math.prod(sizes):
            raise Unrollable("rows of very different lengths")
        self.neutral, self.missing = nothing, np.ones(sizes, dtype=bool)
        self.missing[tuple(coords)] = False
        for known in (True, False):
            for name in self.rows:
                if self.fills(name, self.missing, nothing, known):
                    return
        self.wanted = next(iter(self.rows))

    def fills(self, name: str, gone: NDArray[np.bool_], number: float, known: bool) -> bool:
        """Does (known), or could, the operand hold this number wherever something is gone?"""
        operand = self.operands[name]
        array = self.roller.arrays[operand.source] if operand.source >= 0 else None
        if array is None or array not in self.roller.masks:
            return False
        if known and self.roller.filled.get(array) != number:
            return False
        maps = self.maps_of(name)
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
        expr = self.read(name, order, groups, wish)
        if isinstance(expr, Number):
            expr = self.roller.table(np.array([expr.value]))
        expr = spread(expr, (*expr.shape[:-1], math.prod(self.red)))
        return self.masked(name, expr, order, groups)

    # ── the operation ────────────────────────────────────────────────────────────────────────

    def fire(self) -> None:
        """The operation that computes the family."""
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
            inputs[name] = self.read(name, order or [-1], (1,) * max(1, len(order)))
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
        for name, operand in self.operands.items():
            maps = None if operand.source == CONSTANT else self.maps_of(name)
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
        axes = {name: self.axes_of(name) for name in (left, right)}
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
            gone = {
                k
                for k in range(self.missing.ndim)
                if (self.missing != self.missing.take([0], axis=k)).any()
            }
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
            layer = self.roller.names.layer(self.roller.labels(self.rows[matrix].at))
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
            inputs[name] = self.read(name, order or [-1], groups, f"b{layer}")
        inputs = {name: inputs[name] for name in self.gate.inputs}
        p = math.prod(space.sizes[k] for k in across)
        self.finish(inputs, order, "product", matrix, stack, p, layer)
        return True

    def rowwise(self, name: str) -> bool:
        """Does it differ from example to example?"""
        source = self.source(name)
        return source >= 0 and self.roller.arrays[source].rows

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
        """Record the operation, and where its results live."""
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
                if number is not None and self.fills(name, gone, number, True):
                    known[name] = number
        number = surely(gate.formula, known, gate.inputs)
        if number is not None:
            roller.filled[step.out] = number
            return
        numbers, partials = local(step)
        if not any(map(risky, (*partials, simplify(gate.formula, numbers)))):
            return
        if all(p.names <= {"out"} and finite(p, {"out": 0.0}) for p in partials):
            roller.fill(step.out, 0.0)
            return
        ones = dict.fromkeys(gate.inputs, 1.0) | numbers
        if not finite(gate.formula, ones) or not all(
            finite(p, ones | {"out": 1.0}) for p in partials
        ):
            raise Unrollable("no number would do where their box is empty")
        mask = roller.mask(~gone, order, space.sizes, (1,) * len(order))
        for name, expr in step.inputs.items():
            if not isinstance(expr, Number):
                step.inputs[name] = Where(mask, expr, 1.0)

    def name(self, inputs: dict[str, Expr], layer: int) -> str:
        """What a reader would call the result."""
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
