"""The nodes of a picture: a node of the graph alone, or several in one box."""

from __future__ import annotations

import math

from autodiff import Constant, Value

from ..words.numbers import number
from .calls import Frame
from .cells import Cells
from .picture import Kind, Line, Node
from .places import Bundle

__all__ = ["box", "single"]


def single(v: Value, name: str, cluster: str | None, graph: Cells, label: str) -> Node:
    """A node that is drawn alone."""
    cell = graph[v]
    grads = None if cell.grad is None else (cell.grad,)
    kind: Kind = "gate"
    text = ""
    leaves: dict[Value, float | None] = {}
    if cell.gate is not None:
        text = cell.gate.symbol
    elif isinstance(v, Constant):
        kind, text, grads, leaves = (
            "constant",
            label or _written(cell.data),
            None,
            {v: None},
        )
    else:
        kind, text, leaves = "input", label, {v: cell.grad}
    return Node(name, kind, text, label, (cell.data,), grads, cell.gate, cluster, (v,), leaves)


def _written(x: float) -> str:
    """A constant as somebody wrote it down, if that was short: 1.00001 is not 1."""
    exact = number(x, 8)
    return exact if math.isfinite(x) and len(exact) <= 8 and float(exact) == x else number(x)


def box(
    at: Frame | Bundle,
    name: str,
    cluster: str | None,
    members: list[Value],
    outputs: list[Value],
    graph: Cells,
    label: str,
) -> Node:
    """Several nodes in one box: the range of what it hands on, and of the parameters in it."""
    values, grads = _numbers(outputs, graph)
    leaves = {
        v: None if isinstance(v, Constant) else graph[v].grad
        for v in members
        if graph[v].gate is None
    }
    held = [v for v in leaves if not isinstance(v, Constant) and isinstance(at, Frame)]
    if isinstance(at, Bundle):
        counted = at.title.startswith(str(len(outputs)))
        lines = [Line("" if counted else _count(len(outputs), "value"), values, grads)]
    else:
        lines = [Line(_count(len(outputs), "output") if outputs[1:] else "out", values, grads)]
        if held:
            lines.append(Line(_count(len(held), "parameter"), *_numbers(held, graph)))
    return Node(
        name,
        "box",
        at.title,
        label,
        values,
        grads,
        cluster=cluster,
        members=tuple(members),
        leaf_grads=leaves,
        lines=tuple(lines),
    )


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def _numbers(
    group: list[Value], graph: Cells
) -> tuple[tuple[float, ...], tuple[float, ...] | None]:
    values = tuple(graph[v].data for v in group)
    found = [graph[v].grad for v in group if not isinstance(v, Constant)]
    grads = tuple(g for g in found if g is not None)
    return values, grads if grads else None
