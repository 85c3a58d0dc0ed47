"""How values look: as in CS231n, or as in micrograd's notebook."""

from __future__ import annotations

from ..fold.picture import Node
from ..words.pictures import constant_text
from .drawing import Curve, Mark, Shape, Text
from .markup import width
from .writer import LINE, STUB, Glyph, Writer

__all__ = ["STYLES", "Circuit", "Record"]


class Circuit(Writer):
    """Round gates, numbers on the wires: the value above, the gradient below (or left and right of
    a vertical wire)."""

    def value(self, node: Node) -> Glyph:
        """A gate with its wire, an input with its wire, or a number."""
        if node.kind == "constant":
            text = constant_text(node)
            w = width(text, 14) + 4.0
            middle = Text(w / 2, LINE / 2, text, self.inks(node).ink, anchor="middle")
            anchor = Shape(node.name, "point", w / 2, LINE / 2, 0, 0)
            out = LINE / 2 if self.across else w / 2
            return Glyph(w, LINE, [], out, [anchor, middle])
        if node.kind == "gate":
            begin = self.gate(node)
            last = node.name == self.picture.root
            return self.on_wire(node, begin, "" if last else node.label, node.label if last else "")
        w = width(node.text, 14, True) + 4.0 if node.text else 0.0
        h = LINE * (1 + node.text.count("\n")) if node.text or self.across else 0.0
        x, y = w / 2, h / 2
        name = Text(x, y, node.text, self.inks(node).ink, 14, True, "middle")
        begin = Glyph(w, h, [], y if self.across else x, [Shape(node.name, "point", x, y, 0, 0)])
        begin.marks.append(name)
        return self.on_wire(node, begin, "", "")

    def on_wire(self, node: Node, begin: Glyph, named: str, end: str) -> Glyph:
        """`begin`, and behind it the stretch of wire with the numbers; `end` stands at its end."""
        theme = self.inks(node)
        value = self.figure(node.values[0])
        value = f"{named} = {value}" if named else value
        grad = self.grad_text(node)
        wide = [width(text, 14) if text else 0.0 for text in (value, grad)]
        tip = width(end, 14, True) + 6.0 if end else 0.0
        ink, thick, dotted = self.stroke([node.grad])
        wire = f"{node.name}_wire"
        if self.across:
            long = max(*wide, STUB) + 6
            high = max(begin.height, 2 * LINE)
            shift = (0.0, (high - begin.height) / 2)
            start, stop, middle = (
                (begin.width, high / 2),
                begin.width + long,
                begin.width + long / 2,
            )
            size = (stop + tip, high)
            ends = (stop, high / 2)
            numbers = [
                Text(middle, high / 2 - 9.5, value, theme.value, anchor="middle"),
                Text(middle, high / 2 + 9.5, grad, theme.grad, anchor="middle"),
                Text(stop + 4, high / 2, end, theme.ink, 14, True),
            ]
            out = high / 2
        else:
            half = max(*wide, 0.0) + 6
            broad = max(begin.width, 2 * half, tip)
            shift = ((broad - begin.width) / 2, 0.0)
            start, long = (broad / 2, begin.height), STUB + 6
            ends = (broad / 2, begin.height + long)
            size = (broad, ends[1] + (LINE if end else 0))
            level = begin.height + long / 2
            numbers = [
                Text(broad / 2 - 5, level, value, theme.value, anchor="end"),
                Text(broad / 2 + 5, level, grad, theme.grad),
                Text(broad / 2, ends[1] + LINE / 2, end, theme.ink, 14, True, "middle"),
            ]
            out = broad / 2
        marks: list[Mark] = [mark.moved(shift) for mark in begin.marks]
        marks += [Shape(wire, "point", *ends, 0, 0), *numbers]
        marks.append(Curve(node.name, wire, (start, ends), ink, thick, dotted))
        ins = [(x + shift[0], y + shift[1]) for x, y in begin.ins]
        return Glyph(*size, ins, out, marks, wire)


class Record(Writer):
    """Every value a box with its name, number and gradient, and the gates between them."""

    def value(self, node: Node) -> Glyph:
        """A value's box, with the gate that made it before it."""
        theme = self.inks(node)
        constant = node.kind == "constant"
        name = constant_text(node) if constant else node.label
        grad = self.grad_text(node)
        data = self.figure(node.values[0])
        cells = [(name, theme.ink, True)]
        if not constant:
            cells += [(f"data {data}", theme.value, False), (f"grad {grad}", theme.grad, False)]
        shown = [cell for cell, text in zip(cells, (name, data, grad), strict=False) if text]
        marks: list[Mark] = []
        x, y, high = 0.0, 0.0, 28.0
        gate = self.gate(node) if node.kind == "gate" else None
        box = node.name if gate is None else f"{node.name}_box"
        wide = sum(width(text, 14, bold) + 14.0 for text, _, bold in shown)
        if gate is not None:
            x, y = (gate.width + 20, 0.0) if self.across else (0.0, gate.height + 20)
        tall = max(high, gate.height if gate else 0.0) if self.across else high
        broad = wide if self.across else max(wide, gate.width if gate else 0.0)
        top = (tall - high) / 2 if self.across else y
        left = x if self.across else (broad - wide) / 2
        for k, (text, ink, bold) in enumerate(shown):
            w = width(text, 14, bold) + 14.0
            frame = (theme.input, theme.gate_edge)
            marks.append(Shape(box if k == 0 else f"{box}{k}", "box", left, top, w, high, *frame))
            marks.append(Text(left + w / 2, top + high / 2, text, ink, 14, bold, "middle"))
            left += w
        if gate is None:
            return Glyph(wide, high, [], high / 2 if self.across else wide / 2, marks)
        if self.across:
            shift = (0.0, (tall - gate.height) / 2)
            line = ((gate.width, tall / 2), (x, tall / 2))
            size, out = (x + wide, tall), tall / 2
        else:
            shift = ((broad - gate.width) / 2, 0.0)
            line = ((broad / 2, gate.height), (broad / 2, y))
            size, out = (broad, y + high), broad / 2
        marks += [mark.moved(shift) for mark in gate.marks]
        marks.append(Curve(node.name, box, line, *self.stroke([node.grad]), arrow=True))
        ins = [(a + shift[0], b + shift[1]) for a, b in gate.ins]
        return Glyph(*size, ins, out, marks, box)


STYLES: dict[str, type[Writer]] = {"circuit": Circuit, "record": Record}
