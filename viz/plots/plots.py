"""Plots of training and of networks, with matplotlib (extra `demo` or `notebook`).

Every function draws into `ax` if one is given, else into a new figure, and returns the axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from autodiff import GATES, Gate, Value
from autodiff.value import UNREACHED

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from nn import Module

__all__ = [
    "plot_activations",
    "plot_decision_boundary",
    "plot_gradient_flow",
    "plot_history",
    "plot_network",
]

# Okabe and Ito's colours: told apart by any eye.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = "os^DvP*X"
FIGURE_7_3 = ("sigmoid", "tanh", "relu", "leaky_relu", "gelu", "softplus")


def _axes(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is not None:
        return ax
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib; install it with: pip install "glassgrad[demo]"'
        ) from error
    _, made = plt.subplots(figsize=(width, height), layout="constrained")
    return made


def _tidy(ax: Axes) -> None:
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)


# ── training ─────────────────────────────────────────────────────────────────────────────────


def plot_history(history: Any, *, ax: Axes | None = None) -> Axes:
    """Loss over the epochs, and shares such as accuracy on an axis of their own at the right.

    history   what `nn.fit` returns, a dict of lists, or a plain list of losses

    >>> ax = plot_history([0.9, 0.5, 0.3])
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'loss')
    """
    curves = _curves(history)
    ax = _axes(ax, 6.4, 3.8)
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
    _tidy(ax)
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
    scores = _predict(model, grid).reshape(resolution, resolution, -1)
    ax = _axes(ax, 5.2, 4.6)
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


def _predict(model: Callable[..., Any], grid: NDArray[np.float64]) -> NDArray[np.float64]:
    import autodiff

    return autodiff.compile(model)(grid)  # type: ignore[no-any-return]


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


# ── activations ──────────────────────────────────────────────────────────────────────────────


def plot_activations(
    names: Iterable[str | Gate] = FIGURE_7_3, *, reach: float = 4.0, ax: Any = None
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
        import matplotlib.pyplot as plt

        columns = min(3, len(gates))
        rows = -(-len(gates) // columns)
        _, ax = plt.subplots(
            rows,
            columns,
            figsize=(3.1 * columns, 2.6 * rows),
            squeeze=False,
            sharex=True,
            layout="constrained",
        )
        for unused in ax.ravel()[len(gates) :]:
            unused.set_visible(False)
    points = [reach * (i / 150 - 1) for i in range(301)]
    for axes, gate in zip(ax.ravel(), gates, strict=False):
        nodes = [gate(Value(x)) for x in points]
        axes.axhline(0, color="#999999", linewidth=0.6)
        axes.axvline(0, color="#999999", linewidth=0.6)
        slopes = [node.local_grads[0] for node in nodes]
        axes.plot(points, [n.data for n in nodes], color=COLOURS[0], linewidth=2, label="value")
        axes.plot(points, slopes, color=COLOURS[1], linestyle="--", linewidth=1.6, label="slope")
        axes.set_title(gate.name.replace("_", " "), fontsize=11)
        _tidy(axes)
    ax.ravel()[0].legend(frameon=False, loc="upper left", fontsize=9)
    return ax


# ── networks ─────────────────────────────────────────────────────────────────────────────────


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
    ax = _axes(ax, 6.4, 0.7 * len(layers) + 1.4)
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
    _tidy(ax)
    return ax


def _parameters_by_layer(model: Module) -> dict[str, list[Value]]:
    layers: dict[str, list[Value]] = {}
    for path, module in model.modules():
        held: list[Value] = []
        pending: list[Any] = [list(module.arrays().values())]
        while pending:
            part = pending.pop()
            if isinstance(part, Value):
                held.append(part)
            else:
                pending.extend(part)
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

    For models made of fully connected layers, one after another (`MLP`, `Sequential` of `Layer`s).
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
    ax = _axes(ax, 1.9 * len(sizes) + 1, 0.42 * min(max(sizes), most) + 1.4)
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
