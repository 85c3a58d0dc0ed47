"""A graph as an exported page knows it: nodes, groups that fold, and where everything lies.

The page holds the graph at its finest. Every module call (and every term of a long sum) is a
group of nodes; every coarse gate is a node of its own and a group of the finer nodes that it
unfolds into. Which groups are open is the page's affair.

Each group's inside is laid out by itself, by Graphviz, with all its groups folded; opening one
makes the page stretch what surrounds it. So no layout has to be made again in the page, and what
the reader has already seen keeps its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from autodiff import Constant, Value, topological_order

from ..fold.calls import Frame, frames, path, term_frames
from ..fold.cells import Whole, cells, finer
from ..words.names import Naming
from ..words.numbers import number
from .placement import Item, Plan, constant_size, gate_size, group_size, leaf_size, place

__all__ = ["LIMIT", "Scene", "scene"]

LIMIT = 4000  # nodes that a page can hold, finer ones included
CROWD = 1200  # nodes that one layout can hold
DEEPEST = 8  # unfoldings within unfoldings
BUSY = 60  # gates from which on a page opens with its groups folded


@dataclass
class Group:
    """What folds into one box: a module call, a term of a sum, the finer graph of a gate."""

    title: str
    level: str
    parent: int
    of: int = -1  # the coarse gate's node
    out: int = -1  # the finer node that stands for it
    open: bool = False


@dataclass
class Scene:
    """`nodes` are in topological order, finer ones before the coarse gate they belong to."""

    nodes: list[dict[str, Any]] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    values: list[Value | None] = field(default_factory=list)
    root: int = 0
    title: str = ""

    def gates(self) -> list[str]:
        """The names of the gates that occur."""
        return list(dict.fromkeys(n["gate"] for n in self.nodes if n["gate"]))

    def data(self) -> dict[str, Any]:
        """For the page: nodes, groups, and a layout for each group and for the whole."""
        layouts = place(_plans(self))
        return {
            "title": self.title,
            "root": self.root,
            "nodes": self.nodes,
            "groups": [
                {
                    "title": g.title,
                    "level": g.level,
                    "parent": g.parent,
                    "of": g.of,
                    "out": g.out,
                    "open": g.open,
                    "size": group_size(g.title),
                }
                for g in self.groups
            ],
            "layouts": layouts,
        }


def scene(root: Value, title: str = "", fold: bool | None = None, *, grouped: bool = True) -> Scene:
    """Read the graph below `root`.

    fold     whether groups start folded; None folds them in graphs of more than sixty gates
    grouped  False leaves the graph's own gates only, with nothing to fold or unfold

    Raises ValueError for a graph that is too large to be looked at, saying how large it is.
    """
    if not isinstance(root, Value):
        raise TypeError(f"a page is made of a Value, the root of a graph; got {root!r}")
    order = topological_order(root)
    if len(order) > LIMIT:
        raise ValueError(
            f"the graph of {root.describe()} has {len(order)} nodes; a page holds up to {LIMIT}. "
            "Give a smaller root, such as the loss of one example"
        )
    gates = sum(v.gate is not None for v in order)
    made = Scene(title=title or root.label or "A computational graph")
    _Builder(made, order, gates > BUSY if fold is None else fold, grouped).build()
    return made


class _Builder:
    """Fills a `Scene` with the nodes of a graph, its module calls, and its gates' finer graphs."""

    def __init__(self, made: Scene, order: list[Value], folded: bool, grouped: bool) -> None:
        self.made = made
        self.order = order
        self.folded = folded
        self.grouped = grouped
        self.names = Naming(order)
        self.spare = LIMIT - len(order)  # finer nodes that there is still room for
        self.where: dict[Frame, int] = {}

    def build(self) -> None:
        graph = cells(self.order, False)
        inside = frames(graph, term_frames(graph), {}) if self.grouped else {}
        index: dict[Value, int] = {}
        for v in self.order:
            index[v] = self.add(v, [index[p] for p in v.parents], self.home(inside.get(v)))
        self.made.root = index[self.order[-1]]

    def home(self, frame: Frame | None) -> int:
        """The group of a frame, made with those around it when first met."""
        if frame is None:
            return -1
        for step in path(frame):
            if step not in self.where:
                parent = self.where[step.parent] if step.parent else -1
                self.where[step] = len(self.made.groups)
                opened = not self.folded or step.level == "model"
                self.made.groups.append(Group(step.title, step.level, parent, open=opened))
        return self.where[frame]

    def add(self, v: Value, parents: list[int], home: int, depth: int = 0) -> int:
        """Add a node and, before it, the finer nodes that it unfolds into; return its index."""
        group = self.unfold(v, parents, home, depth) if v.gate and self.grouped else -1
        kind = "gate" if v.gate else "constant" if isinstance(v, Constant) else "leaf"
        if v.gate:
            size = gate_size(v.gate.symbol)
        else:
            size = constant_size(number(v.data)) if kind == "constant" else leaf_size(v.label)
        node = {
            "gate": v.gate.name if v.gate else None,
            "parents": parents,
            "data": v.data,
            "label": v.label,
            "name": self.names(v) if v.gate else v.label,
            "kind": kind,
            "home": home,
            "size": size,
        }
        if group >= 0:
            node["inner"] = group
            self.made.groups[group].of = len(self.made.nodes)
        self.made.nodes.append(node)
        self.made.values.append(v if depth == 0 else None)
        return len(self.made.nodes) - 1

    def unfold(self, v: Value, parents: list[int], home: int, depth: int) -> int:
        """Add the graph of a coarse gate's `decompose` rule, as a group; -1 if it has none."""
        gate = v.gate
        if gate is None or gate.decompose is None or depth > DEEPEST:
            return -1
        try:
            order, original = finer(gate, v.parents, v.data)
        except Whole:
            return -1
        if len(order) > self.spare:
            return -1
        self.spare -= len(order)
        number_of = dict(zip(v.parents, parents, strict=True))
        index = {copy: number_of[parent] for copy, parent in original.items()}
        group = len(self.made.groups)
        self.made.groups.append(Group(gate.name, "gate", home))
        for piece in order:
            index[piece] = self.add(piece, [index[p] for p in piece.parents], group, depth + 1)
        self.made.groups[group].out = index[order[-1]]
        return group


