"""A graph as an exported page knows it: nodes, groups that fold, and where everything lies.

The page holds the graph at its finest. Every module call (and every term of a long sum) is a
group of nodes; every coarse gate is a node of its own and a group of the finer nodes that it
unfolds into. Which groups are open is the page's affair.

Each group's inside is laid out by itself, with all its groups folded; opening one makes the page
stretch what surrounds it. So no layout has to be made again in the page, and what the reader has
already seen keeps its place.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from autodiff import Constant, Value, topological_order

from ..fold.calls import Frame, frames, path, term_frames
from ..fold.cells import Cell, Whole, cells, is_coarse, pieces
from ..words.names import Naming
from ..words.numbers import number
from ..words.symbols import typeset
from .placement import Plan, place, size_of

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
    index: dict[Value, int] = field(default_factory=dict)  # where the graph's nodes stand
    root: int = 0
    title: str = ""

    def gates(self) -> list[str]:
        """The names of the gates that occur."""
        return list(dict.fromkeys(n["gate"] for n in self.nodes if n["gate"]))

    def data(self) -> dict[str, Any]:
        """For the page: nodes, groups, and a layout for each group and for the whole."""
        return {
            "title": self.title,
            "root": self.root,
            "nodes": self.nodes,
            "groups": [asdict(g) | {"size": size_of("group", g.title)} for g in self.groups],
            "layouts": place(_plans(self)),
        }


def scene(root: Value, title: str = "", fold: bool | None = None, *, grouped: bool = True) -> Scene:
    """Read the graph below `root`.

    fold     whether groups inside the model start folded; None folds them in graphs of more than
             sixty gates
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
    graph = cells(order, {})
    made = Scene(title=title or root.label or "A computational graph")
    folded = sum(v.gate is not None for v in order) > BUSY if fold is None else fold
    build = _Builder(made, order, folded, grouped)
    inside = frames(graph, term_frames(graph), {}) if grouped else {}
    for v, cell in graph.items():
        build.add(v, cell, build.home(inside.get(v)))
    made.root = made.index[root]
    return made


class _Builder:
    """Fills a `Scene` with the nodes of a graph, its module calls, and its gates' finer graphs."""

    def __init__(self, made: Scene, order: list[Value], folded: bool, grouped: bool) -> None:
        self.made = made
        self.folded = folded
        self.grouped = grouped
        self.name = Naming(order)  # here of all but the finer nodes, which do not count before them
        self.written = typeset(self.name(v) for v in order if not isinstance(v, Constant))
        self.index = made.index  # of a coarse gate: first that of its last piece, then its own
        self.spare = LIMIT - len(order)  # finer nodes that there is still room for
        self.where: dict[Frame, int] = {}

    def home(self, frame: Frame | None) -> int:
        """The group of a frame, made with those around it when first met."""
        for step in path(frame) if frame else ():
            if step not in self.where:
                parent = self.where[step.parent] if step.parent else -1
                self.where[step] = len(self.made.groups)
                outermost = step.level == "model" and not step.parent
                opened = not self.folded or outermost
                self.made.groups.append(Group(step.title, step.level, parent, open=opened))
        return self.where[frame] if frame else -1

    def add(self, v: Value, cell: Cell, home: int, depth: int = 0) -> None:
        """Add a node and, before it, the finer nodes that it unfolds into."""
        gate = cell.gate
        kind = "gate" if gate else "constant" if isinstance(v, Constant) else "leaf"
        group = self.unfold(v, cell, home, depth) if self.grouped else -1
        name = number(v.data) if kind == "constant" else self.name(v)
        name = self.written.get(name, name)
        node = {
            "gate": gate.name if gate else None,
            "parents": [self.index[p] for p in cell.parents],
            "data": v.data,
            "name": name,
            "kind": kind,
            "home": home,
            "size": size_of(kind, gate.symbol if gate else name),
        }
        self.index[v] = len(self.made.nodes)
        if group >= 0:
            node["inner"] = group
            self.made.groups[group].of = self.index[v]
        self.made.nodes.append(node)

    def unfold(self, v: Value, cell: Cell, home: int, depth: int) -> int:
        """Add the finer graph of a coarse gate, as a group; -1 if it stays whole."""
        try:
            finer = pieces(v, cell) if is_coarse(cell) and depth <= DEEPEST else []
        except Whole:
            finer = []
        if cell.gate is None or not finer or len(finer) > self.spare:
            return -1
        self.spare -= len(finer)
        group = len(self.made.groups)
        self.made.groups.append(Group(cell.gate.name, "gate", home))
        for piece, its in finer:
            self.add(piece, its, group, depth + 1)
        self.made.groups[group].out = self.index[v]
        return group


def _plans(made: Scene) -> list[Plan]:
    """For each group, and first for the whole: what lies in it and how that is wired, folded."""
    plans = [Plan() for _ in (None, *made.groups)]

    def around(i: int) -> list[int]:
        """The groups around node i, outermost first; before them -1, the whole."""
        path = []
        g = made.nodes[i]["home"]
        while g >= 0:
            path.append(g)
            g = made.groups[g].parent
        return [-1, *path[::-1]]

    def place_in(path: list[int], i: int, depth: int) -> int:
        """The place, in the plan at this depth, of node i or of the group that holds it.

        A coarse gate's group is drawn as that gate while it is folded.
        """
        plan = plans[path[depth] + 1]
        if depth + 1 < len(path):
            group = made.groups[path[depth + 1]]
            if group.of < 0:
                return plan.place_of("g", path[depth + 1], size_of("group", group.title))
            i = group.of
        return plan.place_of("n", i, made.nodes[i]["size"])

    for i, node in enumerate(made.nodes):
        path = around(i)
        for depth, g in enumerate(path):
            plan, here = plans[g + 1], place_in(path, i, depth)
            for parent in node["parents"]:
                above = around(parent)
                if above[: depth + 1] == path[: depth + 1]:
                    there = place_in(above, parent, depth)
                else:
                    there = plan.place_of("x", parent)
                if there != here:
                    plan.wires[there, here] = None
    for plan in plans:
        if len(plan.items) > CROWD:
            raise ValueError(
                f"{len(plan.items)} nodes lie side by side in this graph; a page lays out up to "
                f"{CROWD}. Give a smaller root, or build the graph from nn modules, which fold"
            )
    return plans
