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
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ...formula.atoms import ATOMS
from ...formula.grammar import Formula
from ..ir import (
    ROWS,
    Array,
    Collected,
    Concatenate,
    Expr,
    Function,
    Gathered,
    Product,
    Reduce,
    Ref,
    Scatter,
    Shape,
    Sum,
    Term,
    Total,
    arrays_in,
    is_view,
    resized,
    walk,
)
from .elements import Elements, indices, merged_rows, name_of, plus, times, unflat, whole
from .nests import SEVERAL, Nests, nested

# these are computed first, into an array of their own
HEAVY: Final = (Product, Sum, Reduce, Gathered, Scatter, Concatenate)

SAYS: Final = {
    "gradient": "Returns the mean loss of the E examples and fills grad with its gradient.\n"
    "check is 0, or NaN if a number of the gradient is not finite: 0 * inf is NaN.",
    "outputs": "Fills out with the outputs for each of the E examples.",
}


def loops_source(function: Function, loss: bool = True, readable: bool = True) -> str:
    """The text of a module that defines ``gradient(theta, X, ..., grad)``, which fills grad and
    returns J, or with loss=False ``outputs(theta, X, ..., out)``, which fills out. A machine
    does without what makes it `readable`, fewer parentheses."""
    return _Writer(function, loss).text(readable)


