"""From a graph to a picture, at a level of detail.

Levels, from coarse to fine: "model" (an outermost module call is one box), "layer", "neuron",
"gate" (every gate that fired) and "primitive" (coarse gates unfolded as their `decompose` rule
says). Every level is the same graph, contracted: a place is chosen for each node, and what shares
a place is drawn as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from autodiff import Value, topological_order
from autodiff.value import UNREACHED
from autodiff.watch.misuse import stale

from ..languages.translate import translate
from .calls import Frame, frames, path, term_frames
from .cells import Cell, Cells, cells, plain, refine
from .contract import Cyclic, assemble
from .picture import Picture
from .places import Opened, Place, Plan, bundle_gates, bundle_leaves, far_more, place_of, thin_out
from .variables import naming

__all__ = ["LEVELS", "TooLarge", "build"]

LEVELS = ("model", "layer", "neuron", "gate", "primitive")
FOLD_FROM = 60  # nodes from which on the terms of a long sum are folded
READABLE = 160  # nodes that a picture chosen by "auto" has at most
LAYOUT = 2500  # nodes and edges that are laid out within two seconds
WALK = 100_000  # nodes up to which folding is worth looking for
TAIL = 40  # nodes that are shown of a graph that nothing else folds


class TooLarge(ValueError):
    """A graph with more nodes than can be laid out in reasonable time."""


def build(
    root: Value,
    detail: str = "gate",
    *,
    expand: Any = (),
    names: Mapping[str, object] | None = None,
    grads: Mapping[Value, float] | None = None,
) -> Picture:
    """The picture of everything that `root` depends on; see `viz.draw` for the arguments.

    grads  the gradients to show, instead of those that a backward pass left in the graph
    """
    if not isinstance(root, Value):
        raise TypeError(f"draw: the root must be a Value, got {root!r} ({type(root).__name__})")
    if detail not in (*LEVELS, "auto"):
        raise ValueError(f"unknown detail {detail!r}; choose one of {', '.join(LEVELS)}, or 'auto'")
    order = topological_order(root)
    alone = isinstance(expand, str | Value) or hasattr(expand, "parameters")
    source = _Source(order, naming(names or {}), [expand] if alone else list(expand), grads)
    if detail == "auto":
        return source.readable()
    picture = source.at(detail, LAYOUT)
    if picture is None or len(picture.nodes) + len(picture.edges) > LAYOUT:
        raise TooLarge(
            f"{len(order)} nodes are too many to lay out at detail={detail!r}; "
            "draw it with detail='auto' (or 'neuron', 'layer', 'model' if modules made it), "
            "draw one of its inner nodes, or build a smaller example"
        )
    return picture


class _Source:
    """One graph, from which pictures of several levels are made."""

    def __init__(
        self,
        order: list[Value],
        names: dict[int, str],
        expand: list[Any],
        grads: Mapping[Value, float] | None,
    ) -> None:
        self.root = order[-1]
        self.order = order
        self.names = names
        self.expand = expand
        self.notes: list[str] = []
        if grads is None and self.root.grad is UNREACHED:
            self.notes.append("no gradients yet: call .backward() first")
        elif grads is None:
            grads = {v: v.grad for v in order if v.grad is not UNREACHED}
        self.grads = grads or {}
        if len(order) <= WALK and (note := stale(self.root)):
            self.notes.append(note)

    def name_of(self, v: Value) -> str:
        return v.label or self.names.get(id(v), "")

    def readable(self) -> Picture:
        """The finest level with at most `READABLE` nodes; if there is none, the last gates."""
        for level in ("gate", "neuron", "layer", "model"):
            picture = self.at(level, READABLE)
            if picture is not None and len(picture.nodes) <= READABLE:
                note = f"detail: {level}, chosen automatically"
                return replace(picture, notes=(*picture.notes, note))
        return self.tail()

    @cached_property
    def graph(self) -> Cells:
        asked = {v for v in self.expand if isinstance(v, Value)}
        graph = cells(self.order, self.grads)
        return plain(graph, lambda v: v in asked or self.name_of(v))

    @cached_property
    def inside(self) -> dict[Value, Frame | None]:
        if len(self.order) > WALK:
            return dict.fromkeys(self.order)
        terms = term_frames(self.graph) if len(self.order) > FOLD_FROM else {}
        return frames(self.graph, terms, self.names)

    def at(self, detail: str, most: int) -> Picture | None:
        """The picture at one level; None if it would have far more than `most` nodes."""
        inside = dict(self.inside)
        opened = self._opened(inside)
        if detail != "primitive" and far_more(inside, detail, opened, most):
            return None
        graph, kept = self._refined(inside, detail, opened)
        place = {v: place_of(v, inside[v], detail, opened) for v in graph}
        notes = [*self.notes, *kept, *thin_out(place)]
        parameters = _parameters(inside)
        for bundled in (detail in LEVELS[:3], False):
            plan = Plan(graph, inside, dict(place), self.name_of)
            if bundled:
                bundle_gates(plan)
            with suppress(Cyclic):
                return self._picture(plan, detail, notes, parameters)
        alone = Plan(graph, dict.fromkeys(graph), {v: v for v in graph}, self.name_of)
        notes.append("shown gate by gate: its calls depend on each other in a circle")
        return self._picture(alone, "gate", notes, parameters)

    def tail(self) -> Picture:
        """The gates nearest to the root; everything before them is one box."""
        shown = set(self.order[-TAIL:])
        # wires inside the box are nobody's business, and there may be a million
        graph = {
            v: cell if v in shown else cell._replace(parents=(), locals=())
            for v, cell in self.graph.items()
        }
        before = Frame("sum", f"{len(self.order) - len(shown)} nodes before")
        inside = {v: None if v in shown else before for v in graph}
        place: dict[Value, Place] = {v: v if v in shown else before for v in graph}
        notes = [*self.notes, f"detail: the last {len(shown)} of {len(self.order)} nodes"]
        return self._picture(Plan(graph, inside, place, self.name_of), "tail", notes, set())

    def _picture(
        self, plan: Plan, detail: str, notes: list[str], parameters: set[Value]
    ) -> Picture:
        bundle_leaves(plan, parameters)
        return Picture(
            *assemble(plan, next(reversed(self.graph))), detail, bool(self.grads), tuple(notes)
        )

    def _opened(self, inside: dict[Value, Frame | None]) -> Opened:
        """The frames named by `expand`, and the frames around them."""
        every = _steps(inside)
        expanded, around = set(), set()
        for wish in self.expand:
            chosen = {frame for frame in every if _is_meant(frame, wish)}
            homes = [inside[v] for v in inside if self._means(v, wish)]
            if not chosen and not homes:
                known = dict.fromkeys(frame.title for frame in every)
                raise ValueError(
                    f"expand: nothing in this graph is {wish!r}; "
                    f"it may be a module, a Value, a label, or one of {', '.join(known) or '-'}"
                )
            expanded |= chosen
            around |= {step for frame in (*chosen, *homes) for step in path(frame)}
        return expanded, around

    def _means(self, v: Value, wish: object) -> bool:
        return v is wish or (isinstance(wish, str) and wish == self.name_of(v) != "")

    def _refined(
        self, inside: dict[Value, Frame | None], detail: str, opened: Opened
    ) -> tuple[Cells, list[str]]:
        """Unfold coarse gates: all that will be seen at "primitive", else those in `expand`."""

        def chosen(v: Value, cell: Cell) -> bool:
            if detail == "primitive":
                return place_of(v, inside[v], detail, opened) is v
            return any(self._means(v, wish) for wish in self.expand)

        fine, kept = refine(self.graph, chosen)
        home: Frame | None = None
        for v in reversed(fine):  # the pieces of a gate live where the gate does
            home = inside.setdefault(v, home)
        return fine, kept


def _steps(inside: dict[Value, Frame | None]) -> dict[Frame, None]:
    """All frames, those around others first."""
    return dict.fromkeys(step for frame in dict.fromkeys(inside.values()) for step in path(frame))


def _is_meant(frame: Frame, wish: object) -> bool:
    if frame.module is not None and frame.module is wish:
        return True
    titles = (frame.title, translate(frame.title), frame.title.partition(":")[0])
    return isinstance(wish, str) and wish in titles


def _parameters(inside: dict[Value, Frame | None]) -> set[Value]:
    """Parameters of the modules that were called."""
    modules = {id(step.module): step.module for step in _steps(inside)}
    return {
        v
        for module in modules.values()
        if callable(parameters := getattr(module, "parameters", None))
        for v in parameters()
    }
