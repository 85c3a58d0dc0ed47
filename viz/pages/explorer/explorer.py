"""The explorer: a page that steps through the forward and the backward pass of a graph."""

from __future__ import annotations

import os

from autodiff import GATES, Value

from ..page import Page, page
from ..scene import scene

__all__ = ["explore"]


def explore(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    fold: bool | None = None,
) -> Page:
    """A page in which the graph of `root` is stepped through, changed and trained.

    The page is one HTML file that needs no network; it recomputes values and gradients itself,
    by JavaScript made from the gate table. In a notebook the result shows itself.

    path    where to save it; None only returns it
    title   heading of the page; by default the root's label
    fold    whether module calls start folded; None folds them in graphs of over sixty gates

    >>> from autodiff import Value
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> explore((x + y) * z, title="f = (x + y) z")
    <f = (x + y) z: ... kB of HTML; .save(path)>

    Raises ValueError for a graph of more than a few thousand nodes, saying what to do instead.
    """
    made = scene(root, title, fold)
    return page(
        "explorer",
        made.title,
        made.data(),
        ["write", "model", "diagram", "explorer", "descent", "formula"],
        gates=[*made.gates(), *(g.name for g in GATES.values() if not g.rows)],
        path=path,
    )
