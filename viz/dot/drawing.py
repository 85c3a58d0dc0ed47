"""What a picture is made of: frames, shapes, texts and wires, each at its place in points; written
as SVG, as TikZ, and as Graphviz text for all other formats.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from typing import TypeAlias

from ..layout.columns import Point
from ..words.tex import beyond, tex
from .markup import label, visible, width
from .themes import Theme

__all__ = ["FONT", "Curve", "Drawing", "Mark", "Shape", "Text"]

FONT = "Helvetica"  # every Graphviz knows its metrics, every viewer has it or its like
FAMILY = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
ARROW = 7.0  # points from the tip of an arrow to its base
ROUND = {"round": 9, "frame": 10}  # how far the corners of a form are rounded
HIGH = ("^",)  # letters that stand above the middle of their line ...
RAISED = 0.3  # ... by this share of their size
CORNER = 9.0  # points from the corner of a wire to where it is straight


@dataclass(frozen=True, slots=True)
class Text:
    """Words at a height. `anchor` says which part of them stands at x: start, middle or end."""

    x: float
    y: float
    text: str
    ink: str
    size: float = 14.0
    bold: bool = False
    anchor: str = "start"

    def moved(self, by: Point) -> Text:
        """The same elsewhere."""
        return replace(self, x=self.x + by[0], y=self.y + by[1])


@dataclass(frozen=True, slots=True)
class Shape:
    """A circle, a box, a rounded box ("round"), a "frame" around others or nothing ("point"), with
    a word in its middle."""

    name: str
    form: str
    x: float
    y: float
    width: float
    height: float
    fill: str = ""
    stroke: str = ""
    text: str = ""
    ink: str = ""
    size: float = 14.0

    def word(self) -> Text:
        """What is written in its middle."""
        x, y = self.x + self.width / 2, self.y + self.height / 2
        y += RAISED * self.size * (self.text in HIGH)
        return Text(x, y, self.text, self.ink, self.size, True, "middle")

    def moved(self, by: Point) -> Shape:
        """The same elsewhere."""
        return replace(self, x=self.x + by[0], y=self.y + by[1])


@dataclass(frozen=True, slots=True)
class Curve:
    """A wire between two shapes, through points: level where two have one level, else bent."""

    tail: str
    head: str
    points: tuple[Point, ...]
    ink: str
    width: float = 1.2
    dotted: bool = False
    arrow: bool = False

    def moved(self, by: Point) -> Curve:
        """The same elsewhere."""
        return replace(self, points=tuple((x + by[0], y + by[1]) for x, y in self.points))

    def bezier(self, across: bool) -> list[Point]:
        """A start, and three points for each piece; corners are round."""
        way = [p if across else p[::-1] for p in self.points]
        way = [p for k, p in enumerate(way) if k == 0 or math.dist(p, way[k - 1]) > 0.01]
        found = way[:1]
        for before, (x, y), after in zip(way, way[1:], [*way[2:], way[-1]], strict=False):
            px, py = found[-1]
            corner = (before[0] == x) != (after[0] == x) and after != (x, y)
            ends = [_toward((x, y), before), _toward((x, y), after)] if corner else [(x, y)]
            ex, ey = ends[0]
            found += [((px + ex) / 2, py), ((px + ex) / 2, ey), (ex, ey)]
            if corner:
                found += [((a + x) / 2, (b + y) / 2) for a, b in ends] + ends[1:]
        return found if across else [p[::-1] for p in found]


Mark: TypeAlias = Text | Shape | Curve


@dataclass(slots=True)
class Drawing:
    """`title` and `description` are for those who do not see it; `dark` is the theme that the
    reader's system may ask for instead."""

    theme: Theme
    across: bool
    width: float = 0.0
    height: float = 0.0
    title: str = ""
    description: str = ""
    scale: float = 1.0
    dark: Theme | None = None
    marks: list[Mark] = field(default_factory=list)

    def _ends(self, curve: Curve) -> tuple[list[Point], Point | None]:
        """The pieces of a curve, and the tip of its arrow."""
        points = curve.bezier(self.across)
        if not curve.arrow or len(points) < 4:
            return points, None
        (x, y), before = points[-1], points[-4]
        if math.dist((x, y), before) < ARROW and len(points) > 4:
            del points[-3:]
        if self.across:
            points[-1] = (x - math.copysign(ARROW, x - before[0]), y)
        else:
            points[-1] = (x, y - math.copysign(ARROW, y - before[1]))
        return points, (x, y)

    def _arrow(self, mark: Curve, points: list[Point], tip: Point) -> list[Point]:
        """The corners of its arrow."""
        (x, y), half = points[-1], 2.3 + mark.width / 2
        dx, dy = (0.0, half) if self.across else (half, 0.0)
        return [(x - dx, y - dy), tip, (x + dx, y + dy)]

    # ── as SVG ───────────────────────────────────────────────────────────────────────────────

    def svg(self) -> str:
        """The drawing as an SVG file; equal drawings give equal files."""
        wide, high = self.width * self.scale, self.height * self.scale
        size = f'width="{wide:g}pt" height="{high:g}pt"'
        said = "".join(
            f"<{tag}>{html.escape(visible(text), quote=False)}</{tag}>\n"
            for tag, text in (("title", self.title), ("desc", self.description))
            if text
        )
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" font-family="{FAMILY}">',
            said + self._style() + f'<rect width="100%" height="100%" fill="{self.theme.paper}"/>',
        ]
        for mark in self.marks:
            lines += self._svg_of(mark)
        return "\n".join([*lines, "</svg>\n"])

    def _style(self) -> str:
        if self.dark is None:
            return ""
        rules = "".join(
            f'[fill="{a}"]{{fill:{b}}}[stroke="{a}"]{{stroke:{b}}}'
            for a, b in zip(self.theme.colours(), self.dark.colours(), strict=True)
        )
        return f"<style>@media (prefers-color-scheme:dark){{{rules}}}</style>\n"

    def _svg_of(self, mark: Mark) -> Iterator[str]:
        if isinstance(mark, Text):
            yield from _svg_text(mark)
        elif isinstance(mark, Curve):
            points, tip = self._ends(mark)
            dots = ' stroke-dasharray="1,4"' if mark.dotted else ""
            yield (
                f'<path d="{_path(points)}" fill="none" stroke="{mark.ink}" '
                f'stroke-width="{mark.width:g}"{dots}/>'
            )
            if tip:
                corners = " ".join(_xy(*corner) for corner in self._arrow(mark, points, tip))
                yield f'<polygon points="{corners}" fill="{mark.ink}"/>'
        elif mark.form != "point":
            radius = mark.height / 2 if mark.form == "circle" else ROUND.get(mark.form, 0)
            yield (
                f'<rect x="{mark.x:.1f}" y="{mark.y:.1f}" width="{mark.width:.1f}" '
                f'height="{mark.height:.1f}" rx="{radius:g}" fill="{mark.fill}" '
                f'stroke="{mark.stroke}" stroke-width="{1 if mark.form == "frame" else 1.2}"/>'
            )
            yield from _svg_text(mark.word())

    # ── as TikZ ──────────────────────────────────────────────────────────────────────────────

    def tikz(self) -> str:
        """A LaTeX document of one page, as large as the picture; for slides of your own, take the
        colours and the tikzpicture."""
        names: dict[str, str] = {}
        body = [line for mark in self.marks for line in self._tikz_of(mark, names)]
        paper = self._named(self.theme.paper, names)
        colours = [
            rf"\definecolor{{{name}}}{{HTML}}{{{ink[1:].upper()}}}" for ink, name in names.items()
        ]
        size = f"paperwidth={self.width:.1f}bp,paperheight={self.height:.1f}bp"
        odd = beyond("".join(mark.text for mark in self.marks if not isinstance(mark, Curve)))
        fonts = [
            f"% {odd} and its like need LuaLaTeX and a font that has them: \\setsansfont{{...}}",
            r"\ifdefined\directlua\usepackage{fontspec}\fi",
        ]
        frame = f"(0,0) rectangle ({self.width:.1f},{self.height:.1f})"
        return "\n".join(
            [
                *(f"% {line}" for line in visible(self.title).split("\n")),
                r"\documentclass{article}",
                r"\usepackage{fix-cm,amssymb,tikz}",
                rf"\usepackage[{size},margin=0bp]{{geometry}}",
                r"\pagestyle{empty}\parindent=0pt\topskip=0pt",
                *(fonts if odd else []),
                *colours,
                rf"\begin{{document}}\pagecolor{{{paper}}}\sffamily",
                r"\begin{tikzpicture}[x=1bp,y=-1bp,inner sep=0bp,line width=1.2bp]",
                rf"\useasboundingbox {frame};",
                *body,
                r"\end{tikzpicture}",
                "\\end{document}\n",
            ]
        )

    def _named(self, ink: str, names: dict[str, str]) -> str:
        """The name of a colour: what the theme calls it, if it does."""
        if ink not in names:
            own = [f.name for f in fields(self.theme) if getattr(self.theme, f.name) == ink]
            names[ink] = own[0].replace("_", "") if own else f"shade{len(names)}"
        return names[ink]

    def _tikz_of(self, mark: Mark, names: dict[str, str]) -> Iterator[str]:
        if isinstance(mark, Text):
            for x, y, line in _baselines(mark):
                size = f"\\fontsize{{{mark.size:g}bp}}{{{1.2 * mark.size:g}bp}}\\selectfont"
                bold = "\\bfseries\\boldmath" if mark.bold else ""
                at = {"start": "base west", "middle": "base", "end": "base east"}[mark.anchor]
                look = f"anchor={at},text={self._named(mark.ink, names)},font={size}{bold}"
                yield rf"\node[{look}] at ({_xy(x, y)}) {{{tex(visible(line))}}};"
        elif isinstance(mark, Curve):
            points, tip = self._ends(mark)
            ink = self._named(mark.ink, names)
            dots = ",dash pattern=on 1bp off 4bp" if mark.dotted else ""
            path = f"({_xy(*points[0])})" + "".join(
                f" .. controls ({_xy(*a)}) and ({_xy(*b)}) .. ({_xy(*c)})"
                for a, b, c in zip(*[iter(points[1:])] * 3, strict=True)
            )
            yield rf"\draw[{ink},line width={mark.width:g}bp{dots}] {path};"
            if tip:
                corners = " -- ".join(
                    f"({_xy(*corner)})" for corner in self._arrow(mark, points, tip)
                )
                yield rf"\fill[{ink}] {corners} -- cycle;"
        elif mark.form != "point":
            look = f"fill={self._named(mark.fill, names)},draw={self._named(mark.stroke, names)}"
            x, y = mark.x + mark.width / 2, mark.y + mark.height / 2
            if mark.form == "circle":
                yield rf"\path[{look}] ({_xy(x, y)}) circle [radius={mark.height / 2:.1f}bp];"
            else:
                look += f",rounded corners={ROUND.get(mark.form, 0)}bp"
                end = _xy(mark.x + mark.width, mark.y + mark.height)
                yield rf"\path[{look}] ({_xy(mark.x, mark.y)}) rectangle ({end});"
            yield from self._tikz_of(mark.word(), names)

    # ── as Graphviz text ─────────────────────────────────────────────────────────────────────

    def dot(self) -> Iterator[str]:
        """The body of a Graphviz graph in which everything has its place already."""
        paper = self.theme.paper  # a sheet, lest Graphviz cuts off what is empty
        yield self._dot_shape(Shape("paper", "box", 0, 0, self.width, self.height, paper, paper))
        for k, mark in enumerate(self.marks):
            if isinstance(mark, Text):
                if mark.ink and mark.text:
                    yield self._dot_text(mark, f"t{k}")
            elif isinstance(mark, Curve):
                points, tip = self._ends(mark)
                spline = " ".join(self._pos(*point) for point in points)
                end = f"e,{self._pos(*tip)} " if tip else ""
                look = f'color="{mark.ink}" penwidth={mark.width:g}'
                look += " style=dotted" if mark.dotted else ""
                look += "" if tip else " arrowhead=none"
                yield f'\t{mark.tail} -> {mark.head} [pos="{end}{spline}" {look}]\n'
            else:
                high = mark.text in HIGH
                yield self._dot_shape(replace(mark, text="") if high else mark)
                if high:
                    yield self._dot_text(mark.word(), f"{mark.name}_word")

    def _pos(self, x: float, y: float) -> str:
        return f"{x:.1f},{self.height - y:.1f}"

    def _dot_shape(self, mark: Shape) -> str:
        pos = self._pos(mark.x + mark.width / 2, mark.y + mark.height / 2)
        if mark.form == "point":
            return f'\t{mark.name} [pos="{pos}" shape=point style=invis width=0 height=0]\n'
        size = f"width={mark.width / 72:.3f} height={mark.height / 72:.3f} fixedsize=true"
        form = "circle" if mark.form == "circle" else "box"
        style = '"rounded,filled"' if mark.form in ("round", "frame") else "filled"
        look = f'shape={form} style={style} fillcolor="{mark.fill}" color="{mark.stroke}"'
        words = label(mark.text, mark.ink, mark.size, True) if mark.text else '""'
        return f'\t{mark.name} [pos="{pos}" {size} {look} label={words}]\n'

    def _dot_text(self, mark: Text, name: str) -> str:
        wide = width(mark.text, mark.size, mark.bold)
        shift = {"start": wide / 2, "end": -wide / 2}.get(mark.anchor, 0.0)
        words = label(mark.text, mark.ink, mark.size, mark.bold, mark.anchor)
        return f'\t{name} [pos="{self._pos(mark.x + shift, mark.y)}" label={words}]\n'


def _baselines(mark: Text) -> Iterator[tuple[float, float, str]]:
    """Where each line stands, and what it says."""
    lines = mark.text.split("\n") if mark.ink and mark.text else []
    for k, line in enumerate(lines):
        yield mark.x, mark.y + mark.size * (0.35 + 1.2 * (k - (len(lines) - 1) / 2)), line


def _svg_text(mark: Text) -> Iterator[str]:
    for x, y, line in _baselines(mark):
        bold = ' font-weight="bold"' if mark.bold else ""
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{mark.size:g}"{bold}{anchor} '
            f'fill="{mark.ink}" xml:space="preserve">{html.escape(visible(line))}</text>'
        )


def _toward(corner: Point, end: Point) -> Point:
    """Where a round corner begins."""
    share = min(CORNER / math.dist(corner, end), 0.5)
    return corner[0] + share * (end[0] - corner[0]), corner[1] + share * (end[1] - corner[1])


def _xy(x: float, y: float) -> str:
    return f"{x:.1f},{y:.1f}"


def _path(points: list[Point]) -> str:
    return f"M{_xy(*points[0])}" + "".join(
        f"{'C' if k % 3 == 0 else ' '}{_xy(*point)}" for k, point in enumerate(points[1:])
    )
