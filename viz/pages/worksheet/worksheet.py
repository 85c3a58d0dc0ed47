"""Worksheets: a circuit with blanks on its wires, marked in the page, printed on paper.

Each sheet has an answer key on a page of its own. The page knows no answers by heart: it runs
the graph with the JavaScript made from the gate table, as the explorer does, and writes its
hints from the formulas of the table.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from autodiff import Constant, Value, topological_order

from ..page import Page, page
from ..scene import scene

__all__ = ["worksheet"]

TITLES = {
    "gradients": "Backpropagation by hand",
    "values": "The forward pass by hand",
    "local": "Local gradients by hand",
    "all": "Both passes by hand",
}
MANY = 80  # blanks on one sheet


def worksheet(
    root: Value | Sequence[Value],
    hide: str = "gradients",
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
) -> Page:
    """A page with the circuit of `root` and blanks to fill in, and an answer key.

    root   the root of a graph, or several: one sheet each
    hide   what to find: "gradients", "values", "local" (the local gradients on the wires into
           the gates) or "all" three
    path   where to save it; None only returns it
    title  heading; by default what is to be practised

    Printed, every sheet and every key has an A4 page of its own. In a notebook the result shows
    itself; its ``.save(path)`` writes the one file that needs no network.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> worksheet(x * y, title="A product")
    <A product: ... kB of HTML; .save(path)>

    Raises ValueError for another `hide`, for a graph without gates, and where there would be
    more blanks than fit a page.
    """
    if hide not in TITLES:
        raise ValueError(f"hide is one of {', '.join(map(repr, TITLES))}; got {hide!r}")
    roots = [root] if isinstance(root, Value) else list(root)
    if not roots:
        raise ValueError("a worksheet needs at least one root; got none")
    sheets, gates = [], []
    for each in roots:
        made = scene(each, grouped=False)
        _check(each, hide)
        sheets.append(made.data())
        gates += made.gates()
    named = title or TITLES[hide]
    return page(
        "worksheet",
        named,
        {"title": named, "hide": hide, "sheets": sheets},
        ["write", "model", "diagram", "drawing", "worksheet"],
        gates=gates,
        height=900,
        path=path,
    )


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
