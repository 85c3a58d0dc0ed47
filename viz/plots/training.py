"""Plots of training: its history, and what a trained model decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import autodiff

from .axes import COLOURS, MARKERS, axes_or_new, tidy

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["plot_decision_boundary", "plot_history"]


def plot_history(history: Any, *, ax: Axes | None = None) -> Axes:
    """Loss over the epochs, and shares such as accuracy on an axis of their own at the right.

    history   what `nn.fit` returns, a dict of lists, or a plain list of losses

    >>> ax = plot_history([0.9, 0.5, 0.3])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'loss')
    """
    curves = _curves(history)
    ax = axes_or_new(ax, 6.4, 3.8)
    losses = [name for name in curves if "loss" in name or "cost" in name] or list(curves)
    others = [name for name in curves if name not in losses]
    spread = [y for name in losses for y in curves[name] if math.isfinite(y) and y > 0]
    if spread and max(spread) > 100 * min(spread):
        ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel="loss")
    tidy(ax)
    right = ax.twinx() if others else ax
    lines = []
    for colour, name in zip(cycle(COLOURS), [*losses, *others], strict=False):
        line = "--" if name.startswith("val") else "-"
        side = right if name in others else ax
        lines += side.plot(curves[name], color=colour, label=name, linestyle=line)
    if others:
        right.set_ylabel(", ".join(dict.fromkeys(name.removeprefix("val_") for name in others)))
        right.spines[["top"]].set_visible(False)
        if all(0 <= y <= 1 for name in others for y in curves[name]):
            right.set_ylim(0, 1.02)
    if len(lines) > 1:
        ax.legend(handles=lines, frameon=False, loc="center right")
    return ax


def _curves(history: Any) -> dict[str, list[float]]:
    if isinstance(history, Sequence) and not isinstance(history, str):
        return {"loss": [float(y) for y in history]}
    columns = history if isinstance(history, Mapping) else history.to_dict()
    curves = {
        name: list(ys)
        for name, ys in columns.items()
        if name not in ("epoch", "steps") and isinstance(ys, list | tuple) and len(ys)
    }
    if not curves:
        raise ValueError("this history is empty: no epoch was finished, so there is no curve")
    return curves


def plot_decision_boundary(
    model: Callable[..., Any],
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    resolution: int = 200,
    threshold: float = 0.0,
) -> Axes:
    """What the model decides over the plane, with the data on top.

    X   array[rows, 2] or a list of pairs
    y   one class per row: ±1, 0 and 1, or 0 ... K-1

    The model is run through its compiled predictor. With one output it decides by its sign
    (or by `threshold`, as 0.5 for a probability), with several by the largest.
    """
    import numpy as np

    data, classes = np.asarray(X, dtype=float), np.asarray(y).ravel()
    if data.ndim != 2 or data.shape[1] != 2:
        raise ValueError(
            f"a decision boundary needs data with two columns, got shape {data.shape}; "
            "choose two columns of it and a model of two inputs"
        )
    if len(data) != len(classes):
        raise ValueError(f"X has {len(data)} rows but y has {len(classes)} labels")
    low, high = data.min(axis=0), data.max(axis=0)
    margin = 0.12 * np.maximum(high - low, 1e-9)
    xs, ys = (
        np.linspace(a - m, b + m, resolution) for a, b, m in zip(low, high, margin, strict=True)
    )
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    scores = autodiff.compile(model)(grid).reshape(resolution, resolution, -1)
    ax = axes_or_new(ax, 5.2, 4.6)
    outputs = scores.shape[-1]
    if outputs == 1:
        _two_regions(ax, xs, ys, scores[..., 0], threshold)
    else:
        decided = scores.argmax(axis=-1)
        shades = [COLOURS[i % len(COLOURS)] for i in range(outputs)]
        ax.contourf(xs, ys, decided, np.arange(outputs + 1) - 0.5, colors=shades, alpha=0.25)
        for i in range(outputs):
            ax.contour(xs, ys, decided == i, levels=[0.5], colors="black", linewidths=0.8)
    look: Any = {"s": 28, "edgecolors": "white", "linewidths": 0.7, "zorder": 3}
    for i, label in enumerate(np.unique(classes)):
        # with one output blue is the lower side, as the regions are coloured
        at = (i if outputs == 1 else int(label)) % len(COLOURS)
        points = data[classes == label].T
        ax.scatter(*points, color=COLOURS[at], marker=MARKERS[at], label=f"{label}", **look)
    ax.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel="x₀", ylabel="x₁")
    ax.legend(frameon=True, framealpha=0.85, loc="best", title="class")
    return ax


def _two_regions(ax: Axes, xs: Array, ys: Array, scores: Array, threshold: float) -> None:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

    colours = LinearSegmentedColormap.from_list("sides", [COLOURS[0], "#f7f7f7", COLOURS[1]])
    reach = max(float(np.percentile(np.abs(scores - threshold), 95)), 1e-9)
    norm = TwoSlopeNorm(threshold, threshold - reach, threshold + reach)
    plane: Any = {"extent": (xs[0], xs[-1], ys[0], ys[-1]), "origin": "lower", "aspect": "auto"}
    ax.imshow(scores, cmap=colours, norm=norm, alpha=0.6, interpolation="bilinear", **plane)
    if scores.min() < threshold < scores.max():
        ax.contour(xs, ys, scores, levels=[threshold], colors="black", linewidths=1.6)
