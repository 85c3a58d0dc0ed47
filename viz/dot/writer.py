"""What the styles have in common: frames, boxes, wires and their numbers."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, NamedTuple

import graphviz

from ..fold.picture import Edge, Node, Part, Picture
from ..words.numbers import number, span
from .flow import WIDTHS, Flow
from .markup import bold, cell, label, literal, row, table, width, words
from .render import DPI, Diagram, Program
from .themes import Theme, theme

__all__ = ["Options", "Writer"]

FONT = "Helvetica"  # every Graphviz knows its metrics, every viewer has it or its like
SMALL = 11.0  # points of the letters beside the drawing
FORKS = 4  # wires up to this number say what comes back along each of them ...
SHARES = 40  # ... in pictures with up to this number of nodes


PARTS = ("upstream", "local", "downstream")


class Options(NamedTuple):
    """How a picture is to look; see `viz.draw`."""

    parts: str | Iterable[str] | None = None
    flow: bool = False
    theme: str | Theme = "light"
    direction: str = "LR"
    digits: int = 4
    title: str = ""


class Writer:
    """Writes a picture as DOT; a style says how a node looks and where its wires begin."""

    def __init__(self, picture: Picture, options: Options) -> None:
        if options.direction not in ("LR", "TB"):
            raise ValueError(f"unknown direction {options.direction!r}; choose 'LR' or 'TB'")
        parts = (options.parts,) if isinstance(options.parts, str) else tuple(options.parts or ())
        if unknown := [part for part in parts if part not in (*PARTS, "all")]:
            raise ValueError(
                f"unknown part {unknown[0]!r}; choose among {', '.join(PARTS)}, or 'all'"
            )
        self.picture = picture
        self.options = options
        self.parts = PARTS if "all" in parts else parts
        self.theme = theme(options.theme)
        self.flow = Flow(p.downstream for e in picture.edges for p in e.parts)
        self.flowing = options.flow and picture.reached
        # what comes back along each branch of a fork is said even if nothing was asked for
        self.shares = options.parts is None and len(picture.nodes) <= SHARES
        self.by_name = {node.name: node for node in picture.nodes}
        self.parents = {cluster.name: cluster.parent for cluster in picture.clusters}
        self.wires_from: dict[str, list[Edge]] = {}
        for edge in picture.edges:
            self.wires_from.setdefault(edge.tail, []).append(edge)

    # ── what a style defines ─────────────────────────────────────────────────────────────────

    def draw_value(self, node: Node, graph: Diagram) -> None:
        """Add a gate or a leaf (and what belongs to it) to the graph or to its frame."""
        raise NotImplementedError

    def tail(self, node: Node) -> str:
        """Where the wires from this node begin."""
        return f"{node.name}:{self.side('e', 's')}" if node.kind == "box" else node.name

    def head(self, node: Node) -> str:
        """Where the wires to this node end."""
        wide = node.kind == "box" or (node.gate is not None and node.gate.rows)
        return f"{node.name}:{self.side('w', 'n')}" if wide else node.name

    def inks(self, thing: Node | Part) -> Theme:
        """The colours that a node or a part of a wire is drawn in."""
        return self.theme

    def side(self, across: str, down: str) -> str:
        """A compass point for either direction."""
        return across if self.options.direction == "LR" else down

    # ── the whole ────────────────────────────────────────────────────────────────────────────

    def diagram(self, program: Program = "auto", dpi: float = DPI) -> Diagram:
        """The finished graph."""
        theme = self.theme
        graph = Diagram(
            "glassgrad",
            program=program,
            dpi=dpi,
            graph_attr={
                "rankdir": self.options.direction,
                "bgcolor": theme.paper,
                "pad": "0.15",
                "nodesep": "0.18",
                "ranksep": "0.28",
                "fontname": FONT,
                "fontsize": f"{SMALL:g}",
                "fontcolor": theme.faint,
            },
            node_attr={
                "shape": "plain",
                "fontname": FONT,
                "fontsize": "14",
                "fontcolor": theme.ink,
                "color": theme.gate_edge,
            },
            edge_attr={
                "arrowsize": "0.65",
                "color": theme.wire,
                "penwidth": "1.2",
                "fontname": FONT,
                "fontsize": f"{SMALL:g}",
                "fontcolor": theme.faint,
            },
        )
        frames: dict[str, Diagram] = {}
        self.homes: dict[str | None, Diagram] = {None: graph}
        for cluster in self.picture.clusters:
            frame = frames[cluster.name] = Diagram(f"cluster_{cluster.name}")
            depth = len(self.around(cluster.name)) - 2
            frame.attr(
                label=label(bold(literal(cluster.title))),
                labeljust="l",
                style="rounded,filled",
                color=theme.faint,
                fillcolor=theme.clusters[depth % len(theme.clusters)],
                fontcolor=theme.ink,
                fontsize=f"{SMALL:g}",
                margin="10",
            )
        self.homes.update(frames)
        draw = {"box": self.draw_box, "row": self.draw_bus}
        for node in self.picture.nodes:
            draw.get(node.kind, self.draw_value)(node, self.homes[node.cluster])
        for node in self.picture.nodes:
            if node.kind == "row":
                self.keep_in_order(node)
        for edge in self.picture.edges:
            self.draw_edge(edge)
        for cluster in reversed(self.picture.clusters):  # inner frames first
            self.homes[cluster.parent].subgraph(frames[cluster.name])
        if rows := self.caption():
            above = "t" if self.options.title else "b"
            graph.attr(label=label(table(rows, CELLPADDING=3)), labelloc=above, labeljust="l")
        return graph

    def caption(self) -> list[str]:
        """What stands beside the drawing: its title, its notes, the legend of gradient sizes."""
        title, theme, rows = self.options.title, self.theme, []
        if title:
            rows.append(row(words(title, theme.ink, size=16, heavy=True, padding=3)))
        for note in (*self.picture.notes, *self.reading()):
            rows.append(row(words(note, size=SMALL, padding=3)))
        if self.flowing:
            rows.append(row(cell(self.flow.legend(theme, SMALL), ALIGN="LEFT")))
        return rows

    def around(self, frame: str | None) -> list[str | None]:
        """The frames from this one outwards, and None: the whole."""
        found = [frame]
        while found[-1] is not None:
            found.append(self.parents[found[-1]])
        return found

    def frame_around(self, a: Node, b: Node) -> Diagram:
        """The innermost frame that holds both."""
        outer = self.around(a.cluster)
        return self.homes[next(frame for frame in self.around(b.cluster) if frame in outer)]

    def keep_in_order(self, bus: Node) -> None:
        """Boxes that read one bus stand in their own order: neuron 0 first."""
        heads = [self.by_name[edge.head] for edge in self.wires_from[bus.name]]
        around = {head.cluster for head in heads}
        if len(around) > 1 or None in around or any(head.kind != "box" for head in heads):
            return
        column = Diagram(graph_attr={"rank": "same"})
        # from left to right Graphviz sets what an edge in one rank points to above its tail
        order = heads if self.options.direction == "TB" else heads[::-1]
        for before, after in pairwise(order):
            column.edge(before.name, after.name, style="invis")
        self.homes[around.pop()].subgraph(column)

    # ── wires ────────────────────────────────────────────────────────────────────────────────

    def draw_edge(self, edge: Edge) -> None:
        """Add one wire."""
        tail, head = self.by_name[edge.tail], self.by_name[edge.head]
        attributes: dict[str, str] = {}
        if self.flowing:
            if tail.kind != "constant":
                attributes |= self.stroke([part.downstream for part in edge.parts])
        elif len(edge.parts) > 1:
            attributes["penwidth"] = "2"
        if head.kind == "row":
            attributes["arrowhead"] = "none"
        self.connect(tail, head, self.edge_text(edge, tail), attributes)

    def connect(self, tail: Node, head: Node, text: str, attributes: dict[str, str]) -> None:
        """Draw the wire, with `text` (markup of a row of cells) beside it."""
        if text:
            attributes["label"] = label(table([row(text)]))
        self.homes[None].edge(self.tail(tail), self.head(head), **attributes)

    def stroke(self, gradients: list[float | None]) -> dict[str, str]:
        """Colour and width for the largest of these gradients."""
        steps = [s for s in map(self.flow.step, gradients) if s is not None]
        if not steps:
            return {"color": self.theme.faint, "style": "dotted"}
        return {"color": self.theme.scale[max(steps)], "penwidth": f"{WIDTHS[max(steps)]:g}"}

    def edge_text(self, edge: Edge, tail: Node) -> str:
        """What a wire says of its share: the markup of a table cell, or nothing."""
        if len(edge.parts) != 1 or tail.kind == "constant":
            return ""
        forks = self.shares and 1 < len(self.wires_from[edge.tail]) <= FORKS
        return self.part_text(edge.parts[0], ("downstream",) if forks else self.parts)

    def part_text(self, part: Part, wanted: tuple[str, ...]) -> str:
        """upstream × local = downstream, or what is wanted of it, as a cell."""
        theme = self.inks(part)
        shown = {
            "upstream": (part.upstream, theme.grad),
            "local": (part.local, theme.ink),
            "downstream": (part.downstream, theme.grad),
        }
        signs = {("upstream", "local"): "×", ("local", "downstream"): "="}
        cells: list[str] = []
        before = ""
        for name in PARTS:
            amount, ink = shown[name]
            if name not in wanted or amount is None:
                continue
            sign = signs.get((before, name), "→")
            figure = number(amount, self.options.digits)
            if sign == "×" and amount < 0:
                figure = f"({figure})"
            if before:
                cells.append(words(sign, theme.ink, size=12))
            cells.append(words(figure, ink, size=12))
            before = name
        return "".join(cells) if len(cells) < 2 else cell(table([row(*cells)]))

    def reading(self) -> list[str]:
        """How the numbers on a wire are to be read: "upstream × local = downstream"."""
        if not self.parts or not self.picture.reached:
            return []
        if set(self.parts) == set(PARTS):
            return ["on the wires: upstream × local = downstream"]
        wanted = [f"{part} gradient" for part in PARTS if part in self.parts]
        return [f"on the wires: {', '.join(wanted)}"]

    # ── numbers and boxes ────────────────────────────────────────────────────────────────────

    def value_text(self, node: Node) -> str:
        """The forward value of a node."""
        return number(node.values[0], self.options.digits)

    def constant_text(self, node: Node) -> str:
        """A constant as somebody wrote it down, if that was short: 1.00001 is not 1."""
        (x,) = node.values
        exact = number(x, 8)
        short = len(exact) <= 8 and exact == number(x, 15)
        return node.text or (exact if short else number(x))

    def grad_text(self, node: Node) -> str:
        """Its gradient, or nothing where no backward pass has been."""
        return "" if node.grad is None else number(node.grad, self.options.digits)

    def draw_box(self, node: Node, graph: Diagram) -> None:
        """A folded box: its title, then values in green and gradients in red."""
        theme = self.inks(node)
        columns = 3 if any(line.grads for line in node.lines) else 2
        rows = [row(words(node.text, heavy=True, padding=3, COLSPAN=columns))]
        small: Any = {"size": SMALL, "padding": 3}
        for line in node.lines:
            values = span(line.values, self.options.digits)
            cells = [words(line.text, theme.faint, **small), words(values, theme.value, **small)]
            if line.grads:
                grads = f"∂ {span(line.grads, self.options.digits)}"
                cells.append(words(grads, theme.grad, **small))
            elif columns == 3:
                cells.append(cell(""))
            rows.append(row(*cells))
        frame: Any = {"BORDER": 1, "STYLE": "ROUNDED", "COLOR": theme.gate_edge}
        graph.node(node.name, label(table(rows, BGCOLOR=theme.box, CELLPADDING=3, **frame)))

    def draw_bus(self, node: Node, graph: Diagram) -> None:
        """A row that several gates read: a bar across the wires."""
        wide, high = self.side("0.05", "0.9"), self.side("0.9", "0.05")
        ink = {"fillcolor": self.theme.wire, "color": self.theme.wire}
        graph.node(node.name, "", shape="box", style="filled", width=wide, height=high, **ink)

    def draw_gate(self, node: Node, name: str, wire_to: str, graph: Diagram, **stroke: str) -> None:
        """A gate, called `name`, and the piece of wire that it puts its value on: round, or a
        rounded box for a symbol that does not fit in."""
        symbol = node.text
        size, points = {1: (0.42, 17), 2: (0.46, 14)}.get(len(symbol), (0.58, 12))
        attributes: dict[str, Any] = {
            "style": "filled",
            "fillcolor": self.inks(node).gate,
            "penwidth": "1.2",
            "fontsize": f"{points}",
        }
        if len(symbol) <= 4:
            attributes |= {"shape": "circle", "fixedsize": "true", "width": f"{size:g}"}
        else:
            attributes |= {
                "shape": "box",
                "style": "rounded,filled",
                "margin": "0.09,0.04",
                "height": "0.4",
                "width": f"{width(symbol, 12, bold=True) / 72 + 0.15:.2f}",
            }
        # a plain label is centred by whoever draws it, in whichever font
        graph.node(name, graphviz.escape(symbol), fontname=f"{FONT}-Bold", **attributes)
        stroke |= self.stroke([node.grad]) if self.flowing else {}
        graph.edge(name, wire_to, weight="8", **stroke)
