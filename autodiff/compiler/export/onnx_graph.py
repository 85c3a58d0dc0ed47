"""A model's array program as an ONNX graph; needs the package `onnx`."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formula.atoms import ATOMS, CONSTANTS
from ...formula.languages import OPERATORS
from ...formula.writers import extreme
from ..ir import (
    ROWS,
    Apply,
    Broadcast,
    Concatenate,
    Expr,
    Lookup,
    Number,
    Picked,
    Product,
    Reduce,
    Ref,
    Reshape,
    Shape,
    Slice,
    Sum,
    Table,
    Take,
    Term,
    Total,
    Transpose,
    View,
    Where,
    Whole,
    resized,
    spread,
)
from .files import Network

__all__ = ["onnx_model"]

OPSET: Final = 18
_OPERATORS: Final = {
    "+": "Add", "-": "Sub", "*": "Mul", "/": "Div", "**": "Pow", "neg": "Neg",
    "<": "Less", "<=": "LessOrEqual", ">": "Greater", ">=": "GreaterOrEqual", "==": "Equal",
    "not": "Not", "and": "And", "or": "Or",
}  # fmt: skip


def onnx_model(network: Network) -> bytes:
    """The model as a file: "x" (or the names of its arguments) in, "y" out, a row per example.

    Other functions keep the names that they have in formulas: ``Tanh`` is tanh.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError('ONNX files need onnx: pip install "glassgrad[onnx]"') from None
    graph = _Graph(network)
    version = network.outputs
    assert version is not None
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(version.function.dtype))

    def described(name: str, shape: Sequence[int]) -> Any:
        return onnx.helper.make_tensor_value_info(name, kind, ["rows", *shape])

    made = onnx.helper.make_graph(
        [onnx.helper.make_node(*node[:3], **node[3]) for node in graph.nodes],
        "glassgrad",
        [described(f"{a.name}", shape) for a, shape in graph.arguments],
        [described("y", version.shape or (1,))],
        [onnx.numpy_helper.from_array(values, name) for name, values in graph.constants.items()],
        doc_string=network.title,
    )
    model = onnx.helper.make_model(
        made,
        producer_name="glassgrad",
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=9,  # as old as the operators are
    )
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


