"""explain: the chain rule in symbols and numbers, equal to what backward() computes."""

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given

from autodiff import GATES, Value, topological_order
from nn import MLP
from tests.random_graphs import Recipe, recipes
from tests.viz.circuits import product_of_sum, values
from viz import explain


def test_the_worked_example_in_text() -> None:
    f = product_of_sum(backward=False)
    q, z = f.parents
    x = q.parents[0]
    assert str(explain(x, f)).splitlines() == [
        "df/dx = df/dq · ∂q/∂x",
        "      = (−4) · 1",
        "      = −4",
        "where",
        "  q = x + y = −2 + 5 = 3, so ∂q/∂x = 1",
        "  df/dq = ∂f/∂q = −4",
        "  f = q·z = 3·(−4) = −12, so ∂f/∂q = z = −4",
    ]
    assert str(explain(z, f)).splitlines() == [
        "df/dz = ∂f/∂z",
        "      = 3",
        "where",
        "  f = q·z = 3·(−4) = −12, so ∂f/∂z = q = 3",
    ]


def test_the_worked_example_in_latex() -> None:
    f = product_of_sum(backward=False)
    x = f.parents[0].parents[0]
    total = r"\frac{{\mathrm{{d}} {}}}{{\mathrm{{d}} {}}}".format
    local = r"\frac{{\partial {}}}{{\partial {}}}".format
    assert explain(x, f).latex.split(" \\\\\n") == [
        rf"{total('f', 'x')} &= {total('f', 'q')} \cdot {local('q', 'x')}",
        r"&= \left(-4\right) \cdot 1",
        "&= -4",
        "q &= x + y = -2 + 5 = 3",
        f"{local('q', 'x')} &= 1",
        f"{total('f', 'q')} &= {local('f', 'q')}",
        "&= -4",
        r"f &= q \cdot z = 3 \cdot \left(-4\right) = -12",
        f"{local('f', 'q')} &= z = -4",
    ]


def test_a_sum_over_the_wires_that_leave_a_node() -> None:
    """Facts: ∂f/∂x = 2.0595697955721652 has three parts."""
    x, y = values(x=3, y=-4)
    f = (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)
    found = explain(x, f)
    assert found.value == pytest.approx(2.0595697955721652, rel=1e-12)
    assert str(found).splitlines()[0].count("+") == 2
    assert "v3 = σ(x) = σ(3) = 0.9526" in str(found)


@given(recipes())
def test_the_value_is_the_gradient(recipe: Recipe) -> None:
    root, leaves = recipe.build()
    root.backward()
    used = set(topological_order(root))
    for leaf in leaves:
        if leaf in used and leaf is not root:
            for paths in (False, True):
                found = explain(leaf, root, paths=paths, terms=3)
                assert math.isclose(found.value, leaf.grad, rel_tol=1e-9, abs_tol=1e-12)


def test_paths_are_bounded_and_it_is_said_how_many_are_left() -> None:
    a = Value(1.0, label="a")
    v = a
    for _ in range(100):
        v = v + v
    found = explain(a, v, paths=True, terms=2)
    assert f"{2**100 - 2} more paths" in str(found)
    assert found.value == 2.0**100
    assert " · … · " in str(found)  # a path of a hundred factors is shortened


def test_all_paths_of_a_diamond() -> None:
    (x,) = values(x=2)
    a, b = 3 * x, 5 * x
    a.label, b.label = "a", "b"
    f = a * b
    f.label = "f"
    first = str(explain(x, f, paths=True)).splitlines()[0]
    assert first == "df/dx = ∂f/∂a · ∂a/∂x + ∂f/∂b · ∂b/∂x"


def test_many_wires_are_bounded() -> None:
    (x,) = values(x=1)
    total = x * 1.0
    for i in range(30):
        total = total + x * i
    text = str(explain(x, total, terms=5))
    assert "26 more wires" in text
    assert len(text.splitlines()) < 40


def test_a_repeated_operand_has_a_term_for_each_use() -> None:
    (a,) = values(a=3)
    lines = str(explain(a, a * a)).splitlines()
    assert lines[:3] == ["df/da = ∂f/∂a|a + ∂f/∂a|b", "      = 3 + 3", "      = 6"]


def test_a_node_alone_is_explained_by_its_gate() -> None:
    (x,) = values(x=1)
    y = x.sigmoid()
    y.label = "y"
    assert str(explain(y)).splitlines() == [
        "y = σ(x) = σ(1) = 0.7311",
        "  ∂y/∂x = y·(1 − y) = 0.7311·(1 − 0.7311) = 0.1966",
    ]
    assert "is a leaf" in str(explain(x))


@pytest.mark.parametrize("name", GATES)
def test_every_gate_is_explained_with_balanced_latex(name: str) -> None:
    gate = GATES[name]
    row = [Value(0.5 + i, label=f"r{i}") for i in range(6)]
    y = gate(*[list(row) if i in gate.rows else Value(0.7, label=i) for i in gate.inputs])
    for latex in (explain(y).latex, explain(y.parents[0], y).markdown):
        assert latex.count("{") == latex.count("}")
        assert latex.count(r"\left") == latex.count(r"\right")
        assert not re.search(r"\bNone\b", latex)


