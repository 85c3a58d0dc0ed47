"""Worksheets: a circuit with blanks on its wires, marked in the page, printed on paper.

The sheet holds no answers: it knows an answer when it sees it, by a seal, as it knows the mistakes
that are often made. The key is a page of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from autodiff import Constant, Value, topological_order
from autodiff.graph import adjoints

from ...languages.translate import paged
from ..page import Page, page
from ..scene import Scene, scene
from .questions import Blank, blanks
from .random_circuits import other_numbers

__all__ = ["Worksheet", "worksheet"]

KINDS = ("values", "local", "gradients")

TITLES = {
    "gradients": "Backpropagation by hand",
    "values": "The forward pass by hand",
    "local": "Local gradients by hand",
    "all": "Both passes by hand",
}
MANY = 80  # blanks on one sheet


class Worksheet(Page):
    """A worksheet; `key` is the page with its answers."""

    def __init__(self, sheet: Page, key: Page) -> None:
        super().__init__(sheet.html, sheet.height, sheet.title)
        self.key = key


@paged
def worksheet(
    root: Value | Sequence[Value],
    hide: str = "gradients",
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    spare: int | Sequence[Value] = (),
    student: str = "",
    exam: bool = False,
    key: str | os.PathLike[str] | None = None,
    lang: str | None = None,
) -> Worksheet:
    """A page with the circuit of `root` and blanks to fill in.

    root     the root of a graph, or several: one sheet each
    hide     what to find: "gradients", "values", "local" (the local gradients on the wires into
             the gates) or "all" three
    path     where to save it; None only returns it
    title    heading; by default what is to be practised
    spare    more circuits: the button "New circuit" brings one after another; a number stands for
             so many of `root` with other inputs
    student  whose sheet it is: the button "Copy my answers" gives what `viz.mark` reads
    exam     neither hints nor marks nor a score, and nothing in the page's source that knows an
             answer
    key      where to save the page with the answers, which is also the result's ``.key``
    lang     "zh" or "en"; by default its reader's browser decides

    The page does not hold the answers; whoever reads its source finds what tells right from wrong,
    which has to be tried out number by number. Printed, every sheet has an A4 page of its own. In a
    notebook the result shows itself; its ``.save(path)`` writes the one file that needs no network.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> sheet = worksheet(x * y, title="A product")
    >>> sheet, sheet.key
    (<A product: ... kB of HTML; .save(path)>, <Answer key: A product: ... kB of HTML; .save(path)>)

    Raises ValueError for another `hide`, for a graph without gates, and where there would be
    more blanks than fit a page.
    """
    roots = [root] if isinstance(root, Value) else list(root)
    kinds = kinds_of(hide, roots)
    if isinstance(spare, int):
        spare = [made for each in roots for made in other_numbers(each, spare)]
    sheets, keys, gates = [], [], []
    for each in (*roots, *spare):
        made, data, asked = sheet_of(each, hide)
        keys.append({"scene": data, "blanks": [blank.data("", known=True) for blank in asked]})
        data = _without(data, {blank.key for blank in asked})
        salt = sha256(json.dumps(data).encode()).hexdigest()[:12]
        blanked = [blank.data(salt, known=False) for blank in asked]
        if exam:
            blanked = [{name: blank[name] for name in ("key", "tag", "name")} for blank in blanked]
        sheets.append({"scene": data, "blanks": blanked})
        gates += made.gates()
    named = title or TITLES[hide]
    scripts = ["write", "model", "diagram", "drawing", "worksheet"]
    head = {"title": named, "kinds": kinds, "student": student, "exam": exam}
    pages = [
        page("worksheet", heading, head | more, scripts, gates=gates, height=900, path=target)
        for heading, more, target in (
            (named, {"sheets": sheets[: len(roots)], "spare": sheets[len(roots) :]}, path),
            (f"Answer key: {named}", {"sheets": keys, "spare": [], "key": True}, key),
        )
    ]
    return Worksheet(*pages)


def kinds_of(hide: str, roots: Sequence[Value]) -> tuple[str, ...]:
    """The kinds of blanks that `hide` stands for, once there is something to hide."""
    if hide not in TITLES:
        raise ValueError(f"hide is one of {', '.join(map(repr, TITLES))}; got {hide!r}")
    if not roots:
        raise ValueError("a worksheet needs at least one root; got none")
    return KINDS if hide == "all" else (hide,)


def sheet_of(
    root: Value, hide: str, lettered: bool = True
) -> tuple[Scene, dict[str, Any], list[Blank]]:
    """A circuit as pages have it, with all its numbers, and what is asked of it."""
    made = scene(root, grouped=False)
    _check(root, hide)
    return made, _told(made, root), blanks(root, kinds_of(hide, [root]), made.index, lettered)


def _told(made: Scene, root: Value) -> dict[str, Any]:
    """The scene with the gradients of its nodes."""
    gradients = adjoints(topological_order(root), {root: 1.0})
    data = made.data()
    for v, i in made.index.items():
        data["nodes"][i]["grad"] = gradients[v]
    return data


def _without(data: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """The same without the numbers that are asked for."""
    hidden = {"data": "v", "grad": "g"}
    nodes = [
        node | {name: None for name, kind in hidden.items() if f"{kind}{i}" in keys}
        for i, node in enumerate(data["nodes"])
    ]
    return data | {"nodes": nodes}


def _check(root: Value, hide: str) -> None:
    """Refuse a graph with nothing to find, or with too much."""
    order = topological_order(root)
    gates = [v for v in order if v.gate is not None]
    if not gates:
        raise ValueError(
            f"{root.describe()} has no gate, so there is nothing to find; give the result of "
            "an expression"
        )
    values = len(gates)
    gradients = sum(not isinstance(v, Constant) for v in order) - 1
    local = sum(not isinstance(p, Constant) for v in gates for p in v.parents)
    counts = {"gradients": gradients, "values": values, "local": local}
    blanks = sum(counts.values()) if hide == "all" else counts[hide]
    if blanks > MANY:
        raise ValueError(
            f"a sheet of {root.describe()} would have {blanks} blanks; it holds up to {MANY}. "
            "Hide less, or give a smaller root"
        )
