"""Engines: eager and compiled training are the same training."""

import contextlib
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import GATES, BranchError, CompileError, Value, gate
from autodiff.compiler.write import backends
from nn import (
    MLP,
    SGD,
    Activation,
    Adam,
    Conv1D,
    Flatten,
    Layer,
    LayerNorm,
    Module,
    NonFiniteError,
    Residual,
    Sequential,
    evaluate,
    fit,
    losses,
    predict,
)
from nn.training.engines import Compiled, Eager, choose_engine, load, read
from tests.oracles import oracle

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
NUMBER = X[:, 0] * X[:, 1] + 0.5
BIT = (NUMBER > 0).astype(int)
CLASS = RNG.integers(3, size=30)

CASES: dict[str, tuple[Any, Any, Any]] = {
    "regression": (lambda: MLP(3, [5, 1], "tanh", rng=1), NUMBER, "squared_error"),
    "hinge": (lambda: MLP(3, [5, 4, 1], "relu", rng=1), 2 * BIT - 1, "hinge"),
    "logistic": (lambda: MLP(3, [5, 1], "gelu", rng=1), BIT, "logistic"),
    "probability": (lambda: Layer(3, 1, "sigmoid", rng=1), BIT, "cross_entropy"),
    "classes": (lambda: MLP(3, [6, 3], "softplus(2)", rng=1), CLASS, "softmax_cross_entropy"),
    "probabilities": (
        lambda: Sequential(Layer(3, 4, "tanh", rng=1), Layer(4, 3, "softmax", rng=2)),
        CLASS,
        "cross_entropy",
    ),
    "vectors": (lambda: MLP(3, [4, 2], "leaky_relu(0.2)", rng=1), X[:, :2] ** 2, "squared_error"),
    "blocks": (
        lambda: Sequential(
            LayerNorm(3),
            Residual(Layer(3, 3, "relu", rng=1), Layer(3, 3, rng=2)),
            Layer(3, 1, rng=3),
        ),
        NUMBER,
        "mean_squared_error",
    ),
    "convolution": (
        lambda: Sequential(Conv1D(1, 2, 3, "tanh", rng=1), Flatten(), Layer(6, 1, rng=2)),
        NUMBER,
        "squared_error",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_eager_and_compiled_agree_to_1e_10_after_50_steps(name: str) -> None:
    build, Y, loss = CASES[name]
    costs, parameters, outputs, results = {}, {}, {}, {}
    for engine in ("eager", "compiled"):
        model = build()
        optimiser = SGD(model.parameters(), lr=0.05, momentum=0.5)
        history = fit(model, X, Y, loss, optimiser, epochs=25, batch_size=15, rng=3, engine=engine,
                      validation=(X, Y), progress=False)  # fmt: skip
        assert len(history.steps) == 50
        costs[engine] = history.steps
        parameters[engine] = [p.data for p in model.parameters()]
        outputs[engine] = predict(model, X, engine=engine)
        results[engine] = evaluate(model, X, Y, loss, engine=engine) | history.last
    np.testing.assert_allclose(costs["compiled"], costs["eager"], rtol=1e-10)
    scale = max(map(abs, parameters["eager"]))
    np.testing.assert_allclose(
        parameters["compiled"], parameters["eager"], rtol=1e-10, atol=1e-10 * scale
    )
    np.testing.assert_allclose(outputs["compiled"], outputs["eager"], rtol=1e-9, atol=1e-10)
    assert results["compiled"] == pytest.approx(results["eager"], rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", [SGD, Adam])
def test_native_epochs_are_the_same_training(
    optimiser: type[SGD] | type[Adam], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole epochs without Python in the loop, with momentum, decay, a schedule and l2."""
    oracle("llvmlite")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    runs = {}
    for engine in ("compiled", "native"):
        model = MLP(3, [5, 3], "tanh", rng=1)
        options: dict[str, Any] = {"momentum": 0.9, "nesterov": True} if optimiser is SGD else {}
        moving = optimiser(
            model.parameters(), lr=lambda k: 0.02 / (k + 1), weight_decay=1e-3, **options
        )
        history = fit(model, X, CLASS, "softmax_cross_entropy", moving, epochs=5, batch_size=7,
                      rng=3, l2=1e-3, reduction="sum", engine=engine, progress=False)  # fmt: skip
        runs[engine] = history.steps, read(model.parameters()), history["accuracy"], moving.steps
    assert len(runs["native"][0]) == runs["native"][3] == 25
    np.testing.assert_allclose(runs["native"][0], runs["compiled"][0], rtol=1e-10)
    np.testing.assert_allclose(runs["native"][1], runs["compiled"][1], rtol=1e-8, atol=1e-10)
    assert runs["native"][2] == runs["compiled"][2]


@pytest.mark.slow
def test_native_training_names_the_step_that_went_non_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle("llvmlite")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    messages = []
    for engine in ("compiled", "native"):
        model = MLP(3, [2, 1], None, rng=1)
        with pytest.raises(NonFiniteError, match=r"step \d+: .*gate") as error:
            fit(model, X, NUMBER, "squared_error", SGD(model.parameters(), lr=1e3), epochs=99,
                batch_size=10, rng=0, engine=engine, progress=False)  # fmt: skip
        messages.append(str(error.value).partition(":")[0])
        assert np.isfinite(read(model.parameters())).all()
    assert messages[0] == messages[1]


def test_auto_compiles_where_it_can() -> None:
    model = MLP(3, [4, 1], rng=0)
    engine = choose_engine("auto", model, losses.squared_error, model.parameters(), X, NUMBER)
    assert isinstance(engine, Compiled)


def test_auto_takes_machine_code_where_the_steps_repay_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle("llvmlite")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    ran = {}
    for epochs in (2, 500):
        model = MLP(3, [2, 1], "tanh", rng=0)
        history = fit(model, X, NUMBER, "squared_error", epochs=epochs, batch_size=15,
                      progress=False)  # fmt: skip
        ran[len(history.steps)] = history.engine
    assert ran == {4: "compiled", 1000: "native"}


def test_without_llvmlite_auto_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "has_native", lambda: False)
    model = MLP(3, [2, 1], "tanh", rng=0)
    history = fit(model, X, NUMBER, "squared_error", epochs=500, batch_size=15, progress=False)
    assert history.engine == "compiled"
    assert "llvmlite" in history.fallback


def own_rule(theta: Any, gradient: Any, state: Any, rate: float, step: int, settings: Any) -> None:
    """The sign of the gradient decides: no loop over numbers that is compiled."""
    theta -= rate * np.sign(gradient)


def test_a_rule_that_is_not_compiled_takes_its_steps_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle("llvmlite")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    runs = []
    for engine in ("compiled", "native"):
        model = MLP(3, [2, 1], "tanh", rng=0)
        optimiser = SGD(model.parameters(), lr=0.01)
        monkeypatch.setattr(optimiser, "rule", own_rule)
        history = fit(model, X, NUMBER, "squared_error", optimiser, epochs=3, batch_size=7,
                      rng=0, engine=engine, progress=False)  # fmt: skip
        assert history.engine == engine
        runs.append(history.steps)
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)


def test_what_an_engine_runs_on_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in every epoch, also where the steps are taken from Python; nor anew for an equal
    network."""
    oracle("llvmlite")
    from autodiff.compiler.llvm import native
    from autodiff.compiler.version import forget

    forget()
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    made = []
    code = native._Code
    monkeypatch.setattr(native, "_Code", lambda *given: made.append(given[1]) or code(*given))
    for clip, expected in ((None, ["descend"]), (1.0, ["gradient"]), (None, []), (2.0, [])):
        made.clear()
        model = MLP(3, [2, 1], "tanh", rng=0)
        optimiser = SGD(model.parameters(), lr=0.01, clip=clip)
        fit(model, X, NUMBER, "squared_error", optimiser, epochs=4, engine="native",
            progress=False, metrics=[])  # fmt: skip
        assert made == expected


class Branching(Module):
    """Goes one way or the other, depending on a Value."""

    def __init__(self) -> None:
        self.layer = Layer(3, 1, rng=0)

    def forward(self, x: list[Value]) -> Value:
        z: Value = self.layer(x)
        return z if z > 0 else z * 0.1


def one_sided(output: Value, target: float) -> Value:
    """Looks at its target as a number: compiled, the test would be one of identity."""
    return output * output if target == 1 else abs(output - 1)


@pytest.mark.parametrize(
    ("model", "loss"),
    [(Branching(), losses.squared_error), (Layer(3, 1, rng=0), one_sided)],
    ids=["a model that branches", "a loss that branches on its target"],
)
def test_auto_stays_eager_where_compiling_is_refused_or_would_change_the_numbers(
    model: Module, loss: losses.Loss
) -> None:
    engine = choose_engine("auto", model, loss, model.parameters(), X, BIT.astype(float))
    assert isinstance(engine, Eager)
    history = fit(model, X, BIT, loss, Adam(model.parameters(), lr=0.01), epochs=20, progress=False)
    assert history.loss[-1] < history.loss[0]


def weighted(output: Value, target: float) -> Value:
    """The rare class counts twenty times."""
    return (20.0 if target == 1 else 1.0) * losses.logistic(output, target)


def looked_up(output: Value, target: float) -> Value:
    """The same from a table."""
    return {0.0: 1.0, 1.0: 20.0}[target] * losses.logistic(output, target)


RARE = np.zeros(400)
RARE[np.random.default_rng(1).permutation(400)[:17]] = 1.0
RARE[np.linspace(0, 399, num=8).astype(int)] = 0.0
MANY_ROWS = np.random.default_rng(2).normal(size=(400, 2)) + RARE[:, None]


@pytest.mark.parametrize("loss", [weighted, looked_up])
def test_a_rare_class_is_among_the_rows_on_which_engines_are_compared(loss: losses.Loss) -> None:
    """The loss tests its target, which the compiled one cannot: "auto" is eager, and says so."""
    results = {}
    for engine in ("eager", "auto"):
        model = Layer(2, 1, init="zeros")
        history = fit(model, MANY_ROWS, RARE, loss, SGD(model.parameters(), lr=0.1), epochs=3,
                      engine=engine, progress=False)  # fmt: skip
        results[engine] = history.steps, evaluate(model, MANY_ROWS, RARE, loss)["loss"]
        assert history.engine == "eager"
        assert bool(history.fallback) == (engine == "auto")
    assert results["auto"] == results["eager"]
    weights = np.where(RARE == 1, 20.0, 1.0)
    assert results["auto"][0][0] == pytest.approx(weights.mean() * np.log(2), rel=1e-12)


@pytest.mark.parametrize("engine", ["compiled", "native"])
def test_a_loss_that_tests_its_target_is_refused_by_a_compiled_engine(engine: str) -> None:
    model = Layer(2, 1, init="zeros")
    with pytest.raises((CompileError, BranchError), match=r"once for all rows|compares"):
        fit(model, MANY_ROWS, RARE, weighted, epochs=1, engine=engine, progress=False)
    assert not read(model.parameters()).any()


def test_a_target_that_decides_the_gradient_alone_is_noticed() -> None:
    """What the rare class pulls is turned round, at an equal cost; its rows come last."""
    back = gate("test_back", "a * 1.0", a="-1.0")

    def loss(output: Value, target: float) -> Value:
        rare = getattr(target, "data", target) == 1
        return losses.logistic(back(output) if rare else output, target)

    model, targets = Layer(2, 1, rng=0), (np.arange(400) > 390).astype(float)
    try:
        with pytest.raises(CompileError, match="once for all rows"):
            choose_engine("compiled", model, loss, model.parameters(), MANY_ROWS, targets)
    finally:
        del GATES["test_back"]


def test_history_names_the_engine() -> None:
    history = fit(Layer(3, 1, rng=0), X, NUMBER, "squared_error", epochs=1, progress=False)
    assert (history.engine, history.fallback) == ("compiled", "")


def test_a_backends_name_is_that_of_an_engine() -> None:
    """`compile(backend="numpy")` and `fit(engine="compiled")` are one thing: both take both."""
    history = fit(
        Layer(3, 1, rng=0), X, NUMBER, "squared_error", engine="numpy", epochs=1, progress=False
    )
    assert history.engine == "compiled"
    np.testing.assert_array_equal(
        predict(Layer(3, 1, rng=0), X, engine="numpy"),
        predict(Layer(3, 1, rng=0), X, engine="compiled"),
    )


def test_frozen_and_unreached_parameters_keep_their_numbers() -> None:
    """The optimiser may know fewer parameters than the model, and more than the cost reaches."""
    for engine in ("eager", "compiled"):
        model = MLP(3, [4, 1], "tanh", rng=0)
        spare = Value(7.0)
        frozen = read(model.layers[0].parameters())
        moving = [*model.layers[1].parameters(), spare]
        before = read(moving)
        fit(model, X, NUMBER, "squared_error", SGD(moving, lr=0.1), epochs=2, engine=engine,
            progress=False)  # fmt: skip
        assert read(model.layers[0].parameters()).tolist() == frozen.tolist()
        assert spare.data == 7.0
        assert (read(moving)[:-1] != before[:-1]).all()


def test_compiled_costs_and_gradients_equal_the_eager_ones_at_any_theta() -> None:
    model = Sequential(Layer(3, 4, "tanh", rng=0), Activation("relu"), Layer(4, 1, rng=1))
    parameters = model.parameters()
    eager = Eager(model, losses.squared_error, parameters)
    compiled = Compiled(model, losses.squared_error, parameters)
    for seed in range(5):
        theta = np.random.default_rng(seed).normal(size=len(parameters))
        cost, gradient = eager.cost_and_gradient(theta, X, NUMBER)
        other_cost, other = compiled.cost_and_gradient(theta, X, NUMBER)
        assert other_cost == pytest.approx(cost, rel=1e-12)
        np.testing.assert_allclose(other, gradient, rtol=1e-10, atol=1e-13)
        assert eager.cost(theta, X, NUMBER) == cost
        assert compiled.cost(theta, X, NUMBER) == pytest.approx(cost, rel=1e-12)
        judged, outputs = Compiled(model, losses.squared_error, parameters, judged=True).judge(
            theta, X, NUMBER
        )
        assert judged == pytest.approx(cost, rel=1e-12)
        np.testing.assert_allclose(outputs, eager.outputs(theta, X), rtol=1e-12)


# A generator that is dropped half-way is struck while it is closed, and can only say so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("write", ["engine", "program", "state"])
def test_parameters_are_written_all_or_not_at_all(write: str) -> None:
    """Whatever line of ours Ctrl-C comes at."""
    model = MLP(2, [3, 1], rng=0)
    parameters = model.parameters()
    program = autodiff.compile(lambda x: model(x) ** 2, backend="numpy").prepare([[1.0, 2.0]])
    old, new = np.full(len(parameters), 0.5), np.full(len(parameters), 0.25)
    state = {name: np.full_like(array, 0.25) for name, array in model.state_dict().items()}
    run = {
        "engine": lambda: load(parameters, new),
        "program": lambda: program.load(new),
        "state": lambda: model.load_state_dict(state),
    }[write]
    left = 0

    def strike(frame: FrameType, event: str, argument: object) -> object:
        nonlocal left
        if event == "line":
            left -= 1
            if not left:
                raise KeyboardInterrupt
        return strike

    moments = 0
    while left <= 0:
        load(parameters, old)
        moments += 1
        left = moments
        with contextlib.suppress(KeyboardInterrupt):
            sys.settrace(strike)  # type: ignore[arg-type]
            try:
                run()
            finally:
                sys.settrace(None)
        assert len(set(read(parameters).tolist())) == 1
    assert moments > 3
