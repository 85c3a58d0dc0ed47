"""The presenter: circuits on a screen before a class, filled in one number at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence

from autodiff import Value

from ...languages.translate import paged
from ..page import Page, page
from ..worksheet.worksheet import TITLES, kinds_of, sheet_of

__all__ = ["present"]


@paged
def present(
    root: Value | Sequence[Value],
    hide: str = "all",
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    lang: str | None = None,
) -> Page:
    """A page that asks for one number after another, shows the rule, then the answer.

    root   the root of a graph, or several: the key N brings the next
    hide   what is found together: "gradients", "values", "local" or "all" three
    path   where to save it; None only returns it

    The keys are those of slides, so that a pointer with two buttons does: Space, → or Page Down
    goes on, ← or Page Up goes back, N and P change the circuit, F fills the screen. In large type,
    with the number in question marked in the diagram.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> present(x * y, title="A product")
    <A product: ... kB of HTML; .save(path)>

    Raises ValueError for another `hide`, for a graph without gates, and where there would be more
    blanks than fit a page.
    """
    roots = [root] if isinstance(root, Value) else list(root)
    kinds = kinds_of(hide, roots)
    sheets, gates = [], []
    for each in roots:
        made, data, asked = sheet_of(each, hide, lettered=False)
        found = [blank.data("", known=True) | {"hint": blank.hint} for blank in asked]
        sheets.append({"scene": data, "blanks": found})
        gates += made.gates()
    named = title or TITLES[hide]
    scripts = ["write", "model", "diagram", "drawing", "presenter"]
    data = {"title": named, "kinds": kinds, "sheets": sheets}
    return page("presenter", named, data, scripts, gates=gates, height=720, path=path)
