"""The nodes of a picture: a node of the graph alone, several in one box, or a bus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autodiff import Constant, Value

from .calls import Frame
from .picture import Kind, Line, Node
from .places import Bundle, Bus, Place, Plan

__all__ = ["drawn"]


def drawn(
    at: Place,
    name: str,
    cluster: str | None,
    members: list[Value],
    outputs: list[Value],
    plan: Plan,
) -> Node:
    """What is drawn at a place whose `members` hand on `outputs`."""
    if isinstance(at, Bus):
        return Node(name, "row", "", cluster=cluster)
    label = plan.name_of(outputs[0]) if len(outputs) == 1 else ""
    gate = plan.graph[at].gate if isinstance(at, Value) else None
    kind: Kind = "box"
    lines: tuple[Line, ...] = ()
    if isinstance(at, Value):
        kind = "gate" if gate else "constant" if isinstance(at, Constant) else "input"
        text = gate.symbol if gate else label
    else:
        text, lines = at.title, tuple(_lines(at, members, outputs, plan))
    leaves = {v: plan.graph[v].grad for v in members if plan.graph[v].gate is None}
    numbers = _numbers(outputs, plan)
    return Node(name, kind, text, label, *numbers, gate, cluster, tuple(members), leaves, lines)


def _lines(
    at: Frame | Bundle, members: list[Value], outputs: list[Value], plan: Plan
) -> Iterator[Line]:
    """The range of what a box hands on, and of the parameters in it."""
    count = len(outputs)
    if isinstance(at, Bundle):
        counted = at.title.startswith(str(count))
        values = "1 value" if count == 1 else f"{count} values"
        yield Line("" if counted else values, *_numbers(outputs, plan))
        return
    yield Line(f"{count} outputs" if count > 1 else "out", *_numbers(outputs, plan))
    held = [v for v in members if v.gate is None and not isinstance(v, Constant)]
    if held:
        parameters = "1 parameter" if len(held) == 1 else f"{len(held)} parameters"
        yield Line(parameters, *_numbers(held, plan))


def _numbers(
    group: Sequence[Value], plan: Plan
) -> tuple[tuple[float, ...], tuple[float, ...] | None]:
    cells = [plan.graph[v] for v in group]
    grads = tuple(cell.grad for cell in cells if cell.grad is not None)
    return tuple(cell.data for cell in cells), grads or None
