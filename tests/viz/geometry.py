"""Where texts, shapes and wires of a picture lie, read from its SVG; and what is wrong with them.

    python -m tests.viz.geometry

draws random circuits, networks and large pictures, with our own SVG and through Graphviz, and
prints how many of their texts overlap another text or have a wire through them.
"""

from __future__ import annotations

import json
import math
import random
import re
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

from autodiff import Value
from nn import MLP, Conv1D, Layer, LayerNorm, Residual, Sequential, TransformerBlock, losses
from tests.viz.circuits import batch_loss, moons_network, values
from viz import Diagram, TooLarge, draw, random_circuit
from viz.dot.markup import width
from viz.dot.render import Program, run

SVG = "{http://www.w3.org/2000/svg}"


class Area(NamedTuple):
    """A rectangle, or a circle in one; what stands in it."""

    left: float
    top: float
    right: float
    bottom: float
    text: str
    round: bool = False

    def overlaps(self, other: Area) -> bool:
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


Points = list[tuple[float, float]]


class Seen(NamedTuple):
    """What is seen in a picture: texts, the shapes that wires end at, and points along wires."""

    texts: list[Area]
    shapes: list[Area]
    wires: list[Points]
    frame: Area


def in_svg(text: bytes) -> Seen:
    """In our own SVG, with texts as wide as they get in any font."""
    svg = ET.fromstring(text)
    right, low = (float(svg.get(side, "").removesuffix("pt")) for side in ("width", "height"))
    found = Seen([], [], [], Area(0, 0, right, low, ""))
    for text_ in svg.iter(f"{SVG}text"):
        size, words = float(text_.get("font-size", "")), text_.text or ""
        x, y = float(text_.get("x", "")), float(text_.get("y", ""))
        wide = width(words, size, text_.get("font-weight") == "bold")
        x -= {"middle": wide / 2, "end": wide}.get(text_.get("text-anchor", ""), 0)
        found.texts.append(Area(x, y - 0.76 * size, x + wide, y + 0.2 * size, words))
    for shape in svg.findall(f"{SVG}rect")[1:]:
        x, y, w, h, r = (float(shape.get(k, "")) for k in ("x", "y", "width", "height", "rx"))
        if shape.get("stroke-width") != "1":  # which a frame has
            found.shapes.append(Area(x + 1, y + 1, x + w - 1, y + h - 1, "", w == h == 2 * r))
    for path in svg.iter(f"{SVG}path"):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path.get("d", ""))]
        found.wires.append(list(curve(list(zip(numbers[::2], numbers[1::2], strict=True)))))
    return found


def in_graphviz(diagram: Diagram, program: Program) -> Seen:
    """In what Graphviz draws, with texts as wide as it measures them."""
    made = json.loads(run(diagram.source, program, f"-K{diagram.engine}", "-Tjson"))
    left, low, right, top = map(float, made["bb"].split(","))
    found = Seen([], [], [], Area(left, -top, right, -low, ""))
    for node in made["objects"]:
        size = 0.0
        for told in node.get("_ldraw_", []):
            size = told.get("size", size)
            if told["op"] == "T":
                x, y, wide = told["pt"][0], -told["pt"][1], told["width"]
                x -= {"c": wide / 2, "r": wide}.get(told["align"], 0)
                area = Area(x, y - 0.76 * size, x + wide, y + 0.2 * size, told["text"])
                found.texts.append(area)
        for told in node.get("_draw_", []):
            if told["op"] == "E":
                x, y, r, _ = told["rect"]
                area = Area(x - r + 1, 1 - y - r, x + r - 1, r - y - 1, "", True)
                found.shapes.append(area)
    for edge in made["edges"]:
        for told in edge.get("_draw_", []):
            if told["op"] == "b":
                found.wires.append(list(curve([(x, -y) for x, y in told["points"]])))
    return found


def curve(points: Points) -> Iterator[tuple[float, float]]:
    """Points along a path, at most some two points from each other."""
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


def faults_of(svg: bytes) -> list[str]:
    return faults_in(in_svg(svg))


def faults_in(seen: Seen) -> list[str]:
    """Texts over texts, texts that are cut off, and wires through texts or gates."""
    words, frame = seen.texts, seen.frame
    found = [f"{a.text!r} and {b.text!r}" for a, b in combinations(words, 2) if a.overlaps(b)]
    found += [
        f"{a.text!r} is cut off" for a in words if a.right > frame.right or a.bottom > frame.bottom
    ]
    for points in seen.wires:
        xs, ys = zip(*points, strict=True)
        whole = Area(min(xs) - 1, min(ys) - 1, max(xs) + 1, max(ys) + 1, "")
        for area in filter(whole.overlaps, (*words, *seen.shapes)):
            if any(area.holds(x, y) for x, y in points):
                found.append(f"a wire through {area.text or 'a gate'!r}")
    return found


# ── what is drawn ────────────────────────────────────────────────────────────────────────────


def circuits(count: int = 200) -> Iterator[tuple[int, Value]]:
    for seed in range(count):
        root = random_circuit(("easy", "medium", "hard")[seed % 3], seed=seed)
        root.backward()
        yield seed, root


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


def large() -> Iterator[tuple[str, Value]]:
    """A thousand gates and more."""
    yield "2-16-16-1", moons_network()[1]
    yield "100 examples", batch_loss()[1]
    for k in range(3):
        model = MLP(6, [12, 12, 3], rng=k)
        loss = losses.softmax_cross_entropy(model([0.1 * i for i in range(6)]), 1)
        yield f"6-12-12-3, {k}", loss
    rng = random.Random(0)
    block = TransformerBlock(4, 2, rng=rng)
    rows = block([[Value(rng.gauss(0, 1)) for _ in range(4)] for _ in range(3)])
    yield "transformer", sum(v * v for row in rows for v in row)


LEVELS = ("model", "layer", "neuron", "gate")
Drawn = Iterator[Callable[[], Diagram]]


def pictures() -> Iterator[tuple[str, Drawn]]:
    """All kinds of them, with names."""
    yield "200 random circuits", (lambda r=r: draw(r) for _, r in circuits())  # type: ignore[misc]
    for detail in LEVELS:
        yield f"40 networks, {detail}s", _all(networks(), detail)
    for detail in LEVELS:
        yield f"large pictures, {detail}s", _all(large(), detail)


def _all(roots: Iterator[tuple[str, Value]], detail: str) -> Drawn:
    for _, root in roots:
        root.backward()
        yield lambda root=root: draw(root, detail=detail)  # type: ignore[misc]


def main(programs: list[Program]) -> None:
    """Print the share of texts with a fault, for each kind and engine."""
    print(f"{'':<24}{'pictures':>9}{'texts':>8}{'own':>10}{''.join(f'{p:>10}' for p in programs)}")
    for name, made in pictures():
        count = said = 0
        wrong = dict.fromkeys(["own", *programs], 0)
        for make in made:
            try:
                diagram = make()
            except TooLarge:
                continue
            seen = {"own": in_svg(diagram.pipe("svg"))}
            seen |= {program: in_graphviz(diagram, program) for program in programs}
            count += 1
            said += len(seen["own"].texts)
            for engine, what in seen.items():
                wrong[engine] += len(faults_in(what))
        shares = "".join(f"{faulty / max(said, 1):>10.2%}" for faulty in wrong.values())
        print(f"{name:<24}{count:>9}{said:>8}{shares}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["wheel"])  # type: ignore[arg-type]
