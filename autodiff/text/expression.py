"""An expression typed by a user, as a graph: ``"(x + y) * z"``.

The text is read with Python's own parser and then checked against a closed grammar; nothing is
ever evaluated as Python. What may stand in an expression:

- numbers, names, parentheses, ``+ - * / **``, and as on a blackboard ``2x² − √y · |θ₀|``;
- π and e, unless the names stand for something else;
- a call of any gate of the table, by its name or its symbol: ``sigmoid(z)``, ``σ(z)``, ``ln(p)``,
  and of functions composed of a few: ``tan``, ``sinh``, ``cosh``, ``log2``, ``log10``, ``softmax``;
- rows: ``dot([a, b], [x, y])`` or ``[a, b] · [x, y]``, ``sum(w)``, ``w[0]``, ``softmax(z)[0]``;
- names for intermediate results, one after the other: ``q = x + y; f = q * z``.

Every operator and every call of a gate is one gate; what the last statement says is the root.
"""

from __future__ import annotations

import ast
import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any

from ..formula.firing import DomainError
from ..gates import Gate
from ..value import Constant, Row, Value
from .composed import COMPOSED, OF_ROWS
from .reading import KNOWN, SIGNS, Reader, functions
from .source import ExpressionError

__all__ = ["ExpressionError", "functions", "parse"]

_OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.MatMult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}

_Result = Value | Row
Given = Mapping[str, Any]


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
    return _Builder(Reader(text, {**(values or {}), **named})).build()


class _Builder:
    """Fires the gates of a text that has been read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.error = reader.error
        self.nodes: dict[str, _Result] = {}

    def build(self) -> Value:
        """One statement after the other; the last is the root."""
        for target, pieces in self.reader.statements():
            done: list[_Result] = []
            for piece, count in pieces:
                operands, done[len(done) - count :] = done[len(done) - count :], []
                try:
                    done.append(self.fire(piece, operands))
                except DomainError as error:
                    raise self.error(str(error), piece) from error
            result = done[0] if target is None else self.name(target.id, done[0])
        if not isinstance(result, Value):
            raise self.error(
                "the result is a row; an expression has one number as its result", piece
            )
        return result

    def fire(self, piece: ast.expr, operands: list[_Result]) -> _Result:
        match piece:
            case ast.Constant():
                return Constant(self.reader.number(piece))
            case ast.Name(id=name):
                return self.leaf(name)
            case ast.List() | ast.Tuple():
                return Row(self.single(operand, piece) for operand in operands)
            case ast.Subscript(slice=ast.Constant(value=int(index))):
                return self.element(operands[0], index, piece)
            case ast.Call(func=ast.Name(id=name)) if name in self.reader.functions:
                return self.call(name, operands, piece)
            case ast.Call(func=ast.Name(id=name)):
                return self.composed(name, operands, piece)
            case ast.UnaryOp(op=ast.UAdd()):
                return self.single(operands[0], piece)
            case ast.UnaryOp(operand=ast.Constant() as constant):
                return Constant(-self.reader.number(constant))
            case ast.UnaryOp(op=ast.Invert()):
                return self.single(operands[0], piece).sqrt()
            case ast.UnaryOp():
                return -self.single(operands[0], piece)
            case ast.BinOp(op=ast.MatMult()) if all(isinstance(row, Row) for row in operands):
                dot = ast.Call(ast.Name("dot"), [piece.left, piece.right], [])
                return self.call("dot", operands, ast.copy_location(dot, piece))
            case ast.BinOp(op=op):
                left, right = (self.single(operand, piece) for operand in operands)
                return _OPERATORS[type(op)](left, right)
        raise AssertionError(piece)  # operands() let nothing else through

    def single(self, operand: _Result, place: ast.expr) -> Value:
        if isinstance(operand, Value):
            return operand
        name = next((name for name, node in self.nodes.items() if node is operand), "")
        how = f"{name}[0] is one element" if name else "w = [...]; w[0] is one element"
        every = f"{name or 'w'}[0]^2, {name or 'w'}[1]^2"
        how += f", and what each is to go through is written out, as in mean([{every}])"
        raise self.error(f"a row stands where one number is needed; {how}", place)

    def element(self, row: _Result, index: int, place: ast.expr) -> Value:
        if isinstance(row, Value):
            raise self.error("this is one number, it has no elements", place)
        if index >= len(row):
            raise self.error(f"the row has {len(row)} elements, counted from 0", place)
        return row[index]

    def leaf(self, name: str) -> _Result:
        """The node of a name: always the same one."""
        if name not in self.nodes:
            if name not in self.reader.given:
                self.nodes[name] = Constant(KNOWN[name], label=SIGNS.get(name, ""))
            else:
                self.nodes[name] = _as_node(name, self.reader.given[name])
        return self.nodes[name]

    def name(self, name: str, result: _Result) -> _Result:
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
        gate = self.reader.functions[name]
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

    def composed(self, name: str, operands: list[_Result], piece: ast.Call) -> _Result:
        """A function that is no gate, but a few."""
        if name in OF_ROWS and operands:
            row = operands[0] if isinstance(operands[0], Row) else operands
            nodes = Row(self.single(operand, piece) for operand in row)
            return Row(OF_ROWS[name](nodes))
        if len(operands) != 1:
            raise self.error(f"{name} takes 1 input; got {len(operands)}", piece)
        return COMPOSED[name](self.single(operands[0], piece))

    def fold(self, gate: Gate, operands: list[_Result], piece: ast.Call) -> Value:
        """max(a, b, c) is max(max(a, b), c)."""
        row = operands[0] if len(operands) == 1 and isinstance(operands[0], Row) else operands
        nodes = [self.single(operand, piece) for operand in row]
        if len(nodes) < len(gate.inputs):
            raise self.error(f"{gate.name} takes two numbers or more", piece)
        return functools.reduce(gate, nodes)


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
        if not isinstance(given, list | tuple):
            return Value(given, label=name)
        return Row(
            element if isinstance(element, Value) else Value(element, label=f"{name}[{i}]")
            for i, element in enumerate(given)
        )
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None
