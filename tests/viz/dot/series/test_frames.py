"""Frames: the passes as numbered pictures and as one that moves."""

import random
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from autodiff import Value
from autodiff.value import UNREACHED
from nn import MLP
from viz.dot.drawing import Curve
from viz.dot.series.animation import animate
from viz.dot.series.frames import HIDDEN, frames, stills


def fork() -> tuple[Value, Value, Value]:
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    return x, y, x * y + x


def visible(text: str) -> list[str]:
    """The numbers that can be seen in a frame's DOT text."""
    found = re.findall(r'<FONT COLOR="([^"]+)"[^>]*>(−?[\d.]+)</FONT>', text)
    return [number for ink, number in found if ink != HIDDEN]


def test_what_has_not_happened_cannot_be_seen() -> None:
    """x·y + x at x = 3, y = -4: two gates forward, the root's 1, two gates backward."""
    _, _, f = fork()
    told = [(moment.caption, visible(diagram.source)) for moment, diagram in stills(f)]
    assert told == [
        ("inputs · 0 of 5", ["3", "−4"]),
        ("forward · 1 of 5 · ×", ["3", "−4", "−12"]),
        ("forward · 2 of 5 · +", ["3", "−4", "−12", "−9"]),
        ("backward · 3 of 5 · starts with 1", ["3", "−4", "−12", "−9", "1"]),
        ("backward · 4 of 5 · +", ["3", "−4", "−12", "1", "−9", "1", "1"]),
        ("backward · 5 of 5 · ×", ["3", "−3", "−4", "3", "−12", "1", "−9", "1", "−4", "1"]),
    ]


def test_the_graph_keeps_its_own_gradients() -> None:
    x, y, f = fork()
    stills(f)
    assert x.grad is UNREACHED
    f.backward()
    f.backward()
    stills(f)
    assert (x.grad, y.grad) == (-6.0, 6.0)


def test_frames_are_numbered_files(tmp_path: Path) -> None:
    paths = frames(fork()[2], tmp_path / "slides", "png")
    assert [path.name for path in paths] == [f"frame-{k:02}.png" for k in range(6)]
    widths = set()
    for path in paths:
        with Image.open(path) as image:
            widths.add(image.width)
    assert len(widths) == 1
    (first, *_) = frames(fork()[2], tmp_path / "slides", "svg", theme="dark")
    ET.parse(first)


def test_modules_are_folded_as_in_the_pictures(tmp_path: Path) -> None:
    model = MLP(2, [4, 1], rng=random.Random(0))
    root = model([Value(1.0, label="x"), Value(2.0, label="y")])
    captions = [moment.caption for moment, _ in stills(root, "layer")]
    assert len(captions) == 2 * 2 + 2
    assert "Layer(2, 4" in captions[1]


def test_animations(tmp_path: Path) -> None:
    with Image.open(animate(fork()[2], tmp_path / "a.gif", seconds=0.5)) as gif:
        told = (getattr(gif, "n_frames", 1), gif.info["duration"], gif.info["loop"])
    assert told == (6, 500, 0)
    tree = ET.parse(animate(fork()[2], tmp_path / "a.svg"))
    svg = "{http://www.w3.org/2000/svg}"
    layers = tree.getroot().find(f"{svg}g")
    assert layers is not None
    assert len(layers) == 6
    assert "prefers-reduced-motion" in (tmp_path / "a.svg").read_text()


def test_bad_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"end the name in .svg or .gif"):
        animate(fork()[2], tmp_path / "a.mp4")
    with pytest.raises(ValueError, match="more than 0 s"):
        animate(fork()[2], tmp_path / "a.svg", seconds=0)


def test_backward_arrows_point_backward() -> None:
    """At ×'s turn from the gate to what it was made of; the wires lie where they lay."""
    diagrams = [diagram for _, diagram in stills(fork()[2])]
    lit = [
        [m for m in diagram.drawing.marks if isinstance(m, Curve) and m.width == 2.4]
        for diagram in (diagrams[1], diagrams[5])
    ]
    assert [wire.points for wire in lit[1]] == [wire.points[::-1] for wire in lit[0]]
    assert all(a.points[0][0] < a.points[-1][0] for a in lit[0])
    assert len(lit[0]) == 2


def test_frames_are_of_one_size_whatever_their_captions() -> None:
    drawings = [d.drawing for _, d in stills(Value(1.0, label="x") * 2.0)]
    assert len({(drawing.width, drawing.height) for drawing in drawings}) == 1
