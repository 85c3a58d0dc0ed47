"""The DOT text of each style and level, to the letter; and what the options change."""

import math
import os
import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from autodiff import Value, parse
from nn import MLP
from tests.viz.circuits import moons_network, product_of_sum, sigmoid_neuron, small_network
from viz import THEMES, Diagram, draw
from viz.dot.drawing import Curve, Shape, Text

LIGHT = THEMES["light"]
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


def written(diagram: Diagram, ink: str) -> list[str]:
    """The texts in one colour of the light theme, from the left."""
    texts = [m for m in diagram.drawing.marks if isinstance(m, Text) and m.ink == ink]
    return [mark.text for mark in sorted(texts, key=lambda mark: (mark.x, mark.y))]


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
    diagram = draw(product_of_sum())
    assert sorted(written(diagram, LIGHT.value)) == sorted(["−2", "5", "q = 3", "−4", "−12"])
    assert sorted(written(diagram, LIGHT.grad)) == sorted(["−4", "−4", "−4", "3", "1"])
    marks = [mark for mark in diagram.drawing.marks if isinstance(mark, Text)]
    places = {(mark.text, mark.ink): mark for mark in marks}
    q, grad = places["q = 3", LIGHT.value], places["1", LIGHT.grad]
    f = places["−12", LIGHT.value]
    assert f.y < grad.y
    assert f.x == grad.x
    assert q.x < f.x


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


@pytest.mark.parametrize("style", ["circuit", "record"])
def test_a_repeated_operand_has_an_edge_each(style: str) -> None:
    a = Value(3.0, label="a")
    b = a * a
    b.backward()
    for marks in (draw(b, style).drawing.marks,):
        wires = [m for m in marks if isinstance(m, Curve) and m.tail.startswith("n0")]
        ends = {wire.points[-1] for wire in wires if wire.head == "n1"}
        assert len(ends) == 2


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


def shares(diagram: Diagram) -> list[str]:
    """What the wires say, one text for each."""
    said: list[str] = []
    last = Text(0, 0, "", "")
    for mark in diagram.drawing.marks:
        if isinstance(mark, Text) and mark.size == 12:
            if mark.y == last.y and 0 < mark.x - last.x < 80:
                said[-1] += f" {mark.text}"
            else:
                said.append(mark.text)
            last = mark
    return sorted(said)


def test_every_edge_says_its_part_on_request() -> None:
    f = product_of_sum()
    said = shares(draw(f, parts="all"))
    assert said == sorted(["1 × 3 = 3", "−4 × 1 = −4", "−4 × 1 = −4", "1 × (−4) = −4"])
    assert "upstream × local = downstream" in draw(f, parts="all").source
    only = draw(f, "record", parts=["local"])
    assert "local gradient" in only.source
    assert shares(only) == sorted(["1", "1", "3", "−4"])


def test_a_fork_shows_what_comes_back_along_each_branch() -> None:
    x = Value(2.0, label="x")
    y = 3 * x + x * x
    y.backward()
    assert shares(draw(y)) == ["2", "2", "3"]
    assert shares(draw(y, parts=())) == []


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
        ({"theme": "sepia"}, "light, dark, print, safe, or 'auto'"),
        ({"highlight": ["nobody"]}, "nothing in this picture is 'nobody'"),
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


def test_forward_only_has_no_gradients_and_no_word_about_them() -> None:
    diagram = draw(product_of_sum(), forward_only=True)
    assert written(diagram, LIGHT.grad) == [""] * 5
    assert "no gradients" not in diagram.source
    assert "gradient" not in diagram.drawing.description


def test_a_path_can_be_highlighted() -> None:
    f = product_of_sum()
    marks = draw(f, highlight=["x", "q", f]).drawing.marks
    wires = [m for m in marks if isinstance(m, Curve) and m.ink == LIGHT.mark and m.arrow]
    assert [(wire.tail, wire.head) for wire in wires] == [("n0_wire", "n2"), ("n2_wire", "n4")]
    filled = {m.text for m in marks if isinstance(m, Shape) and m.fill == LIGHT.marked().gate}
    assert filled == {"+", "×"}


def test_what_is_not_finite_is_marked_and_a_negative_zero_keeps_its_sign() -> None:
    x = Value(math.inf, label="x")
    y = x * Value(-0.0, label="zero")
    y.backward()
    assert written(draw(y), LIGHT.value) == ["⚠ ∞", "−0", "⚠ NaN"]


def test_an_svg_says_what_it_shows() -> None:
    svg = ET.fromstring(draw(product_of_sum()).pipe("svg"))
    title, description = (svg.findtext(f"{{*}}{tag}") for tag in ("title", "desc"))
    assert title == "The graph of f"
    assert description == (
        "x = −2, gradient −4. y = 5, gradient −4. q is + of x and y: 3, gradient −4. "
        "z = −4, gradient 3. f is × of q and z: −12, gradient 1."
    )
    assert len(svg.findall(".//{*}title")) == 1


def test_one_svg_is_light_and_dark() -> None:
    svg = draw(product_of_sum(), theme="auto").pipe("svg", encoding="utf-8")
    dark = THEMES["dark"]
    for light, ink in (("#1a7f37", dark.value), ("#cf222e", dark.grad), ("#ffffff", dark.paper)):
        assert f'[fill="{light}"]{{fill:{ink}}}' in svg
    assert draw(product_of_sum(), theme="auto").source == draw(product_of_sum()).source


