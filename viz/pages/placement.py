"""Where the parts of a page's diagram lie: each group's inside is laid out by itself.

Lengths are CSS pixels. An item's box is its body and, to the right, a stub of wire that carries
the value above and the gradient below.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..layout import columns

__all__ = ["Plan", "constant_size", "gate_size", "group_size", "leaf_size", "place"]

STUB = 66  # the wire that shows the numbers: room for "−0.0001234"
HEIGHT = 46
LONGEST, LONGEST_TITLE = 22, 30  # characters of a label, and of a box's title, that are shown


@dataclass
class Plan:
    """Items, and wires between them (by place).

    An item is a node ("n"), a folded group ("g") or a node outside that is read here ("x"), and
    its number; `sizes` are of their boxes. What is outside keeps the order of its wires.
    """

    items: dict[tuple[str, int], int] = field(default_factory=dict)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    wires: dict[tuple[int, int], None] = field(default_factory=dict)

    def place_of(self, kind: str, number: int, size: tuple[int, int] = (0, 0)) -> int:
        """The place of an item, a new one when it is first met."""
        if (kind, number) not in self.items:
            self.items[kind, number] = len(self.sizes)
            self.sizes.append(size)
        return self.items[kind, number]


def gate_size(symbol: str) -> tuple[int, int]:
    """The box of a gate: a circle, or a pill where the symbol is long."""
    return max(36, _width(symbol) + 20) + STUB, HEIGHT


def leaf_size(label: str) -> tuple[int, int]:
    """The box of a leaf."""
    return _width(label or "·") + 22 + STUB, HEIGHT


def constant_size(text: str) -> tuple[int, int]:
    """The box of a constant: only a number, with no stub."""
    return _width(text) + 10, 30


def group_size(title: str) -> tuple[int, int]:
    """The box of a folded group."""
    return max(84, _width(title, LONGEST_TITLE) + 40) + STUB, HEIGHT


def _width(text: str, longest: int = LONGEST) -> int:
    shown = text[:longest]
    return round(sum(14 if unicodedata.east_asian_width(c) in "WF" else 8 for c in shown))


def place(plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """Each plan's items with the centres of their boxes, and the plan's width and height."""
    known: dict[Any, list[columns.Point]] = {}  # equal neurons have equal insides
    layouts = []
    for plan in plans:
        key = tuple(plan.sizes), tuple(plan.wires)
        if key not in known:
            known[key] = _corners(plan)
        found = zip(plan.items, known[key], plan.sizes, strict=True)
        boxes = [(item, *corner, *size) for item, corner, size in found if item[0] != "x"]
        left = min((x for _, x, _, _, _ in boxes), default=0.0)
        top = min((y for _, _, y, _, _ in boxes), default=0.0)
        layouts.append(
            {
                "w": round(max((x + w for _, x, _, w, _ in boxes), default=0) - left, 1),
                "h": round(max((y + h for _, _, y, _, h in boxes), default=0) - top, 1),
                "items": [
                    [*item, round(x - left + w / 2, 1), round(y - top + h / 2, 1)]
                    for item, x, y, w, h in boxes
                ],
            }
        )
    return layouts


def _corners(plan: Plan) -> list[columns.Point]:
    """The upper left corner of each item; the wires into one end in order, from above."""
    many = Counter(head for _, head in plan.wires)
    seen: Counter[int] = Counter()
    wires = []
    for tail, head in plan.wires:
        wires.append(columns.Wire(tail, head, seen[head]))
        seen[head] += 1
    boxes = [
        columns.Box(w, h, [(0.0, h * (i + 1) / (many[k] + 1)) for i in range(many[k])], h / 2)
        for k, (w, h) in enumerate(plan.sizes)
    ]
    return columns.place(boxes, wires, (), (), ()).boxes
