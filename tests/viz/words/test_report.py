"""The passes as text: names, symbols, numbers, and nothing that is not in the graph."""

import json
import math

import pytest

from autodiff import Value, parse
from viz.words.report import as_data, gate_table, steps, table, to_ascii


def test_the_table_names_what_has_no_label_and_avoids_names_that_are_taken() -> None:
    text = table(parse("(v1 + f) * v1", v1=2, f=3))
    assert "v2 = v1 + f" in text
    assert "v3 = v2·v1" in text


def test_equal_labels_are_told_apart() -> None:
    text = table(Value(1, label="a") * Value(2, label="a"))
    assert "f = v1·v2" in text


def test_numbers_that_are_not_inputs_get_no_gradient() -> None:
    assert "→ 2" not in table(parse("2 * x ** 2", x=3))
    assert "∂f/∂2" not in "".join(steps(parse("2 * x", x=3)))


def test_a_number_alone_is_shown_with_its_value() -> None:
    text = table(parse("3"))
    assert text.splitlines()[-1].split() == ["3", "3"]
    assert "gradient" not in text


def test_the_table_leaves_gradients_of_the_graph_alone() -> None:
    f = parse("x * x", x=3)
    before = [parent.grad for parent in f.parents]
    table(f)
    assert [parent.grad for parent in f.parents] == before


def test_local_gradients_are_written_with_the_graphs_names() -> None:
    text = table(parse("a = σ(z); dot([a, y], [y, 3])", z=1, y=2))
    assert "∂a/∂z = a·(1 − a) = 0.731059·(1 − 0.731059) = 0.196612" in text
    assert "∂f/∂a = y = 2" in text
    assert "f = a·y + y·3" in text


def test_ascii_only_is_ascii() -> None:
    root = parse("σ(x) * Σ(x, y, x, x, x, x, x, x)", x=1, y=2)
    assert table(root, ascii_only=True).isascii()
    assert to_ascii("".join(steps(root))).isascii()


def test_the_table_says_what_a_bar_means_where_there_is_one() -> None:
    assert "\n|a, |b: the input of the gate that is meant\n" in table(parse("x * x", x=3))
    assert "is meant" not in table(parse("x * y + 2 * 2", x=3, y=2))


def test_the_table_of_gates_says_gamma_in_a_formula_as_in_its_derivative() -> None:
    assert "∂/∂γ = 0 if a > 0, else a" in gate_table()
    assert "gamma" not in gate_table()


def test_steps_show_how_a_fork_accumulates() -> None:
    *_, last = steps(parse("(x + y) * x", x=2, y=3))
    assert "; so far 5 + 2 = 7" in last


def test_nothing_is_said_to_equal_nan() -> None:
    f = parse("x^y * x", x=-3, y=2)
    printed = "".join(steps(f)) + table(f)
    assert "∂v1/∂y has no value (NaN)" in printed
    assert "= NaN" not in printed


def test_data_survive_json_with_nan_and_infinity() -> None:
    data = as_data(parse("x * y * 2", x=math.inf, y=0.0))
    again = json.loads(json.dumps(data, allow_nan=False))
    assert again["value"] == "NaN"
    assert again["gradients"]["y"] == "Infinity"


def test_data_hold_the_whole_graph() -> None:
    data = as_data(parse("2 * x + 2 * y", x=1, y=2), "2 * x + 2 * y")
    assert data["expression"] == "2 * x + 2 * y"
    names = [node["name"] for node in data["nodes"]]
    assert len(names) == len(set(names)) == 7
    assert all(parent in names for node in data["nodes"] for parent in node["parents"])
    assert [step["upstream"] for step in data["backward"]] == [1.0, 1.0, 1.0]
    assert data["gradients"] == {"x": 2.0, "y": 2.0}


@pytest.mark.parametrize(("value", "shown"), [(1e-7, "1e−7"), (-0.0, "−0"), (1 / 3, "0.333333")])
def test_digits(value: float, shown: str) -> None:
    assert f"x    {shown:>5}".split() in [
        line.split() for line in table(Value(value, "x")).split("\n")
    ]
