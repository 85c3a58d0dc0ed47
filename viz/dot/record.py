"""The style of micrograd's notebook: every value a box with its name, number and gradient."""

from __future__ import annotations

from ..fold.picture import Edge, Node
from .markup import label, row, table, words
from .render import Diagram
from .writer import Writer

__all__ = ["Record"]


class Record(Writer):
    """Writes the "record" style."""

    def draw_node(self, node: Node, graph: Diagram) -> None:
        """A value's box, with the gate that made it before it."""
        theme = self.theme
        if node.kind == "box":
            self.draw_box(node, graph)
            return
        if node.kind == "row":
            graph.node(
                node.name,
                label="",
                shape="circle",
                style="filled",
                fillcolor=theme.wire,
                color=theme.wire,
                width="0.1",
                fixedsize="true",
            )
            return
        if node.kind == "gate":
            self.draw_gate(f"{node.name}_gate", node.text, graph)
            stroke = {"weight": "8"}
            if self.flowing:
                stroke |= self.stroke([node.grads[0] if node.grads else None])
            graph.edge(f"{node.name}_gate", f"{node.name}:{self.side('w', 'n')}", **stroke)
        name = node.label if node.kind != "constant" else self.constant_text(node)
        cells = [words(name, heavy=True, padding=5)] if name else []
        if node.kind != "constant":
            for word, text, ink in (
                ("data", self.value_text(node), theme.value),
                ("grad", self.grad_text(node), theme.grad),
            ):
                if text:
                    cells.append(words(f"{word} {text}", ink, padding=5))
        graph.node(
            node.name,
            label(
                table(
                    [row(*cells)],
                    CELLBORDER=1,
                    COLOR=theme.gate_edge,
                    BGCOLOR=theme.input,
                    CELLPADDING=5,
                )
            ),
        )

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
