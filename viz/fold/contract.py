"""Contracting a graph: nodes that share a place become one node of the picture.

Rows are kept readable on the way: one that several gates read (the activations of a layer) becomes
one bus, instead of every wire to every gate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from autodiff import Value

from .boxes import box, single
from .calls import Frame
from .cells import Cells, slots, split
from .picture import Cluster, Edge, Node, Part
from .places import Bundle, Bus, Place

__all__ = ["Cyclic", "assemble"]

SPARED = 8  # wires that a bus must spare


class Cyclic(Exception):
    """The chosen places would make a picture with a cycle."""


def assemble(
    graph: Cells,
    place: dict[Value, Place],
    inside: dict[Value, Frame | None],
    root: Value,
    name_of: Callable[[Value], str],
) -> tuple[tuple[Node, ...], tuple[Edge, ...], tuple[Cluster, ...], str]:
    """Nodes, edges and frames of the picture, and the name of its root.

    Raises `Cyclic` if contracting to `place` closes a cycle.
    """
    members: dict[Place, list[Value]] = {}
    for v in graph:
        members.setdefault(place[v], []).append(v)
    wires = _wires(graph, place, members)
    sources = {head: _tails(parts) for head, parts in wires.items()}
    _add_buses(graph, place, members, wires, sources)
    order = _sorted(place[root], sources)
    names = {at: f"n{i}" for i, at in enumerate(order)}
    clusters = _Clusters()
    handed_on = {root}
    for v, cell in graph.items():
        handed_on.update(parent for parent in cell.parents if place[parent] is not place[v])
    nodes = []
    for at in order:
        inner = members.get(at, [])
        cluster = clusters.of(_frame_of(at, members, place, inside))
        if isinstance(at, Value):
            nodes.append(single(at, names[at], cluster, graph, name_of(at)))
        elif isinstance(at, Bus):
            nodes.append(Node(names[at], "row", "", cluster=cluster))
        else:
            outputs = [v for v in inner if v in handed_on]
            label = name_of(outputs[0]) if len(outputs) == 1 else ""
            nodes.append(box(at, names[at], cluster, inner, outputs, graph, label))
    edges = []
    for head in order:
        merged: dict[Place, list[Part]] = {}
        for tail, part in wires.get(head, []):
            if isinstance(head, Value) and isinstance(tail, Value):
                edges.append(Edge(names[tail], names[head], (part,)))
            else:
                merged.setdefault(tail, []).append(part)
        edges += [Edge(names[tail], names[head], tuple(parts)) for tail, parts in merged.items()]
    return tuple(nodes), tuple(edges), tuple(clusters.made), names[place[root]]


def _tails(parts: list[tuple[Place, Part]]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(tail for tail, _ in parts))


_Wires: TypeAlias = "dict[Place, list[tuple[Place, Part]]]"


def _wires(graph: Cells, place: dict[Value, Place], members: dict[Place, list[Value]]) -> _Wires:
    """What arrives at each place from other places, input by input."""
    wires: _Wires = {at: [] for at in members}
    for v, cell in graph.items():
        if cell.gate is None or not cell.parents:
            continue
        at = place[v]
        arriving = wires[at]
        names = slots(cell.gate, len(cell.parents))
        for name, parent, local in zip(names, cell.parents, cell.locals, strict=True):
            tail = place[parent]
            if tail is not at:
                down = None if cell.grad is None else cell.grad * local
                arriving.append((tail, Part(name, parent, local, cell.grad, down)))
    return wires


def _add_buses(
    graph: Cells,
    place: dict[Value, Place],
    members: dict[Place, list[Value]],
    wires: _Wires,
    sources: dict[Place, tuple[Place, ...]],
) -> None:
    """Where several places read the same long row, let them read it from a bus."""
    readers: dict[tuple[Place, ...], list[tuple[Place, set[str] | None]]] = {}
    for at, inner in members.items():
        if isinstance(at, Value):
            cell = graph[at]
            if cell.gate is None or not cell.gate.rows:
                continue
            for name, group in split(cell.gate, cell.parents).items():
                if name in cell.gate.rows:
                    tails = tuple(dict.fromkeys(place[parent] for parent in group))
                    row = {f"{name}[{i}]" for i in range(len(group))}
                    readers.setdefault(tails, []).append((at, row))
        elif inner:
            readers.setdefault(sources[at], []).append((at, None))
    for tails, heads in readers.items():
        spared = len(tails) * len(heads) - len(tails) - len(heads)
        if len(tails) < 2 or spared < SPARED:
            continue
        bus = Bus([*tails, *(head for head, _ in heads)])
        wires[bus] = []
        for head, chosen in heads:
            kept: list[tuple[Place, Part]] = []
            for tail, part in wires[head]:
                if chosen is None or part.slot in chosen:
                    wires[bus].append((tail, part))
                    kept.append((bus, part))
                else:
                    kept.append((tail, part))
            wires[head] = kept
            sources[head] = _tails(kept)
        sources[bus] = tails


def _sorted(root: Place, sources: dict[Place, tuple[Place, ...]]) -> list[Place]:
    """Topological order of the places, first input first; raises `Cyclic`."""
    order: list[Place] = []
    state: dict[Place, bool] = {}  # False: begun, True: in the order
    stack: list[tuple[Place, bool]] = [(root, False)]
    while stack:
        at, finished = stack.pop()
        if finished:
            state[at] = True
            order.append(at)
        elif at not in state:
            state[at] = False
            stack.append((at, True))
            for tail in reversed(sources.get(at, ())):
                if tail not in state:
                    stack.append((tail, False))
                elif not state[tail]:
                    raise Cyclic
    return order


def _frame_of(
    at: Place,
    members: dict[Place, list[Value]],
    place: dict[Value, Place],
    inside: dict[Value, Frame | None],
) -> Frame | None:
    """The open frame that a place is drawn in."""
    if isinstance(at, Frame):
        return at.parent
    if isinstance(at, Bus):  # between what it connects: in the frame around both ends
        ends = [
            end.parent if isinstance(end, Frame) else inside[members[end][0]] for end in at.ends
        ]
        return _around(ends)
    frame = inside[members[at][0]]
    if isinstance(at, Bundle) and frame is not None and frame.level in ("term", "sum"):
        return frame.parent
    return frame


def _around(frames: list[Frame | None]) -> Frame | None:
    """The innermost frame around all of these."""
    paths = [frame.path() if frame is not None else [] for frame in frames]
    common: Frame | None = None
    for steps in zip(*paths, strict=False):
        if len(set(steps)) > 1:
            break
        common = steps[0]
    return common


class _Clusters:
    """Names frames in the order in which they are met."""

    def __init__(self) -> None:
        self.made: list[Cluster] = []
        self.names: dict[Frame, str] = {}

    def of(self, frame: Frame | None) -> str | None:
        if frame is None:
            return None
        for step in frame.path():
            if step not in self.names:
                parent = self.names[step.parent] if step.parent is not None else None
                self.names[step] = f"c{len(self.made)}"
                self.made.append(Cluster(self.names[step], step.title, parent, step.module))
        return self.names[frame]
