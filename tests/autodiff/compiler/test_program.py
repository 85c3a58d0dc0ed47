"""compile's contract, its guards, threads and processes."""

from __future__ import annotations

import gc
import linecache
import math
import os
import pickle
import runpy
import subprocess
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import DomainError, Value
from autodiff.compiler import BranchError, CompileError
from autodiff.compiler.trace import Judged
from autodiff.compiler.write.backends import Unsupported, choose
from nn import MLP, Layer, Module, Sequential, losses
from nn.module import Nested
from tests.autodiff.compiler import networks
from tests.oracles import oracle

RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 2))
Y = np.where(X[:, 0] > 0, 1.0, -1.0)


def moons() -> tuple[MLP, autodiff.Program]:
    net = MLP(2, [4, 1], rng=0)
    return net, autodiff.compile(lambda x, y: losses.hinge(net(x), y), backend="numpy")


# ── the contract ─────────────────────────────────────────────────────────────────────────────


def test_calling_adds_the_gradient_of_the_mean_to_every_parameter() -> None:
    net, program = moons()
    J = program(X, Y)
    rows = [losses.hinge(net(x), y) for x, y in zip(X.tolist(), Y.tolist(), strict=True)]
    mean = sum(rows) / len(rows)
    once = [p.grad for p in net.parameters()]
    for p in net.parameters():
        p.grad = 0.0
    mean.backward()
    assert J == pytest.approx(mean.data, rel=1e-12)
    assert once == pytest.approx([p.grad for p in net.parameters()], rel=1e-10, abs=1e-14)
    program(X, Y)
    assert [p.grad for p in net.parameters()] == pytest.approx([2 * g for g in once])


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_what_is_beside_a_loss_comes_with_every_row(backend: str) -> None:
    """The gradient is that of the loss alone, and computes nothing else."""
    if backend == "native":
        oracle("llvmlite")
    net, alone = moons()

    def loss(x: Any, y: Any) -> Judged:
        output = net(x)
        return Judged(losses.hinge(output, y), [output, output.sigmoid() * y])

    program = autodiff.compile(loss, backend=backend)
    J, gradient = program.value_and_grad(program.theta(), X, Y)
    expected, slopes = alone.value_and_grad(alone.theta(), X, Y)
    assert J == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-14)
    assert "sigmoid" not in program.source
    for rows in (program.predict(X, Y), program.on(backend, rows=True)(X, Y)):
        for (x, y), row in zip(zip(X.tolist(), Y.tolist(), strict=True), rows, strict=True):
            made = loss(x, y)
            values = [made.loss, *made.beside]
            assert row.tolist() == pytest.approx([v.data for v in values], rel=1e-12)


def test_an_infinite_slope_times_a_literal_zero_is_said_to_be_that() -> None:
    """The eager engine's gradient is NaN there; nobody looks at a .data."""
    w = Value(0.0, label="w")
    program = autodiff.compile(lambda x: (w * x).sqrt() * 0.0 + w, backend="numpy")
    with pytest.raises(DomainError, match="the gradient of parameter w is nan"):
        program([1.0, 2.0])
    w.data = 1.0
    assert (program([1.0, 2.0]), w.grad) == (1.0, 1.0)


def test_parameters_are_found_before_the_first_call_in_the_model_s_order() -> None:
    net, program = moons()
    assert program.parameters == net.parameters()
    J, gradient = program.value_and_grad(program.theta(), X, Y)
    assert isinstance(J, float)
    assert gradient.shape == (len(net.parameters()),)
    assert gradient.dtype == np.float64
    assert program.parameters == net.parameters()


def test_value_and_grad_reads_and_writes_no_value() -> None:
    net, program = moons()
    theta = program.theta() + 1.0
    before = [p.data for p in net.parameters()]
    J, _ = program.value_and_grad(theta, X, Y)
    assert [p.data for p in net.parameters()] == before
    assert all(p.grad == 0.0 for p in net.parameters())
    program.load(theta)
    assert program.theta().tolist() == theta.tolist()
    assert program(X, Y) == J


