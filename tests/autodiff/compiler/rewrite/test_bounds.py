"""What cannot be zero is not guarded against zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from autodiff import GATES, Value
from tests.autodiff.compiler.test_equality import agree

w = [Value(x) for x in (0.5, -0.3, 0.8)]
Rows = list[Value]


def scaled(x: Rows) -> Rows:
    return [a * b for a, b in zip(w, x, strict=True)]


@pytest.mark.parametrize(
    ("f", "guarded"),
    [
        (lambda x: (GATES["mean"]([v * v for v in scaled(x)]) + 1e-3) ** -0.5, False),
        (lambda x: (sum(v * v for v in scaled(x)) / 3 + 1e-3) ** -0.5, False),
        (lambda x: 1 / (sum(v * v for v in scaled(x)) + 1e-3).sqrt(), False),
        (lambda x: sum(v * v for v in scaled(x)) ** -0.5, True),
        (lambda x: (sum(scaled(x)) + 5.0) ** -0.5, True),
        (lambda x: (scaled(x)[0] * 2.0 + 5.0) ** -0.5, True),
        (lambda x: (sum(scaled(x)) / 3 + 5.0) ** -0.5, True),
        (lambda x: (sum(a * b for a, b in zip(scaled(x), x, strict=True)) + 5.0) ** -0.5, True),
    ],
)
def test_a_sum_of_squares_and_a_bit_is_above_zero(
    f: Callable[[Rows], Value], guarded: bool
) -> None:
    source = agree(f, np.random.default_rng(0).normal(size=(4, 3))).source
    assert ("!= 0" in source) == guarded


def test_products_of_pairs_are_no_squares() -> None:
    """x_i · x_j may be negative."""

    def f(x: list[Rows]) -> Value:
        z = [scaled(row) for row in x]
        pairs = [GATES["dot"](a, b) + 9.0 for a in z for b in z]
        return sum(p**-0.5 for p in pairs)  # type: ignore[return-value]

    assert "!= 0" in agree(f, np.random.default_rng(0).normal(size=(4, 2, 3))).source
