"""glassgrad's pictures: gate diagrams, explanations, plots, pages.

>>> from autodiff import Value
>>> from viz import draw
>>> x, y = Value(3.0, label="x"), Value(-4.0, label="y")
>>> print(type(draw(x * y)).__mro__[1])
<class 'graphviz.graphs.Digraph'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .derivation import Explanation, explain
from .detail import TooLarge, build
from .dot import draw, write
from .picture import Picture
from .render import Diagram, NoProgram, render
from .themes import THEMES, Theme

if TYPE_CHECKING:
    from .diagnosis import plot_diagnosis
    from .explorer import explore
    from .plots import (
        plot_activations,
        plot_decision_boundary,
        plot_gradient_flow,
        plot_history,
        plot_network,
    )
    from .random_circuits import random_circuit
    from .sandbox import playground
    from .sheets import worksheet
    from .zoo import bug_zoo

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
    "explore": "explorer",
    "playground": "sandbox",
    "worksheet": "sheets",
    "random_circuit": "random_circuits",
    "bug_zoo": "zoo",
    "plot_activations": "plots",
    "plot_decision_boundary": "plots",
    "plot_diagnosis": "diagnosis",
    "plot_gradient_flow": "plots",
    "plot_history": "plots",
    "plot_network": "plots",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_LATER[name]}", __name__), name)
