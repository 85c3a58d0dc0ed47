"""dtype="float32": nothing that the NumPy program computes is wider."""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value
from nn import MLP, Conv1D, Conv2D, Flatten, Layer, LayerNorm, Residual, Sequential, losses
from tests.random_graphs import BUILT_IN

RNG = np.random.default_rng(0)


def wide_expressions(source: str, *arguments: Any) -> list[str]:
    """Run a program with every expression in it watched: those that are float64 arrays."""
    found: dict[str, None] = {}

    def seen(value: Any, text: str) -> Any:
        if isinstance(value, np.ndarray | np.generic) and value.dtype == np.float64:
            found[text] = None
        return value

    class Watch(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            text = ast.unparse(node) if isinstance(node, ast.expr) else ""
            inner = self.generic_visit(node)
            if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Subscript):
                loaded = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
                if loaded:
                    return ast.Call(ast.Name("seen", ast.Load()), [inner, ast.Constant(text)], [])  # type: ignore[list-item]
            return inner

    tree = ast.fix_missing_locations(Watch().visit(ast.parse(source)))
    namespace: dict[str, Any] = {"seen": seen}
    exec(compile(tree, "watched", "exec"), namespace)
    namespace["value_and_grad"](*arguments)
    return list(found)


def check(f: Callable[..., Value], *arrays: Any) -> None:
    program = autodiff.compile(f, backend="numpy", dtype="float32")
    arrays = tuple(np.asarray(a, dtype=np.float32) for a in arrays)
    program.prepare(*arrays)
    assert wide_expressions(program.source, program.theta(), *arrays) == []


X4 = RNG.normal(size=(3, 4))
CLASSES = np.array([0, 2, 1])
one_hot = MLP(4, [3], rng=0)
normed = Sequential(
    Layer(4, 8, "gelu", rng=0),
    Residual(LayerNorm(8), Layer(8, 8, "leaky_relu", rng=1)),
    Layer(8, 3, "softmax", rng=2),
)
padded = Sequential(
    Conv1D(1, 2, 3, "relu", padding="same", rng=0),
    Conv1D(2, 2, 3, "relu", padding="same", rng=0),
    Flatten(),
    Layer(8, 3, rng=1),
)
image = Sequential(
    Conv2D(1, 2, 3, "tanh", padding="same", rng=0),
    Conv2D(2, 2, 2, "softplus", rng=0),
    Flatten(),
    Layer(32, 1, rng=1),
)
w = [Value(0.5), Value(-0.3), Value(0.7)]


def sliced(x: list[Value]) -> Value:
    """Every second element, some twice, some never: adjoints are placed among zeros."""
    hidden = [(a * w[0]).tanh() for a in x]
    return GATES["dot"](hidden[1:3], w[:2]) + hidden[1] * hidden[2] + hidden[2] * 2.0


def steps(x: list[Value]) -> Value:
    """Sums and products of masks alone, and a constant row."""
    hidden = [a * b for a, b in zip(x[:3], w, strict=True)]
    rectified = [a.relu() for a in hidden]
    total = GATES["sum"]([a.leaky_relu() for a in hidden]) + GATES["sum"](rectified)
    return total + GATES["dot"](hidden, [0.5, 1.5, 0.25]) + w[0].relu() + hidden[0].relu().relu()


def constants(x: list[Value]) -> Value:
    """Rows of constants that are written as ranges."""
    row = GATES["dot"](x, [-3.0, 0.0, 3.0, 6.0])
    return row * w[0] + GATES["logsumexp"]([-3.0, 0.0, 3.0, x[0], x[1]])


@pytest.mark.parametrize(
    ("f", "arrays"),
    [
        (constants, (X4,)),
        (lambda x, y: losses.softmax_cross_entropy(one_hot(x), y), (X4, CLASSES)),
        (lambda x, y: losses.softmax_cross_entropy(one_hot(x), y), (X4, np.eye(3)[CLASSES])),
        (lambda x, y: losses.cross_entropy(normed(x), y), (X4, CLASSES)),
        (lambda x, y: losses.softmax_cross_entropy(padded(x), y), (X4, CLASSES)),
        (lambda x: losses.hinge(image([x]), 1.0), (RNG.normal(size=(2, 4, 4)),)),
        (lambda x, y: losses.logistic(MLP(4, [1], rng=0)(x), y), (X4, [0, 1, 1])),
        (sliced, (X4,)),
        (steps, (X4,)),
        (lambda x: w[0] * w[0] + 2 * w[1], (X4,)),
    ],
    ids=[
        "constants",
        "table",
        "one-hot",
        "norm",
        "padding",
        "image",
        "logistic",
        "scatter",
        "masks",
        "no data",
    ],
)
def test_networks_compute_in_single_precision(
    f: Callable[..., Value], arrays: Sequence[Any]
) -> None:
    check(f, *arrays)


def test_error_functions_without_scipy_compute_in_single_precision() -> None:
    program = autodiff.compile(lambda x: normed(x)[0], backend="numpy", dtype="float32")
    source = program.prepare(X4).source.replace("scipy.special", "no_such_module")
    assert wide_expressions(source, program.theta(), X4.astype(np.float32)) == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_gates_compute_in_single_precision(name: str) -> None:
    """Each gate on its own and side by side, on data and on parameters."""
    row = GATES[name]
    random_ = random.Random(name)
    weights = [Value(random_.uniform(0.2, 0.9)) for _ in range(4)]

    def f(x: list[Value]) -> Value:
        if row.rows:
            rows = [[x, weights][k % 2] for k in range(len(row.rows))]
            out: Value = row(*rows, *weights[: len(row.inputs) - len(row.rows)])
            return out * weights[0]
        pairs = zip(x, weights, strict=True)
        singles = [row(*[(a if k % 2 else b) for k in range(len(row.inputs))]) for a, b in pairs]
        return GATES["dot"](singles, weights) + singles[0]

    check(f, RNG.uniform(0.2, 0.9, size=(3, 4)))
