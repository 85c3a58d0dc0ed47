"""Formulas: one text, read as Python, NumPy, JavaScript and LaTeX."""

from __future__ import annotations

import ast
import itertools
import math
import subprocess
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Formula, FormulaError
from autodiff.formula.atoms import ATOMS, CONSTANTS
from tests.oracles import oracle

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


# ── atoms: stable, and the same on every target ──────────────────────────────────────────────

FAR = [-1000.0, -745.0, -40.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 37.0, 1000.0]


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "erf", "tanh", "log1p", "exp"])
def test_atoms_agree_with_arbitrary_precision(name: str) -> None:
    """mpmath, which comes with SymPy, with 50 digits."""
    mp = oracle("mpmath")
    mp.mp.dps = 50
    exact = {
        "sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
        "softplus": lambda t: mp.log1p(mp.exp(t)),
    }.get(name) or getattr(mp, name)
    for t in FAR:
        if (name == "log1p" and t <= -1) or (name == "exp" and t > 700):
            continue
        expected = float(exact(mp.mpf(t)))
        assert ATOMS[name].python(t) == pytest.approx(expected, rel=4e-16, abs=5e-324)


def test_logsumexp_does_not_overflow_and_keeps_infinities() -> None:
    logsumexp = ATOMS["logsumexp"].python
    assert logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2)
    assert logsumexp([-1000.0, -1000.0]) == -1000.0 + math.log(2)
    assert logsumexp([3.0]) == 3.0
    assert logsumexp([-math.inf, 0.0]) == 0.0
    assert logsumexp([-math.inf, -math.inf]) == -math.inf
    assert logsumexp([math.inf, 0.0]) == math.inf
    assert math.isnan(logsumexp([math.nan, 0.0]))
    assert math.isnan(logsumexp([0.0, math.nan]))


NOT_FINITE = [
    row
    for n in (1, 2, 3)
    for row in itertools.product([0.0, 2.0, math.inf, -math.inf, math.nan], repeat=n)
]


def test_logsumexp_of_infinities_is_the_same_in_python_and_numpy() -> None:
    """NaN anywhere is NaN; else +inf wins; nothing but -inf is -inf."""
    atom = ATOMS["logsumexp"]
    helper: dict[str, Any] = {"np": np}
    exec(atom.numpy_helper, helper)
    of_arrays = np.errstate(divide="ignore")(helper["logsumexp"])
    for row in NOT_FINITE:
        expected = math.nan if any(map(math.isnan, row)) else max(row)
        if math.isfinite(expected):
            expected = math.log(sum(map(math.exp, row)))
        for found in (atom.python(row), of_arrays(np.array(row))):
            np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg=str(row))


def test_logsumexp_of_infinities_is_the_same_in_loops() -> None:
    """The passes that a program of loops makes through the row."""
    atom = ATOMS["logsumexp"]
    names = dict(ATOMS["logsumexp"].python.__globals__["math"].__dict__)
    for row in NOT_FINITE:
        for name, initial, step in atom.passes:
            names[name] = float(initial)
            for a in row:
                names[name] = eval(step, names, {"a": a})
        np.testing.assert_equal(eval(atom.finish, names), atom.python(row))


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=6))
def test_logsumexp_agrees_with_scipy(row: list[float]) -> None:
    expected = oracle("scipy.special").logsumexp(row)
    assert ATOMS["logsumexp"].python(row) == pytest.approx(float(expected), rel=1e-14, abs=1e-14)
