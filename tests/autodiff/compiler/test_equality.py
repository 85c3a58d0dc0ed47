"""Compiled programs compute what the eager engine computes: loss and gradient."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import autodiff
from autodiff import GATES, Value, gate
from autodiff.functional import gradients
from nn import (
    MLP,
    Conv1D,
    Conv2D,
    Flatten,
    Layer,
    LayerNorm,
    Residual,
    Sequential,
    losses,
)
from tests.random_graphs import BUILT_IN, Recipe, random_recipe, recipes

RNG = np.random.default_rng(0)
Floats = NDArray[np.float64]


def nested(row: Any) -> Any:
    """A row of an argument as the eager engine would be given it."""
    row = np.asarray(row, dtype=float)
    return Value(float(row)) if row.ndim == 0 else [nested(part) for part in row]


def eager(
    f: Callable[..., Value], parameters: Sequence[Value], *arrays: Floats
) -> tuple[float, Floats]:
    """J and its gradient, example by example."""
    roots = [f(*(nested(a[row]) for a in arrays)) for row in range(len(arrays[0]))]
    slopes = np.array([gradients(root, parameters) for root in roots])
    return sum(root.data for root in roots) / len(roots), slopes.mean(axis=0)


def agree(f: Callable[..., Value], *arrays: Any, backend: str = "numpy") -> autodiff.Program:
    """Assert that eager and compiled agree to the last digits; return the program."""
    program = autodiff.compile(f, backend=backend)
    arrays = tuple(np.asarray(a, dtype=float) for a in arrays)
    program.prepare(*arrays)
    J, gradient = program.value_and_grad(program.theta(), *arrays)
    expected_J, expected = eager(f, program.parameters, *arrays)
    assert math.isclose(J, expected_J, rel_tol=1e-12, abs_tol=1e-12)
    scale = np.abs(expected).max(initial=0.0)  # what cancels is as exact as what it is made of
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-12 * scale + 1e-14)
    return program


def test_a_zero_beside_a_number_is_not_the_first_parameter_beside_it() -> None:
    """0.0 and the index 0 are the same eight bytes."""
    w = Value(0.5, label="w")

    def f(x: Value) -> Value:
        q = x.sin()
        return autodiff.affine([q, w], [0.0, q], q)  # w q + q

    program = agree(f, [0.3, -0.7])
    assert program.predict([0.3])[0] == pytest.approx(1.5 * math.sin(0.3), rel=1e-15)


def test_which_of_two_parameters_is_the_smaller_is_a_number() -> None:
    """Its truth value is what the adjoints begin with."""
    a, b = Value(2.0), Value(4.0)
    program = agree(lambda x: x + autodiff.minimum(a.reciprocal(), b.reciprocal()), [1.0, 2.0])
    assert program.value_and_grad(program.theta(), [1.0])[1].tolist() == [0.0, -0.0625]


@pytest.mark.parametrize("inner", [autodiff.sum, autodiff.logsumexp])
@pytest.mark.parametrize("outer", [autodiff.sum, autodiff.logsumexp])
def test_a_sum_of_sums_of_minima(
    inner: Callable[[Any], Value], outer: Callable[[Any], Value]
) -> None:
    """What an outer sum keeps for broadcasting is no matter of the sum inside it."""

    def f(x: list[list[Value]]) -> Value:
        return outer([inner([autodiff.minimum(v, v.tanh()) for v in row]) ** 2 for row in x])

    agree(f, np.random.default_rng(0).normal(size=(3, 5, 4)))


# ── random graphs ────────────────────────────────────────────────────────────────────────────


def split(recipe: Recipe, data: int) -> tuple[Callable[..., Value], list[Value], Floats]:
    """The first leaves as data, the others as parameters, and rows near the recipe's numbers."""
    data = min(data, len(recipe.leaves))
    parameters = [Value(x) for x in recipe.leaves[data:]]

    def f(x: list[Value]) -> Value:
        return recipe.on_values(*x, *parameters)

    return f, parameters, np.array([recipe.leaves[:data]] * 3)


@pytest.mark.parametrize("first", range(0, 600, 100))
def test_random_graphs_with_every_gate(first: int) -> None:
    for seed in range(first, first + 100):
        recipe = random_recipe(seed)
        f, parameters, X = split(recipe, 1 + seed % 3)
        if parameters:
            agree(f, X)


@given(recipe=recipes(), data=st.integers(1, 3))
@settings(max_examples=100)
def test_random_graphs_that_hypothesis_makes(recipe: Recipe, data: int) -> None:
    f, parameters, X = split(recipe, data)
    if parameters:
        agree(f, X)


