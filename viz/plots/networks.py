"""Plots of a network: its weights, and how its gradients spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise, product
from typing import TYPE_CHECKING, Any

from autodiff import Value
from autodiff.value import UNREACHED

from ..languages.translate import translate
from .axes import COLOURS, axes_or_new, colours, plotted, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn import Module

__all__ = ["plot_gradient_flow", "plot_network"]


@plotted
def plot_gradient_flow(model: Module, *, ax: Axes | None = None, lang: str | None = None) -> Axes:
    """How the gradients of each layer's parameters spread, on a logarithmic scale.

    Layers whose violin lies far to the left hardly learn (vanishing), far to the right they
    explode. Gradients of exactly 0 have no logarithm; their share is written beside the layer.

    Raises ValueError before `backward()`.
    """
    layers = {
        f"{path}: {type(module).__name__}".removeprefix(": "): module.own_parameters()
        for path, module in model.modules()
        if module.own_parameters()
    }
    if not layers:
        raise ValueError(f"{model!r} has no parameters")
    if all(v.grad is UNREACHED for held in layers.values() for v in held):
        raise ValueError("no parameter has a gradient yet; call loss.backward() first")
    ax = axes_or_new(ax, 6.4, 0.7 * len(layers) + 1.4)
    each, middle = colours()[:2]
    for i, held in enumerate(layers.values()):
        sizes = sorted(
            math.log10(abs(v.grad)) for v in held if v.grad != 0 and math.isfinite(v.grad)
        )
        if len(set(sizes)) > 1:
            drawn: Any = ax.violinplot(
                sizes, positions=[i], orientation="horizontal", widths=0.8, showextrema=False
            )
            drawn["bodies"][0].set(facecolor=each, alpha=0.35)
        ax.plot(sizes, [i] * len(sizes), "|", color=each, alpha=0.6, markersize=9)
        if sizes:
            ax.plot([sizes[len(sizes) // 2]], [i], "o", color=middle, markersize=6)
        if zeros := sum(v.grad == 0 for v in held) / len(held):
            look: Any = {"va": "center", "fontsize": 9, "color": "#555555"}
            ax.text(
                1.01, i, translate(f"{zeros:.0%} are 0"), transform=ax.get_yaxis_transform(), **look
            )
    ax.set_yticks(range(len(layers)), list(layers))
    ax.set_ylim(len(layers) - 0.5, -0.5)
    ax.xaxis.set_major_formatter(lambda x, _: f"$10^{{{x:g}}}$")
    ax.set_xlabel(translate("size of a parameter's gradient (dot: the median)"))
    tidy(ax)
    return ax


@plotted
def plot_network(
    model: Module,
    x: Sequence[float] | None = None,
    *,
    ax: Axes | None = None,
    most: int = 16,
    lang: str | None = None,
) -> Axes:
    """Neurons as circles, weights as lines: their width is the size, their colour the sign.

    x      one example: the circles are then shaded by the neurons' values
    most   neurons of a layer that are drawn; "⋮" stands for the others

    For models made of fully connected layers, one after another (`MLP`, a `Sequential` of `Layer`).
    """
    from nn import Layer

    layers = [module for _, module in model.modules() if isinstance(module, Layer)]
    if not layers:
        raise ValueError(f"plot_network draws fully connected layers, and {model!r} has none")
    for before, after in pairwise(layers):
        if before.nout != after.nin:
            raise ValueError(
                f"plot_network draws layers one after another; {before!r} does not feed {after!r}"
            )
    sizes = [layers[0].nin, *(layer.nout for layer in layers)]
    values = _activations(layers, x)
    ax = axes_or_new(ax, 1.9 * len(sizes) + 1, 0.42 * min(max(sizes), most) + 1.4)
    heights = [_heights(n, most) for n in sizes]
    biggest = max(abs(w.data) for layer in layers for n in layer.neurons for w in n.w) or 1.0
    for column, layer in enumerate(layers):
        for (j, to), (i, start) in product(heights[column + 1].items(), heights[column].items()):
            w = layer.neurons[j].w[i].data
            share = abs(w) / biggest
            look: Any = {"linewidth": 0.2 + 4.5 * share, "alpha": 0.15 + 0.75 * share, "zorder": 1}
            ax.plot([column, column + 1], [start, to], color=_colour(w), **look)
    top = max(max(places.values()) for places in heights) + 1.1
    for column, places in enumerate(heights):
        for j, y in places.items():
            shade = _shade(values[column][j], values[column]) if values else "#ffffff"
            ax.scatter([column], [y], s=190, color=shade, edgecolors="#333333", zorder=2)
        if len(places) < sizes[column]:
            gap = list(places.values())[most // 2 - 1] - 0.75
            ax.text(column, gap, "⋮", ha="center", va="center", fontsize=14)
        title = layers[column - 1].activation.name or "function" if column else "inputs"
        ax.text(
            column,
            top,
            f"{translate(title)}\n{sizes[column]}",
            ha="center",
            va="bottom",
            fontsize=10,
        )
    for sign, text in ((1, "weight > 0"), (-1, "weight < 0")):
        ax.plot([], [], color=_colour(sign), linewidth=3, label=translate(text))
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=9)
    ax.set(xlim=(-0.4, len(sizes) - 0.6), ylim=(-top + 0.1, top + 1.3))
    ax.set_axis_off()
    return ax


def _activations(layers: Sequence[Any], x: Sequence[float] | None) -> list[list[float]]:
    """The values of all neurons for one example, inputs first; empty without one."""
    values = [] if x is None else [[float(number) for number in x]]
    for layer in layers if values else ():
        out = layer(values[-1])
        values.append([v.data for v in ([out] if isinstance(out, Value) else out)])
    return values


def _heights(n: int, most: int) -> dict[int, float]:
    """Height of each neuron that is drawn; where some are left out there is a gap."""
    if n <= most:
        return {i: (n - 1) / 2 - i for i in range(n)}
    half = most // 2
    shown = [*range(half), *range(n - (most - half - 1), n)]
    return {j: (most - 1) / 2 - k - (k >= half) for k, j in enumerate(shown)}


def _colour(x: float) -> str:
    return COLOURS[1] if x < 0 else COLOURS[0]


def _shade(x: float, beside: list[float]) -> str:
    """The colour of its sign, the fuller the larger it is beside the others."""
    share = min(abs(x) / (max(map(abs, beside)) or 1.0), 1.0)
    full = (int(_colour(x)[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 + share * (c - 255)):02x}" for c in full)
