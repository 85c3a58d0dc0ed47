"""Text typed by a user becomes the graph that Python would build, or is refused with a pointer."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autodiff import Constant, DomainError, ExpressionError, Value, gate, parse, topological_order
from autodiff.gates import GATES
from autodiff.text.expression import functions


def leaves(root: Value) -> dict[str, Value]:
    return {node.label: node for node in topological_order(root) if node.label and not node.gate}


def refused(text: str, **values: object) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, **values)
    return caught.value


# ── what is read ─────────────────────────────────────────────────────────────────────────────


def test_the_first_circuit_of_note_003() -> None:
    f = parse("(x + y) * z", x=-2, y=5, z=-4)
    f.backward()
    assert f.data == -12
    assert {name: leaf.grad for name, leaf in leaves(f).items()} == {"x": -4, "y": -4, "z": 3}


def test_the_neuron_as_note_003_writes_it_with_the_right_index() -> None:
    text = "dot = w[0]*x[0] + w[1]*x[1] + w[2]; f = 1 / (1 + exp(-dot))"
    f = parse(text, w=[2, -3, -3], x=[-1, -2])
    f.backward()
    gradients = [leaves(f)[name].grad for name in ("x[0]", "x[1]", "w[0]", "w[1]", "w[2]")]
    assert f.data == pytest.approx(0.7310585786300049, rel=1e-15)
    assert gradients == pytest.approx(
        [
            0.3932238664829637,
            -0.5898357997244456,
            -0.19661193324148185,
            -0.3932238664829637,
            0.19661193324148185,
        ]
    )
    assert f.label == "f"
    assert "dot" in {node.label for node in topological_order(f)}


def test_a_name_is_one_leaf_however_often_it_occurs() -> None:
    f = parse("x * x + x", x=3)
    f.backward()
    (x,) = leaves(f).values()
    assert x.grad == 7


def test_values_come_as_a_mapping_or_as_keywords() -> None:
    one = parse("x * y", {"x": 2, "y": 3})
    assert one.data == parse("x * y", values={"x": 2}, y=3).data == 6
    assert parse("values * text", values=2, text=3).data == 6


@given(st.data())
def test_an_expression_builds_what_python_builds_of_it(data: st.DataObject) -> None:
    """Python's own evaluation, on Values, is the oracle: same gates, values and gradients."""
    pieces = st.recursive(
        st.sampled_from(["x", "y", "z", "x", "-y"]),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(" ".join).map("({})".format),
            st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join),
            inner.map("tanh({})".format),
            inner.map("2 * sigmoid({}) ** 2".format),
            inner.map("-({})".format),
        ),
        max_leaves=12,
    )
    text = "x + y * z + " + data.draw(pieces)
    numbers = {"x": 0.7, "y": -1.3, "z": 2.1}
    ours = {name: Value(number) for name, number in numbers.items()}
    names = {name: GATES[name] for name in ("tanh", "sigmoid")}
    try:
        expected = eval(text, {"__builtins__": {}}, {**ours, **names})
    except DomainError:
        with pytest.raises(ExpressionError):
            parse(text, numbers)
        return
    got = parse(text, numbers)
    expected.backward()
    got.backward()
    assert got.data == expected.data
    assert [n.gate for n in topological_order(got)] == [n.gate for n in topological_order(expected)]
    assert {name: leaf.grad for name, leaf in leaves(got).items()} == {
        name: leaf.grad for name, leaf in ours.items()
    }