def test_predictions_have_one_row_per_example() -> None:
    for outputs in (1, 3):
        net = MLP(2, [4, outputs], rng=0)
        predicted = autodiff.compile(net, backend="numpy")(X)
        eager = [net(x) for x in X.tolist()]
        expected = [[v.data for v in (r if isinstance(r, list) else [r])] for r in eager]
        np.testing.assert_allclose(predicted, expected, rtol=1e-12)
    table = autodiff.compile(lambda x: [[x[0], 1.0, x[1]], [x[1], x[0] * x[1], 2.0]])
    assert table(X).shape == (20, 2, 3)
    np.testing.assert_array_equal(table(X)[:, 0, 1], 1.0)


def test_predict_of_a_loss_gives_every_row_s_loss() -> None:
    _, program = moons()
    rows = program.predict(X, Y)
    assert rows.shape == (20, 1)
    assert rows.mean() == pytest.approx(program.value_and_grad(program.theta(), X, Y)[0])


def test_decorator_with_and_without_arguments() -> None:
    w = Value(2.0)

    @autodiff.compile
    def first(x: Value) -> Value:
        return w * x

    @autodiff.compile(backend="numpy")
    def second(x: Value) -> Value:
        return w * x

    assert first([1.0, 2.0]) == second([1.0, 2.0]) == 3.0


def test_rows_of_any_shape_and_several_arguments() -> None:
    def f(x: list[list[Value]], y: Value, z: list[Value]) -> Value:
        return x[1][2] * y + z[0]

    x, y, z = RNG.normal(size=(4, 2, 3)), RNG.normal(size=4), RNG.normal(size=(4, 1))
    program = autodiff.compile(f, backend="numpy")
    assert program(x, y, z) == pytest.approx((x[:, 1, 2] * y + z[:, 0]).mean())


def test_new_shapes_compile_again_and_old_ones_are_remembered() -> None:
    w = Value(2.0)

    def f(x: list[Value]) -> Value:
        total: Value = sum(x, Value(0.0)) * w
        return total

    program = autodiff.compile(f, backend="numpy")
    for n in (2, 3, 2):
        assert program(np.ones((2, n))) == 2.0 * n
    assert [v["shapes"] for v in program.report().versions] == [((2,),), ((3,),)]
    for n in range(1, 30):
        program(np.ones((1, n)))
    assert len(program.report().versions) == 8


def test_shapes_that_take_turns_beyond_what_is_remembered_are_noticed() -> None:
    """Rows of 9 lengths in turn are compiled anew each time."""
    w = Value(2.0)

    def longest(x: list[Value]) -> Value:
        total: Value = sum(x, Value(0.0)) * w
        return total

    program = autodiff.compile(longest, backend="numpy")
    for n in range(1, 10):
        program(np.ones((1, n)))  # nothing is compiled twice: not a word
    with pytest.warns(RuntimeWarning, match=r"longest .* 8 shapes .* again; pad"):
        program(np.ones((1, 1)))


def test_a_program_that_is_gone_leaves_no_text_behind() -> None:
    def texts() -> set[str]:
        gc.collect()
        return {name for name in linecache.cache if "compiled" in name and linecache.getlines(name)}

    before = texts()
    w = Value(2.0)
    program = autodiff.compile(lambda x: x * w, backend="numpy")
    assert program([1.0]) == 2.0
    (name, *_) = texts() - before
    assert "# forward pass" in "".join(linecache.getlines(name))  # for tracebacks
    del program
    assert texts() == before
    names = len(linecache.cache)
    for _ in range(3):
        autodiff.compile(lambda x: x * w, backend="numpy")([1.0])
        gc.collect()
    assert len(linecache.cache) == names  # used again


