"""A gate's formulas as SymPy expressions, to prove that its partials are derivatives."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autodiff import Formula, Gate
from tests.oracles import oracle

sympy = oracle("sympy")

# Mathematical definitions, not those that are stable in floating point.
FUNCTIONS: Mapping[str, Any] = {
    "exp": sympy.exp,
    "log": sympy.log,
    "log1p": lambda t: sympy.log(1 + t),
    "sqrt": sympy.sqrt,
    "sin": sympy.sin,
    "cos": sympy.cos,
    "tanh": sympy.tanh,
    "abs": sympy.Abs,
    "erf": sympy.erf,
    "sigmoid": lambda t: 1 / (1 + sympy.exp(-t)),
    "softplus": lambda t: sympy.log(1 + sympy.exp(t)),
    "isnan": lambda t: False,
}
OF_ROWS: Mapping[str, Any] = {
    "sum": lambda row: sympy.Add(*row),
    "logsumexp": lambda row: sympy.log(sympy.Add(*[sympy.exp(t) for t in row])),
}
CONSTANTS = {"pi": sympy.pi, "inf": sympy.oo, "nan": sympy.nan}

Signs = Mapping[Any, int]


class Reading:
    """Reads formulas as SymPy expressions in a region without kinks.

    A region says of each difference that some comparison in the formulas decides on whether it is
    positive or negative. So ties, where derivatives need not exist, are left out of the proof.
    """

    def __init__(self, names: Mapping[str, Any], signs: Signs) -> None:
        self.names = names
        self.signs = signs

    def read(self, node: ast.expr, names: Mapping[str, Any] | None = None) -> Any:
        names = self.names if names is None else names
        match node:
            case ast.Constant(value=value):
                return sympy.Rational(str(value))
            case ast.Name(id=name):
                return names[name] if name in names else CONSTANTS[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.read(operand, names)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self.read(operand, names)
            case ast.BinOp(left=left, op=op, right=right):
                a, b = self.read(left, names), self.read(right, names)
                match op:
                    case ast.Add():
                        return a + b
                    case ast.Sub():
                        return a - b
                    case ast.Mult():
                        return a * b
                    case ast.Div():
                        return a / b
                    case ast.Pow():
                        return a**b
            case ast.BoolOp(op=ast.Or(), values=values):
                return any(self.read(value, names) for value in values)
            case ast.BoolOp(values=values):
                return all(self.read(value, names) for value in values)
            case ast.Compare(left=left, ops=[test], comparators=[right]):
                sign = self.sign(self.read(left, names) - self.read(right, names))
                positive = isinstance(test, ast.Gt | ast.GtE) and sign > 0
                negative = isinstance(test, ast.Lt | ast.LtE) and sign < 0
                return positive or negative or isinstance(test, ast.NotEq)
            case ast.IfExp(test=test_, body=body, orelse=orelse):
                return self.read(body if self.read(test_, names) else orelse, names)
            case ast.Call(func=ast.Name(id=name), args=[argument]) if name in OF_ROWS:
                return OF_ROWS[name](self.read_row(argument, names))
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return FUNCTIONS[name](self.read(argument, names))
        raise NotImplementedError(ast.dump(node))

    def read_row(self, node: ast.expr, names: Mapping[str, Any]) -> list[Any]:
        """The elements of what stands inside `sum(...)`."""
        n = max(len(row) for row in names.values() if isinstance(row, tuple))
        return [self.read(node, element_of(names, i)) for i in range(n)]

    def sign(self, difference: Any) -> int:
        for known in (difference, -difference):
            if known in self.signs:
                return self.signs[known] * (1 if known is difference else -1)
        return 1 if difference.is_positive else -1


def element_of(names: Mapping[str, Any], i: int) -> dict[str, Any]:
    """Inside a row, its name means one element."""
    return {name: x[i] if isinstance(x, tuple) else x for name, x in names.items()}


def symbols(gate: Gate, n: int) -> dict[str, Any]:
    """A symbol for each single input, a tuple of n for each row."""
    return {
        name: sympy.symbols(f"{name}1:{n + 1}", real=True)
        if name in gate.rows
        else sympy.Symbol(name, real=True)
        for name in gate.inputs
    }


def regions(gate: Gate, names: Mapping[str, Any]) -> Iterator[Signs]:
    """Every way in which the comparisons of a gate without rows can come out."""
    decisive: list[Any] = []
    reading = Reading(names, {})
    for formula in (gate.formula, *gate.partials):
        for test in ast.walk(formula.tree):
            if isinstance(test, ast.Compare) and not _mentions_out(test):
                difference = reading.read(test.left) - reading.read(test.comparators[0])
                if difference not in decisive and -difference not in decisive:
                    decisive.append(difference)
    for signs in itertools.product((1, -1), repeat=len(decisive)):
        yield dict(zip(decisive, signs, strict=True))


def _mentions_out(test: ast.Compare) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "out" for n in ast.walk(test))


def read(formula: Formula, names: Mapping[str, Any], signs: Signs) -> Any:
    return Reading(names, signs).read(formula.tree)


def with_known_signs(expression: Any, signs: Signs) -> Any:
    """Tell SymPy of each symbol whose sign the region fixes that it is positive or negative."""
    known = {
        symbol: sympy.Symbol(symbol.name, positive=sign > 0, negative=sign < 0)
        for symbol, sign in signs.items()
        if symbol.is_Symbol
    }
    return expression.subs(known)


def unproved(gate: Gate, n: int) -> Sequence[str]:
    """What is left of ∂formula/∂input - partial, where SymPy cannot simplify it to 0."""
    names = symbols(gate, n) | {"n": sympy.Integer(n)}
    left_over = []
    for signs in regions(gate, names):
        formula = read(gate.formula, names, signs)
        for name, partial in zip(gate.inputs, gate.partials, strict=True):
            for i in range(n if name in gate.rows else 1):
                here = element_of(names, i) | {"out": formula}
                claimed = read(partial, here, signs)
                if claimed is sympy.nan:  # says itself that there is none
                    continue
                true = sympy.diff(formula, here[name])
                rest = sympy.simplify(with_known_signs(true - claimed, signs))
                if rest != 0:
                    left_over.append(f"{gate.name}, ∂/∂{here[name]} where {signs}: {rest}")
    return left_over