@pytest.mark.parametrize(
    ("blackboard", "python"),
    [
        ("(x + y) · y", "(x + y) * y"),
        ("x × y ÷ 2", "x * y / 2"),
        ("x − y", "x - y"),
        ("x^2 + y", "x**2 + y"),
        ("x³ + y²", "x**3 + y**2"),
        ("σ(x) + ln(y)", "sigmoid(x) + log(y)"),
        ("ReLU(x) + y", "relu(x) + y"),
        ("x + y  # a remark; | really", "x + y"),
        ("√x + √(x + y)^2", "sqrt(x) + sqrt((x + y)**2)"),
        ("2√x · 3y", "2 * sqrt(x) * 3 * y"),
        ("|x − y|", "abs(x - y)"),
        ("|x − |2x − 3y|| + 2|y|", "abs(x - abs(2*x - 3*y)) + 2*abs(y)"),
        ("2x + 0.5y − 3(x + y)", "2*x + 0.5*y - 3*(x + y)"),
        ("2πx² + 100y", "2*pi*x**2 + 100*y"),
        ("x⁻² + y¹⁰", "x**(-2) + y**10"),
        ("e^x + y", "exp(x) + y"),
        ("tan(x) · y", "sin(x) / cos(x) * y"),
        ("cosh(x)² − sinh(x)² + y", "1 + y + 0*x"),
        ("log10(x) + log2(y)", "log(x) / log(10) + log(y) / log(2)"),
        ("[x, y] · [y, 2]", "dot([x, y], [y, 2])"),
        ("（x ＋ ｙ）＾２ × ｍａｘ（x，３） － ｜y｜", "(x + y)**2 * max(x, 3) - abs(y)"),
        ("p = softmax(x, y, 0); p[0] / p[1]", "exp(x - y)"),
    ],
)
def test_blackboard_spelling(blackboard: str, python: str) -> None:
    wanted = parse(python, x=3, y=5).data
    assert parse(blackboard, x=3, y=5).data == pytest.approx(wanted, rel=1e-12)


def test_rows() -> None:
    w, x = [2.0, -3.0], np.array([-1.0, -2.0])
    assert parse("dot(w, x)", w=w, x=x).data == 4
    assert parse("dot([a, b], [b, 2])", a=1, b=5).data == 15
    assert parse("sum(a, b, 3)", a=1, b=5).data == parse("sum([a, b, 3])", a=1, b=5).data == 9
    assert parse("w = [1, 2, 4]; mean(w) + w[2]").data == pytest.approx(7 / 3 + 4)
    assert parse("affine(w, x, b)", w=w, x=x, b=1).data == 5


def test_a_dot_between_rows_is_their_dot_product() -> None:
    f = parse("w · x + b", w=[2, -3], x=[-1, -2], b=1)
    assert f.data == 5
    assert f.parents[0].gate is GATES["dot"]
    assert "number is needed" in str(refused("w * x", w=[1, 2], x=[3, 4]))
    assert "number is needed" in str(refused("w · x", w=[1, 2], x=3))
    assert "different lengths" in str(refused("w · x", w=[1, 2], x=[3]))


def test_indices_below_the_line_belong_to_the_name() -> None:
    f = parse("θ₀ + θ₁ · x", {"θ₀": 1, "θ₁": 2, "x": 3})
    assert f.data == 7
    assert set(leaves(f)) == {"θ0", "θ1", "x"}


def test_e_is_a_number_unless_it_is_given() -> None:
    assert parse("2e").data == 2 * math.e
    assert parse("2e", e=5).data == 10


def test_pi_and_e_keep_their_names() -> None:
    f = parse("π * x + e * π", x=2)
    constants = [node for node in topological_order(f) if isinstance(node, Constant)]
    assert {(node.label, node.data) for node in constants} == {("π", math.pi), ("e", math.e)}
    assert parse("inf * x", x=2).parents[0].label == ""


def test_softmax_of_a_row() -> None:
    f = parse("p = softmax(z); -ln(p[1])", z=[1, 2, 3])
    assert f.data == pytest.approx(math.log(sum(math.exp(x) for x in (1, 2, 3))) - 2, rel=1e-14)
    assert "softmax takes 1 input" in str(refused("softmax()"))
    assert "tan takes 1 input; got 2" in str(refused("tan(x, x)", x=1))


def test_max_and_min_take_any_number_as_in_python() -> None:
    assert parse("max(a, b, 3)", a=1, b=5).data == 5
    assert parse("min([a, b, 3])", a=1, b=5).data == 1


def test_defaults_and_keywords() -> None:
    assert parse("leaky_relu(x)", x=-1).data == -0.01
    assert parse("leaky_relu(x, 0.5)", x=-1).data == -0.5
    assert parse("softplus(x, beta=2)", x=0).data == pytest.approx(math.log(2) / 2)


def test_lines_are_statements_and_an_open_line_goes_on() -> None:
    text = """
        q = x
            + y   # no: the line above is whole
    """
    assert "uses" in str(refused(text, x=1, y=2))
    assert parse("\n  q = x +\n    y\n\n  q * (x\n + 1)\n", x=1, y=2).data == 6


