"""The grammar of expressions: the statements of a text, checked as a whole before a gate fires."""

from __future__ import annotations

import ast
import difflib
import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..formula.atoms import CONSTANTS
from ..formula.spelling import spelled
from ..gates import GATES, Gate
from .composed import COMPOSED, OF_ROWS
from .source import ExpressionError, Source

__all__ = ["KNOWN", "SIGNS", "Reader", "Statement", "called", "functions"]

OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.MatMult, ast.Div, ast.Pow)
KNOWN = CONSTANTS | {"e": math.e}
SIGNS = {"pi": "π", "e": "e"}

# What syntax outside the grammar is called, and what to write instead.
_REFUSED: dict[type[ast.AST], str] = {
    ast.Attribute: "attributes have no place in an expression",
    ast.Compare: "comparisons have no place in an expression; max(a, b) chooses",
    ast.BoolOp: "'and' and 'or' have no place in an expression",
    ast.IfExp: "'if' has no place in an expression; max(a, b) chooses",
    ast.Lambda: "functions cannot be defined in an expression",
    ast.NamedExpr: "write name = ...; in front to name an intermediate result",
    ast.JoinedStr: "text has no place in an expression",
    ast.Starred: "* must stand between two factors",
    ast.Dict: "braces have no place in an expression; use parentheses",
    ast.Set: "braces have no place in an expression; use parentheses",
    ast.ListComp: "comprehensions have no place in an expression",
    ast.SetComp: "comprehensions have no place in an expression",
    ast.DictComp: "comprehensions have no place in an expression",
    ast.GeneratorExp: "comprehensions have no place in an expression",
}


class Statement(NamedTuple):
    """name = expression, or an expression alone.

    pieces  (piece of syntax, how many operands it takes), operands before what uses them
    """

    target: ast.Name | None
    pieces: list[tuple[ast.expr, int]]


def functions() -> dict[str, Gate]:
    """What an expression may call: every gate by its name, and by its symbol if that is a word.

    >>> [name for name, gate in functions().items() if gate.name == "sigmoid"]
    ['sigmoid', 'σ']
    """
    known = {}
    for gate in GATES.values():
        known[gate.name] = gate
        if gate.symbol.isidentifier() and gate.symbol not in GATES:
            known[gate.symbol] = gate
    return known


def called() -> list[str]:
    """Every word that an expression may call: the gates, and what is composed of a few."""
    return [*functions(), *COMPOSED, *OF_ROWS]


def _name(given: str) -> str:
    """A name as Python reads it in the text: θ₀ is θ0."""
    return unicodedata.normalize("NFKC", "".join(char for char, _ in spelled(given)))


