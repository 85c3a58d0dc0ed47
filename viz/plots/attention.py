"""The picture of attention: which position looks at which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..languages.translate import translate
from .axes import plotted, subplots

__all__ = ["plot_attention"]


@plotted
def plot_attention(
    weights: Sequence[Sequence[Sequence[float]]],
    tokens: Sequence[str] = (),
    *,
    ax: Any = None,
    lang: str | None = None,
) -> Any:
    """Draw a square for each head: the darker, the more its row's position takes of its column's.

    weights  [head][position][position], as `SelfAttention.weights` returns them
    tokens   what stands at the positions; else their numbers
    ax       as many axes as there are heads, else a new figure

    >>> from nn import SelfAttention
    >>> attention = SelfAttention(4, heads=2, rng=0)
    >>> rows = [[1.0, 0.0, 0.5, 0.2], [0.0, 1.0, 0.1, 0.3]]
    >>> first, second = plot_attention(attention.weights(rows), "ab")
    >>> first.get_title()
    'head 1'

    Returns the axes, one for each head.
    """
    heads, positions = len(weights), len(weights[0])
    if tokens and len(tokens) != positions:
        raise ValueError(f"plot_attention: {len(tokens)} tokens for {positions} positions")
    if ax is None:
        size = 0.25 * max(positions, 4)
        ax = subplots(1, heads, heads * (size + 0.3) + 0.6, size + 1.2, sharey=True, squeeze=False)
        ax = ax[0]
    names = list(tokens) or list(map(str, range(positions)))
    for number, (axes, head) in enumerate(zip(ax, weights, strict=True), start=1):
        axes.imshow(head, cmap="Blues", vmin=0, vmax=1)
        axes.set_title(translate(f"head {number}"), fontsize=10)
        axes.set_xticks(range(positions), names)
        axes.set_yticks(range(positions), names)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    ax[0].set_ylabel(translate("this position"))
    ax[0].set_xlabel(translate("looks at"))
    return ax
