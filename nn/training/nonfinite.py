"""When a cost or gradient is no longer finite: where it began."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autodiff import DomainError, Value, watching
from autodiff.watch.anomaly import not_finite_backward

from .history import History

__all__ = ["NonFiniteError", "explain"]


class NonFiniteError(ArithmeticError):
    """Training met a number that is not finite. `history` is the record up to there."""

    history: History | None = None


def explain(loss_of: Callable[[Any, Any], Value], X: Any, Y: Any) -> str:
    """Run the examples of a batch one by one and name the first gate that was not finite.

    loss_of(x, y) builds the graph of one example.
    """
    for row, (x, y) in enumerate(zip(X.tolist(), Y.tolist(), strict=True)):
        bad: list[Value] = []

        def watch(node: Value, bad: list[Value] = bad) -> None:
            if not bad and node.gate is not None and not math.isfinite(node.data):
                bad.append(node)

        try:
            with watching(watch):
                root = loss_of(x, y)
        except DomainError as error:
            return f"row {row} of the batch, {error}"
        if bad:
            return f"row {row} of the batch, {describe(bad[0])}"
        if (found := not_finite_backward(root)) is not None:
            step, position = found
            parent, local, downstream = step.parts[position]
            assert step.node.gate is not None
            return (
                f"row {row} of the batch, backward through gate {step.node.gate.name}: upstream "
                f"gradient {step.upstream:g} × local gradient {local:g} = {downstream:g} "
                f"at its input {parent.describe()}"
            )
    return "every example is finite by itself, but not their sum or the penalty of the parameters"


def describe(node: Value) -> str:
    """A gate that gave a number that is not finite, with what it was given."""
    assert node.gate is not None
    shown = ", ".join(parent.describe() for parent in node.parents[:6])
    more = ", ..." if len(node.parents) > 6 else ""
    return f"gate {node.gate.name} gave {node.data} for its inputs {shown}{more}"
