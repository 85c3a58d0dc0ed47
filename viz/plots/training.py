"""Plots of training: its history, and what a trained model decides."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import autodiff

from .axes import COLOURS, MARKERS, axes_or_new, tidy

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

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
    losses = {name: ys for name, ys in curves.items() if "loss" in name or "cost" in name}
    others = {name: ys for name, ys in curves.items() if name not in losses}
    if not losses:
        losses, others = others, {}
    lines = []
    for colour, (name, ys) in zip(_cycle(), losses.items(), strict=False):
        lines += ax.plot(ys, color=colour, label=name, linestyle=_line(name))
    spread = [y for ys in losses.values() for y in ys if math.isfinite(y) and y > 0]
    if spread and max(spread) > 100 * min(spread):
        ax.set_yscale("log")
    ax.set_xlabel("epoch")
    ax.set_ylabel("loss")
    tidy(ax)
    if others:
        right = ax.twinx()
        shades = list(_cycle())[len(losses) :]
        for colour, (name, ys) in zip(shades, others.items(), strict=False):
            lines += right.plot(ys, color=colour, label=name, linestyle=_line(name))
        right.set_ylabel(", ".join(dict.fromkeys(n.removeprefix("val_") for n in others)))
        right.spines[["top"]].set_visible(False)
        if all(0 <= y <= 1 for ys in others.values() for y in ys):
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


def _cycle() -> Iterable[str]:
    return COLOURS * 4


def _line(name: str) -> str:
    return "--" if name.startswith("val") else "-"


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
    labels = np.unique(classes)
    if scores.shape[-1] == 1:
        _two_regions(ax, xs, ys, scores[..., 0], threshold)
    else:
        decided = scores.argmax(axis=-1)
        k = scores.shape[-1]
        edges = np.arange(k + 1) - 0.5
        shades = [COLOURS[i % len(COLOURS)] for i in range(k)]
        ax.contourf(xs, ys, decided, levels=edges, colors=shades, alpha=0.25)
        for i in range(k):
            ax.contour(xs, ys, decided == i, levels=[0.5], colors="black", linewidths=0.8)
    for i, label in enumerate(labels):
        chosen = classes == label
        # with one output blue is the lower side, as the regions are coloured
        at = i if scores.shape[-1] == 1 else int(label)
        ax.scatter(
            data[chosen, 0],
            data[chosen, 1],
            s=28,
            color=COLOURS[at % len(COLOURS)],
            marker=MARKERS[at % len(MARKERS)],
            edgecolors="white",
            linewidths=0.7,
            label=f"{label}",
            zorder=3,
        )
    ax.set_xlim(xs[0], xs[-1])
    ax.set_ylim(ys[0], ys[-1])
    ax.set_xlabel("x₀")
    ax.set_ylabel("x₁")
    ax.legend(frameon=True, framealpha=0.85, loc="best", title="class")
    return ax


def _two_regions(
    ax: Axes,
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    scores: NDArray[np.float64],
    threshold: float,
) -> None:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

    white = "#f7f7f7"
    colours = LinearSegmentedColormap.from_list("sides", [COLOURS[0], white, COLOURS[1]])
    reach = max(float(np.percentile(np.abs(scores - threshold), 95)), 1e-9)
    norm = TwoSlopeNorm(threshold, threshold - reach, threshold + reach)
    ax.imshow(
        scores,
        extent=(xs[0], xs[-1], ys[0], ys[-1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        cmap=colours,
        norm=norm,
        alpha=0.6,
    )
    if scores.min() < threshold < scores.max():
        ax.contour(xs, ys, scores, levels=[threshold], colors="black", linewidths=1.6)
