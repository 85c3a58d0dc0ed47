"""The array program as loops over scalars, for a compiler such as Numba.

The examples are taken in blocks of `BLOCK` rows. Inside a block an array lies feature by feature,
rows side by side: ``Z1[j, r]``. So the innermost loop always runs over rows, whose iterations are
independent of each other, and the machine's vector units take several examples at once whatever
the formula is. Everything of a block fits into the fastest cache.

Assignments with the same outer loop are fused: an activation, its derivative and the sum for a
bias gradient are one loop nest. Products are taken in tiles of four by four, so that a number is
loaded once for four multiplications.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...formula.atoms import ATOMS
from ...formula.grammar import Formula
from ..ir import (
    ROWS,
    Apply,
    Array,
    Broadcast,
    Concatenate,
    Expr,
    Function,
    Gathered,
    Product,
    Reduce,
    Ref,
    Reshape,
    Scatter,
    Shape,
    Slice,
    Sum,
    Take,
    Term,
    Total,
    Transpose,
    walk,
)
from .elements import Elements, flattened, indices, merged_rows, unflat
from .nests import Nests

BLOCK: Final = 128
TILE: Final = 4
# these get a loop nest of their own
HEAVY: Final = (Product, Sum, Reduce, Gathered, Scatter, Concatenate)


@dataclass
class Loops:
    """Source text of one function, and what it refers to.

    source    defines ``gradient(theta, <inputs>, grad, block, single) -> J``, which fills grad,
              or ``outputs(theta, <inputs>, out, block, single)``, which fills out. An input is
              two-dimensional, one row per example, or one-dimensional if a row is one number
    tables    constant arrays that the text names
    lines     `block` must have the shape (lines, BLOCK) ...
    singles   ... and `single` this many elements
    """

    source: str
    tables: dict[str, NDArray[np.generic]]
    lines: int
    singles: int


def lower(function: Function, purpose: str) -> Loops:
    """Write `function` as loops that compute the "gradient" of a loss, or the "outputs"."""
    writer = _Writer(function, purpose)
    return Loops(writer.text(), writer.elements.tables, writer.lines, writer.singles)


class _Writer:
    def __init__(self, function: Function, purpose: str) -> None:
        self.function = function
        self.purpose = purpose
        self.elements = Elements(function)
        self.nests = Nests(self.elements)
        self.buffers: list[str] = []  # statements that cut variables out of `block` and `single`
        self.lines = 0
        self.singles = 0
        self.temporaries = 0

    # ── the whole function ───────────────────────────────────────────────────────────────────

    def text(self) -> str:
        function = self.function
        inputs = ", ".join(f"{a.name}_rows" for a in function.inputs)
        gradient = self.purpose == "gradient"
        target = "grad" if gradient else "out"
        for array in function.inputs:
            self.buffer(array)
            rows = f"{array.name}_rows[start + r" + (", i]" if array.size != 1 else "]")
            self.nests.block += [
                f"for i in range({array.size}):",
                "    for r in range(n):",
                f"        {array.name}[i, r] = {rows}",
            ]
        for assign in [*function.forward, *(function.backward if gradient else [])]:
            self.assign(assign.array, assign.expr)
        self.finish(gradient)
        self.nests.flush()
        lines = [
            f"def {self.purpose}(theta, {inputs}, {target}, block, single):",
            f"    rows = {function.inputs[0].name}_rows.shape[0]",
            "    E = float(rows)",
        ]
        lines += ["    J = 0.0", "    grad[:] = 0.0"] if gradient else []
        lines += [f"    {line}" for line in [*self.buffers, *self.nests.before]]
        lines += [f"    for start in range(0, rows, {BLOCK}):"]
        lines += [f"        n = min({BLOCK}, rows - start)"]
        lines += [f"        {line}" for line in self.nests.block]
        lines += [f"    {line}" for line in self.nests.after]
        lines += ["    return J / E"] if gradient else []
        return "\n".join(lines) + "\n"

    def finish(self, gradient: bool) -> None:
        """The cost and where the adjoints go, or the outputs."""
        output = self.plain(self.function.output)
        rows = output.shape[:1] == (ROWS,)
        if gradient:
            for parameter, adjoint in self.function.gradient:
                adjoint = self.plain(adjoint)
                shape = parameter.array.shape
                at = indices(shape)
                window = self.elements.element(parameter.expr, at).replace("theta", "grad", 1)
                self.nests.pointwise(shape, f"{window} += {self.elements.aligned(adjoint, at)}", {})
            at = ["r", "0"] if rows else ["0"]
            value = self.elements.element(output, at[-len(output.shape) :] if output.shape else [])
            if rows:
                self.nests.flush()
                self.nests.block += ["total = 0.0", "for r in range(n):", f"    total += {value}"]
                self.nests.block += ["J += total"]
            else:
                self.nests.flush()
                self.nests.after.append(f"J = E * {value}")
            return
        self.nests.flush()
        k = output.shape[-1]
        value = self.elements.element(output, ["r", "k"] if rows else ["k"])
        self.nests.block += [
            f"for k in range({k}):",
            "    for r in range(n):",
            f"        out[start + r, k] = {value}",
        ]

    # ── one assignment ───────────────────────────────────────────────────────────────────────

    def assign(self, array: Array, expr: Expr) -> None:
        self.buffer(array)
        self.buffered(array, expr)

    def buffered(self, array: Array, expr: Expr) -> None:
        """array = expr, where the array has its place."""
        at = indices(array.shape)
        match expr:
            case Term(1.0, 0, (factor,), ()) if factor.shape == array.shape:
                self.buffered(array, factor)
            case Product():
                self.product(array, expr)
            case Apply(formula, arguments) if (name := _product_in(expr, array.shape)) is not None:
                rest = {k: self.plain(v) for k, v in arguments.items() if k != name}
                product = arguments[name]
                assert isinstance(product, Product)
                self.product(array, product)  # and then in place
                self.assign_to(array, Apply(formula, {**rest, name: Ref(array)}))
            case Sum(array=summed, axes=axes):
                self.sum(array, self.plain(summed), axes, expr.keep)
            case Reduce():
                self.fold(array, expr)
            case Gathered():
                self.gathered(array, expr)
            case Scatter(array=placed, start=start, step=step):
                part = self.plain(placed)
                zero = f"{self.elements.place(array, at)} = 0.0"
                self.nests.pointwise(array.shape, zero, {array.name: "?"})
                self.nests.flush()
                inner = indices(part.shape)
                target = [*inner[:-1], f"{start} + {step} * ({inner[-1]})"]
                text = (
                    f"{self.elements.place(array, target)} = {self.elements.element(part, inner)}"
                )
                self.nests.pointwise(part.shape, text, {array.name: "?"})
            case Concatenate(parts=parts):
                offset = 0
                for part in map(self.plain, parts):
                    shape = (*array.shape[:-1], part.shape[-1])
                    inner = indices(shape)
                    target = [*inner[:-1], f"{offset} + {inner[-1]}"]
                    place = self.elements.place(array, target)
                    text = f"{place} = {self.elements.aligned(part, inner)}"
                    self.nests.pointwise(shape, text, {array.name: "?"})
                    offset += part.shape[-1]
            case _:
                self.assign_to(array, self.plain(expr))

    def assign_to(self, array: Array, simple: Expr) -> None:
        """array = simple, element by element."""
        at = indices(array.shape)
        text = f"{self.elements.place(array, at)} = {self.elements.aligned(simple, at)}"
        self.nests.pointwise(array.shape, text, {array.name: flattened(array.shape, at)})
        if self.nests.waits(simple):
            self.nests.late.add(array)

    def buffer(self, array: Array) -> None:
        """Room for the array: a line of `block` per element if it has rows, else of `single`."""
        size = array.size
        if array.rows:
            self.buffers.append(f"{array.name} = block[{self.lines}:{self.lines + size}]")
            self.lines += size
        else:
            self.buffers.append(f"{array.name} = single[{self.singles}:{self.singles + size}]")
            self.singles += size

    def plain(self, expr: Expr) -> Expr:
        """`expr` with everything heavy inside it replaced by arrays that are computed first."""
        if isinstance(expr, HEAVY):
            self.temporaries += 1
            array = Array(f"t{self.temporaries}", expr.shape)
            self.assign(array, expr)
            return Ref(array)
        if not any(isinstance(e, HEAVY) for e in walk(expr)):
            return expr
        match expr:
            case Apply(formula, arguments):
                return Apply(formula, {k: self.plain(v) for k, v in arguments.items()})
            case Term(coefficient, per_row, factors, divisors):
                above = tuple(map(self.plain, factors))
                return Term(coefficient, per_row, above, tuple(map(self.plain, divisors)))
            case Total(terms, coefficient, per_row):
                plain = tuple(t for t in map(self.plain, terms) if isinstance(t, Term))
                return Total(plain, coefficient, per_row)
            case Reshape(inner, shape):
                return Reshape(self.plain(inner), shape)
            case Broadcast(inner, shape):
                return Broadcast(self.plain(inner), shape)
            case Transpose(inner):
                return Transpose(self.plain(inner))
            case Slice(inner, start, step, count):
                return Slice(self.plain(inner), start, step, count)
            case Take(inner, name, indices):
                return Take(self.plain(inner), name, indices)
        raise AssertionError(expr)

    def product(self, array: Array, product: Product) -> None:
        """left @ right, four columns of the result and four factors of each at a time."""
        left, right = self.plain(product.left), self.plain(product.right)
        if left.shape[-1] == ROWS:
            self.outer(array, left, right)
            return
        rows = ROWS in array.shape
        *row, _ = indices(array.shape)
        loop = "for r in range(n): " if rows else ""
        lines: list[str] = []
        for j, columns, wide in _blocks("j", array.shape[-1], TILE):
            depth = "    " * (wide > 1)
            lines += [f"for j in range({columns}):"] if wide > 1 else []
            targets = [self.elements.place(array, [*row, index]) for index in j]
            lines += [f"{depth}{loop}{target} = 0.0" for target in targets]
            for k, factors, long in _blocks("k", left.shape[-1], TILE if len(j) > 1 else 2 * TILE):
                deeper = depth + "    " * (long > 1)
                lines += [f"{depth}for k in range({factors}):"] if long > 1 else []
                body = self.tile(left, right, row, j, k, targets, rows)
                lines += [deeper + line for line in body]
        if not rows and self.nests.waits(left, right):
            self.nests.late.add(array)
        self.nests.add(array.shape[:-1], [("rows" if rows else "body", lines)], {array.name: "?"})

    def tile(
        self,
        left: Expr,
        right: Expr,
        row: list[str],
        j: list[str],
        k: list[str],
        targets: list[str],
        rows: bool,
    ) -> list[str]:
        """targets[a] += Σ_b left[row, k[b]] · right[k[b], j[a]], numbers read once."""
        before: list[str] = []
        inside: list[str] = []

        def named(name: str, expr: Expr, index: list[str]) -> str:
            where = inside if ROWS in expr.shape else before
            where.append(f"{name} = {self.elements.aligned(expr, index)}")
            return name

        lefts = [named(f"u{b}", left, [*row, i]) for b, i in enumerate(k)]
        for a, column in enumerate(j):
            rights = [named(f"v{a}{b}", right, [*row[:-1], i, column]) for b, i in enumerate(k)]
            products = [f"{u} * {v}" for u, v in zip(lefts, rights, strict=True)]
            inside.append(f"{targets[a]} += {' + '.join(products)}")
        if rows:
            inside = ["for r in range(n):", *(f"    {line}" for line in inside)]
        return before + inside

    def outer(self, array: Array, left: Expr, right: Expr) -> None:
        """A product that sums over rows: sixteen sums at once share four and four factors."""
        self.nests.late.add(array)
        self.nests.before.append(f"{array.name}[:] = 0.0")
        merged = max(merged_rows(e) for e in (*walk(left), *walk(right)))
        loops = [("q", merged)] if merged > 1 else []
        *ahead, height, width = array.shape
        at = indices(tuple(ahead))
        lines: list[str] = []
        for j, above, wide in _blocks("j", height, TILE):
            depth = "    " * (wide > 1)
            lines += [f"for j in range({above}):"] if wide > 1 else []
            for k, columns, long in _blocks("k", width, TILE if len(j) > 1 else 2 * TILE):
                deeper = depth + "    " * (long > 1)
                lines += [f"{depth}for k in range({columns}):"] if long > 1 else []
                pairs = [(a, b) for a in range(len(j)) for b in range(len(k))]
                inner = [
                    f"u{a} = {self.elements.aligned(left, [*at, i, 'r'])}" for a, i in enumerate(j)
                ]
                inner += [
                    f"v{b} = {self.elements.aligned(right, [*at, 'r', i])}" for b, i in enumerate(k)
                ]
                inner += [f"s{a}{b} += u{a} * v{b}" for a, b in pairs]
                body = [f"s{a}{b} = 0.0" for a, b in pairs]
                body += _nested(loops, ["for r in range(n):", *(f"    {i}" for i in inner)])
                body += [
                    f"{self.elements.place(array, [*at, j[a], k[b]])} += s{a}{b}" for a, b in pairs
                ]
                lines += [deeper + line for line in body]
        self.nests.add(tuple(ahead), [("rows", lines)], {})

    def sum(self, array: Array, summed: Expr, axes: tuple[int, ...], keep: bool) -> None:
        """A sum over rows, features or both."""
        full = indices(summed.shape, "s")
        left = [k for k in range(len(summed.shape)) if keep or k not in axes]
        at = indices(array.shape)
        own = dict(zip(left, at, strict=True))
        index = [full[k] if k in axes else own[k] for k in range(len(summed.shape))]
        inner = [(full[k], summed.shape[k]) for k in axes if summed.shape[k] != ROWS]
        over_rows = ROWS in [summed.shape[k] for k in axes]
        merged = max(merged_rows(e) for e in walk(summed))
        inner += [("q", merged)] if merged > 1 else []
        text = self.elements.aligned(summed, index)
        target = self.elements.place(array, at)
        if over_rows:
            self.nests.late.add(array)
            self.nests.before.append(f"{array.name}[:] = 0.0")
            if not inner:  # the loop over rows can be shared
                total = f"sum_{array.name}"
                parts = [
                    ("first", [f"{total} = 0.0"]),
                    ("body", [f"{total} += {text}"]),
                    ("rows", [f"{target} += {total}"]),
                ]
            else:
                lines = [*_nested(inner, ["for r in range(n):", f"    total += {text}"])]
                parts = [("rows", ["total = 0.0", *lines, f"{target} += total"])]
            self.nests.add((*array.shape, ROWS), parts, {})
            return
        rows = ROWS in array.shape
        loop = "for r in range(n): " if rows else ""
        lines = [f"{loop}{target} = 0.0", *_nested(inner, [f"{loop}{target} += {text}"])]
        if self.nests.waits(summed):
            self.nests.late.add(array)
        kind = "rows" if rows else "body"
        self.nests.add(array.shape, [(kind, lines)], {array.name: flattened(array.shape, at)})

    def fold(self, array: Array, fold: Reduce) -> None:
        """A formula with reductions along a row: each runs through the row in its passes."""
        arguments = {k: self.plain(v) for k, v in fold.arguments.items()}
        rows = ROWS in array.shape
        loop = "for r in range(n): " if rows else ""
        at = indices(array.shape)
        outer = at[:-1] if fold.keep else at
        one = {k: self.elements.aligned(v, [*outer, "0"] if len(v.shape) > len(outer) else at)
               for k, v in arguments.items() if k not in fold.formula.rows}  # fmt: skip
        each = {k: self.elements.aligned(v, [*outer, "k"]) for k, v in arguments.items()
                if k in fold.formula.rows}  # fmt: skip
        names = {**one, **each, "n": str(fold.n)}
        lines: list[str] = []
        results: dict[str, str] = {}
        tree = ast.parse(fold.formula.text, mode="eval").body
        calls = [c for c in ast.walk(tree) if isinstance(c, ast.Call) and _is_row_atom(c)]
        for number, call in enumerate(calls):
            assert isinstance(call.func, ast.Name)
            atom = ATOMS[call.func.id]
            element = Formula(ast.unparse(call.args[0]), fold.formula.inputs).python(**names)
            scratch: dict[str, str] = {}
            for name, initial, step in atom.passes:
                self.temporaries += 1
                line = Array(f"t{self.temporaries}", (ROWS,) if rows else ())
                self.buffer(line)
                cell = f"{line.name}[0, r]" if rows else f"{line.name}[0]"
                scratch[name] = cell
                text = Formula(step, ("a", *scratch)).python(a=f"({element})", **scratch)
                lines.append(f"{loop}{cell} = {initial}")
                lines += [f"for k in range({fold.n}):", f"    {loop}{cell} = {text}"]
            finish = Formula(atom.finish, tuple(scratch)).python(**scratch)
            results[f"result{number}"] = f"({finish})"

        class Put(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.expr:
                if node in calls:
                    return ast.Name(f"result{calls.index(node)}")
                return self.generic_visit(node)  # type: ignore[return-value]

        rest = ast.unparse(Put().visit(tree))
        final = Formula(rest, (*fold.formula.inputs, *results)).python(**names, **results)
        lines.append(f"{loop}{self.elements.place(array, at)} = {final}")
        if self.nests.waits(*arguments.values()):
            self.nests.late.add(array)
        kind = "rows" if rows else "body"
        self.nests.add(array.shape, [(kind, lines)], {array.name: flattened(array.shape, at)})

    def gathered(self, array: Array, expr: Gathered) -> None:
        """Each element is a sum of picked ones; an index past the end adds nothing."""
        source = self.plain(expr.array)
        at = indices(array.shape)
        rows = ROWS in array.shape
        count = expr.sources.shape[1]
        table = self.elements.table(expr.name, expr.sources)
        picked_shape = source.shape[len(source.shape) - expr.axes :]
        end = int(np.prod(picked_shape))
        inner = unflat("g", picked_shape)
        value = self.elements.aligned(source, [*at[:-1], *inner])
        target = self.elements.place(array, at)
        loop = "for r in range(n): " if rows else ""
        lines = [
            f"{loop}{target} = 0.0",
            f"for k in range({count}):",
            f"    g = {table}[{count} * ({at[-1]}) + k]",
            f"    if g < {end}:",
            f"        {loop}{target} += {value}",
        ]
        if self.nests.waits(source):
            self.nests.late.add(array)
        kind = "rows" if rows else "body"
        self.nests.add(array.shape, [(kind, lines)], {array.name: flattened(array.shape, at)})


def _blocks(name: str, size: int, width: int) -> list[tuple[list[str], str, int]]:
    """Cut range(size) into blocks of `width` and a rest: for each (the indices of one block, the
    range of `name` that repeats it, how often).

    A width nearby that leaves no rest is preferred: each rest is one more loop to compile.

    >>> _blocks("k", 10, 4)
    [(['k + 0', 'k + 1', 'k + 2', 'k + 3', 'k + 4'], '0, 10, 5', 2)]
    >>> _blocks("k", 7, 4)
    [(['0', '1', '2', '3'], '0, 4, 4', 1), (['4', '5', '6'], '4, 7, 3', 1)]
    """
    fitting = [w for w in (width, width + 1, width - 1) if w > 1 and size % w == 0]
    width = fitting[0] if fitting else width
    blocks = []
    start = 0
    while start < size:
        width = min(width, size - start)
        times = (size - start) // width
        stop = start + times * width
        indices = [f"{name} + {u}" if times > 1 else str(start + u) for u in range(width)]
        blocks.append((indices, f"{start}, {stop}, {width}", times))
        start = stop
    return blocks


def _nested(loops: Sequence[tuple[str, int]], body: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for depth, (name, size) in enumerate(loops):
        lines.append("    " * depth + f"for {name} in range({size}):")
    return lines + ["    " * len(loops) + line for line in body]


def _is_row_atom(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and ATOMS[call.func.id].row


def _product_in(expr: Apply, shape: Shape) -> str | None:
    """The argument that is a product of the result's shape, if there is just one."""
    found = [k for k, v in expr.arguments.items() if isinstance(v, Product)]
    if len(found) != 1:
        return None
    product = expr.arguments[found[0]]
    assert isinstance(product, Product)
    return found[0] if product.shape == shape and product.left.shape[-1] != ROWS else None
