"""The native backend: the loops of `loops.py`, compiled by Numba (the extra `native`)."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
import threading
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...formula.atoms import ATOMS, CONSTANTS
from ..ir import Function
from .backends import Unsupported
from .loops import BLOCK, Loops, lower
from .storage import module

Floats = NDArray[np.float64]

LONGEST = 80  # array operations: several seconds of Numba's time

# Sums may be taken in another order (several at once) and a·b + c rounded once. NaN, inf and the
# sign of what is compared keep their meaning: "nnan" and "ninf" are not among the flags.
_OPTIONS = 'fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy"'


def build(function: Function, name: str, doc: str, loss: bool) -> Callable[..., Any]:
    """A runner, as `backends` describes it."""
    purpose = "gradient" if loss else "outputs"
    loops = _lowered(function, purpose)
    alone = [array.size == 1 for array in function.inputs]  # one number per row
    native = getattr(module(_text(loops, alone, purpose, function.dtype)), purpose)
    room = threading.local()  # buffers are not shared between threads
    count = function.theta_size
    width = 0 if loss else function.output.shape[-1]

    def run(theta: Floats, *arrays: Floats) -> Any:
        try:
            block, single = room.buffers
        except AttributeError:
            block = np.empty((loops.lines, BLOCK), function.dtype)
            single = np.empty(loops.singles, function.dtype)
            room.buffers = block, single
        tables = map(_contiguous, arrays, alone)
        if loss:
            gradient = np.empty(count, function.dtype)
            J = native(theta, *tables, gradient, block, single)
            return J, gradient
        out = np.empty((len(arrays[0]), width), function.dtype)
        native(theta, *tables, out, block, single)
        return out

    run.__name__, run.__doc__ = name, doc
    return run


def _lowered(function: Function, purpose: str) -> Loops:
    operations = len(function.forward) + len(function.backward)
    if operations > LONGEST:
        raise Unsupported(
            f"{operations} array operations: the native backend takes up to {LONGEST}, since "
            'Numba\'s time grows faster than their number; take backend="numpy" or "auto"'
        )
    return lower(function, purpose)


def _contiguous(array: Floats, alone: bool) -> Floats:
    """One row of numbers per example, or one number."""
    if array.ndim == 2 - alone and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array.reshape(-1) if alone else array.reshape(len(array), -1))


Rule: TypeAlias = Callable[[Floats, Floats, Floats, float, int, Floats], None]


def descent(function: Function, rule: Rule) -> Callable[..., int]:
    """Many steps of an optimiser in one call, so that Python is not in the loop.

    rule(theta, gradient, state, rate, step, settings) moves theta and state, in place, with
    NumPy operations that Numba knows. The result is called as

        descend(theta, arrays, order, size, scale, l2, state, rates, step, settings, costs)

    and takes ``len(costs)`` steps: step k on the rows ``order[k*size : (k+1)*size]`` (on all rows
    as they are if `size` is their number), at the rate ``rates[k]``. Cost and gradient are
    multiplied by the number of rows if `scale`, and belong to J + l2·Σθ². It fills `costs`, and
    returns how many steps it took: it stops before a step whose cost or gradient is not finite.
    """
    loops = _lowered(function, "gradient")
    alone = [array.size == 1 for array in function.inputs]
    gradient_module = module(_text(loops, alone, "gradient", function.dtype))
    text = _descent_text(function, rule, alone, gradient_module.__name__)
    native = module(text).descend
    room = threading.local()

    def descend(
        theta: Floats,
        arrays: Sequence[Floats],
        order: NDArray[np.intp],
        size: int,
        scale: bool,
        l2: float,
        state: Floats,
        rates: Floats,
        step: int,
        settings: Floats,
        costs: Floats,
    ) -> int:
        try:
            buffers = room.buffers
        except AttributeError:
            gradient = np.empty(function.theta_size)
            buffers = gradient, np.empty((loops.lines, BLOCK)), np.empty(loops.singles)
            room.buffers = buffers
        tables = map(_contiguous, arrays, alone)
        done = native(
            theta, *tables, order, size, scale, l2, state, rates, step, settings, costs, *buffers
        )
        return int(done)

    return descend


def _descent_text(function: Function, rule: Rule, alone: list[bool], gradient: str) -> str:
    if function.dtype != "float64":
        raise Unsupported("whole runs of an optimiser are compiled in float64")
    table, vector = "float64[:, ::1]", "float64[::1]"
    names = [array.name for array in function.inputs]
    kinds = [vector if one else table for one in alone]
    types = [vector, *kinds, "int64[::1]", "int64", "boolean", "float64", table, vector, "int64"]
    types += [vector, vector, vector, table, vector]
    shapes = {n: "(size,)" if one else f"(size, {n}_rows.shape[1])"
              for n, one in zip(names, alone, strict=True)}  # fmt: skip
    rows = ", ".join(f"{name}_rows" for name in names)
    indent = "\n".join
    return f"""\
