"""What an array is at least, whatever the data are: a sum of squares and a bit is above 0."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Mapping

from ..arrays.rolled import Fire, Step
from ..ir import Array, Expr, Number, Ref, Reshape, Shape


def bounds(steps: Iterable[Step]) -> dict[Array, float]:
    """Of the arrays for which there is one, a number that all of their elements reach."""
    found: dict[Array, float] = {}
    for step in steps:
        if isinstance(step, Fire) and step.layout in ("each", "rows", "grid") and not step.mask:
            least = {name: at_least(expr, found) for name, expr in step.inputs.items()}
            same = {name: (_array(expr), expr.shape) for name, expr in step.inputs.items()}
            bound = _least(step.gate.formula.tree, least, same)
            if bound > -math.inf:
                found[step.out] = bound
    return found


def at_least(expr: Expr, found: Mapping[Array, float]) -> float:
    """A number that all elements reach."""
    if isinstance(expr, Number):
        return expr.value
    array = _array(expr)
    return found.get(array, -math.inf) if array else -math.inf


def _array(expr: Expr) -> Array | None:
    expr = expr.array if isinstance(expr, Reshape) else expr
    return expr.array if isinstance(expr, Ref) else None


_Kinds = Mapping[str, tuple[Array | None, Shape]]


def _least(node: ast.expr, least: Mapping[str, float], same: _Kinds) -> float:
    def of(inner: ast.expr) -> float:
        return _least(inner, least, same)

    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id="n"):
            return 1.0
        case ast.Name(id=name):
            return least.get(name, -math.inf)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return of(left) + of(right)
        case ast.BinOp(left=ast.Name(id=a), op=ast.Mult(), right=ast.Name(id=b)) if (
            a in same and same[a][0] is not None and same[a] == same.get(b)
        ):
            return 0.0  # a square
        case ast.BinOp(left=left, op=ast.Mult() | ast.Div(), right=right):
            return 0.0 if of(left) >= 0 and of(right) >= 0 else -math.inf
        case ast.Call(func=ast.Name(id="sum" | "sqrt" as name), args=[inner]) if of(inner) >= 0:
            return math.sqrt(of(inner)) if name == "sqrt" else 0.0
    return -math.inf