def test_inputs_may_be_set_in_the_text_and_constants_are_known() -> None:
    f = parse("x = -2; y = pi / 2; x * sin(y)")
    f.backward()
    assert leaves(f)["x"].grad == 1.0


def test_given_values_may_be_nodes_of_another_graph() -> None:
    x = Value(3.0)
    parse("y ** 2", y=x * x).backward()
    assert x.grad == 4 * 27


def test_every_gate_is_a_function_and_so_is_a_users_own() -> None:
    assert {gate.name for gate in functions().values()} >= set(GATES)
    gate("cube_for_test_expression", "a * a * a", a="3 * a * a")
    try:
        f = parse("cube_for_test_expression(x)", x=2)
        f.backward()
        assert (f.data, leaves(f)["x"].grad) == (8, 12)
    finally:
        del GATES["cube_for_test_expression"]


def test_a_long_expression_is_read() -> None:
    assert parse(" + ".join(["x"] * 500), x=1).data == 500
    nested = "(" * 90 + "x" + ")" * 90
    assert parse(nested, x=1).data == 1


def test_an_element_of_any_row() -> None:
    assert parse("softmax(z)[0]", z=[1, 1]).data == pytest.approx(0.5)
    assert parse("[x, 3][1] ∗ x", x=2).data == 6


# ── what is refused, and where the message points ────────────────────────────────────────────

REFUSED = [
    ("x.real", 1, "attributes"),
    ("x + ().__class__.__mro__", 5, "attributes"),
    ("x + __import__(1)", 5, "unknown function '__import__'"),
    ("x + sigmod(x)", 5, "did you mean sigmoid"),
    ("2 * eval(x)", 5, "unknown function 'eval'"),
    ("[x for y in x]", 1, "comprehensions"),
    ("sum(x for y in x)", 4, "comprehensions"),
    ("x + 'a'", 5, "quotes"),
    ("f'{x}'", 2, "quotes"),
    ("lambda: x", 1, "cannot be defined"),
    ("x if x else 1", 1, "'if'"),
    ("x and x", 1, "'and'"),
    ("x == 1", 1, "comparisons"),
    ("x % 2", 1, "no place"),
    ("x @ x", 3, "no place"),
    ("not x", 1, "no place"),
    ("{x: 1}", 1, "braces"),
    ("sum(*x)", 5, "*"),
    ("(y := x)", 2, "="),
    ("import os", 1, "not an expression"),
    ("x += 1", 1, "not an expression"),
    ("y = z = x", 5, "single name"),
    ("True * x", 1, "not a number"),
    ("x * None", 5, "not a number"),
    ("1/2x", 3, "2 * ..."),
    ("lambda*x^2", 1, "call it λ"),
    ("x + is", 5, "call it is_"),
    ("f(x) = x^2", 1, "write f = ..."),
    ("v = [x, 1]; mean((v - 1)^2)", 19, "as in mean([v[0]^2, v[1]^2])"),
    ("v = [x, 1]; v[x]", 13, "as in v[0]"),
    ("x + 3 (x)", 5, "write * for a product"),
    ("x(2)", 1, "x * (...)"),
    ("x + sin", 5, "sin is a function"),
    ("x +", 3, "not an expression"),
    ("(x + 1", 1, "never closed"),
    ("x + 1)", 6, "nothing is open"),
    ("(x + 1]", 7, "nothing is open"),
    ("x * y", 5, "no value for y"),
    ("1 + sin x", 5, "write sin(x) for a function, sin*x for a product"),
    ("3 * 2 x", 5, "write 2*x for a product"),
    ("exp(2 * x x)", 9, "write x(x) for a function, x*x for a product"),
    ("x!", 2, "no factorial"),
    ("2 + xx", 5, "give xx=..., or write x*x for the product"),
    ("q = x; q = 2; q", 8, "set twice"),
    ("x = 2", 1, "given already"),
    ("q = x; 2 * x", 1, "nothing uses it"),
    ("x; 2 * x", 1, "nothing uses this"),
    ("[x, 1]", 1, "row"),
    ("[x, 1] + 2", 1, "row"),
    ("v = [x, 1]; v * x", 13, "needed; v[0] is one element"),
    ("v = [x, 1]; v[x]", 13, "as in v[0]"),
    ("x[0]", 1, "no elements"),
    ("w = [x, 1]; w[2]", 13, "2 elements"),
    ("sum([]) + x", 5, "empty"),
    ("dot([x, 1], [2])", 1, "different lengths"),
    ("dot(x, [2])", 1, "must be a row"),
    ("exp([x])", 1, "one number"),
    ("leaky_relu(x, 1, 2)", 1, "got 3"),
    ("log()+x", 1, "1 input: a; got 0"),
    ("softplus(x, gamma=2)", 13, "no input 'gamma'"),
    ("exp(x, a=1)", 1, "given twice"),
    ("1e999 * x", 1, "too large"),
    ("10 ** 10 ** 10 * x", 1, "no value"),
    ("2 + log(0 - x)", 5, "needs a > 0"),
    ("1 / (x - x)", 1, "b != 0"),
    ("x + \x00", 5, "no place"),
    ("x \\\n + 1", 3, "no place"),
]


