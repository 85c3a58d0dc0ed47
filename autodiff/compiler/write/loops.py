"""The array program as plain loops over numbers: for reading, and for a compiler such as LLVM's.

    for r in range(E):                      each example by itself,
        for i in range(16):                 each neuron of a layer,
            s1 = 0.0
            for k in range(2):              the sum over its inputs
                s1 += X[2 * r + k] * theta[2 * i + k]
            A1[i] = s1 + theta[32 + i] if ...

Every array is a flat list. One that is assigned to inside the loop over the examples belongs to
the example at hand; one that is only added to there (`J`, `grad`) is a sum over all of them. What
does not depend on the data is computed before that loop, what needs such a sum after it. The text
is Python that runs by itself, in the few words that `llvm.emit` understands.

Assignments with the same loops share them, and what nobody else needs becomes a plain name.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

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
    Where,
    arrays_in,
    resized,
    walk,
)
from .elements import Elements, flattened, indices, merged_rows, name_of, plus, times, unflat

# these are computed first, into an array of their own
HEAVY: Final = (Product, Sum, Reduce, Gathered, Scatter, Concatenate)
_INDEXED: Final = re.compile(r"\b(\w+)\[")
SEVERAL: Final = "several"  # instead of an index: more than one element is written in a turn

_SAYS: Final = {
    "gradient": "# Returns the mean loss of the E examples and fills grad with its gradient.\n"
    "# check is 0, or NaN if a number of the gradient is not finite: 0 * inf is NaN.\n",
    "outputs": "# Fills out with the outputs for each of the E examples.\n",
}


def loops_source(function: Function, loss: bool = True) -> str:
    """The text of a module that defines ``gradient(theta, X, ..., grad)``, which fills grad and
    returns J, or with loss=False ``outputs(theta, X, ..., out)``, which fills out."""
    return _Writer(function, loss).text()


@dataclass
class _Nest:
    """Loops over the features of an array, and what is done in them."""

    section: str  # "before", "rows" or "after"
    shape: Shape
    lines: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)  # name -> at which index

    def text(self) -> list[str]:
        loops = [(i, s) for i, s in zip(indices(self.shape), self.shape, strict=True) if i != "0"]
        return _nested(loops, self.lines)


class _Writer:
    def __init__(self, function: Function, loss: bool) -> None:
        self.function = function
        self.loss = loss
        self.elements = Elements(function)
        self.nests: list[_Nest] = []
        self.sizes: dict[str, int] = {}  # of the arrays that there are
        self.sums: set[str] = set()  # those that are sums over rows
        self.late: set[Array] = set()  # known only when all rows have been seen
        self.temporaries = 0
        self.taken = {a.array.name for a in [*function.forward, *function.backward]}

    # ── the whole text ───────────────────────────────────────────────────────────────────────

    def text(self) -> str:
        function = self.function
        if self.loss:
            self.find_homes()
        for assign in function.forward:
            self.assign(assign.array, assign.expr)
        if self.loss:
            self.cost()
            for assign in function.backward:
                self.assign(assign.array, assign.expr)
            self.gradient()
        else:
            self.outputs()
        self.shorten()
        first = function.inputs[0]
        names = ", ".join(name_of(a) for a in function.inputs)
        width = f" // {first.size}" if first.size != 1 else ""
        body = [f"E = len({name_of(first)}){width}"]
        body += [f"{name} = [0.0] * {size}" for name, size in self.sizes.items()]
        if self.loss:
            body += ["J = 0.0", f"for p in range({function.theta_size}):", "    grad[p] = 0.0"]
        body += self.section("before")
        if rows := self.section("rows"):
            body += ["for r in range(E):", *(f"    {line}" for line in rows)]
        body += self.section("after")
        if self.loss:
            body += ["check = 0.0", f"for p in range({function.theta_size}):"]
            body += ["    check += 0.0 * grad[p]", "return J / E + check"]
        name, target = ("gradient", "grad") if self.loss else ("outputs", "out")
        code = "\n".join(f"    {line}" for line in body)
        code = f"def {name}(theta, {names}, {target}):\n{code}\n"
        code = ast.unparse(ast.parse(code))  # fewer parentheses
        return f"{self.head(code)}\n\n{_SAYS[name]}{code}\n"

    def head(self, code: str) -> str:
        """Imports, helpers and constant arrays."""
        helpers = "".join(
            f"\n\n{_source(name)}"
            for name, atom in ATOMS.items()
            if inspect.isfunction(atom.python) and not atom.row and re.search(rf"\b{name}\(", code)
        )
        tables = "\n".join(f"{k} = {v.tolist()}" for k, v in self.elements.tables.items())
        imports = "import math\nfrom math import *\n" if helpers else "from math import *\n"
        return imports + helpers + (f"\n\n{tables}\n" if tables else "")

    def section(self, name: str) -> list[str]:
        return [line for nest in self.nests if nest.section == name for line in nest.text()]

    def shorten(self) -> None:
        """Arrays that one nest alone uses, always the same element in a turn, become names."""
        users: dict[str, set[int]] = {}
        other: set[str] = set()  # elements besides the one that is written are used
        for number, nest in enumerate(self.nests):
            for line in nest.lines:
                for found in _INDEXED.finditer(line):
                    users.setdefault(found[1], set()).add(number)
                    at = nest.written.get(found[1], SEVERAL)
                    if not line.startswith(f"{at}]", found.end()):
                        other.add(found[1])
        short = {name for name in self.sizes if name not in self.sums | other}
        short = {name for name in short if len(users.get(name, ())) == 1}
        for nest in self.nests:
            own = {name: nest.written[name] for name in short.intersection(nest.written)}
            lines = [_unindexed(line, own) for line in nest.lines]
            matches = (re.fullmatch(r"(\w+) = (s\d+)", line) for line in lines)
            names = {m[2]: m[1] for m in matches if m and m[1] in own}  # a sum takes its name
            lines = [line for line in lines if not _is_alias(line, names)]
            nest.lines = [_renamed(line, names) for line in lines]
        for name in short:
            del self.sizes[name]

    def find_homes(self) -> None:
        """A sum over rows that is part of the gradient, and nothing else, is taken in place."""
        function = self.function
        used = [a.expr for a in function.backward] + [adjoint for _, adjoint in function.gradient]
        uses = [array for expr in used for array in arrays_in(expr)]
        sums = {a.array for a in function.backward if _over_rows(a.expr)}
        for parameter, adjoint in function.gradient:
            if (
                isinstance(adjoint, Ref)
                and adjoint.array in sums
                and uses.count(adjoint.array) == 1
            ):
                self.elements.homes[adjoint.array] = "grad", parameter.expr

    def cost(self) -> None:
        """J, or what a row adds to it."""
        output = self.plain(self.function.output)
        rows = output.shape[:1] == (ROWS,)
        at = ["r", "0"][-len(output.shape) :] if rows else ["0"] * len(output.shape)
        value = self.elements.element(output, at)
        if rows:
            self.nest((), [f"J += {value}"], {}, "rows")
        else:
            self.nest((), [f"J = E * {value}"], {}, "after" if self.waits(output) else "before")

    def gradient(self) -> None:
        """Where the adjoints go that are not there yet."""
        for parameter, adjoint in self.function.gradient:
            if isinstance(adjoint, Ref) and self.elements.homes.get(adjoint.array, "")[:1] == (
                "grad",
            ):
                continue
            simple = self.plain(adjoint)
            at = indices(parameter.array.shape)
            place = self.elements.element(parameter.expr, at, "grad")
            text = f"{place} += {self.elements.aligned(simple, at)}"
            section = self.section_of(parameter.array, simple)
            self.nest(parameter.array.shape, [text], {}, section)

    def outputs(self) -> None:
        """Where the outputs go."""
        output = self.plain(self.function.output)
        size = output.shape[-1]
        at = indices(output.shape)
        value = self.elements.element(output, at)
        self.elements.reads.clear()
        line = f"out[{plus(times(size, 'r'), at[-1])}] = {value}"
        self.nests.append(_Nest("rows", output.shape[-1:], [line]))

    # ── nests ────────────────────────────────────────────────────────────────────────────────

    def nest(
        self, shape: Shape, lines: Sequence[str], writes: dict[str, str], section: str
    ) -> None:
        """Do something for each element of `shape`, in a nest that there is if that changes
        nothing."""
        reads, self.elements.reads = self.elements.reads, set()
        features = tuple(s for s in shape if s not in (ROWS, 1))
        nest = self.fitting(features, reads, writes, section)
        if nest is None:
            nest = _Nest(section, features)
            self.nests.append(nest)
        nest.lines += lines
        nest.written |= writes

    def fitting(
        self, shape: Shape, reads: set[tuple[str, str]], writes: dict[str, str], section: str
    ) -> _Nest | None:
        """A nest with these loops that what reads and writes so can be appended to."""
        touched = {name for name, _ in reads} | set(writes)
        for nest in reversed([nest for nest in self.nests if nest.section == section]):
            if (
                nest.shape == shape
                and all(nest.written.get(name, at) == at for name, at in reads)
                and SEVERAL not in [*nest.written.values(), *writes.values()]
            ):
                return nest
            if not touched.isdisjoint(nest.written):
                break  # it must not come before this one
        return None

    def section_of(self, array: Array, *uses: Expr) -> str:
        """Where an array is computed: for each row, or before all of them, or after."""
        return "rows" if array.rows else "after" if self.waits(*uses) else "before"

    def define(
        self, array: Array, lines: Sequence[str], *uses: Expr, part: Shape | None = None
    ) -> None:
        """`lines` give each element of the array its value, or each of a part of that shape."""
        section = self.section_of(array, *uses)
        if section == "after":
            self.late.add(array)
        at = SEVERAL if part is not None else flattened(array.shape, indices(array.shape))
        shape = array.shape if part is None else part
        self.nest(shape, lines, {name_of(array): at}, section)

    def waits(self, *exprs: Expr) -> bool:
        """Is any of them known only when all rows have been seen?"""
        return any(e.array in self.late for x in exprs for e in walk(x) if isinstance(e, Ref))

    def total(self, array: Array, lines: Sequence[str]) -> None:
        """`lines` add what one row gives to each element of the array."""
        self.late.add(array)
        self.sums.add(name_of(array))
        self.nest(array.shape, lines, {}, "rows")

    # ── one assignment ───────────────────────────────────────────────────────────────────────

    def assign(self, array: Array, expr: Expr) -> None:
        """array = expr."""
        if array not in self.elements.homes:
            self.sizes[name_of(array)] = array.size
        at = indices(array.shape)
        match expr:
            case Term(1.0, 0, (factor,), ()) if factor.shape == array.shape:
                self.assign(array, factor)
            case Product():
                self.product(array, expr)
            case Sum(array=summed, axes=axes):
                self.sum(array, self.plain(summed), axes, expr.keep)
            case Reduce():
                self.fold(array, expr)
            case Gathered():
                self.gathered(array, expr)
            case Scatter(array=placed, start=start, step=step, axis=axis):
                part = self.plain(placed)
                self.define(array, [f"{self.target(array)} = 0.0"], part, part=array.shape)
                self.put(array, part, part.shape, axis, start, step)
            case Concatenate(parts=parts, axis=axis):
                start = 0
                for part in map(self.plain, parts):
                    size = part.shape[axis - len(array.shape)]
                    self.put(array, part, resized(array.shape, axis, size), axis, start)
                    start += size
            case _:
                simple = self.plain(expr)
                line = f"{self.target(array)} = {self.elements.aligned(simple, at)}"
                self.define(array, [line], simple)

    def put(
        self, array: Array, part: Expr, shape: Shape, axis: int, start: int, step: int = 1
    ) -> None:
        """A part of the array, of this shape, along an axis."""
        at = indices(shape)
        value = self.elements.aligned(part, at)
        place = plus(str(start), times(step, at[axis]))
        target = self.target(array, [*at[:axis], place, *at[axis + 1 :]])
        self.define(array, [f"{target} = {value}"], part, part=shape)

    def plain(self, expr: Expr) -> Expr:
        """`expr` with everything heavy inside it replaced by arrays that are computed first."""
        if isinstance(expr, HEAVY):
            array = Array(self.local("t"), expr.shape)
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
            case Transpose(inner, order):
                return Transpose(self.plain(inner), order)
            case Where(mask, inner, value):
                return Where(mask, self.plain(inner), value)
            case Slice(inner, start, step, count, axis):
                return Slice(self.plain(inner), start, step, count, axis)
            case Take(inner, name, indices):
                return Take(self.plain(inner), name, indices)
        raise AssertionError(expr)

    def target(self, array: Array, at: Sequence[str] | None = None) -> str:
        """Where an element of the array is written."""
        reads = set(self.elements.reads)
        place = self.elements.place(array, at or indices(array.shape))
        self.elements.reads = reads
        return place

    def local(self, letter: str = "s") -> str:
        """A name for a sum that is being taken, or for an array on the way."""
        self.temporaries += 1
        name = f"{letter}{self.temporaries}"
        return self.local(letter) if name in self.taken else name

    def summed(self, array: Array, loops: list[tuple[str, int]], value: str, *uses: Expr) -> None:
        """Each element is the sum of `value` over some loops."""
        target = self.target(array)
        if not loops:
            self.define(array, [f"{target} = {value}"], *uses)
            return
        s = self.local()
        lines = [f"{s} = 0.0", *_nested(loops, [f"{s} += {value}"]), f"{target} = {s}"]
        self.define(array, lines, *uses)

    def summed_over_rows(self, array: Array, loops: list[tuple[str, int]], value: str) -> None:
        """Each element is the sum of `value` over the rows, and over some loops in each."""
        target = self.target(array)
        lines = [f"{target} += {value}"]
        if loops:
            s = self.local()
            lines = [f"{s} = 0.0", *_nested(loops, [f"{s} += {value}"]), f"{target} += {s}"]
        self.total(array, lines)

    def product(self, array: Array, product: Product) -> None:
        """left @ right."""
        left, right = self.plain(product.left), self.plain(product.right)
        *ahead, i, j = ["", *indices(array.shape)][-max(2, len(array.shape)) :]
        over_rows, size = left.shape[-1] == ROWS, left.shape[-1]
        k = "r" if over_rows else "k" if size != 1 else "0"
        u = self.elements.aligned(left, [*ahead, i, k])
        v = self.elements.aligned(right, [*ahead, k, j])
        if over_rows:
            merged = max(merged_rows(e) for e in (*walk(left), *walk(right)))
            self.summed_over_rows(array, [("q", merged)] if merged > 1 else [], f"{u} * {v}")
        else:
            self.summed(array, [(k, size)] if size != 1 else [], f"{u} * {v}", left, right)

    def sum(self, array: Array, summed: Expr, axes: tuple[int, ...], keep: bool) -> None:
        """A sum over rows, features or both."""
        left = [k for k in range(len(summed.shape)) if keep or k not in axes]
        index = dict(zip(left, indices(array.shape), strict=True))
        loops: list[tuple[str, int]] = []
        for k in axes:
            if summed.shape[k] == ROWS:
                index[k] = "r"
            elif summed.shape[k] == 1:
                index[k] = "0"
            else:
                index[k] = f"k{len(loops)}" if loops else "k"
                loops.append((index[k], summed.shape[k]))
        merged = max(merged_rows(e) for e in walk(summed))
        loops += [("q", merged)] if merged > 1 else []
        value = self.elements.aligned(summed, [index[k] for k in range(len(summed.shape))])
        if ROWS in [summed.shape[k] for k in axes]:
            self.summed_over_rows(array, loops, value)
        else:
            self.summed(array, loops, value, summed)

    def fold(self, array: Array, fold: Reduce) -> None:
        """A formula with reductions along a row: each runs through the row in its passes."""
        arguments = {k: self.plain(v) for k, v in fold.arguments.items()}
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
            locals_: dict[str, str] = {}
            for name, initial, step in atom.passes:
                s = locals_[name] = self.local()
                text = Formula(step, ("a", *locals_)).python(a=f"({element})", **locals_)
                lines.append(f"{s} = {initial}")
                lines += _nested([("k", fold.n)], [f"{s} = {text}"])
            finish = Formula(atom.finish, tuple(locals_)).python(**locals_)
            results[f"result{number}"] = f"({finish})"

        class Put(ast.NodeTransformer):
            def visit_Call(self, node: ast.Call) -> ast.expr:
                if node in calls:
                    return ast.Name(f"result{calls.index(node)}")
                return self.generic_visit(node)  # type: ignore[return-value]

        rest = ast.unparse(Put().visit(tree))
        final = Formula(rest, (*fold.formula.inputs, *results)).python(**names, **results)
        target = self.target(array)
        self.define(array, [*lines, f"{target} = {final}"], *arguments.values())

    def gathered(self, array: Array, expr: Gathered) -> None:
        """Each element is a sum of picked ones: a list of them all, and where each one's begin."""
        source = self.plain(expr.array)
        at = indices(array.shape)
        picked = source.shape[len(source.shape) - expr.axes :]
        real = expr.sources < int(np.prod(picked))  # an index past the end stands for 0
        begin = self.elements.table(f"{expr.name}_begin", np.append(0, real.sum(axis=1).cumsum()))
        chosen = self.elements.table(expr.name, expr.sources[real])
        inner = unflat(f"{chosen}[k]", picked)
        value = self.elements.aligned(source, [*at[:-1], *inner])
        s = self.local()
        target = self.target(array)
        loop = f"for k in range({begin}[{at[-1]}], {begin}[{plus(at[-1], '1')}]):"
        lines = [f"{s} = 0.0", loop, f"    {s} += {value}", f"{target} = {s}"]
        self.define(array, lines, source)