from __future__ import annotations  # the rule's own are names from elsewhere

import math

import numpy as np
from numba import njit

from {gradient} import gradient


@njit
{textwrap.dedent(inspect.getsource(rule)).removeprefix("@staticmethod").lstrip()}

@njit("int64({", ".join(types)})", nogil=True, cache=True, error_model="numpy")
def descend(theta, {rows}, order, size, scale, l2, state, rates, step, settings, costs,
            grad, block, single):
    rows = {names[0]}_rows.shape[0]
{indent(f"    {n} = np.empty({shape})" for n, shape in shapes.items())}
    for k in range(len(costs)):
        start = k * size
        n = min(size, len(order) - start)
        if size == rows:
            J = gradient(theta, {rows}, grad, block, single)
        else:
            for r in range(n):
{indent(f"                {n}[r] = {n}_rows[order[start + r]]" for n in names)}
            J = gradient(theta, {", ".join(f"{n}[:n]" for n in names)}, grad, block, single)
        if scale:
            J *= n
            grad *= n
        if l2 != 0.0:
            J += l2 * (theta * theta).sum()
            grad += 2.0 * l2 * theta
        costs[k] = J
        if not (np.isfinite(J) and np.isfinite(grad.sum())):
            return k
        {rule.__name__}(theta, grad, state, rates[k], step + k, settings)
    return len(costs)
"""


# ── the module's text ────────────────────────────────────────────────────────────────────────


def _text(loops: Loops, alone: list[bool], purpose: str, dtype: str) -> str:
    """A module that Numba compiles as it is imported."""
    table, vector = f"{dtype}[:, ::1]", f"{dtype}[::1]"
    result = vector if purpose == "gradient" else table
    returns = dtype if purpose == "gradient" else "none"
    signature = ", ".join(
        [vector, *(vector if one else table for one in alone), result, table, vector]
    )
    head = [
        "import math",
        "from math import *",
        "",
        "import numpy as np",
        "from numba import njit",
        "",
        *(f"{name} = math.{name}" for name in CONSTANTS),
        *(
            f"{name} = np.array({values.tolist()}, '{dtype if values.dtype.kind == 'f' else 'i8'}')"
            for name, values in loops.tables.items()
        ),
        "",
    ]
    helpers = [
        f"@njit({_OPTIONS})\n{inspect.getsource(atom.python)}\n"
        for name, atom in ATOMS.items()
        if inspect.isfunction(atom.python) and not atom.row and _calls(loops.source, name)
    ]
    decorator = f'@njit("{returns}({signature})", nogil=True, cache=True, {_OPTIONS})\n'
    source = loops.source if dtype == "float64" else _in_single_precision(loops.source)
    return "\n".join(head) + "\n" + "\n".join(helpers) + "\n" + decorator + source


class _Single(ast.NodeTransformer):
    """Numbers in arithmetic become float32, so that nothing is widened; indices stay whole."""

    COUNTERS: ClassVar = {"rows", "n", "g"}

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("np.float32"), [ast.Constant(float(node.value))], [])  # type: ignore[arg-type]

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return node

    def visit_For(self, node: ast.For) -> ast.stmt:
        node.body = [self.visit(line) for line in node.body]
        return node

    def visit_If(self, node: ast.If) -> ast.stmt:
        node.body = [self.visit(line) for line in node.body]
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        match node.targets[0]:
            case ast.Name(id=name) if name in self.COUNTERS:
                return node
        node.value = self.visit(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node.func:
            case ast.Name(id="float"):
                return ast.Call(ast.Name("np.float32"), node.args, [])
        node.args = [self.visit(argument) for argument in node.args]
        return node


def _in_single_precision(source: str) -> str:
    return ast.unparse(ast.fix_missing_locations(_Single().visit(ast.parse(source))))


def _calls(source: str, name: str) -> bool:
    return re.search(rf"\b{name}\(", source) is not None
