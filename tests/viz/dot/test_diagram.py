"""The DOT text of each style and level, to the letter; and what the options change."""

import os
import re
from pathlib import Path

import pytest

from autodiff import Value
from tests.viz.circuits import product_of_sum, sigmoid_neuron, small_network
from viz import draw

GOLDEN = Path(__file__).parent / "golden"

CASES = {
    f"{name}-{style}-{detail}": (make, style, detail)
    for style in ("circuit", "record")
    for name, make, details in (
        ("sigmoid", sigmoid_neuron, ("gate", "primitive")),
        ("network", small_network, ("model", "layer", "neuron", "gate", "primitive")),
    )
    for detail in details
}


def numbers_in(line: str) -> list[str]:
    """The coloured texts of a line of DOT."""
    return re.findall(r"<FONT[^>]*>([^<]*)</FONT>", line)


@pytest.mark.parametrize("case", CASES)
def test_dot_text_is_the_one_in_the_repository(case: str) -> None:
    """After a change that is meant, rewrite the files with GOLDEN=write and look at the diff."""
    make, style, detail = CASES[case]
    text = draw(make(), style, detail).source
    path = GOLDEN / f"{case}.gv"
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_equal_graphs_give_equal_text() -> None:
    assert draw(small_network()).source == draw(small_network()).source


def test_circuit_carries_values_above_and_gradients_below() -> None:
    """CS231n's first circuit: q = 3, f = -12, and the gradients -4, -4, -4, 3, 1."""
    above, below = [], []
    for line in draw(product_of_sum()).source.splitlines():
        if 'PORT="wire"' in line:
            value, gradient = line.split('PORT="wire"')
            above += numbers_in(value)
            below += numbers_in(gradient)
    assert sorted(above) == sorted(["−2", "5", "q = 3", "−4", "−12"])
    assert sorted(below) == sorted(["−4", "−4", "−4", "3", "1"])


def test_before_backward_there_are_no_gradients_and_the_picture_says_so() -> None:
    for style in ("circuit", "record"):
        before = draw(product_of_sum(backward=False), style).source
        assert "no gradients yet" in before
        assert "#cf222e" not in before  # the light theme's colour of gradients
        assert "no gradients yet" not in draw(product_of_sum(), style).source


def test_stale_gradients_of_an_earlier_pass_are_not_shown() -> None:
    """Leaves keep their gradients; a new root that backward() has not reached shows none."""
    x = Value(3.0, label="x")
    (x * x).backward()
    assert "no gradients yet" in draw(x * x * x).source


def test_a_repeated_operand_has_an_edge_each() -> None:
    a = Value(3.0, label="a")
    b = a * a
    assert draw(b).source.count("n0:wire:e -> ") == 2
    b.backward()
    assert draw(b, "record").source.count("n0:e -> n1_gate") == 2


def test_constants_show_their_number_and_no_gradient() -> None:
    x = Value(3.0, label="x")
    y = 1.00001 * x
    y.backward()
    (line,) = [line for line in draw(y).source.splitlines() if "1.00001" in line]
    assert "#cf222e" not in line


def test_names_come_from_variables_where_there_is_no_label() -> None:
    x, y = Value(3.0), Value(4.0, label="kept")
    total = x + y
    source = draw(total, names={"x": x, "y": y, "total": total}).source
    assert "<B>x</B>" in source
    assert "<B>kept</B>" in source
    assert "<B>total</B>" in source


def test_every_edge_says_its_part_on_request() -> None:
    f = product_of_sum()
    source = draw(f, parts="all").source
    wires = [numbers_in(line) for line in source.splitlines() if "ROWSPAN" not in line]
    assert ["1", "×", "3", "=", "3"] in wires  # z: upstream × local = downstream
    assert wires.count(["−4", "×", "1", "=", "−4"]) == 2  # x and y
    assert ["1", "×", "(−4)", "=", "−4"] in wires  # q
    assert "upstream × local = downstream" in source
    only = draw(f, "record", parts=["local"]).source
    assert "local gradient" in only
    assert ">×<" not in only


def test_a_fork_shows_what_comes_back_along_each_branch() -> None:
    x = Value(2.0, label="x")
    y = 3 * x + x * x
    y.backward()
    source = draw(y).source
    assert source.count("n1_n") >= 3  # a stretch of wire for each of the three uses of x
    assert "n1_n" not in draw(y, parts=()).source


def test_flow_draws_gradients_of_five_sizes_with_a_legend() -> None:
    x = Value(1.0, label="x")
    y = x
    for _ in range(6):
        y = y * 0.1
    y.backward()
    source = draw(y, flow=True).source
    assert "size of the gradient" in source
    for ink in ("#b8bf2a", "#5ec962", "#21918c", "#3b528b", "#440154"):
        assert source.count(ink) >= 2  # in the legend and on a wire
    assert "size of the gradient" not in draw(product_of_sum(backward=False), flow=True).source


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"style": "sketch"}, "circuit, record"),
        ({"detail": "atom"}, "model, layer, neuron, gate, primitive"),
        ({"theme": "sepia"}, "light, dark, print"),
        ({"direction": "RL"}, "'LR' or 'TB'"),
        ({"parts": "sidestream"}, "upstream, local, downstream"),
        ({"expand": ["nothing"]}, "nothing in this graph is 'nothing'"),
    ],
)
def test_an_unknown_choice_is_refused_with_the_known_ones(
    options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        draw(product_of_sum(), **options)  # type: ignore[arg-type]


def test_the_root_must_be_a_value() -> None:
    with pytest.raises(TypeError, match="the root must be a Value"):
        draw(3.0)  # type: ignore[arg-type]
