"""Plots that compare: layers of several networks, runs of several seeds; pictures side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

from ..languages.translate import translate
from .axes import axes_or_new, colours, ink, letter, plotted, subplots, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_descent", "plot_fit", "plot_images", "plot_layers", "plot_runs"]


@plotted
def plot_layers(
    sizes: Mapping[str, Sequence[float]],
    *,
    ylabel: str = "size",
    ax: Axes | None = None,
    lang: str | None = None,
) -> Axes:
    """One number for each layer of several networks, on a logarithmic scale.

    A straight line that falls is a size that shrinks by the same factor at every layer. Zeros have
    no logarithm and are left out.

    >>> ax = plot_layers({"sigmoid": [1.0, 0.25, 0.0625]}, ylabel="size of the gradient")
    >>> ax.get_xlabel(), ax.get_yscale()
    ('layer', 'log')
    """
    ax = axes_or_new(ax, 6.4, 3.2)
    for (name, numbers), colour in zip(sizes.items(), cycle(colours()), strict=False):
        places = [(k, size) for k, size in enumerate(numbers) if size > 0]
        ax.plot(*zip(*places, strict=True), "o-", color=colour, markersize=4, label=name)
    ax.set(yscale="log", xlabel=translate("layer"), ylabel=translate(ylabel))
    ax.locator_params(axis="x", integer=True)
    ax.legend(frameon=False)
    tidy(ax)
    return ax


def plot_runs(
    runs: Mapping[str, Sequence[float]], *, ylabel: str = "loss", ax: Axes | None = None
) -> Axes:
    """What several runs of each way came to: a dot for each run, a line at their mean.

    Where the dots of two ways lie among each other, the runs do not tell which way is better.

    >>> ax = plot_runs({"plain": [0.5, 0.6], "weight decay": [0.3, 0.35]})
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['plain', 'weight decay']
    """
    ax = axes_or_new(ax, 6.4, 0.8 + 0.36 * len(runs))
    for row, numbers in enumerate(runs.values()):
        ax.plot(numbers, [row] * len(numbers), "o", color=colours()[0], alpha=0.5, markersize=6)
        mean = sum(numbers) / len(numbers)
        ax.plot([mean, mean], [row - 0.32, row + 0.32], color=ink(), linewidth=2)
    ax.set_yticks(range(len(runs)), list(runs))
    ax.set_ylim(len(runs) - 0.5, -0.5)
    ax.set_xlabel(translate(ylabel))
    tidy(ax)
    letter(ax.figure)
    return ax


def plot_fit(
    model: Any,
    x: Sequence[float],
    y: Sequence[float],
    *,
    label: str = "",
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Data of one column, and the curve of what a network of one input says over it.

    model   a network of one input and one output, or a function of an array

    >>> ax = plot_fit(lambda x: 2 * x, [0.0, 1.0], [0.1, 1.8], label="twice")
    >>> ax.lines[1].get_label()
    'twice'
    """
    import numpy as np

    from nn import Module, predict

    ax, palette = axes_or_new(ax, 6.4, 3.2), colours()
    low, high = min(x), max(x)
    across = np.linspace(low - 0.02 * (high - low), high + 0.02 * (high - low), 300)
    says = predict(model, across[:, None])[:, 0] if isinstance(model, Module) else model(across)
    ax.plot(x, y, "o", color=ink(), alpha=0.35, markersize=4, markeredgewidth=0)
    ax.plot(across, says, color=palette[1], linewidth=2, label=label or None)
    if label:
        ax.legend(frameon=False)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    tidy(ax)
    letter(ax.figure)
    return ax


def plot_descent(J: Callable[[Any, Any], Any], places: Any, *, ax: Axes | None = None) -> Axes:
    """The places that a descent in two dimensions went to, over the contours of what it descends.

    J       a function of two arrays
    places  [step, 2]

    >>> ax = plot_descent(lambda x, y: x**2 + 9 * y**2, [[4.0, 1.0], [3.2, -0.8], [2.6, 0.6]])
    >>> len(ax.lines[0].get_xdata())
    3
    """
    import numpy as np

    ax, at = axes_or_new(ax, 6.4, 3.2), np.asarray(places, dtype=float)
    reach = 1.3 * np.abs(at).max(axis=0)
    left, right = at[:, 0].min() - 0.1 * reach[0], at[:, 0].max() + 0.1 * reach[0]
    xs, ys = np.meshgrid(np.linspace(left, right, 80), np.linspace(-reach[1], reach[1], 60))
    ax.contour(xs, ys, J(xs, ys), levels=6, colors=ink(), alpha=0.25, linewidths=0.8)
    ax.plot(*at.T, "o-", color=colours()[1], markersize=3, linewidth=1)
    letter(ax.figure)
    return ax


def plot_images(
    images: Sequence[Any], titles: Sequence[Any] = (), *, signed: bool = False, size: float = 1.0
) -> Any:
    """Pictures side by side, each an array of rows: dark is large.

    signed   blue above 0, red below, white at 0; all pictures on one scale
    size     of each, in inches

    >>> axes = plot_images([[[0, 1], [1, 0]], [[1, 0], [0, 1]]], ["a", "b"])
    >>> [ax.get_title() for ax in axes]
    ['a', 'b']
    """
    import numpy as np

    height = size + (0.3 if len(titles) else 0.05)
    axes = subplots(1, len(images), size * len(images), height, squeeze=False)[0]
    reach = max(float(np.abs(image).max()) for image in images)
    look: Any = {"cmap": "RdBu", "vmin": -reach, "vmax": reach} if signed else {"cmap": "gray_r"}
    for k, (ax, image) in enumerate(zip(axes, images, strict=True)):
        ax.imshow(image, **look)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(signed)
        if len(titles):
            ax.set_title(str(titles[k]), fontsize=9)
    letter(axes[0].figure)
    return axes