def test_a_program_may_go_while_python_looks_through_its_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tracebacks, pdb and doctests do; the collector may come in between."""
    linecache.getlines(__file__)
    w, stat = Value(2.0), os.stat
    programs = [autodiff.compile(lambda x: x * w, backend="numpy")]
    assert programs[0]([1.0]) == 2.0

    def collecting(*which: Any, **how: Any) -> os.stat_result:
        programs.clear()
        gc.collect()
        return stat(*which, **how)

    monkeypatch.setattr(os, "stat", collecting)
    linecache.checkcache()
    assert not programs


def test_lists_integers_and_other_widths_are_taken_as_numbers() -> None:
    _, program = moons()
    expected = program.value_and_grad(program.theta(), X, Y)[0]
    given: list[Any] = [X.tolist(), np.asfortranarray(X), X[::-1][::-1]]
    for x in given:
        assert program.value_and_grad(program.theta(), x, Y.astype(np.int8))[0] == expected
    single = program.value_and_grad(program.theta(), X.astype(np.float32), Y)[0]
    assert single == pytest.approx(expected, rel=1e-6)


def test_the_report_says_what_became_of_the_gates() -> None:
    _, program = moons()
    assert "not compiled yet" in str(program.report())
    program(X, Y)
    report = program.report()
    (version,) = report.versions
    assert version["gates"] == 12
    assert version["forward"] == 5
    assert version["unrolled"] == []
    assert "12 gates of one example -> 5 array operations forward" in str(report)


# ── the tape ─────────────────────────────────────────────────────────────────────────────────


def test_the_tape_is_a_wengert_list() -> None:
    x1, w1, b1 = "x", "w1[0,0]", "b1[0]"
    net = MLP(1, [1], rng=0)
    program = autodiff.compile(lambda x, y: losses.squared_error(net(x), y), backend="numpy")
    text = str(program.prepare([[2.0]], [1.0]).tape)
    assert f"v1 = dot([{w1}], [{x1}])" in text
    assert f"v2 = v1 + {b1}" in text
    assert "v̄1 += v̄2" in text
    assert f"[w̄1[0,0]] += v̄1 * [{x1}]" in text


def test_before_the_first_call_source_and_tape_say_what_to_do() -> None:
    _, program = moons()
    for ask in (lambda: program.source, lambda: program.tape):
        with pytest.raises(RuntimeError, match=r"call it, or program\.prepare"):
            ask()


# ── guards ───────────────────────────────────────────────────────────────────────────────────


def test_branching_on_data_is_refused_with_the_line() -> None:
    w = Value(1.0, label="w")

    def relu(x: Value) -> Value:
        if x * w > 0:  # here
            return x * w
        return w * 0

    with pytest.raises(BranchError, match=r"test_program\.py, line \d+, in relu") as caught:
        autodiff.compile(relu)([1.0])
    assert "if x * w > 0:  # here" in str(caught.value)
    with pytest.raises(BranchError, match="a parameter"):
        autodiff.compile(lambda x: x if w > 0 else x * w)([1.0])
    with pytest.raises(BranchError, match=r"a\.max\(b\)"):
        autodiff.compile(lambda x: max(x[0], x[1]))([[1.0, 2.0]])


def test_both_sides_of_a_comparison_count() -> None:
    """A constant on the left asks as much about the data as one on the right."""

    def steps(x: Value) -> list[Value]:
        limit = Value(0.5)
        return [x * 2.0 if limit < x else x * 3.0]

    with pytest.raises(BranchError, match="its data"):
        autodiff.compile(steps)([1.0, 0.1, 1.0, 0.1, 1.0])
    w = Value(0.5, label="w")
    both = r"Values that depend on a parameter \(0\.5 \(label 'w'\)\) and its data \(2\.0\) and so"
    with pytest.raises(BranchError, match=both):
        autodiff.compile(lambda x: x * w if w * 2 < x else x)([2.0])


@pytest.mark.parametrize(
    "decide",
    [
        lambda x: x == 1,
        lambda x: x != 0.0,
        lambda x: x in (0, 1),
        lambda x: bool(x),
        lambda x: max(Value(0.0), x),
        lambda x: min(1.0, x),
        lambda x: sorted([Value(0.5), x]),
    ],
)
def test_whatever_python_decides_by_data_is_refused(decide: Any) -> None:
    with pytest.raises(BranchError, match="its data"):
        autodiff.compile(lambda x: x * 2.0 if decide(x) else x)([1.0])


def test_comparing_constants_is_fine() -> None:
    w = Value(1.0)
    assert autodiff.compile(lambda x: x * w if Value(2.0) > 1 else x)([3.0]) == 3.0


def test_a_function_that_looks_at_data_or_draws_random_numbers_is_found_out() -> None:
    w = Value(1.0)
    with pytest.raises(CompileError, match="on row 1"):
        autodiff.compile(lambda x: w * x if x.data > 0 else w * 0)([1.0, -1.0])
    numbers = iter(range(100))
    with pytest.raises(CompileError, match=r"looks at v\.data"):
        autodiff.compile(lambda x: w * x * next(numbers))([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("arrays", "error", "message"),
    [
        ((), ValueError, "got shapes nothing"),
        ((X, Y[:3]), ValueError, r"\(20, 2\), \(3,\)"),
        ((X[:0], Y[:0]), ValueError, "at least one row"),
        ((1.0, 2.0), ValueError, "one row per example"),
        ((X[:, :1], Y), ValueError, "expects 2 inputs, got 1"),
        ((X.astype(complex), Y), TypeError, "argument 1 has dtype complex128"),
        ((X, Y.astype(str)), TypeError, "argument 2 has dtype <U"),
        ((X, [None] * 20), TypeError, "argument 2 has dtype object"),
        (([[1.0, 2.0], [1.0]], [1.0, 1.0]), ValueError, "not a rectangular array"),
    ],
)
def test_what_does_not_fit_is_refused(
    arrays: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    _, program = moons()
    with pytest.raises(error, match=message):
        program(*arrays)


def test_theta_of_the_wrong_size() -> None:
    _, program = moons()
    with pytest.raises(ValueError, match=r"theta has shape \(3,\), but <lambda> has 17 parameters"):
        program.value_and_grad([1.0, 2.0, 3.0], X, Y)


def test_an_unknown_backend() -> None:
    with pytest.raises(ValueError, match="'auto', 'numpy' or 'native', got 'cuda'"):
        autodiff.compile(lambda x: x, backend="cuda")
    with pytest.raises(TypeError, match="takes a function"):
        autodiff.compile(3)  # type: ignore[call-overload]


def test_a_row_with_nan_is_named() -> None:
    _, program = moons()
    program(X, Y)
    bad = X.copy()
    bad[7, 1] = np.nan
    with pytest.raises(DomainError, match=r"row 7: argument 1 is nan at index \[7, 1\]"):
        program(bad, Y)


def test_a_gate_without_a_value_is_named_with_its_row() -> None:
    w = Value(1.0, label="w")
    program = autodiff.compile(lambda x: (w * x).log(), backend="numpy")
    program([1.0, 2.0])
    with pytest.raises(DomainError, match=r"row 1: log: .* needs a > 0"):
        program([1.0, -2.0, -3.0])
    with pytest.raises(DomainError, match="row 0"):
        program.value_and_grad([-1.0], [1.0, 2.0])
    assert w.data == 1.0


def test_a_number_too_large_is_named_with_its_gate_and_row() -> None:
    w = Value(1e200, label="w")
    program = autodiff.compile(lambda x: x * w * w, backend="numpy")
    program([0.0, 0.0])
    with pytest.raises(DomainError, match="row 1: the loss is not finite: gate mul gives inf"):
        program([0.0, 1.0])


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_a_gradient_that_is_not_finite_is_refused_and_nothing_is_written(backend: str) -> None:
    """√(v·x) is 0 at v = 0, with an infinite slope."""
    u, v = Value(1.0, label="u"), Value(1.0, label="v")
    program = autodiff.compile(lambda x: (v * x).sqrt() * u, backend=backend)
    program([1.0, 2.0])
    u.grad = v.grad = 0.0
    v.data = 0.0
    where = "row 0: the gradient of parameter v is inf: backward through gate sqrt: .* inf at"
    with pytest.raises(DomainError, match=where):
        program([1.0, 2.0])
    assert (u.grad, v.grad) == (0.0, 0.0)
    with pytest.raises(DomainError, match=where):
        program.value_and_grad(program.theta(), [1.0, 2.0])
    unpickled = pickle.loads(pickle.dumps(program))
    with pytest.raises(DomainError, match=r"row 0: the gradient of parameter v is inf$"):
        unpickled([1.0, 2.0])


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_zero_times_an_infinite_slope_has_no_value_in_any_engine(backend: str) -> None:
    """√relu(w·x) at w·x < 0: the root's slope is ∞ at 0, and relu's slope behind it is 0."""
    if backend == "native":
        pytest.importorskip("llvmlite")
    w, x = Value(-1.0), Value(1.0)

    def f(x: Value) -> Value:
        return (w * x).relu().sqrt()

    f(x).backward()
    assert math.isnan(w.grad)
    assert math.isnan(autodiff.grad(lambda w: (w * x).relu().sqrt())(-1.0))
    program = autodiff.compile(f, backend=backend).prepare([1.0])
    assert np.isnan(program.version.gradient(program.theta(), np.ones(1))[1]).all()
    with pytest.raises(DomainError, match="gradient"):
        program([1.0])


def test_an_interrupt_leaves_numpys_settings_as_they_were() -> None:
    """Ctrl-C where a call begins in NumPy's code for settings: nothing is put back there."""
    w = Value(2.0)
    program = autodiff.compile(lambda x: (w * x).log(), backend="numpy").prepare([1.0])

    def interrupt(frame: types.FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name == "__exit__":
            raise KeyboardInterrupt

    settings, tracing = np.geterr(), sys.gettrace()
    sys.settrace(interrupt)
    try:
        program.value_and_grad([2.0], [1.0])
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(tracing)
    assert np.geterr() == settings


def test_rows_that_are_finite_by_themselves_but_not_together() -> None:
    w = Value(1.0)
    program = autodiff.compile(lambda x: x * w, backend="numpy").prepare([1.0])
    with pytest.raises(DomainError, match="not the sum over the rows"):
        program([1.5e308, 1.5e308])


def test_explaining_an_error_reads_and_writes_no_value() -> None:
    """A theta that fails in one thread is never seen through the Values in another."""
    v = Value(1.0, label="v")
    seen: list[float] = []

    class Told(Value):
        """A parameter that notes what it is set to."""

        __slots__ = ()

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "data":
                seen.append(value)
            super().__setattr__(name, value)

    w = Told(1.0, label="w")
    program = autodiff.compile(lambda x: (w * v * x).log(), backend="numpy").prepare([1.0])
    seen.clear()
    with pytest.raises(DomainError, match=r"row 1: log: .* needs a > 0"):
        program.value_and_grad([-1.0, 1.0], [-1.0, 2.0])
    assert seen == []
    assert (w.data, v.data) == (1.0, 1.0)


# ── threads and processes ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("backend", ["numpy", "auto"])
def test_threads_may_share_a_program(backend: str) -> None:
    net = MLP(2, [8, 1], rng=0)
    program = autodiff.compile(lambda x, y: losses.hinge(net(x), y), backend=backend)
    thetas = [program.theta() * k for k in range(1, 9)]
    start = threading.Barrier(8)

    def work(theta: np.ndarray) -> list[Any]:
        start.wait()
        return [program.value_and_grad(theta, X, Y) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, thetas))
    for theta, results in zip(thetas, found, strict=True):
        J, gradient = program.value_and_grad(theta, X, Y)
        for other, slopes in results:
            assert other == J
            np.testing.assert_array_equal(slopes, gradient)


