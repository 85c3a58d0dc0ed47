"""Plots of a network: its weights, and how its gradients spread."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autodiff import Value
from autodiff.value import UNREACHED

from .axes import COLOURS, axes_or_new, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn import Module

__all__ = ["plot_gradient_flow", "plot_network"]


def plot_gradient_flow(model: Module, *, ax: Axes | None = None) -> Axes:
    """How the gradients of each layer's parameters spread, on a logarithmic scale.

    Layers whose violin lies far to the left hardly learn (vanishing), far to the right they
    explode. Gradients of exactly 0 have no logarithm; their share is written beside the layer.

    Raises ValueError before `backward()`.
    """
    layers = _parameters_by_layer(model)
    reached = [v for vs in layers.values() for v in vs if v.grad is not UNREACHED]
    if not reached:
        raise ValueError("no parameter has a gradient yet; call loss.backward() first")
    ax = axes_or_new(ax, 6.4, 0.7 * len(layers) + 1.4)
    names = list(layers)
    for i, name in enumerate(names):
        grads = [v.grad for v in layers[name]]
        sizes = [math.log10(abs(g)) for g in grads if g != 0 and math.isfinite(g)]
        zeros = sum(g == 0 for g in grads) / len(grads)
        if len(set(sizes)) > 1:
            drawn: Any = ax.violinplot(
                sizes, positions=[i], orientation="horizontal", widths=0.8, showextrema=False
            )
            (body,) = drawn["bodies"]
            body.set_facecolor(COLOURS[0])
            body.set_alpha(0.35)
        ax.plot(sizes, [i] * len(sizes), "|", color=COLOURS[0], alpha=0.6, markersize=9)
        if sizes:
            middle = sorted(sizes)[len(sizes) // 2]
            ax.plot([middle], [i], "o", color=COLOURS[1], markersize=6)
        if zeros:
            ax.annotate(
                f"{zeros:.0%} are 0",
                (1.01, i),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=9,
                color="#555555",
            )
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.xaxis.set_major_formatter(lambda x, _: f"$10^{{{x:g}}}$")
    ax.set_xlabel("size of a parameter's gradient (dot: the median)")
    tidy(ax)
    return ax


def _parameters_by_layer(model: Module) -> dict[str, list[Value]]:
    layers: dict[str, list[Value]] = {}
    for path, module in model.modules():
        held = module.own_parameters()
        if held:
            name = type(module).__name__
            layers[f"{path}: {name}" if path else name] = held
    if not layers:
        raise ValueError(f"{model!r} has no parameters")
    return layers


def plot_network(
    model: Module, x: Sequence[float] | None = None, *, ax: Axes | None = None, most: int = 16
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
        for j, to in heights[column + 1].items():
            for i, start in heights[column].items():
                w = layer.neurons[j].w[i].data
                share = abs(w) / biggest
                ax.plot(
                    [column, column + 1],
                    [start, to],
                    color=COLOURS[1] if w < 0 else COLOURS[0],
                    linewidth=0.2 + 4.5 * share,
                    alpha=0.15 + 0.75 * share,
                    solid_capstyle="round",
                    zorder=1,
                )
    for column, places in enumerate(heights):
        for j, y in places.items():
            value = values[column][j] if values else None
            _circle(ax, column, y, value, max(map(abs, values[column])) if values else 1.0)
        if len(places) < sizes[column]:
            gap = list(places.values())[len(places) // 2 - 1] - 0.75
            ax.text(column, gap, "⋮", ha="center", va="center", fontsize=14)
    titles = ["inputs", *(f"{layer.activation.name or 'function'}" for layer in layers)]
    top = max(max(places.values()) for places in heights) + 1.1
    for column, (title, n) in enumerate(zip(titles, sizes, strict=True)):
        ax.text(column, top, f"{title}\n{n}", ha="center", va="bottom", fontsize=10)
    ax.plot([], [], color=COLOURS[0], linewidth=3, label="weight > 0")
    ax.plot([], [], color=COLOURS[1], linewidth=3, label="weight < 0")
    ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=2, fontsize=9)
    ax.set_xlim(-0.4, len(sizes) - 0.6)
    ax.set_ylim(-top + 0.1, top + 1.3)
    ax.set_axis_off()
    return ax


def _activations(layers: Sequence[Any], x: Sequence[float] | None) -> list[list[float]]:
    """The values of all neurons for one example, inputs first; empty without one."""
    if x is None:
        return []
    row: list[Any] = [float(number) for number in x]
    values = [row]
    for layer in layers:
        out = layer(row)
        row = [out] if isinstance(out, Value) else out
        values.append([v.data for v in row])
    return values


def _heights(n: int, most: int) -> dict[int, float]:
    """Height of each neuron that is drawn; where some are left out there is a gap."""
    if n <= most:
        return {i: (n - 1) / 2 - i for i in range(n)}
    half = most // 2
    shown = [*range(half), *range(n - (most - half - 1), n)]
    return {j: (most - 1) / 2 - k - (1 if k >= half else 0) * 1.0 for k, j in enumerate(shown)}


def _circle(ax: Axes, x: float, y: float, value: float | None, most: float) -> None:
    shade = "#ffffff"
    if value is not None and most > 0:
        share = min(abs(value) / most, 1.0)
        full = COLOURS[1] if value < 0 else COLOURS[0]
        mixed = [round(255 + share * (int(full[i : i + 2], 16) - 255)) for i in (1, 3, 5)]
        shade = "#" + "".join(f"{c:02x}" for c in mixed)
    ax.scatter([x], [y], s=190, color=shade, edgecolors="#333333", linewidths=1.2, zorder=2)