class Reader:
    """Reads a text. `given` are the names that have a value."""

    def __init__(self, text: str, given: Mapping[str, Any]) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an expression is text, got {text!r}")
        self.source = Source(text)
        self.given = {_name(name): value for name, value in given.items()}
        self.functions = functions()

    def error(self, message: str, place: ast.AST) -> ExpressionError:
        """Point at a piece of syntax."""
        return self.source.error_of(message, place)

    def statements(self) -> list[Statement]:
        """All of them; every name has a value, every value and every statement is used."""
        found = []
        for stmt in self.source.parse():
            target, expression = self._statement(stmt)
            found.append(Statement(target, self._pieces(expression)))
        self._check_names(found)
        return found

    def _statement(self, stmt: ast.stmt) -> tuple[ast.Name | None, ast.expr]:
        match stmt:
            case ast.Expr(value=value):
                return None, value
            case ast.Assign(targets=[ast.Name() as target], value=value):
                return target, value
            case ast.Assign(targets=[*_, target]):
                raise self.error("only a single name can stand before '='", target)
        raise self.error("this is not an expression, nor name = expression", stmt)

    def _pieces(self, root: ast.expr) -> list[tuple[ast.expr, int]]:
        """What an expression is made of; all of it allowed."""
        pending, pieces = [root], []
        while pending:
            piece = pending.pop()
            operands = self._operands(piece)
            pieces.append((piece, len(operands)))
            pending += operands
        return pieces[::-1]

    def _operands(self, piece: ast.expr) -> Sequence[ast.expr]:
        """THE grammar: what a piece of syntax is made of; refuses whatever is not listed."""
        match piece:
            case ast.Constant(value=bool() | None as value):
                raise self.error(f"{value} is not a number", piece)
            case ast.Constant(value=int() | float()):
                self.number(piece)
                return ()
            case ast.Name():
                return ()
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert(), operand=operand):
                return (operand,)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, OPERATORS):
                return (left, right)
            case ast.Call(func=ast.Name() as function, args=arguments, keywords=keywords):
                self._check_call(function.id, piece)
                return (*arguments, *(keyword.value for keyword in keywords))
            case ast.Call(func=called):
                raise self.error("write * for a product; only functions can be called", called)
            case ast.List(elts=[]) | ast.Tuple(elts=[]):
                raise self.error("an empty row has no place in an expression", piece)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return elements
            case ast.Subscript(value=row, slice=ast.Constant(value=int())):
                return (row,)
            case ast.Subscript(value=row):
                name = row.id if isinstance(row, ast.Name) else "w"
                raise self.error(f"a row gives one element at a time, as in {name}[0]", piece)
        raise self.error(_REFUSED.get(type(piece), "this has no place in an expression"), piece)

    def number(self, piece: ast.Constant) -> float:
        """A number of the text, which float64 must hold."""
        try:
            number = float(piece.value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.error("this number is too large for a float64", piece)
        return number

    def _check_call(self, name: str, call: ast.Call) -> None:
        gate = self.functions.get(name)
        if (name in COMPOSED or name in OF_ROWS) and not call.keywords:
            return
        if gate is None:
            if name in self.given:
                raise self.error(f"{name} is a number, not a function; write {name} * (...)", call)
            near = difflib.get_close_matches(name, called(), n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(called())}"
            raise self.error(f"unknown function {name!r}; {hint}", call)
        for keyword in call.keywords:
            if keyword.arg not in gate.inputs:
                inputs = ", ".join(gate.inputs)
                raise self.error(f"{name} has no input {keyword.arg!r}; it has {inputs}", keyword)

    def _check_names(self, statements: list[Statement]) -> None:
        """Every name has a value where it is used, and every value is used."""
        assigned: dict[str, ast.Name] = {}
        used: set[str] = set()
        missing: dict[str, ast.Name] = {}
        for target, pieces in statements:
            for piece, _ in pieces:
                if isinstance(piece, ast.Name):
                    used.add(piece.id)
                    if not any(piece.id in known for known in (assigned, self.given, KNOWN)):
                        missing.setdefault(piece.id, piece)
            if target is None:
                continue
            if target.id in self.given:
                raise self.error(f"{target.id} is given already; choose another name", target)
            if target.id in assigned:
                raise self.error(f"{target.id} is set twice; use a new name", target)
            assigned[target.id] = target
        if missing:
            first, place = next(iter(missing.items()))
            values = " ".join(f"{name}=..." for name in missing)
            how = f"no value for {first}; give {values}"
            if first in self.functions:
                how = f"{first} is a function; call it, as in {first}(x)"
            elif all(letter in self.given or letter in assigned for letter in first):
                how += f", or write {'*'.join(first)} for the product"
            error = self.error(how, place)
            error.missing = tuple(missing)
            raise error
        for name in self.given:
            if name not in used:
                raise ExpressionError(
                    f"a value is given for {name}, but the expression does not use it"
                )
        for target, pieces in statements[:-1]:
            if target is None:
                what = "nothing uses this; name it, as in q = x + y; f = q * z"
                raise self.error(what, pieces[-1][0])
            if target.id not in used:
                raise self.error(f"{target.id} is set, but nothing uses it", target)
