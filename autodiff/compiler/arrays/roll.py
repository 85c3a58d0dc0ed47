"""Roll: equal gates side by side become one array operation.

Level by level, gates of the same kind whose operands come from the same arrays are gathered into
a group. The positions of their operands say what the group is: a whole array, a slice, a window
into theta need no copy; weighted sums of the same vector form a matrix product (a dense layer), and
weighted sums with the same weights over different vectors another one (a convolution). What has
no such structure is picked element by element, and is still right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...gates import Gate
from ...value import Value
from ..ir import ROWS, Array, Assign, Expr, Indices, Number, Ref, Reshape, Shape, Take, arrays_in
from ..simplify import contraction
from ..write.names import stem
from .operands import CONSTANT, THETA, Operands
from .rolled import Fire, Rolled, Step
from .scalars import Scalars
from .windows import distinct_rows, runs, window


class Roller(Operands):
    """Groups gates, level by level, and fires each group as one array operation."""

    def run(self) -> Rolled:
        """Group by group, in the order of levels."""
        scalars = self.scalars
        level = [0] * len(scalars.gate)
        by_level: list[list[int]] = []
        for i, row in enumerate(scalars.parents):
            if scalars.gate[i] is not None:
                level[i] = at = 1 + max([level[p] for p in row])
                if at > len(by_level):
                    by_level.append([])
                by_level[at - 1].append(i)
        for members in by_level:
            groups: dict[tuple[object, ...], list[int]] = {}
            for i in members:
                groups.setdefault(self.signature(i), []).append(i)
            for ids in groups.values():
                gate = scalars.gate[ids[0]]
                assert gate is not None
                parents = np.array([scalars.parents[i] for i in ids], dtype=np.intp)
                self.group(gate, np.array(ids, dtype=np.intp), parents)
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

    def signature(self, i: int) -> tuple[object, ...]:
        """Gates with equal signatures go into one group."""
        gate, row, aid = self.scalars.gate[i], self.scalars.parents[i], self.aid
        assert gate is not None
        if not gate.rows:
            return (gate, *[int(aid[p]) for p in row])
        sources: list[object] = [gate, len(row)]
        for operand in gate.split(row).values():
            if isinstance(operand, tuple):
                found = set(aid[list(operand)].tolist())
                sources.append(frozenset(found - {CONSTANT}) or CONSTANT)
            else:
                sources.append(int(aid[operand]))
        return tuple(sources)

    def group(self, gate: Gate, ids: Indices, parents: Indices) -> None:
        """Gates of one kind with operands from the same arrays: one array operation, or few."""
        named = columns(gate, parents)
        pieces = self.pieces(list(named.values()))
        if len(pieces) > 1:
            for piece in pieces:
                self.group(gate, ids[piece], parents[piece])
            return
        if not gate.rows:
            inputs = {name: self.vector(column) for name, column in named.items()}
            self.fire(Fire(self.out(gate, ids, inputs), gate, inputs, "each"), ids)
            return
        found = contraction(gate)
        if found is not None and self.products(gate, ids, parents, found.left, found.right):
            return
        if self.terms(gate, ids, parents):
            return
        if len(ids) == 1:
            inputs = {
                name: self.vector(column.reshape(-1), full=name in gate.rows)
                for name, column in named.items()
            }
            self.fire(Fire(self.out(gate, ids, inputs), gate, inputs, "rows"), ids)
            return
        inputs = {
            name: self.matrix(column) if name in gate.rows else self.vector(column)
            for name, column in named.items()
        }
        self.fire(Fire(self.out(gate, ids, inputs), gate, inputs, "grid"), ids)

    def terms(self, gate: Gate, ids: Indices, parents: Indices) -> bool:
        """A short sum of single numbers from different arrays: a + b + c."""
        (_, count), sources = parents.shape, self.aid[parents]
        plain = gate.formula.text == f"sum({gate.inputs[0]})" and not gate.partials[0].names
        if not plain or count > 16 or (sources == sources[0, 0]).all():
            return False
        if (sources != sources[0]).any():
            return False
        inputs = {f"{gate.inputs[0]}{k}": self.vector(parents[:, k]) for k in range(count)}
        self.fire(Fire(self.out(gate, ids, inputs), gate, inputs, "terms"), ids)
        return True

    def pieces(self, operands: list[Indices]) -> list[slice]:
        """Cut a group where its parameters stop lying side by side in theta."""
        everything = [slice(0, len(operands[0]))]
        for ids in operands:
            if len(ids) < 2 or not (self.aid[ids] == THETA).all():
                continue
            at = self.pos[ids]
            different, _ = distinct_rows(at.reshape(len(at), -1))
            if len(different) < len(at):
                continue  # shared parameters: a convolution is not cut
            if window(at, len(self.theta)) is None:
                cut = runs(at)
                if 1 < len(cut) <= max(2, len(ids) // 3):
                    return cut
        return everything

    def products(self, gate: Gate, ids: Indices, parents: Indices, left: str, right: str) -> bool:
        """Every pair of some left vectors and some right vectors: a matrix product.

        Groups that fall apart into such products are cut. False if neither is possible.
        """
        named = columns(gate, parents)
        rows_a, which_a = distinct_rows(named[left])
        rows_b, which_b = distinct_rows(named[right])
        p, q = len(rows_a), len(rows_b)
        pairs = np.unique(which_a * q + which_b)
        if p * q != len(ids) or len(pairs) != len(ids):
            few = which_a if p <= q else which_b
            classes = int(few.max()) + 1
            if classes < 2 or 2 * classes > len(ids):
                return False
            for k in range(classes):
                mine = np.flatnonzero(few == k)
                self.group(gate, ids[mine], parents[mine])
            return True
        free_a, free_b = self.free(rows_a), self.free(rows_b)
        singles = parents[:, len(gate.rows) * rows_a.shape[1] :]
        if free_a == free_b and (len(ids) == 1 or (free_a and not self.free(singles))):
            return False
        names = (left, right)
        as_traced = bool((np.diff(which_a * q + which_b) == 1).all())
        if (free_b and not free_a) or (free_a == free_b and as_traced):
            # the right-hand vectors are the matrix: they are the weights, or vary fastest
            names, rows_a, rows_b = (right, left), rows_b, rows_a
            which_a, which_b = which_b, which_a
            p, q = q, p
        order = np.argsort(which_b * p + which_a)
        ids, parents = ids[order], parents[order]
        weights = (self.aid[rows_a] == THETA).all()
        places = self.pos[rows_a].reshape(-1).tolist() if weights else []
        labels = [self.theta[k].label for k in places]
        layer = self.names.layer(labels) if weights else 0
        inputs = {
            names[0]: self.matrix(rows_a, f"W{layer}"),
            # a matrix per example must meet a stack of vectors per example, if only of one
            names[1]: self.vector(rows_b[0], full=True)
            if q == 1 and self.free(rows_a) and not self.free(rows_b)
            else self.matrix(rows_b),
        }
        for name, column in columns(gate, parents).items():
            if name not in inputs:
                inputs[name] = self.beside(column.reshape(q, p), f"b{layer}")
        inputs = {name: inputs[name] for name in gate.inputs}
        rows = any(ROWS in e.shape for e in inputs.values())
        name = self.names.unique(f"Z{layer}") if layer else self.names.numbered(gate.name)
        out = Array(name, (ROWS, q * p) if rows else (q * p,))
        if layer:
            out.note = f"layer {layer}: weighted sums"
            out.back_note = f"layer {layer}: δ"
        self.fire(Fire(out, gate, inputs, "product", *names, q, p, layer), ids)
        return True

    def beside(self, ids: Indices, wish: str) -> Expr:
        """A single input of a product, of shape (ROWS, Q, P) or broadcasting to it."""
        q, p = ids.shape
        if q == 1:
            return self.vector(ids[0], wish)
        if (ids == ids[0]).all():
            flat, shape = self.vector(ids[0], wish), (1, p)
            if ROWS not in flat.shape:
                return flat
        elif (ids == ids[:, :1]).all():
            flat, shape = self.vector(ids[:, 0], wish), (q, 1)
        else:
            flat, shape = self.vector(ids.reshape(-1), wish), (q, p)
        if flat.shape == () or flat.shape[-1] == 1:
            return flat if ROWS not in flat.shape else Reshape(flat, (ROWS, 1, 1))
        return Reshape(flat, (*flat.shape[:-1], *shape))

    def out(self, gate: Gate, ids: Indices, inputs: dict[str, Expr]) -> Array:
        """The array that the group's results go into."""
        rows = any(ROWS in e.shape for e in inputs.values())
        shape = (ROWS, len(ids)) if rows else (len(ids),)
        labels = [self.scalars.label[i] for i in ids]
        word = stem(labels) if all(labels) else None
        before = [e.array for e in inputs.values() if isinstance(e, Ref)]
        varying = [e for e in inputs.values() if not isinstance(e, Number)]
        layer = before[0].name[1:] if len(before) == len(varying) == 1 else ""
        if word and word not in self.names.taken:
            name = self.names.unique(word)
        elif (
            layer.isdigit()
            and not gate.rows
            and before[0].name == f"Z{layer}"
            and f"A{layer}" not in self.names.taken
        ):
            name = self.names.unique(f"A{layer}")
        elif len(ids) == 1 and self.scalars.outputs == [ids[0]]:
            name = self.names.unique("L")
        else:
            name = self.names.numbered(gate.name)
        return Array(name, shape)

    def fire(self, step: Fire, ids: Indices) -> None:
        """Record the step, and where its results live."""
        self.steps.append(step)
        self.new(step.out)
        self.aid[ids] = len(self.arrays) - 1
        self.pos[ids] = np.arange(len(ids))

    def outputs(self) -> Expr:
        """The returned scalars, side by side."""
        ids = np.array(self.scalars.outputs, dtype=np.intp)
        if (self.aid[ids] == CONSTANT).all():
            return self.table(self.value[ids])
        expr = self.vector(ids)
        if expr.shape[-1:] != (len(ids),):  # the same Value several times
            array = Array(self.names.numbered("out"), (*expr.shape[:-1], len(ids)))
            at = np.zeros(len(ids), dtype=np.intp)
            self.steps.append(Assign(array, Take(expr, self.names.numbered("at"), at)))
            return Ref(array)
        return expr


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


def columns(gate: Gate, parents: Indices) -> dict[str, Indices]:
    """Parents by input name: (m, n) for a row, (m,) for a single input."""
    singles = len(gate.inputs) - len(gate.rows)
    n = (parents.shape[1] - singles) // len(gate.rows) if gate.rows else 0
    named = {name: parents[:, k * n : (k + 1) * n] for k, name in enumerate(gate.rows)}
    start = n * len(gate.rows)
    return named | {
        name: parents[:, start + k] for k, name in enumerate(gate.inputs[len(gate.rows) :])
    }


def roll(
    scalars: Scalars,
    theta: Sequence[Value],
    shapes: Sequence[Shape],
    names: Sequence[str],
) -> Rolled:
    """The forward pass of one example's scalars as array operations on all rows."""
    return Roller(scalars, theta, shapes, names).run()