def test_theta_is_never_half_of_what_another_thread_loads() -> None:
    net = MLP(4, [16, 1], rng=0)
    program = autodiff.compile(net, backend="numpy")
    zeros, ones = np.zeros(len(program.parameters)), np.ones(len(program.parameters))
    program.load(zeros)
    ends = threading.Event()

    def write() -> None:
        while not ends.is_set():
            program.load(ones)
            program.load(zeros)

    writer = threading.Thread(target=write)
    often = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        writer.start()
        read = [program.theta() for _ in range(500)]
    finally:
        ends.set()
        writer.join()
        sys.setswitchinterval(often)
    assert {theta.tobytes() for theta in read} <= {zeros.tobytes(), ones.tobytes()}


def test_gradients_handed_out_are_not_changed_by_later_calls() -> None:
    _, program = moons()
    _, first = program.value_and_grad(program.theta(), X, Y)
    kept = first.copy()
    program.value_and_grad(program.theta() * 3, X, Y)
    np.testing.assert_array_equal(first, kept)


def test_programs_pickle_compiled_or_not() -> None:
    program = autodiff.compile(networks.moons, backend="numpy")
    fresh = pickle.loads(pickle.dumps(program))
    J, gradient = program.value_and_grad(program.theta(), X, Y)
    assert fresh.value_and_grad(program.theta(), X, Y)[0] == J
    again = pickle.loads(pickle.dumps(program))
    np.testing.assert_array_equal(again.value_and_grad(again.theta(), X, Y)[1], gradient)
    assert again.source == program.source
    with pytest.raises(RuntimeError, match="came out of a pickle"):
        again.value_and_grad(again.theta(), X[:, :1], Y)


