"""Formulas with some inputs known: what is left of them, and the factors of a product.

The compiler knows more than the gate table does: the exponent of ``a ** b`` is 2, so
``b * a ** (b - 1) if a != 0 or b >= 1 else ...`` is just ``2 * a``.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ..formula.atoms import ATOMS, CONSTANTS
from ..formula.grammar import Formula
from ..gates import Gate

_ARITHMETIC: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_TESTS: dict[type[ast.AST], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _number(node: ast.expr) -> float | None:
    """The node's value where it is a number (True and False of a settled test are not)."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int() | float() as value):
            return float(value)
        case ast.Name(id="inf" | "nan" as name):
            return CONSTANTS[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() | ast.Name() as inner):
            number = _number(inner)
            return None if number is None else -number
    return None


def _constant(value: float | bool) -> ast.expr:
    if value < 0:
        return ast.UnaryOp(ast.USub(), _constant(-value))
    return ast.Constant(value) if math.isfinite(value) else ast.Name(str(value))


def _settled(node: ast.expr) -> bool | None:
    match node:
        case ast.Constant(value=bool() as value):
            return value
    return None


class _Folder(ast.NodeTransformer):
    """Puts numbers in for names and computes what can be computed; `positive` are other names."""

    def __init__(self, known: Mapping[str, float], positive: Collection[str]) -> None:
        self.known, self.positive = known, positive

    def visit_Name(self, node: ast.Name) -> ast.expr:
        value = self.known.get(node.id, CONSTANTS.get(node.id))
        return node if value is None else _constant(value)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        assert isinstance(node.func, ast.Name)
        argument = self.visit(node.args[0])
        atom, number = ATOMS[node.func.id], _number(argument)
        if number is not None and not atom.row:
            try:
                return _constant(atom.python(number))
            except (ArithmeticError, ValueError):
                pass
        return ast.Call(node.func, [argument], [])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        inner = self.visit(node.operand)
        if isinstance(node.op, ast.Not):
            settled = _settled(inner)
            return ast.UnaryOp(node.op, inner) if settled is None else ast.Constant(not settled)
        number = _number(inner)
        if number is not None:
            return _constant(-number)
        if isinstance(inner, ast.UnaryOp) and isinstance(inner.op, ast.USub):
            return inner.operand
        return ast.UnaryOp(node.op, inner)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left: ast.expr = self.visit(node.left)
        right: ast.expr = self.visit(node.right)
        a, b = _number(left), _number(right)
        if a is not None and b is not None:
            try:
                value = _ARITHMETIC[type(node.op)](a, b)
                if not isinstance(value, complex):
                    return _constant(value)
            except ArithmeticError:
                pass
        match node.op:
            case ast.Mult() if a == 1:
                return right
            case ast.Mult() | ast.Div() | ast.Pow() if b == 1:
                return left
            case ast.Pow() if b == 0:
                return ast.Constant(1.0)
            case ast.Add() | ast.Sub() if b == 0:
                return left
            case ast.Add() if a == 0:
                return right
            case ast.Add() if b is not None and b < 0:
                return ast.BinOp(left, ast.Sub(), _constant(-b))
            case ast.Pow() if b == 0.5:
                return ast.Call(ast.Name("sqrt"), [left], [])
        return ast.BinOp(left, node.op, right)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        decisive = isinstance(node.op, ast.Or)
        open_tests = []
        for value in node.values:
            test = self.visit(value)
            settled = _settled(test)
            if settled is None:
                open_tests.append(test)
            elif settled is decisive:
                return ast.Constant(decisive)
        if not open_tests:
            return ast.Constant(not decisive)
        return open_tests[0] if len(open_tests) == 1 else ast.BoolOp(node.op, open_tests)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.comparators[0])
        a, b = _number(left), _number(right)
        if isinstance(left, ast.Name) and left.id in self.positive and b == 0:
            a = 1.0
        if a is not None and b is not None:
            return ast.Constant(_TESTS[type(node.ops[0])](a, b))
        return ast.Compare(left, node.ops, [right])

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        test = self.visit(node.test)
        settled = _settled(test)
        if settled is not None:
            return self.visit(node.body if settled else node.orelse)  # type: ignore[no-any-return]
        return ast.IfExp(test, self.visit(node.body), self.visit(node.orelse))


