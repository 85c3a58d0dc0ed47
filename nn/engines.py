"""Engines: what `fit` and `predict` ask to be computed, by graphs of Values or compiled.

Parameters travel as one array θ, in the order of the list that an engine was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from autodiff import Value

from .losses import Loss
from .losses import cost as batch_cost
from .module import flatten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["ENGINES", "Eager", "Engine", "choose_engine", "load", "read"]

Model: TypeAlias = Callable[[Any], Any]


class Engine(Protocol):
    """What training needs. X and Y have one row per example."""

    def cost_and_gradient(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J, the mean loss over the rows, and dJ/dθ."""
        ...

    def cost(self, theta: Array, X: Array, Y: Array) -> float:
        """J alone."""
        ...

    def outputs(self, theta: Array, X: Array) -> Array:
        """What the network returns: one row per example, one column per output."""
        ...


def read(parameters: Sequence[Value]) -> Array:
    """θ: a copy of the parameters' numbers."""
    import numpy as np

    return np.array([parameter.data for parameter in parameters])


def load(parameters: Sequence[Value], theta: Array) -> None:
    """Write θ into the parameters."""
    for parameter, number in zip(parameters, theta.tolist(), strict=True):
        parameter.data = number


class Eager:
    """Builds the graph of the whole batch anew at each step, and walks it back."""

    def __init__(self, model: Model, loss: Loss | None, parameters: Sequence[Value]) -> None:
        self.model = model
        self.loss = loss
        self.parameters = list(parameters)

    def cost_and_gradient(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and dJ/dθ by `backward()`."""
        import numpy as np

        load(self.parameters, theta)
        for parameter in self.parameters:
            parameter.grad = 0.0
        cost = self._build(X, Y)
        cost.backward()
        return cost.data, np.array([parameter.grad for parameter in self.parameters])

    def cost(self, theta: Array, X: Array, Y: Array) -> float:
        """J: the forward pass alone."""
        load(self.parameters, theta)
        return self._build(X, Y).data

    def _build(self, X: Array, Y: Array) -> Value:
        assert self.loss is not None
        return batch_cost(self.model, X.tolist(), Y.tolist(), self.loss)

    def outputs(self, theta: Array, X: Array) -> Array:
        """Row by row."""
        import numpy as np

        load(self.parameters, theta)
        return np.array([[v.data for v in flatten(self.model(x))] for x in X.tolist()])


ENGINES: dict[str, Callable[..., Engine]] = {"eager": Eager}


def choose_engine(
    name: str, model: Model, loss: Loss | None, parameters: Sequence[Value]
) -> Engine:
    """An engine by name; "auto" takes the compiled one where it can."""
    if name == "auto":
        name = "eager"
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; known: auto, {', '.join(ENGINES)}")
    return ENGINES[name](model, loss, parameters)
