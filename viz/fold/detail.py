"""From a graph to a picture, at a level of detail.

Levels, from coarse to fine: "model" (an outermost module call is one box), "layer", "neuron",
"gate" (every gate that fired) and "primitive" (coarse gates unfolded as their `decompose` rule
says). Every level is the same graph, contracted: a place is chosen for each node, and what shares
a place is drawn as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from autodiff import Constant, Value, topological_order
from autodiff.value import UNREACHED
from autodiff.watch.misuse import stale

from ..words.names import naming
from .calls import Frame, frames, term_frames
from .cells import Cell, Cells, cells, refine
from .contract import Cyclic, assemble
from .picture import Picture
from .places import Opened, Place, bundle_leaves, far_more, place_of, thin_out

__all__ = ["LEVELS", "TooLarge", "build"]

LEVELS = ("model", "layer", "neuron", "gate", "primitive")
FOLD_FROM = 60  # nodes from which on the terms of a long sum are folded
READABLE = 160  # nodes that a picture chosen by "auto" has at most
LAYOUT = 2500  # nodes and edges that are laid out within ten seconds, mostly within two
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
) -> Picture:
    """The picture of everything that `root` depends on; see `viz.draw` for the arguments."""
    if not isinstance(root, Value):
        raise TypeError(f"draw: the root must be a Value, got {root!r} ({type(root).__name__})")
    if detail not in (*LEVELS, "auto"):
        raise ValueError(f"unknown detail {detail!r}; choose one of {', '.join(LEVELS)}, or 'auto'")
    order = topological_order(root)
    alone = isinstance(expand, str | Value) or hasattr(expand, "parameters")
    source = _Source(root, order, naming(names or {}), [expand] if alone else list(expand))
    if detail == "auto":
        return source.readable()
    picture = source.at(detail, LAYOUT)
    if picture is None or _size(picture) > LAYOUT:
        raise TooLarge(
            f"{len(order)} nodes are too many to lay out at detail={detail!r}; "
            "draw it with detail='auto' (or 'neuron', 'layer', 'model' if modules made it), "
            "draw one of its inner nodes, or build a smaller example"
        )
    return picture


def _size(picture: Picture) -> int:
    return len(picture.nodes) + len(picture.edges)


class _Source:
    """One graph, from which pictures of several levels are made."""

    def __init__(
        self, root: Value, order: list[Value], names: dict[int, str], expand: list[Any]
    ) -> None:
        self.root = root
        self.order = order
        self.names = names
        self.expand = expand
        self.reached = root.grad is not UNREACHED
        self.notes = [] if self.reached else ["no gradients yet: call .backward() first"]
        if len(order) <= WALK and (note := stale(root)):
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
        return cells(self.order, self.reached)

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
        graph, kept = self._refined(self.graph, inside, detail, opened)
        place = {v: place_of(v, inside[v], detail, opened) for v in graph}
        notes = [*self.notes, *kept, *thin_out(place)]
        parameters = _parameters(inside)
        try:
            return self._picture(graph, place, inside, parameters, detail, notes)
        except Cyclic:
            alone: dict[Value, Place] = {v: v for v in graph}
            nowhere: dict[Value, Frame | None] = dict.fromkeys(graph)
            notes.append("shown gate by gate: its calls depend on each other in a circle")
            return self._picture(graph, alone, nowhere, parameters, "gate", notes)

    def tail(self) -> Picture:
        """The gates nearest to the root; everything before them is one box."""
        shown = set(self.order[-TAIL:])
        # wires inside the box are nobody's business, and there may be a million
        graph = {
            v: cell if v in shown else cell._replace(parents=(), locals=())
            for v, cell in self.graph.items()
        }
        before = Frame("sum", f"{len(self.order) - len(shown)} nodes before")
        inside: dict[Value, Frame | None] = {v: None if v in shown else before for v in graph}
        place: dict[Value, Place] = {v: v if v in shown else before for v in graph}
        notes = [*self.notes, f"detail: the last {len(shown)} of {len(self.order)} nodes"]
        return self._picture(graph, place, inside, set(), "tail", notes)

    def _picture(
        self,
        graph: Cells,
        place: dict[Value, Place],
        inside: dict[Value, Frame | None],
        parameters: set[Value],
        detail: str,
        notes: list[str],
    ) -> Picture:
        bundle_leaves(graph, place, inside, parameters)
        nodes, edges, clusters, name = assemble(graph, place, inside, self.root, self.name_of)
        return Picture(nodes, edges, clusters, name, detail, self.reached, tuple(notes))

    def _opened(self, inside: dict[Value, Frame | None]) -> Opened:
        """The frames named by `expand`, and the frames around them."""
        every = {
            step for frame in set(inside.values()) if frame is not None for step in frame.path()
        }
        expanded, around = set(), set()
        for wish in self.expand:
            chosen = {frame for frame in every if _is_meant(frame, wish)}
            nodes = [v for v in inside if self._means(v, wish)]
            if not chosen and not nodes:
                known = dict.fromkeys(frame.title for frame in every)
                raise ValueError(
                    f"expand: nothing in this graph is {wish!r}; "
                    f"it may be a module, a Value, a label, or one of {', '.join(known) or '-'}"
                )
            expanded |= chosen
            around |= {step for frame in chosen for step in frame.path()}
            for v in nodes:
                if (frame := inside[v]) is not None:
                    around |= set(frame.path())
        return expanded, around

    def _means(self, v: Value, wish: object) -> bool:
        return v is wish or (isinstance(wish, str) and wish == self.name_of(v) != "")

    def _refined(
        self,
        graph: Cells,
        inside: dict[Value, Frame | None],
        detail: str,
        opened: Opened,
    ) -> tuple[Cells, list[str]]:
        """Unfold coarse gates: all that will be seen at "primitive", else those in `expand`."""

        def chosen(v: Value, cell: Cell) -> bool:
            if detail == "primitive":
                return place_of(v, inside[v], detail, opened) is v
            return any(self._means(v, wish) for wish in self.expand)

        fine, kept = refine(graph, chosen)
        home: Frame | None = None
        for v in reversed(fine):  # the pieces of a gate live where the gate does
            if v in inside:
                home = inside[v]
            else:
                inside[v] = home
        return fine, kept


def _is_meant(frame: Frame, wish: object) -> bool:
    if frame.module is not None and frame.module is wish:
        return True
    return isinstance(wish, str) and wish in (frame.title, frame.title.partition(":")[0])


def _parameters(inside: dict[Value, Frame | None]) -> set[Value]:
    """Parameters of the modules that were called."""
    modules = {
        id(step.module): step.module
        for frame in set(inside.values())
        if frame is not None
        for step in frame.path()
    }
    found: set[Value] = set()
    for module in modules.values():
        parameters = getattr(module, "parameters", None)
        if callable(parameters):
            found.update(v for v in parameters() if not isinstance(v, Constant))
    return found
