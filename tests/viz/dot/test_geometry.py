"""No text overlaps another and no wire runs through a text or a gate: read from the SVG itself."""

import math
import random
import re
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from autodiff import Value
from nn import MLP, Conv1D, Layer, LayerNorm, Residual, Sequential, losses
from tests.viz.circuits import batch_loss, moons_network, product_of_sum, values
from viz import draw, random_circuit
from viz.dot.markup import width
from viz.dot.writer import LINE

SVG = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    """A rectangle, or a circle in one; what stands in it."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    round: bool = False

    def overlaps(self, other: "Area") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def holds(self, x: float, y: float) -> bool:
        if self.round:
            cx, cy = (self.left + self.right) / 2, (self.top + self.bottom) / 2
            return math.hypot(x - cx, y - cy) < (self.right - self.left) / 2
        return self.left < x < self.right and self.top < y < self.bottom


def texts(svg: ET.Element) -> list[Area]:
    found = []
    for text in svg.iter(f"{SVG}text"):
        size, words = float(text.get("font-size", "")), text.text or ""
        x, y = float(text.get("x", "")), float(text.get("y", ""))
        wide = width(words, size, text.get("font-weight") == "bold")  # as wide as in any font
        x -= {"middle": wide / 2, "end": wide}.get(text.get("text-anchor", ""), 0)
        found.append(Area(x, y - 0.76 * size, x + wide, y + 0.2 * size, words))
    return found


def gates(svg: ET.Element) -> list[Area]:
    """The shapes that wires end at, a little smaller than they are; frames are none of them."""
    found = []
    for shape in svg.findall(f"{SVG}rect")[1:]:
        x, y, w, h, r = (float(shape.get(k, "")) for k in ("x", "y", "width", "height", "rx"))
        if shape.get("stroke-width") != "1":
            found.append(Area(x + 1, y + 1, x + w - 1, y + h - 1, "", w == h == 2 * r))
    return found


def curve(path: str) -> Iterator[tuple[float, float]]:
    """Points along a path, at most some two points from each other."""
    words = path.replace("M", "").replace("C", " ").split()
    points = [(float(x), float(y)) for x, y in (word.split(",") for word in words)]
    for k in range(0, len(points) - 1, 3):
        a, b, c, d = points[k : k + 4]
        steps = max(2, int(math.dist(a, d) / 2))
        for i in range(steps + 1):
            t = i / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            x, y = (
                sum(w * p[j] for w, p in zip(weights, (a, b, c, d), strict=True)) for j in (0, 1)
            )
            yield x, y


def faults(root: Value, **options: object) -> list[str]:
    return faults_of(draw(root, **options).pipe("svg"))  # type: ignore[arg-type]


def faults_of(text: bytes) -> list[str]:
    svg = ET.fromstring(text)
    words, shapes = texts(svg), gates(svg)
    found = [f"{a.text!r} and {b.text!r}" for a, b in combinations(words, 2) if a.overlaps(b)]
    right, low = (float(svg.get(side, "").removesuffix("pt")) for side in ("width", "height"))
    found += [f"{a.text!r} is cut off" for a in words if a.right > right or a.bottom > low]
    for path in svg.iter(f"{SVG}path"):
        points = list(curve(path.get("d", "")))
        xs, ys = zip(*points, strict=True)
        whole = Area(min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1, "")
        for area in filter(whole.overlaps, (*words, *shapes)):
            if any(area.holds(x, y) for x, y in points):
                found.append(f"a wire through {area.text or 'a gate'!r}")
    return found


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
    for seed in range(200):
        root = random_circuit(("easy", "medium", "hard")[seed % 3], seed=seed)
        root.backward()
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


def networks() -> Iterator[tuple[str, Value]]:
    """Forty of them, up to some two hundred gates."""
    rng = random.Random(0)
    for k in range(30):
        sizes = [rng.randint(1, 4) for _ in range(rng.randint(1, 3))]
        model = MLP(rng.randint(1, 3), [*sizes, rng.randint(2, 3)], rng=k)
        x = values(**{f"x{i}": rng.gauss(0, 1) for i in range(model.layers[0].nin)})
        yield f"MLP {k}", losses.softmax_cross_entropy(model(x), 0)
    for k in range(5):
        body = Residual(Layer(2, 3, "tanh", rng=k), Layer(3, 2, rng=k + 1))
        out = Sequential(Layer(2, 2, "relu", rng=k), body, LayerNorm(2))(values(a=0.1 * k, b=0.7))
        yield f"residual {k}", out[0] * out[1]
    for k in range(5):
        rows = Conv1D(1, 2, 3, rng=k)(values(a=1, b=2, c=-1, d=0.5))
        yield f"convolution {k}", rows[0][0] * rows[1][3] + rows[0][2]


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
