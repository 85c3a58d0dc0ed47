"""Plots of training: its history, and what a trained model decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import autodiff
from nn.training.labels import encode

from ..languages.translate import translate
from .axes import MARKERS, axes_or_new, colours, ink, plotted, tidy

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["plot_confusion", "plot_decision_boundary", "plot_history"]


@plotted
def plot_history(history: Any, *, ax: Axes | None = None, lang: str | None = None) -> Axes:
    """Loss over the epochs, and shares such as accuracy on an axis of their own at the right.

    What belongs together has one colour: the training rows' curve is solid, that of the
    validation rows dashed. Where they part, the network learns its rows by heart. A dotted line
    marks the epoch that early stopping went back to.

    history   what `nn.fit` returns, a dict of lists or a data frame, or a plain list of losses

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
    ax.set(xlabel=translate("epoch"), ylabel=translate("loss"))
    tidy(ax)
    right = ax.twinx() if others else ax
    lines, palette = [], colours()
    pairs = list(dict.fromkeys(name.removeprefix("val_") for name in [*losses, *others]))
    for name in [*losses, *others]:
        line = "--" if name.startswith("val_") else "-"
        colour = palette[pairs.index(name.removeprefix("val_")) % len(palette)]
        side = right if name in others else ax
        lines += side.plot(curves[name], color=colour, label=_named(name), linestyle=line)
    if (best := getattr(history, "best_epoch", None)) is not None:
        ax.axvline(best, color=ink(), linewidth=1, linestyle=":")
    if others:
        shares = dict.fromkeys(name.removeprefix("val_") for name in others)
        right.set_ylabel(", ".join(map(translate, shares)))
        right.spines[["top"]].set_visible(False)
        if all(0 <= y <= 1 for name in others for y in curves[name]):
            right.set_ylim(0, 1.02)
    if len(lines) > 1:
        order = {_named(name): pairs.index(name.removeprefix("val_")) for name in curves}
        lines.sort(key=lambda line: order[str(line.get_label())])
        ax.legend(handles=lines, frameon=False, loc="center right")
    return ax


def _named(name: str) -> str:
    held_out = name.removeprefix("val_")
    return translate(name if held_out == name else f"val_{held_out}")


def _curves(history: Any) -> dict[str, list[float]]:
    if isinstance(history, Sequence) and not isinstance(history, str):
        return {"loss": [float(y) for y in history]}
    if hasattr(history, "columns"):
        history = {name: history[name].tolist() for name in history.columns}
    if not isinstance(history, Mapping) and not hasattr(history, "to_dict"):
        raise TypeError(
            f"plot_history draws what fit returns, a dict of lists or a list of losses; got "
            f"{history!r}"
        )
    columns = history if isinstance(history, Mapping) else history.to_dict()
    curves = {
        name: list(ys)
        for name, ys in columns.items()
        if name not in ("epoch", "steps") and isinstance(ys, list | tuple) and len(ys)
    }
    if not curves:
        raise ValueError("this history is empty: no epoch was finished, so there is no curve")
    return curves