def test_lambdas_pickle_once_they_are_compiled() -> None:
    _, program = moons()
    J = program.value_and_grad(program.theta(), X, Y)[0]
    assert pickle.loads(pickle.dumps(program)).value_and_grad(program.theta(), X, Y)[0] == J


def test_a_compiled_model_pickles_with_its_parameters() -> None:
    layer = Layer(2, 3, "tanh", rng=0)
    predict = autodiff.compile(layer, backend="numpy")
    expected = predict(X)
    copy = pickle.loads(pickle.dumps(predict))
    layer.neurons[0].b.data = 5.0
    np.testing.assert_array_equal(copy(X), expected)


def test_a_batch_split_over_workers_has_the_gradient_of_the_whole() -> None:
    """Shards weighted by their rows: this is how a batch is spread over processes or machines."""
    joblib = oracle("joblib")
    _, program = moons()
    theta = program.theta()
    J, gradient = program.value_and_grad(theta, X, Y)
    shards = np.array_split(np.arange(len(X)), 3)
    parts = joblib.Parallel(n_jobs=2)(
        joblib.delayed(program.value_and_grad)(theta, X[s], Y[s]) for s in shards
    )
    weights = [len(s) / len(X) for s in shards]
    assert sum(w * j for w, (j, _) in zip(weights, parts, strict=True)) == pytest.approx(J)
    whole = sum(w * g for w, (_, g) in zip(weights, parts, strict=True))
    np.testing.assert_allclose(whole, gradient, rtol=1e-12, atol=1e-15)