@pytest.mark.parametrize(("text", "column", "words"), REFUSED)
def test_refused_in_one_line_that_points_at_the_place(text: str, column: int, words: str) -> None:
    error = refused(text, x=2.0)
    assert words in error.message
    assert "\n" not in error.message
    assert error.column == column
    message, line, pointer = str(error).split("\n")
    assert message == error.message
    assert pointer.index("^") - 2 == len(text[: column - 1].rpartition("\n")[2])
    assert line.startswith("  ")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 10_000 + "x" + ")" * 10_000,
        "[" * 10_000 + "x" + "]" * 10_000,
        "-" * 10_000 + "x",
        "x" + " + x" * 10_000,
        "x" + " ** x" * 10_000,
        "x" + "[0]" * 10_000,
        "9" * 10_000,
        "9" * 4_000,
        "9" * 10_000 + "x",
        "y" * 60_000,
        "x\n" * 20_000,
        "x ;" * 10_000,
        "f(" * 99 + "x" + ")" * 99,
    ],
    ids=lambda text: text[:8],
)
def test_what_would_exhaust_a_parser_is_refused_at_once(text: str) -> None:
    assert "\n" not in refused(text, x=1.0).message


@given(st.text(max_size=40))
@example("é = 2; é*x")
@example("x\f+1")
@example("\ud800")
@example("x" + "\u0301")
def test_any_text_gives_a_value_or_an_expression_error(text: str) -> None:
    try:
        assert isinstance(parse(text, x=1.5), Value)
    except ExpressionError as error:
        str(error)


@given(st.text(alphabet="xyw0123.()[]+-*/^=;, \nsumexpπσ²{}:@#", max_size=30))
def test_almost_expressions_give_a_value_or_an_expression_error(text: str) -> None:
    try:
        assert isinstance(parse(text, x=1.5), Value)
    except ExpressionError as error:
        str(error)


def test_a_value_that_nothing_uses_is_refused() -> None:
    assert "given for y" in refused("x", x=1, y=2).message


def test_the_pointer_stands_under_the_place_after_chinese_and_in_a_long_line() -> None:
    message = str(refused("数 * 2 + foo(数)", 数=1))
    assert message.splitlines()[2] == "  " + " " * len("xx * 2 + ") + "^" + "~" * 6
    long = "x + " * 60 + "foo(x)" + " + x" * 60
    _, line, pointer = str(refused(long, x=1)).splitlines()
    assert line[pointer.index("^") :].startswith("foo(x)")
    assert len(line) < 80


def test_values_that_are_no_numbers_name_the_name() -> None:
    with pytest.raises(TypeError, match=r"^y: "):
        parse("x * y", x=1, y="2")
    with pytest.raises(TypeError, match="text"):
        parse(3)  # type: ignore[arg-type]


def test_the_error_pickles() -> None:
    error = refused("x + foo(x)", x=1)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.column) == (str(error), error.column)


def test_a_comment_begins_with_a_wide_sign_too() -> None:
    """As Chinese keyboards write it; alone it is an empty expression."""
    assert parse("x + 1 ＃ 注释", x=2).data == 3.0
    for text in ("＃注释", "﹟", "＃꤉꒢"):
        with pytest.raises(ExpressionError, match="the expression is empty"):
            parse(text)
