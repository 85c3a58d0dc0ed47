"""What a gate's row of the table says at one node: the case that applies, rows written out."""

from __future__ import annotations

import ast
import copy
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from autodiff import Constant, Formula, Value
from autodiff.formula.atoms import ATOMS, CONSTANTS

__all__ = ["Edge", "Rule", "edges_into", "evaluate", "forward", "local"]

SHOWN = 4  # elements of a row up to which all are written out

_FUNCTIONS: dict[str, Any] = (
    {"__builtins__": {}} | {name: atom.python for name, atom in ATOMS.items()} | CONSTANTS
)
_FLIPPED: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.GtE(),
    ast.LtE: ast.Gt(),
    ast.Gt: ast.LtE(),
    ast.GtE: ast.Lt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
}


class Edge(NamedTuple):
    """`head` uses `tail` as its parent number `position`."""

    tail: Value
    head: Value
    position: int
    local: float


def evaluate(tree: ast.expr, numbers: Mapping[str, float]) -> float:
    """What a formula is, with these numbers for its names."""
    whole = ast.fix_missing_locations(ast.Expression(tree))
    return float(eval(compile(whole, "<rule>", "eval"), _FUNCTIONS, dict(numbers)))


def edges_into(head: Value) -> list[Edge]:
    """All of a node's inputs, in order."""
    pairs = enumerate(zip(head.parents, head.local_grads, strict=True))
    return [Edge(tail, head, position, local) for position, (tail, local) in pairs]


class Rule(NamedTuple):
    """A formula without cases; its names stand for `nodes` of the graph, or for `known` numbers.

    reason   the test that decided for this case, where the case does not speak for itself
    called   the name of a gate that distinguishes cases, by which it is written
    """

    tree: ast.expr
    nodes: dict[str, Value]
    known: dict[str, float]
    reason: ast.expr | None = None
    called: str = ""


def forward(node: Value) -> Rule:
    """How a node's value comes from its parents.

    >>> x, y = Value(2.0), Value(3.0)
    >>> ast.unparse(forward(x * y).tree), forward(x.relu()).called
    ('a * b', 'ReLU')
    """
    gate = node.gate
    assert gate is not None
    nodes: dict[str, Value] = {}
    for name, parents in gate.split(node.parents).items():
        if isinstance(parents, tuple):
            nodes |= {f"{name}[{i}]": parent for i, parent in enumerate(parents)}
        else:
            nodes[name] = parents
    n = (len(node.parents) - len(gate.inputs) + len(gate.rows)) // max(len(gate.rows), 1)
    tree = _Rows(gate.rows, n).visit(_tree(gate.formula))
    if not gate.formula.has_cases:
        return _settled(tree, nodes, n)
    rule = _settled(ast.Name("…", ast.Load()) if gate.rows else tree, nodes, n)
    called = gate.symbol if gate.symbol.isidentifier() else gate.name
    return rule._replace(nodes=nodes, reason=None, called=called)


def local(edge: Edge) -> Rule:
    """The local gradient on one edge.

    >>> x = Value(2.0)
    >>> rule = local(edges_into(x**3)[0])
    >>> ast.unparse(rule.tree), rule.known
    ('b * a ** (b - 1)', {'b': 3.0, 'n': 1.0, '(b - 1)': 2.0})
    """
    gate, parents = edge.head.gate, edge.head.parents
    assert gate is not None
    formula, index = gate.partial_at(edge.position, len(parents))
    named = gate.split(parents)
    nodes = {name: x[index or 0] if isinstance(x, tuple) else x for name, x in named.items()}
    n = max((len(x) for x in named.values() if isinstance(x, tuple)), default=1)
    return _settled(_tree(formula), nodes | {"out": edge.head}, n)


def _tree(formula: Formula) -> ast.expr:
    return ast.parse(formula.text, mode="eval").body  # a copy, to be changed


