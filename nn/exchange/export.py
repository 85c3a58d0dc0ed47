"""A trained network in a file for another language or tool, without this library."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import autodiff
from autodiff.compiler.export.files import Network, Training, text_of
from autodiff.compiler.export.onnx_graph import onnx_model

from ..checks import known
from ..layers import Layer
from ..module import Module

if TYPE_CHECKING:
    from ..optimisers import Optimiser

__all__ = ["export"]

SUFFIXES = {".c": "c", ".js": "javascript", ".mjs": "javascript", ".py": "python", ".onnx": "onnx"}


def export(
    model: Module,
    path: str | os.PathLike[str],
    *,
    example: Any = None,
    loss: Callable[..., Any] | None = None,
    optimiser: Optimiser | None = None,
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
    loss       puts the loss' gradient into the file too (not into ONNX)
    optimiser  puts a step of the optimiser there: ``train(theta, X, Y, grad, ..., rate, ...)``
    dtype      "float64", or "float32" as ONNX has it if nothing is said

    Raises ValueError for a suffix, or a model, that cannot be written so.

    >>> import tempfile
    >>> from nn import MLP, losses, SGD
    >>> net = MLP(2, [3, 1], "tanh")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "net.c"
    ...     export(net, file, loss=losses.hinge, optimiser=SGD(net.parameters(), lr=0.1))
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
    network = Network(repr(model), outputs.theta(), outputs.version)
    if language == "onnx":
        target.write_bytes(onnx_model(network))
        return
    if loss is not None:
        cost = autodiff.compile(functools.partial(_cost, model, loss), backend="numpy", dtype=dtype)
        cost.prepare(x[None], np.asarray(given[1], dtype=float)[None])
        if cost.parameters != outputs.parameters:
            raise ValueError("the loss has parameters of its own: export takes those of the model")
        rule = (optimiser.rule, optimiser.settings) if optimiser else ()
        network = network._replace(training=Training(cost.version, *rule))
    target.write_text(text_of(network, language), encoding="utf-8")


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