@given(recipe=recipes(12), width=st.integers(2, 5), shared=st.booleans())
@settings(max_examples=60)
def test_many_copies_of_a_random_graph_side_by_side(
    recipe: Recipe, width: int, shared: bool
) -> None:
    """The same graph on every element of a row: slices, broadcasts and shared parameters."""
    count = len(recipe.leaves)
    own = [[Value(x) for x in recipe.leaves] for _ in range(1 if shared else width)]

    def f(x: list[Value]) -> Value:
        outs = []
        for k in range(width):
            parameters = own[0 if shared else k]
            outs.append(recipe.on_values(x[k], *parameters[1:count]))
        total = outs[0]
        for out in outs[1:]:
            total = total + out * outs[0]
        return total

    agree(f, np.full((2, width), recipe.leaves[0]))


def test_parameters_of_a_row_that_is_only_added_up_share_their_adjoint() -> None:
    """x + Σ w at two places: one number for each row of w, broadcast into the gradient."""
    w = [[Value(2.0), Value(0.5)], [Value(1.0), Value(-1.0)]]

    def f(x: list[Value]) -> Value:
        a, b = (xk + GATES["sum"](row) for xk, row in zip(x, w, strict=True))
        return a * b

    agree(f, np.array([[1.0, 2.0], [0.5, 3.0]]))


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_gate_on_rows_of_different_numbers(name: str) -> None:
    """Elementwise over data and parameters alike, with rows on both sides of every kink."""
    row = GATES[name]
    rng = random.Random(name)
    positive = "> 0" in row.domain or ">= 0" in row.domain or "> -1" in row.domain

    def number() -> float:
        return rng.uniform(0.2, 2.0) if positive else rng.choice([-1, 1]) * rng.uniform(0.2, 2.0)

    weights = [Value(number()) for _ in range(4)]

    def f(x: list[Value]) -> Value:
        pairs = list(zip(x, weights, strict=True))
        if row.rows:
            sides = [[a for a, _ in pairs], [b for _, b in pairs]]
            rows = [sides[(k + 1) % 2] for k in range(len(row.rows))]
            out: Value = row(*rows, *weights[: len(row.inputs) - len(row.rows)])
            return out
        singles = [
            row(*[(a if k % 2 else b * a) for k in range(len(row.inputs))]) for a, b in pairs
        ]
        return GATES["sum"]([s * b for s, b in zip(singles, weights, strict=True)])

    agree(f, np.array([[number() for _ in range(4)] for _ in range(5)]))


# ── everything in nn ─────────────────────────────────────────────────────────────────────────

X4 = RNG.normal(size=(6, 4))
SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
CLASSES = np.array([0, 2, 1, 1, 0, 2])
ONE_HOT = np.eye(3)[CLASSES]


@pytest.mark.parametrize(
    "activation", ["relu", "leaky_relu", "tanh", "sigmoid", "gelu", "softplus", "softplus(2)", None]
)
def test_activations(activation: str | None) -> None:
    net = MLP(4, [5, 4, 1], activation=activation, rng=1)
    agree(lambda x, y: losses.hinge(net(x), y), X4, SIGNS)


@pytest.mark.parametrize(
    ("loss", "outputs", "target"),
    [
        (losses.squared_error, 3, ONE_HOT),
        (losses.squared_error, 1, SIGNS),
        (losses.mean_squared_error, 3, ONE_HOT),
        (losses.hinge, 1, SIGNS),
        (losses.logistic, 1, (SIGNS + 1) / 2),
        (losses.softmax_cross_entropy, 3, ONE_HOT),
        (losses.softmax_cross_entropy, 3, CLASSES),
    ],
)
def test_losses(loss: losses.Loss, outputs: int, target: Floats) -> None:
    net = MLP(4, [5, outputs], activation="tanh", rng=2)
    agree(lambda x, y: loss(net(x), y), X4, target)


@pytest.mark.parametrize("target", [ONE_HOT, CLASSES])
@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_cross_entropy_of_probabilities(last: str, target: Floats) -> None:
    net = Sequential(Layer(4, 5, "relu", rng=1), Layer(5, 3, last, rng=2))
    agree(lambda x, y: losses.cross_entropy(net(x), y), X4, target)


def test_layer_norm_and_residual_blocks() -> None:
    block = Residual(LayerNorm(4), Layer(4, 6, "gelu", rng=3), Layer(6, 4, rng=4))
    net = Sequential(Layer(4, 4, "tanh", rng=5), block, block, LayerNorm(4, eps=0.0), Layer(4, 3))
    agree(lambda x, y: losses.squared_error(net(x), y), X4, ONE_HOT)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, 1), (1, 0)])
