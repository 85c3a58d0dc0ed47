"""diagnose: why does it not learn? Dead and saturated units, gradients that vanish or never come.

A unit is judged by its slope ∂a/∂z, the share of the gradient that its activation lets through,
on each of the examples. That holds for any activation, your own included.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from autodiff import Call, Value, topological_order
from autodiff.functional import gradients
from autodiff.text.speech import said

from .. import losses
from ..module import Module, Nested, flatten
from ..training.data import examples, output_shape, prepare
from ..training.tasks import resolve_loss
from .table import aligned

__all__ = ["Diagnosis", "Finding", "LayerHealth", "diagnose"]

OPEN = 0.01  # a slope below lets less than a hundredth of the gradient through
MOSTLY = 0.9  # of the examples
FALL = 1e-3  # gradients of one layer, relative to those of another
FAR = 100.0  # a column of X, relative to another or to 1


class Finding(NamedTuple):
    """One thing that is wrong, with the usual remedy."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}\n      remedy: {self.remedy}"


@dataclass
class LayerHealth:
    """What `diagnose` saw of one layer.

    name      its name in the state dict, and its repr
    slopes    [call][unit]: ∂a/∂z of each unit, a call for each example (and position); empty for a
              layer without an activation
    outputs   [call][unit]: a
    gradient  root mean square of dJ/dparameter over its parameters; None if it has none
    """

    name: str
    slopes: list[list[float]] = field(default_factory=list)
    outputs: list[list[float]] = field(default_factory=list)
    gradient: float | None = None

    def _share(self, test: Callable[[float, float], bool]) -> list[float]:
        """For each unit, on which share of the examples test(output, slope) holds."""
        units = zip(zip(*self.outputs, strict=True), zip(*self.slopes, strict=True), strict=True)
        return [sum(map(test, *unit)) / len(self.slopes) for unit in units]

    @property
    def units(self) -> int:
        """Number of activations; 0 for a linear layer."""
        return len(self.slopes[0]) if self.slopes else 0

    @property
    def open(self) -> list[float]:
        """For each unit the share of examples on which it lets the gradient through."""
        return self._share(lambda a, slope: abs(slope) >= OPEN)

    @property
    def dead(self) -> list[int]:
        """Units that give 0 with slope 0 on every example: they say nothing and cannot learn."""
        zero = self._share(lambda a, slope: a == slope == 0)
        return [j for j, share in enumerate(zero) if share == 1]

    @property
    def saturated(self) -> list[int]:
        """Units whose slope is below 0.01 on nine of ten examples, though they give a number."""
        flat = self._share(lambda a, slope: abs(slope) < OPEN and not a == slope == 0)
        return [j for j, share in enumerate(flat) if share >= MOSTLY]


@dataclass
class Diagnosis:
    """The report: prints as a table of the layers, then what is wrong and what usually helps.

    loss      mean loss over the examples looked at, and the name of the loss
    examples  how many those were
    layers    one `LayerHealth` for each layer; `viz.plot_diagnosis` draws them
    findings  what is wrong; empty if nothing was found
    """

    loss: tuple[str, float]
    examples: int
    layers: list[LayerHealth]
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        cells = [[*map(said, ("layer", "units", "dead", "saturated", "open", "gradient"))]]
        for layer in self.layers:
            row = [layer.name, "–", "–", "–", "–", "–"]
            if layer.units:
                counts = layer.units, len(layer.dead), len(layer.saturated)
                row[1:5] = [*map(str, counts), f"{sum(layer.open) / layer.units:.0%}"]
            if layer.gradient is not None:
                row[5] = f"{layer.gradient:.2g}"
            cells.append(row)
        name, number = self.loss
        head = said(f"diagnosis on {self.examples} examples: {said(name)} {number:.4g}")
        found = [f"  {k}. {said(str(finding))}" for k, finding in enumerate(self.findings, start=1)]
        return "\n".join([head, aligned(cells), *(found or [said("  nothing wrong was found")])])

    __repr__ = __str__