def _settled(tree: ast.expr, nodes: dict[str, Value], n: int) -> Rule:
    """The case of a formula that applies, with those of the `nodes` that it uses."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    nodes = {name: v for name, v in nodes.items() if name in used}
    numbers = {name: v.data for name, v in nodes.items()} | {"n": float(n)}
    plain = {name: v.data for name, v in nodes.items() if isinstance(v, Constant) and not v.label}
    cases = _Cases(numbers, plain | {"n": float(n)})
    tree = cases.visit(tree)
    speaks = not isinstance(tree, ast.Name | ast.Constant | ast.UnaryOp)
    unclear = speaks or any(map(math.isnan, numbers.values()))
    return Rule(tree, nodes, cases.known, None if unclear else cases.reason)


class _Cases(ast.NodeTransformer):
    """Chooses the case that applies, and computes what a reader would: x² for x ** (3 - 1)."""

    def __init__(self, numbers: Mapping[str, float], known: dict[str, float]) -> None:
        self.numbers = numbers
        self.known = known
        self.reason: ast.expr | None = None

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        holds = bool(evaluate(node.test, self.numbers))
        self.reason = _why(node.test, holds)
        chosen: ast.expr = self.visit(node.body if holds else node.orelse)
        return chosen

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, op, right = self.visit(node.left), node.op, self.visit(node.right)
        a, b = self.number(left), self.number(right)
        match op:
            case ast.Sub() if a is not None and b is not None:
                name = f"({ast.unparse(node)})"
                self.known[name] = a - b
                return ast.Name(name, ast.Load())
            case ast.Pow() if b == 1:
                return left  # type: ignore[no-any-return]
            case ast.Pow() if b == 0:
                return ast.Constant(1.0)
            case ast.Mult() if b == 1:
                return left  # type: ignore[no-any-return]
            case ast.Mult() if a == 1:
                return right  # type: ignore[no-any-return]
        return ast.BinOp(left, op, right)

    def number(self, node: ast.expr) -> float | None:
        match node:
            case ast.Constant(value=int() | float() as value):
                return value
            case ast.Name(id=name):
                return self.known.get(name)
        return None


def _why(test: ast.expr, holds: bool) -> ast.expr | None:
    """What makes a test hold, or fail; that NaN passes is arithmetic, and not told."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _why(inner, not holds)
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return test if holds else ast.Compare(left, [_FLIPPED[type(sign)]], [right])
        case ast.BoolOp(op=word, values=values):
            parts = [why for value in values if (why := _why(value, holds))]
            if isinstance(word, ast.Or) is holds or len(parts) == 1:
                return parts[0] if len(parts) == 1 else None  # which of them held is not told
            return ast.BoolOp(ast.And(), parts) if parts else None
    return None


class _Rows(ast.NodeTransformer):
    """Writes out what is done with the elements of rows of `n`: w[0] * x[0] + w[1] * x[1]."""

    def __init__(self, rows: tuple[str, ...], n: int) -> None:
        self.rows = rows
        self.n = n
        self.at = 0

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(f"{node.id}[{self.at}]", ast.Load()) if node.id in self.rows else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        match node:
            case ast.Call(func=ast.Name(id=name), args=[argument]) if ATOMS[name].meaning:
                text = ATOMS[name].meaning.replace("(a)", f"({ast.unparse(argument)})")
                meant: ast.expr = self.visit(ast.parse(text, mode="eval").body)
                return meant
            case ast.Call(func=ast.Name(id="sum"), args=[argument]):
                every = range(self.n) if self.n <= SHOWN else (0, 1, -1, self.n - 1)
                total: ast.expr | None = None
                for self.at in every:
                    dots = ast.Name("…", ast.Load())
                    term = dots if self.at < 0 else self.visit(copy.deepcopy(argument))
                    total = term if total is None else ast.BinOp(total, ast.Add(), term)
                assert total is not None
                return total
        return ast.Call(node.func, [self.visit(node.args[0])], [])
