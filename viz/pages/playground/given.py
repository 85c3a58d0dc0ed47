"""A network and points from Python, or from a table, as the playground's page starts with them."""

from __future__ import annotations

import csv
import io
import math
import os
import reprlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from nn import MLP

from ...languages.reading import text_of

__all__ = ["CLASSES", "IMAGE", "MOST", "given_model", "given_points", "table"]

DEEPEST, WIDEST = 6, 16  # hidden layers and their neurons, as the page draws them
CLASSES = 10  # at most; whole numbers of more kinds are no classes
IMAGE = 64  # columns that are the pixels of a picture, 8 × 8
MOST = 2000  # rows that the page trains on


def given_model(model: Any, activations: list[str | None]) -> dict[str, Any]:
    """Widths, activation and parameters of an MLP that the page can draw.

    Raises TypeError for what is no MLP and ValueError, naming what does not fit, for another.
    """
    if not isinstance(model, MLP):
        raise TypeError(f"playground: the model is an nn.MLP, got {type(model).__name__}")
    layers: list[Any] = list(model.layers)
    widths = [layer.nout for layer in layers]
    if layers[0].nin not in (2, IMAGE) or widths[-1] not in (1, *range(3, CLASSES + 1)):
        raise ValueError(
            f"playground: the model takes 2 numbers (or {IMAGE}, a picture) and gives 1, as "
            f"MLP(2, [8, 1]) does, or as many as there are classes, 3 to {CLASSES}; "
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
            f"playground: the model's activation is one of {', '.join(filter(None, activations))}; "
            f"got {used[0] or 'a function'!r}"
        )
    state = {name: array.tolist() for name, array in model.state_dict().items()}
    return {
        "columns": layers[0].nin,
        "widths": widths[:-1],
        "outputs": widths[-1],
        "activation": used[0] if used else None,
        "state": state,
    }


def given_points(X: Iterable[Any], y: Iterable[Any]) -> dict[str, Any]:
    """Points of two columns, or pictures of 64, and their classes or their values.

    Raises ValueError, naming the row, for what is no such data.
    """
    labels = [label.item() if hasattr(label, "item") else label for label in y]
    rows = [[float(number) for number in row] for row in X]
    columns = IMAGE if rows and len(rows[0]) == IMAGE else 2
    for k, x in enumerate(rows):
        if len(x) != columns or not all(map(math.isfinite, x)):
            raise ValueError(f"playground: row {k} of X is {x}; give {columns} finite numbers")
    if len(rows) != len(labels) or len(rows) > MOST:
        raise ValueError(
            f"playground: give as many labels as points, up to {MOST}; "
            f"got {len(rows)} points and {len(labels)} labels"
        )
    return {"X": rows, "scaled": False} | _targets(labels, "playground: y")


def table(path: Path) -> dict[str, Any]:
    """The points of a table: two columns of numbers, then one of classes or of values."""
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no table {os.fspath(path)!r} to start with; to write the page into a file: "
            "viz.playground().save('playground.html')"
        )
    try:
        lines = csv.reader(io.StringIO(text_of(path), newline=""))
        rows = [row for row in lines if any(map(str.strip, row))]
    except csv.Error as error:
        raise ValueError(f"{path.name}: this is no table ({error})") from None
    if rows and not all(map(_is_number, rows[0][:2])):
        rows = rows[1:]
    if len(rows) > MOST:
        raise ValueError(
            f"{path.name}: {len(rows)} rows, and the page trains on up to {MOST}; give fewer"
        )
    X, labels = [], []
    for k, row in enumerate(rows, 1):
        if len(row) != 3 or not all(map(_is_number, row[:2])):
            raise ValueError(
                f"{path.name}: row {k} is {reprlib.repr(row)}; "
                "give two finite numbers and a class, separated by commas"
            )
        X.append([float(row[0]), float(row[1])])
        labels.append(row[2].strip())
    return {"X": X, "scaled": True} | _targets(labels, f"{path.name}: the third column")


def _targets(labels: list[Any], what: str) -> dict[str, Any]:
    """Indices of classes, the greater the later; or values, where the labels are numbers of which
    not all are whole, or more than ten different ones. The page reads its tables alike."""
    different = set(labels)
    numeric = all(_is_number(label) for label in different)
    numbers = sorted(map(float, different)) if numeric else []
    if numeric and (len(different) > CLASSES or not all(x.is_integer() for x in numbers)):
        return {"y": [float(label) for label in labels], "classes": None}
    if not 2 <= len(different) <= CLASSES:
        raise ValueError(f"{what} has {len(different)} classes, give 2 to {CLASSES}")
    classes = sorted(different, key=float if numeric else None)
    return {"y": [classes.index(label) for label in labels], "classes": [*map(str, classes)]}


def _is_number(cell: Any) -> bool:
    try:
        return math.isfinite(float(cell))
    except (TypeError, ValueError):
        return False
