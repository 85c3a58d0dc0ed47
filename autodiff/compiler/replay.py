"""A traced graph at other numbers: which row and gate made a result that is not finite.

The replay fires the traced gates anew on nodes of its own. No Value of the program is written, so
other threads may read them meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formula.firing import DomainError
from ..value import Value
from ..watch.nonfinite import not_finite
from .trace import Trace

Floats = NDArray[np.float64]


def replay(
    trace: Trace, parameters: Sequence[Value], theta: Floats, row: Sequence[Floats]
) -> list[Value]:
    """The outputs for one row of each argument, with `theta` for the numbers of `parameters`.

    Raises DomainError if a gate has no value there.
    """
    leaves: list[tuple[Value, float]] = list(zip(parameters, theta.tolist(), strict=True))
    for values, numbers in zip(trace.arguments, row, strict=True):
        leaves += zip(values, np.ravel(numbers).tolist(), strict=True)
    own: dict[Value, Value] = {leaf: Value(x, label=leaf.label) for leaf, x in leaves}
    for node in trace.nodes:
        if node.gate is not None:
            inputs = node.gate.split([own.get(parent, parent) for parent in node.parents])
            own[node] = node.gate(*inputs.values())
            own[node].label = node.label
    return [own.get(output, output) for output in trace.outputs]


def refuse(
    name: str,
    version: Any,
    parameters: Sequence[Value],
    theta: Floats,
    arrays: Sequence[Floats],
    loss: bool,
) -> None:
    """Raise DomainError naming row, gate and parameter: of a loss in any case, of outputs only if
    the eager engine would refuse them."""
    outputs = np.asarray(version.on("numpy").outputs(theta, *arrays))  # which refuses itself
    bad = np.flatnonzero(~np.isfinite(outputs).all(axis=1)).tolist()
    what = "the loss is not finite"
    if loss and not len(bad):
        bad, what = _bad_gradient(version, parameters, theta, arrays)
    if not len(bad):
        raise DomainError(f"{name}: {what}")
    row = bad[0]
    for k, array in enumerate(arrays):
        where = np.argwhere(~np.isfinite(np.atleast_1d(array[row])))
        if len(where):
            index = [row, *where[0].tolist()][: array.ndim]
            raise DomainError(
                f"{name}, row {row}: argument {k + 1} is {array[tuple(index)]!s} at index {index}"
            )
    found = ""
    if version.trace is not None:  # it does not travel in a pickle
        try:
            (root, *_) = replay(version.trace, parameters, theta, [a[row] for a in arrays])
        except DomainError as error:
            raise type(error)(f"{name}, row {row}: {error}") from None
        found = not_finite(root) if loss else ""
    if loss:
        raise DomainError(f"{name}, row {row}: {what}{': ' * bool(found)}{found}")


def _bad_gradient(
    version: Any, parameters: Sequence[Value], theta: Floats, arrays: Sequence[Floats]
) -> tuple[list[int], str]:
    """The first row with a gradient that is not finite, and the parameter that it belongs to."""
    for row in range(len(arrays[0])):
        _, gradient = version.gradient(theta, *(a[row : row + 1] for a in arrays))
        places = np.flatnonzero(~np.isfinite(gradient))
        if len(places):
            parameter = parameters[places[0]]
            shown = f"parameter {parameter.label or f'number {places[0]} of theta'}"
            return [row], f"the gradient of {shown} is {gradient[places[0]]}"
    return [], "every row is finite by itself, but not the sum over the rows"
