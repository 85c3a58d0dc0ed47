"""Formulas written out: as Python, NumPy, JavaScript and LaTeX, with brackets where needed."""

from __future__ import annotations

import math
import subprocess
from typing import Any

import numpy as np
import pytest

from autodiff import GATES, Formula
from autodiff.formula.atoms import ATOMS, CONSTANTS

TEXTS = [
    # text, NumPy, JavaScript, LaTeX
    ("a * b", "a * b", "a * b", r"a \cdot b"),
    ("a - (b - c)", "a - (b - c)", "a - (b - c)", r"a - \left(b - c\right)"),
    ("(a + b) * c", "(a + b) * c", "(a + b) * c", r"\left(a + b\right) \cdot c"),
    ("a / (b * c)", "a / (b * c)", "a / (b * c)", r"\frac{a}{b \cdot c}"),
    ("a ** b", "a ** b", "Math.pow(a, b)", "a^{b}"),
    ("1 - a**2", "1 - a ** 2", "1 - Math.pow(a, 2)", "1 - a^{2}"),
    ("-a ** 2", "-a ** 2", "-Math.pow(a, 2)", "-a^{2}"),
    ("(-a) ** 2", "(-a) ** 2", "Math.pow(-a, 2)", r"\left(-a\right)^{2}"),
    ("exp(-a)", "np.exp(-a)", "Math.exp(-a)", "e^{-a}"),
    ("sqrt(2 * pi)", "np.sqrt(2 * np.pi)", "Math.sqrt(2 * Math.PI)", r"\sqrt{2 \cdot \pi}"),
    ("b if b > a else a", "np.maximum(a, b)", "b > a ? b : a", None),
    ("0.0 if a <= 0 else a", "np.maximum(a, 0.0)", "a <= 0 ? 0.0 : a", None),
    ("1.0 if a > 0 else 0.0", "a > 0", "a > 0 ? 1.0 : 0.0", None),
    ("inf if a == 0 else b", "np.where(a == 0, np.inf, b)", "a === 0 ? Infinity : b", None),
    ("a if not (a > 0 or b > 0) else b", None, None, None),
    ("a if a > 0 and isnan(b) else b", None, None, None),
    ("a - -b", "a - -b", "a - -b", r"a - \left(-b\right)"),
    ("a * -b", "a * -b", "a * -b", r"a \cdot \left(-b\right)"),
    ("(a if a > 0 else b) * c", None, None, None),
    ("a if a > 0 else b if b > 0 else c", None, None, None),
    ("(a / b) / (b / c)", None, None, None),
    ("2 ** a ** b", None, None, None),
    ("(2 ** a) ** b", None, None, None),
    ("sigmoid(a) * softplus(b) - erf(c)", None, None, None),
]
HELPED = {"np": np}
for atom in ATOMS.values():
    exec(atom.numpy_helper, HELPED)

POINTS = [(0.7, 1.3, 2.1), (2.0, 0.5, 1.1), (0.4, 0.4, 0.9)]


@pytest.mark.parametrize(
    ("test", "latex"),
    [
        ("(a > 0 or b > 0) and c > 0",
         r"\left(a > 0 \text{ or } b > 0\right) \text{ and } c > 0"),
        ("a > 0 or b > 0 and c > 0", r"a > 0 \text{ or } b > 0 \text{ and } c > 0"),
        ("a > 0 and b > 0 or c > 0", r"a > 0 \text{ and } b > 0 \text{ or } c > 0"),
        ("not (a > 0 or b > 0)", r"\lnot \left(a > 0 \text{ or } b > 0\right)"),
        ("not a > 0", r"\lnot \left(a > 0\right)"),
        ("not a > 0 and b > 0", r"\lnot \left(a > 0\right) \text{ and } b > 0"),
        ("a + b <= b * c", r"a + b \le b \cdot c"),
    ],
)  # fmt: skip
def test_brackets_in_the_tests_of_cases(test: str, latex: str) -> None:
    formula = Formula(f"a if {test} else b + c", ["a", "b", "c"])
    cases = rf"\begin{{cases}} a & {latex} \\ b + c & \text{{otherwise}} \end{{cases}}"
    assert formula.latex() == cases


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("exp(a) ** b", r"\left(e^{a}\right)^{b}"),  # two exponents of one e are an error in TeX
        ("(a / b) ** c", r"\left(\frac{a}{b}\right)^{c}"),
        ("(a ** b) ** c", r"\left(a^{b}\right)^{c}"),
        ("a ** b ** c", r"a^{b^{c}}"),
        ("a ** (b / c)", r"a^{\frac{b}{c}}"),
        ("-(a / b)", r"-\frac{a}{b}"),
        ("c * exp(a + b)", r"c \cdot e^{a + b}"),
    ],
)
def test_brackets_under_an_exponent(text: str, latex: str) -> None:
    assert Formula(text, [n for n in "abc" if n in text.replace("exp", "")]).latex() == latex


