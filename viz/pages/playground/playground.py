"""The playground: a page that trains a small network while one watches.

The page builds the graph of one example from rows of the gate table and runs it with the engine
of the other pages. Which gates those are is read here, from nn and from the table.
"""

from __future__ import annotations

import csv as csv_module
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from autodiff import GATES, Gate, Value
from nn import MLP, losses

from ...languages.translate import paged
from ..page import Page, page
from ..placement import size_of
from ..scene import scene
from .given import given_model, given_points

__all__ = ["playground"]

MOST = 2000  # rows of a table that the page trains on


@paged
def playground(
    model: MLP | str | os.PathLike[str] | None = None,
    X: Iterable[Any] | None = None,
    y: Iterable[Any] | None = None,
    *,
    csv: str | os.PathLike[str] | None = None,
    lang: str | None = None,
) -> Page:
    """A page in which a small network learns to tell two classes of points apart.

    model   a network to start with: an MLP with two inputs and one output, the logit; the name of
            a table may stand in its place
    X, y    points to start with: two numbers each, and labels of two classes
    csv     a table to start with: two columns of numbers, then a column that has two different
            entries, the classes; a first line of names may be there. The page can also open one.

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
    logit, target = Value(0.0), Value(0.0)
    loss = scene(losses.logistic(logit, target), grouped=False)
    names = [neuron.name, *(row.name for row in activations), *loss.gates()]
    data = {
        "neuron": _drawn(neuron),
        "activations": [
            _drawn(row)
            | {"defaults": [[x, size_of("constant", str(x))] for x in row.defaults.values()]}
            for row in activations
        ],
        "loss": {
            "nodes": loss.nodes,
            "logit": loss.index[logit],
            "target": loss.index[target],
        },
        "leafSize": size_of("leaf", "w[88,88]"),
        "most": MOST,
        "model": None if model is None else given_model(model, [row.name for row in activations]),
        "points": None if X is None or y is None else given_points(X, y, MOST),
        "csv": None if csv is None else _table(Path(csv)),
    }
    scripts = ["write", "model", "diagram", "playground_net", "playground_losses", "playground"]
    return page("playground", "Playground", data, scripts, gates=names, height=1000)


def _is_activation(gate: Gate) -> bool:
    """One number in, and made of finer gates: what the table has of activations."""
    one = not gate.rows and len(gate.inputs) - len(gate.defaults) == 1
    return one and gate.decompose is not None


def _drawn(gate: Gate) -> dict[str, Any]:
    return {"gate": gate.name, "symbol": gate.symbol, "size": size_of("gate", gate.symbol)}


def _table(path: Path) -> str:
    """The text of a table, checked."""
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no table {os.fspath(path)!r} to start with; to write the page into a file: "
            "viz.playground().save('playground.html')"
        )
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            rows = [row for row in csv_module.reader(file) if any(map(str.strip, row))]
        except csv_module.Error as error:
            raise ValueError(f"{path.name}: this is no table ({error})") from None
    if rows and not _numeric(rows[0]):
        rows = rows[1:]
    classes: set[str] = set()
    for k, row in enumerate(islice(rows, MOST), 1):
        if len(row) != 3 or not _numeric(row):
            raise ValueError(
                f"{path.name}: row {k} is {row}; "
                "give two finite numbers and a class, separated by commas"
            )
        classes.add(row[2].strip())
    if len(classes) != 2:
        raise ValueError(f"{path.name}: the third column has {len(classes)} classes, give two")
    return "\n".join(",".join(cell.strip() for cell in row) for row in rows[:MOST])


def _numeric(row: list[str]) -> bool:
    try:
        return all(abs(float(cell)) < float("inf") for cell in row[:2])
    except ValueError:
        return False
