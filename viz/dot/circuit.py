"""The style of CS231n: round gates, numbers on the wires.

A wire's numbers sit on a stretch of wire of their own: a small table whose middle line continues
the wire, with the value above and the gradient below (or left and right of a vertical wire).
Where a value is used several times its wire forks behind the numbers.
"""

from __future__ import annotations

from typing import Any

from ..fold.picture import Node
from .markup import cell, colour, label, literal, row, table, words
from .render import Diagram
from .writer import Writer

__all__ = ["Circuit"]

LENGTH = 26  # points of wire under a number, at least


class Circuit(Writer):
    """Writes the "circuit" style."""

    stretches = 0  # stretches of wire drawn for texts

    def draw_value(self, node: Node, graph: Diagram) -> None:
        """A gate with its wire, an input with its wire, or a number."""
        if node.kind == "constant":
            text = colour(literal(self.constant_text(node)), self.theme.ink)
            graph.node(node.name, label(table([row(cell(text))])))
        elif node.kind == "input":
            graph.node(node.name, label(self.wire(node, node.text)))
        else:
            names = {"end" if node.name == self.picture.root else "name": node.label}
            wire = f"{node.name}_wire"
            stretch = f"{wire}:wire:{self.side('w', 'n')}"
            self.draw_gate(node, node.name, stretch, graph, arrowhead="none")
            graph.node(wire, label(self.wire(node, **names)))

    def tail(self, node: Node) -> str:
        """Wires begin at the end of the stretch with the numbers."""
        out = self.side("e", "s")
        if node.kind == "gate":
            return f"{node.name}_wire:wire:{out}"
        return f"{node.name}:wire:{out}" if node.kind == "input" else super().tail(node)

    def connect(self, tail: Node, head: Node, text: str, attributes: dict[str, str]) -> None:
        """Text gets a stretch of wire of its own and stands below it, as gradients do."""
        if not text:
            super().connect(tail, head, text, attributes)
            return
        self.stretches += 1
        name = f"{tail.name}_{head.name}_{self.stretches}"
        ink = attributes.get("color", self.theme.wire)
        line = self.line(ink, _thickness(attributes))
        if self.options.direction == "LR":
            stretch = table([row(line), row(text)])
        else:
            stretch = table([row(line, text)])
        self.frame_around(tail, head).node(name, label(stretch), fontsize="12")
        begin, end = self.side("w", "n"), self.side("e", "s")
        graph = self.homes[None]
        graph.edge(self.tail(tail), f"{name}:wire:{begin}", **attributes, arrowhead="none")
        graph.edge(f"{name}:wire:{end}", self.head(head), **attributes)

    def line(self, ink: str, thick: int) -> str:
        """The cell that continues the wire."""
        if self.options.direction == "LR":
            size = {"HEIGHT": thick, "WIDTH": LENGTH}
        else:
            size = {"WIDTH": thick, "HEIGHT": LENGTH}
        return cell("", PORT="wire", BGCOLOR=ink, CELLPADDING=0, **size)

    def wire(self, node: Node, start: str = "", name: str = "", end: str = "") -> str:
        """The stretch of wire with its numbers.

        `start` and `end` are written at its ends, `name` before the value.
        """
        theme, across = self.inks(node), self.options.direction == "LR"
        value, grad = self.value_text(node), self.grad_text(node)
        named = f"{name} = {value}" if name else value
        middle = "CENTER" if across else "LEFT"
        above = words(named, theme.value, align=middle)
        below = words(grad, theme.grad, align=middle)
        ink, thick = theme.wire, 1
        if self.flowing:
            stroke = self.stroke([node.grad])
            ink, thick = stroke["color"], _thickness(stroke)
        line = self.line(ink, thick)
        span: dict[str, Any] = {"ROWSPAN" if across else "COLSPAN": 3}
        first, last = (
            words(
                text,
                heavy=True,
                padding=3,
                align="LEFT" if across else "CENTER",
                CELLPADDING=3,
                **span,
            )
            if text
            else ""
            for text in (start, end)
        )
        if across:
            return table([row(first, above, last), row(line), row(below)])
        rows = [row(first) if start else "", row(above, line, below), row(last) if end else ""]
        return table(rows, CELLPADDING=2)


def _thickness(stroke: dict[str, str]) -> int:
    """Of a cell that continues a wire."""
    return max(round(float(stroke.get("penwidth", 1))), 1)
