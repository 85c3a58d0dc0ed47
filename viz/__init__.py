"""glassgrad's pictures: gate diagrams, explanations, plots, pages.

>>> from autodiff import Value
>>> from viz import draw
>>> x, y = Value(3.0, label="x"), Value(-4.0, label="y")
>>> print(type(draw(x * y)).__mro__[1])
<class 'graphviz.graphs.Digraph'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dot.diagram import draw, write
    from .dot.render import Diagram, NoProgram, render
    from .dot.themes import THEMES, Theme
    from .fold.detail import TooLarge, build
    from .fold.picture import Picture
    from .pages.bug_zoo.bug_zoo import bug_zoo
    from .pages.explorer.explorer import explore
    from .pages.playground.playground import playground
    from .pages.worksheet.random_circuits import random_circuit
    from .pages.worksheet.worksheet import worksheet
    from .plots.diagnosis import plot_diagnosis
    from .plots.plots import (
        plot_activations,
        plot_decision_boundary,
        plot_gradient_flow,
        plot_history,
        plot_network,
    )
    from .words.derivation import Explanation, explain

__all__ = [
    "THEMES",
    "Diagram",
    "Explanation",
    "NoProgram",
    "Picture",
    "Theme",
    "TooLarge",
    "bug_zoo",
    "build",
    "draw",
    "explain",
    "explore",
    "playground",
    "plot_activations",
    "plot_decision_boundary",
    "plot_diagnosis",
    "plot_gradient_flow",
    "plot_history",
    "plot_network",
    "random_circuit",
    "render",
    "worksheet",
    "write",
]

# Loaded when they are first asked for, so that `import viz` stays quick.
_LATER = {
    **dict.fromkeys(("draw", "write"), "dot.diagram"),
    **dict.fromkeys(("Diagram", "NoProgram", "render"), "dot.render"),
    **dict.fromkeys(("THEMES", "Theme"), "dot.themes"),
    **dict.fromkeys(("TooLarge", "build"), "fold.detail"),
    "Picture": "fold.picture",
    **dict.fromkeys(("Explanation", "explain"), "words.derivation"),
    "explore": "pages.explorer.explorer",
    "playground": "pages.playground.playground",
    "worksheet": "pages.worksheet.worksheet",
    "random_circuit": "pages.worksheet.random_circuits",
    "bug_zoo": "pages.bug_zoo.bug_zoo",
    "plot_activations": "plots.plots",
    "plot_decision_boundary": "plots.plots",
    "plot_diagnosis": "plots.diagnosis",
    "plot_gradient_flow": "plots.plots",
    "plot_history": "plots.plots",
    "plot_network": "plots.plots",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_LATER[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
