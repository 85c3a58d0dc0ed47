"""One graph twice, before and after a step of training, with what has changed marked."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from autodiff import Call, Constant, Value, topological_order
from autodiff.graph import adjoints

from ...fold.detail import build
from ...fold.picture import Picture
from ...fold.variables import naming
from ...languages.translate import spoken, translate
from ...words.names import listed, means
from ...words.notation import Text as Notation
from ..drawing import Curve, Drawing, Mark, Shape, Text
from ..markup import broken, width
from ..render import DPI, Diagram, Program
from ..styles import style_of
from ..themes import Theme, tint
from ..writer import LINE, PAD, SMALL, Options, Writer

__all__ = ["compare", "draw_step"]

SLIDE = 72 * 13.0  # points that two pictures side by side may take, if no width is given
UPDATES = 6  # parameters whose update is written out


@spoken
def compare(
    before: Value | Picture,
    after: Value | Picture,
    style: str = "circuit",
    *,
    detail: str = "gate",
    names: Mapping[str, object] | None = None,
    title: str = "",
    titles: tuple[str, str] = ("before", "after"),
    notes: Sequence[str] = (),
    dpi: float = DPI,
    program: Program = "auto",
    lang: str | None = None,
    **options: Any,
) -> Diagram:
    """Two states of one graph as one picture; in the second, what is written differently is marked.

    before, after   roots of two graphs that are alike; or what `viz.build` made of one graph at
                    two times, before and after its numbers changed
    titles          what stands above the two
    notes           what stands below them
    options         those of `viz.draw`

    They stand side by side where there is room for it, else under each other.

    >>> from autodiff import parse
    >>> from viz import compare
    >>> roots = [parse("(w * x - y)^2", w=w, x=3, y=4) for w in (2.0, 1.4)]
    >>> for root in roots:
    ...     root.backward()
    >>> compare(*roots).render("descent.png")  # doctest: +SKIP
    'descent.png'

    Raises ValueError if the graphs are not alike.
    """
    pictures = [
        build(root, detail, names=names) if isinstance(root, Value) else root
        for root in (before, after)
    ]
    shapes = [
        ([node.kind for node in p.nodes], [(edge.tail, edge.head) for edge in p.edges])
        for p in pictures
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "before and after are not the same graph; compare pictures of equal gates and inputs"
        )
    writers = [
        style_of(style)(picture, Options(title=translate(name), **options))
        for picture, name in zip(pictures, titles, strict=True)
    ]
    said = dict.fromkeys([*notes, *(note for writer in writers for note in writer.notes)])
    for writer in writers:  # which is said once, under both
        writer.notes = ()
    return Diagram(_together(writers, title, list(said)), program=program, dpi=dpi)


@spoken
def draw_step(
    root: Value,
    lr: float = 0.1,
    style: str = "circuit",
    *,
    parameters: Iterable[Value | str] | None = None,
    detail: str = "gate",
    names: Mapping[str, object] | None = None,
    lang: str | None = None,
    **options: Any,
) -> Diagram:
    """A graph before and after one step of gradient descent, and how its parameters moved.

    lr           the learning rate: a parameter w of a loss L becomes w − lr · dL/dw
    parameters   what moves, as Values or their names; else the parameters of the modules in the
                 graph, or where there are none, every leaf
    options      those of `compare`

    The graph itself is left as it is. Raises ValueError for a learning rate that is not above 0.

    >>> from autodiff import parse
    >>> from viz import draw_step
    >>> diagram = draw_step(parse("L = (w * x - y)^2", w=2, x=3, y=4), 0.05, parameters=["w"])
    >>> [mark.text for mark in diagram.drawing.marks if "dL" in getattr(mark, "text", "")]
    ['w − 0.05 · dL/dw = 2 − 0.05 · 12 = 1.4']
    """
    if not 0 < lr < math.inf:
        raise ValueError(f"a learning rate is above 0, got {lr}")
    order = topological_order(root)
    known = naming(names or {})
    moving = _moving(order, known, parameters)
    gradients = adjoints(order, {root: 1.0})
    copies: dict[int, Any] = {}
    copy.deepcopy(root, copies)
    for leaf in moving:
        copies[id(leaf)].data -= lr * gradients[leaf]
    stands = _fired(topological_order(copies[id(root)]))
    after = stands[copies[id(root)]]
    meant = {name: copies[k] for k, name in known.items() if k in copies}
    moved = {name: stands.get(v, v) if isinstance(v, Value) else v for name, v in meant.items()}
    slopes = adjoints(topological_order(after), {after: 1.0})
    hand = Notation(order, known, options.get("digits", 4))
    pictures = (
        build(root, detail, names=names, grads=gradients),
        build(after, detail, names=moved, grads=slopes),
    )
    notes = [f"one step of gradient descent, lr = {hand.number(lr)}"]
    for leaf in moving[:UPDATES]:
        slope, end = gradients[leaf], copies[id(leaf)].data
        total, rate = hand.total(root, leaf), hand.number(lr)
        digits = hand.enough(end, partial(_descended, leaf.data, lr, slope))
        start, factor = hand.number(leaf.data, digits), hand.factor(slope, digits)
        line = hand.line(
            f"{hand.names[leaf]} − {rate} · {total}", [f"{start} − {rate} · {factor}"], end
        )
        notes.append(hand.equation(line))
    if len(moving) > UPDATES:
        notes.append(f"… and so on for {len(moving) - UPDATES} more parameters")
    notes.append(f"{hand.names[root]}: {hand.number(root.data)} → {hand.number(after.data)}")
    return compare(*pictures, style, notes=notes, **options)


def _descended(start: float, lr: float, slope: float, cut: Callable[[float], float]) -> float:
    return cut(start) - lr * cut(slope)


def _moving(
    order: list[Value], names: Mapping[int, str], wanted: Iterable[Value | str] | None
) -> list[Value]:
    """The leaves that a step moves."""
    leaves = [v for v in order if v.gate is None and not isinstance(v, Constant)]
    if wanted is None:
        calls = {v.call.module for v in order if v.call}
        held = {p for module in calls for p in getattr(module, "parameters", list)()}
        return [leaf for leaf in leaves if leaf in held] or leaves
    found = []
    for wish in wanted:
        called = {leaf: leaf.label or names.get(id(leaf), "") for leaf in leaves}
        same = [v for v in leaves if v is wish or means(wish, called[v])]
        if not same:
            there = listed(called.values())
            raise ValueError(f"parameters: no leaf of this graph is {wish!r}; {there}")
        found += same
    return found


def _fired(order: list[Value]) -> dict[Value, Value]:
    """Every gate fired anew on what the leaves hold now; by the node that it stands for."""
    stands: dict[Value, Value] = {}
    for node in order:
        stands[node] = node
        if node.gate is not None:
            inputs = node.gate.split([stands[parent] for parent in node.parents])
            fresh = stands[node] = node.gate(*inputs.values())
            fresh.label, fresh.call = node.label, _recalled(node.call, stands)
    return stands


def _recalled(call: Call | None, stands: Mapping[Value, Value]) -> Call | None:
    if call is None:
        return None
    inputs = tuple(stands[v] for v in call.inputs)
    return Call(call.module, inputs, _recalled(call.inner, stands))


def _together(writers: list[Writer], title: str, notes: list[str]) -> Drawing:
    """Both drawings, laid out alike."""
    first = writers[0]
    glyphs = zip(*(writer.assembled().glyphs for writer in writers), strict=True)
    rooms = [(max(a.width, b.width), max(a.height, b.height)) for a, b in glyphs]
    panels = [writer.drawing(rooms) for writer in writers]
    wide, high = (max(getattr(d, side) for d in panels) for side in ("width", "height"))
    most = SLIDE if first.options.width is None else first.room + 2 * PAD
    beside = 2 * wide <= most
    room = max(wide * (1 + beside), first.room if first.options.width else 0) - 2 * PAD
    heading = broken(title, 18, room, True) if title else []
    lines = [line for note in notes for line in broken(translate(note), SMALL, room)]
    above = LINE * 1.5 * len(heading)
    both = replace(
        panels[0], marks=[], title=title or translate(f"{first.options.title} and after")
    )
    both.description = " ".join(f"{panel.title}: {panel.description}" for panel in panels)
    both.marks += [
        Text(PAD, PAD + 4 + LINE * 1.5 * k, line, first.theme.ink, 18, True)
        for k, line in enumerate(heading)
    ]
    both.marks += _moved(panels[0].marks, "a", (0.0, above))
    there = (wide, above) if beside else (0.0, above + high)
    both.marks += _moved(list(_marked(*panels)), "b", there)
    low = above + high * (1 if beside else 2)
    both.marks += [
        Text(PAD, low + LINE * k, line, first.theme.faint, SMALL) for k, line in enumerate(lines)
    ]
    both.width = max([wide * (1 + beside), *(width(line, SMALL) + 2 * PAD for line in lines)])
    both.height = low + LINE * len(lines)
    both.marks.sort(key=lambda mark: isinstance(mark, Curve))
    return both


def _marked(before: Drawing, after: Drawing) -> Iterator[Mark]:
    """The marks of the second drawing, with a ground behind each text that the first has not."""
    texts = (mark for mark in before.marks if isinstance(mark, Text))
    for k, mark in enumerate(after.marks):
        if isinstance(mark, Text) and next(texts).text != mark.text != after.title:
            yield _ground(mark, after.theme, f"changed{k}")
        yield mark


def _ground(text: Text, theme: Theme, name: str) -> Shape:
    wide, high = width(text.text, text.size, text.bold) + 6.0, text.size + 2.0
    left = text.x - {"start": 3.0, "middle": wide / 2, "end": wide - 3.0}[text.anchor]
    fill = tint(theme.mark, theme.paper)
    return Shape(name, "round", left, text.y - high / 2, wide, high, fill, fill)


def _moved(marks: Iterable[Mark], prefix: str, by: tuple[float, float]) -> Iterator[Mark]:
    for mark in marks:
        if isinstance(mark, Shape):
            mark = replace(mark, name=f"{prefix}_{mark.name}")
        elif isinstance(mark, Curve):
            mark = replace(mark, tail=f"{prefix}_{mark.tail}", head=f"{prefix}_{mark.head}")
        yield mark.moved(by)