class _Graph:
    """Nodes (operator, inputs, outputs, attributes), and the constants that they name."""

    def __init__(self, network: Network) -> None:
        version = network.outputs
        assert version is not None
        function = version.function
        self.float = np.dtype(function.dtype)
        self.theta = network.theta
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.arguments = list(zip(function.inputs, function.row_shapes, strict=True))
        self.rows = ""
        self.tensors: dict[str, str] = {}  # of each array
        for array, shape in self.arguments:
            flat = array.shape[1:] == shape
            size = self.shape((ROWS, *array.shape[1:]))
            self.tensors[array.name] = (
                array.name if flat else self.node("Reshape", array.name, size)
            )
        for parameter in function.parameters:
            assert isinstance(parameter.expr, View | Picked)
            name = parameter.array.name
            self.constants[name] = np.asarray(
                self.theta[parameter.expr.indices()], dtype=self.float
            )
            self.tensors[name] = name
        for assign in function.forward:
            self.tensors[assign.array.name] = self.named(assign.expr, assign.array.name)
        output = spread(function.output, (ROWS, *function.output.shape[-1:]))
        shape = (ROWS, *(version.shape or (1,)))
        self.named(output if output.shape == shape else Reshape(output, shape), "y")
        used = {name for node in self.nodes for name in node[1]}
        self.constants = {k: v for k, v in self.constants.items() if k in used}

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node; gives the name of its result."""
        name = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append((operator, list(inputs), [name], attributes))
        return name

    def named(self, expr: Expr, name: str) -> str:
        """The expression's result under a name of its own."""
        found = self.tensor(expr)
        if self.nodes and self.nodes[-1][2] == [found]:
            self.nodes[-1][2][:] = [name]
        else:
            self.nodes.append(("Identity", [found], [name], {}))
        return name

    def constant(self, values: Any, dtype: Any = None) -> str:
        """A constant, each once."""
        array = np.asarray(values, dtype=dtype or self.float)
        for name, known in self.constants.items():
            if known.dtype == array.dtype and np.array_equal(known, array, equal_nan=True):
                return name
        name = f"constant_{len(self.constants)}"
        self.constants[name] = array
        return name

    def shape(self, sizes: Sequence[int]) -> str:
        """Sizes, indices or axes."""
        return self.constant(sizes, np.int64)

    def spread(self, found: str, have: Shape, shape: Shape) -> str:
        """Broadcast to a shape, whose first axis may be the rows."""
        if shape[:1] != (ROWS,) or ROWS in have:
            return self.node("Expand", found, self.shape([abs(size) for size in shape]))
        if not self.rows:
            first = self.node("Shape", self.arguments[0][0].name, start=0, end=1)
            self.rows = first
        sizes = self.node("Concat", self.rows, self.shape(shape[1:]), axis=0)
        return self.node("Expand", found, sizes)

    def tensor(self, expr: Expr) -> str:
        """The name of an expression's result."""
        match expr:
            case Ref(array):
                return self.tensors[array.name]
            case Number(value):
                return self.constant(value)
            case Table(_, values):
                return self.constant(values)
            case View() | Picked():
                return self.constant(self.theta[expr.indices()])
            case Apply(formula, arguments):
                given = {name: self.tensor(argument) for name, argument in arguments.items()}
                return self.formula(formula.tree, given)
            case Reduce(formula, arguments, keep):
                given = {name: self.tensor(argument) for name, argument in arguments.items()}
                if not keep:  # what is no row has one axis less; here rows keep theirs
                    last = self.shape([-1])
                    given |= {
                        name: self.node("Unsqueeze", given[name], last)
                        for name, argument in arguments.items()
                        if name not in formula.rows and argument.shape
                    }
                given["n"] = self.constant(expr.n)
                found = self.formula(formula.tree, given)
                return found if keep else self.node("Squeeze", found, self.shape([-1]))
            case Product(left, right):
                return self.node("MatMul", self.tensor(left), self.tensor(right))
            case Transpose(array, order):
                return self.node("Transpose", self.tensor(array), perm=list(order))
            case Term(coefficient, 0, factors, divisors):
                above = [self.tensor(factor) for factor in factors]
                if coefficient != 1.0 or not above:
                    above.append(self.constant(coefficient))
                return self.fold("Div", [self.fold("Mul", above), *map(self.tensor, divisors)])
            case Total(terms, coefficient, 0):
                found = self.fold("Add", [self.tensor(term) for term in terms])
                scale = [self.constant(coefficient)] * (coefficient != 1.0)
                return self.fold("Mul", [found, *scale])
            case Sum(array, axes, keep):
                along = self.shape(axes)
                return self.node("ReduceSum", self.tensor(array), along, keepdims=int(keep))
            case Reshape(array, shape):
                return self.node("Reshape", self.tensor(array), self.shape(shape))
            case Slice(array, start, step, count, axis):
                end = start + step * count
                limits = [start], [end if end >= 0 else -(2**31)], [axis], [step]
                return self.node("Slice", self.tensor(array), *map(self.shape, limits))
            case Take(array, _, indices):
                picked = self.constant(indices, np.int64)
                return self.node("Gather", self.tensor(array), picked, axis=len(array.shape) - 1)
            case Concatenate(parts, axis):
                at = axis - len(expr.shape)
                whole = [
                    self.tensor(spread(part, resized(expr.shape, axis, part.shape[at])))
                    for part in parts
                ]
                return self.node("Concat", *whole, axis=axis)
            case Broadcast(array, shape):
                return self.spread(self.tensor(array), array.shape, shape)
            case Whole(array):
                return self.node("Cast", self.tensor(array), to=_INT64)
            case Lookup(array, places):
                return self.node("Gather", self.tensor(array), self.tensor(places), axis=0)
            case Where(mask, array, value):
                test = self.node("Cast", self.tensor(mask), to=_BOOL)
                return self.node("Where", test, self.tensor(array), self.constant(value))
        raise ValueError(f"{type(expr).__name__} has no counterpart in ONNX here")

    def fold(self, operator: str, found: list[str]) -> str:
        """One operator between all of them."""
        first, *others = found
        for other in others:
            first = self.node(operator, first, other)
        return first

    def formula(self, tree: ast.expr, given: dict[str, str]) -> str:
        """A gate's formula on tensors."""

        def part(node: ast.expr) -> str:
            match node:
                case ast.Name(id=name):
                    return given[name] if name in given else self.constant(CONSTANTS[name])
                case ast.Constant(value=value):
                    return self.constant(value)
                case ast.IfExp(test=test, body=body, orelse=orelse):
                    if choice := extreme(node):  # ONNX says Max and Min
                        return self.node(choice[0][:3].capitalize(), *map(part, choice[1]))
                    return self.node("Where", part(test), part(body), part(orelse))
                case ast.Compare(left=left, ops=[ast.NotEq()], comparators=[right]):
                    return self.node("Not", self.node("Equal", part(left), part(right)))
                case (
                    ast.BinOp(left=left, op=op, right=right)
                    | ast.Compare(left=left, ops=[op], comparators=[right])
                ):
                    return self.node(_OPERATORS[OPERATORS[type(op)]], part(left), part(right))
                case ast.UnaryOp(op=op, operand=operand):
                    return self.node(_OPERATORS[OPERATORS[type(op)]], part(operand))
                case ast.BoolOp(op=op, values=values):
                    return self.fold(_OPERATORS[OPERATORS[type(op)]], [part(v) for v in values])
                case ast.Call(func=ast.Name(id="log1p"), args=[argument]):
                    return self.node("Log", self.node("Add", part(argument), self.constant(1.0)))
                case ast.Call(func=ast.Name(id=name), args=[argument]):
                    operator = ATOMS[name].onnx or name.capitalize()
                    if ATOMS[name].row:
                        return self.node(operator, part(argument), self.shape([-1]), keepdims=1)
                    return self.node(operator, part(argument))
            raise AssertionError(ast.dump(node))

        return part(tree)


_INT64, _BOOL = 7, 9  # of onnx.TensorProto
