"""Formulas of which some inputs are numbers."""

import pytest

from autodiff.compiler.simplify import simplify
from autodiff.formula.grammar import Formula


@pytest.mark.parametrize(("k", "left"), [(-1.0, "a"), (1.0, "b")])
def test_a_condition_that_is_settled_leaves_one_branch(k: float, left: str) -> None:
    for text in ("a if not k > 0 else b", "b if k > 0 else a"):
        assert simplify(Formula(text, ("a", "b", "k")), {"k": k}).text == left
