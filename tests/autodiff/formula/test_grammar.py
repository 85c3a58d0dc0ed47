"""The grammar of formulas: what is read, what is refused, what a formula says of itself."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Formula, FormulaError


def test_what_a_formula_says_of_itself() -> None:
    formula = Formula("out * log(a) if a > 0 else nan", ["a", "b", "out"])
    assert formula.names == {"a", "out"}
    assert formula.atoms == ["log"]
    assert formula.number is None
    assert Formula("2", []).number == 2.0
    assert Formula("a / b", "ab").infix == "/"
    assert Formula("a / (b + 1)", "ab").infix is None
    assert repr(Formula("a", "a")) == "Formula('a')"


REFUSED = [
    "",
    " a",
    "a b",
    "a.real",
    "a[0]",
    "[a]",
    "(a, a)",
    "{a}",
    "lambda: a",
    "a if a else",
    "f(a)",
    "exp",
    "exp()",
    "exp(a, a)",
    "exp(x=a)",
    "exp(*a)",
    "(lambda t: t)(a)",
    "a // 2",
    "a % 2",
    "a @ a",
    "a << 2",
    "a & 1",
    "~a",
    "+a",
    "a is a",
    "a in a",
    "0 < a < 1",
    "(b := a)",
    "f'{a}'",
    "'a'",
    "b'a'",
    "None",
    "True",
    "...",
    "1j",
    "await a",
    "yield a",
    "[a for a in a]",
    "__import__('os')",
    "a; a",
    "a = 1",
    "a\x00",
    "sum(a)",
]


@pytest.mark.parametrize("text", REFUSED)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(FormulaError) as caught:
        Formula(text, "a")
    assert repr(text) in str(caught.value)


@given(st.text(alphabet="ab()+-*/.,0123 ifelsexpnot<>=[]", max_size=25))
def test_any_text_is_read_or_refused(text: str) -> None:
    """And what is read can be written out for every target, as valid Python where it is Python."""
    try:
        formula = Formula(text, "ab")
    except FormulaError:
        return
    ast.parse(formula.python(), mode="eval")
    ast.parse(formula.numpy(), mode="eval")
    ast.parse(formula.on_values(), mode="eval")
    assert formula.javascript()
    assert formula.latex()
