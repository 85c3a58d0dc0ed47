"""The native backend: LLVM compiles the loops."""

from __future__ import annotations

import os
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import autodiff
from autodiff import DomainError, Value
from autodiff.compiler.llvm import machine
from autodiff.compiler.llvm.native import build, descent
from nn import MLP, SGD, fit, losses
from tests.oracles import oracle

oracle("llvmlite")
rng = np.random.default_rng(0)
MODEL = MLP(3, [5, 2], "tanh", rng=0)
X, Y = rng.normal(size=(150, 3)), np.eye(2)[rng.integers(2, size=150)]


def loss(x: list[Value], y: list[Value]) -> Value:
    return losses.softmax_cross_entropy(MODEL(x), y)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    os.environ["GLASSGRAD_CACHE"] = str(folder)
    return folder


def test_equals_numpy_and_eager() -> None:
    native, numpy = (
        autodiff.compile(loss, backend="native"),
        autodiff.compile(loss, backend="numpy"),
    )
    J, gradient = native.value_and_grad(native.theta(), X, Y)
    expected, slopes = numpy.value_and_grad(numpy.theta(), X, Y)
    assert J == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-15)
    assert "backend native" in str(native.report())


def test_vector_functions_in_place_or_called_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GLASSGRAD_CACHE", os.devnull)  # nothing is kept
    results = []
    for most in (0, 1000):
        monkeypatch.setattr("autodiff.compiler.llvm.native.INLINED", most)
        native = autodiff.compile(loss, backend="native")
        results.append(native.value_and_grad(native.theta(), X, Y))
    (J, gradient), (again, slopes) = results
    assert J == again
    np.testing.assert_array_equal(gradient, slopes)


def test_prediction() -> None:
    native, numpy = (
        autodiff.compile(MODEL, backend="native"),
        autodiff.compile(MODEL, backend="numpy"),
    )
    np.testing.assert_allclose(native(X), numpy(X), rtol=1e-13)


def test_any_layout_of_the_data() -> None:
    """Fortran order, slices and negative strides are taken as they are."""
    native = autodiff.compile(loss, backend="native")
    expected = native(X, Y)
    assert native(np.asfortranarray(X), np.asfortranarray(Y)) == expected
    assert native(np.repeat(X, 2, axis=0)[::2], Y) == expected
    assert native(X[::-1][::-1], Y) == expected
    unaligned = np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(np.float64).reshape(X.shape)
    assert native(unaligned, Y) == expected
    assert native(X.astype(">f8"), Y) == expected


@pytest.mark.parametrize("step", [1, 2, -1, -3])
def test_an_argument_of_one_number_an_example_may_be_a_column(step: int) -> None:
    table = np.random.default_rng(0).normal(size=(12, 5))
    a, b = table[::step, 1], table[::step, 3]
    native = autodiff.compile(lambda a, b: a * b.tanh() + a, backend="native")
    assert native(a, b) == pytest.approx((a * np.tanh(b) + a).mean(), rel=1e-13)


def test_what_may_only_be_read() -> None:
    """Arrays as a data frame of pandas 3 gives them: by a program, and in whole epochs."""
    locked = [X.copy(), Y.copy()]
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    theta = native.theta()
    expected = native.value_and_grad(theta, X, Y)
    for array in (*locked, theta):
        array.setflags(write=False)
    J, gradient = native.value_and_grad(theta, *locked)
    assert J == expected[0]
    np.testing.assert_array_equal(gradient, expected[1])
    runs = []
    for rows, targets in ((X, Y), locked):
        model = MLP(X.shape[1], [3, Y[0].size], rng=0)
        optimiser = SGD(model.parameters(), lr=0.1)
        runs.append(fit(model, rows, targets, "squared_error", optimiser, epochs=2, batch_size=7,
                        rng=0, engine="native", progress=False).steps)  # fmt: skip
    assert runs[0] == runs[1]


def test_gradients_are_fresh_arrays() -> None:
    """A gradient that was read earlier does not change later."""
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    _, first = native.value_and_grad(native.theta(), X, Y)
    kept = first.copy()
    native.value_and_grad(native.theta() + 1, X, Y)
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_share_buffers() -> None:
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    theta = native.theta()
    thetas = [theta * (1 + k / 10) for k in range(8)]
    alone = [native.value_and_grad(t, X, Y) for t in thetas]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda t: native.value_and_grad(t, X, Y), thetas * 20))
    for k, (J, gradient) in enumerate(together):
        assert J == alone[k % 8][0]
        np.testing.assert_array_equal(gradient, alone[k % 8][1])


def test_pickles() -> None:
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    again = pickle.loads(pickle.dumps(native))
    theta = native.theta()
    assert again.value_and_grad(theta, X, Y)[0] == native.value_and_grad(theta, X, Y)[0]


def test_works_where_no_cache_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(blocked))
    w = Value(3.0)
    native = autodiff.compile(lambda x: w * x * 1.75, backend="native")
    assert native([2.0]) == 10.5


