"""Where the parts of a page's diagram lie: Graphviz decides, for all groups in one run.

Lengths are CSS pixels. An item's box is its body and, to the right, a stub of wire that carries
the value above and the gradient below.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from ..dot.render import run

__all__ = ["Plan", "constant_size", "gate_size", "group_size", "leaf_size", "place"]

STUB = 66  # the wire that shows the numbers: room for "−0.0001234"
HEIGHT = 46
LONGEST, LONGEST_TITLE = 22, 30  # characters of a label, and of a box's title, that are shown
CROSSINGS = 1500  # ranks that the wires of one layout may cross
_DPI = 72


@dataclass
class Plan:
    """Items, wires between them (by place), and by outside node the items that read it.

    An item is a node ("n") or a folded group ("g") and its number; `sizes` are of their boxes.
    """

    items: dict[tuple[str, int], int] = field(default_factory=dict)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    wires: list[tuple[int, int]] = field(default_factory=list)
    entries: dict[int, dict[int, None]] = field(default_factory=dict)

    def place_of(self, kind: str, number: int, size: tuple[int, int]) -> int:
        """The place of an item, a new one when it is first met."""
        if (kind, number) not in self.items:
            self.items[kind, number] = len(self.sizes)
            self.sizes.append(size)
        return self.items[kind, number]

    def enter(self, source: int, to: int) -> None:
        """Note that the item at `to` reads the outside node `source`."""
        self.entries.setdefault(source, {})[to] = None

    def dot(self) -> str:
        """The plan as Graphviz text.

        Sources outside are points without size: they keep the items in the order of the wires
        that come in.
        """
        lines = [
            "digraph { rankdir=LR; nodesep=0.16; ranksep=0.42;",
            'node [shape=box, fixedsize=true, label=""]; edge [tailport=e, headport=w];',
        ]
        for k, (width, height) in enumerate(self.sizes):
            lines.append(f"n{k} [width={width / _DPI:.4f}, height={height / _DPI:.4f}];")
        lines += [f"x{k} [width=0.01, height=0.01];" for k in range(len(self.entries))]
        lines += [f"n{tail} -> n{head};" for tail, head in self._guides()]
        for k, readers in enumerate(self.entries.values()):
            lines += [f"x{k} -> n{head};" for head in readers]
        return "\n".join([*lines, "}"])

    def _guides(self) -> list[tuple[int, int]]:
        """The wires that Graphviz is told of: all, unless they are long and many.

        It puts a point into every rank that a wire crosses, so an input that feeds both ends of a
        deep graph is dear. Of each item the shortest wire always counts: it keeps the item left
        of all that read it.
        """
        wires = dict.fromkeys(self.wires)
        before: dict[int, list[int]] = {k: [] for k in range(len(self.items))}
        after: dict[int, list[int]] = {k: [] for k in range(len(self.items))}
        for tail, head in wires:
            before[head].append(tail)
            after[tail].append(head)
        rank: dict[int, int] = {}
        order = list(TopologicalSorter(before).static_order())
        for k in order:
            rank[k] = max((rank[j] + 1 for j in before[k]), default=0)
        for k in reversed(order):  # what nothing precedes stands right before its first reader
            if after[k] and not before[k]:
                rank[k] = min(rank[j] for j in after[k]) - 1
        kept = {(tail, min(heads, key=rank.__getitem__)) for tail, heads in after.items() if heads}
        room = CROSSINGS
        for tail, head in sorted(wires, key=lambda wire: rank[wire[1]] - rank[wire[0]]):
            room -= rank[head] - rank[tail] - 1
            if room < 0:
                break
            kept.add((tail, head))
        return [wire for wire in wires if wire in kept]


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
    texts = [plan.dot() for plan in plans]
    distinct = list(dict.fromkeys(texts))  # equal neurons have equal insides
    answers = dict(zip(distinct, _run(distinct), strict=True))
    layouts = []
    for plan, text in zip(plans, texts, strict=True):
        centres = answers[text]
        boxes = [(*centres[f"n{k}"], *size) for k, size in enumerate(plan.sizes)]
        left = min((x - w / 2 for x, _, w, _ in boxes), default=0)
        right = max((x + w / 2 for x, _, w, _ in boxes), default=0)
        top = min((y - h / 2 for _, y, _, h in boxes), default=0)
        bottom = max((y + h / 2 for _, y, _, h in boxes), default=0)
        items = [
            [kind, number, round(x - left, 1), round(y - top, 1)]
            for (kind, number), (x, y, _, _) in zip(plan.items, boxes, strict=True)
        ]
        layouts.append({"w": round(right - left, 1), "h": round(bottom - top, 1), "items": items})
    return layouts


def _run(texts: Sequence[str]) -> list[dict[str, tuple[float, float]]]:
    """Lay out several graphs at once: for each, its nodes' centres, y downwards."""
    answer = run("\n".join(texts), "auto", "-Kdot", "-Tplain").decode()
    found: list[dict[str, tuple[float, float]]] = []
    height = 0.0
    for line in answer.splitlines():
        word, _, rest = line.partition(" ")
        if word == "graph":
            found.append({})
            height = float(rest.split()[2])
        elif word == "node":
            name, x, y, *_ = rest.split()
            found[-1][name] = (float(x) * _DPI, (height - float(y)) * _DPI)
    return found
