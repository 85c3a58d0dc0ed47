"""A table of a network's layers: what each returns and how many parameters it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autodiff import Value
from autodiff.text.speech import said

from ..module import Module, Nested
from .table import aligned

__all__ = ["Summary", "SummaryRow", "summarise"]


UNEVEN = 3  # times as many rows of the largest class as of the smallest


class SummaryRow(NamedTuple):
    """One layer: its name in the state dict, its repr, its output's shape, its parameters."""

    name: str
    layer: str
    output: tuple[int, ...] | None
    parameters: int


class Summary:
    """The rows of the table, and their total; and how many rows each class had in training.
    Prints as a table.

    >>> from nn import MLP
    >>> MLP(2, [16, 16, 1]).summary()
    layer                              output  parameters
    0: Layer(2, 16, activation='relu')     16          48
    2: Layer(16, 16, activation='relu')    16         272
    4: Layer(16, 1)                         1          17
    total                                             337
    """

    def __init__(
        self, rows: list[SummaryRow], total: int, classes: Mapping[Any, int] | None = None
    ) -> None:
        self.rows = rows
        self.total = total
        self.classes = dict(classes or {})  # label -> rows of the data that it was trained on

    def __repr__(self) -> str:
        cells = [tuple(map(said, ("layer", "output", "parameters")))]
        for row in self.rows:
            shape = "?" if row.output is None else "×".join(map(str, row.output))
            name = f"{row.name}: {row.layer}" if row.name else row.layer
            cells.append((name, shape, str(row.parameters)))
        text = aligned([*cells, (said("total"), "", str(self.total))])
        return f"{text}\n{self._balance()}" if self.classes else text

    def _balance(self) -> str:
        counts = self.classes.values()
        each = ", ".join(f"{label} {count}" for label, count in self.classes.items())
        uneven = max(counts) >= UNEVEN * max(min(counts), 1)
        advice = ' (uneven: class_weight="balanced" lets each count alike)' if uneven else ""
        return said(f"trained on {sum(counts)} rows: {each}{advice}")


def summarise(model: Module, *inputs: Any) -> Summary:
    """The table for `model.summary()`; runs the model once where it knows on what."""
    outputs: dict[Module, Nested] = {}
    if not inputs and (nin := _inputs(model)) is not None:
        inputs = ([0.0] * nin,)
    if inputs:
        with _listening(outputs):
            model(*inputs)
    rows = []
    counted: set[Value] = set()
    for name, module in model.modules():
        own = set(module.own_parameters()) - counted
        counted.update(own)
        if own or not module.children():
            shape = np.shape(outputs[module]) or (1,) if module in outputs else None
            shown = type(module).__name__ if module.children() else repr(module)
            rows.append(SummaryRow(name, shown, shape, len(own)))
    classes = model.classes if isinstance(model.classes, tuple) else ()
    counts = dict(zip(classes, model.class_counts, strict=False))
    return Summary(rows, len(model.parameters()), counts)


def _inputs(model: Module) -> int | None:
    """The number of inputs that the first layer asks for, if it says so."""
    for _, module in model.modules():
        nin = getattr(module, "nin", None)
        if isinstance(nin, int):
            return nin
        if module.own_parameters():
            return None
    return None


@contextmanager
def _listening(outputs: dict[Module, Nested]) -> Iterator[None]:
    """Record what each module returns while the block runs."""
    call = Module.__call__

    def recorded(self: Module, *inputs: Any) -> Any:
        outputs[self] = call(self, *inputs)
        return outputs[self]

    Module.__call__ = recorded  # type: ignore[method-assign]
    try:
        yield
    finally:
        Module.__call__ = call  # type: ignore[method-assign]
