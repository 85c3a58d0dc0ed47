"""Metrics: how good decisions are, as numbers for people."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..checks import Array, known
from ..losses import IGNORED
from .labels import as_labels
from .tasks import Task

__all__ = ["METRICS", "Metric", "judge", "resolve_metrics"]

# (decisions, targets) -> number; arrays with one row per example, of classes their places
Metric: TypeAlias = "Callable[[Array, Array], float]"


def accuracy(decisions: Array, targets: Array) -> float:
    """The share of decisions that are right, of those that count."""
    return float((decisions == targets)[targets != IGNORED].mean())


def rmse(predictions: Array, targets: Array) -> float:
    """Root of the mean squared error, in the targets' unit."""
    return float(((predictions.reshape(targets.shape) - targets) ** 2).mean() ** 0.5)


def mae(predictions: Array, targets: Array) -> float:
    """Mean absolute error, in the targets' unit."""
    return float(abs(predictions.reshape(targets.shape) - targets).mean())


def r2(predictions: Array, targets: Array) -> float:
    """1 - (squared error) / (squared distance from the targets' mean): 1 is perfect."""
    error = ((predictions.reshape(targets.shape) - targets) ** 2).sum()
    spread = ((targets - targets.mean(axis=0)) ** 2).sum()
    return float(1 - error / spread) if spread else float("nan")


class _Hits(NamedTuple):
    """Of each class: decisions that were right, decisions for it, rows of it."""

    right: Array
    decided: Array
    there: Array


def _of_classes(rate: Callable[[_Hits], tuple[Array, Array]]) -> Callable[..., float]:
    """A share of a whole, for each class: of two classes that of the second, the "positive" one;
    of more their plain mean, as scikit-learn's average="macro". Of nothing it is 0."""

    @functools.wraps(rate)
    def metric(decisions: NDArray[Any], targets: NDArray[Any], classes: int) -> float:
        counts = [
            np.bincount(places, minlength=classes).astype(float)
            for places in (targets[decisions == targets], decisions, targets)
        ]
        part, whole = rate(_Hits(*counts))
        rates = np.divide(part, whole, out=np.zeros(classes), where=whole > 0)
        return float(rates[1] if classes == 2 else rates.mean())

    return metric


@_of_classes
def precision(hits: _Hits) -> tuple[Array, Array]:
    """Of the decisions for a class, the share that is right."""
    return hits.right, hits.decided


@_of_classes
def recall(hits: _Hits) -> tuple[Array, Array]:
    """Of the rows of a class, the share that is found."""
    return hits.right, hits.there


@_of_classes
def f1(hits: _Hits) -> tuple[Array, Array]:
    """The harmonic mean of precision and recall."""
    return 2 * hits.right, hits.decided + hits.there


OF_CLASSES: dict[str, Callable[..., float]] = {"precision": precision, "recall": recall, "f1": f1}
METRICS: Mapping[str, Callable[..., float]] = {
    "accuracy": accuracy,
    **OF_CLASSES,
    "rmse": rmse,
    "mae": mae,
    "mean_absolute_error": mae,
    "r2": r2,
}


def resolve_metrics(metrics: Any, task: Task, classes: Sequence[Any] = ()) -> dict[str, Metric]:
    """Metrics by name, as functions, or None for those that suit the task. A function of the
    user's own gets the classes' labels."""
    if isinstance(metrics, str) or callable(metrics):
        metrics = [metrics]
    chosen: dict[str, Metric] = {}
    for metric in task.metrics if metrics is None else metrics:
        if callable(metric):
            chosen[getattr(metric, "__name__", "metric")] = _labelled(metric, classes)
        elif metric not in METRICS:
            raise ValueError(f"unknown metric {metric!r}; {known(str(metric), METRICS)}")
        elif metric not in OF_CLASSES:
            chosen[metric] = METRICS[metric]
        elif task.codes:
            chosen[metric] = functools.partial(METRICS[metric], classes=len(task.codes))
        else:
            raise ValueError(f"metric {metric!r} is for classes, and this loss has none")
    return chosen


def _labelled(metric: Metric, classes: Sequence[Any]) -> Metric:
    if not classes:
        return metric
    labels = as_labels(classes)
    return lambda decisions, targets: metric(labels[decisions], labels[targets])


def judge(
    metrics: Mapping[str, Metric], task: Task, outputs: Array, Y: Array, prefix: str = ""
) -> dict[str, float]:
    """All of them, of what the network returned and what the loss gets as targets."""
    decisions, targets = task.decide(outputs), task.places(Y)
    return {prefix + name: float(metric(decisions, targets)) for name, metric in metrics.items()}