class _Writer:
    def __init__(self, function: Function, loss: bool) -> None:
        self.function = function
        self.loss = loss
        self.elements = Elements(function)
        self.nests = Nests(self.elements)
        self.temporaries = 0
        self.taken = {a.array.name for a in [*function.forward, *function.backward]}

    # ── the whole text ───────────────────────────────────────────────────────────────────────

    def text(self, readable: bool) -> str:
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
        self.nests.shorten()
        rows = self.nests.rolled_rows()
        first = function.inputs[0]
        names = ", ".join(name_of(a) for a in function.inputs)
        width = f" // {first.size}" if first.size != 1 else ""
        body = [f"E = len({name_of(first)}){width}"]
        body += [f"{name} = [0.0] * {size}" for name, size in self.nests.sizes.items()]
        if self.loss:
            body += ["J = 0.0", f"for p in range({function.theta_size}):", "    grad[p] = 0.0"]
        body += self.nests.section("before")
        if rows:
            body += ["for r in range(E):", *(f"    {line}" for line in rows)]
        body += self.nests.section("after")
        if self.loss:
            body += ["check = 0.0", f"for p in range({function.theta_size}):"]
            body += ["    check += 0.0 * grad[p]", "return J / E + check"]
        name, target = ("gradient", "grad") if self.loss else ("outputs", "out")
        code = "\n".join(f"    {line}" for line in body)
        code = f"def {name}(theta, {names}, {target}):\n{code}\n"
        code = ast.unparse(ast.parse(code)) if readable else code
        return f"{self.head(code)}\n\n{textwrap.indent(SAYS[name], '# ')}\n{code}\n"

    def head(self, code: str) -> str:
        """Imports, helpers and constant arrays."""
        functions = [(name, atom.python) for name, atom in ATOMS.items() if not atom.row]
        functions += [("whole", whole)]
        helpers = "".join(
            f"\n\n{_source(function)}"
            for name, function in functions
            if inspect.isfunction(function) and re.search(rf"\b{name}\(", code)
        )
        tables = "\n".join(f"{k} = {v.tolist()}" for k, v in self.elements.tables.items())
        imports = "import math\nfrom math import *\n" if helpers else "from math import *\n"
        return imports + helpers + (f"\n\n{tables}\n" if tables else "")

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
            self.nests.add((), [f"J += {value}"], {}, "rows")
        else:
            self.nests.add(
                (), [f"J = E * {value}"], {}, "after" if self.nests.waits(output) else "before"
            )

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
            section = self.nests.section_of(parameter.array, simple)
            self.nests.add(parameter.array.shape, [text], {}, section)

    def outputs(self) -> None:
        """Where the outputs go."""
        output = self.plain(self.function.output)
        size = output.shape[-1]
        at = indices(output.shape)
        value = self.elements.element(output, at)
        line = f"out[{plus(times(size, 'r'), at[-1])}] = {value}"
        self.nests.add(output.shape, [line], {"out": SEVERAL}, "rows")

    # ── one assignment ───────────────────────────────────────────────────────────────────────

    def assign(self, array: Array, expr: Expr) -> None:
        """array = expr."""
        if is_view(expr):
            self.elements.homes[array] = "", expr
            if self.nests.waits(expr):
                self.nests.late.add(array)
            return
        if array not in self.elements.homes:
            self.nests.sizes[name_of(array)] = array.size
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
            case Collected():
                self.collected(array, expr)
            case Total() if len(over := [t for t in expr.terms if _adds_rows(t, expr)]) > 1:
                self.totals(array, expr, over)
            case Scatter(array=placed, start=start, step=step, axis=axis):
                part = self.plain(placed)
                self.nests.define(array, [f"{self.target(array)} = 0.0"], part, part=array.shape)
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
                self.nests.define(array, [line], simple)

    def put(
        self, array: Array, part: Expr, shape: Shape, axis: int, start: int, step: int = 1
    ) -> None:
        """A part of the array, of this shape, along an axis."""
        at = indices(shape)
        value = self.elements.aligned(part, at)
        place = plus(str(start), times(step, at[axis]))
        target = self.target(array, [*at[:axis], place, *at[axis + 1 :]])
        self.nests.define(array, [f"{target} = {value}"], part, part=shape)

    def plain(self, expr: Expr) -> Expr:
        """`expr` with everything heavy inside it replaced by arrays that are computed first."""
        if isinstance(expr, HEAVY):
            array = Array(self.local("t"), expr.shape)
            self.assign(array, expr)
            return Ref(array)
        if not any(isinstance(e, HEAVY) for e in walk(expr)):
            return expr
        return expr.mapped(self.plain)

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
            self.nests.define(array, [f"{target} = {value}"], *uses)
            return
        s = self.local()
        lines = [f"{s} = 0.0", *nested(loops, [f"{s} += {value}"]), f"{target} = {s}"]
        self.nests.define(array, lines, *uses)

    def summed_over_rows(self, array: Array, loops: list[tuple[str, int]], value: str) -> None:
        """Each element is the sum of `value` over the rows, and over some loops in each."""
        target = self.target(array)
        lines = [f"{target} += {value}"]
        if loops:
            s = self.local()
            lines = [f"{s} = 0.0", *nested(loops, [f"{s} += {value}"]), f"{target} += {s}"]
        self.nests.total(array, lines)

    def totals(self, array: Array, total: Total, over: list[Term]) -> None:
        """A sum of several sums over rows, and of other terms."""
        rest = [term for term in total.terms if term not in over]
        into = array
        if rest or total.coefficient != 1 or total.per_row:
            into = Array(self.local("t"), array.shape)
        for term in over:
            self.assign(into, term)
        if into is not array:
            terms = (Term(factors=(Ref(into),)), *rest)
            self.assign(array, Total(terms, total.coefficient, total.per_row))

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
                lines += nested([("k", fold.n)], [f"{s} = {text}"])
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
        self.nests.define(array, [*lines, f"{target} = {final}"], *arguments.values())

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
        self.nests.define(array, lines, source)

    def collected(self, array: Array, expr: Collected) -> None:
        """Every example adds to those elements that it picked."""
        source = self.plain(expr.array)
        at = indices(source.shape)
        value = self.elements.aligned(source, at)
        row = self.elements.picked(expr.at, at)
        target = self.target(array, [row, *at[len(expr.at.shape) :]])
        self.nests.total(array, [f"{target} += {value}"], source.shape)


def _source(function: Any) -> str:
    """The definition of a function that Python has not built in, without its docstring."""
    tree = ast.parse(inspect.getsource(function))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = node.body[1:]
    return ast.unparse(tree)


def _is_row_atom(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and ATOMS[call.func.id].row


def _adds_rows(term: Term, total: Total) -> bool:
    """Is it a sum over rows in the full shape?"""
    return term.shape == total.shape and _over_rows(term)


def _over_rows(expr: Expr) -> bool:
    match expr:
        case Term(1.0, 0, (factor,), ()) if factor.shape == expr.shape:
            return _over_rows(factor)
        case Sum(array=summed, axes=axes):
            return ROWS in [summed.shape[k] for k in axes]
        case Product(left=left):
            return left.shape[-1] == ROWS
        case Collected():
            return True
        case Total(terms, 1.0, 0):
            return all(_adds_rows(term, expr) for term in terms)
    return False
