"""The style of CS231n: round gates, numbers on the wires.

A wire's numbers sit on a stretch of wire of their own: a small table whose middle line continues
the wire, with the value above and the gradient below (or left and right of a vertical wire).
Where a value is used several times its wire forks behind the numbers.
"""

from __future__ import annotations

from .flow import WIDTHS
from .markup import bold, cell, colour, label, literal, row, table, width
from .picture import Node
from .render import Diagram
from .writer import Writer

__all__ = ["Circuit"]


class Circuit(Writer):
    """Writes the "circuit" style."""

    def draw_node(self, node: Node, graph: Diagram) -> None:
        """A gate with its wire, an input with its wire, a number, a box, a bus."""
        if node.kind == "box":
            self.draw_box(node, graph)
        elif node.kind == "row":
            across = self.options.direction == "LR"
            graph.node(
                node.name,
                label="",
                shape="box",
                style="filled",
                fillcolor=self.theme.wire,
                color=self.theme.wire,
                width="0.05" if across else "0.9",
                height="0.9" if across else "0.05",
            )
        elif node.kind == "constant":
            text = colour(literal(node.text), self.theme.ink)
            graph.node(node.name, label(table([row(cell(text))])))
        elif node.kind == "input":
            graph.node(node.name, label(self.wire(node, node.text, "")))
        else:
            self.draw_gate(node.name, node.text, graph)
            end = node.label if node.name == self.picture.root else ""
            inner = "" if end else node.label
            graph.node(f"{node.name}_wire", label(self.wire(node, inner, end)))
            stroke = {"arrowhead": "none", "weight": "8"}
            if self.options.flow and self.picture.reached:
                stroke |= self.stroke([node.grads[0] if node.grads else None])
            graph.edge(node.name, f"{node.name}_wire:wire:{self.side('w', 'n')}", **stroke)

    def tail(self, node: Node) -> str:
        """Wires begin at the end of the stretch with the numbers."""
        out = self.side("e", "s")
        if node.kind == "gate":
            return f"{node.name}_wire:wire:{out}"
        return f"{node.name}:wire:{out}" if node.kind == "input" else node.name

    def side(self, across: str, down: str) -> str:
        """A compass point for either direction."""
        return across if self.options.direction == "LR" else down

    def wire(self, node: Node, start: str, end: str) -> str:
        """The stretch of wire with its numbers; `start` and `end` are names at either end."""
        theme = self.theme
        value, grad = self.value_text(node), self.grad_text(node)
        above = cell(colour(literal(value), theme.value), WIDTH=width(value, 14) or None)
        below = cell(
            colour(literal(grad), theme.grad) if grad else " ", WIDTH=width(grad, 14) or None
        )
        ink, thick = theme.wire, 1
        if self.options.flow and self.picture.reached:
            step = self.flow.step(node.grads[0] if node.grads else None)
            ink = theme.faint if step is None else theme.scale[step]
            thick = 1 if step is None else max(round(WIDTHS[step]), 1)
        names = [
            cell(bold(literal(name)), WIDTH=width(name, 15) or None, **place) if name else ""
            for name, place in (
                (start, {"ROWSPAN": 3} if self.options.direction == "LR" else {"COLSPAN": 3}),
                (end, {"ROWSPAN": 3} if self.options.direction == "LR" else {"COLSPAN": 3}),
            )
        ]
        if self.options.direction == "LR":
            line = cell("", PORT="wire", BGCOLOR=ink, HEIGHT=thick, CELLPADDING=0)
            return table([row(names[0], above, names[1]), row(line), row(below)])
        line = cell("", PORT="wire", BGCOLOR=ink, WIDTH=thick, CELLPADDING=0)
        rows = [row(names[0])] if start else []
        rows.append(row(above, line, below))
        return table([*rows, *([row(names[1])] if end else [])])
