"""When a cost or gradient is no longer finite: where it began."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff import DomainError, Value
from autodiff.watch.nonfinite import not_finite

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
        try:
            found = not_finite(loss_of(x, y))
        except DomainError as error:
            found = str(error)
        if found:
            return f"row {row} of the batch, {found}"
    return "every example is finite by itself, but not their sum or the penalty of the parameters"
