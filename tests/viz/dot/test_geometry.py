"""No text overlaps another and no wire runs through a text or a gate: read from the SVG itself."""

import re
from xml.etree import ElementTree as ET

import pytest

from autodiff import Value
from tests.viz.circuits import batch_loss, moons_network, product_of_sum
from tests.viz.geometry import circuits, faults, faults_in, faults_of, in_graphviz, networks
from viz import draw, random_circuit
from viz.dot.writer import LINE


def test_faults_are_seen() -> None:
    """A picture with a wire and a text moved by hand."""
    svg = draw(product_of_sum()).pipe("svg", encoding="utf-8")
    assert faults_of(svg.encode()) == []
    path = re.search(r'd="M[^"]*"', svg)
    gate = re.search(r'<rect x="([\d.]+)" y="([\d.]+)"[^>]*stroke-width="1.2"', svg)
    assert path is not None
    assert gate is not None
    x, y = (float(part) for part in gate.groups())
    across = f'd="M{x - 9},{y + 9} C{x},{y + 9} {x},{y + 9} {x + 30},{y + 9}"'
    assert faults_of(svg.replace(path[0], across).encode()) == [
        "a wire through '+'",
        "a wire through 'a gate'",
    ]
    moved = re.sub(r'x="[\d.]+"( y="[\d.]+"[^>]*>)q = 3', r'x="20"\1q = 3', svg)
    assert faults_of(moved.encode()) != []


LOOKS = [
    {"style": style, "direction": direction}
    for style in ("circuit", "record")
    for direction in ("LR", "TB")
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: "-".join(look.values()))
def test_two_hundred_random_circuits(look: dict[str, str]) -> None:
    for seed, root in circuits():
        assert faults(root, parts=(None, "all", ())[seed % 3], **look) == [], seed


@pytest.mark.parametrize(("inches", "fitting"), [(5, 46), (6.3, 50)])
def test_random_circuits_in_lines(inches: float, fitting: int) -> None:
    """As wide as was asked for, but where a single column is wider."""
    title = "a long title of a dozen words is broken at the width, too"
    widths = []
    for seed in range(0, 200, 4):
        root = random_circuit(("easy", "medium", "hard")[seed % 3], seed=seed)
        root.backward()
        found = draw(root, width=inches, title=title, flow=True)
        assert faults_of(found.pipe("svg")) == [], seed
        widths.append(found.drawing.width)
    assert sum(width <= 72 * inches + 1e-6 for width in widths) >= fitting


@pytest.mark.parametrize("detail", ["model", "layer", "neuron", "gate"])
def test_forty_networks_at_each_level(detail: str) -> None:
    for name, root in networks():
        root.backward()
        assert faults(root, detail=detail) == [], name


@pytest.mark.parametrize("detail", ["layer", "gate"])
def test_networks_in_lines(detail: str) -> None:
    for name, root in list(networks())[::3]:
        root.backward()
        assert faults(root, detail=detail, width=10) == [], name


def test_primitive_gates_of_networks() -> None:
    for name, root in list(networks())[::4]:
        root.backward()
        assert faults(root, detail="primitive") == [], name


@pytest.mark.parametrize("detail", ["layer", "neuron", "gate"])
def test_large_pictures_have_no_faults_either(detail: str) -> None:
    for root in (moons_network()[1], batch_loss()[1]):
        assert faults(root, detail=detail, title="a title", flow=True) == []


def test_lines_of_a_label_have_room() -> None:
    x = Value(2.0, label="first\nsecond\nthird")
    assert faults(x * Value(3.0, label="y")) == []
    assert LINE * 3 < float(ET.fromstring(draw(x * 2).pipe("svg")).get("height", "")[:-2])


def test_graphviz_draws_what_was_laid_out() -> None:
    """Its own measure of what it draws finds no fault either."""
    for seed, root in circuits(30):
        assert faults_in(in_graphviz(draw(root), "wheel")) == [], seed
    for name, root in list(networks())[::8]:
        root.backward()
        assert faults_in(in_graphviz(draw(root, detail="neuron"), "wheel")) == [], name
