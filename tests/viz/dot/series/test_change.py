"""Before and after a step of training, in one picture."""

import re
from itertools import pairwise

import pytest

from autodiff import Value, parse
from autodiff.value import UNREACHED
from nn import MLP, SGD, losses
from tests.viz.circuits import values
from tests.viz.geometry import faults_of
from viz import build, compare, draw, draw_step
from viz.dot.drawing import Curve, Drawing, Shape, Text


def squared() -> Value:
    """L = (w·x + b − y)²: with w = 2, x = 3, b = 1, y = 4 it is 9, dL/dw = 18, dL/db = 6."""
    return parse("L = (w*x + b - y)^2", w=2, x=3, b=1, y=4)


def marked(drawing: Drawing) -> list[str]:
    """The texts that stand on a ground of their own."""
    return [
        text.text
        for ground, text in pairwise(drawing.marks)
        if isinstance(ground, Shape) and "_changed" in ground.name and isinstance(text, Text)
    ]


def said(drawing: Drawing) -> list[str]:
    return [mark.text for mark in drawing.marks if isinstance(mark, Text) and mark.size == 11]


def test_a_step_by_hand() -> None:
    """At lr = 0.05, w = 2 − 0.9 and b = 1 − 0.3: the loss is (3.3 + 0.7 − 4)² = 0."""
    drawing = draw_step(squared(), 0.05, parameters=["w", "b"]).drawing
    assert said(drawing) == [
        "one step of gradient descent, lr = 0.05",
        "w − 0.05 · dL/dw = 2 − 0.05 · 18 = 1.1",
        "b − 0.05 · dL/db = 1 − 0.05 · 6 = 0.7",
        "L: 9 → 0",
    ]
    assert marked(drawing).count("1.1") == 1
    assert not {"2", "3", "18", "9"} & {*marked(drawing)}


def test_what_is_marked_is_what_is_written_differently() -> None:
    """x and y stay; the root's gradient is 1 in both."""
    root = squared()
    found = draw_step(root, 0.05, parameters=["w", "b"]).drawing
    texts = [m.text for m in found.marks if isinstance(m, Text)]
    assert {"3", "1"} <= {*texts} - {*marked(found)}
    assert marked(compare(root, root).drawing) == []


def test_the_graph_stays_as_it_is() -> None:
    root = squared()
    w = next(v for v in root.parents[0].parents[0].parents[0].parents if v.label == "w")
    draw_step(root, 0.05)
    assert w.data == 2.0
    assert w.grad is UNREACHED


def network() -> tuple[MLP, list[Value]]:
    return MLP(2, [3, 1], "tanh", rng=0), values(x0=0.5, x1=-1.0)


@pytest.mark.parametrize("detail", ["gate", "neuron", "layer"])
def test_a_step_is_that_of_the_optimiser(detail: str) -> None:
    """The numbers of `SGD(lr).step()`, at every level; only the model's parameters move."""
    model, x = network()
    step = draw_step(losses.squared_error(model(x), 0.5), 0.1, detail=detail).drawing
    loss = losses.squared_error(model(x), 0.5)
    loss.backward()
    before = build(loss, detail)
    SGD(model.parameters(), lr=0.1).step()
    model.zero_grad()
    for leaf in x:
        leaf.grad = 0.0
    loss = losses.squared_error(model(x), 0.5)
    loss.backward()
    both = compare(before, loss, detail=detail).drawing
    assert marked(both) == marked(step) != []


LOOKS: list[dict[str, object]] = [
    *({"theme": theme} for theme in ("light", "dark", "print")),
    {"direction": "TB"},
    {"style": "record", "parts": "all"},
    {"width": 6.3, "title": "a step"},
]


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_nothing_overlaps(look: dict[str, object]) -> None:
    model, x = network()
    for root in (squared(), losses.squared_error(model(x), 0.5)):
        assert faults_of(draw_step(root, 0.1, **look).pipe("svg")) == []  # type: ignore[arg-type]


def test_both_are_laid_out_alike() -> None:
    """However long the numbers are, the gates of the second stand under those of the first."""
    drawing = draw_step(squared(), 1 / 7).drawing
    places = {m.name: (m.x, m.y) for m in drawing.marks if isinstance(m, Shape) and m.width > 20}
    gates = [name[2:] for name in places if re.match(r"a_n\d", name)]
    shifts = {
        tuple(round(b - a, 6) for a, b in zip(places[f"a_{g}"], places[f"b_{g}"], strict=True))
        for g in gates
    }
    assert len(gates) == 4
    assert len(shifts) == 1
    curves = [mark for mark in drawing.marks if isinstance(mark, Curve)]
    assert len(curves) == 2 * len(
        [m for m in draw(squared()).drawing.marks if isinstance(m, Curve)]
    )


def test_other_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match="not the same graph"):
        compare(parse("x * y", x=1, y=2), parse("x + y + 1", x=1, y=2))
    with pytest.raises(ValueError, match="no leaf of this graph is 'v'"):
        draw_step(squared(), parameters=["v"])


def test_what_is_said_of_both_pictures_is_said_once() -> None:
    texts = [
        m.text for m in draw_step(parse("x*y + x*x", x=2, y=3)).drawing.marks if isinstance(m, Text)
    ]
    assert sum("at a fork" in text for text in texts) == 1


def test_a_row_moves_by_its_name_and_an_unknown_name_is_told_what_there_is() -> None:
    root = parse("dot(w, x)", w=[2, 3], x=[1, 2])
    texts = [m.text for m in draw_step(root, parameters=["w"]).drawing.marks if isinstance(m, Text)]
    assert [text.split(" = ")[0] for text in texts if "df/d" in text] == [
        "w₀ − 0.1 · df/dw₀",
        "w₁ − 0.1 · df/dw₁",
    ]
    with pytest.raises(ValueError, match="no leaf of this graph is 'v'; there are w, x"):
        draw_step(root, parameters=["v"])
