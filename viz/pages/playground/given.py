"""A network and points from Python, as the playground's page starts with them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from nn import MLP

__all__ = ["given_model", "given_points"]

DEEPEST, WIDEST = 5, 16  # hidden layers and their neurons, as the page draws them


def given_model(model: Any, activations: list[str]) -> dict[str, Any]:
    """Widths, activation and parameters of an MLP that the page can draw.

    Raises TypeError for what is no MLP and ValueError, naming what does not fit, for another.
    """
    if not isinstance(model, MLP):
        raise TypeError(f"playground: the model is an nn.MLP, got {type(model).__name__}")
    layers: list[Any] = list(model.layers)
    widths = [layer.nout for layer in layers]
    if layers[0].nin != 2 or widths[-1] != 1:
        raise ValueError(
            f"playground: the model takes 2 numbers and gives 1, as MLP(2, [8, 1]) does; "
            f"this one takes {layers[0].nin} and gives {widths[-1]}"
        )
    if len(widths) > DEEPEST + 1 or max(widths) > WIDEST:
        raise ValueError(
            f"playground: the model has up to {DEEPEST} hidden layers of up to {WIDEST} neurons; "
            f"this one has the widths {widths}"
        )
    if not all(layer.bias for layer in layers):
        raise ValueError(
            "playground: each layer of the model has a bias; this one has some without"
        )
    used = list(dict.fromkeys(layer.activation.name for layer in layers[:-1]))
    if layers[-1].activation.function is not None or len(used) > 1:
        raise ValueError(
            "playground: the model has one activation in all hidden layers and none in the last, "
            f"as MLP(2, [8, 1], 'tanh') does; this one is {model}"
        )
    if used and used[0] not in activations:
        raise ValueError(
            f"playground: the model's activation is one of {', '.join(activations)}; "
            f"got {used[0] or 'a function'!r}"
        )
    state = {name: array.tolist() for name, array in model.state_dict().items()}
    return {"widths": widths[:-1], "activation": used[0] if used else None, "state": state}


def given_points(X: Iterable[Any], y: Iterable[Any], most: int) -> dict[str, Any]:
    """Points of two columns and two classes; the greater class is 1.

    Raises ValueError, naming the row, for what is no such data.
    """
    labels = [label.item() if hasattr(label, "item") else label for label in y]
    rows = []
    for k, row in enumerate(X):
        x = [float(number) for number in row]
        if len(x) != 2 or not all(map(math.isfinite, x)):
            raise ValueError(f"playground: row {k} of X is {x}; give two finite numbers")
        rows.append(x)
    if len(rows) != len(labels) or len(rows) > most:
        raise ValueError(
            f"playground: give as many labels as points, up to {most}; "
            f"got {len(rows)} points and {len(labels)} labels"
        )
    classes = sorted(set(labels))
    if len(classes) != 2:
        raise ValueError(f"playground: y has {len(classes)} classes, give two")
    data = [{"x": x, "y": classes.index(label)} for x, label in zip(rows, labels, strict=True)]
    return {"data": data, "centre": [0, 0], "scale": [1, 1], "classes": [*map(str, classes)]}
