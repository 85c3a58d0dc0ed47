"""What a module's constructor was given: to show it, and to write it down."""

from __future__ import annotations

import inspect
from typing import Any

from ..activations import IDENTITY, Nonlinearity
from ..module import Module

__all__ = ["options", "signature"]


def options(module: Module) -> dict[str, Any]:
    """What the module's constructor was given, as far as the module keeps it under that name.

    >>> from nn import Layer
    >>> options(Layer(2, 1, "tanh"))
    {'nin': 2, 'nout': 1, 'activation': Nonlinearity(name='tanh', function=...)}
    """
    names = inspect.signature(type(module)).parameters
    return {name: getattr(module, name) for name in names if hasattr(module, name)}


def signature(module: Module) -> str:
    """The constructor's arguments that made it, those left out that are as by default."""
    shown = []
    for name, given in options(module).items():
        default = inspect.signature(type(module)).parameters[name].default
        value = given
        if isinstance(given, Nonlinearity):
            value = None if given == IDENTITY else given.name or given.function
        elif isinstance(given, tuple) and len(set(given)) == 1:  # a square window
            value = given[0]
        if default is inspect.Parameter.empty:
            shown.append(repr(value))
        elif value != default:
            shown.append(f"{name}={value!r}")
    return ", ".join(shown)
