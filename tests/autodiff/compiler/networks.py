"""Networks whose compiled source is kept as golden text, and functions that pickle by name."""

from __future__ import annotations

from typing import Any

from autodiff import Value
from nn import MLP, Conv1D, Flatten, Layer, LayerNorm, Residual, Sequential, losses

moons_net = MLP(2, [16, 16, 1], rng=0)
digits_net = MLP(64, [32, 10], rng=0)
modern_net = Sequential(
    Layer(4, 8, "gelu", rng=0), Residual(LayerNorm(8), Layer(8, 8, "tanh", rng=1)), Layer(8, 1)
)
signal_net = Sequential(Conv1D(1, 3, 3, "relu", rng=0), Flatten(), Layer(24, 2, rng=1))


def moons(x: list[Value], y: Value) -> Value:
    return losses.hinge(moons_net(x), y)


def digits(x: list[Value], y: Value) -> Value:
    return losses.softmax_cross_entropy(digits_net(x), y)


def modern(x: list[Value], y: Value) -> Value:
    return losses.squared_error(modern_net(x), y)


def signal(x: list[Value], y: Value) -> Value:
    return losses.softmax_cross_entropy(signal_net(x), y)


GOLDEN: dict[str, tuple[Any, tuple[int, ...]]] = {
    "moons": (moons, (2,)),
    "digits": (digits, (64,)),
    "modern": (modern, (4,)),
    "signal": (signal, (8,)),
}
