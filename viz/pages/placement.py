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

__all__ = ["Plan", "place", "size_of"]

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


def size_of(kind: str, text: str) -> tuple[int, int]:
    """The box of a "leaf", a "gate" (a circle, or a pill where its symbol is long), a folded
    "group", or a "constant", which is only a number and has no stub."""
    shown = text[: LONGEST_TITLE if kind == "group" else LONGEST]
    width = sum(14 if unicodedata.east_asian_width(c) in "WF" else 8 for c in shown or "·")
    if kind == "constant":
        return width + 10, 30
    least, room = {"leaf": (0, 22), "gate": (36, 20), "group": (84, 40)}[kind]
    return max(least, width + room) + STUB, HEIGHT


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
