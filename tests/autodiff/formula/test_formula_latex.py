"""Formulas in LaTeX: as one writes them by hand."""

import pytest

from autodiff import GATES, Formula


@pytest.mark.parametrize(
    ("text", "names", "latex"),
    [
        ("a - b", {"a": "x", "b": "-4"}, r"x - \left(-4\right)"),
        ("a * b", {"a": "-2", "b": "-4"}, r"-2 \cdot \left(-4\right)"),
        ("a * (b + 1)", {}, r"a \cdot \left(b + 1\right)"),
        ("a + b - 1", {}, "a + b - 1"),
        ("a - (b - 1)", {}, r"a - \left(b - 1\right)"),
        ("(a + b) ** 2", {}, r"\left(a + b\right)^{2}"),
        ("a ** b", {"a": "-8", "b": "2"}, r"\left(-8\right)^{2}"),
        ("-out / b", {}, r"\frac{-\mathrm{out}}{b}"),
        ("log1p(a)", {}, r"\ln(1 + a)"),
        ("b * log(a)", {}, r"b \cdot \ln a"),
        ("log(a + b)", {}, r"\ln \left(a + b\right)"),
        ("-sin(a)", {}, r"-\sin a"),
        ("sigmoid(a)", {}, r"\sigma\left(a\right)"),
        ("exp(-a)", {"a": "z_{1}"}, "e^{-z_{1}}"),
        (
            "b if b > a or isnan(b) else a",
            {},
            r"\begin{cases} b & b > a \\ a & \text{otherwise} \end{cases}",
        ),
        (
            "1.0 if a > 0 else -1.0 if a < 0 else 0.0",
            {},
            r"\begin{cases} 1 & a > 0 \\ -1 & a < 0 \\ 0 & \text{otherwise} \end{cases}",
        ),
    ],
)
def test_latex(text: str, names: dict[str, str], latex: str) -> None:
    assert Formula(text, ["a", "b", "out"]).latex(**names) == latex


def test_sums_over_rows_have_an_index() -> None:
    assert GATES["affine"].formula.latex() == r"\sum_i w_i \cdot x_i + b"
    assert GATES["logsumexp"].formula.latex() == r"\ln \sum_i e^{a_i}"


@pytest.mark.parametrize("name", GATES)
def test_every_formula_of_the_table_is_balanced(name: str) -> None:
    gate = GATES[name]
    for formula in (gate.formula, *gate.partials):
        latex = formula.latex()
        assert latex.count("{") == latex.count("}")
        assert latex.count(r"\left") == latex.count(r"\right")
        assert "None" not in latex
