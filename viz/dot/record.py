"""The style of micrograd's notebook: every value a box with its name, number and gradient."""

from __future__ import annotations

from typing import Any

from ..fold.picture import Edge, Node
from .markup import label, row, table, words
from .render import Diagram
from .writer import Writer

__all__ = ["Record"]


class Record(Writer):
    """Writes the "record" style."""

    def draw_value(self, node: Node, graph: Diagram) -> None:
        """A value's box, with the gate that made it before it."""
        theme = self.inks(node)
        if node.kind == "gate":
            wire = f"{node.name}:{self.side('w', 'n')}"
            self.draw_gate(node, f"{node.name}_gate", wire, graph)
        name = node.label if node.kind != "constant" else self.constant_text(node)
        cells = [words(name, heavy=True, padding=5)] if name else []
        if node.kind != "constant":
            for word, text, ink in (
                ("data", self.value_text(node), theme.value),
                ("grad", self.grad_text(node), theme.grad),
            ):
                if text:
                    cells.append(words(f"{word} {text}", ink, padding=5))
        lines: Any = {"CELLBORDER": 1, "COLOR": theme.gate_edge, "BGCOLOR": theme.input}
        graph.node(node.name, label(table([row(*cells)], CELLPADDING=5, **lines)))

    def tail(self, node: Node) -> str:
        """Wires begin at the right (or lower) end of the box."""
        return node.name if node.kind == "row" else f"{node.name}:{self.side('e', 's')}"

    def edge_text(self, edge: Edge, tail: Node) -> str:
        """As in every style; across frames, where labels would float about, only on request."""
        across = tail.cluster != self.by_name[edge.head].cluster
        if across and self.options.parts is None:
            return ""
        return super().edge_text(edge, tail)

    def head(self, node: Node) -> str:
        """Wires end at the gate that makes the value."""
        if node.gate is not None:
            return (
                f"{node.name}_gate:{self.side('w', 'n')}" if node.gate.rows else f"{node.name}_gate"
            )
        return node.name if node.kind == "row" else f"{node.name}:{self.side('w', 'n')}"
