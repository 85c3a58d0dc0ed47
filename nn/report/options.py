"""What a module's constructor was given: to show it, and to write it down."""

from __future__ import annotations

import inspect
from typing import Any

from ..activations import IDENTITY, Nonlinearity
from ..module import Module

__all__ = ["options", "signature"]


def options(module: Module) -> dict[str, Any]:
    """What the module's constructor was given, as far as the module keeps it under that name and
    it is not the default. An activation stands as its name, or as the function that has none.

    >>> from nn import Layer
    >>> options(Layer(2, 1, "tanh"))
    {'nin': 2, 'nout': 1, 'activation': 'tanh'}
    """
    given = {}
    for name, parameter in inspect.signature(type(module)).parameters.items():
        value = getattr(module, name, parameter.default)
        if isinstance(value, Nonlinearity):
            value = None if value == IDENTITY else value.name or value.function
        if value != parameter.default:
            given[name] = value
    return given


def signature(module: Module) -> str:
    """The same as text between parentheses."""
    parameters = inspect.signature(type(module)).parameters
    shown = []
    for name, value in options(module).items():
        if isinstance(value, tuple) and len(set(value)) == 1:  # a square window
            value = value[0]
        required = parameters[name].default is inspect.Parameter.empty
        shown.append(repr(value) if required else f"{name}={value!r}")
    return ", ".join(shown)
