"""The graph that a picture is made of: the user's nodes, or the finer ones they unfold into.

`cells(order)` reads the graph as it is. `refine(cells, chosen)` replaces coarse gates by the graph
that their `decompose` rule builds, with the gradient sent through it from the coarse gate's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

from autodiff import Constant, DomainError, Gate, Value, topological_order
from autodiff.graph import adjoints

__all__ = [
    "Cell",
    "Cells",
    "Whole",
    "cells",
    "is_coarse",
    "pieces",
    "plain",
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


def cells(order: list[Value], grads: Mapping[Value, float]) -> Cells:
    """The graph as it stands, with these gradients."""
    return {v: _cell(v, v.parents, grads) for v in order}


def _cell(v: Value, parents: tuple[Value, ...], grads: Mapping[Value, float]) -> Cell:
    grad = None if isinstance(v, Constant) else grads.get(v)
    return Cell(v.gate, parents, v.local_grads, v.data, grad)


def plain(graph: Cells, named: Callable[[Value], object]) -> Cells:
    """Without what says nothing: the ``0 +`` that Python's `sum` begins with, and sums and the like
    over a row of one. What has a name, and what a module returned, stays."""
    found: Cells = {}
    stands: dict[Value, Value] = {}
    for v, cell in graph.items():
        cell = cell._replace(parents=tuple(stands.get(p, p) for p in cell.parents))
        if not v.call and not named(v) and _says_nothing(cell):
            stands[v] = cell.parents[-1]
        else:
            found[v] = cell
    used = {next(reversed(found)), *(parent for cell in found.values() for parent in cell.parents)}
    return {v: cell for v, cell in found.items() if v in used}


def _says_nothing(cell: Cell) -> bool:
    if cell.gate is None or cell.locals[-1:] != (1.0,) or cell.data != cell.parents[-1].data:
        return False
    first = cell.parents[0]
    begins = cell.gate.formula.infix == "+" and type(first) is Constant and not first.label
    return (begins and first.data == 0.0) or (len(cell.parents) == 1 and bool(cell.gate.rows))


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
    """The finer graph of a coarse gate, in topological order; its last node stands for `v` itself.

    Raises `Whole` where the pieces do not give the gate's value: they may overflow where the gate
    itself, written with care, does not.
    """
    gate = cell.gate
    assert gate is not None
    # a constant stays one, so that its copy is told from a number of the decomposition
    copies = {p: (Constant if isinstance(p, Constant) else Value)(p.data) for p in cell.parents}
    original = {copy: parent for parent, copy in copies.items()}
    try:
        root = gate.unfold(*gate.split([copies[p] for p in cell.parents]).values())
    except DomainError:
        raise Whole(f"{gate.symbol} is kept whole: its pieces overflow at this input") from None
    if root in original:  # the sum of one element is that element
        raise Whole
    if abs(root.data - cell.data) > 1e-6 * max(1.0, abs(cell.data)):
        raise Whole(f"{gate.symbol} is kept whole: its inputs were changed after it fired")
    order = [node for node in topological_order(root) if node not in original]
    grads = {} if cell.grad is None else adjoints(order, {root: cell.grad})
    *inner, last = (
        (node, _cell(node, tuple(original.get(p, p) for p in node.parents), grads))
        for node in order
    )
    return [*inner, (v, last[1]._replace(data=cell.data))]