@pytest.mark.parametrize(("text", "numpy", "javascript", "latex"), TEXTS)
def test_each_target_is_written_as_one_would_by_hand(
    text: str, numpy: str | None, javascript: str | None, latex: str | None
) -> None:
    formula = Formula(text, "abc")
    assert numpy is None or formula.numpy() == numpy
    assert javascript is None or formula.javascript() == javascript
    assert latex is None or formula.latex() == latex


@pytest.mark.parametrize("text", [case[0] for case in TEXTS])
def test_python_and_numpy_compute_what_the_text_says(text: str) -> None:
    formula = Formula(text, "abc")
    atoms = {name: atom.python for name, atom in ATOMS.items()} | CONSTANTS
    for point in POINTS:
        names: dict[str, Any] = dict(zip("abc", point, strict=True))
        expected = eval(text, atoms | names)
        assert eval(formula.python(), atoms | names | {"pow": math.pow}) == expected
        arrays = {name: np.array([x]) for name, x in names.items()}
        found = np.ravel(eval(formula.numpy(), HELPED | arrays))
        assert float(found[0]) == pytest.approx(expected, rel=1e-15)


def test_javascript_computes_what_the_text_says(node: str) -> None:
    atoms = {name: atom.python for name, atom in ATOMS.items()} | CONSTANTS
    helpers = "".join(atom.javascript_helper for atom in ATOMS.values())
    programs, expected = [], []
    for text, *_ in TEXTS:
        for point in POINTS:
            names = dict(zip("abc", point, strict=True))
            programs.append(f"((a, b, c) => {Formula(text, 'abc').javascript()}){point}")
            expected.append(float(eval(text, atoms | names)))
    source = f"{helpers}\nfor (const x of [{', '.join(programs)}]) console.log(Number(x));"
    done = subprocess.run([node, "-"], input=source, capture_output=True, text=True, check=True)
    assert [float(line) for line in done.stdout.split()] == pytest.approx(expected, rel=1e-14)


def test_names_are_replaced_with_parentheses_where_they_are_needed() -> None:
    formula = Formula("a * b - a", "ab")
    assert formula.numpy(a="Z1", b="W.T") == "Z1 * W.T - Z1"
    assert formula.numpy(a="x + y") == "(x + y) * b - (x + y)"
    assert formula.python(a="-x") == "(-x) * b - (-x)"
    assert formula.javascript(a="v[3]") == "v[3] * b - v[3]"
    assert formula.latex(a="-2", b="5") == r"-2 \cdot 5 - \left(-2\right)"
    assert Formula("1 - out**2", ["out"]).numpy(out="A1") == "1 - A1 ** 2"


def test_a_square_is_the_square_of_all_that_is_put_in() -> None:
    assert Formula("a ** 2", "a").python(a="x + y") == "(x + y) * (x + y)"


def test_rows() -> None:
    dot = Formula("sum(a * b)", "ab", rows="ab")
    assert dot.python() == "sum(map(mul, a, b))"
    assert dot.on_values() == "sum([a * b for a, b in zip(a, b, strict=True)])"
    assert dot.numpy() == "(a * b).sum(axis=-1)"
    assert dot.javascript() == "a.map((_, i) => a[i] * b[i]).reduce((s, t) => s + t, 0)"
    assert dot.latex() == r"\sum_i a_i \cdot b_i"
    affine = Formula("sum(w * x) + b", "wxb", rows="wx")
    assert affine.numpy(w="W", x="X", b="b") == "(W * X).sum(axis=-1) + b"
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    assert eval(dot.numpy(), {"a": a, "b": b}).tolist() == [17.0, 53.0]


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
        ("log(a) ** 2", {}, r"\left(\ln a\right)^{2}"),
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
def test_latex_is_as_one_writes_by_hand(text: str, names: dict[str, str], latex: str) -> None:
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


@pytest.mark.parametrize(
    ("text", "names", "shown"),
    [
        ("b * a ** (b - 1)", {}, "b·a^(b − 1)"),
        ("a ** 2 * b", {"a": "−3", "b": "−4"}, "(−3)²·(−4)"),
        ("a ** b", {"b": "−12"}, "a⁻¹²"),
        ("a ** b", {"b": "0.5"}, "a^0.5"),
        ("a - b", {"b": "−2"}, "a − (−2)"),
        ("-a", {"a": "−2"}, "−(−2)"),
        ("a / 2 * b", {}, "(a / 2)·b"),
        ("a / (2 * b)", {}, "a / (2·b)"),
        ("sqrt(a) ** 2 + sqrt(a * b)", {}, "(√a)² + √(a·b)"),
        ("abs(a - b) / log1p(a)", {"a": "−x"}, "|−x − b| / ln(1 + (−x))"),
        ("a * b", {"a": "2e−7", "b": "my value"}, "(2e−7)·(my value)"),
        ("1.0 if a > 0 or isnan(a) else 0.5", {}, "1 if a > 0, else 0.5"),
        ("sigmoid(pi * a) * inf", {}, "σ(π·a)·∞"),
    ],
)
def test_plain_text_is_as_one_writes_by_hand(text: str, names: dict[str, str], shown: str) -> None:
    assert Formula(text, ["a", "b"]).blackboard(**names) == shown
