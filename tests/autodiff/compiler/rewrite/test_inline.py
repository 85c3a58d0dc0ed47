"""Lines that nothing else needs stand where they are used; names that somebody gave stay."""

from __future__ import annotations

import numpy as np

from autodiff import GATES, Value
from tests.autodiff.compiler.test_equality import agree

RNG = np.random.default_rng(0)
w = [Value(x) for x in RNG.normal(size=3)]


def forward(source: str) -> list[str]:
    """The lines of the forward pass."""
    return [line.strip() for line in source.split("# forward pass")[1].split("J = ")[0].split("\n")]


def test_a_mean_of_squares_is_one_line() -> None:
    def f(x: list[Value]) -> Value:
        z = [a * b for a, b in zip(w, x, strict=True)]
        return (GATES["mean"]([a * a for a in z]) + 0.5).sqrt()

    lines = forward(agree(f, RNG.normal(size=(4, 3))).source)
    assert "L = np.sqrt((mul1 * mul1).sum(axis=1, keepdims=True) / 3 + 0.5)" in lines


def test_what_is_used_twice_or_has_a_label_keeps_its_line() -> None:
    def f(x: list[Value]) -> Value:
        z = w[0] * x[0]
        z.label = "score"
        return (z + 1.0).tanh() * z.sin()

    lines = forward(agree(f, RNG.normal(size=(4, 3))).source)
    assert any(line.startswith("score = ") for line in lines)
    assert any("np.tanh(score + 1)" in line for line in lines)


def test_what_is_broadcast_is_computed_once() -> None:
    """A number that three products need is no part of their line: it would be computed thrice."""

    def f(x: list[Value]) -> Value:
        scale = (w[0] * x[0]).tanh()
        return sum(scale * xi * wi for xi, wi in zip(x, w, strict=True)) ** 2  # type: ignore[operator]

    source = agree(f, RNG.normal(size=(4, 3))).source
    assert source.count("np.tanh") == 1