def test_convolutions_in_one_dimension(channels: int, stride: int, padding: int | str) -> None:
    first = Conv1D(channels, 3, 3, "relu", stride=stride, padding=padding, rng=0)
    net = Sequential(first, Conv1D(3, 2, 2, "tanh", rng=1), Flatten())
    signal = RNG.normal(size=(4, channels, 9))
    agree(lambda x: losses.squared_error(net(x), [0.5] * len(net(x))), signal)


@pytest.mark.parametrize(("stride", "padding"), [(1, "same"), (2, 0)])
def test_convolutions_in_two_dimensions(stride: int, padding: int | str) -> None:
    first = Conv2D(1, 3, 3, "relu", stride=stride, padding=padding, rng=0)
    body = Sequential(first, Conv2D(3, 2, 2, "tanh", rng=1), Flatten())
    images = RNG.normal(size=(6, 5, 6))
    last = Layer(len(body([[0.0] * 6] * 5)), 3, rng=2)
    program = agree(lambda x, y: losses.softmax_cross_entropy(last(body(x)), y), images, CLASSES)
    assert program.report().versions[0]["forward"] < 16


# ── what users write ─────────────────────────────────────────────────────────────────────────


def test_neurons_written_as_in_micrograd_become_the_same_program() -> None:
    net = MLP(4, [5, 3, 1], rng=0)

    def by_hand(x: list[Value], y: Value) -> Value:
        for number, layer in enumerate(net.layers):
            row = [sum((w * v for w, v in zip(n.w, x, strict=True)), n.b) for n in layer.neurons]
            x = [z.relu() for z in row] if number < 2 else row
        return (1 + -y * x[0]).relu()

    program = agree(by_hand, X4, SIGNS)
    compiled = agree(lambda x, y: losses.hinge(net(x), y), X4, SIGNS)
    lines = [line for line in compiled.source.splitlines() if " @ " in line]
    assert [line for line in program.source.splitlines() if " @ " in line] == lines


def test_softmax_by_hand_and_weight_decay_in_the_loss() -> None:
    net = MLP(4, [5, 3], rng=1)

    def loss(x: list[Value], y: list[Value]) -> Value:
        powers = [z.exp() for z in net(x)]
        total = sum(powers)
        entropy = -sum(t * (p / total).log() for t, p in zip(y, powers, strict=True))
        return entropy + 1e-2 * sum(p * p for p in net.parameters())

    agree(loss, X4, ONE_HOT)


def test_tied_weights_and_forks() -> None:
    layer, last = Layer(4, 4, "tanh", rng=1), Layer(8, 1, rng=2)

    def loss(x: list[Value], y: Value) -> Value:
        once = layer(x)
        return losses.squared_error(last(layer(once) + once), y)

    agree(loss, X4, SIGNS)


def test_attention_over_a_short_sequence() -> None:
    query = [[Value(random.Random(9 * i + j).gauss(0, 1)) for j in range(3)] for i in range(3)]
    dot, logsumexp = GATES["dot"], GATES["logsumexp"]

    def f(x: list[list[Value]], y: Value) -> Value:
        tokens = [[dot(w, token) for w in query] for token in x]
        out = []
        for token in tokens:
            scores = [dot(token, other) for other in x]
            total = logsumexp(scores)
            weights = [(s - total).exp() for s in scores]
            out += [dot(weights, [t[k] for t in tokens]) for k in range(3)]
        return GATES["sum"]([a * a for a in out]) * y

    program = agree(f, RNG.normal(size=(4, 5, 3)), SIGNS[:4])
    assert program.report().versions[0]["unrolled"] == []


def test_hand_wired_neurons_of_different_inputs() -> None:
    """CS229 (7.13): each neuron sees features of its own."""
    w = [Value(0.3 * k - 1) for k in range(12)]

    def price(x: list[Value], y: Value) -> Value:
        family = (w[0] * x[0] + w[1] * x[1] + w[2]).relu()
        walkable = (w[3] * x[2] + w[4]).relu()
        school = (w[5] * x[2] + w[6] * x[3] + w[7]).relu()
        return (w[8] * family + w[9] * walkable + w[10] * school + w[11] - y) ** 2

    agree(price, X4, SIGNS)


