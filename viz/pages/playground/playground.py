"""The playground: a page that trains a small network while one watches.

The page builds the graph of one example from rows of the gate table and runs it with the engine
of the other pages. Which gates those are is read here, from nn and from the table: of a neuron,
of the activations, of the input features, of the losses and of the penalty on the weights.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from autodiff import GATES, Gate, Value, parse
from nn import MLP, losses

from ...languages.translate import paged
from ..page import Page, page, source
from ..placement import size_of
from ..scene import scene
from .given import CLASSES, IMAGE, MOST, given_model, given_points, table

__all__ = ["playground"]

# What a network may be given of a point; Python's spelling, for the code that the page exports.
FEATURES = ("x1", "x2", "x1**2", "x2**2", "x1 * x2", "sin(x1)", "sin(x2)")
SCRIPTS = ("data", "net", "export", "settings", "paint", "plane", "picture", "wiring", "neuron",
           "losses", "playground")  # fmt: skip


@paged
def playground(
    model: MLP | str | os.PathLike[str] | None = None,
    X: Iterable[Any] | None = None,
    y: Iterable[Any] | None = None,
    *,
    csv: str | os.PathLike[str] | None = None,
    lang: str | None = None,
) -> Page:
    """A page in which a small network learns: classes of points, values, handwritten digits.

    model   a network to start with: an MLP with two inputs (or 64, a picture of 8 × 8) and one
            output (the logit of two classes, or the value), or one for each of 3 to 10 classes;
            the name of a table may stand in its place
    X, y    points to start with: two numbers each (or 64), and labels of 2 to 10 classes, or
            values: numbers of which not all are whole, or more than ten different ones
    csv     a table to start with: two columns of numbers, then one of such labels; a first line of
            names may be there. The page can also open one.
    lang    "zh" or "en"; by default its reader's browser decides

    One HTML file, offline: `.save(path)`; in a notebook it shows itself.

    >>> playground()
    <Playground: ... kB of HTML; .save(path)>
    >>> playground(MLP(2, [4, 1], "tanh", rng=0), [[0.0, 1.0], [1.0, 0.0]], ["no", "yes"])
    <Playground: ... kB of HTML; .save(path)>

    Raises ValueError, naming the file and the line, for a table that cannot be read, and
    FileNotFoundError where there is none; ValueError or TypeError, saying what does not fit, for
    a model or points that the page cannot show.
    """
    if isinstance(model, str | os.PathLike):
        model, csv = None, model
    if (X is None) != (y is None) or (X is not None and csv is not None):
        raise ValueError("playground: give X together with y, or else csv=")
    neuron = MLP(1, [1])([Value(1.0)]).gate
    activations = [row for row in GATES.values() if _is_activation(row)]
    points = None
    if csv is not None:
        points = table(Path(csv))
    elif X is not None and y is not None:
        points = given_points(X, y)
    given = None
    if model is not None:
        given = given_model(model, [*(row.name for row in activations), "identity"])
        _check_fit(given, points)
    graphs: dict[str, Any] = {
        "features": [_feature(text) for text in FEATURES],
        "losses": {kind: _loss(kind) for kind in ("value", *range(2, CLASSES + 1))},
        "penalty": _penalty(),
    }
    made = [*graphs["features"], *graphs["losses"].values(), graphs["penalty"]]
    used = [node["gate"] for graph in made for node in graph["nodes"] if node["gate"]]
    data = graphs | {
        "neuron": _drawn(neuron),
        "activations": [
            *(
                _drawn(row)
                | {"defaults": [[x, size_of("constant", str(x))] for x in row.defaults.values()]}
                for row in activations
            ),
            {"gate": None, "symbol": "linear", "defaults": []},
        ],
        "leafSize": size_of("leaf", "w[88,88]"),
        "most": MOST,
        "mostClasses": CLASSES,
        "image": IMAGE,
        "digits": source("playground", "digits.txt"),
        "model": given,
        "points": points,
    }
    names = [neuron.name, *(row.name for row in activations), *used]
    scripts = ["write", "model", "diagram", *(f"scripts/{name}" for name in SCRIPTS)]
    return page("playground", "Playground", data, scripts, gates=names, height=1000)


def _check_fit(model: dict[str, Any], points: dict[str, Any] | None) -> None:
    """Whether the model's inputs and outputs are those that the points ask for."""
    if points is None:
        return
    columns = len(points["X"][0])
    classes = len(points["classes"] or "1")
    outputs = classes if classes > 2 else 1
    if (model["columns"], model["outputs"]) != (columns, outputs):
        raise ValueError(
            f"playground: these points need a model that takes {columns} numbers and gives "
            f"{outputs}; this one takes {model['columns']} and gives {model['outputs']}"
        )


def _is_activation(gate: Gate) -> bool:
    """One number in, and made of finer gates: what the table has of activations."""
    one = not gate.rows and len(gate.inputs) - len(gate.defaults) == 1
    return one and gate.decompose is not None


def _drawn(gate: Gate) -> dict[str, Any]:
    return {"gate": gate.name, "symbol": gate.symbol, "size": size_of("gate", gate.symbol)}


# ── small graphs that the page joins to the network's ────────────────────────────────────────


def _graph(root: Value, inputs: list[Value]) -> dict[str, Any]:
    """The nodes of a graph, the root last, and where its inputs stand among them (-1: nowhere)."""
    made = scene(root, grouped=False)
    keys = "gate", "parents", "data", "name"
    return {
        "nodes": [{key: node[key] for key in keys} for node in made.nodes],
        "inputs": [made.index.get(v, -1) for v in inputs],
    }


def _feature(text: str) -> dict[str, Any]:
    x = {name: Value(0.0, name) for name in ("x1", "x2")}
    name = text.replace("**2", "²").replace(" * ", "·")
    root = x[text] if text in x else parse(text, {k: v for k, v in x.items() if k in text})
    return {"text": text, "name": name} | _graph(root, [*x.values()])


def _loss(kind: int | str) -> dict[str, Any]:
    """Of so many classes, or of a value; its inputs are the network's outputs, then the targets."""
    outputs = [Value(0.0) for _ in range(kind if isinstance(kind, int) and kind > 2 else 1)]
    targets = [Value(0.0) for _ in outputs]
    if kind == "value":
        root = losses.squared_error(outputs[0], targets[0])
    elif kind == 2:
        root = losses.logistic(outputs[0], targets[0])
    else:
        root = losses.softmax_cross_entropy(outputs, targets)
    return _graph(root, [*outputs, *targets])


def _penalty() -> dict[str, Any]:
    """λ₁ |w| + ½ λ₂ w² of one weight; its inputs are w and both rates."""
    w, l1, l2 = Value(0.0), Value(0.0), Value(0.0)
    return _graph(l1 * abs(w) + l2 * (w * w) * 0.5, [w, l1, l2])
