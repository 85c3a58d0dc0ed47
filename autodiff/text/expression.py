"""An expression typed by a user, as a graph: ``"(x + y) * z"``.

The text is read with Python's own parser and then checked against a closed grammar; nothing is
ever evaluated as Python. What may stand in an expression:

- numbers, names, parentheses, ``+ - * / **``, and as on a blackboard ``× · ÷ − ^ ² ³``;
- a call of any gate of the table, by its name or its symbol: ``sigmoid(z)``, ``σ(z)``, ``ln(p)``;
- rows: ``dot([a, b], [x, y])``, ``sum(w)``, ``w[0]``;
- names for intermediate results, one after the other: ``q = x + y; f = q * z``.

Every operator and every call is one gate; what the last statement says is the root.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..formula.atoms import CONSTANTS
from ..formula.firing import DomainError
from ..gates import GATES, Gate
from ..value import Constant, Row, Value
from .source import ExpressionError, Source

__all__ = ["ExpressionError", "functions", "parse"]

_OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

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
    ast.Slice: "a row gives one element at a time, as in w[0]",
}

_Result = Value | Row
Given = Mapping[str, Any]


def functions() -> dict[str, Gate]:
    """What an expression may call: every gate by its name, and by its symbol if that is a word.

    >>> [name for name, gate in functions().items() if gate.name == "sigmoid"]
    ['sigmoid', 'σ']
    """
    symbols = {
        gate.symbol: gate
        for gate in GATES.values()
        if gate.symbol.isidentifier() and gate.symbol not in GATES
    }
    names = {name: gate for gate in GATES.values() for name in (gate.name, gate.symbol)}
    known = {**symbols, **GATES}
    return {name: known[name] for name in names if name in known}


def parse(text: str, /, values: Given | None = None, **named: Any) -> Value:
    """Build the graph of an expression and return its root.

    `values` (name -> value), or keywords, say what the names stand for: a number, which becomes a
    leaf labelled with the name; a Value of your own; or a list of either (a row). A name is one
    leaf however often it occurs. Names that the text assigns label the nodes that they stand for.

    >>> f = parse("(x + y) * z", x=-2, y=5, z=-4)
    >>> f.backward()
    >>> f.data, {leaf.label: leaf.grad for leaf in (*f.parents[0].parents, f.parents[1])}
    (-12.0, {'x': -4.0, 'y': -4.0, 'z': 3.0})
    >>> parse("z = dot(w, x) + b; σ(z)", w=[2, -3], x=[-1, -2], b=-3).data
    0.7310585786300049

    Raises ExpressionError (a ValueError) that points at the place: for anything outside the
    grammar, an unknown function, a name without a value or a value that no name uses, and for a
    gate that has no value there, like the logarithm of -1.
    """
    if values is not None and not isinstance(values, Mapping):  # a variable of that name
        named["values"], values = values, None
    return _Reader(text, {**(values or {}), **named}).read()


# ── the grammar ──────────────────────────────────────────────────────────────────────────────


class _Reader:
    """Checks the whole text first, then builds the graph."""

    def __init__(self, text: str, given: Given) -> None:
        if not isinstance(text, str):
            raise TypeError(f"an expression is text, got {text!r}")
        self.source = Source(text)
        self.given = {unicodedata.normalize("NFKC", name): value for name, value in given.items()}
        self.functions = functions()
        self.nodes: dict[str, _Result] = {}

    def error(self, message: str, place: ast.AST) -> ExpressionError:
        """Point at a piece of syntax. `ast` counts columns in bytes of UTF-8."""
        line = self.source.line.encode()
        start, end = (
            len(line[:column].decode(errors="ignore"))
            for column in (place.col_offset, place.end_col_offset)  # type: ignore[attr-defined]
        )
        return self.source.error_at(message, start, end)

    def read(self) -> Value:
        statements = [self.statement(stmt) for stmt in self.source.parse()]
        plans = [(target, expression, self.plan(expression)) for target, expression in statements]
        self.check_names(plans)
        result: _Result | None = None
        for target, expression, plan in plans:
            result = self.build(plan)
            if target is not None:
                result = self.name(target.id, result, expression)
        if not isinstance(result, Value):
            raise self.error(
                "the result is a row; an expression has one number as its result", plan[-1]
            )
        return result

    def statement(self, stmt: ast.stmt) -> tuple[ast.Name | None, ast.expr]:
        match stmt:
            case ast.Expr(value=value):
                return None, value
            case ast.Assign(targets=[ast.Name() as target], value=value):
                return target, value
            case ast.Assign(targets=[*_, target]):
                raise self.error("only a single name can stand before '='", target)
        raise self.error("this is not an expression, nor name = expression", stmt)

    def plan(self, root: ast.expr) -> list[ast.expr]:
        """The pieces of an expression, operands before what uses them; all of them allowed."""
        pending, pieces = [root], []
        while pending:
            piece = pending.pop()
            pieces.append(piece)
            pending += self.operands(piece)
        pieces.reverse()
        return pieces

    def operands(self, piece: ast.expr) -> Sequence[ast.expr]:
        """THE grammar: what a piece of syntax is made of; refuses whatever is not listed."""
        match piece:
            case ast.Constant(value=bool() | None as value):
                raise self.error(f"{value} is not a number", piece)
            case ast.Constant(value=int() | float()):
                self.number(piece)
                return ()
            case ast.Name():
                return ()
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return (operand,)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return (left, right)
            case ast.Call(func=ast.Name() as function, args=arguments, keywords=keywords):
                self.check_call(function.id, piece)
                return (*arguments, *(keyword.value for keyword in keywords))
            case ast.Call(func=called):
                raise self.error("write * for a product; only functions can be called", called)
            case ast.List(elts=[]) | ast.Tuple(elts=[]):
                raise self.error("an empty row has no place in an expression", piece)
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return elements
            case ast.Subscript(value=ast.Name(), slice=ast.Constant(value=int())):
                return (piece.value,)
            case ast.Subscript():
                raise self.error("a row gives one element at a time, as in w[0]", piece)
        raise self.error(_REFUSED.get(type(piece), "this has no place in an expression"), piece)

    def number(self, piece: ast.Constant) -> float:
        try:
            number = float(piece.value)  # type: ignore[arg-type]
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.error("this number is too large for a float64", piece)
        return number

    def check_call(self, name: str, call: ast.Call) -> None:
        gate = self.functions.get(name)
        if gate is None:
            if name in self.given:
                raise self.error(f"{name} is a number, not a function; write {name} * (...)", call)
            near = difflib.get_close_matches(name, self.functions, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(self.functions)}"
            raise self.error(f"unknown function {name!r}; {hint}", call)
        for keyword in call.keywords:
            if keyword.arg not in gate.inputs:
                inputs = ", ".join(gate.inputs)
                raise self.error(f"{name} has no input {keyword.arg!r}; it has {inputs}", keyword)

    def check_names(self, plans: list[tuple[ast.Name | None, ast.expr, list[ast.expr]]]) -> None:
        """Every name has a value where it is used, and every value is used."""
        assigned: dict[str, ast.Name] = {}
        used: set[str] = set()
        missing: dict[str, ast.Name] = {}
        for target, _, plan in plans:
            for piece in plan:
                if isinstance(piece, ast.Name):
                    used.add(piece.id)
                    if not (piece.id in assigned or piece.id in self.given):
                        missing.setdefault(piece.id, piece)
            if target is None:
                continue
            if target.id in self.given:
                raise self.error(f"{target.id} is given already; choose another name", target)
            if target.id in assigned:
                raise self.error(f"{target.id} is set twice; use a new name", target)
            assigned[target.id] = target
        for name in CONSTANTS.keys() & missing.keys():
            del missing[name]
        if missing:
            names = list(missing)
            if names[0] in self.functions:
                how = f"{names[0]} is a function; call it, as in {names[0]}(x)"
                raise self.error(how, missing[names[0]])
            values = " ".join(f"{name}=..." for name in names)
            raise self.error(f"no value for {names[0]}; give {values}", missing[names[0]])
        if unused := [name for name in self.given if name not in used]:
            raise ExpressionError(
                f"a value is given for {unused[0]}, but the expression does not use it",
            )
        last = plans[-1][0]
        for name, target in assigned.items():
            if target is not last and name not in used:
                raise self.error(f"{name} is set, but nothing uses it", target)
        for target, _, plan in plans[:-1]:
            if target is None:
                raise self.error("nothing uses this; name it, as in q = x + y; f = q * z", plan[-1])

    # ── the graph ────────────────────────────────────────────────────────────────────────────

    def build(self, plan: list[ast.expr]) -> _Result:
        """Fire the gates of a plan, one after the other."""
        done: list[_Result] = []
        for piece in plan:
            count = len(self.operands(piece))
            operands, done[len(done) - count :] = done[len(done) - count :], []
            try:
                done.append(self.fire(piece, operands))
            except DomainError as error:
                raise self.error(str(error), piece) from error
        return done[0]

    def fire(self, piece: ast.expr, operands: list[_Result]) -> _Result:
        match piece:
            case ast.Constant():
                return Constant(self.number(piece))
            case ast.Name(id=name):
                return self.leaf(name)
            case ast.List() | ast.Tuple():
                return Row(self.single(operand, piece) for operand in operands)
            case ast.Subscript(slice=ast.Constant(value=int(index))):
                return self.element(operands[0], index, piece)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(name, operands, piece)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.single(operands[0], piece)
            case ast.UnaryOp(operand=ast.Constant() as constant):
                return Constant(-self.number(constant))
            case ast.UnaryOp():
                return -self.single(operands[0], piece)
            case ast.BinOp(op=op):
                left, right = (self.single(operand, piece) for operand in operands)
                return _OPERATORS[type(op)](left, right)
        raise AssertionError(piece)  # operands() let nothing else through

    def single(self, operand: _Result, place: ast.expr) -> Value:
        if isinstance(operand, Value):
            return operand
        raise self.error("a row stands where one number is needed; w[0] is one element", place)

    def element(self, row: _Result, index: int, place: ast.expr) -> Value:
        if isinstance(row, Value):
            raise self.error("this is one number, it has no elements", place)
        if index >= len(row):
            raise self.error(f"the row has {len(row)} elements, counted from 0", place)
        return row[index]

    def leaf(self, name: str) -> _Result:
        """The node of a name: always the same one."""
        if name not in self.nodes:
            if name not in self.given:
                return Constant(CONSTANTS[name])
            self.nodes[name] = _as_node(name, self.given[name])
        return self.nodes[name]

    def name(self, name: str, result: _Result, expression: ast.expr) -> _Result:
        """Bind an assigned name; a plain number (or a row of them) becomes an input."""
        nodes = list(result) if isinstance(result, Row) else [result]
        for i, node in enumerate(nodes):
            label = f"{name}[{i}]" if isinstance(result, Row) else name
            if isinstance(node, Constant):
                nodes[i] = Value(node.data, label=label)
            elif node.gate is not None and not node.label:
                node.label = label
        self.nodes[name] = Row(nodes) if isinstance(result, Row) else nodes[0]
        return self.nodes[name]

    def call(self, name: str, operands: list[_Result], piece: ast.Call) -> Value:
        gate = self.functions[name]
        positional = operands[: len(piece.args)]
        if len(gate.inputs) == 1 and gate.rows and len(positional) > 1:
            positional = [Row(self.single(operand, piece) for operand in positional)]
        elif name in ("max", "min") and not piece.keywords:  # as Python's own: of any number
            return self.fold(gate, positional, piece)
        arguments: dict[str, Any] = {}
        words = (keyword.arg or "" for keyword in piece.keywords)
        for word, operand in [
            *zip(gate.inputs, positional, strict=False),
            *zip(words, operands[len(piece.args) :], strict=True),
        ]:
            if word in arguments:
                raise self.error(f"{name}: {word} is given twice", piece)
            if (word in gate.rows) == isinstance(operand, Value):
                needs = "a row, as in [a, b]" if word in gate.rows else "one number, not a row"
                raise self.error(f"{name}: {word} must be {needs}", piece)
            arguments[word] = operand
        lacking = [i for i in gate.inputs if i not in arguments and i not in gate.defaults]
        if len(positional) > len(gate.inputs) or lacking:
            raise self.error(f"{name} takes {_signature(gate)}; got {len(operands)}", piece)
        try:
            ordered = {i: arguments.get(i, gate.defaults.get(i)) for i in gate.inputs}
            result: Value = gate(*ordered.values())
        except DomainError:
            raise
        except ValueError as error:  # rows that are empty, or of unequal length
            raise self.error(str(error), piece) from error
        return result

    def fold(self, gate: Gate, operands: list[_Result], piece: ast.Call) -> Value:
        """max(a, b, c) is max(max(a, b), c)."""
        row = operands[0] if len(operands) == 1 and isinstance(operands[0], Row) else operands
        nodes = [self.single(operand, piece) for operand in row]
        if len(nodes) < len(gate.inputs):
            raise self.error(f"{gate.name} takes two numbers or more", piece)
        result = nodes[0]
        for other in nodes[1:]:
            result = gate(result, other)
        return result


def _signature(gate: Gate) -> str:
    inputs = [
        f"{name} ({gate.defaults[name]:g} if left out)" if name in gate.defaults else name
        for name in gate.inputs
    ]
    plural = "s" * (len(inputs) != 1)
    return f"{len(inputs)} input{plural}: {', '.join(inputs)}"


def _as_node(name: str, given: Any) -> _Result:
    """What was given for a name as a leaf, or as a row of leaves."""
    if isinstance(given, Value):
        return given
    if hasattr(given, "tolist"):  # NumPy's arrays and scalars, without importing it
        given = given.tolist()
    try:
        if isinstance(given, list | tuple):
            return Row(_leaves(name, given))
        return Value(given, label=name)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def _leaves(name: str, given: Sequence[Any]) -> Iterator[Value]:
    for i, element in enumerate(given):
        yield element if isinstance(element, Value) else Value(element, label=f"{name}[{i}]")
