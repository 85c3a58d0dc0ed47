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
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..atoms import ATOMS
from ..formula import Formula
from .ir import (
    ROWS,
    Apply,
    Array,
    Expr,
    Fold,
    Function,
    Gathered,
    Join,
    Number,
    Picked,
    Placed,
    Product,
    Ref,
    Reshape,
    Shape,
    Slice,
    Spread,
    Sum,
    Table,
    Take,
    Term,
    Total,
    Turned,
    View,
    walk,
)

BLOCK: Final = 128
TILE: Final = 4
HEAVY: Final = (Product, Sum, Fold, Gathered, Placed, Join)  # get a loop nest of their own


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


@dataclass
class _Nest:
    """Loops over `shape`, and inside them parts: ("body", lines of the innermost loop, over rows
    if there are any), ("rows", lines that hold loops over rows themselves) and ("first", lines to
    come before all others)."""

    shape: Shape
    parts: list[tuple[str, list[str]]] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)  # array name -> at which index


def lower(function: Function, purpose: str) -> Loops:
    """Write `function` as loops that compute the "gradient" of a loss, or the "outputs"."""
    writer = _Writer(function, purpose)
    return Loops(writer.text(), writer.tables, writer.lines, writer.singles)


class _Writer:
    def __init__(self, function: Function, purpose: str) -> None:
        self.function = function
        self.tables: dict[str, NDArray[np.generic]] = {}
        self.purpose = purpose
        self.buffers: list[str] = []  # statements that cut arrays out of `work`
        self.lines = 0
        self.singles = 0
        self.temporaries = 0
        self.windows: dict[Array, Expr] = {p.array: p.expr for p in function.parameters}
        self.late: set[Array] = set()  # known only after the last block
        self.reads: set[tuple[str, str]] = set()
        self.before: list[str] = []
        self.block: list[str] = []
        self.after: list[str] = []
        self.nest: _Nest | None = None
        self.rowwise = False  # does the nest being written belong into the block of rows?
        self.nest_late = False  # or, if not, after all blocks?
        self.nest_late = False  # does it read what is known only after the last block?

    # ── the whole function ───────────────────────────────────────────────────────────────────

    def text(self) -> str:
        function = self.function
        inputs = ", ".join(f"{a.name}_rows" for a in function.inputs)
        gradient = self.purpose == "gradient"
        target = "grad" if gradient else "out"
        for array in function.inputs:
            self.buffer(array)
            rows = f"{array.name}_rows[start + r" + (", i]" if array.size != 1 else "]")
            self.block += [
                f"for i in range({array.size}):",
                "    for r in range(n):",
                f"        {array.name}[i, r] = {rows}",
            ]
        for assign in [*function.forward, *(function.backward if gradient else [])]:
            self.assign(assign.array, assign.expr)
        self.finish(gradient)
        self.flush()
        lines = [
            f"def {self.purpose}(theta, {inputs}, {target}, block, single):",
            f"    rows = {function.inputs[0].name}_rows.shape[0]",
            "    E = float(rows)",
        ]
        lines += ["    J = 0.0", "    grad[:] = 0.0"] if gradient else []
        lines += [f"    {line}" for line in [*self.buffers, *self.before]]
        lines += [f"    for start in range(0, rows, {BLOCK}):"]
        lines += [f"        n = min({BLOCK}, rows - start)"]
        lines += [f"        {line}" for line in self.block]
        lines += [f"    {line}" for line in self.after]
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
                at = _indices(shape)
                window = self.element(parameter.expr, at).replace("theta", "grad", 1)
                self.pointwise(shape, f"{window} += {self.aligned(adjoint, at)}", {})
            at = ["r", "0"] if rows else ["0"]
            value = self.element(output, at[-len(output.shape) :] if output.shape else [])
            if rows:
                self.flush()
                self.block += ["total = 0.0", "for r in range(n):", f"    total += {value}"]
                self.block += ["J += total"]
            else:
                self.flush()
                self.after.append(f"J = E * {value}")
            return
        self.flush()
        k = output.shape[-1]
        value = self.element(output, ["r", "k"] if rows else ["k"])
        self.block += [
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
        at = _indices(array.shape)
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
            case Fold():
                self.fold(array, expr)
            case Gathered():
                self.gathered(array, expr)
            case Placed(array=placed, start=start, step=step):
                part = self.plain(placed)
                zero = f"{self.place(array, at)} = 0.0"
                self.pointwise(array.shape, zero, {array.name: "?"})
                self.flush()
                inner = _indices(part.shape)
                target = [*inner[:-1], f"{start} + {step} * ({inner[-1]})"]
                text = f"{self.place(array, target)} = {self.element(part, inner)}"
                self.pointwise(part.shape, text, {array.name: "?"})
            case Join(parts=parts):
                offset = 0
                for part in map(self.plain, parts):
                    shape = (*array.shape[:-1], part.shape[-1])
                    inner = _indices(shape)
                    target = [*inner[:-1], f"{offset} + {inner[-1]}"]
                    text = f"{self.place(array, target)} = {self.aligned(part, inner)}"
                    self.pointwise(shape, text, {array.name: "?"})
                    offset += part.shape[-1]
            case _:
                self.assign_to(array, self.plain(expr))

    def assign_to(self, array: Array, simple: Expr) -> None:
        """array = simple, element by element."""
        at = _indices(array.shape)
        text = f"{self.place(array, at)} = {self.aligned(simple, at)}"
        self.pointwise(array.shape, text, {array.name: _flat(array.shape, at)})
        if any(a in self.late for a in _arrays(simple)):
            self.late.add(array)

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
            case Spread(inner, shape):
                return Spread(self.plain(inner), shape)
            case Turned(inner):
                return Turned(self.plain(inner))
            case Slice(inner, start, step, count):
                return Slice(self.plain(inner), start, step, count)
            case Take(inner, name, indices):
                return Take(self.plain(inner), name, indices)
        raise AssertionError(expr)

    # ── loop nests ───────────────────────────────────────────────────────────────────────────

    def pointwise(self, shape: Shape, statement: str, writes: dict[str, str]) -> None:
        """One statement for each element of `shape`."""
        self.add(shape, [("body", [statement])], writes)

    def add(self, shape: Shape, parts: list[tuple[str, list[str]]], writes: dict[str, str]) -> None:
        """Append to the current nest if that changes nothing, else begin a new one.

        `self.reads` has collected what the parts read.
        """
        nest = self.nest
        reads, self.reads = self.reads, set()
        features = tuple(s for s in shape if s != ROWS)
        rowwise = ROWS in shape or any(kind == "rows" for kind, _ in parts)
        names = {array.name for array in self.late}
        late = not rowwise and any(name in names for name, _ in reads)
        fits = nest is not None and nest.shape == features
        fits = fits and self.rowwise == rowwise and self.nest_late == late
        if fits and nest is not None:
            fits = all(nest.written.get(name, at) == at != "?" for name, at in reads)
            fits = fits and "?" not in nest.written.values() and "?" not in writes.values()
        if not fits or nest is None:
            self.flush()
            nest = self.nest = _Nest(features)
            self.rowwise = rowwise
            self.nest_late = late
        nest.parts += parts
        nest.written |= writes

    def flush(self) -> None:
        """Write the current nest out."""
        nest, self.nest = self.nest, None
        if nest is None:
            return
        lines: list[str] = []
        depth = 0
        for k, size in enumerate(nest.shape):
            if size != 1:
                lines.append("    " * depth + f"for i{k} in range({size}):")
                depth += 1
        pad = "    " * depth
        open_rows = False
        firsts = [part for part in nest.parts if part[0] == "first"]
        for kind, part in firsts + [part for part in nest.parts if part[0] != "first"]:
            if kind == "body" and self.rowwise:
                if not open_rows:
                    lines.append(f"{pad}for r in range(n):")
                lines += [f"{pad}    {line}" for line in part]
                open_rows = True
            else:
                lines += [pad + line for line in part]
                open_rows = False
        if self.rowwise:
            self.block += lines
        elif self.nest_late:
            self.after += lines
        else:
            self.before += lines

    def product(self, array: Array, product: Product) -> None:
        """left @ right, four columns of the result and four factors of each at a time."""
        left, right = self.plain(product.left), self.plain(product.right)
        if left.shape[-1] == ROWS:
            self.outer(array, left, right)
            return
        rows = ROWS in array.shape
        *row, _ = _indices(array.shape)
        loop = "for r in range(n): " if rows else ""
        lines: list[str] = []
        for j, columns, wide in _blocks("j", array.shape[-1], TILE):
            depth = "    " * (wide > 1)
            lines += [f"for j in range({columns}):"] if wide > 1 else []
            targets = [self.place(array, [*row, index]) for index in j]
            lines += [f"{depth}{loop}{target} = 0.0" for target in targets]
            for k, factors, long in _blocks("k", left.shape[-1], TILE if len(j) > 1 else 2 * TILE):
                deeper = depth + "    " * (long > 1)
                lines += [f"{depth}for k in range({factors}):"] if long > 1 else []
                body = self.tile(left, right, row, j, k, targets, rows)
                lines += [deeper + line for line in body]
        if not rows and any(a in self.late for e in (left, right) for a in _arrays(e)):
            self.late.add(array)
        self.add(array.shape[:-1], [("rows" if rows else "body", lines)], {array.name: "?"})

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
            where.append(f"{name} = {self.aligned(expr, index)}")
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
        self.late.add(array)
        self.before.append(f"{array.name}[:] = 0.0")
        merged = max(_merged(e) for e in (*walk(left), *walk(right)))
        loops = [("q", merged)] if merged > 1 else []
        *ahead, height, width = array.shape
        at = _indices(tuple(ahead))
        lines: list[str] = []
        for j, above, wide in _blocks("j", height, TILE):
            depth = "    " * (wide > 1)
            lines += [f"for j in range({above}):"] if wide > 1 else []
            for k, columns, long in _blocks("k", width, TILE if len(j) > 1 else 2 * TILE):
                deeper = depth + "    " * (long > 1)
                lines += [f"{depth}for k in range({columns}):"] if long > 1 else []
                pairs = [(a, b) for a in range(len(j)) for b in range(len(k))]
                inner = [f"u{a} = {self.aligned(left, [*at, i, 'r'])}" for a, i in enumerate(j)]
                inner += [f"v{b} = {self.aligned(right, [*at, 'r', i])}" for b, i in enumerate(k)]
                inner += [f"s{a}{b} += u{a} * v{b}" for a, b in pairs]
                body = [f"s{a}{b} = 0.0" for a, b in pairs]
                body += _nested(loops, ["for r in range(n):", *(f"    {i}" for i in inner)])
                body += [f"{self.place(array, [*at, j[a], k[b]])} += s{a}{b}" for a, b in pairs]
                lines += [deeper + line for line in body]
        self.add(tuple(ahead), [("rows", lines)], {})

    def sum(self, array: Array, summed: Expr, axes: tuple[int, ...], keep: bool) -> None:
        """A sum over rows, features or both."""
        full = _indices(summed.shape, "s")
        left = [k for k in range(len(summed.shape)) if keep or k not in axes]
        at = _indices(array.shape)
        own = dict(zip(left, at, strict=True))
        index = [full[k] if k in axes else own[k] for k in range(len(summed.shape))]
        inner = [(full[k], summed.shape[k]) for k in axes if summed.shape[k] != ROWS]
        over_rows = ROWS in [summed.shape[k] for k in axes]
        merged = max(_merged(e) for e in walk(summed))
        inner += [("q", merged)] if merged > 1 else []
        text = self.aligned(summed, index)
        target = self.place(array, at)
        if over_rows:
            self.late.add(array)
            self.before.append(f"{array.name}[:] = 0.0")
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
            self.add((*array.shape, ROWS), parts, {})
            return
        rows = ROWS in array.shape
        loop = "for r in range(n): " if rows else ""
        lines = [f"{loop}{target} = 0.0", *_nested(inner, [f"{loop}{target} += {text}"])]
        if any(a in self.late for a in _arrays(summed)):
            self.late.add(array)
        kind = "rows" if rows else "body"
        self.add(array.shape, [(kind, lines)], {array.name: _flat(array.shape, at)})

    def fold(self, array: Array, fold: Fold) -> None:
        """A formula with reductions along a row: each runs through the row in its passes."""
        arguments = {k: self.plain(v) for k, v in fold.arguments.items()}
        rows = ROWS in array.shape
        loop = "for r in range(n): " if rows else ""
        at = _indices(array.shape)
        outer = at[:-1] if fold.keep else at
        one = {k: self.aligned(v, [*outer, "0"] if len(v.shape) > len(outer) else at)
               for k, v in arguments.items() if k not in fold.formula.rows}  # fmt: skip
        each = {k: self.aligned(v, [*outer, "k"]) for k, v in arguments.items()
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
        lines.append(f"{loop}{self.place(array, at)} = {final}")
        if any(a in self.late for v in arguments.values() for a in _arrays(v)):
            self.late.add(array)
        kind = "rows" if rows else "body"
        self.add(array.shape, [(kind, lines)], {array.name: _flat(array.shape, at)})

    def gathered(self, array: Array, expr: Gathered) -> None:
        """Each element is a sum of picked ones; an index past the end adds nothing."""
        source = self.plain(expr.array)
        at = _indices(array.shape)
        rows = ROWS in array.shape
        count = expr.sources.shape[1]
        table = self.table(expr.name, expr.sources)
        picked_shape = source.shape[len(source.shape) - expr.axes :]
        end = int(np.prod(picked_shape))
        inner = _unflat("g", picked_shape)
        value = self.aligned(source, [*at[:-1], *inner])
        target = self.place(array, at)
        loop = "for r in range(n): " if rows else ""
        lines = [
            f"{loop}{target} = 0.0",
            f"for k in range({count}):",
            f"    g = {table}[{count} * ({at[-1]}) + k]",
            f"    if g < {end}:",
            f"        {loop}{target} += {value}",
        ]
        if any(a in self.late for a in _arrays(source)):
            self.late.add(array)
        kind = "rows" if rows else "body"
        self.add(array.shape, [(kind, lines)], {array.name: _flat(array.shape, at)})

    # ── the text of one element ──────────────────────────────────────────────────────────────

    def table(self, name: str, values: NDArray[np.generic]) -> str:
        """A constant array as a flat global."""
        flat = np.ascontiguousarray(values).reshape(-1)
        key = f"{name}_flat"
        while key in self.tables and not np.array_equal(self.tables[key], flat):
            key += "_"
        self.tables[key] = flat
        return key

    def place(self, array: Array, at: Sequence[str]) -> str:
        """Where an element of a variable is."""
        window = self.windows.get(array)
        if window is not None:
            return self.element(window, at)
        flat = _flat(array.shape, at)
        self.reads.add((array.name, flat))
        return f"{array.name}[{flat}, r]" if array.rows else f"{array.name}[{flat}]"

    def aligned(self, expr: Expr, at: Sequence[str]) -> str:
        """`element` for an index of a shape that `expr` broadcasts to."""
        index = list(at[len(at) - len(expr.shape) :]) if expr.shape else []
        return self.element(
            expr, ["0" if s == 1 else i for s, i in zip(expr.shape, index, strict=True)]
        )

    def element(self, expr: Expr, at: Sequence[str]) -> str:
        """The element of `expr` at an index ("r" along the rows), as Python source."""
        match expr:
            case Ref(array):
                return self.place(array, at)
            case Number(value):
                return repr(value)
            case Table(name, values):
                return f"{self.table(name, values)}[{_flat(values.shape, at)}]"
            case View(offset, shape, strides):
                steps = [
                    f"{stride} * ({i})" if stride != 1 else f"{i}"
                    for i, stride, size in zip(at, strides, shape, strict=True)
                    if size != 1
                ]
                return f"theta[{' + '.join([str(offset), *steps])}]"
            case Picked(name, indices):
                return f"theta[{self.table(name, indices)}[{_flat(indices.shape, at)}]]"
            case Apply(formula, arguments):
                names = {k: self.aligned(v, at) for k, v in arguments.items()}
                return f"({formula.python(**names)})"
            case Term(coefficient, per_row, factors, divisors):
                parts = [self.aligned(f, at) for f in factors]
                if coefficient != 1.0 or not parts:
                    parts.insert(0, repr(coefficient))
                parts += ["E"] * max(per_row, 0)
                below = [self.aligned(d, at) for d in divisors] + ["E"] * max(-per_row, 0)
                text = " * ".join(parts)
                if below:
                    text = f"{text} / ({' * '.join(below)})"
                return f"({text})"
            case Total(terms, coefficient, per_row):
                text = " + ".join(self.aligned(t, at) for t in terms)
                scale = f" * {coefficient!r}" if coefficient != 1.0 else ""
                scale += " * E" * max(per_row, 0) + " / E" * max(-per_row, 0)
                return f"(({text}){scale})" if scale else f"({text})"
            case Turned(array):
                *ahead, i, j = at
                return self.element(array, [*ahead, j, i])
            case Reshape(array, shape):
                if expr.shape == array.shape:
                    return self.element(array, at)
                features = tuple(s for s in array.shape if s != ROWS)
                flat = _flat(shape, at)
                if merged := _merged(expr):
                    flat = f"q * {_count(shape)} + {flat}" if merged > 1 else flat
                inner = _unflat(flat, features)
                return self.element(array, ["r", *inner] if ROWS in array.shape else inner)
            case Slice(array, start, step, _):
                last = f"{start} + {step} * ({at[-1]})" if step != 1 else f"{start} + {at[-1]}"
                return self.element(array, [*at[:-1], last])
            case Take(array, name, indices):
                cut = len(at) - indices.ndim
                picked = f"{self.table(name, indices)}[{_flat(indices.shape, at[cut:])}]"
                return self.element(array, [*at[:cut], picked])
            case Spread(array, _):
                return self.aligned(array, at)
        raise AssertionError(expr)


# ── indices as text ──────────────────────────────────────────────────────────────────────────


def _indices(shape: Shape, letter: str = "i") -> list[str]:
    """Names of the loop variables for each axis; "r" along the rows."""
    names, k = [], 0
    for size in shape:
        if size == ROWS:
            names.append("r")
        else:
            names.append(f"{letter}{k}" if size != 1 else "0")
            k += 1
    return names


def _flat(shape: Shape, at: Sequence[str]) -> str:
    """The position in row-major order, rows left out."""
    text = ""
    for size, index in zip(shape, at, strict=True):
        if size == ROWS:
            continue
        text = f"({text}) * {size} + {index}" if text not in ("", "0") else index
    return text or "0"


def _unflat(flat: str, shape: Shape) -> list[str]:
    """The index of each axis from a position in row-major order."""
    if len(shape) == 1:
        return [flat]
    index, below = [], 1
    for k, size in reversed(list(enumerate(shape))):
        text = f"({flat}) // {below}" if below > 1 else f"({flat})"
        index.append(f"{text} % {size}" if k else text)
        below *= size
    return index[::-1]


def _count(shape: Shape) -> int:
    """How many elements, rows not counted."""
    return int(np.prod([s for s in shape if s != ROWS], dtype=int))


def _merged(expr: Expr) -> int:
    """How many positions per example a reshape has merged into the axis of rows (1: none)."""
    if not isinstance(expr, Reshape) or ROWS not in expr.shape:
        return 1
    return _count(expr.array.shape) // _count(expr.shape)


def _blocks(name: str, size: int, width: int) -> list[tuple[list[str], str, int]]:
    """Cut range(size) into blocks of `width` and a rest: for each (the indices of one block, the
    range of `name` that repeats it, how often).

    >>> _blocks("k", 10, 4)
    [(['k + 0', 'k + 1', 'k + 2', 'k + 3'], '0, 8, 4', 2), (['8', '9'], '8, 10, 2', 1)]
    """
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


def _arrays(expr: Expr) -> list[Array]:
    return [e.array for e in walk(expr) if isinstance(e, Ref)]


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