def test_a_domain_error_names_gate_and_row() -> None:
    w = Value(1.0, label="w")
    native = autodiff.compile(lambda x: (w * x).log(), backend="native").prepare([1.0, 2.0])
    with pytest.raises(DomainError, match=r"row 1.*log"):
        native([1.0, -1.0])


def plain(
    theta: np.ndarray,
    gradient: np.ndarray,
    state: np.ndarray,
    rate: float,
    step: int,
    settings: np.ndarray,
) -> None:
    """Gradient descent that counts its steps."""
    theta -= rate * gradient
    state[0] += step


@pytest.mark.parametrize(("dtype", "digits"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize(("size", "scale", "l2"), [(150, False, 0.0), (32, True, 1e-3)])
def test_descent_takes_the_steps_that_python_would(
    size: int, scale: bool, l2: float, dtype: str, digits: float
) -> None:
    program = autodiff.compile(loss, backend="native", dtype=dtype).prepare(X, Y)
    function = program.version.function
    assert function is not None
    order = np.arange(150) if size == 150 else rng.permutation(150)
    steps = -(-150 // size)
    theta = program.theta()
    costs, state = np.empty(steps, dtype), np.zeros((1, theta.size), dtype)
    rates = np.linspace(0.1, 0.01, steps)
    arguments = [X, Y], order, size, scale, l2, state, rates, 7, np.empty(0), costs
    assert descent(function, plain)(theta, *arguments) == steps

    expected = program.theta()
    for k in range(steps):
        rows = order[k * size : (k + 1) * size]
        J, gradient = program.value_and_grad(expected, X[rows], Y[rows])
        factor = len(rows) if scale else 1
        assert costs[k] == pytest.approx(factor * J + l2 * expected @ expected, rel=digits)
        expected = expected - rates[k] * (factor * gradient + 2 * l2 * expected)
    assert theta.dtype == dtype
    np.testing.assert_allclose(theta, expected, rtol=digits, atol=digits / 10)
    assert state[0, 0] == sum(range(7, 7 + steps))


def test_python_goes_on_while_llvm_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call waits for it, and gets its error if there was one."""
    monkeypatch.setenv("GLASSGRAD_CACHE", os.devnull)  # nothing is kept
    function = autodiff.compile(loss, backend="numpy").prepare(X, Y).version.function
    assemble, may_go_on = machine.assemble, threading.Event()

    def later(*given: object, **options: object) -> bytes:
        assert may_go_on.wait(60)
        return assemble(*given, **options)  # type: ignore[arg-type]

    def broken(*given: object, **options: object) -> bytes:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(machine, "assemble", later)
    outputs = build(function, False)
    may_go_on.set()
    theta = autodiff.compile(loss, backend="numpy").prepare(X, Y).theta()
    assert outputs(theta, X, Y).shape == (150, 1)
    monkeypatch.setattr(machine, "assemble", broken)
    build.cache_clear()
    outputs = build(function, False)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no such instruction"):
            outputs(theta, X, Y)
    build.cache_clear()


def test_descent_refuses_numbers_of_another_precision() -> None:
    """What it writes to is taken as it is, so it must be what the machine code expects."""
    program = autodiff.compile(loss, backend="native", dtype="float32").prepare(X, Y)
    theta = program.theta()
    arguments = [X, Y], np.arange(150), 150, False, 0.0, np.zeros((1, theta.size)), [0.1], 0, []
    with pytest.raises(TypeError, match=r"float64 and float32; .* computes in float32"):
        descent(program.version.function, plain)(theta, *arguments, np.empty(1, np.float32))


def test_descent_stops_before_a_cost_that_is_not_finite() -> None:
    w = Value(1.0)
    program = autodiff.compile(lambda x: (w * x).exp(), backend="native").prepare([1.0])
    function = program.version.function
    assert function is not None
    theta, costs = program.theta(), np.zeros(3)
    data = np.array([1.0, 1000.0, 1.0])
    arguments = [data], np.arange(3), 1, False, 0.0, np.zeros((1, 1)), np.full(3, 0.1), 0
    done = descent(function, plain)(theta, *arguments, np.empty(0), costs)
    assert done == 1
    assert theta[0] == pytest.approx(1.0 - 0.1 * np.exp(1.0))


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_single_precision_on_request(backend: str) -> None:
    """Data, buffers and result are float32, and so are the digits."""
    double = autodiff.compile(loss, backend="numpy").prepare(X, Y)
    single = autodiff.compile(loss, backend=backend, dtype="float32").prepare(X, Y)
    assert single.theta().dtype == np.float32
    J, gradient = single.value_and_grad(single.theta(), X.astype(np.float32), Y)
    expected, slopes = double.value_and_grad(double.theta(), X, Y)
    assert gradient.dtype == np.float32
    assert 0 < abs(J - expected) < 1e-6
    np.testing.assert_allclose(gradient, slopes, atol=1e-6)
    with pytest.raises(ValueError, match="float64"):
        autodiff.compile(loss, dtype="float16")
