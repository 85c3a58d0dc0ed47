"""A gate's formulas on Values: the partial derivative as a graph, and the gate unfolded."""

from __future__ import annotations

import functools
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..gate import GATES, Gate
from .atoms import ATOMS, CONSTANTS

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["partial_on_values", "unfold"]


class _Names(dict[str, Any]):
    """Names for a formula evaluated on Values: its inputs, then every gate and every atom."""

    def __missing__(self, name: str) -> Any:
        if name == "_number":
            return lambda x: getattr(x, "data", x)
        if name in CONSTANTS:
            return CONSTANTS[name]
        return functools.partial(_apply, name)


def _apply(name: str, *inputs: Any) -> Any:
    """Fire the gate called `name`; where all it gets are plain numbers, just compute."""
    from ..value import Value

    atom = ATOMS.get(name)
    if atom is not None:
        if atom.predicate:
            return atom.python(*(x.data if isinstance(x, Value) else x for x in inputs))
        if not any(isinstance(x, Value | list | tuple) for x in inputs):
            return atom.python(*inputs)
    return GATES[name](*inputs)


@functools.cache
def _code(text: str, what: str) -> CodeType:
    return compile(text, f"<autodiff {what}>", "eval")


def partial_on_values(gate: Gate, position: int, inputs: tuple[Any, ...], out: Value) -> Any:
    """∂out/∂inputs[position] as a graph of Values (or a plain number).

    For a gate over rows `inputs` are all parents, row after row, as `Value.parents` has them.
    """
    local, index = gate.partial_at(position, len(inputs))
    names = gate.split(inputs)
    if index is not None:  # inside a row a name means one element
        names = {k: v[index] if k in gate.rows else v for k, v in names.items()}
        names["n"] = len(inputs) // len(gate.rows)
    if local.number is not None:
        return local.number
    code = _code(local.on_values(), f"partial of {gate.name}")
    return eval(code, {"__builtins__": {}}, _Names(names, out=out))


def unfold(gate: Gate, *inputs: Any) -> Value:
    """Rebuild a coarse gate from finer ones.

    >>> from autodiff import GATES, Value
    >>> fine = GATES["sigmoid"].unfold(Value(1.0))
    >>> fine.gate, fine.data
    (<gate reciprocal: 1 / a; ∂/∂a = -(out**2)>, 0.7310585786300049)
    """
    if gate.decompose is None:
        raise ValueError(f"{gate.name} is a primitive gate: there is nothing finer to unfold it to")
    if callable(gate.decompose):
        unfolded: Value = gate.decompose(*inputs)
        return unfolded
    names = {**gate.defaults, **dict(zip(gate.inputs, inputs, strict=False))}
    if len(inputs) > len(gate.inputs) or len(names) < len(gate.inputs):
        raise TypeError(f"{gate.name}: got {len(inputs)} inputs for {', '.join(gate.inputs)}")
    code = _code(gate.decompose, f"decomposition of {gate.name}")
    result: Value = eval(code, {"__builtins__": {}}, _Names(names))
    return result
