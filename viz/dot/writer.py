"""What the styles have in common: where everything lies, frames, folded boxes, wires and shares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from autodiff import Value

from ..fold.picture import Edge, Node, Part, Picture
from ..languages.translate import translate
from ..layout.columns import Box, Layout, Point, Wire, place
from ..layout.lines import wrap
from ..words.names import listed, means
from ..words.pictures import called, describe, figure
from ..words.symbols import typeset
from .drawing import Curve, Drawing, Mark, Shape, Text
from .flow import WIDTHS, Flow
from .markup import broken, width
from .themes import Theme, theme

__all__ = ["Glyph", "Options", "Writer"]

SMALL = 11.0  # points of the letters beside the drawing
MIDDLE = 12.0  # of the shares on the wires
LINE = 18.0  # height of a line of text in points
PAD = 12.0
FORKS = 4  # wires up to this number say what comes back along each of them ...
SHARES = 40  # ... in pictures with up to this number of nodes
STUB = 30.0  # points of wire under a number, at least
PARTS = ("upstream", "local", "downstream")


class Options(NamedTuple):
    """How a picture is to look; see `viz.draw`."""

    parts: str | Iterable[str] | None = None
    flow: bool = False
    theme: str | Theme = "light"
    direction: str = "LR"
    digits: int = 4
    title: str = ""
    highlight: Any = ()
    scale: float = 1.0
    width: float | None = None


@dataclass(slots=True)
class Glyph:
    """A node as it looks: its marks from its upper left corner, its inputs, and its output at the
    right (or lower) end."""

    width: float
    height: float
    ins: list[Point]
    out: float
    marks: list[Mark] = field(default_factory=list)
    tail: str = ""  # the name of what its wires begin at


def _told(picture: Picture) -> Picture:
    """The picture with the titles of its boxes and frames in the language that is spoken."""
    boxes = [
        replace(node, text=translate(node.text)) if node.kind == "box" else node
        for node in picture.nodes
    ]
    frames = [replace(frame, title=translate(frame.title)) for frame in picture.clusters]
    return replace(picture, nodes=tuple(boxes), clusters=tuple(frames))


Row: TypeAlias = tuple[list[Mark], float]  # of what stands beside the drawing, and how wide it is


class Assembly(NamedTuple):
    """Glyphs, the number of the frame that each stands in, wires between them, and for each edge
    the glyph that it begins at and the wires that it is drawn along."""

    glyphs: list[Glyph]
    frames: list[int]
    wires: list[Wire]
    routes: list[tuple[Edge, int, list[int]]]


class Writer:
    """Draws a picture; a style says how a value looks."""

    def __init__(self, picture: Picture, options: Options) -> None:
        if options.direction not in ("LR", "TB"):
            raise ValueError(f"unknown direction {options.direction!r}; choose 'LR' or 'TB'")
        if options.width is not None and options.direction != "LR":
            raise ValueError("width sets lines from left to right; top-down pictures have none")
        if options.width is not None and not options.width > 0:
            raise ValueError(f"width is in inches and more than 0, got {options.width!r}")
        if not 0 < options.scale < math.inf:
            raise ValueError(f"scale is more than 0, got {options.scale!r}")
        parts = (options.parts,) if isinstance(options.parts, str) else tuple(options.parts or ())
        if unknown := [part for part in parts if part not in (*PARTS, "all")]:
            raise ValueError(
                f"unknown part {unknown[0]!r}; choose among {', '.join(PARTS)}, or 'all'"
            )
        self.picture = picture = _told(picture)
        self.options = options
        self.parts = PARTS if "all" in parts else parts
        self.across = options.direction == "LR"
        self.theme = theme("light" if options.theme == "auto" else options.theme)
        # what comes back along each branch of a fork is said even if nothing was asked for
        self.shares = options.parts is None and len(picture.nodes) <= SHARES
        self.flow = Flow(p.downstream for e in picture.edges for p in e.parts)
        self.flowing = options.flow and picture.reached
        self.by_name = {node.name: node for node in picture.nodes}
        self.wires_from: dict[str, list[Edge]] = {}
        self.wires_to: dict[str, list[Edge]] = {}
        for edge in picture.edges:
            self.wires_from.setdefault(edge.tail, []).append(edge)
            self.wires_to.setdefault(edge.head, []).append(edge)
        self.name_of = called(picture)
        self.written = typeset(text for node in picture.nodes for text in (node.text, node.label))
        self.homes = {cluster.name: k for k, cluster in enumerate(picture.clusters)}
        self.marked = self.highlighted()
        inches = math.inf if options.width is None else options.width / options.scale
        self.room = 72 * inches - 2 * PAD  # points from left to right

    # ── what a style defines ─────────────────────────────────────────────────────────────────

    def value(self, node: Node) -> Glyph:
        """A gate or a leaf, with its numbers."""
        raise NotImplementedError

    def inks(self, thing: Node | Part) -> Theme:
        """The colours that a node or a part of a wire is drawn in."""
        marked = isinstance(thing, Node) and thing.name in self.marked
        return self.theme.marked() if marked else self.theme

    def stroke(self, gradients: Sequence[float | None]) -> tuple[str, float, bool]:
        """Colour, width and whether it is dotted, for the largest of these gradients."""
        if not self.flowing:
            return self.theme.wire, 2.0 if len(gradients) > 1 else 1.2, False
        steps = [s for s in map(self.flow.step, gradients) if s is not None]
        if not steps:
            return self.theme.faint, 1.2, True
        return self.theme.scale[max(steps)], WIDTHS[max(steps)], False

    def highlighted(self) -> set[str]:
        """The nodes that were asked for: as Values, or by what is written at them."""
        asked = self.options.highlight
        wishes = [asked] if isinstance(asked, str | Value) else list(asked)
        found: set[str] = set()
        for wish in wishes:
            chosen = {
                node.name
                for node in self.picture.nodes
                if any(v is wish for v in node.members)
                or any(
                    means(wish, text) for text in (node.text, node.label, self.name_of[node.name])
                )
            }
            if not chosen:
                there = listed(node.label for node in self.picture.nodes)
                raise ValueError(f"highlight: nothing in this picture is {wish!r}; {there}")
            found |= chosen
        return found

    def figure(self, *numbers: float) -> str:
        """A number, or the range of several."""
        return figure(self.options.digits, *numbers)

    # ── the whole ────────────────────────────────────────────────────────────────────────────

    def assembled(self) -> Assembly:
        """What is to be placed: a glyph for each node, then for each share on a wire."""
        glyphs = [self.glyph(node) for node in self.picture.nodes]
        index = {node.name: k for k, node in enumerate(self.picture.nodes)}
        frames = [self.homes.get(node.cluster or "", -1) for node in self.picture.nodes]
        routes: list[tuple[Edge, int, list[int]]] = []
        wires: list[Wire] = []
        ports = dict.fromkeys(index, 0)
        for edge in self.picture.edges:
            tail, head = index[edge.tail], index[edge.head]
            port = ports[edge.head]
            ports[edge.head] += 1
            number = self.by_name[edge.tail]
            if number.kind == "constant" and self.wires_from[edge.tail][0] is not edge:
                tail = len(glyphs)  # a number stands beside each gate that reads it
                glyphs.append(self.glyph(replace(number, name=f"{number.name}_{tail}")))
                frames.append(frames[head])
            if share := self.share(edge):
                glyphs.append(share)
                frames.append(frames[head])
                wires += [Wire(tail, len(glyphs) - 1, 0), Wire(len(glyphs) - 1, head, port)]
                routes.append((edge, tail, [len(wires) - 2, len(wires) - 1]))
            else:
                wires.append(Wire(tail, head, port))
                routes.append((edge, tail, [len(wires) - 1]))
        return Assembly(glyphs, frames, wires, routes)

    def drawing(self, rooms: Sequence[Point] = ()) -> Drawing:
        """Everything at its place; `rooms` are the widths and heights to keep for the glyphs, if
        they are more than they need."""
        made = self.assembled()
        glyphs = made.glyphs
        laid = self.placed(made, rooms or [(glyph.width, glyph.height) for glyph in glyphs])
        heading = self.heading()
        if self.across and laid.width > self.room + 1:
            inches = (laid.width + 2 * PAD) * self.options.scale / 72
            asked = f"{self.options.width:g} inches"
            self.notes += (f"one column takes {inches:.1f} inches, more than {asked}",)
        rows = self.caption()
        above = PAD + LINE * 1.4 * len(heading)
        drawing = Drawing(self.theme, self.across, scale=self.options.scale)
        drawing.dark = theme("dark") if self.options.theme == "auto" else None
        drawing.title = self.options.title or translate(
            f"The graph of {self.name_of[self.picture.root]}"
        )
        drawing.description = describe(self.picture, self.options.digits)
        drawing.width = max([laid.width, *(wide for _, wide in (*heading, *rows))]) + 2 * PAD
        drawing.height = above + laid.height + PAD + LINE * len(rows)
        depths: dict[str | None, int] = {None: -1}
        for cluster, pieces in zip(self.picture.clusters, laid.frames, strict=True):
            depths[cluster.name] = depth = depths[cluster.parent] + 1
            fill = self.theme.clusters[min(depth, len(self.theme.clusters) - 1)]
            for k, (x, y, w, h) in enumerate(pieces):
                left, top, name = x + PAD, y + above, f"{cluster.name}_{k}" if k else cluster.name
                frame = Shape(name, "frame", left, top, w, h, fill, self.theme.faint)
                title = Text(left + 8, top + 13, cluster.title, self.theme.ink, SMALL, True)
                drawing.marks += [frame, title]
        trunks: dict[object, set[tuple[Point, Point]]] = {}  # what is drawn is not drawn again
        for edge, k, route in sorted(made.routes, key=lambda item: self._weight(item[0])):
            (x, y), tail = laid.boxes[k], glyphs[k]
            begin = (
                (x + tail.width, y + tail.out) if self.across else (x + tail.out, y + tail.height)
            )
            points = (begin, *(point for k in route for point in laid.wires[k]))
            curve = self.curve(edge, tail, points)
            trunk = trunks.setdefault((curve.tail, curve.ink, curve.width), set())
            steps = list(pairwise(curve.points))
            new = next((j for j, step in enumerate(steps) if step not in trunk), len(steps) - 1)
            trunk.update(steps)
            drawing.marks.append(replace(curve, points=curve.points[new:]).moved((PAD, above)))
        for glyph, (x, y) in zip(glyphs, laid.boxes, strict=True):
            drawing.marks += [mark.moved((x + PAD, y + above)) for mark in glyph.marks]
        for k, (marks, _) in enumerate(heading):
            drawing.marks += [mark.moved((PAD, PAD + 4 + LINE * 1.4 * k)) for mark in marks]
        for k, (marks, _) in enumerate(rows):
            y = above + laid.height + LINE * (k + 1)
            drawing.marks += [mark.moved((PAD, y)) for mark in marks]
        # an edge of Graphviz needs its ends first
        drawing.marks.sort(key=lambda mark: isinstance(mark, Curve))
        return drawing

    def placed(self, made: Assembly, rooms: Sequence[Point]) -> Layout:
        """Where the glyphs lie; top down is left to right with the sides changed."""
        pairs, wires = list(zip(made.glyphs, rooms, strict=True)), made.wires
        around = [self.homes.get(cluster.parent or "", -1) for cluster in self.picture.clusters]
        titles = [width(c.title, SMALL, bold=True) + 18.0 for c in self.picture.clusters]
        if self.across:
            boxes = [
                Box(w, h, g.ins, g.out, loose=not g.ins or k >= len(self.by_name))
                for k, (g, (w, h)) in enumerate(pairs)
            ]
            least, room = [(wide, 0.0) for wide in titles], (10.0, 26.0, 10.0, 10.0)
        else:
            boxes = [Box(h, w, [(y, x) for x, y in g.ins], g.out) for g, (w, h) in pairs]
            least, room = [(0.0, wide) for wide in titles], (26.0, 10.0, 10.0, 10.0)
        for box, frame in zip(boxes, made.frames, strict=True):
            box.frame = frame
        if self.across:
            return wrap(boxes, wires, around, least, room, self.room)
        found = place(boxes, wires, around, least, room)
        return Layout(
            [(x, y) for y, x in found.boxes],
            [[(x, y, w, h) for y, x, h, w in pieces] for pieces in found.frames],
            [[(x, y) for y, x in points] for points in found.wires],
            found.height,
            found.width,
        )

    def _weight(self, edge: Edge) -> float:
        """The strongest wire of a bundle is drawn last."""
        return self.stroke([part.downstream for part in edge.parts])[1]

    def heading(self) -> list[Row]:
        """The title above the drawing."""
        title = self.options.title
        lines = broken(title, 16, self.room, True) if title else []
        return [
            ([Text(0, 0, line, self.theme.ink, 16, True)], width(line, 16, True)) for line in lines
        ]

    def caption(self) -> list[Row]:
        """What stands under the drawing: its notes, the legend of gradient sizes."""
        faint = self.theme.faint
        lines = [line for note in self.notes for line in broken(translate(note), SMALL, self.room)]
        rows: list[Row] = [([Text(0, 0, line, faint, SMALL)], width(line, SMALL)) for line in lines]
        return [*rows, *self.legend()] if self.flowing else rows

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What is said under the drawing."""
        return (*self.picture.notes, *self.reading())

    def reading(self) -> list[str]:
        """How the numbers on a wire are to be read: "upstream × local = downstream"."""
        if not self.picture.reached:
            return []
        wanted = [translate(f"{part} gradient") for part in PARTS if part in self.parts]
        if set(self.parts) == set(PARTS):
            wanted = ["upstream × local = downstream"]
        said = [f"on the wires: {', '.join(wanted)}"] if wanted else []
        said_of = [
            bool(self.words(edge)) and (self.shares or "downstream" in self.parts)
            for name, edges in self.wires_from.items()
            if len(edges) > 1 and self.by_name[name].kind != "constant"
            for edge in edges
        ]
        if said_of:
            left = "" if all(said_of) else " (some are left out)" if any(said_of) else " (left out)"
            said.append(f"at a fork, the gradients that come back along the branches{left} add up")
        return said

    def legend(self) -> Iterator[Row]:
        """Swatches of the steps of gradient magnitude."""
        ranges = self.flow.ranges()
        low, high = (0, len(WIDTHS)) if len(ranges) > 1 else (2, 3)
        title = translate("size of the gradient")
        marks: list[Mark] = [Text(0, 0, title, self.theme.faint, SMALL)]
        x = begin = width(title, SMALL) + 12.0
        for k, text in zip(range(low, high), ranges, strict=True):
            wide = 31.0 + width(text, SMALL)
            if x > begin and x + wide > self.room:
                yield marks, x
                marks, x = [], begin
            ink, thick = self.theme.scale[k], round(WIDTHS[k]) + 1.0
            marks.append(Shape(f"legend{k}", "box", x, -thick / 2, 26, thick, ink, ink))
            marks.append(Text(x + 31, 0, text, self.theme.faint, SMALL))
            x += wide + 12
        yield marks, x

    # ── wires ────────────────────────────────────────────────────────────────────────────────

    def curve(self, edge: Edge, tail: Glyph, points: tuple[Point, ...]) -> Curve:
        """The wire of an edge."""
        head = self.by_name[edge.head]
        ink, thick, dotted = self.stroke([part.downstream for part in edge.parts])
        if self.by_name[edge.tail].kind == "constant":
            ink, thick, dotted = self.theme.wire, 1.2, False
        if {edge.tail, edge.head} <= self.marked:
            ink, thick = self.theme.mark, 2.6
        return Curve(tail.tail, head.name, points, ink, thick, dotted, head.kind != "row")

    def share(self, edge: Edge) -> Glyph | None:
        """What a wire says of its share, under (or beside) a stretch of it."""
        words = self.words(edge)
        if not words:
            return None
        wide = 4.0
        marks: list[Mark] = []
        for text, ink in words:
            x = wide if self.across else wide + 3
            marks.append(Text(x, 10.0, text, ink, MIDDLE))
            wide += width(text, MIDDLE) + 3
        if self.across:
            return Glyph(max(wide, 20.0), 20.0, [(0.0, 1.0)], 1.0, marks)
        return Glyph(wide + 4, 20.0, [(1.0, 0.0)], 1.0, marks)

    def words(self, edge: Edge) -> list[tuple[str, str]]:
        """The texts of its share and their colours."""
        if len(edge.parts) != 1 or self.by_name[edge.tail].kind == "constant":
            return []
        forks = self.shares and 1 < len(self.wires_from[edge.tail]) <= FORKS
        return self.part(edge.parts[0], ("downstream",) if forks else self.parts)

    def part(self, part: Part, wanted: tuple[str, ...]) -> list[tuple[str, str]]:
        """upstream × local = downstream, or what is wanted of it: texts and their colours."""
        theme = self.inks(part)
        shown = {
            "upstream": (part.upstream, theme.grad),
            "local": (part.local, theme.ink),
            "downstream": (part.downstream, theme.grad),
        }
        signs = {("upstream", "local"): "×", ("local", "downstream"): "="}
        found: list[tuple[str, str]] = []
        before = ""
        for name in PARTS:
            amount, ink = shown[name]
            if name not in wanted or amount is None:
                continue
            sign = signs.get((before, name), "→")
            figure = self.figure(amount)
            if before:
                found.append((sign, theme.ink))
            found.append((f"({figure})" if sign == "×" and amount < 0 else figure, ink))
            before = name
        return found

    # ── glyphs ───────────────────────────────────────────────────────────────────────────────

    def glyph(self, node: Node) -> Glyph:
        """A node as it looks."""
        draw = {"box": self.box, "row": self.bus}.get(node.kind, self.value)
        glyph = draw(node)
        glyph.tail = glyph.tail or node.name
        return glyph

    def ports(self, node: Node, w: float, h: float, round_: bool = False) -> list[Point]:
        """Where the wires to a node end: on its left (or upper) side, in their order."""
        wires = self.wires_to.get(node.name, ())
        n, along = len(wires), h if self.across else w
        r = along / 2
        offsets = [(2 * k + 1 - n) / n * r for k in range(n)]
        made = [self.by_name[wire.tail].kind not in ("input", "constant") for wire in wires]
        if round_ and n == 2 and made[0] != made[1]:  # what comes from a gate goes straight in
            offsets = [0.0, 0.75 * r] if made[0] else [-0.75 * r, 0.0]
        depths = [r - math.sqrt(r * r - off * off) if round_ else 0.0 for off in offsets]
        if self.across:
            return [(depth, r + off) for depth, off in zip(depths, offsets, strict=True)]
        return [(r + off, depth) for depth, off in zip(depths, offsets, strict=True)]

    def grad_text(self, node: Node) -> str:
        """Its gradient, or nothing where no backward pass has been."""
        return "" if node.grad is None else self.figure(node.grad)

    def box(self, node: Node) -> Glyph:
        """A folded box: its title, then values in green and gradients in red."""
        theme, table, title = self.inks(node), self.table(node), self.written[node.text]
        inks = (theme.faint, theme.value, theme.grad)
        starts, wide = self.tables[self.side_by_side(node)]
        high = 26.0 + 16 * len(table) + 4
        marks: list[Mark] = [
            Shape(node.name, "round", 0, 0, wide, high, theme.box, theme.gate_edge)
        ]
        marks.append(Text(9, 14, title, theme.ink, 14, True))
        for k, texts in enumerate(table):
            for x, text, ink in zip(starts, texts, inks, strict=False):
                marks.append(Text(x, 33 + 16 * k, text, ink, SMALL))
        out = high / 2 if self.across else wide / 2
        return Glyph(wide, high, self.ports(node, wide, high), out, marks)

    def table(self, node: Node) -> list[tuple[str, str, str]]:
        """What a folded box says of its inside."""
        return [
            (
                translate(line.text),
                self.figure(*line.values),
                translate(f"grad {self.figure(*line.grads)}") if line.grads else "",
            )
            for line in node.lines
        ]

    def side_by_side(self, node: Node) -> object:
        """What boxes that stand above each other have in common: their frame and their inputs."""
        return node.cluster, frozenset(edge.tail for edge in self.wires_to.get(node.name, ()))

    @cached_property
    def tables(self) -> dict[object, tuple[list[float], float]]:
        """Where the columns of a box begin, and its width; alike for boxes above each other."""
        groups: dict[object, list[Node]] = {}
        for node in self.picture.nodes:
            if node.kind == "box":
                groups.setdefault(self.side_by_side(node), []).append(node)
        found: dict[object, tuple[list[float], float]] = {}
        for key, nodes in groups.items():
            starts = [9.0]
            for column in zip(*(row for node in nodes for row in self.table(node)), strict=True):
                starts.append(starts[-1] + max(width(text, SMALL) for text in column) + 8)
            titles = max(width(self.written[node.text], 14, True) for node in nodes)
            found[key] = starts, max(starts[-1], titles + 18.0)
        return found

    def joined(self, first: Glyph, second: Glyph, gap: float = 0.0) -> Glyph:
        """`second` behind `first`, on one level."""
        level = max(first.out, second.out)
        a, b = (0.0, level - first.out), (first.width + gap, level - second.out)
        if not self.across:
            a, b = (level - first.out, 0.0), (level - second.out, first.height + gap)
        w = max(a[0] + first.width, b[0] + second.width)
        h = max(a[1] + first.height, b[1] + second.height)
        ins = [(x + a[0], y + a[1]) for x, y in first.ins]
        marks = [mark.moved(by) for glyph, by in ((first, a), (second, b)) for mark in glyph.marks]
        return Glyph(w, h, ins, level, marks, second.tail)

    def bus(self, node: Node) -> Glyph:
        """A row that several gates read: a bar across the wires."""
        long = max(40.0, 9.0 * len(self.wires_to[node.name]))
        w, h = (4.0, long) if self.across else (long, 4.0)
        ink = self.theme.wire
        marks: list[Mark] = [Shape(node.name, "box", 0, 0, w, h, ink, ink)]
        return Glyph(w, h, self.ports(node, w, h), long / 2, marks)

    def gate(self, node: Node) -> Glyph:
        """The round shape of a gate, or a rounded box for many inputs or a symbol that does not fit
        in."""
        theme, text = self.inks(node), node.text
        n = len(self.wires_to.get(node.name, ()))
        size, points = {1: (30.0, 17.0), 2: (33.0, 14.0)}.get(len(text), (42.0, 12.0))
        round_ = len(text) <= 4 and n <= 4
        w = size if round_ else max(size, width(text, 12, True) + 16.0)
        h = size if round_ else 28.0
        if not round_:
            w, h = (w, max(h, 10.0 * n)) if self.across else (max(w, 10.0 * n), h)
        form = "circle" if round_ else "round"
        look = (theme.gate, theme.gate_edge, text, theme.ink, points)
        marks: list[Mark] = [Shape(node.name, form, 0, 0, w, h, *look)]
        out = h / 2 if self.across else w / 2
        return Glyph(w, h, self.ports(node, w, h, round_), out, marks)
