"""The picture of a diagnosis: what each unit lets through, and how much reaches each layer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..languages.translate import translate
from .axes import COLOURS, plotted, subplots, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nn import Diagnosis

__all__ = ["plot_diagnosis"]

DEAD, SATURATED = COLOURS[1], COLOURS[4]


@plotted
def plot_diagnosis(report: Diagnosis, *, ax: Any = None, lang: str | None = None) -> Any:
    """Draw what `nn.diagnose` saw: a square for each unit, a bar for each layer.

    Left, a unit is the darker the more examples it lets the gradient through on; dead units are
    crossed, saturated ones framed. Right, the root mean square of each layer's gradient, on a
    logarithmic scale.

    ax   two axes side by side, else a new figure

    >>> from nn import MLP, diagnose
    >>> left, right = plot_diagnosis(diagnose(MLP(2, [4, 1], rng=0), [[1.0, 2.0], [0.0, -1.0]]))
    >>> left.get_xlabel()
    'unit'

    Returns the two axes.
    """
    layers = report.layers
    widest = max([layer.units for layer in layers] + [4])
    if ax is None:
        ax = subplots(1, 2, 9.6, 1.3 + 0.42 * len(layers), width_ratios=(3, 2), sharey=True)
    units, gradients = ax
    for row, layer in enumerate(layers):
        _units(units, row, layer)
    units.set(xlim=(-0.6, widest - 0.4), xlabel=translate("unit"))
    units.set_ylim(len(layers) - 0.4, -0.6)
    units.set_yticks(range(len(layers)), [layer.name for layer in layers])
    units.tick_params(axis="y", length=0)
    units.set_title(translate("open to the gradient (× dead, □ saturated)"), fontsize=10)
    units.spines[:].set_visible(False)
    sizes = {row: layer.gradient for row, layer in enumerate(layers) if layer.gradient}
    gradients.barh(list(sizes), list(sizes.values()), height=0.6, color=COLOURS[0])
    if sizes:
        low, high = (math.log10(end(sizes.values())) for end in (min, max))
        gradients.set_xscale("log")
        gradients.set_xlim(10 ** (math.floor(low) - 0.3), 10 ** math.ceil(high))
    gradients.set_title(translate("size of the gradient"), fontsize=10)
    tidy(gradients)
    gradients.spines["left"].set_visible(False)
    gradients.tick_params(axis="y", length=0)
    return ax


def _units(ax: Axes, row: int, layer: Any) -> None:
    from matplotlib.patches import Rectangle

    if not layer.units:
        ax.text(-0.5, row, translate("no activation"), va="center", fontsize=8, color="#6e7781")
        return
    for unit, share in enumerate(layer.open):
        # at least a shade, so that a closed unit is still seen
        colour = (*(1 - (0.08 + 0.92 * share) * (1 - c) for c in (0.0, 0.447, 0.698)), 1.0)
        edge, width = (SATURATED, 2.0) if unit in layer.saturated else ("#c0c7d0", 0.6)
        look: Any = {"facecolor": colour, "edgecolor": edge, "linewidth": width}
        ax.add_patch(Rectangle((unit - 0.42, row - 0.36), 0.84, 0.72, **look))
    ax.plot(layer.dead, [row] * len(layer.dead), "x", color=DEAD, markersize=7, markeredgewidth=2)
