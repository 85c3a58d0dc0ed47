"""The graph that a picture is made of: the user's nodes, or the finer ones they unfold into.

`cells(root)` reads the graph as it is. `refine(cells, chosen)` replaces coarse gates by the graph
that their `decompose` rule builds, computed on copies of their parents, with the gradient sent
through it from the coarse gate's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from autodiff import Constant, DomainError, Gate, Value, topological_order
from autodiff.graph import adjoints
from autodiff.value import UNREACHED

__all__ = ["Cell", "Cells", "cells", "is_coarse", "refine", "slots", "split"]


T = TypeVar("T")


class Cell(NamedTuple):
    """What a picture needs to know of a node. `grad` is None where no backward pass has been."""

    gate: Gate | None
    parents: tuple[Value, ...]
    locals: tuple[float, ...]
    data: float
    grad: float | None


Cells = dict[Value, Cell]  # in topological order


def cells(order: list[Value], reached: bool) -> Cells:
    """The graph as it stands; without gradients unless the root has been `reached`."""
    return {
        v: Cell(
            v.gate,
            v.parents,
            v.local_grads,
            v.data,
            v.grad if reached and v.grad is not UNREACHED else None,
        )
        for v in order
    }


def is_coarse(cell: Cell) -> bool:
    """Whether its gate can be unfolded."""
    return cell.gate is not None and cell.gate.decompose is not None


def slots(gate: Gate, count: int) -> list[str]:
    """The names of a gate's `count` inputs: "a", "b" or "w[0]", "w[1]", "b".

    >>> from autodiff import GATES
    >>> slots(GATES["affine"], 5)
    ['w[0]', 'w[1]', 'x[0]', 'x[1]', 'b']
    """
    return [
        f"{name}[{i}]" if name in gate.rows else name
        for name, group in split(gate, tuple(range(count))).items()
        for i in range(len(group))
    ]


def split(gate: Gate, inputs: tuple[T, ...]) -> dict[str, tuple[T, ...]]:
    """A gate's inputs by name, single inputs as tuples of one."""
    named = gate.split(inputs)
    return {name: x if name in gate.rows else (x,) for name, x in named.items()}


def refine(graph: Cells, chosen: Callable[[Value, Cell], bool]) -> tuple[Cells, list[str]]:
    """Unfold every coarse gate that is `chosen`, and what it unfolds into, as far as it goes.

    Returns the finer graph and a sentence for each gate that had to stay whole: its pieces may
    overflow where the gate itself, written with care, does not.
    """
    fine: Cells = {}
    kept: dict[str, str] = {}
    for v, cell in graph.items():
        if not (is_coarse(cell) and chosen(v, cell)):
            fine[v] = cell
            continue
        stack: list[tuple[Value, Cell]] = [(v, cell)]
        while stack:  # a last-in-first-out walk keeps the topological order
            node, whole = stack.pop()
            pieces = _pieces(node, whole, kept) if is_coarse(whole) else None
            if pieces is None:
                fine[node] = whole
            else:
                stack.extend(reversed(pieces))
    return fine, list(kept.values())


def _pieces(v: Value, cell: Cell, kept: dict[str, str]) -> list[tuple[Value, Cell]] | None:
    """The finer graph of one gate, in topological order; its last node stands for `v` itself."""
    gate = cell.gate
    assert gate is not None
    copies: dict[Value, Value] = {}
    for parent in cell.parents:
        if parent not in copies:
            # a constant stays one, so that its copy is told from a number of the decomposition
            kind = Constant if isinstance(parent, Constant) else Value
            copies[parent] = kind(parent.data)
    original = {copy: parent for parent, copy in copies.items()}
    inputs = gate.split(tuple(copies[parent] for parent in cell.parents))
    try:
        root = gate.unfold(*inputs.values())
    except DomainError:
        kept[gate.name] = f"{gate.symbol} is kept whole: its pieces overflow at this input"
        return None
    if root in original:  # the sum of one element is that element
        return None
    if abs(root.data - cell.data) > 1e-6 * max(1.0, abs(cell.data)):
        kept[gate.name] = f"{gate.symbol} is kept whole: its inputs were changed after it fired"
        return None
    order = [node for node in topological_order(root) if node not in original]
    grads = {} if cell.grad is None else adjoints(order, {root: cell.grad})
    return [
        (
            v if node is root else node,
            Cell(
                node.gate,
                tuple(original.get(parent, parent) for parent in node.parents),
                node.local_grads,
                cell.data if node is root else node.data,
                grads.get(node),
            ),
        )
        for node in order
    ]
