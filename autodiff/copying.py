"""Pickle and deepcopy for graphs of any depth.

Python's own machinery follows parents recursively and gives up after a few hundred gates. Here
the ancestors of a node are handed over first, in topological order, so that each finds its
parents already copied and nothing nests.
"""

from __future__ import annotations

import copy
import threading
from typing import Any

from .graph import topological_order
from .value import MANY, UNREACHED, Constant, Value

__all__ = ["deepcopy", "reduce"]

_handed_over = threading.local()


def _fields(node: Value) -> tuple[Any, ...]:
    grad = None if node.grad is UNREACHED else node.grad
    edges = node.parents, node.local_grads
    return node.data, grad, node.label, node.gate, node.call, *edges, _own(node)


def _own(node: Value) -> dict[str, Any] | None:
    """What a subclass adds: attributes and slots."""
    if type(node) in (Value, Constant):
        return None
    state: Any = object.__getstate__(node)
    attributes, slots = state
    added = {name: held for name, held in slots.items() if name not in Value.__slots__}
    return {**(attributes or {}), **added}


def _add(node: Value, own: dict[str, Any] | None) -> None:
    for name, held in (own or {}).items():
        object.__setattr__(node, name, held)


def _restore(cls: type[Value], _ancestors: object, fields: tuple[Any, ...]) -> Value:
    node = object.__new__(cls)
    node.data, grad, node.label, node.gate, node.call, parents, local_grads, own = fields
    node.grad = UNREACHED if grad is None else grad
    node._a = node._b = None
    if node.gate is not None:
        if node.gate.rows or len(parents) > 2:
            node._a, node._b, node._da = tuple(parents), MANY, local_grads
        else:
            node._a, node._da = parents[0], local_grads[0]
            if len(parents) == 2:
                node._b, node._db = parents[1], local_grads[1]
    _add(node, own)
    return node


class _HandOver:
    """Pickles as its node, whose parents have been pickled before."""

    __slots__ = ("node",)

    def __init__(self, node: Value) -> None:
        self.node = node

    def __reduce__(self) -> tuple[Any, ...]:
        # The pickler asks that node for its state next, unless it has it already; the number
        # then stays behind and must not keep the graph alive.
        _handed_over.node = id(self.node)
        return _itself, (self.node,)


def _itself(node: Value) -> Value:
    return node


def reduce(node: Value) -> tuple[Any, ...]:
    """What pickle needs: the ancestors, then the node's own fields."""
    ancestors: tuple[_HandOver, ...] = ()
    if node._a is not None and getattr(_handed_over, "node", None) != id(node):
        ancestors = tuple([_HandOver(n) for n in topological_order(node)[:-1]])
    _handed_over.node = None
    return _restore, (type(node), ancestors, _fields(node))


def deepcopy(node: Value, memo: dict[int, Any]) -> Value:
    """The node copied with all its ancestors; what `memo` has already is used as it is."""
    for old in topological_order(node):
        if id(old) in memo:
            continue
        data, grad, label, gate, call, parents, local_grads, own = _fields(old)
        new_parents = tuple([memo[id(parent)] for parent in parents])
        fields = (data, grad, label, gate, None, new_parents, local_grads, None)
        new = memo[id(old)] = _restore(type(old), None, fields)
        new.call = copy.deepcopy(call, memo)
        _add(new, copy.deepcopy(own, memo))
    result: Value = memo[id(node)]
    return result
