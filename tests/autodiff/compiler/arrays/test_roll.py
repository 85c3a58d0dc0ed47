"""Which gates become one array operation."""

from __future__ import annotations

import numpy as np

import autodiff
from autodiff import Value
from tests.autodiff.compiler.test_equality import agree


def test_parameters_in_two_runs_are_two_slices_and_not_picked_one_by_one() -> None:
    """Of ten parameters all are used, so that they lie in order, and seven of them once more."""
    w = [Value(0.1 * i - 0.4) for i in range(10)]
    used = (0, 1, 2, 6, 7, 8, 9)

    def f(x: list[Value]) -> Value:
        once = autodiff.sum([v**2 for v in w])
        return once + autodiff.sum([(w[i] * z).tanh() for i, z in zip(used, x, strict=True)])

    source = agree(f, np.random.default_rng(0).normal(size=(3, 7))).source
    assert "theta[0:3]" in source
    assert "theta[6:10]" in source
    assert "np.add.at" not in source
