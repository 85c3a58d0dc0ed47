"""Modules put together: one after another, and around a shortcut."""

from __future__ import annotations

from typing import Any

from autodiff import Value

from .activations import Activation
from .module import Module, Nested

__all__ = ["Residual", "Sequential"]


class Sequential(Module):
    """Modules one after another, each fed with what the one before returned.

    >>> from nn import Layer
    >>> model = Sequential(Layer(2, 4, "relu", rng=0), Layer(4, 1, rng=1))
    >>> len(model.layers), len(model.parameters()), list(model.state_dict())
    (2, 17, ['0.weight', '0.bias', '2.weight', '2.bias'])

    In the state dict a layer's activation counts as a module, as it is one in PyTorch.
    """

    def __init__(self, *modules: Module) -> None:
        for module in modules:
            if not isinstance(module, Module):
                raise TypeError(
                    f"Sequential takes modules, got {module!r}; "
                    "give a function as Activation(function)"
                )
        self.layers = list(modules)

    def forward(self, x: Nested) -> Nested:
        """Hand x through all layers."""
        for layer in self.layers:
            x = layer(x)
        return x

    def parts(self) -> dict[str, Any]:
        """The layers, numbered as `torch.nn.Sequential` would number them."""
        numbered: dict[str, Any] = {}
        number = 0
        for layer in self.layers:
            numbered[str(number)] = layer
            with_activation = getattr(layer, "activation", None)
            fused = with_activation is not None and with_activation.name != "identity"
            number += 2 if fused and not isinstance(layer, Activation) else 1
        return numbered | {name: held for name, held in vars(self).items() if name != "layers"}


class Residual(Module):
    """z + f(z), where f is a chain of modules: CS229 (7.38).

    >>> from nn import Layer
    >>> block = Residual(Layer(2, 2, init="zeros"))
    >>> [a.data for a in block([3.0, 4.0])]
    [3.0, 4.0]

    Raises ValueError if f changes the number of elements.
    """

    def __init__(self, *modules: Module) -> None:
        self.body = Sequential(*modules)

    def forward(self, z: Nested) -> Nested:
        """z + f(z), element by element, at each position if z is a list of rows."""
        change = self.body(z)
        if isinstance(z, list):
            return [_sum(row, part) for row, part in zip(z, change, strict=True)]
        out = _sum(z, change)
        return out if len(out) > 1 else out[0]


def _sum(z: Nested, change: Nested) -> list[Value]:
    row, change = ([x] if isinstance(x, Value) else x for x in (z, change))
    if len(change) != len(row):
        raise ValueError(
            f"Residual: its modules turn {len(row)} values into {len(change)}; "
            "z + f(z) needs as many out as in"
        )
    return [a + b for a, b in zip(row, change, strict=True)]
