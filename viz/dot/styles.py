"""How values look: as in CS231n, or as in micrograd's notebook."""

from __future__ import annotations

from ..fold.picture import Node
from ..languages.translate import translate
from ..words.pictures import constant_text
from .drawing import Curve, Mark, Shape, Text
from .markup import width
from .writer import LINE, STUB, Glyph, Writer

__all__ = ["Circuit", "Record", "style_of"]


class Circuit(Writer):
    """Round gates, numbers on the wires: the value above, the gradient below (or left and right of
    a vertical wire)."""

    def value(self, node: Node) -> Glyph:
        """A gate with its wire, an input with its wire, or a number."""
        ink = self.inks(node).ink
        if node.kind == "constant":
            return self.word(node, constant_text(node), ink, bold=False)
        if node.kind == "input":
            word = self.word(node, self.written[node.text], ink)
            return self.joined(word, self.stub(node, "", ""))
        last, label = node.name == self.picture.root, self.written[node.label]
        wire = self.stub(node, "" if last else label, label if last else "")
        return self.joined(self.gate(node), wire)

    def box(self, node: Node) -> Glyph:
        """A folded box; the last one with its wire."""
        found = super().box(node)
        last = node.name == self.picture.root
        return self.joined(found, self.stub(node, "", node.label)) if last else found

    def word(self, node: Node, text: str, ink: str, bold: bool = True) -> Glyph:
        """A name or a number."""
        w = width(text, 14, bold) + 4.0 if text else 0.0
        h = LINE * (1 + text.count("\n")) if text else 0.0
        marks: list[Mark] = [Shape(node.name, "point", w / 2, h / 2, 0, 0)]
        marks.append(Text(w / 2, h / 2, text, ink, 14, bold, "middle"))
        return Glyph(w, h, [], h / 2 if self.across else w / 2, marks)

    def stub(self, node: Node, named: str, end: str) -> Glyph:
        """The stretch of wire with the numbers; `end` stands at its end."""
        theme, wire = self.inks(node), f"{node.name}_wire"
        value, grad = self.figure(node.values[0]), self.grad_text(node)
        value = f"{named} = {value}" if named else value
        wide = max(width(text, 14) if text else 0.0 for text in (value, grad))
        tip = width(end, 14, True) + 6.0 if end else 0.0
        numbers = ((value, theme.value), (grad, theme.grad))
        if self.across:
            long = max(wide, STUB) + 6
            size, out, ends = (long + tip, 2 * LINE), LINE, ((0.0, LINE), (long, LINE))
            marks: list[Mark] = [
                Text(long / 2, LINE + side * 9.5, text, ink, anchor="middle")
                for side, (text, ink) in zip((-1, 1), numbers, strict=True)
            ]
            marks.append(Text(long + 4, LINE, end, theme.ink, 14, True))
        else:
            long = STUB + 6
            out = max(2 * (wide + 6), tip) / 2
            size, ends = (2 * out, long + (LINE if end else 0)), ((out, 0.0), (out, long))
            marks = [
                Text(out + side * 5, long / 2, text, ink, anchor=anchor)
                for side, anchor, (text, ink) in zip(
                    (-1, 1), ("end", "start"), numbers, strict=True
                )
            ]
            marks.append(Text(out, long + LINE / 2, end, theme.ink, 14, True, "middle"))
        marks.append(Shape(wire, "point", *ends[1], 0, 0))
        marks.append(Curve(node.name, wire, ends, *self.stroke([node.grad])))
        return Glyph(*size, [], out, marks, wire)


class Record(Writer):
    """Every value a box with its name, number and gradient, and the gates between them."""

    def value(self, node: Node) -> Glyph:
        """A value's box, with the gate that made it before it."""
        if node.kind != "gate":
            return self.cells(node, node.name)
        return self.followed(self.gate(node), node)

    def box(self, node: Node) -> Glyph:
        """A folded box; the last one with the box of its value."""
        found = super().box(node)
        return self.followed(found, node) if node.name == self.picture.root else found

    def followed(self, gate: Glyph, node: Node) -> Glyph:
        """An arrow to the box of the value that a gate made."""
        box = self.cells(node, f"{node.name}_box")
        gap, w, h = 20.0, gate.width, gate.height
        wire = ((w, gate.out), (w + gap, gate.out))
        if not self.across:
            wire = ((gate.out, h), (gate.out, h + gap))
        gate.marks.append(Curve(node.name, box.tail, wire, *self.stroke([node.grad]), arrow=True))
        return self.joined(gate, box, gap)

    def cells(self, node: Node, name: str) -> Glyph:
        """A box with what there is to say of a value."""
        theme, grad = self.inks(node), self.grad_text(node)
        texts = [
            (self.written[node.label], theme.ink),
            (translate(f"data {self.figure(*node.values)}"), theme.value),
        ]
        if grad:
            texts.append((translate(f"grad {grad}"), theme.grad))
        if node.kind == "constant":
            texts = [(constant_text(node), theme.ink)]
        x, h = 0.0, 28.0
        marks: list[Mark] = []
        for k, (text, ink) in enumerate(texts):
            if text:
                bold = k == 0
                w = width(text, 14, bold) + 14.0
                cell = f"{name}_{len(marks)}" if marks else name
                marks.append(Shape(cell, "box", x, 0, w, h, theme.input, theme.gate_edge))
                marks.append(Text(x + w / 2, h / 2, text, ink, 14, bold, "middle"))
                x += w
        return Glyph(x, h, [], h / 2 if self.across else x / 2, marks, name)


STYLES: dict[str, type[Writer]] = {"circuit": Circuit, "record": Record}


def style_of(name: str) -> type[Writer]:
    """The style called `name`."""
    if name not in STYLES:
        raise ValueError(f"unknown style {name!r}; choose one of {', '.join(STYLES)}")
    return STYLES[name]
