"""Where a node is drawn: by itself, in a folded call, or in one box with others like it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from autodiff import Constant, Value

from .calls import Frame
from .cells import Cells, split

__all__ = ["Bundle", "Bus", "Opened", "Place", "bundle_leaves", "far_more", "place_of", "thin_out"]

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


def place_of(v: Value, frame: Frame | None, detail: str, opened: Opened) -> Place:
    """Where a node is drawn: by itself, or in the outermost frame that is folded."""
    expanded, around = opened
    if frame is None:
        return v
    first = True  # the outermost module call
    for step in frame.path():
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
    terms: dict[Frame, None] = dict.fromkeys(
        at for at in place.values() if isinstance(at, Frame) and at.level == "term"
    )
    rest: dict[int, Bundle] = {}
    hidden: dict[Frame, Bundle] = {}
    for at in terms:
        if 1 < at.index < at.of - 1:
            if at.of not in rest:
                rest[at.of] = Bundle("")
            hidden[at] = rest[at.of]
    for bundle in rest.values():
        bundle.title = f"{sum(b is bundle for b in hidden.values())} more examples"
    for v, where in place.items():
        if isinstance(where, Frame) and where in hidden:
            place[v] = hidden[where]
    if not terms:
        return []
    first = next(iter(terms))
    return [f'{first.of} examples folded; expand=["{first.title}"] opens one']


def bundle_leaves(
    graph: Cells,
    place: dict[Value, Place],
    inside: dict[Value, Frame | None],
    parameters: set[Value],
) -> None:
    """Give one place to leaves that are used alike: by the same gates (or boxes), by the same
    row of theirs."""
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


def _title(leaves: list[Value], parameters: bool) -> str:
    patterns = {re.sub(r"\d+", "#", leaf.label) for leaf in leaves}
    if len(patterns) == 1 and leaves[0].label:
        return f"{leaves[0].label} … {leaves[-1].label}"
    kind = (
        "numbers" if isinstance(leaves[0], Constant) else "parameters" if parameters else "inputs"
    )
    return f"{len(leaves)} {kind}"
