"""Which example of a batch is no longer finite."""

from __future__ import annotations

import numpy as np

from autodiff import Value
from nn.training.nonfinite import explain


def loss_of(x: list[float], y: float) -> Value:
    return Value(x[0]).log() * y


def test_the_row_that_leaves_a_domain_is_named() -> None:
    found = explain(loss_of, np.array([[1.0], [-2.0]]), np.array([1.0, 1.0]))
    assert found.startswith("row 1 of the batch, log: log(a) has no value at a = -2.0")


def test_the_row_whose_result_is_infinite_is_named() -> None:
    found = explain(loss_of, np.array([[1.0], [2.0]]), np.array([1.0, np.inf]))
    assert found.startswith("row 1 of the batch, ")


def test_finite_examples_leave_the_sum() -> None:
    assert "not their sum" in explain(loss_of, np.array([[1.0]]), np.array([1.0]))
