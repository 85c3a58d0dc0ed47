"""glassgrad's pictures: gate diagrams, explanations, plots, pages.

>>> from autodiff import Value
>>> from viz import draw
>>> x, y = Value(3.0, label="x"), Value(-4.0, label="y")
>>> print(type(draw(x * y)).__mro__[1])
<class 'graphviz.graphs.Digraph'>
"""

from typing import TYPE_CHECKING

from autodiff.exports import lazily

if TYPE_CHECKING:
    from .classroom.assignment import Assignment, assignment
    from .classroom.marking import Mark, mark
    from .classroom.moodle import moodle
    from .dot.diagram import draw, write
    from .dot.render import Diagram, NoProgram, render
    from .dot.series.change import compare, draw_step
    from .dot.themes import THEMES, Theme
    from .dot.torch_network import draw_torch
    from .fold.detail import TooLarge, build
    from .fold.picture import Picture
    from .languages.translate import language
    from .pages.bug_zoo.bug_zoo import bug_zoo
    from .pages.explorer.explorer import explore, watch
    from .pages.playground.playground import playground
    from .pages.presenter.presenter import present
    from .pages.worksheet.random_circuits import random_circuit
    from .pages.worksheet.worksheet import worksheet
    from .plots.activations import plot_activations
    from .plots.attention import plot_attention
    from .plots.diagnosis import plot_diagnosis
    from .plots.lessons import plot_descent, plot_fit, plot_images, plot_layers, plot_runs
    from .plots.networks import plot_gradient_flow, plot_network
    from .plots.training import plot_confusion, plot_decision_boundary, plot_history
    from .words.derivation import Explanation, explain

__all__ = [
    "THEMES",
    "Assignment",
    "Diagram",
    "Explanation",
    "Mark",
    "NoProgram",
    "Picture",
    "Theme",
    "TooLarge",
    "assignment",
    "bug_zoo",
    "build",
    "compare",
    "draw",
    "draw_step",
    "draw_torch",
    "explain",
    "explore",
    "language",
    "mark",
    "moodle",
    "playground",
    "plot_activations",
    "plot_attention",
    "plot_confusion",
    "plot_decision_boundary",
    "plot_descent",
    "plot_diagnosis",
    "plot_fit",
    "plot_gradient_flow",
    "plot_history",
    "plot_images",
    "plot_layers",
    "plot_network",
    "plot_runs",
    "present",
    "random_circuit",
    "render",
    "watch",
    "worksheet",
    "write",
]

__getattr__, __dir__ = lazily(__name__)
