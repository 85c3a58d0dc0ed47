"""The explorer: a page that steps through the forward and the backward pass of a graph."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, overload

from autodiff import GATES, Value
from nn.module import Module, flatten

from ...languages.translate import paged
from ..page import Page, page
from ..scene import scene

if TYPE_CHECKING:
    from ..live import Live

__all__ = ["explore", "watch"]


@overload
def explore(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    fold: bool | None = None,
    live: Literal[False] = False,
    lang: str | None = None,
) -> Page: ...


@overload
def explore(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    fold: bool | None = None,
    live: Literal[True],
    lang: str | None = None,
) -> Live: ...


@paged
def explore(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    fold: bool | None = None,
    live: bool = False,
    lang: str | None = None,
) -> Page | Live:
    """A page in which the graph of `root` is stepped through, changed and trained.

    The page is one HTML file that needs no network; it recomputes values and gradients itself,
    by JavaScript made from the gate table. In a notebook the result shows itself.

    path    where to save it; None only returns it
    title   heading of the page; by default the root's label
    fold    whether module calls start folded; None folds them in graphs of over sixty gates
    live    in a notebook, bound to the Values: what is moved in the page moves them, and what the
            next cell changes is shown; needs the extra ``widgets``
    lang    "zh" or "en"; by default its reader's browser decides

    >>> from autodiff import Value
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> explore((x + y) * z, title="f = (x + y) z")
    <f = (x + y) z: ... kB of HTML; .save(path)>

    Raises ValueError for a graph of more than a few thousand nodes, saying what to do instead.
    """
    made = scene(root, title, fold)
    scripts = ["write", "model", "diagram", "explorer", "descent", "formula"]
    shown = page(
        "explorer",
        made.title,
        made.data() | {"live": live},
        [*scripts, "live"] if live else scripts,
        gates=[*made.gates(), *(g.name for g in GATES.values() if not g.rows)],
        path=path,
    )
    if not live:
        return shown
    try:
        from ..live import Live
    except ImportError as error:
        raise ImportError(
            "a live page needs the package anywidget: pip install 'glassgrad[widgets]'"
        ) from error
    return Live(shown, root, made.index)


@paged
def watch(model: Module, x: Sequence[float], *, title: str = "", lang: str | None = None) -> Live:
    """The graph of a model on one example, bound to its parameters: train it in the next cell,
    and weights, activations and gradients move.

    x      the example
    title  heading of the page; by default the model's class

    ``fit(..., callbacks=watch(model, x))`` moves the page from epoch to epoch. Of several outputs
    the sum is the root. Needs the extra ``widgets``.

    >>> from nn import MLP
    >>> watch(MLP(2, [3, 1], rng=0), [0.5, -1.0]).title
    'MLP'
    """
    outputs = model([Value(number, label=f"x{k}") for k, number in enumerate(x, start=1)])
    root: Value = GATES["sum"](flatten(outputs)) if isinstance(outputs, list) else outputs
    return explore(root, title=title or type(model).__name__, live=True)
