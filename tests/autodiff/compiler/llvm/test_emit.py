"""The machine code computes what the NumPy program computes, for every width of vectors."""

from __future__ import annotations

import itertools
import math
import operator
import platform
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value
from autodiff.compiler import Program
from autodiff.compiler.llvm import machine
from autodiff.compiler.llvm.emit import emit
from nn import (
    MLP,
    Conv1D,
    Conv2D,
    Flatten,
    Layer,
    LayerNorm,
    Residual,
    Sequential,
    TransformerBlock,
    losses,
)
from tests.oracles import oracle
from tests.random_graphs import BUILT_IN, random_recipe

oracle("llvmlite")
rng = np.random.default_rng(0)
HOST = machine.host()
# older processors whose programs this one runs: (name, features)
OLDER = {4: ("x86-64-v3", "+avx2,+fma"), 2: ("x86-64-v2", "+sse4.2")}
WIDTHS = [8, 4, 2]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))


@pytest.fixture(params=WIDTHS)
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Vectors of so many float64, if this machine can run them."""
    lanes: int = request.param
    if lanes != HOST.lanes:
        if platform.machine() not in ("x86_64", "AMD64") or lanes > HOST.lanes:
            pytest.skip(f"this processor does not run vectors of {lanes}")
        monkeypatch.setattr(machine, "host", lambda: machine.Processor(*OLDER[lanes]))
    assert machine.host().lanes == lanes
    return lanes


def pair(f: Callable[..., Any], *arrays: Any, dtype: str = "float64") -> tuple[Program, Program]:
    """The program in NumPy, which has been compared with the eager engine, and natively."""
    program = autodiff.compile(f, backend="numpy", dtype=dtype).prepare(*arrays)
    return program, program.on("native")


def raw(program: Program, *arrays: Any) -> tuple[Any, np.ndarray]:
    """J and gradient, finite or not."""
    theta = program.theta()
    with np.errstate(all="ignore"):
        J, gradient = program.version.gradient(
            theta, *(np.asarray(a, dtype=theta.dtype) for a in arrays)
        )
    return J, gradient


def assert_agree(
    f: Callable[..., Any], *arrays: np.ndarray, rows: tuple[int, ...], rtol: float = 1e-12,
    dtype: str = "float64",
) -> None:  # fmt: skip
    """Both programs give the same J and gradient for so many rows, repeated as needed."""
    numpy, native = pair(f, *arrays, dtype=dtype)
    for n in rows:
        some = [np.resize(a, (n, *a.shape[1:])) for a in arrays]
        (expected, slopes), (J, gradient) = raw(numpy, *some), raw(native, *some)
        assert J == pytest.approx(expected, rel=rtol)
        atol = rtol * max(1.0, abs(slopes).max(initial=0))
        np.testing.assert_allclose(gradient, slopes, rtol=rtol, atol=atol)


def recipe_as_loss(seed: int) -> tuple[Callable[[Any], Value], np.ndarray]:
    """A random program of every gate: half of its leaves are data, half parameters."""
    recipe = random_recipe(seed=seed, leaves=2 + seed % 4)
    half = len(recipe.leaves) // 2
    parameters = [Value(number) for number in recipe.leaves[half:]]

    def f(x: Any) -> Value:
        data = list(x) if isinstance(x, list | tuple) else [x]
        root: Value = recipe.on_values(*data, *parameters)
        return root

    return f, np.array([recipe.leaves[:half]])


@pytest.mark.parametrize("seed", range(40))
def test_random_programs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with another width, where the machine has them."""
    lanes = WIDTHS[seed % 3]
    if lanes < HOST.lanes and platform.machine() in ("x86_64", "AMD64"):
        monkeypatch.setattr(machine, "host", lambda: machine.Processor(*OLDER[lanes]))
    f, row = recipe_as_loss(seed)
    X = np.resize(row, (3, row.shape[1])) * (1 + 1e-6 * rng.normal(size=(3, row.shape[1])))
    assert_agree(f, X, rows=(3, 1 + seed % 17))


SPECIAL = [0.0, 1.0, 0.5, 3.0, 1e-17, 5e-324, 2.2e-308, 1e308, 710.0, math.inf]


@pytest.mark.parametrize("name", BUILT_IN)
def test_gates_where_numbers_are_special(name: str, width: int) -> None:
    """Infinities, NaN, subnormals, and zeros with their sign."""
    gate = GATES[name]
    numbers = [*SPECIAL, *(-x for x in SPECIAL), math.nan]
    X = np.array(list(itertools.product(numbers, numbers)))

    def f(x: list[Value]) -> list[Value]:
        if gate.rows:
            return [gate(*[x] * len(gate.rows), *[x[0]] * (len(gate.inputs) - len(gate.rows)))]
        return [gate(*x[: len(gate.inputs)])]

    numpy, native = pair(f, np.array([[0.3, 0.7]]))
    with np.errstate(all="ignore"):
        expected = numpy.version.outputs(numpy.theta(), X)
    found = native.version.outputs(native.theta(), X)
    atol = 1e-308 if name == "sigmoid" else 0  # where NumPy's e^-t is infinite, ours is not yet
    np.testing.assert_allclose(found, expected, rtol=4e-15, atol=atol)
    if name in ("max", "min"):  # of 0.0 and -0.0 NumPy gives either
        return
    assert_same_zeros(found, expected)


