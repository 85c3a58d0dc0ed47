"""Frames: the passes gate by gate, as numbered pictures for slides and as one moving picture.

Every frame is the same drawing; what has not happened yet is drawn in a transparent ink, so
nothing moves between frames but the numbers that appear.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from autodiff import Value, topological_order
from autodiff.value import UNREACHED

from ..fold.detail import build
from ..fold.picture import Edge, Node, Part, Picture
from .circuit import Circuit
from .render import Diagram
from .themes import Theme
from .themes import theme as theme_called
from .writer import Options

__all__ = ["Moment", "animate", "frames", "moments", "stills"]

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
        self.readers: dict[str, set[str]] = {}
        for edge in picture.edges:
            self.readers.setdefault(edge.tail, set()).add(edge.head)

    def _reached(self, node: Node) -> bool:
        """Whether all of its gradient has arrived."""
        if node.name == self.picture.root:
            return self.moment.seeded
        heads = [h for name in self.readers.get(node.name, ()) for h in self._gates_at(name)]
        return bool(heads) and self.moment.done.issuperset(heads)

    def _gates_at(self, name: str) -> list[str]:
        """A bus hands on to the gates that read it."""
        if self.by_name[name].kind != "row":
            return [name]
        return sorted(self.readers.get(name, ()))

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

    def connect(
        self,
        edge: Edge,
        tail: Node,
        head: Node,
        text: str,
        graph: Diagram,
        attributes: dict[str, str],
    ) -> None:
        if self.moment.current in self._gates_at(head.name) and self._at_work():
            ink = self.theme.grad if self.moment.backward else self.theme.value
            attributes = attributes | {"color": ink, "penwidth": "2.4"}
        super().connect(edge, tail, head, text, graph, attributes)

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


def animate(
    root: Value, path: str | os.PathLike[str], seconds: float = 1.2, **options: Any
) -> Path:
    """The steps as one moving picture that repeats: an animated .svg or .gif.

    seconds  how long each step stays
    options  detail, names, theme, direction, digits: those of `viz.draw`

    An animated SVG stands still, at its last frame, for readers who prefer reduced motion. GIFs
    need Pillow (``pip install pillow``).

    Raises ValueError for any other suffix.
    """
    target = Path(path)
    if not seconds > 0:
        raise ValueError(f"each step stays for a time of more than 0 s, got {seconds!r}")
    if target.suffix not in (".svg", ".gif"):
        raise ValueError(f"cannot animate into {target.name!r}: end the name in .svg or .gif")
    diagrams = [diagram for _, diagram in stills(root, **options)]
    if target.suffix == ".svg":
        pictures = [diagram.pipe("svg", encoding="utf-8") for diagram in diagrams]
        target.write_text(_moving_svg(pictures, seconds), encoding="utf-8")
    else:
        _moving_gif([diagram.pipe("png") for diagram in diagrams], target, seconds)
    return target


def _moving_svg(pictures: list[str], seconds: float) -> str:
    """The frames on top of each other, one visible at a time."""
    sizes = [re.search(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"', p) for p in pictures]
    width = max(float(size[1]) for size in sizes if size)
    height = max(float(size[2]) for size in sizes if size)
    n = len(pictures)
    layers = []
    for k, picture in enumerate(pictures):
        inner = picture[picture.index("<svg") :].rstrip()
        inner = re.sub(r' id="[^"]*"', "", inner)  # an id may occur once in a file
        inner = re.sub(r'="([\d.]+)pt"', r'="\1"', inner, count=2)  # in units of the viewBox
        layers.append(f'<g style="animation-delay: {k * seconds:g}s">{inner}</g>')
    shown = f"0%, {100 / n:.4f}% {{ visibility: visible }}"
    style = (
        f"@keyframes turn {{ {shown} {100 / n + 0.0001:.4f}%, 100% {{ visibility: hidden }} }}\n"
        f"g.turns > g {{ visibility: hidden; "
        f"animation: turn {n * seconds:g}s step-end infinite }}\n"
        "@media (prefers-reduced-motion: reduce) {\n"
        "  g.turns > g { animation: none }\n"
        "  g.turns > g:last-child { visibility: visible }\n"
        "}"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="Forward and backward pass, step by step">\n<style>{style}</style>\n'
        '<g class="turns">\n' + "\n".join(layers) + "\n</g>\n</svg>\n"
    )


def _moving_gif(pictures: list[bytes], target: Path, seconds: float) -> None:
    try:
        from PIL import Image
    except ImportError:
        raise ModuleNotFoundError(
            "a GIF is written by Pillow; install it (pip install pillow) or animate into .svg"
        ) from None
    images = [Image.open(io.BytesIO(picture)).convert("RGBA") for picture in pictures]
    width = max(image.width for image in images)
    height = max(image.height for image in images)
    canvases = []
    for image in images:
        canvas = image.crop((0, 0, 1, 1)).resize((width, height)).convert("RGB")
        canvas.paste(image, (0, 0), image)
        canvases.append(canvas.quantize(128))
    canvases[0].save(
        target,
        save_all=True,
        append_images=canvases[1:],
        duration=round(1000 * seconds),
        loop=0,
        optimize=True,
    )