def test_neurons_are_explained() -> None:
    model = MLP(2, [3, 1], activation="tanh", rng=0)
    out = model(values(x0=0.5, x1=-1))
    text = str(explain(model.parameters()[0], out))
    assert "v1 = w₀,₀⁽¹⁾·x0 + w₀,₁⁽¹⁾·x1 + b₀⁽¹⁾ = " in text
    assert "= x0 = 0.5" in text


def test_labels_do_not_break_latex() -> None:
    x = Value(2.0, label=r"50% of_{x} \n & $1 #2 ^ ~")
    latex = explain(x, x * x).latex
    assert r"{\text{50}\%\text{" in latex
    assert "$" not in latex
    assert latex.count("{") == latex.count("}") + latex.count(r"\{") - latex.count(r"\}")


def test_jupyter_shows_markdown() -> None:
    f = product_of_sum()
    markdown = explain(f.parents[1], f)._repr_markdown_()
    assert markdown.startswith("$$\n\\begin{aligned}")
    assert "f &= q \\cdot z = 3 \\cdot \\left(-4\\right) = -12 " in markdown


def test_what_does_not_depend_is_refused() -> None:
    x, y = values(x=1, y=2)
    with pytest.raises(ValueError, match=r"does not depend on 1\.0 \(label 'x'\)"):
        explain(x, y * y)
    with pytest.raises(TypeError, match="takes Values"):
        explain(3.0)  # type: ignore[arg-type]


def test_names_come_from_variables() -> None:
    a, b = Value(2.0), Value(3.0)
    product = a * b
    assert str(explain(a, product, names={"a": a, "b": b, "p": product})).startswith("dp/da")


def test_nothing_is_differentiated_by_a_constant() -> None:
    """∂(x²)/∂2 is out·log x, which is NaN at x = -3, and nobody asked for it."""
    x = Value(-3, label="x")
    y = x**2
    assert "NaN" not in explain(y).text + explain(y).latex
    assert explain(y).text.count("/∂") == 1
    with pytest.raises(ValueError, match="nothing is differentiated by it"):
        explain(y.parents[1], y)


def test_numbers_that_changed_since_are_not_put_in() -> None:
    """No 9·3 = 6 and no max(9, 3) = 3."""
    x, y = values(x=2, y=3)
    f = x * y + x.max(y)
    f.label = "f"
    x.data = 9.0
    text = explain(y, f).text
    assert "v1 = x·y = 6" in text
    assert "v2 = max(x, y) = 3" in text
    assert "9·3" not in text
    assert "(9, 3)" not in text


def test_values_older_than_their_inputs_are_told() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = x * y
    assert "older" not in explain(x, f).text
    x.data -= 1.0
    said = explain(x, f)
    assert "values are older than their inputs" in said.text
    assert "was 6.0 then and would be 3.0 now" in said.text
    assert "older than their inputs" in said.markdown


def local_rule(root: Value) -> str:
    """What is said of a gate's first input."""
    root.label = "y"
    return explain(root).text.splitlines()[1].strip()


@pytest.mark.parametrize(
    ("y", "shown"),
    [
        (lambda x: x**3, "∂y/∂x = 3·x² = 3·2² = 12"),
        (lambda x: x**-1, "∂y/∂x = (−1)·x⁻² = (−1)·2⁻² = −0.25"),
        (lambda x: x**2, "∂y/∂x = 2·x = 2·2 = 4"),
        (lambda x: x.sqrt(), "∂y/∂x = 0.5 / y = 0.5 / 1.414 = 0.3536"),
        (lambda x: 3 / x, "∂y/∂x = −y / x = −1.5 / 2 = −0.75"),
        (lambda x: abs(-x), "∂y/∂v1 = −1, since −2 < 0"),
        (lambda x: x.relu(), "∂y/∂x = 1, since 2 > 0"),
        (lambda x: (-x).relu(), "∂y/∂v1 = 0, since −2 ≤ 0"),
        (lambda x: x.max(5.0), "∂y/∂x = 0, since 5 > 2"),
        (lambda x: x.max(2.0), "∂y/∂x = 1, since 2 ≤ 2"),
        (lambda x: (x - 2).sqrt(), "∂y/∂v1 = ∞, since 0 = 0"),
    ],
)
def test_a_rule_is_symbols_then_numbers_then_the_result_of_its_case(
    y: Callable[[Value], Value], shown: str
) -> None:
    assert local_rule(y(Value(2.0, label="x"))) == shown


def test_the_digits_put_in_suffice_for_the_result() -> None:
    """1 − 1² is not 2.458e−5."""
    assert local_rule((Value(6.0, label="x")).tanh()) == (
        "∂y/∂x = 1 − y² = 1 − 0.99998771² = 2.458e−5"
    )


def test_what_has_no_value_is_no_equation() -> None:
    x, y = values(x=-3, y=2)
    f = x**y
    f.label = "f"
    assert "∂f/∂y has no value (NaN)" in explain(y, f).text
    assert "df/dy = ∂f/∂y, which has no value (NaN)" in explain(y, f).text
    assert "NaN" not in explain(y, f).latex
    assert "NaN" not in explain(x, f).text


def test_a_long_row_is_written_by_its_ends() -> None:
    row = [Value(float(i), label=f"r{i}") for i in range(9)]
    total = GATES["dot"](row, row)
    total.label = "f"
    assert explain(total).text.startswith(
        "f = r0·r0 + r1·r1 + … + r8·r8 = 0·0 + 1·1 + … + 8·8 = 204"
    )
