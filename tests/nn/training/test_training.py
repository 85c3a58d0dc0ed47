"""fit, predict, evaluate: tasks, sampling, stopping, interruption, numbers that are not finite."""

import math
import random
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from autodiff import Value
from nn import (
    MLP,
    SGD,
    Adam,
    History,
    Layer,
    Module,
    NonFiniteError,
    Sequential,
    batches,
    evaluate,
    fit,
    losses,
    predict,
    predict_proba,
)
from nn.optimisers import SCHEDULES
from tests.oracles import oracle

X_LINE = [[x / 10] for x in range(-10, 11)]
Y_LINE = [2 * x - 1 for (x,) in X_LINE]


def test_regression_finds_the_line() -> None:
    model = Layer(1, 1, rng=0)
    fit(model, X_LINE, Y_LINE, losses.squared_error, Adam(model.parameters(), lr=0.1), epochs=300,
        progress=False)  # fmt: skip
    assert model.neurons[0].w[0].data == pytest.approx(2.0, abs=1e-6)
    assert model.neurons[0].b.data == pytest.approx(-1.0, abs=1e-6)
    result = evaluate(model, X_LINE, Y_LINE, "squared_error", ["r2", "rmse", "mae"])
    assert result["r2"] == pytest.approx(1.0)
    assert max(result["loss"], result["rmse"], result["mae"]) < 1e-5


def test_binary_on_a_logit_and_on_a_probability() -> None:
    X = np.random.default_rng(0).normal(size=(60, 2))
    Y = (X[:, 0] > X[:, 1]).astype(int)
    for model, loss in (
        (Layer(2, 1, rng=0), "logistic"),
        (Layer(2, 1, "sigmoid", rng=0), "cross_entropy"),
    ):
        history = fit(model, X, Y, loss, Adam(model.parameters(), lr=0.1), epochs=60,
                      progress=False)  # fmt: skip
        assert history.last["accuracy"] >= 0.95
        assert set(predict(model, X, loss).tolist()) == {0.0, 1.0}


def test_three_classes_on_real_flowers_beat_95_percent_on_held_out_rows() -> None:
    X, y = load_iris(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    model = MLP(4, [8, 3], "tanh", rng=0)
    history = fit(model, X, y, "softmax_cross_entropy", Adam(model.parameters(), lr=0.05),
                  epochs=40, batch_size=30, validation=0.3, rng=4, progress=False)  # fmt: skip
    assert history.last["val_accuracy"] >= 0.95
    assert predict(model, X).shape == (150, 3)
    decisions = predict(model, X, "softmax_cross_entropy")
    assert (decisions == y).mean() >= 0.95


def test_equal_seeds_give_equal_runs_to_the_last_bit() -> None:
    def run() -> tuple[list[float], list[float]]:
        model = MLP(1, [4, 1], "tanh", rng=3)
        history = fit(model, X_LINE, Y_LINE, "squared_error", epochs=5, batch_size=4,
                      validation=0.2, rng=11, progress=False)  # fmt: skip
        return history.steps, [p.data for p in model.parameters()]

    assert run() == run()


def test_momentum_decay_and_sum_match_a_loop_written_out() -> None:
    model, by_hand = MLP(1, [3, 1], "tanh", rng=0), MLP(1, [3, 1], "tanh", rng=0)
    options: dict[str, Any] = {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.01}
    history = fit(model, X_LINE, Y_LINE, "squared_error", SGD(model.parameters(), **options),
                  epochs=5, reduction="sum", progress=False)  # fmt: skip
    optimiser = SGD(by_hand.parameters(), **options)
    costs = []
    for _ in range(5):
        J = losses.cost(by_hand, X_LINE, Y_LINE, losses.squared_error, reduction="sum")
        costs.append(J.data)
        optimiser.zero_grad()
        J.backward()
        optimiser.step()
    assert history.steps == pytest.approx(costs, rel=1e-12)
    ours = [p.data for p in model.parameters()]
    assert ours == pytest.approx([p.data for p in by_hand.parameters()], rel=1e-12)


def test_only_the_optimisers_parameters_move() -> None:
    model = MLP(1, [3, 1], "tanh", rng=0)
    frozen = [p.data for p in model.layers[0].parameters()]
    fit(model, X_LINE, Y_LINE, "squared_error", SGD(model.layers[1].parameters(), lr=0.1),
        epochs=3, progress=False)  # fmt: skip
    assert [p.data for p in model.layers[0].parameters()] == frozen


# ── batches: CS229 (7.8)-(7.10) ──────────────────────────────────────────────────────────────


def test_all_rows_in_order_without_a_size() -> None:
    assert [rows.tolist() for rows in batches(3)] == [[0, 1, 2]]


def test_an_epoch_takes_every_row_once_in_a_new_order() -> None:
    rng = random.Random(0)
    first, second = ([rows.tolist() for rows in batches(7, 3, rng)] for _ in range(2))
    for epoch in (first, second):
        assert [len(rows) for rows in epoch] == [3, 3, 1]
        assert sorted(row for rows in epoch for row in rows) == list(range(7))
    assert first != second


def test_independent_batches_are_drawn_without_replacement_from_all_rows() -> None:
    drawn = [rows.tolist() for rows in batches(6, 4, 0, "independent") for _ in range(1)]
    assert len(drawn) == 2
    assert all(len(set(rows)) == 4 for rows in drawn)


def test_one_example_drawn_uniformly_comes_up_equally_often() -> None:
    """Algorithm 1 of CS229: with replacement from step to step."""
    rng = random.Random(0)
    drawn = [int(rows[0]) for _ in range(600) for rows in batches(5, 1, rng, "independent")]
    counts = np.bincount(drawn, minlength=5)
    assert counts.sum() == 3000
    assert abs(counts - 600).max() < 90  # four standard deviations


@pytest.mark.parametrize("size", [0, 6, 2.0, True, np.int64(6)])
def test_batch_sizes_that_make_no_sense_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match="batch_size must be from 1 to the number of rows, 5"):
        list(batches(5, size))