def assert_same_zeros(found: np.ndarray, expected: np.ndarray) -> None:
    zeros = (expected == 0) & (found == 0)
    np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


def test_known_powers_and_divisors_where_numbers_are_special(width: int) -> None:
    """They are taken by products, roots and reciprocals: x ** -1.5 is no power there."""
    sizes = [0.0, 5e-324, 1e-310, 1e-206, 1e-155, 0.3, 1.0, 7.0, 1e77, 1e155, 1e206, math.inf]
    X = np.array([*sizes, *(-x for x in sizes), math.nan])[:, None]
    cases: list[tuple[Callable[..., Any], Any, float]] = [
        *((operator.pow, np.power, k) for k in (-2.0, -1.5, -1.0, -0.5, 1.5, 2.0, 3.0, 4.0)),
        *((operator.truediv, np.divide, d) for d in (2.0, -16.0, 0.25, 3.0)),
    ]
    for operation, reference, number in cases:
        native = autodiff.compile(
            lambda x, of=operation, by=number: [of(x[0], by)], backend="native"
        ).prepare(X[5:6])
        found = native.version.outputs(native.theta(), X)
        with np.errstate(all="ignore"):
            expected = reference(X, np.full_like(X, number))
        np.testing.assert_allclose(found, expected, rtol=5e-16, atol=5e-324)
        assert_same_zeros(found, expected)


def test_rows_around_multiples_of_the_width(width: int) -> None:
    """Vectors that are not full, blocks that are not, and more than one block."""
    model = MLP(3, [5, 11, 1], "relu", rng=0)
    X = rng.normal(size=(300, 3))
    rows = (*range(1, 19), 31, 32, 33, 127, 128, 129, 255, 257, 300)
    assert_agree(lambda x, y: losses.hinge(model(x), y), X, np.sign(X[:, 0]), rows=rows)


@pytest.mark.parametrize("rows", [1, 3, 9])
def test_lanes_beyond_the_last_row_are_left_out_of_sums(rows: int, width: int) -> None:
    """They repeat it: 0 · inf would make NaN of an infinite sum."""
    w, v = Value(2.0), Value(1.0)
    X = np.ones((rows, 2))
    numpy, native = pair(lambda x: w * x[0] * v * x[1], X)
    X[-1, 0] = math.inf
    assert raw(native, X)[0] == math.inf == raw(numpy, X)[0] or math.isnan(raw(native, X)[0])
    np.testing.assert_array_equal(raw(native, X)[1], raw(numpy, X)[1])


SQUARED = losses.squared_error
w = [Value(0.5), Value(-0.3), Value(0.7)]


def sliced(x: list[Value]) -> Value:
    """Every second element, some twice, some never: adjoints are placed among zeros."""
    hidden = [(a * w[0]).tanh() for a in x]
    return GATES["dot"](hidden[1:3], w[:2]) + hidden[1] * hidden[2] + hidden[2] * 2.0


def picked(x: list[Value]) -> Value:
    """Pixels of a window, in no regular order."""
    a = [v.tanh() for v in x]
    return a[3] * a[0] * w[0] + a[5] * a[1] * w[1] + a[0] * a[4] * w[2] + a[3] * a[2]


def recurrent(x: list[Value]) -> Value:
    h = w[0] * 0.0
    for v in x:
        h = (w[1] * h + w[2] * v).tanh()
    return h * h


def alone(x: list[Value]) -> Value:
    """What depends on parameters alone is computed before the rows and after them."""
    return (w[0] * w[1]).exp() * GATES["dot"](w, w) * x[0] + w[2] ** 1.5


def models() -> dict[str, tuple[Callable[..., Any], tuple[int, ...]]]:
    block = Residual(Layer(6, 6, "relu", rng=0), Layer(6, 6, "gelu", rng=1))
    return {
        "softmax": (Sequential(Layer(6, 9, "softmax", rng=0), Layer(9, 3, rng=1)), (6,)),
        "norm": (Sequential(Layer(6, 13, rng=0), LayerNorm(13), Layer(13, 3, rng=1)), (6,)),
        "shared": (Sequential(block, block, Layer(6, 3, rng=2)), (6,)),
        "sigmoid": (MLP(20, [17, 3], "sigmoid", rng=0), (20,)),
        "signal": (
            Sequential(Conv1D(2, 3, 3, "relu", padding="same", rng=0), Flatten(),
                       Layer(18, 3, rng=1)), (2, 6),
        ),
        "image": (
            Sequential(Conv2D(1, 2, 3, "tanh", rng=0), Flatten(), Layer(50, 3, rng=1)), (1, 5, 5)
        ),
    }  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", models())
def test_modules(name: str, dtype: str, width: int) -> None:
    model, shape = models()[name]
    X, Y = rng.normal(size=(5, *shape)), np.eye(3)[[0, 2, 1, 1, 0]]
    loss = losses.softmax_cross_entropy
    rtol = 1e-12 if dtype == "float64" else 2e-5
    assert_agree(lambda x, y: loss(model(x), y), X, Y, rows=(1, 5, 9, 140), rtol=rtol, dtype=dtype)


