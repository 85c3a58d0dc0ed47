"""Activations: any gate with one input, by name, or any function of a Value."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

from autodiff import GATES, Constant, Gate, Value, softmax

from .checks import known
from .module import Module, Nested

__all__ = ["Activation", "ActivationLike", "Nonlinearity", "resolve", "softmax"]

ActivationLike: TypeAlias = "str | Gate | Callable[[Any], Any] | Nonlinearity | None"


class Nonlinearity(NamedTuple):
    """name: how to write it down again, "" if that is not possible; row: takes all at once."""

    name: str
    function: Callable[[Any], Any] | None
    row: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its name, since a gate's function is made anew in each process."""
        return (resolve, (self.name,)) if self.name else (Nonlinearity, tuple(self))


IDENTITY = Nonlinearity("identity", None)


NAMED = {"identity": IDENTITY, "softmax": Nonlinearity("softmax", softmax, row=True)}


def activation_names() -> list[str]:
    """The names that `resolve` knows: gates with one input, identity, softmax."""
    return [*(name for name, gate in GATES.items() if _is_unary(gate)), *NAMED]


def _is_unary(gate: Gate) -> bool:
    return not gate.rows and len(gate.inputs) - len(gate.defaults) == 1


def resolve(chosen: ActivationLike) -> Nonlinearity:
    """Look an activation up: None, a name, a gate, or a function from Value to Value.

    A name may carry the gate's options: "leaky_relu(0.2)", "softplus(3)".

    >>> resolve("leaky_relu(0.2)").function(Value(-1.0)).data
    -0.2

    Raises ValueError for an unknown name, listing the known ones.
    """
    if chosen is None:
        return IDENTITY
    if isinstance(chosen, Nonlinearity):
        return chosen
    if isinstance(chosen, str | Gate):
        return _by_name(str(chosen))
    if not callable(chosen):
        raise TypeError(
            f"an activation is a name, a gate or a function of one Value, got {chosen!r}"
        )
    # softmax itself, or Value.tanh, which is the function of the gate of that name
    gates = (Nonlinearity(g.name, g.fire) for g in GATES.values() if _is_unary(g))
    same = (named for named in (*NAMED.values(), *gates) if named.function is chosen)
    return next(same, Nonlinearity("", chosen))


def _by_name(text: str) -> Nonlinearity:
    if text in NAMED:
        return NAMED[text]
    match = re.fullmatch(r"(\w+)(?:\(([^()]+)\))?", text)
    gate = GATES.get(match[1]) if match else None
    if match is None or gate is None or not _is_unary(gate):
        raise ValueError(f"unknown activation {text!r}; {known(text, activation_names())}")
    if match[2] is None:
        return Nonlinearity(gate.name, gate.fire)
    try:
        options = [Constant(float(option)) for option in match[2].split(",")]
    except ValueError:
        raise ValueError(f"activation {text!r}: options are numbers") from None
    if len(options) > len(gate.defaults):
        raise ValueError(f"activation {text!r}: {gate.name} has the options {[*gate.defaults]}")
    fire = gate.fire
    return Nonlinearity(text, lambda z: fire(z, *options))


class Activation(Module):
    """An activation as a module of its own, for `Sequential`: applied to each element.

    >>> [a.data for a in Activation("relu")([-1.0, 2.0])]
    [0.0, 2.0]
    """

    def __init__(self, function: ActivationLike) -> None:
        self.activation = self.function = resolve(function)

    def forward(self, x: Nested) -> Nested:
        """Apply it to a Value or, element by element, to a (nested) row."""
        function = self.activation.function
        if function is None:
            return x
        if self.activation.row:
            return function(x)
        return _each(function, x)

    def extra_repr(self) -> str:
        """The activation's name."""
        return repr(self.activation.name or self.activation.function)


def _each(function: Callable[[Any], Any], nested: Nested) -> Nested:
    if isinstance(nested, Value):
        return function(nested)
    return [_each(function, part) for part in nested]