class _Tidy(ast.NodeTransformer):
    """Whole numbers without ".0", as one writes them; not where a result may be all constants."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
        return ast.Constant(int(value)) if whole else node  # type: ignore[arg-type]

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        branches = (node.body, node.orelse)
        if all(_number(b) is not None for b in branches):
            return ast.IfExp(self.visit(node.test), *branches)
        return ast.IfExp(*(self.visit(part) for part in (node.test, *branches)))


def simplify(formula: Formula, known: Mapping[str, float], positive: Iterable[str] = ()) -> Formula:
    """`formula` with numbers for some of its inputs, others being above 0.

    >>> power = Formula("b * a ** (b - 1) if a != 0 or b >= 1 else 0.0", ["a", "b"])
    >>> simplify(power, {"b": 2.0}).text
    '2 * a'
    """
    items = tuple(sorted((k, v) for k, v in known.items() if k in formula.inputs))
    return _simplify(formula.text, formula.inputs, formula.rows, items, frozenset(positive))


@lru_cache(maxsize=4096)
def _simplify(
    text: str,
    inputs: tuple[str, ...],
    rows: tuple[str, ...],
    known: tuple[tuple[str, float], ...],
    positive: frozenset[str],
) -> Formula:
    tree: ast.expr = ast.parse(text, mode="eval").body
    tree = _Tidy().visit(_Folder(dict(known), positive).visit(tree))
    return _formula(tree, inputs, rows)


def _formula(tree: ast.expr, inputs: tuple[str, ...], rows: tuple[str, ...]) -> Formula:
    return Formula(ast.unparse(ast.fix_missing_locations(tree)), inputs, rows)


@lru_cache(maxsize=4096)
def names(formula: Formula) -> frozenset[str]:
    """`formula.names`, looked up once: long programs ask often."""
    return frozenset(formula.names)


class Factors(NamedTuple):
    """coefficient · Π factors / Π divisors."""

    coefficient: float
    factors: tuple[Formula, ...]
    divisors: tuple[Formula, ...]


@lru_cache(maxsize=4096)
def _factors(text: str, inputs: tuple[str, ...], rows: tuple[str, ...]) -> Factors:
    coefficient = 1.0
    above: list[Formula] = []
    below: list[Formula] = []
    stack: list[tuple[ast.expr, bool]] = [(ast.parse(text, mode="eval").body, True)]
    while stack:
        node, up = stack.pop()
        number = _number(node)
        if number is not None and math.isfinite(number) and (up or number != 0):
            coefficient = coefficient * number if up else coefficient / number
            continue
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                stack += [(right, up), (left, up)]
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                stack += [(right, not up), (left, up)]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                coefficient = -coefficient
                stack.append((inner, up))
            case _:
                (above if up else below).append(_formula(node, inputs, rows))
    return Factors(coefficient, tuple(above), tuple(below))


def factors(formula: Formula) -> Factors:
    """The formula as a product: ``-out / b`` is -1 · out / b.

    >>> factors(Formula("out * (1 - out) / 2", ["out"]))
    Factors(coefficient=0.5, factors=(Formula('out'), Formula('1 - out')), divisors=())
    """
    return _factors(formula.text, formula.inputs, formula.rows)


class Contraction(NamedTuple):
    """A formula that holds Σ left · right: `rest` is the formula with `product` in its place."""

    left: str
    right: str
    rest: Formula


def contraction(gate: Gate) -> Contraction | None:
    """Is the gate one sum of products, besides single inputs? Its derivative must say so too: the
    partial of one row must be a multiple of the other.

    >>> from autodiff import GATES
    >>> found = contraction(GATES["affine"])
    >>> found.left, found.right, found.rest.text
    ('w', 'x', 'product + b')
    """
    formula = gate.formula
    found = _contraction(formula.text, formula.inputs, formula.rows) if gate.rows else None
    if found is None:
        return None
    for name, other in ((found.left, found.right), (found.right, found.left)):
        parts = factors(gate.partials[gate.inputs.index(name)])
        rest = [f for f in (*parts.factors, *parts.divisors) if f.text != other]
        once = sum(f.text == other for f in parts.factors) == 1
        if not once or any(f.names & set(gate.rows) for f in rest):
            return None
    return found


@lru_cache(maxsize=1024)
def _contraction(text: str, inputs: tuple[str, ...], rows: tuple[str, ...]) -> Contraction | None:
    found: list[tuple[str, str]] = []

    class Find(ast.NodeTransformer):
        def visit_Call(self, node: ast.Call) -> Any:
            match node:
                case ast.Call(
                    func=ast.Name(id="sum"),
                    args=[ast.BinOp(ast.Name(id=a), ast.Mult(), ast.Name(id=b))],
                ) if a != b and {a, b} <= set(rows):
                    found.append((a, b))
                    return ast.Name("product")
            return self.generic_visit(node)

    tree = Find().visit(ast.parse(text, mode="eval").body)
    left = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & set(rows)
    if len(found) != 1 or left:
        return None
    rest = Formula(ast.unparse(tree), ("product", *inputs))
    return Contraction(*found[0], rest)


def is_test(formula: Formula) -> bool:
    """Does NumPy answer it with True and False (a formula that is 1 or 0 by a test)?"""
    match formula.tree:
        case ast.IfExp(body=ast.Constant(value=1 | 0), orelse=ast.Constant(value=1 | 0)):
            return True
    return False
