"""Walks over a graph of Values: topological order, and the backward pass told step by step.

Everything here is iterative: a chain of a million gates is a graph like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .value import Value

__all__ = ["Part", "Step", "backward_steps", "is_topological", "topological_order"]


def topological_order(*roots: Value) -> list[Value]:
    """All nodes that `roots` depend on, the roots included: every node after its parents.

    Why sort at all? A node may hand its gradient on only when it has received all of it. In
    ``b = a + a; c = b + b`` a walk that simply recurses from c to its parents visits b twice and
    hands its first, half-grown gradient on twice.

    The order is depth first, first parent first: equal graphs give equal orders.

    >>> from autodiff import Value
    >>> x, y, z = (Value(n, label=l) for n, l in ((-2, "x"), (5, "y"), (-4, "z")))
    >>> [node.label or node.gate.name for node in topological_order((x + y) * z)]
    ['x', 'y', 'add', 'z', 'mul']
    """
    order: list[Value] = []
    seen: set[Value] = set()
    all_seen = seen.issuperset
    stack: list[Any] = list(reversed(roots))
    while stack:
        node = stack.pop()
        if node is None:  # the marker: all parents of the next node are in the order
            order.append(stack.pop())
            continue
        while node not in seen:  # go up along the first parents
            seen.add(node)
            a, b = node._a, node._b
            if a is None:
                order.append(node)
            elif b is None:
                stack += (node, None)
                node = a
            elif a.__class__ is not tuple:
                stack += (node, None, b)
                node = a
            elif all_seen(a):  # most rows of weights and activations were seen before
                order.append(node)
            else:
                stack += (node, None, *a[::-1])
    return order


def is_topological(order: list[Value]) -> bool:
    """The postcondition of `topological_order`: each node once, and after all its parents."""
    position = {node: i for i, node in enumerate(order)}
    return len(position) == len(order) and all(
        position.get(parent, len(order)) < position[node]
        for node in order
        for parent in node.parents
    )


class Part(NamedTuple):
    """One input's share of a backward step: downstream = upstream × local."""

    parent: Value
    local: float
    downstream: float


class Step(NamedTuple):
    """What one gate does in the backward pass."""

    node: Value
    upstream: float
    parts: tuple[Part, ...]


def backward_steps(root: Value) -> list[Step]:
    """The backward pass from `root`, one `Step` per gate, in the order in which gates fire.

    Nothing is written: `.grad` stays as it is. A node's upstream gradient is complete when its
    step comes, and the sum of a leaf's downstream parts is ∂root/∂leaf.

    >>> from autodiff import Value
    >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    >>> for node, upstream, parts in backward_steps((x + y) * z):
    ...     print(node.gate.name, upstream, [(p.local, p.downstream) for p in parts])
    mul 1.0 [(-4.0, -4.0), (3.0, 3.0)]
    add -4.0 [(1.0, -4.0), (1.0, -4.0)]
    """
    order = topological_order(root)
    gradient = dict.fromkeys(order, 0.0)
    gradient[root] = 1.0
    steps = []
    for node in reversed(order):
        if node.gate is None:
            continue
        upstream = gradient[node]
        parts = tuple(
            Part(parent, local, upstream * local)
            for parent, local in zip(node.parents, node.local_grads, strict=True)
        )
        for parent, _, downstream in parts:
            gradient[parent] += downstream
        steps.append(Step(node, upstream, parts))
    return steps
