"""What a loss says about the task: which targets it takes, and how outputs become decisions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import losses
from ..checks import Array, known

__all__ = ["Task", "resolve_loss", "task_of"]


class Task(NamedTuple):
    """encode: targets as given -> the array that the loss gets, one row per example;
    decide: outputs of the network -> what to compare with the targets: of classes their places;
    metrics: which to report unless told otherwise;
    codes: what stands for each class, in order; () if there are none;
    logits: outputs -> numbers whose softmax are the classes' probabilities; None if they have none.
    """

    encode: Callable[[Array, int], Array]
    decide: Callable[[Array], NDArray[Any]]
    metrics: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    logits: Callable[[Array], Array] | None = None

    def places(self, Y: Array) -> NDArray[Any]:
        """What `decide` should have found: for each row the place of its class."""
        if not self.codes:
            return Y
        return Y.argmax(axis=1) if self.encode is _one_hot else np.searchsorted(self.codes, Y)


def resolve_loss(loss: str | losses.Loss | None) -> losses.Loss:
    """A loss by its name in `nn.losses` or another library's for it, or as it is."""
    if isinstance(loss, str):
        if loss not in losses.ALIASES:
            raise ValueError(f"unknown loss {loss!r}; {known(loss, losses.ALIASES)}")
        return losses.ALIASES[loss]
    if not callable(loss):
        raise TypeError(
            "a loss is a name: 'squared_error' for numbers, 'logistic' for two classes on one "
            "output, 'softmax_cross_entropy' for an output for each class; or a function (output, "
            f"target) -> Value; got {loss!r}"
        )
    return loss


def task_of(loss: losses.Loss, *shape: int) -> Task:
    """The task that a loss belongs to; an unknown loss gets its targets as they are.

    shape  of what the network returns for one example: its outputs, or positions and classes
    """
    outputs = math.prod(shape)
    name = getattr(loss, "__name__", "")
    if loss in (losses.hinge, losses.logistic) and outputs != 1:
        raise ValueError(f"{name} takes one output of the network, it has {outputs}")
    if loss is losses.softmax_cross_entropy and outputs == 1:
        raise ValueError(f"{name} takes one output for each class, the network has 1; see logistic")
    if isinstance(loss, losses.OverPositions):
        if loss.loss is not losses.softmax_cross_entropy:
            return Task(lambda Y, _: Y, lambda a: a)
        if len(shape) != 2:
            raise ValueError(f"{name} takes a row of logits for each position, got shape {shape}")
        return _class_of_each(*shape)
    if loss is losses.hinge:
        return _two(-1, 1, 0.0)
    if loss is losses.logistic:
        return _two(0, 1, 0.0, lambda a: np.hstack([0 * a, a]))
    if loss is losses.cross_entropy and outputs == 1:
        return _two(0, 1, 0.5, lambda a: _log(np.hstack([1 - a, a])))
    if loss in (losses.softmax_cross_entropy, losses.cross_entropy):
        logits = _log if loss is losses.cross_entropy else lambda a: a
        classes = tuple(range(outputs))
        return Task(_one_hot, lambda a: a.argmax(axis=1), ("accuracy",), classes, logits)
    return Task(_numbers, lambda a: a)


def _log(probabilities: Array) -> Array:
    possible = probabilities != 0
    return np.log(probabilities, out=np.full(possible.shape, -np.inf), where=possible)


def _numbers(Y: Array, outputs: int) -> Array:
    Y = Y[:, 0] if Y.ndim == 2 and Y.shape[1] == 1 else Y
    given = 1 if Y.ndim == 1 else Y[0].size
    if given != outputs:
        raise ValueError(f"Y: {given} numbers in each row, but the network has {outputs} outputs")
    return Y


def _two(
    low: int, high: int, threshold: float, logits: Callable[[Array], Array] | None = None
) -> Task:
    """Two classes on one output: `high` where it is above the threshold."""

    def encode(Y: Array, outputs: int) -> Array:
        Y = _numbers(Y, outputs)
        wrong = np.flatnonzero((Y != low) & (Y != high))
        if len(wrong):
            raise ValueError(
                f"Y: row {wrong[0]} is {Y[wrong[0]]:g}; this loss takes the labels {low} and {high}"
            )
        return Y

    return Task(
        encode, lambda a: (a[:, 0] > threshold).astype(int), ("accuracy",), (low, high), logits
    )


def _one_hot(Y: Array, outputs: int) -> Array:
    Y = Y[:, 0] if Y.ndim == 2 and Y.shape[1] == 1 else Y
    if Y.ndim == 1:
        wrong = np.flatnonzero((Y < 0) | (Y >= outputs) | (Y != np.floor(Y)))
        if len(wrong):
            raise ValueError(
                f"Y: row {wrong[0]} is {Y[wrong[0]]:g}; with {outputs} outputs the classes are "
                f"the whole numbers 0 to {outputs - 1}"
            )
        one_hot: Array = np.eye(outputs)[Y.astype(int)]
        return one_hot
    wrong = np.flatnonzero(((Y != 0) & (Y != 1)).any(axis=1) | (Y.sum(axis=1) != 1))
    if Y.shape[1] != outputs or len(wrong):
        where = f"row {wrong[0]} is {Y[wrong[0]].tolist()}" if len(wrong) else "every row"
        raise ValueError(f"Y: {where}; expected a class, or a one-hot row of {outputs} numbers")
    return Y


def _class_of_each(positions: int, classes: int) -> Task:
    """A class for each position, or `losses.IGNORED`."""

    def encode(Y: Array, outputs: int) -> Array:
        if Y.shape[1:] != (positions,):
            raise ValueError(
                f"Y: {Y[0].size} targets in each row, but the network has {positions} positions"
            )
        known = (Y >= 0) & (Y < classes) & (np.floor(Y) == Y)
        wrong = np.argwhere(~known & (Y != losses.IGNORED))
        if len(wrong):
            row, position = wrong[0]
            raise ValueError(
                f"Y: row {row}, position {position} is {Y[row, position]:g}; the classes are the "
                f"whole numbers 0 to {classes - 1}, and {losses.IGNORED:g} where none counts"
            )
        return Y

    def logits(a: Array) -> Array:
        return a.reshape(len(a), positions, classes)

    return Task(encode, lambda a: logits(a).argmax(axis=-1), ("accuracy",), (), logits)
