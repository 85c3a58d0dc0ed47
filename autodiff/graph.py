"""Walks over a graph of Values: topological order, adjoints, the backward pass step by step.

Everything here is iterative: a chain of a million gates is a graph like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from .value import Value

__all__ = ["Part", "Step", "adjoints", "backward_steps", "is_topological", "topological_order"]

Adjoint = TypeVar("Adjoint")
HandOn = Callable[["Value", Adjoint], Iterable[tuple["Value", Adjoint]]]


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


def reset_gates(root: Value) -> list[Value]:
    """What a backward pass from `root` begins with: its gates in topological order, gradients zero.

    The order is that of `topological_order` but for the leaves, which hand nothing on; it takes
    two thirds of the time.
    """
    zero = float("0")  # an object of this pass: a gate whose gradient it is has been visited
    order: list[Value] = []
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
            continue
        while node._a is not None and node.grad is not zero:
            node.grad = zero
            a, b = node._a, node._b
            if b is None:
                stack += (node, None)
                node = a
            elif a.__class__ is not tuple:
                stack += (node, None, b)
                node = a
            elif fresh := [v for v in a if v._a is not None and v.grad is not zero]:
                stack += (node, None, *fresh[::-1])
            else:
                order.append(node)
    return order


def is_topological(order: list[Value]) -> bool:
    """The postcondition of `topological_order`: each node once, and after all its parents."""
    position = {node: i for i, node in enumerate(order)}
    return len(position) == len(order) and all(
        position.get(parent, len(order)) < position[node]
        for node in order
        for parent in node.parents
    )


def downstream(node: Value, upstream: float) -> list[tuple[Value, float]]:
    """What a node hands on to each of its parents: upstream × local."""
    # + 0.0 makes 0.0 of -0.0, as a sum that starts at 0.0 does
    return [
        (parent, upstream * local + 0.0)
        for parent, local in zip(node.parents, node.local_grads, strict=True)
    ]


def adjoints(
    order: Sequence[Value],
    seeds: Mapping[Value, Adjoint],
    hand_on: HandOn[Adjoint] = downstream,  # type: ignore[assignment]
    stop: Collection[Value] = (),
) -> dict[Value, Adjoint]:
    """The backward pass: the adjoint of every node that a gradient reaches; no `.grad` is touched.

    order    nodes in topological order
    seeds    adjoints to begin with: ``{root: 1.0}`` for the derivatives of one root
    hand_on  gives the parts (parent, downstream) of a node and its upstream adjoint; numbers if
             left out, but any adjoints that can be added will do
    stop     nodes that hand nothing on

    Sums are taken in the order of `Value.backward`, and so are equal to its to the last bit.

    >>> from autodiff import Value
    >>> x, y = Value(3.0), Value(2.0)
    >>> f = x * x * y
    >>> found = adjoints(topological_order(f), {f: 1.0})
    >>> found[x], found[y]
    (12.0, 9.0)
    """
    total = dict(seeds)
    for node in reversed(order):
        if node in total and node not in stop:
            for parent, part in hand_on(node, total[node]):
                before: Any = total.get(parent)
                total[parent] = part if before is None else before + part
    return total


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
    step comes, and the sum of a leaf's downstream parts is droot/dleaf.

    >>> from autodiff import Value
    >>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    >>> for node, upstream, parts in backward_steps((x + y) * z):
    ...     print(node.gate.name, upstream, [(p.local, p.downstream) for p in parts])
    mul 1.0 [(-4.0, -4.0), (3.0, 3.0)]
    add -4.0 [(1.0, -4.0), (1.0, -4.0)]
    """
    steps = []

    def step(node: Value, upstream: float) -> list[tuple[Value, float]]:
        handed_on = downstream(node, upstream)
        if node.gate is not None:
            shares = zip(handed_on, node.local_grads, strict=True)
            parts = tuple(Part(parent, local, part) for (parent, part), local in shares)
            steps.append(Step(node, upstream, parts))
        return handed_on

    adjoints(topological_order(root), {root: 1.0}, step)
    return steps
