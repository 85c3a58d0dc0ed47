"""Contracting a graph: nodes that share a place become one node of the picture.

Rows are kept readable on the way: one that several gates read (the activations of a layer) becomes
one bus, instead of every wire to every gate.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from autodiff import Value

from .boxes import drawn
from .calls import Frame, path, shared
from .cells import slots
from .picture import Cluster, Edge, Node, Part
from .places import Bundle, Bus, Place, Plan

__all__ = ["Cyclic", "assemble"]

SPARED = 5  # wires that a bus must spare


class Cyclic(Exception):
    """The chosen places would make a picture with a cycle."""


@dataclass(slots=True)
class _Wire:
    tail: Place
    part: Part


_Wires = dict[Place, list[_Wire]]  # what arrives at each place from other places, input by input


def assemble(
    plan: Plan, root: Value
) -> tuple[tuple[Node, ...], tuple[Edge, ...], tuple[Cluster, ...], str]:
    """Nodes, edges and frames of the picture, and the name of its root.

    Raises `Cyclic` if contracting to `plan.place` closes a cycle.
    """
    graph, place = plan.graph, plan.place
    members: dict[Place, list[Value]] = {}
    for v in graph:
        members.setdefault(place[v], []).append(v)
    wires = _wires(plan)
    _add_buses(plan, wires)
    order = _sorted(place[root], wires)
    names = {at: f"n{i}" for i, at in enumerate(order)}
    homes = {at: _frame_around(at, members, plan) for at in order}
    frames = dict.fromkeys(step for home in homes.values() for step in path(home))
    called: dict[Frame | None, str] = {step: f"c{i}" for i, step in enumerate(frames)}
    handed_on = {root}
    for v, cell in graph.items():
        handed_on.update(parent for parent in cell.parents if place[parent] is not place[v])
    nodes, edges = [], []
    for at in order:
        inner = members.get(at, [])
        outputs = [v for v in inner if v in handed_on]
        nodes.append(drawn(at, names[at], called.get(homes[at]), inner, outputs, plan))
        merged: dict[object, list[_Wire]] = {}
        for wire in wires[at]:  # of a gate every wire is drawn, of a box one from each place
            apart = isinstance(at, Value) and isinstance(wire.tail, Value)
            merged.setdefault(id(wire) if apart else wire.tail, []).append(wire)
        for same in merged.values():
            parts = tuple(wire.part for wire in same)
            edges.append(Edge(names[same[0].tail], names[at], parts))
    clusters = (Cluster(called[f], f.title, called.get(f.parent), f.module) for f in frames)
    return tuple(nodes), tuple(edges), tuple(clusters), names[place[root]]


def _wires(plan: Plan) -> _Wires:
    wires: _Wires = {at: [] for at in plan.place.values()}
    for v, cell in plan.graph.items():
        if cell.gate is None or not cell.parents:
            continue
        at = plan.place[v]
        names = slots(cell.gate, len(cell.parents))
        for name, parent, local in zip(names, cell.parents, cell.locals, strict=True):
            if (tail := plan.place[parent]) is not at:
                down = None if cell.grad is None else cell.grad * local
                wires[at].append(_Wire(tail, Part(name, parent, local, cell.grad, down)))
    return wires


def _tails(wires: list[_Wire]) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(wire.tail for wire in wires))


def _add_buses(plan: Plan, wires: _Wires) -> None:
    """Where several places read the same long row, let them read it from a bus."""
    readers: dict[tuple[Place, ...], list[tuple[Place, list[_Wire]]]] = {}
    for at, arriving in wires.items():
        for row in _rows(at, arriving, plan):
            readers.setdefault(_tails(row), []).append((at, row))
    for tails, rows in readers.items():
        spared = len(tails) * len(rows) - len(tails) - len(rows)
        if len(tails) < 2 or spared < SPARED:
            continue
        bus = Bus([*tails, *(head for head, _ in rows)])
        wires[bus] = [replace(wire) for _, row in rows for wire in row]
        for _, row in rows:
            for wire in row:
                wire.tail = bus


def _rows(at: Place, arriving: list[_Wire], plan: Plan) -> Iterator[list[_Wire]]:
    """What arrives together: at a gate each of its rows, at a box everything."""
    if not isinstance(at, Value):
        yield arriving
    elif gate := plan.graph[at].gate:
        for name in gate.rows:
            yield [wire for wire in arriving if wire.part.slot.startswith(f"{name}[")]


def _sorted(root: Place, wires: _Wires) -> list[Place]:
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
            for tail in reversed(_tails(wires[at])):
                if tail not in state:
                    stack.append((tail, False))
                elif not state[tail]:
                    raise Cyclic
    return order


def _frame_around(at: Place, members: dict[Place, list[Value]], plan: Plan) -> Frame | None:
    """The open frame that a place is drawn in."""
    if isinstance(at, Frame):
        return at.parent
    if isinstance(at, Bus):  # between what it connects: in the frame around both ends
        return shared(_frame_around(end, members, plan) for end in at.ends)
    frame = plan.inside[members[at][0]]
    if isinstance(at, Bundle) and frame is not None and frame.level in ("term", "sum"):
        return frame.parent
    return frame
