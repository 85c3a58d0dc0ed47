"""Metrics against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from nn import Layer, evaluate, fit
from nn.training.metrics import METRICS


@pytest.mark.parametrize("classes", [2, 4])
def test_rates_of_classes_are_those_of_scikit_learn(classes: int) -> None:
    rng = np.random.default_rng(0)
    average = "binary" if classes == 2 else "macro"
    for _ in range(20):
        targets, decisions = rng.integers(classes, size=(2, 12))
        for name in ("precision", "recall", "f1"):
            expected = getattr(oracle, f"{name}_score")(
                targets, decisions, labels=np.arange(classes), average=average, zero_division=0
            )
            assert METRICS[name](decisions, targets, classes=classes) == pytest.approx(expected)


def test_errors_of_numbers_are_those_of_scikit_learn() -> None:
    targets, found = np.random.default_rng(1).normal(size=(2, 30))
    assert METRICS["r2"](found, targets) == pytest.approx(oracle.r2_score(targets, found))
    error = oracle.mean_absolute_error(targets, found)
    assert METRICS["mae"](found, targets) == pytest.approx(error)
    assert METRICS["mean_absolute_error"] is METRICS["mae"]


def test_every_metric_is_recorded_for_training_and_validation() -> None:
    X = np.random.default_rng(2).normal(size=(30, 2))
    Y = np.where(X[:, 0] > 0, "right", "left")
    names = ["accuracy", "precision", "recall", "f1"]
    model = Layer(2, 1, rng=0)
    history = fit(model, X, Y, "hinge", epochs=3, validation=0.3, metrics=names, rng=0,
                  progress=False)  # fmt: skip
    columns = ["loss", *names, "val_loss", *(f"val_{name}" for name in names)]
    assert list(history.last) == ["epoch", *columns]
    assert list(history.to_frame().columns) == ["epoch", *columns]


def test_a_metric_of_the_users_own_gets_labels() -> None:
    X, Y = [[-1.0], [1.0], [2.0]], ["no", "yes", "yes"]

    def found_yes(decisions: np.ndarray, targets: np.ndarray) -> float:
        return oracle.recall_score(targets, decisions, pos_label="yes")

    model = Layer(1, 1, init=lambda rng: 1.0)
    history = fit(model, X, Y, "logistic", epochs=1, metrics=found_yes, progress=False)
    assert history["found_yes"] == [1.0]
    assert evaluate(model, X, Y, "logistic", [found_yes])["found_yes"] == 1.0
