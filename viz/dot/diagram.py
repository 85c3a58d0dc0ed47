"""A picture as Graphviz text, in two styles.

"circuit", as in CS231n: gates are round, wires carry the forward value in green above and the
gradient in red below. "record", as in micrograd's notebook: every value is a box with its name,
number and gradient, and the gates stand between them.

All labels are HTML-like tables, so that any text comes out literally.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from autodiff import Value

from ..fold.detail import build
from ..fold.picture import Picture
from ..languages.translate import spoken
from .render import DPI, Diagram, Program
from .styles import style_of
from .themes import Theme
from .writer import Options

__all__ = ["draw", "write"]


@spoken
def draw(
    root: Value,
    style: str = "circuit",
    detail: str = "gate",
    *,
    expand: Any = (),
    names: Mapping[str, object] | None = None,
    parts: str | Iterable[str] | None = None,
    flow: bool = False,
    theme: str | Theme = "light",
    direction: str = "LR",
    digits: int = 4,
    title: str = "",
    highlight: Any = (),
    forward_only: bool = False,
    width: float | None = None,
    scale: float = 1.0,
    dpi: float = DPI,
    program: Program = "auto",
    lang: str | None = None,
) -> Diagram:
    """Draw everything that `root` depends on. Returns a `graphviz.Digraph`.

    style      "circuit" (CS231n) or "record" (micrograd)
    detail     "model", "layer", "neuron", "gate", "primitive", or "auto": the finest of them
               that stays readable, named in the caption
    expand     what to open all the same, one or several: modules, Values (their coarse gates are
               unfolded), labels, titles of boxes
    names      names for Values without a label and for modules: ``names=locals()``
    parts      what each wire says of its share of the chain rule: any of "local", "upstream" and
               "downstream", or "all"; () for nothing. By default a value that several gates use
               shows the share that comes back from each.
    flow       colour and width of the wires by the magnitude of their gradient, with a legend
    theme      "light", "dark", "print", "safe" (told apart by any eye), a `viz.Theme`, or "auto":
               an SVG that is light or dark as its reader's system is
    direction  "LR" (left to right) or "TB" (top down)
    digits     significant digits of the numbers
    title      a heading
    highlight  what is to catch the eye, one or several: Values, or what is written at them;
               wires between two of them too
    forward_only  leave the gradients out
    width      inches from left to right, at most: a longer picture is set in lines
    scale      how large an SVG or PNG is
    dpi        dots per inch of a PNG
    program    "system", "wheel" or "auto": which Graphviz draws (`viz.dot.render.find`)
    lang       "zh" or "en": the language of the captions; see `viz.language`

    Before `root.backward()` there are no gradients to show, and the caption says so.

    >>> from autodiff import Value
    >>> x, y, z = Value(-2), Value(5), Value(-4)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> diagram = draw(f, names=locals())
    >>> diagram.render("circuit", format="png")  # doctest: +SKIP
    'circuit.png'
    >>> diagram.save("circuit.tex")  # TikZ, for LaTeX  # doctest: +SKIP
    'circuit.tex'

    Raises `viz.TooLarge` (a ValueError) if the graph cannot be laid out at this level in
    reasonable time.
    """
    return write(
        build(root, detail, expand=expand, names=names, grads={} if forward_only else None),
        style,
        parts=parts,
        flow=flow,
        theme=theme,
        direction=direction,
        digits=digits,
        title=title,
        highlight=highlight,
        width=width,
        scale=scale,
        dpi=dpi,
        program=program,
    )


@spoken
def write(
    picture: Picture,
    style: str = "circuit",
    *,
    dpi: float = DPI,
    program: Program = "auto",
    lang: str | None = None,
    **options: Any,
) -> Diagram:
    """A `Picture` as a `graphviz.Digraph`; the options are those of `draw`."""
    return Diagram(style_of(style)(picture, Options(**options)).drawing(), program=program, dpi=dpi)