# ── stopping ─────────────────────────────────────────────────────────────────────────────────


def test_early_stopping_goes_back_to_the_best_parameters() -> None:
    model = Layer(1, 1, init="zeros")
    # rates that first improve and then ruin
    optimiser = SGD(model.parameters(), lr=lambda k: 0.5 if k < 5 else 8.0)
    history = fit(model, X_LINE, Y_LINE, "squared_error", optimiser, epochs=50, patience=3,
                  validation=(X_LINE, Y_LINE), progress=False)  # fmt: skip
    assert history.stopped == "no improvement for 3 epochs"
    assert history.best_epoch == 4
    assert len(history) == 4 + 3 + 1
    best = evaluate(model, X_LINE, Y_LINE, "squared_error")["loss"]
    assert best == min(history["val_loss"]) == history["val_loss"][4]


@pytest.mark.parametrize("batch_size", [None, 7])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    "engine", ["eager", "compiled", pytest.param("native", marks=pytest.mark.slow)]
)
def test_without_validation_the_restored_parameters_have_the_best_recorded_loss(
    engine: str,
    reduction: str,
    batch_size: int | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The rates first improve and then ruin."""
    if engine == "native":
        oracle("llvmlite")
        monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    model = Layer(1, 1, init="zeros")
    scale = len(X_LINE) if reduction == "sum" else 1
    per_epoch = 1 if batch_size is None else 3
    optimiser = SGD(model.parameters(), lr=lambda k: (0.5 if k < 3 * per_epoch else 8.0) / scale)
    history = fit(model, X_LINE, Y_LINE, "squared_error", optimiser, epochs=20, patience=2, rng=0,
                  reduction=reduction, batch_size=batch_size, engine=engine,
                  progress=False)  # fmt: skip
    assert history.best_epoch == 2
    restored = evaluate(model, X_LINE, Y_LINE, "squared_error")["loss"] * scale
    assert restored == pytest.approx(min(history["loss"]), rel=1e-12)
    assert history["loss"][-1] > 10 * restored


def test_the_penalty_counts_when_patience_judges_the_training_rows() -> None:
    model = Layer(1, 1, rng=0)
    history = fit(model, X_LINE, Y_LINE, "squared_error", epochs=3, patience=3, l2=0.5,
                  progress=False)  # fmt: skip
    penalty = 0.5 * sum(p.data**2 for p in model.parameters())
    restored = evaluate(model, X_LINE, Y_LINE, "squared_error")["loss"] + penalty
    assert restored == pytest.approx(min(history["loss"]), rel=1e-12)


class Interrupting(SGD):
    """Ctrl-C in the middle of the third step."""

    def update(self, theta: Any, gradient: Any) -> Any:
        if self.steps == 2:
            signal.raise_signal(signal.SIGINT)
        return super().update(theta, gradient)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Ctrl-C interrupts, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_leaves_the_last_complete_step_and_the_history() -> None:
    model, expected = MLP(1, [3, 1], rng=0), MLP(1, [3, 1], rng=0)
    history = fit(model, X_LINE, Y_LINE, "squared_error", Interrupting(model.parameters(), lr=0.1),
                  epochs=100, progress=False)  # fmt: skip
    fit(expected, X_LINE, Y_LINE, "squared_error", SGD(expected.parameters(), lr=0.1), epochs=2,
        progress=False)  # fmt: skip
    assert history.stopped == "interrupted in epoch 2, step 2"
    assert len(history) == 2
    assert [p.data for p in model.parameters()] == [p.data for p in expected.parameters()]


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_training_stops_at_the_step_and_gate_that_went_non_finite(engine: str) -> None:
    model = Sequential(Layer(1, 1, rng=0), Layer(1, 1, rng=1))
    optimiser = SGD(model.parameters(), lr=1e3)
    with pytest.raises(NonFiniteError, match=r"step \d+: .*row 0.* gate mul g\w+ inf for") as error:
        fit(model, X_LINE, Y_LINE, "squared_error", optimiser, epochs=2000, engine=engine,
            progress=False)  # fmt: skip
    history = error.value.history
    assert history is not None
    assert len(history.steps) > 1
    assert history.stopped == str(error.value)
    assert all(math.isfinite(cost) for cost in history.steps)
    assert all(math.isfinite(p.data) for p in model.parameters())


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_a_gate_out_of_its_domain_is_reported_with_the_step(engine: str) -> None:
    model = Layer(1, 1, "exp", init="zeros")
    optimiser = SGD(model.parameters(), lr=1e4)
    with pytest.raises(NonFiniteError, match=r"step \d: .*exp\(a\) has no value at a = "):
        fit(model, [[1.0]], [1e3], "squared_error", optimiser, engine=engine, progress=False)
    assert all(math.isfinite(p.data) for p in model.parameters())


def test_an_infinite_gradient_of_a_finite_cost_is_noticed() -> None:
    model = Layer(1, 1, "sqrt", init="zeros")
    engines = ("eager", "compiled", "native") if find_spec("llvmlite") else ("eager", "compiled")
    for engine in engines:
        with pytest.raises(NonFiniteError, match=r"step 0: .*backward through gate sqrt"):
            fit(model, [[1.0]], [1.0], "squared_error", progress=False, engine=engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs must be"),
        ({"patience": 0}, "patience is"),
        ({"reduction": "max"}, "reduction is"),
        ({"validation": 1.5}, "validation is a share"),
        ({"validation": 0.01}, "validation is a share"),
        ({"batch_size": 22}, "batch_size must be"),
        ({"sampling": "random", "batch_size": 2}, "sampling is"),
        ({"metrics": ["recal"]}, "unknown metric 'recal'; known: accuracy, .*did you mean recall"),
        ({"metrics": ["f1"]}, "metric 'f1' is for classes, and this loss has none"),
        ({"validation": "0.2"}, "validation is a share"),
        ({"optimiser": "adm"}, r"unknown optimiser 'adm'; known: sgd, adam; did you mean adam\?"),
        ({"schedule": "cosin"}, r"unknown schedule 'cosin'; known: .*did you mean cosine\?"),
        ({"schedule": "cosine", "lr": lambda k: 0.1}, "lr is a schedule already"),
        ({"lr": -1.0}, "lr must be a number of at least 0, got -1.0"),
        ({"clip": -1.0}, "clip must be a number of at least 0, got -1.0"),
        ({"class_weight": "balanced"}, "class_weight is for losses of classes"),
        ({"sample_weight": [1.0]}, "for each of the 21 rows"),
        ({"sample_weight": [-1.0] * 21}, "at least 0 .*the smallest -1"),
        ({"engine": "gpu"}, "unknown engine 'gpu'"),
        ({"validation": ([[1.0]], [1.0, 2.0])}, "validation X has 1 rows"),
        ({"validation": ([[1.0]], [1.0], [1.0])}, "validation is a share .* a pair"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", progress=False, **options)


def test_numbers_may_be_numpys_and_a_pair_may_be_a_list() -> None:
    options: list[dict[str, Any]] = [
        {"epochs": 3, "batch_size": 5, "patience": 2, "validation": (X_LINE[:4], Y_LINE[:4])},
        {"epochs": np.int64(3), "batch_size": np.int32(5), "patience": np.uint8(2),
         "validation": [X_LINE[:4], Y_LINE[:4]]},
    ]  # fmt: skip
    runs = [fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", rng=0, progress=False, **some)
            for some in options]  # fmt: skip
    assert runs[0].epochs == runs[1].epochs


def test_numpys_smallest_numbers_do_not_overflow() -> None:
    options: list[dict[str, Any]] = [
        {"epochs": 200, "batch_size": 1, "validation": 0.5},
        {"epochs": np.uint8(200), "batch_size": np.uint8(1), "validation": np.float16(0.5)},
    ]
    runs = [fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", rng=0, progress=False, **some)
            for some in options]  # fmt: skip
    assert runs[0].loss == runs[1].loss


def test_an_optimiser_of_another_model_is_refused() -> None:
    model, other = Layer(1, 1, rng=0), Layer(1, 1, rng=0)
    with pytest.raises(ValueError, match=r"moves 2 parameters, and none is of this model"):
        fit(model, X_LINE, Y_LINE, "squared_error", SGD(other.parameters(), lr=0.1),
            progress=False)  # fmt: skip


def test_a_loss_that_cuts_the_graph_is_refused() -> None:
    with pytest.raises(ValueError, match=r"depends on none of the 2 parameters"):
        fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, lambda out, t: Value((out.data - t) ** 2),
            progress=False)  # fmt: skip


def test_a_loss_may_be_flat_on_some_rows() -> None:
    """One row that reaches the parameters is enough."""
    model = Layer(1, 1, rng=0)
    fit(model, X_LINE, Y_LINE, lambda out, t: (out - t) ** 2 if t > 0 else Value(0.0), epochs=2,
        progress=False)  # fmt: skip
    assert model.neurons[0].b.data != 0


def test_classes_are_integers() -> None:
    """They index a list of names."""
    names = np.array(["no", "yes"])
    model = Layer(1, 1, rng=0)
    bits = [int(x > 0) for (x,) in X_LINE]
    fit(model, X_LINE, bits, "logistic", epochs=60, progress=False)
    assert set(names[predict(model, X_LINE, "logistic")]) <= {"no", "yes"}
    for loss, build in (
        ("hinge", model),
        ("cross_entropy", Layer(1, 1, "sigmoid", rng=0)),
        ("softmax_cross_entropy", Layer(1, 3, rng=0)),
    ):
        assert predict(build, X_LINE, loss).dtype.kind == "i"
    assert predict(model, X_LINE, "squared_error").dtype.kind == "f"


@pytest.mark.parametrize(
    ("loss", "outputs", "message"),
    [
        ("logistic", 3, "logistic takes one output of the network, it has 3"),
        ("hinge", 2, "hinge takes one output of the network, it has 2"),
        ("softmax_cross_entropy", 1, "takes one output for each class, the network has 1"),
    ],
)
def test_fit_predict_and_evaluate_refuse_outputs_that_do_not_fit_the_loss_alike(
    loss: str, outputs: int, message: str
) -> None:
    model = Layer(1, outputs, rng=0)
    ones = [1] * len(X_LINE)
    for run in (
        lambda: fit(model, X_LINE, ones, loss, progress=False),
        lambda: predict(model, X_LINE, loss),
        lambda: evaluate(model, X_LINE, ones, loss),
    ):
        with pytest.raises(ValueError, match=message):
            run()


def test_a_loss_of_ones_own() -> None:
    def absolute(output: Value, target: float) -> Value:
        return abs(output - target)

    model = Layer(1, 1, init="zeros")
    history = fit(model, X_LINE, Y_LINE, absolute, Adam(model.parameters(), lr=0.05), epochs=200,
                  progress=False)  # fmt: skip
    assert history.loss[-1] < 0.05


def test_the_bar_is_quiet_when_asked(capfd: pytest.CaptureFixture[str]) -> None:
    fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", epochs=2, progress=False)
    assert capfd.readouterr() == ("", "")
    fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", epochs=2)
    assert "2/2" in capfd.readouterr().err


def test_history_is_plain_data() -> None:
    history = fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", epochs=30, progress=False,
                  metrics=["r2"], validation=0.2, rng=0)  # fmt: skip
    table = history.to_dict()
    columns = ["epoch", "loss", "r2", "val_loss", "val_r2"]
    assert list(table) == [*columns, "steps", "stopped", "best_epoch"]
    assert table["loss"] == history.loss == history["loss"]
    thinned = history.table(rows=10).splitlines()
    assert [int(line.split()[0]) for line in thinned[1:]] == [*range(0, 30, 3), 29]
    assert len(history.table(rows=30).splitlines()) == 31
    with pytest.raises(
        KeyError, match=r"'val_lose' was not recorded; known: epoch, .*mean val_loss"
    ):
        history["val_lose"]


def test_several_outputs_and_nested_inputs() -> None:
    X = np.random.default_rng(0).normal(size=(20, 3))
    Y = X @ np.array([[1.0, 0.0], [0.5, -1.0], [0.0, 2.0]])
    model = Layer(3, 2, rng=0)
    fit(model, X, Y, "mean_squared_error", Adam(model.parameters(), lr=0.1), epochs=150,
        progress=False)  # fmt: skip
    assert evaluate(model, X, Y, "mean_squared_error", ["rmse"])["rmse"] < 0.01


def test_outputs_may_be_lists_of_unequal_length() -> None:
    class Two(Module):
        def __init__(self) -> None:
            self.wide, self.narrow = Layer(2, 3, rng=0), Layer(2, 2, rng=1)

        def forward(self, x: Any) -> Any:
            return [self.wide(x), self.narrow(x)]

    def loss(output: Any, target: Any) -> Value:
        return losses.squared_error([*output[0], *output[1]], target)

    X, Y = [[1.0, 2.0], [0.5, -1.0]], [[0.0] * 5, [1.0] * 5]
    history = fit(Two(), X, Y, loss, epochs=2, progress=False)
    assert history.loss[1] < history.loss[0]
    assert predict(Two(), X, loss).shape == (2, 5)


def test_an_option_under_another_name_is_answered_with_its_own() -> None:
    with pytest.raises(TypeError, match=r"'epoch'; known: .*; did you mean epochs\?"):
        fit(MLP(1, [1]), [[1.0]], [1.0], "squared_error", epoch=3)  # type: ignore[arg-type]


def test_an_optimiser_is_made_by_its_name_and_spelt_either_way() -> None:
    def steps(*given: Any, **options: Any) -> list[float]:
        model = MLP(1, [3, 1], "tanh", rng=0)
        if callable(made := options.pop("make", None)):
            given = (made(model.parameters()),)
        return fit(model, X_LINE, Y_LINE, "squared_error", *given, epochs=4, progress=False,
                   **options).steps  # fmt: skip

    by_hand = steps(make=lambda parameters: Adam(parameters, lr=0.05))
    assert by_hand == steps("adam", lr=0.05) == steps(optimizer="adam", lr=0.05)
    assert by_hand == steps("Adam", lr=0.05) == steps(Adam, lr=0.05) == steps(lr=0.05)
    assert steps("sgd", lr=0.1) == steps(make=lambda parameters: SGD(parameters, lr=0.1)) != by_hand


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ((3,), {}, TypeError, r"optimiser is a name \(sgd, adam\) or one of nn's.*got 3"),
        (("adam",), {"optimizer": "sgd"}, TypeError, "the same option; give one"),
        ((), {"lr": "fast"}, TypeError, "lr must be a number, got 'fast'"),
        ((), {"callbacks": 3}, TypeError, "a callback is a function of the history"),
    ],
)
def test_an_argument_of_the_wrong_kind_is_refused_in_our_words(
    given: tuple[Any, ...], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "squared_error", *given, progress=False, **options)


def test_lr_beside_an_optimiser_that_has_one_is_refused() -> None:
    model = Layer(1, 1, rng=0)
    with pytest.raises(ValueError, match="lr= and clip= go with an optimiser by name"):
        fit(model, X_LINE, Y_LINE, "squared_error", SGD(model.parameters()), lr=0.1)


@pytest.mark.parametrize("returned", [None, 0.5, [1.0]])
def test_a_loss_that_returns_no_value_is_refused(returned: Any) -> None:
    def mine(output: Value, target: float) -> Any:
        return returned

    with pytest.raises(TypeError, match=r"the loss 'mine' returned .*; .* a Value"):
        fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, mine, progress=False)


# ── schedules, clipping, callbacks ───────────────────────────────────────────────────────────


def test_schedules_by_name_start_at_lr_and_end_with_the_last_step() -> None:
    rates = {}
    for name in SCHEDULES:
        seen: list[float] = []

        class Watched(SGD):
            def rates(self, count: int, seen: list[float] = seen) -> list[float]:
                seen += super().rates(count)
                return seen[-count:]

        fit(Layer(1, 1, init="zeros"), X_LINE, Y_LINE, "squared_error", Watched, lr=0.1, epochs=20,
            schedule=name, progress=False)  # fmt: skip
        rates[name] = seen
    assert rates["constant"] == [0.1] * 20
    assert rates["linear"] == pytest.approx([0.1 * (1 - k / 20) for k in range(20)])
    assert rates["cosine"] == pytest.approx(
        [0.05 * (1 + math.cos(math.pi * k / 20)) for k in range(20)]
    )
    assert rates["steps"] == pytest.approx([0.1] * 7 + [0.01] * 7 + [0.001] * 6)
    assert rates["warmup"][0] == pytest.approx(0.05)
    assert max(rates["warmup"]) == rates["warmup"][1] < 0.1


def test_the_optimiser_keeps_its_own_rate_after_a_schedule() -> None:
    model = Layer(1, 1, init="zeros")
    optimiser = SGD(model.parameters(), lr=0.1)
    fit(model, X_LINE, Y_LINE, "squared_error", optimiser, epochs=3, schedule="cosine",
        progress=False)  # fmt: skip
    assert optimiser.lr == 0.1


@pytest.mark.parametrize(
    "engine", ["eager", "compiled", pytest.param("native", marks=pytest.mark.slow)]
)
def test_a_clipped_step_is_as_long_as_asked(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine == "native":
        oracle("llvmlite")
        monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    model = Layer(1, 1, init="zeros")
    fit(model, X_LINE, [1e4 * y for y in Y_LINE], "squared_error", "sgd", lr=0.5, clip=1.0,
        epochs=1, engine=engine, progress=False)  # fmt: skip
    moved = [p.data for p in model.parameters()]
    assert math.hypot(*moved) == pytest.approx(0.5, rel=1e-12)


def test_callbacks_see_the_history_and_may_stop() -> None:
    seen: list[str] = []

    class Told:
        def on_train_begin(self, history: History) -> None:
            seen.append("begin")

        def on_epoch_end(self, history: History) -> None:
            seen.append(f"epoch {len(history) - 1}")

        def on_train_end(self, history: History) -> None:
            seen.append("end")

    def enough(history: History) -> bool:
        return len(history) == 2

    history = fit(Layer(1, 1, rng=0), X_LINE, Y_LINE, "mse", epochs=9, progress=False,
                  callbacks=[Told(), enough])  # fmt: skip
    assert seen == ["begin", "epoch 0", "epoch 1", "end"]
    assert history.stopped == "stopped by enough"


@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_a_callback_finds_the_model_as_it_is_after_the_epoch(engine: str) -> None:
    model = Layer(1, 1, init="zeros")
    seen = []

    def look(history: History) -> None:
        seen.append(evaluate(model, X_LINE, Y_LINE, "mse")["loss"])

    history = fit(model, X_LINE, Y_LINE, "mse", "sgd", lr=0.1, epochs=4, progress=False,
                  validation=(X_LINE, Y_LINE), engine=engine, callbacks=look)  # fmt: skip
    assert seen == pytest.approx(history["val_loss"], rel=1e-12)


# ── weights ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize(
    "engine", ["eager", "compiled", pytest.param("native", marks=pytest.mark.slow)]
)
def test_a_whole_weight_is_as_many_copies_of_the_row(
    engine: str, reduction: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weight 0 leaves the row out; for regression, a class on one output, and one-hot rows."""
    if engine == "native":
        oracle("llvmlite")
        monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    X = np.random.default_rng(0).normal(size=(12, 2))
    weights = np.array([3, 0, 1, 2, 1, 1, 0, 1, 4, 1, 1, 1])
    copies = np.repeat(np.arange(12), weights)
    for loss, outputs, Y in (
        ("squared_error", 1, X[:, 0] ** 2),
        ("logistic", 1, (X[:, 0] > 0).astype(int)),
        ("softmax_cross_entropy", 3, np.arange(12) % 3),
    ):
        runs = []
        for rows, given in ((np.arange(12), weights), (copies, None)):
            model = MLP(2, [3, outputs], "tanh", rng=0)
            history = fit(model, X[rows], Y[rows], loss, "sgd", lr=0.05, epochs=8, engine=engine,
                          sample_weight=given, reduction=reduction, progress=False)  # fmt: skip
            runs.append(history.steps)
        np.testing.assert_allclose(*runs, rtol=1e-10)


def test_balanced_classes_count_alike() -> None:
    """90 rows of one class and 10 of another, as if there were 50 of each; labels name weights."""
    X, Y = np.zeros((100, 1)), np.array(["no"] * 90 + ["yes"] * 10)
    for chosen in ("balanced", {"no": 1, "yes": 9}, [1, 9]):
        model = Layer(1, 1, init="zeros")
        fit(model, X, Y, "logistic", "sgd", lr=1.0, epochs=300, class_weight=chosen, progress=False)
        assert predict_proba(model, X[:1], "logistic") == pytest.approx(0.5)
        fit(model, X, Y, "logistic", "sgd", lr=1.0, epochs=300, progress=False)
        assert predict_proba(model, X[:1], "logistic")[0, 1] == pytest.approx(0.1, abs=1e-3)
    with pytest.raises(ValueError, match=r"no class 'Yes'; known: no, yes; did you mean yes\?"):
        fit(model, X, Y, "logistic", class_weight={"Yes": 2}, progress=False)


def test_validation_is_judged_with_the_classes_weights_too() -> None:
    X, Y = np.zeros((10, 1)), [1] * 2 + [0] * 8
    model = Layer(1, 1, init="zeros")
    history = fit(model, X, Y, "logistic", epochs=1, class_weight="balanced", progress=False,
                  validation=(X, Y), metrics=["accuracy", "recall"], engine="eager")  # fmt: skip
    assert history["val_loss"] == pytest.approx([math.log(2)], rel=1e-3)
    assert history["val_accuracy"] == history["accuracy"]


def test_a_row_in_the_place_of_a_table_is_named() -> None:
    model, X = MLP(2, [3, 1], rng=0), [[1.0, 2.0]]
    for call in (predict, evaluate, fit):
        rest = () if call is predict else ([1.0], "squared_error")
        with pytest.raises(ValueError, match=r"X must be a table.*expects 2 inputs.*X\[:1\]"):
            call(model, X[0], *rest)  # type: ignore[operator]
    assert predict(MLP(1, [3], rng=0), [1.0, 2.0]).shape == (2, 3)  # a number for each example


# ── what the history and the penalty are made of ─────────────────────────────────────────────


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_the_loss_of_an_epoch_is_the_cost_of_all_examples(engine: str, reduction: str) -> None:
    """With a rate of 0 nothing moves: however they are cut into batches, the last one smaller."""
    model = Layer(1, 1, rng=0)
    history = fit(model, X_LINE, Y_LINE, "squared_error", lr=0.0, epochs=2, batch_size=4,
                  optimiser="sgd", reduction=reduction, engine=engine, progress=False)  # fmt: skip
    assert len(X_LINE) % 4
    J = losses.cost(model, X_LINE, Y_LINE, losses.squared_error, reduction=reduction).data
    assert history.loss == pytest.approx([J, J], rel=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("engine", ["eager", "compiled"])
def test_l2_adds_twice_the_parameters_to_the_gradient(engine: str, reduction: str) -> None:
    """θ - η (g + 2 λ θ), where θ - η g is the step without it."""
    theta, (plain, decayed) = (
        [v.data for v in Layer(1, 1, rng=0).parameters()],
        ([v.data for v in _after_a_step(engine, reduction, l2).parameters()] for l2 in (0.0, 0.25)),
    )
    expected = [after - 0.01 * 2 * 0.25 * t for after, t in zip(plain, theta, strict=True)]
    assert decayed == pytest.approx(expected, rel=1e-12)


def _after_a_step(engine: str, reduction: str, l2: float) -> Layer:
    model = Layer(1, 1, rng=0)
    fit(model, X_LINE, Y_LINE, "squared_error", lr=0.01, epochs=1, optimiser="sgd", l2=l2,
        reduction=reduction, engine=engine, progress=False)  # fmt: skip
    return model


def test_one_row_that_is_no_table_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(ValueError, match=r"has one dimension: .* expects 3 inputs, got 1; give"):
        fit(MLP(3, [1], rng=0), [1.0], [1.0], "squared_error", progress=False)