def test_the_scale_of_an_svg() -> None:
    sizes = []
    for scale in (1.0, 1.5):
        svg = ET.fromstring(draw(product_of_sum(), scale=scale).pipe("svg"))
        sizes.append((float(svg.get("width", "")[:-2]), svg.get("viewBox")))
    assert sizes[1] == (pytest.approx(1.5 * sizes[0][0], abs=0.01), sizes[0][1])


@pytest.mark.parametrize("style", ["circuit", "record"])
def test_each_shape_of_the_dot_text_has_a_name_of_its_own(style: str) -> None:
    """Graphviz takes two statements of one name for one node, and moves it to the second place."""
    pairs = [Value(float(k), label=f"a{k}") * Value(2.0, label=f"b{k}") for k in range(12)]
    total = sum(pairs[1:], start=pairs[0])
    total.backward()
    names = re.findall(r"^\t(\w+) \[", draw(total, style).source, flags=re.MULTILINE)
    assert len(names) > 100
    assert len(set(names)) == len(names)


def captions(root: Value, **options: object) -> list[str]:
    drawn = draw(root, **options).drawing  # type: ignore[arg-type]
    return [mark.text for mark in drawn.marks if isinstance(mark, Text) and mark.size == 11]


def test_shares_at_a_fork_add_up_or_are_said_to_be_left_out() -> None:
    """Four wires each carry their share; of five the shares are left out."""
    add_up = "at a fork, the gradients that come back along the branches{} add up"
    x = Value(2.0, label="x")
    for uses, left_out in ((1, None), (4, ""), (5, " (left out)")):
        root = sum(x * (k + 2) for k in range(uses))
        root.backward()
        assert captions(root) == ([] if left_out is None else [add_up.format(left_out)])
        assert captions(root, forward_only=True) == []
    assert captions(root, parts="all")[1] == add_up.format("")
    assert captions(root, parts="local")[1] == add_up.format(" (left out)")
    assert captions(x * x + sum(x * (k + 2) for k in range(5)))[0].startswith("no gradients yet")


def test_a_number_stands_beside_each_gate_that_reads_it() -> None:
    two = 0 * Value(1.0)
    zero = two.parents[0]
    root = (Value(1.0, label="a") + zero) * (Value(2.0, label="b") + zero)
    root.backward()
    drawn = draw(root).drawing
    assert written(draw(root), LIGHT.ink).count("0") == 2
    tails = [m.tail for m in drawn.marks if isinstance(m, Curve) and m.arrow]
    assert len(set(tails)) == len(tails) == 6


@pytest.mark.parametrize("style", ["circuit", "record"])
def test_a_folded_root_has_a_wire_with_its_value(style: str) -> None:
    model = MLP(2, [3, 1], rng=0)
    out = model([0.5, -1.0])
    out.label = "score"
    out.backward()
    shown = written(draw(out, style, "model"), LIGHT.ink)
    assert "score" in shown
    curves = [m for m in draw(out, style, "model").drawing.marks if isinstance(m, Curve)]
    assert curves[-1].points[-1][0] > 200


def test_a_stretch_that_several_wires_share_is_drawn_once() -> None:
    """Twice is darker, where edges are smoothed."""
    drawn = draw(small_network()).drawing
    curves = [mark.points for mark in drawn.marks if isinstance(mark, Curve)]
    steps = [(a, b) for points in curves for a, b in pairwise(points) if a != b]
    assert len(steps) == len(set(steps)) > 60


def test_boxes_above_each_other_are_of_one_width() -> None:
    _, loss = moons_network()
    boxes = [
        m for m in draw(loss, detail="neuron").drawing.marks if getattr(m, "form", "") == "round"
    ]
    widths = {x: {b.width for b in boxes if b.x == x} for x in {b.x for b in boxes}}
    assert [len(found) for found in widths.values()] == [1, 1, 1]


def test_a_row_is_highlighted_by_its_name() -> None:
    f = parse("dot(w, x)", w=[2, 3], x=[1, 2])
    inks = {m.text: m.ink for m in draw(f, highlight="w").drawing.marks if isinstance(m, Text)}
    assert inks["w₀"] == inks["w₁"] != inks["x₀"]
    with pytest.raises(ValueError, match="nothing in this picture is 'q'; there are w, x"):
        draw(f, highlight="q")


@pytest.mark.parametrize("scale", [0, -1.0, math.nan, math.inf])
def test_a_picture_of_no_size_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale is more than 0"):
        draw(parse("x * y", x=2, y=3), scale=scale)
    with pytest.raises(ValueError, match="dpi is more than 0"):
        draw(parse("x * y", x=2, y=3), dpi=0)


def test_where_one_column_is_wider_than_was_asked_the_picture_says_so() -> None:
    f = parse("x * y", x=2, y=3)
    said = [m.text for m in draw(f, width=1).drawing.marks if isinstance(m, Text)]
    assert "inches, more than" in " ".join(said)
    wide = draw(f, width=4).drawing
    assert not any("inches" in m.text for m in wide.marks if isinstance(m, Text))


def test_a_picture_of_more_pixels_than_can_be_drawn_says_what_to_do() -> None:
    f = parse("x * y", x=2, y=3)
    with pytest.raises(ValueError, match=r"\d+,\d+ by \d+,\d+ pixels.*detail='auto'.*SVG"):
        draw(f, dpi=100_000).pipe("png")
    assert draw(f, dpi=100_000).pipe("svg")


def test_a_letter_that_stands_high_is_let_down_into_the_middle() -> None:
    f = parse("x ** y + y", x=2, y=3)
    words = {
        m.text: m.word().y - m.y - m.height / 2
        for m in draw(f).drawing.marks
        if isinstance(m, Shape)
    }
    assert words["^"] > 2
    assert words["+"] == 0
