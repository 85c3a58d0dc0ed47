"""A trained network in a file for another language or tool, without this library."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autodiff
from autodiff.compiler.export.files import Network, Training, text_of
from autodiff.compiler.export.onnx_graph import onnx_model

from ..checks import known
from ..layers import Layer
from ..module import Module
from ..optimisers import Optimiser, resolve_optimiser
from ..training.tasks import resolve_loss

__all__ = ["export"]

SUFFIXES = {".c": "c", ".js": "javascript", ".mjs": "javascript", ".py": "python", ".onnx": "onnx"}


def export(
    model: Module,
    path: str | os.PathLike[str],
    *,
    example: Any = None,
    loss: str | Callable[..., Any] | None = None,
    optimiser: str | Optimiser | None = None,
    language: str | None = None,
    dtype: str | None = None,
) -> None:
    """Write `model` to `path`; its suffix says as what.

    =============  ==========================================================================
    ``net.c``      C99 that needs ``math.h`` alone: ``predict(x, out)`` for one example
    ``net.js``     a JavaScript module: ``predict(x)`` gives the outputs
    ``net.py``     Python that needs no package: the same; ``language="numpy"`` writes the
                   array program instead, whose ``predict(X)`` takes all rows
    ``net.onnx``   an ONNX graph from "x" [rows, ...] to "y" [rows, outputs]; needs ``onnx``
    =============  ==========================================================================

    example    inputs of one example, for a model that does not say how many it takes; with
               `loss` a pair of inputs and target
    loss       puts the loss' gradient into the file too (not into ONNX); a name will do
    optimiser  puts a step of it there, a name will do: ``train(theta, X, Y, grad, ..., rate, ...)``
    dtype      "float64", or "float32" as ONNX has it if nothing is said

    Raises ValueError for a suffix, or a model, that cannot be written so.

    >>> import tempfile
    >>> from nn import MLP
    >>> net = MLP(2, [3, 1], "tanh")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "net.c"
    ...     export(net, file, loss="hinge", optimiser="sgd")
    ...     lines = file.read_text(encoding="utf-8").splitlines()
    >>> [line.partition("(")[0] for line in lines if line.startswith(("real", "void"))]
    ['real parameters[13] = {', 'real gradient', 'real train', 'void predict']
    """
    target = Path(path)
    if language is None and target.suffix.lower() not in SUFFIXES:
        raise ValueError(
            f"the suffix of {target.name!r} says no language; {known(target.suffix, SUFFIXES)}"
        )
    language = language or SUFFIXES[target.suffix.lower()]
    dtype = dtype or ("float32" if language == "onnx" else "float64")
    given = example if loss is not None and example is not None else (example, 1.0)
    x = np.asarray(_zeros(model) if given[0] is None else given[0], dtype=float)
    outputs = autodiff.compile(model, backend="numpy", dtype=dtype).prepare(x[None])
    classes = model.classes if isinstance(getattr(model, "classes", None), tuple) else ()
    labels = (
        " ".join(str(label).split()) for label in classes
    )  # a second line could end C's comment
    title = f"{model!r}\nOutputs: {', '.join(labels)}" if classes else repr(model)
    network = Network(title, outputs.theta(), outputs.version)
    if language == "onnx":
        target.write_bytes(onnx_model(network))
        return
    if loss is not None:
        cost = autodiff.compile(
            functools.partial(_cost, model, resolve_loss(loss)), backend="numpy", dtype=dtype
        )
        cost.prepare(x[None], np.asarray(given[1], dtype=float)[None])
        if cost.parameters != outputs.parameters:
            raise ValueError("the loss has parameters of its own: export takes those of the model")
        network = network._replace(training=Training(cost.version, *_rule(model, optimiser)))
    target.write_text(text_of(network, language), encoding="utf-8")


def _rule(model: Module, optimiser: str | Optimiser | None) -> tuple[Any, ...]:
    if optimiser is None:
        return ()
    chosen = resolve_optimiser(optimiser, model.parameters(), None, None)
    if chosen.clip is not None:
        raise ValueError("clip= has no counterpart in the file: export an optimiser without it")
    return chosen.rule, chosen.settings


def _cost(model: Module, loss: Callable[..., Any], x: Any, y: Any) -> Any:
    return loss(model(x), y)


def _zeros(model: Module) -> list[float]:
    """An example for a network that begins with a layer."""
    first = model
    while parts := getattr(first, "layers", None):
        first = parts[0]
    if not isinstance(first, Layer):
        raise ValueError(
            f"{type(model).__name__} does not say how many inputs it takes: give those of one "
            "example, as example="
        )
    return [0.0] * first.nin