def _plans(made: Scene) -> list[Plan]:
    """For each group, and first for the whole: what lies in it and how that is wired, folded."""
    plans = [Plan() for _ in range(len(made.groups) + 1)]
    slots: list[dict[tuple[str, int], int]] = [{} for _ in plans]

    def slot(home: int, item: Item) -> int:
        """Where an item stands in the plan of its home."""
        known = slots[home + 1]
        key = (item.kind, item.number)
        if key not in known:
            known[key] = len(plans[home + 1].items)
            plans[home + 1].items.append(item)
        return known[key]

    def chain(i: int) -> list[int]:
        """The groups around node i, outermost first."""
        path = []
        g = made.nodes[i]["home"]
        while g >= 0:
            path.append(g)
            g = made.groups[g].parent
        return path[::-1]

    def item(path: list[int], i: int, depth: int) -> Item:
        """What of node i is to be seen at this depth: itself, or the group that holds it.

        A coarse gate's group is drawn as that gate while it is folded.
        """
        if depth == len(path):
            return Item("n", i, tuple(made.nodes[i]["size"]))
        group = made.groups[path[depth]]
        if group.of >= 0:
            return Item("n", group.of, tuple(made.nodes[group.of]["size"]))
        return Item("g", path[depth], group_size(group.title))

    for i, node in enumerate(made.nodes):
        path = chain(i)
        for depth in range(len(path) + 1):
            home = path[depth - 1] if depth else -1
            here = slot(home, item(path, i, depth))
            for parent in node["parents"]:
                above = chain(parent)
                if above[:depth] == path[:depth]:
                    there = slot(home, item(above, parent, depth))
                    if there != here:
                        plans[home + 1].wires.append((there, here))
                else:
                    plans[home + 1].enter(parent, here)
    for plan in plans:
        if len(plan.items) > CROWD:
            raise ValueError(
                f"{len(plan.items)} nodes lie side by side in this graph; a page lays out up to "
                f"{CROWD}. Give a smaller root, or build the graph from nn modules, which fold"
            )
    return plans
