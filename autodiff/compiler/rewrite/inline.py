"""What is used once and has no name of its own stands where it is used: vecdot(Z, Z) / 16 + ε."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Final

from ...gates import GATES
from ..ir import (
    Apply,
    Array,
    Expr,
    Function,
    Product,
    Reduce,
    Ref,
    Shape,
    Term,
    Where,
    walk,
)
from ..simplify import is_test

_LONGEST: Final = 4  # operations in a line
_OPERATIONS: Final = (Apply, Product, Reduce, Where)


def inline(function: Function) -> None:
    """Make one line of several, where no other line needs what is between."""
    lines = [*function.forward, *function.backward]
    ends = [function.output, *(adjoint for _, adjoint in function.gradient)]
    everything = [*(line.expr for line in lines), *ends]
    uses = Counter(e.array for x in everything for e in walk(x) if isinstance(e, Ref))
    inliner = _Inliner()
    for line in lines:
        inliner.room = _LONGEST - _size(line.expr)
        line.expr = inliner.put(line.expr, line.array.shape)
        stem = line.array.name.rstrip("0123456789_")
        named = bool(line.array.note) or stem not in GATES
        test = isinstance(line.expr, Apply) and is_test(line.expr.formula)
        if uses[line.array] == 1 and not named and not test and isinstance(line.expr, _OPERATIONS):
            inliner.ready[line.array] = line.expr
    function.forward, function.backward = (
        [line for line in part if line.array not in inliner.gone]
        for part in (function.forward, function.backward)
    )


def _size(expr: Expr) -> int:
    return sum(isinstance(e, _OPERATIONS) for e in walk(expr))


class _Inliner:
    def __init__(self) -> None:
        self.ready: dict[Array, Expr] = {}
        self.gone: set[Array] = set()
        self.room = 0  # for so many operations more

    def put(self, expr: Expr, shape: Shape) -> Expr:
        """The expression with what is ready in it, where that has its shape."""
        match expr:
            case Ref(array) if array in self.ready and array.shape == shape:
                found = self.ready[array]
                if _size(found) <= self.room:
                    self.room -= _size(found)
                    self.gone.add(array)
                    return found
            case Apply(formula, arguments):
                names = Counter(n.id for n in ast.walk(formula.tree) if isinstance(n, ast.Name))
                return Apply(
                    formula,
                    {k: self.put(e, shape) if names[k] == 1 else e for k, e in arguments.items()},
                )
            case Reduce(formula, arguments, keep) if formula.text.startswith("sum(a)"):
                row = arguments["a"]  # which is looked at once
                return Reduce(formula, arguments | {"a": self.put(row, row.shape)}, keep)
            case Where(mask, array, value):
                return Where(mask, self.put(array, shape), value)
            case Term(coefficient, per_row, factors, divisors):
                above, below = (
                    tuple(self.put(e, shape) for e in part) for part in (factors, divisors)
                )
                return Term(coefficient, per_row, above, below)
        return expr
