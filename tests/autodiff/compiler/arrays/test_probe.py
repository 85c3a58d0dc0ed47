"""What is said of a gate from a few numbers is true of all."""

from __future__ import annotations

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value, gate
from autodiff.compiler.arrays.probe import neutral, risky, surely
from autodiff.formula.grammar import Formula
from tests.autodiff.compiler.test_equality import agree

PAIR = ("a", "b")


def test_a_product_with_zero_is_zero_whatever_the_other_number() -> None:
    assert surely(Formula("a * b", PAIR), {"a": 0.0}, PAIR) == 0.0


@pytest.mark.parametrize("known", [-5.0, 0.0, 5.0])
def test_the_smaller_of_a_number_and_an_unknown_one_is_not_known(known: float) -> None:
    """min(0, b) is 0 for all positive b only."""
    for formula in ("a if a < b else b", "a if a > b else b"):
        assert surely(Formula(formula, PAIR), {"a": known}, PAIR) is None


def test_what_may_stand_where_a_row_has_ended() -> None:
    """A root of a mean changes with a 0, and of -inf it has no value."""
    root = gate("root_of_mean", "sqrt(sum(a) / n)", a="1 / (2 * n * out)", rows="a")
    try:
        assert neutral(GATES["sum"]) == 0.0
        assert neutral(GATES["logsumexp"]) == -np.inf
        assert neutral(root) is None
    finally:
        del GATES["root_of_mean"]


def test_a_row_may_end_where_a_minimum_does_not() -> None:
    """Sums of 1, 2, 3 minima: where a row has ended there must stand zeros."""

    def f(x: list[list[Value]]) -> Value:
        rows = [[autodiff.minimum(x[i][j], 0.0) for j in range(i + 1)] for i in range(5)]
        return autodiff.sum([autodiff.sum(row) ** 2 for row in rows])

    agree(f, np.random.default_rng(0).normal(size=(3, 5, 5)))


@pytest.mark.parametrize("formula", ["exp(a)", "a ** b", "1 / b"])
def test_functions_powers_and_quotients_may_be_infinite(formula: str) -> None:
    assert risky(Formula(formula, PAIR))


@pytest.mark.parametrize("formula", ["a * b + 3", "a / 2", "a if a > b else b"])
def test_sums_products_and_choices_are_finite(formula: str) -> None:
    assert not risky(Formula(formula, PAIR))
