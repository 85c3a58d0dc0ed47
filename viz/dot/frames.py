"""Frames: the passes gate by gate, as numbered pictures for slides.

Every frame is the same drawing; what has not happened yet is drawn in a transparent ink, so
nothing moves between frames but the numbers that appear.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autodiff import Value, topological_order
from autodiff.value import UNREACHED

from ..fold.detail import build
from ..fold.picture import Node, Part, Picture
from .caption import Options
from .circuit import Circuit
from .render import Diagram
from .themes import Theme
from .themes import theme as theme_called

__all__ = ["Moment", "frames", "moments", "stills"]

HIDDEN = "#00000001"  # with an alpha of 0 the Graphviz of old systems writes opaque black


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: which nodes have fired, which have handed their gradients back, which is at it."""

    caption: str
    fired: frozenset[str]
    seeded: bool
    done: frozenset[str]
    current: str = ""
    backward: bool = False


def moments(picture: Picture) -> list[Moment]:
    """The steps of both passes through a picture: the inputs, each gate forward, the root's
    gradient, each gate backward."""
    gates = [node for node in picture.nodes if node.kind in ("gate", "box")]
    total = 2 * len(gates) + 1
    fired = frozenset(node.name for node in picture.nodes if node not in gates)
    none: frozenset[str] = frozenset()
    found = [Moment(f"inputs · 0 of {total}", fired, False, none)]

    def caption(pass_: str, text: str) -> str:
        return f"{pass_} · {len(found)} of {total} · {text}"

    for node in gates:
        fired |= {node.name}
        found.append(Moment(caption("forward", node.text), fired, False, none, node.name))
    found.append(
        Moment(caption("backward", "starts with 1"), fired, True, none, picture.root, True)
    )
    done = none
    for node in reversed(gates):
        done |= {node.name}
        found.append(Moment(caption("backward", node.text), fired, True, done, node.name, True))
    return found


class _Still(Circuit):
    """The circuit at one moment."""

    def __init__(self, picture: Picture, options: Options, moment: Moment) -> None:
        super().__init__(picture, options)
        self.moment = moment

    def _reached(self, node: Node) -> bool:
        """Whether all of its gradient has arrived."""
        if node.name == self.picture.root:
            return self.moment.seeded
        readers = self.wires_from.get(node.name, ())
        heads = [gate for edge in readers for gate in self._gates_at(edge.head)]
        return bool(heads) and self.moment.done.issuperset(heads)

    def _gates_at(self, name: str) -> list[str]:
        """A bus hands on to the gates that read it."""
        if self.by_name[name].kind != "row":
            return [name]
        return [edge.head for edge in self.wires_from.get(name, ())]

    @contextmanager
    def _inks(self, inks: Mapping[str, Any]) -> Iterator[None]:
        before, self.theme = self.theme, replace(self.theme, **inks)
        yield
        self.theme = before

    def _known(self, node: Node) -> dict[str, str]:
        inks = {}
        if node.name not in self.moment.fired:
            inks["value"] = HIDDEN
        if not self._reached(node):
            inks["grad"] = HIDDEN
        return inks

    def wire(self, node: Node, start: str = "", name: str = "", end: str = "") -> str:
        with self._inks(self._known(node)):
            return super().wire(node, start, name, end)

    def draw_box(self, node: Node, graph: Diagram) -> None:
        with self._inks(self._known(node) | self._lit(node.name, "box")):
            super().draw_box(node, graph)

    def draw_gate(self, name: str, symbol: str, graph: Diagram) -> None:
        with self._inks(self._lit(name, "gate")):
            super().draw_gate(name, symbol, graph)

    def _lit(self, name: str, part: str) -> dict[str, str]:
        """The gate at work is filled with the colour of its pass, lightly."""
        if name != self.moment.current:
            return {}
        ink = self.theme.grad if self.moment.backward else self.theme.value
        return {part: _mixed(ink, self.theme.paper)}

    def part_text(self, part: Part, wanted: tuple[str, ...]) -> str:
        with self._inks({} if self._handed(part) else {"grad": HIDDEN, "ink": HIDDEN}):
            return super().part_text(part, wanted)

    def _handed(self, part: Part) -> bool:
        heads = [edge.head for edge in self.picture.edges if part in edge.parts]
        return self.moment.done.issuperset(heads)

    def connect(self, tail: Node, head: Node, text: str, attributes: dict[str, str]) -> None:
        if self.moment.current in self._gates_at(head.name) and self._at_work():
            ink = self.theme.grad if self.moment.backward else self.theme.value
            attributes = attributes | {"color": ink, "penwidth": "2.4"}
        super().connect(tail, head, text, attributes)

    def _at_work(self) -> bool:
        """The root's own gradient comes along no wire."""
        return not self.moment.backward or self.moment.current in self.moment.done


def _mixed(ink: str, paper: str, share: float = 0.25) -> str:
    """A light tint of `ink` on `paper`."""
    pairs = ((int(ink[k : k + 2], 16), int(paper[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def stills(
    root: Value,
    detail: str = "auto",
    *,
    names: Mapping[str, object] | None = None,
    theme: str | Theme = "light",
    direction: str = "LR",
    digits: int = 4,
) -> list[tuple[Moment, Diagram]]:
    """One diagram per step, the passes computed afresh; the gradients of `root`'s graph stay."""
    order = topological_order(root)
    before = [v.grad for v in order]
    try:
        for v in order:
            v.grad = UNREACHED
        root.backward()
        picture = build(root, detail, names=names)
    finally:
        for v, grad in zip(order, before, strict=True):
            v.grad = grad
    found = []
    options = Options(None, False, theme_called(theme), direction, digits, "")
    for moment in moments(picture):
        captioned = replace(picture, notes=(moment.caption,))
        found.append((moment, _Still(captioned, options, moment).diagram("auto")))
    return found


def frames(
    root: Value, folder: str | os.PathLike[str], kind: str = "svg", **options: Any
) -> list[Path]:
    """Write one picture per step into `folder`: frame-00.svg, frame-01.svg, ...

    kind     "svg" or "png" (or another format of Graphviz)
    options  detail, names, theme, direction, digits: those of `viz.draw`

    Returns the paths. The graph's own gradients are left as they are.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    pictures = stills(root, **options)
    places = len(str(len(pictures) - 1))
    paths = []
    for number, (_, diagram) in enumerate(pictures):
        path = target / f"frame-{number:0{max(places, 2)}}.{kind}"
        path.write_bytes(diagram.pipe(kind))
        paths.append(path)
    return paths
