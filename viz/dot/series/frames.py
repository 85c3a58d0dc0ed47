"""Frames: the passes gate by gate, as numbered pictures for slides.

Every frame is the same drawing; what has not happened yet is drawn in a transparent ink, so
nothing moves between frames but the numbers that appear.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autodiff import Value, topological_order
from autodiff.graph import adjoints

from ...fold.detail import build
from ...fold.picture import Edge, Node, Part, Picture
from ...languages.translate import spoken
from ...layout.columns import Point
from ..drawing import Curve
from ..render import Diagram
from ..styles import Circuit
from ..themes import Theme, tint
from ..writer import Glyph, Options

__all__ = ["Moment", "frames", "moments", "stills"]

HIDDEN = ""  # what has no colour is not drawn


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: which nodes have fired, which have handed their gradients back, which is at it."""

    caption: str
    fired: frozenset[str]
    seeded: bool = False
    done: frozenset[str] = frozenset()
    current: str = ""
    backward: bool = False


def moments(picture: Picture) -> list[Moment]:
    """The steps of both passes through a picture: the inputs, each gate forward, the root's
    gradient, each gate backward."""
    gates = [node for node in picture.nodes if node.kind in ("gate", "box")]
    total = 2 * len(gates) + 1
    given = frozenset(node.name for node in picture.nodes if node not in gates)
    found = [Moment(f"inputs · 0 of {total}", given)]

    def then(which: str, text: str, current: str, **changes: Any) -> None:
        caption = f"{which} · {len(found)} of {total} · {text}"
        found.append(replace(found[-1], caption=caption, current=current, **changes))

    for node in gates:
        then("forward", node.text, node.name, fired=found[-1].fired | {node.name})
    then("backward", "starts with 1", picture.root, seeded=True, backward=True)
    for node in reversed(gates):
        then("backward", node.text, node.name, done=found[-1].done | {node.name})
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

    def inks(self, thing: Node | Part) -> Theme:
        """What is not known yet cannot be seen, and the gate at work is lit."""
        inks: dict[str, Any] = {}
        if isinstance(thing, Part):
            if not self._handed(thing):
                inks |= {"grad": HIDDEN, "ink": HIDDEN}
            return replace(self.theme, **inks)
        if thing.name == self.moment.current:
            fill = tint(self._ink(), self.theme.paper)
            inks |= {"gate": fill, "box": fill}
        if thing.name not in self.moment.fired:
            inks["value"] = HIDDEN
        if not self._reached(thing):
            inks["grad"] = HIDDEN
        return replace(self.theme, **inks)

    def _ink(self) -> str:
        """The colour of the pass."""
        return self.theme.grad if self.moment.backward else self.theme.value

    def _handed(self, part: Part) -> bool:
        heads = [edge.head for edge in self.picture.edges if part in edge.parts]
        return self.moment.done.issuperset(heads)

    def curve(self, edge: Edge, tail: Glyph, points: tuple[Point, ...]) -> Curve:
        found = super().curve(edge, tail, points)
        if self.moment.current in self._gates_at(edge.head) and self._at_work():
            way = found.points[:: -1 if self.moment.backward else 1]
            return replace(found, points=way, ink=self._ink(), width=2.4)
        return found

    def _at_work(self) -> bool:
        """The root's own gradient comes along no wire."""
        return not self.moment.backward or self.moment.current in self.moment.done


def stills(
    root: Value,
    detail: str = "auto",
    *,
    names: Mapping[str, object] | None = None,
    **options: Any,
) -> list[tuple[Moment, Diagram]]:
    """One diagram per step, the passes computed afresh; the gradients of `root`'s graph stay."""
    grads = adjoints(topological_order(root), {root: 1.0})
    picture = build(root, detail, names=names, grads=grads)
    steps = moments(picture)
    drawings = []
    for moment in steps:
        captioned = replace(picture, notes=(moment.caption,))
        drawings.append(_Still(captioned, Options(**options), moment).drawing())
    for drawing in drawings:  # a long caption makes no frame wider than the others
        drawing.width = max(other.width for other in drawings)
    return [(moment, Diagram(d)) for moment, d in zip(steps, drawings, strict=True)]


@spoken
def frames(
    root: Value,
    folder: str | os.PathLike[str],
    kind: str = "svg",
    *,
    lang: str | None = None,
    **options: Any,
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