@pytest.mark.parametrize("f", [sliced, picked, recurrent, alone])
def test_functions(f: Callable[[list[Value]], Value], width: int) -> None:
    assert_agree(f, rng.normal(size=(5, 6)), rows=(1, 5, 20))


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 5, 8, 9, 17])
def test_inputs_of_any_width(columns: int, width: int) -> None:
    """A few numbers a row come in whole vectors, more of them square by square."""
    model = MLP(columns, [3, 1], "tanh", rng=0)
    X = rng.normal(size=(40, columns))
    assert_agree(lambda x: SQUARED(model(x), 1.0), X, rows=(1, 2, 7, 8, 9, 17, 129))


def test_arguments_and_gates_may_have_any_name() -> None:
    """The loops have names of their own: rows, scratch, order, t1, s1."""
    p = Value(2.0)
    a, b = rng.normal(size=5), rng.normal(size=5)
    assert_agree(lambda rows, scratch: (p * rows - scratch) ** 2, a, b, rows=(5,))
    assert_agree(lambda order, theta: (p * order - theta).tanh(), a, b, rows=(5,))
    t, s = autodiff.gate("t", "a * a", a="2 * a"), autodiff.gate("s", "a + 1.0", a="1.0")
    try:
        assert_agree(
            lambda x: GATES["sum"]([t(s(p * v)) for v in x]) * GATES["sum"](x),
            rng.normal(size=(5, 3)),
            rows=(5,),
        )
    finally:
        del GATES["t"], GATES["s"]


def test_losses_without_parameters_and_without_data(width: int) -> None:
    p = Value(3.0)
    X = rng.normal(size=(4, 2))
    assert_agree(lambda x: x[0] * x[1], X, rows=(1, 4, 9))
    assert_agree(lambda x: p * p + 1, X, rows=(1, 4, 9))


def test_attention(width: int) -> None:
    """Products of three axes, masks, and sums along an axis in the middle."""
    block = TransformerBlock(4, 2, rng=0)
    X = rng.normal(size=(3, 5, 4))
    assert_agree(
        lambda x: GATES["sum"]([SQUARED(row[0], row[1]) for row in block(x)]), X, rows=(1, 3, 9)
    )


def test_a_product_that_is_added_up_over_rows_goes_straight_into_the_sum() -> None:
    """Beyond the last row its factors are masked, not the product: one instruction does both."""
    w = Value(2.0)
    loops = autodiff.compile(lambda x, y: SQUARED(w * x, y), backend="numpy").prepare([1.0], [2.0])
    added = (
        r"(%\w+) = fmul contract <4 x double> .*\n *%\w+ = fadd contract <4 x double> %sum\d+, \1"
    )
    assert re.search(added, emit(loops.loops, 4).text)


def test_a_buffer_that_holds_more_than_a_cache_is_cut_into_blocks(width: int) -> None:
    """Fewer rows at a time, so that a block stays in the cache."""
    model = MLP(300, [40, 1], "tanh", rng=0)
    X = rng.normal(size=(200, 300))
    assert_agree(lambda x: SQUARED(model(x), 1.0), X, rows=(7, 200))


def test_predictions(width: int) -> None:
    model = MLP(5, [7, 3], "softplus", rng=0)
    X = rng.normal(size=(40, 5))
    numpy, native = pair(model, X)
    for rows in (1, 7, 40):
        np.testing.assert_allclose(native(X[:rows]), numpy(X[:rows]), rtol=1e-12)


def test_powers_are_the_library_s() -> None:
    """Small whole ones are products, and roots are the machine's."""
    exponents = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 1.5]
    X = np.array([[x] for x in (0.0, -0.0, 1.7, 1e-200, 1e200, math.inf, math.nan)])
    numpy, native = pair(lambda x: [x[0] ** k for k in exponents], np.array([[0.5]]))
    with np.errstate(all="ignore"):
        expected = numpy.version.outputs(numpy.theta(), X)
    np.testing.assert_allclose(native.version.outputs(native.theta(), X), expected, rtol=4e-15)


def test_the_loops_are_what_runs() -> None:
    """The text that a program shows computes the numbers that the machine code computes."""
    model = MLP(3, [4, 2], "tanh", rng=0)
    X, Y = rng.normal(size=(6, 3)), np.eye(2)[random.Random(0).choices(range(2), k=6)]
    _, native = pair(lambda x, y: losses.softmax_cross_entropy(model(x), y), X, Y)
    namespace: dict[str, Any] = {}
    exec(native.loops, namespace)
    gradient = [math.nan] * len(native.theta())
    J = namespace["gradient"](native.theta().tolist(), X.ravel().tolist(), Y.ravel().tolist(),
                              gradient)  # fmt: skip
    found, slopes = native.value_and_grad(native.theta(), X, Y)
    assert pytest.approx(found, rel=1e-13) == J
    np.testing.assert_allclose(slopes, gradient, rtol=1e-12, atol=1e-15)
