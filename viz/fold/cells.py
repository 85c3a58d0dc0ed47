"""The graph that a picture is made of: the user's nodes, or the finer ones they unfold into.

`cells(order)` reads the graph as it is. `refine(cells, chosen)` replaces coarse gates by the graph
that their `decompose` rule builds, with the gradient sent through it from the coarse gate's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from autodiff import Constant, DomainError, Gate, Value, topological_order
from autodiff.graph import adjoints
from autodiff.value import UNREACHED

__all__ = [
    "Cell",
    "Cells",
    "Whole",
    "cells",
    "finer",
    "is_coarse",
    "pieces",
    "refine",
    "slots",
    "split",
]


T = TypeVar("T")


class Cell(NamedTuple):
    """What a picture needs to know of a node. `grad` is None where no backward pass has been, and
    of constants."""

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
            None if not reached or v.grad is UNREACHED or isinstance(v, Constant) else v.grad,
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


class Whole(Exception):
    """A coarse gate that cannot be unfolded, and why; without a reason if it is so by nature."""


def finer(
    gate: Gate, parents: Sequence[Value], data: float
) -> tuple[list[Value], dict[Value, Value]]:
    """The graph that a coarse gate with the value `data` unfolds into, on copies of its parents.

    Returns the new nodes in topological order, and for each copy the parent that it stands for.

    Raises `Whole` where the pieces do not give the gate's value: they may overflow where the gate
    itself, written with care, does not.
    """
    # a constant stays one, so that its copy is told from a number of the decomposition
    copies = {p: (Constant if isinstance(p, Constant) else Value)(p.data) for p in parents}
    original = {copy: parent for parent, copy in copies.items()}
    try:
        root = gate.unfold(*gate.split([copies[p] for p in parents]).values())
    except DomainError:
        raise Whole(f"{gate.symbol} is kept whole: its pieces overflow at this input") from None
    if root in original:  # the sum of one element is that element
        raise Whole
    if abs(root.data - data) > 1e-6 * max(1.0, abs(data)):
        raise Whole(f"{gate.symbol} is kept whole: its inputs were changed after it fired")
    return [node for node in topological_order(root) if node not in original], original


def refine(graph: Cells, chosen: Callable[[Value, Cell], bool]) -> tuple[Cells, list[str]]:
    """Unfold every coarse gate that is `chosen`, and what it unfolds into, as far as it goes.

    Returns the finer graph and a sentence for each gate that had to stay whole.
    """
    fine: Cells = {}
    kept: dict[str, None] = {}
    for v, cell in graph.items():
        stack = [(v, cell)]
        unfolding = is_coarse(cell) and chosen(v, cell)
        while stack:  # a last-in-first-out walk keeps the topological order
            node, whole = stack.pop()
            try:
                if not (unfolding and is_coarse(whole)):
                    raise Whole
                stack.extend(reversed(pieces(node, whole)))
            except Whole as reason:
                fine[node] = whole
                kept.update(dict.fromkeys(reason.args))
    return fine, list(kept)


def pieces(v: Value, cell: Cell) -> list[tuple[Value, Cell]]:
    """The finer graph of one gate, in topological order; its last node stands for `v` itself."""
    assert cell.gate is not None
    order, original = finer(cell.gate, cell.parents, cell.data)
    grads = {} if cell.grad is None else adjoints(order, {order[-1]: cell.grad})
    found = [
        (
            node,
            Cell(
                node.gate,
                tuple(original.get(parent, parent) for parent in node.parents),
                node.local_grads,
                node.data,
                None if isinstance(node, Constant) else grads.get(node),
            ),
        )
        for node in order
    ]
    return [*found[:-1], (v, found[-1][1]._replace(data=cell.data))]
