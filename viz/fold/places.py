"""Where a node is drawn: by itself, in a folded call, or in one box with others like it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from autodiff import Constant, Value

from .calls import Frame, path
from .cells import Cells, split

__all__ = [
    "Bundle",
    "Bus",
    "Opened",
    "Place",
    "Plan",
    "bundle_gates",
    "bundle_leaves",
    "far_more",
    "place_of",
    "thin_out",
]

MANY = 4  # leaves up to this number, and rows up to this length, are drawn one by one


@dataclass(eq=False, slots=True)
class Bundle:
    """Leaves, or terms of a sum, that are drawn as one box."""

    title: str


@dataclass(eq=False, slots=True)
class Bus:
    """A row that several gates read."""

    ends: list[Place]


Place: TypeAlias = "Value | Frame | Bundle | Bus"
Opened: TypeAlias = "tuple[set[Frame], set[Frame]]"  # frames to open, and the frames around them


class Plan(NamedTuple):
    """A graph, with the innermost frame, the place and the name of each of its nodes."""

    graph: Cells
    inside: dict[Value, Frame | None]
    place: dict[Value, Place]
    name_of: Callable[[Value], str]


def place_of(v: Value, frame: Frame | None, detail: str, opened: Opened) -> Place:
    """Where a node is drawn: by itself, or in the outermost frame that is folded."""
    expanded, around = opened
    first = True  # the outermost module call
    for step in path(frame):
        of_terms = step.level in ("term", "sum")
        if step in expanded and not of_terms:
            return v
        folds = (
            of_terms
            or (detail == "model" and first)
            or (detail == "layer" and step.level in ("layer", "neuron"))
            or (detail == "neuron" and step.level == "neuron")
        )
        if folds and step not in around:
            return step
        first = first and of_terms
    return v


def far_more(inside: dict[Value, Frame | None], detail: str, opened: Opened, most: int) -> bool:
    """Whether so many gates have a place of their own that it is not worth assembling them."""
    places = set()
    for v, frame in inside.items():
        if v.gate is not None:
            places.add(place_of(v, frame, detail, opened))
            if len(places) > most:
                return True
    return False


def thin_out(place: dict[Value, Place]) -> list[str]:
    """Of many folded examples show the first, the second and the last, and one box for the rest.

    Returns the note that says so.
    """
    terms = dict.fromkeys(at for at in place.values() if isinstance(at, Frame) and at.of)
    rest: dict[int, Bundle] = {}
    hidden: dict[Place, Bundle] = {}
    for at in terms:
        if 1 < at.index < at.of - 1:
            hidden[at] = rest.setdefault(at.of, Bundle(""))
    for bundle in rest.values():
        bundle.title = f"{sum(b is bundle for b in hidden.values())} more examples"
    for v, where in place.items():
        place[v] = hidden.get(where, where)
    return [
        f'{first.of} examples folded; expand=["{first.title}"] opens one'
        for first in list(terms)[:1]
    ]


def bundle_leaves(plan: Plan, parameters: set[Value]) -> None:
    """Give one place to leaves that are used alike: by the same gates (or boxes), by the same
    row of theirs."""
    graph, inside, place, _ = plan
    uses: dict[Value, list[tuple[Place, str]]] = {v: [] for v in graph if graph[v].gate is None}
    for v, cell in graph.items():
        if cell.gate is None or not cell.parents:
            continue
        for name, group in split(cell.gate, cell.parents).items():
            at: tuple[Place, str] = (place[v], name if place[v] is v else "")
            for parent in group:
                if parent in uses and at not in uses[parent]:
                    uses[parent].append(at)
    alike: dict[object, list[Value]] = {}
    for leaf, ways in uses.items():
        if place[leaf] is leaf:
            key = (frozenset(ways), inside[leaf], isinstance(leaf, Constant), leaf in parameters)
            alike.setdefault(key, []).append(leaf)
    for leaves in alike.values():
        if len(leaves) > MANY:
            bundle = Bundle(_title(leaves, leaves[0] in parameters))
            place.update(dict.fromkeys(leaves, bundle))


def bundle_gates(plan: Plan) -> None:
    """Give one place to the gates of one kind that a call applies to what folded calls in it
    returned, element by element: the sums of a residual block."""
    graph, inside, place, _ = plan
    alike: dict[object, list[Value]] = {}
    for v, cell in graph.items():
        folded = frozenset(place[p] for p in cell.parents if isinstance(place[p], Frame))
        if folded and inside[v] and place[v] is v:
            alike.setdefault((inside[v], cell.gate, folded), []).append(v)
    for gates in alike.values():
        if (gate := graph[gates[0]].gate) and len(gates) >= MANY:
            bundle = Bundle(f"{len(gates)} {gate.symbol} gates")
            place.update(dict.fromkeys(gates, bundle))


def _title(leaves: list[Value], parameters: bool) -> str:
    patterns = {re.sub(r"\d+", "#", leaf.label) for leaf in leaves}
    if len(patterns) == 1 and leaves[0].label:
        return f"{leaves[0].label} … {leaves[-1].label}"
    constant = isinstance(leaves[0], Constant)
    return f"{len(leaves)} {'numbers' if constant else 'parameters' if parameters else 'inputs'}"