def test_importing_the_engine_does_not_load_the_compiler() -> None:
    code = "import sys, autodiff; print('numpy' in sys.modules, autodiff.compile.__module__)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed.split() == ["False", "autodiff.compiler.program"]


def test_a_first_call_loads_only_what_it_uses() -> None:
    """NumPy's masked arrays alone take as long as rolling a network up."""
    code = (
        "import sys; from autodiff import compile; from nn import MLP, losses\n"
        "net = MLP(2, [3, 1])\n"
        "step = compile(lambda x, y: losses.hinge(net(x), y), backend='numpy')\n"
        "step([[1.0, 2.0], [3.0, 4.0]], [1.0, -1.0])\n"
        "print({'numpy.ma', 'llvmlite', 'scipy', 'graphviz'} & set(sys.modules))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert printed == "set()\n"


def test_the_example_of_a_sharded_batch_runs(capsys: pytest.CaptureFixture[str]) -> None:
    oracle("joblib")
    oracle("sklearn")
    example = Path(__file__).parents[3] / "examples" / "sharded_batch.py"
    runpy.run_path(str(example), run_name="__main__")
    assert "largest difference" in capsys.readouterr().out


def test_a_backend_that_cannot_do_it_hands_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """ "auto" takes NumPy where the native backend has no code for something."""

    def refuse(*_: Any) -> None:
        raise Unsupported("no loops for this")

    two = [("native", refuse), *choose("numpy")]
    monkeypatch.setattr("autodiff.compiler.version.choose", lambda _: two)
    w = Value(2.0)
    program = autodiff.compile(lambda x: w * x)
    assert program([1.0, 2.0]) == 3.0
    assert program.report().versions[0]["backend"] == "numpy"
    monkeypatch.setattr("autodiff.compiler.version.choose", lambda _: two[:1])
    with pytest.raises(Unsupported):
        autodiff.compile(lambda x: w * x)([1.0])


def test_what_a_function_refers_to_may_be_bound_anew() -> None:
    """A closure's variable, an attribute, an item of a list, a number: the next call sees it."""
    w, factor, items = Value(2.0), 1.0, [Value(1.0), 3.0]
    options = types.SimpleNamespace(scale=1.0)

    def f(x: Value) -> Value:
        return (w * x * factor + items[0] * items[1]) * options.scale

    program = autodiff.compile(f, backend="numpy")
    assert program([1.0, 2.0]) == 6.0
    first = w
    w = Value(4.0)
    assert program.parameters == [items[0], w]
    assert program.theta().tolist() == [1.0, 4.0]
    assert program([1.0, 2.0]) == 9.0
    assert (first.grad, w.grad) == (1.5, 1.5)
    factor = 3.0
    assert program([1.0, 2.0]) == 21.0
    items[:] = [Value(2.0), 5.0]
    assert program.predict([1.0])[0, 0] == 22.0
    options.scale = 10.0
    assert program.value_and_grad(program.theta(), [1.0])[0] == 220.0


def test_a_layer_that_is_appended_or_replaced_is_compiled() -> None:
    net = Sequential(Layer(2, 3, "tanh", rng=0))
    predict = autodiff.compile(net, backend="numpy")
    assert predict(X).shape == (20, 3)
    net.layers.append(Layer(3, 2, rng=1))
    assert predict(X)[3] == pytest.approx([v.data for v in net(X[3].tolist())])
    net.layers[0].neurons[1].b = Value(5.0)
    assert predict(X)[3] == pytest.approx([v.data for v in net(X[3].tolist())])
    assert predict.parameters == net.parameters()


def test_attributes_of_a_module_may_change_and_those_of_others_do_not_matter() -> None:
    class Scaled(Module):
        def __init__(self) -> None:
            self.layer = Layer(2, 1, rng=0)
            self.scale = 2.0

        def forward(self, x: Nested) -> Nested:
            return self.layer(x) * getattr(self, "scale", 1.0)

    model, other = Scaled(), Scaled()
    predict = autodiff.compile(model, backend="numpy")
    once = predict(X)
    other.scale = 7.0
    version = predict.report().versions[0]["milliseconds"]
    assert (predict(X) == once).all()
    assert predict.report().versions[0]["milliseconds"] is version
    model.scale = 6.0
    assert predict(X) == pytest.approx(3 * once)
    del model.scale
    assert predict(X) == pytest.approx(once / 2)


def test_a_number_read_from_a_value_is_read_again_when_it_changes() -> None:
    w, rate = Value(2.0), Value(3.0)
    program = autodiff.compile(lambda x: w * x * rate.data, backend="numpy")
    assert program([1.0]) == 6.0
    rate.data = 10.5
    assert program([1.0]) == 21.0
    w.data = 1.0
    assert program([1.0]) == 10.5


def test_data_of_an_argument_or_a_parameter_is_refused() -> None:
    """Also where all rows are alike, or only a rare row tells."""
    w = Value(2.0)
    rare = np.zeros(400)
    rare[[7, 300]] = 1.0
    for f, rows in (
        (lambda x: w * x * x.data, np.full(5, 2.0)),
        (lambda x: (w * x).data * w, np.full(5, 2.0)),
        (lambda x: w * w.data + x, np.full(5, 2.0)),
        (lambda x: (20.0 if vars_of(x) == 1 else 1.0) * w, rare),
    ):
        with pytest.raises(CompileError, match=r"v\.data of an argument or a parameter"):
            autodiff.compile(f, backend="numpy")(rows)
    assert w.data == 2.0


def vars_of(x: Value) -> float:
    return float(getattr(x, "da" + "ta"))


def test_what_has_not_changed_is_not_compiled_again() -> None:
    net, program = moons()
    program(X, Y)
    version = program.report().versions[0]["milliseconds"]
    for p in net.parameters():
        p.data *= 0.5
    program(X, Y)
    assert program.report().versions[0]["milliseconds"] is version


@pytest.mark.parametrize("n", [250, 500, 2000])
def test_unrolled_loops_compile_to_code_that_grows_with_their_length(n: int) -> None:
    """Three array operations a turn, lines of bounded length; "auto" takes NumPy."""
    w = Value(0.9)

    def power(x: Value) -> Value:
        y = x
        for _ in range(n):
            y = y * w + 1e-7
        return y

    program = autodiff.compile(power)
    J = program([0.5, 2.0])
    rows = [power(Value(0.5)), power(Value(2.0))]
    compiled, w.grad = w.grad, 0.0
    ((rows[0] + rows[1]) / 2).backward()
    assert pytest.approx(J, rel=1e-12) == (rows[0].data + rows[1].data) / 2
    assert compiled == pytest.approx(w.grad, rel=1e-9)
    (version,) = program.report().versions
    assert version["backend"] == "numpy"
    assert version["forward"] + version["backward"] <= 3.2 * n
    lines = program.source.splitlines()
    assert len(lines) <= 3.2 * n + 40
    assert max(map(len, lines)) < 1200


@pytest.mark.parametrize("width", [2_000, 20_000])
def test_sums_of_many_terms_are_a_handful_of_operations(width: int) -> None:
    """However they are written: products, functions, or what was summed before."""
    w = [Value(0.001 * k) for k in range(width)]

    def loss(x: list[Value]) -> Value:
        total = sum(v * x[k % 2] for k, v in enumerate(w)) + x[0]
        for v in w:
            total = total + v.tanh() * 1e-3
        return total * total + sum(w)

    program = autodiff.compile(loss, backend="numpy").prepare(X)
    (version,) = program.report().versions
    assert version["forward"] + version["backward"] < 40


def test_native_states_how_long_a_program_it_takes() -> None:
    pytest.importorskip("llvmlite")
    k = Value(0.3)

    def chain(x: Value) -> Value:
        for _ in range(400):
            x = (x * k).tanh()
        return x

    with pytest.raises(Unsupported, match=r"array operations: the native backend takes up to 1000"):
        autodiff.compile(chain, backend="native")([0.1])


def test_a_long_chain_that_cannot_roll_still_runs() -> None:
    k = Value(0.3)

    def chain(x: Value) -> Value:
        v = x
        for _ in range(200):
            v = (v * k + x).tanh()
        return v

    program = autodiff.compile(chain, backend="numpy")
    J = program([0.1, 0.2])
    assert pytest.approx(J) == (chain(Value(0.1)).data + chain(Value(0.2)).data) / 2


def test_a_variable_that_is_not_yet_assigned_is_no_obstacle() -> None:
    def cost(x: Value) -> Value:
        return x * x if x is not None else later

    program = autodiff.compile(cost)
    assert program([3.0]) == 9.0
    later = Value(1.0)
    assert program([3.0]) == 9.0


def test_an_engines_name_is_that_of_a_backend() -> None:
    def square(x: Value) -> Value:
        return x * x

    program = autodiff.compile(square, backend="compiled")
    assert program([1.0, 3.0]) == 5.0
    assert program.report().versions[0]["backend"] == "numpy"


def test_an_object_may_keep_the_program_of_its_own_model() -> None:
    """A circle: the function refers to the object, and the object to the program."""

    class Trainer:
        def __init__(self) -> None:
            self.w = Value(2.0)
            self.step = autodiff.compile(lambda x: (self.w * x) ** 2, backend="numpy")

    trainer = Trainer()
    X = np.array([1.0, 3.0])
    assert trainer.step(X) == 20.0
    assert trainer.step.parameters == [trainer.w]
    made: list[Value] = []
    with autodiff.watching(made.append):
        trainer.step(X)
    assert not made  # not traced anew: the program's own work is no change of the object