def test_gates_that_a_user_registers() -> None:
    swish = gate(
        "test_swish",
        "a * sigmoid(k * a)",
        a="sigmoid(k * a) * (1 + k * a * (1 - sigmoid(k * a)))",
        k="a * a * sigmoid(k * a) * (1 - sigmoid(k * a))",
    )
    distance = gate(
        "test_distance", "sqrt(sum((w - x) ** 2))", rows="wx", w="(w - x) / out", x="(x - w) / out"
    )
    neuron = gate(
        "test_neuron",
        "tanh(sum(w * x) + b)",
        rows="wx",
        w="(1 - out**2) * x",
        x="(1 - out**2) * w",
        b="1 - out**2",
    )
    try:
        k, layer = Value(0.7), Layer(4, 3, rng=1)
        agree(lambda x, y: losses.squared_error([swish(z, k) for z in layer(x)], y), X4, ONE_HOT)
        rows = [n.w for n in layer.neurons]
        agree(lambda x, y: losses.squared_error([distance(w, x) for w in rows], y), X4, ONE_HOT)
        program = agree(
            lambda x, y: losses.squared_error([neuron(n.w, x, n.b) for n in layer.neurons], y),
            X4,
            ONE_HOT,
        )
        assert "np.tanh(X @ W1.T + b1)" in program.source
    finally:
        for name in ("test_swish", "test_distance", "test_neuron"):
            del GATES[name]


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_gates_whose_gradient_is_not_the_formula_s_own(backend: str) -> None:
    """Gradient reversal and straight-through estimators look like products, sums and steps."""
    if backend == "native":
        pytest.importorskip("llvmlite")
    reverse = gate("test_reverse", "a * s", a="-s", s="0.0")
    back = gate("test_back", "a + b", a="-1.0", b="2.0")
    step = gate("test_step", "1.0 if a > 0 else 0.0", a="1.0")
    total = gate("test_total", "sum(a)", a="-1.0", rows="a")
    dot = gate("test_dot", "sum(a * b)", a="-b", b="2 * a", rows="ab")
    affine = gate("test_affine", "sum(w * x) + b", w="x", x="w", b="-1.0", rows="wx")
    w = [Value(2.0), Value(-0.5), Value(0.25)]
    losses_: list[Callable[..., Value]] = [
        lambda x: reverse(w[0], x[0]) + reverse(w[1], x[0] * 2.0),
        lambda x: reverse(w[0], 1.0) * x[0] + reverse(w[0] * x[1], 1.0),
        lambda x: back(w[0] * x[0], w[1] * x[1]) + w[2],
        lambda x: back(w[0], 0.0) * x[0] + back(back(w[0], x[1]), w[1] * w[2]),
        lambda x: step(w[0] * x[0]) * w[1] + step(w[1] * x[1]) * w[2],
        lambda x: total([w[0] * x[0], w[1] * x[1]]) + total([w[2]]),
        lambda x: dot(w, x[:3]) + dot([w[0]], [x[3]]) * w[1],
        lambda x: affine(w, x[:3], w[1]) + w[2] * affine(x[1:], w, w[0] * w[1]),
    ]
    try:
        for f in losses_:
            program = agree(f, X4, backend=backend)
            assert str(program.tape)
    finally:
        for name in ("reverse", "back", "step", "total", "dot", "affine"):
            del GATES[f"test_{name}"]


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_constants_that_are_not_finite(number: float, backend: str) -> None:
    """An open bound: max with -inf, min with inf; what they do not decide comes out as it is."""
    if backend == "native":
        pytest.importorskip("llvmlite")
    w = Value(0.5)
    bound = gate("test_bound", "a if isnan(b) or b - b != 0 else b", a="1.0", b="0.0")
    try:
        agree(lambda x: bound(w * x[0], number) * w, X4, backend=backend)
        if number == -math.inf:
            agree(lambda x: (w * x[0]).max(number) * w, X4)
            agree(lambda x: x[0].max(number) * w, X4, backend=backend)
            agree(lambda x: GATES["logsumexp"]([w * x[0], x[1], w]).max(number), X4)
        if number == math.inf:
            agree(lambda x: x[0].min(number) * w + (w * x[1] / number), X4, backend=backend)
    finally:
        del GATES["test_bound"]
    predict = autodiff.compile(lambda x: [w * x[0], number], backend=backend)
    np.testing.assert_array_equal(predict(X4)[:, 1], number)


def test_losses_without_data_without_parameters_and_of_one_parameter() -> None:
    k = Value(3.0)
    agree(lambda x: k * k + 1, X4)
    agree(lambda x: x[0] * x[1], X4)
    agree(lambda x: k, X4)
    agree(lambda x: x[0], X4)
    agree(lambda x: x[0] * 0 + k * x[1] * k, X4)


def test_captured_graphs_are_computed_anew() -> None:
    """A gate fired before the call belongs to the program: its leaves are the parameters."""
    raw = [Value(0.5), Value(-1.5)]
    scales = [p.exp() for p in raw]
    program = agree(lambda x: scales[0] * x[0] + scales[1] * x[1], X4)
    assert program.parameters == raw


def test_sums_of_one_number_many_times_over() -> None:
    k = Value(2.0)
    agree(lambda x: GATES["sum"]([k] * 5) * x[0], X4)
    agree(lambda x: GATES["dot"]([x[0]] * 3, [k] * 3), X4)
    agree(lambda x: GATES["logsumexp"]([x[0], k, x[0], 1.0]), X4)