def diagnose(
    model: Module, X: Any, y: Any = None, loss: str | losses.Loss | None = None, *, most: int = 200
) -> Diagnosis:
    """Look at every unit and every gradient of `model` on the rows of X (at most `most` of them).

    y     targets, one per row, as `fit` takes them; without them the sum of the outputs stands in
          for the loss
    loss  a function of `nn.losses` or its name; None: the squared error

    It notices units that are dead or saturated, parameters that no gradient reaches, gradients
    that vanish or explode from layer to layer, and inputs of very different size. Neither
    parameters nor `.grad` are touched. Raises ValueError for data that do not fit.

    >>> from nn import MLP
    >>> model = MLP(2, [4, 1], rng=0)
    >>> model.layers[0].neurons[1].b.data = -50.0
    >>> report = diagnose(model, [[0.5, 1.0], [-1.0, 0.3], [0.2, -0.8]], [1, 0, 1])
    >>> report.layers[0].dead
    [1]
    >>> report.findings[0].what
    "1 of the 4 units of 0: Layer(2, 4, activation='relu') is dead: unit 1 has output 0 and ..."
    """
    table = examples(model, X)
    function: losses.Loss = _sum_of_outputs
    step = max(1, math.ceil(len(table) / most))
    rows = table[::step].tolist()
    wanted: list[Any] = [None] * len(rows)
    if y is not None:
        function = resolve_loss(loss or losses.squared_error)
        count = math.prod(output_shape(model, table))
        if loss is None and count > 1 and np.ndim(y) == 1:
            raise ValueError(
                f"diagnose: the network has {count} outputs and y one target a row, which the "
                "squared error cannot compare; give the loss that it is trained with, as "
                'loss="softmax_cross_entropy"'
            )
        wanted = prepare(model, table, y, function).Y[::step].tolist()

    parameters = model.parameters()
    own = set(parameters)
    cost = losses.cost(model, rows, wanted, function)
    gradient = dict(zip(parameters, gradients(cost, parameters), strict=True))
    reached: set[Value] = set()
    health = {
        module: LayerHealth(f"{path}: {module!r}" if path else repr(module))
        for path, module in model.modules()
        # the ends of the tree: what has parameters or an activation of its own
        if not module.children() and (module.parameters() or hasattr(module, "activation"))
    }
    for node in cost.parents:
        order = topological_order(node)
        reached.update(own.intersection(order))
        for (module, _), units in _units(order, own).items():
            if module in health:
                outputs, slopes = zip(*units, strict=True)
                health[module].outputs.append(list(outputs))
                health[module].slopes.append(list(slopes))
    for module, layer in health.items():
        if mine := [gradient[p] for p in module.parameters()]:
            layer.gradient = math.hypot(*mine) / math.sqrt(len(mine))
    layers = list(health.values())
    findings = [
        *_about_units(layers),
        *_about_reach(model, reached, gradient),
        *_about_flow(layers),
        *_about_inputs(table),
    ]
    name = getattr(function, "__name__", "loss").strip("_").replace("_", " ")
    return Diagnosis((name, cost.data), len(rows), layers, findings)


def _sum_of_outputs(output: Nested, _: object) -> Value:
    total: Value = sum(flatten(output), start=Value(0.0))
    return total


# ── slopes ───────────────────────────────────────────────────────────────────────────────────


def _units(
    order: Sequence[Value], own: set[Value]
) -> dict[tuple[Module, tuple[Value, ...]], list[tuple[float, float]]]:
    """For every call that applied an activation, its module and its inputs, (a, ∂a/∂z) of each
    unit. A layer that is called at several positions has as many calls.

    One sweep forward: a node's slope is the sum of local gradient × slope over its parents, and
    starts anew from 1 at each z: a weighted sum, or what a bare activation was given.
    """
    units = [(node, call) for node in order if (call := _activating(node.call)) is not None]
    bare = {z for _, call in units if not call.module.parameters() for z in call.inputs}
    slope: dict[Value, float] = {}
    through: dict[Value, float] = {}
    for node in order:
        parents = node.parents
        through[node] = sum(
            local * slope[parent] for parent, local in zip(parents, node.local_grads, strict=True)
        )
        is_z = node in bare or not own.isdisjoint(parents)
        slope[node] = 1.0 if is_z else through[node]
    found: dict[tuple[Module, tuple[Value, ...]], list[tuple[float, float]]] = {}
    for node, call in units:
        found.setdefault((call.module, call.inputs), []).append((node.data, through[node]))
    return found