def _unindexed(line: str, places: dict[str, str]) -> str:
    """The line with plain names for these elements.

    >>> _unindexed("A[i] = dA[i] * A[i + 1]", {"A": "i", "dA": "i"})
    'A = dA * A[i + 1]'
    """
    text, position = "", 0
    for found in _INDEXED.finditer(line):
        at = places.get(found[1])
        if at is not None and line.startswith(f"{at}]", found.end()):
            text += line[position : found.end() - 1]
            position = found.end() + len(at) + 1
    return text + line[position:]


def _renamed(line: str, names: dict[str, str]) -> str:
    return re.sub(r"\bs\d+\b", lambda m: names.get(m[0], m[0]), line)


def _is_alias(line: str, names: dict[str, str]) -> bool:
    """Does the line say just that a name is a sum?"""
    name, _, value = line.partition(" = ")
    return names.get(value) == name


def _nested(loops: Sequence[tuple[str, int]], body: Sequence[str]) -> list[str]:
    lines: list[str] = []
    for depth, (name, size) in enumerate(loops):
        lines.append("    " * depth + f"for {name} in range({size}):")
    return lines + ["    " * len(loops) + line for line in body]


def _source(atom: str) -> str:
    """The definition of a function that Python has not built in, without its docstring."""
    tree = ast.parse(inspect.getsource(ATOMS[atom].python))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:]
    return ast.unparse(tree)


def _is_row_atom(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and ATOMS[call.func.id].row


def _over_rows(expr: Expr) -> bool:
    match expr:
        case Term(1.0, 0, (factor,), ()) if factor.shape == expr.shape:
            return _over_rows(factor)
        case Sum(array=summed, axes=axes):
            return ROWS in [summed.shape[k] for k in axes]
        case Product(left=left):
            return left.shape[-1] == ROWS
    return False
