"""The activations of the gate table and their derivatives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from autodiff import GATES, Gate, Value

from ..languages.translate import translate
from .axes import colours, plotted, subplots, tidy

__all__ = ["plot_activations"]

FIGURE_7_3 = ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "softplus")


@plotted
def plot_activations(
    names: Iterable[str | Gate] = FIGURE_7_3,
    *,
    reach: float = 4.0,
    ax: Any = None,
    lang: str | None = None,
) -> Any:
    """Activations and their derivatives, from the gate table: CS229 figure 7.3.

    names   gates of one input, or their names; further inputs stay at their defaults
    reach   from -reach to reach
    ax      an array of axes, one per gate

    Returns the array of axes.
    """
    gates = [name if isinstance(name, Gate) else GATES[name] for name in names]
    for gate in gates:
        free = [i for i in gate.inputs if i not in gate.defaults]
        if len(free) != 1 or gate.rows:
            raise ValueError(f"{gate.name} has the inputs {gate.inputs}; an activation has one")
    if ax is None:
        columns = min(3, len(gates))
        rows = -(-len(gates) // columns)
        ax = subplots(rows, columns, 3.1 * columns, 2.6 * rows, squeeze=False, sharex=True)
        for unused in ax.ravel()[len(gates) :]:
            unused.set_visible(False)
    points = [reach * (i / 150 - 1) for i in range(301)]
    value, slope = colours()[:2]
    for axes, gate in zip(ax.ravel(), gates, strict=False):
        nodes = [gate(Value(x)) for x in points]
        axes.axhline(0, color="#999999", linewidth=0.6)
        axes.axvline(0, color="#999999", linewidth=0.6)
        slopes = [node.local_grads[0] for node in nodes]
        axes.plot(
            points, [n.data for n in nodes], color=value, linewidth=2, label=translate("value")
        )
        axes.plot(
            points, slopes, color=slope, linestyle="--", linewidth=1.6, label=translate("slope")
        )
        axes.set_title(gate.name.replace("_", " "), fontsize=11)
        tidy(axes)
    ax.ravel()[0].legend(frameon=False, loc="upper left", fontsize=9)
    return ax