@plotted
def plot_confusion(
    targets: Any, decisions: Any, *, ax: Axes | None = None, lang: str | None = None
) -> Axes:
    """How often each class was taken for which: a row for what it is, a column for what was said.

    targets    the label of each row
    decisions  what was decided, as `nn.predict(model, X, loss)` returns it

    A square is the darker, the larger its share of the row; the wrong ones stand beside the
    diagonal.

    >>> ax = plot_confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '0', '1']
    """
    import numpy as np

    was, taken = (np.asarray(labels).ravel() for labels in (targets, decisions))
    if len(was) != len(taken) or not len(was):
        raise ValueError(
            f"plot_confusion: {len(was)} targets and {len(taken)} decisions; give as many of both"
        )
    classes, places = np.unique(np.concatenate([was, taken]), return_inverse=True)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    np.add.at(counts, (places[: len(was)], places[len(was) :]), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    size = 0.55 * max(len(classes), 3)
    ax = axes_or_new(ax, size + 1.6, size + 1.2)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        look: Any = {"ha": "center", "va": "center", "fontsize": 10}
        colour = "white" if shares[row, column] > 0.5 else "#24292f"
        ax.text(column, row, f"{count}", color=colour, **look)
    names = [str(label) for label in classes]
    slant: Any = {"rotation": 45, "ha": "right"} if max(map(len, names)) > 5 else {}
    ax.set_xticks(range(len(names)), names, **slant)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    right = np.trace(counts) / len(was)
    title = translate(f"{right:.1%} of {len(was)} right")
    ax.set(xlabel=translate("decided"), ylabel=translate("is"), title=title)
    return ax


@plotted
def plot_decision_boundary(
    model: Any,
    X: Any,
    y: Any,
    *,
    ax: Axes | None = None,
    resolution: int = 200,
    threshold: float = 0.0,
    lang: str | None = None,
) -> Axes:
    """What the model decides over the plane, with the data on top.

    model   a network, or an estimator with `predict`, of `nn.sklearn` or scikit-learn
    X       array[rows, 2], a list of pairs or a data frame, whose columns name the axes
    y       the label of each row: ±1, 0 and 1, 0 ... K-1, or those that the model was trained with

    The network is run through its compiled predictor. With one output it decides by its sign
    (or by `threshold`, as 0.5 for a probability), with several by the largest.
    """
    import numpy as np

    data = np.asarray(X, dtype=float)
    if data.ndim != 2 or data.shape[1] != 2:
        raise ValueError(
            f"a decision boundary needs data with two columns, got shape {data.shape}; "
            "choose two columns of it and a model of two inputs"
        )
    if len(data) != len(y):
        raise ValueError(f"X has {len(data)} rows but y has {len(y)} labels")
    low, high = data.min(axis=0), data.max(axis=0)
    margin = 0.12 * np.maximum(high - low, 1e-9)
    xs, ys = (
        np.linspace(a - m, b + m, resolution) for a, b, m in zip(low, high, margin, strict=True)
    )
    grid = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    if hasattr(model, "predict"):
        classes = tuple(model.classes_.tolist())
        decided = np.searchsorted(model.classes_, model.predict(grid))
        scores = np.eye(len(classes))[decided].reshape(resolution, resolution, -1)
    else:
        classes = getattr(model, "classes", ())
        scores = autodiff.compile(model)(grid).reshape(resolution, resolution, -1)
    places, names = _places(y, scores.shape[-1], classes)
    ax, palette = axes_or_new(ax, 5.2, 4.6), colours()
    shades = [palette[i % len(palette)] for i in range(len(names))]
    if scores.shape[-1] == 1:
        _two_regions(ax, xs, ys, scores[..., 0], threshold)
    else:
        decided = scores.argmax(axis=-1)
        ax.contourf(xs, ys, decided, np.arange(len(shades) + 1) - 0.5, colors=shades, alpha=0.25)
        for i in np.unique(decided):
            ax.contour(xs, ys, decided == i, levels=[0.5], colors=ink(), linewidths=0.8)
    look: Any = {"s": 28, "edgecolors": "white", "linewidths": 0.7, "zorder": 3}
    for i in np.unique(places):
        points, marker = data[places == i].T, MARKERS[i % len(MARKERS)]
        ax.scatter(*points, color=shades[i], marker=marker, label=f"{names[i]}", **look)
    across, up = (str(name) for name in getattr(X, "columns", ("x₀", "x₁")))
    ax.set(xlim=(xs[0], xs[-1]), ylim=(ys[0], ys[-1]), xlabel=across, ylabel=up)
    ax.legend(frameon=True, framealpha=0.85, loc="best", title=translate("class"))
    return ax


def _places(y: Any, outputs: int, classes: Any) -> tuple[Any, Sequence[Any]]:
    """For each row the place of its class, and the classes."""
    import numpy as np

    signs = outputs == 1 and any(np.ndim(label) == 0 and label == -1 for label in list(y))
    codes = (-1, 1) if signs else tuple(range(max(outputs, 2)))
    kept = classes if isinstance(classes, tuple) and len(classes) == len(codes) else ()
    found, names = encode(y, codes, kept, "y")
    if found.ndim == 2 and found.shape[1] == len(codes):  # one-hot
        return found.argmax(axis=1), names
    places = np.searchsorted(codes, found.ravel())
    if (wrong := np.flatnonzero(~np.isin(found, codes))).size:
        raise ValueError(
            f"y: row {wrong[0]} is {found.ravel()[wrong[0]]:g}, and the model tells the classes "
            f"{', '.join(map(str, codes))} apart"
        )
    return places, names


def _two_regions(ax: Axes, xs: Array, ys: Array, scores: Array, threshold: float) -> None:
    import numpy as np
    from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm

    low, high = colours()[:2]
    sides = LinearSegmentedColormap.from_list("sides", [low, "#f7f7f7", high])
    reach = max(float(np.percentile(np.abs(scores - threshold), 95)), 1e-9)
    norm = TwoSlopeNorm(threshold, threshold - reach, threshold + reach)
    plane: Any = {"extent": (xs[0], xs[-1], ys[0], ys[-1]), "origin": "lower", "aspect": "auto"}
    ax.imshow(scores, cmap=sides, norm=norm, alpha=0.6, interpolation="bilinear", **plane)
    if scores.min() < threshold < scores.max():
        ax.contour(xs, ys, scores, levels=[threshold], colors="black", linewidths=1.6)
