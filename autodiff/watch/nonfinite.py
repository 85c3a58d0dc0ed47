"""Where a graph stops being finite, in words."""

from __future__ import annotations

import math

from ..graph import topological_order
from ..value import Value
from .anomaly import not_finite_backward

__all__ = ["not_finite"]


def not_finite(root: Value) -> str:
    """The first gate whose value is not finite, if the root's is not; else the first that hands a
    gradient on that is not; empty if all is well.

    >>> v = Value(0.0, label="v")
    >>> not_finite((v * 2).sqrt())
    'backward through gate sqrt: upstream gradient 1 × local gradient inf = inf at its input 0.0'
    """
    if not math.isfinite(root.data):
        gates = [node for node in topological_order(root) if node.gate is not None]
        return _describe(next((n for n in gates if not math.isfinite(n.data)), root))
    found = not_finite_backward(root)
    if found is None:
        return ""
    (node, upstream, parts), position = found
    parent, local, downstream = parts[position]
    return (
        f"backward through gate {node.gate}: upstream gradient {upstream:g} × local gradient "
        f"{local:g} = {downstream:g} at its input {parent.describe()}"
    )


def _describe(node: Value) -> str:
    if node.gate is None:
        return f"a leaf is {node.describe()}"
    shown = ", ".join(parent.describe() for parent in node.parents[:6])
    more = ", ..." if len(node.parents) > 6 else ""
    return f"gate {node.gate} gives {node.describe()} for its inputs {shown}{more}"
