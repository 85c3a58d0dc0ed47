"""glassgrad's pictures: gate diagrams, explanations, plots, pages.

>>> from autodiff import Value
>>> from viz import draw
>>> x, y = Value(3.0, label="x"), Value(-4.0, label="y")
>>> print(type(draw(x * y)).__mro__[1])
<class 'graphviz.graphs.Digraph'>
"""

from .detail import TooLarge, build
from .dot import draw, write
from .picture import Picture
from .render import Diagram, NoProgram, render
from .themes import THEMES, Theme

__all__ = [
    "THEMES",
    "Diagram",
    "NoProgram",
    "Picture",
    "Theme",
    "TooLarge",
    "build",
    "draw",
    "render",
    "write",
]