def _activating(call: Call | None) -> Call | None:
    """The outermost of nested calls whose module applies an activation unit by unit."""
    while call is not None:
        activation = getattr(call.module, "activation", None)
        if activation is not None and activation.function is not None and not activation.row:
            return call
        call = call.inner
    return None


# ── what is wrong ────────────────────────────────────────────────────────────────────────────


_UNITS = (
    (
        "dead",
        "output 0 and slope 0 on every example",
        "a smaller learning rate, biases from 0, or an activation with a slope on both sides "
        "(leaky_relu, gelu)",
    ),
    (
        "saturated",
        f"a slope below {OPEN:g} on nine of ten examples",
        "smaller weights (init=None fits them to the activation), standardised inputs, a smaller "
        "learning rate, or an activation that does not flatten out (relu, gelu)",
    ),
)


def _about_units(layers: Iterable[LayerHealth]) -> Iterable[Finding]:
    for layer, (word, slope, remedy) in itertools.product(layers, _UNITS):
        units = getattr(layer, word)
        if units:
            listed = ", ".join(map(str, units[:8])) + (" ..." if len(units) > 8 else "")
            verb, shown = ("is", "unit {} has") if len(units) == 1 else ("are", "units {} have")
            yield Finding(
                f"{len(units)} of the {layer.units} units of {layer.name} {verb} {word}: "
                f"{shown.format(listed)} {slope}",
                remedy,
            )


def _about_reach(
    model: Module, reached: set[Value], gradient: dict[Value, float]
) -> Iterable[Finding]:
    """Parameters that the output does not depend on."""
    names = [name for name, p in model.named_parameters() if p not in reached]
    if names:
        shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
        yield Finding(
            f"no gradient reaches {shown}: the loss does not depend on "
            f"{'it' if len(names) == 1 else 'them'}",
            "use what they belong to in forward(), or remove it",
        )
    if reached and all(gradient[p] == 0 for p in reached):
        yield Finding(
            "every gradient is exactly 0: nothing will move",
            "look for a layer whose units are all dead, or a loss that is flat here",
        )


def _about_flow(layers: Sequence[LayerHealth]) -> Iterable[Finding]:
    """Gradients from layer to layer."""
    sizes = [(layer.gradient, layer.name) for layer in layers if layer.gradient]
    if len(sizes) < 2:
        return
    first, last = sizes[0], sizes[-1]
    sizes_seen = f"{first[1]} gets {first[0]:.2g}, {last[1]} gets {last[0]:.2g}"
    if first[0] < FALL * last[0]:
        yield Finding(
            f"gradients vanish: {sizes_seen}",
            "relu or gelu instead of sigmoid, init=None, LayerNorm, or Residual connections",
        )
    elif last[0] < FALL * first[0]:
        yield Finding(
            f"gradients explode: {sizes_seen}",
            "smaller weights (init=None), LayerNorm, or clipping the gradients",
        )


def _about_inputs(table: Any) -> Iterable[Finding]:
    """Columns of X of very different size: the weights' gradients are as different."""
    if table.ndim != 2:
        return
    sizes = abs(table).max(axis=0)
    largest, smallest = float(sizes.max()), float(sizes[sizes > 0].min(initial=math.inf))
    if largest > FAR * max(1.0, min(smallest, 1.0)) or largest > FAR * smallest:
        yield Finding(
            f"inputs of very different size: column {sizes.argmax()} of X goes up to {largest:g}, "
            f"the smallest column to {smallest:g}; a weight's gradient grows with its input",
            "standardise each column: subtract its mean, divide by its standard deviation",
        )
