"""Derivatives as functions of functions: grad, jacobian, hessian, vjp.

Nothing here writes into `.grad`, so parameters that a function captures are left alone. Where an
argument is a Value, the result is made of Values: a gradient is then itself a graph, built with
the same formulas, and can be differentiated again, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .formula.on_values import partial_on_values
from .graph import adjoints, topological_order
from .value import Constant, Operand, Value

__all__ = [
    "grad",
    "gradient_graph",
    "gradients",
    "hessian",
    "jacobian",
    "value_and_grad",
    "vjp",
]


# ── the two ways to differentiate a graph ────────────────────────────────────────────────────


def gradients(root: Value, inputs: Sequence[Value]) -> list[float]:
    """droot/dinput for each of `inputs`, as numbers; `.grad` is not touched.

    >>> x, y = Value(3.0), Value(2.0)
    >>> gradients(x * x * y, [x, y])
    [12.0, 9.0]
    """
    found = adjoints(topological_order(root), {root: 1.0}, stop=set(inputs))
    return [found.get(x, 0.0) for x in inputs]


def gradient_graph(root: Value, inputs: Sequence[Value]) -> list[Value]:
    """droot/dinput for each of `inputs`, as graphs of Values that depend on them in turn.

    >>> x = Value(3.0)
    >>> (slope,) = gradient_graph(x * x * x, [x])
    >>> slope.data, gradients(slope, [x])
    (27.0, [18.0])
    """
    order = topological_order(root)
    depends = set(inputs)
    for node in order:
        if not depends.isdisjoint(node.parents):
            depends.add(node)

    def hand_on(node: Value, upstream: Operand) -> Iterator[tuple[Value, Operand]]:
        for position, parent in enumerate(node.parents):
            if parent in depends and node.gate is not None:
                local = partial_on_values(node.gate, position, node.parents, node)
                yield parent, _times(upstream, local)

    seeds: dict[Value, Operand] = {root: 1.0}
    found = adjoints(order, seeds, hand_on, stop=set(inputs))
    slopes = [found.get(x, 0.0) for x in inputs]
    return [slope if isinstance(slope, Value) else Constant(slope) for slope in slopes]


def _times(upstream: Operand, local: Operand) -> Operand:
    """upstream × local, without a gate for multiplying by one."""
    if upstream.__class__ is float and upstream == 1.0:
        return local
    if local.__class__ is float and local == 1.0:
        return upstream
    return upstream * local


# ── functions of functions ───────────────────────────────────────────────────────────────────


def _differentiate(root: Value, leaves: Sequence[Value], as_graph: bool) -> list[Any]:
    return list(gradient_graph(root, leaves)) if as_graph else list(gradients(root, leaves))


def leaves_of(arguments: Sequence[Any]) -> tuple[list[Value], bool]:
    """The arguments as Values, and whether the result shall be made of Values too."""
    if not arguments:
        raise TypeError("nothing to differentiate by: call it with at least one number")
    as_graph = any(isinstance(x, Value) for x in arguments)
    return [x if isinstance(x, Value) else Value(x) for x in arguments], as_graph


def one_value(result: object, f: Callable[..., Any]) -> Value:
    if isinstance(result, Value):
        return result
    name = getattr(f, "__name__", repr(f))
    if isinstance(result, list | tuple):
        raise TypeError(f"{name} returns a {type(result).__name__}; use jacobian or vjp for it")
    return Constant(result)  # type: ignore[arg-type]  # refuses what is no number


def grad(f: Callable[..., Any]) -> Callable[..., list[Any]]:
    """The gradient of `f`, a function of numbers that returns one Value.

    ``grad(f)(x, y)`` is ``[∂f/∂x, ∂f/∂y]``: floats, or Values where an argument is a Value.

    >>> grad(lambda x, y: x * y + x.exp())(0.0, 5.0)
    [6.0, 0.0]
    >>> third = grad(lambda x: grad(lambda x: grad(lambda x: x**4)(x)[0])(x)[0])
    >>> third(2.0)
    [48.0]
    """

    def gradient(*arguments: Any) -> list[Any]:
        return value_and_grad(f)(*arguments)[1]

    return gradient


def value_and_grad(f: Callable[..., Any]) -> Callable[..., tuple[Any, list[Any]]]:
    """Like `grad`, but returns ``(f(...), gradient)``.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, [6.0])
    """

    def value_and_gradient(*arguments: Any) -> tuple[Any, list[Any]]:
        leaves, as_graph = leaves_of(arguments)
        root = one_value(f(*leaves), f)
        return root if as_graph else root.data, _differentiate(root, leaves, as_graph)

    return value_and_gradient


def jacobian(f: Callable[..., Any]) -> Callable[..., list[Any]]:
    """The Jacobian of a function that returns a (nested) list of Values.

    The result has the nesting of what `f` returns, with a row [∂fᵢ/∂x, ∂fᵢ/∂y, ...] in place of
    each fᵢ; for a single Value it is the gradient.

    >>> jacobian(lambda x, y: [x * y, x + y])(2.0, 3.0)
    [[3.0, 2.0], [1.0, 1.0]]
    """

    def matrix(*arguments: Any) -> list[Any]:
        leaves, as_graph = leaves_of(arguments)

        def row(out: Any) -> list[Any]:
            if isinstance(out, list | tuple) or (hasattr(out, "ndim") and out.ndim):
                return [row(element) for element in out]
            return _differentiate(one_value(out, f), leaves, as_graph)

        return row(f(*leaves))

    return matrix


def hessian(f: Callable[..., Any]) -> Callable[..., list[list[Any]]]:
    """The matrix of second derivatives: the Jacobian of the gradient.

    >>> hessian(lambda x, y: x * x * y)(2.0, 3.0)
    [[6.0, 4.0], [4.0, 0.0]]
    """

    def matrix(*arguments: Any) -> list[list[Any]]:
        leaves, as_graph = leaves_of(arguments)
        slopes = gradient_graph(one_value(f(*leaves), f), leaves)
        return [_differentiate(slope, leaves, as_graph) for slope in slopes]

    return matrix


def map_nested(visit: Callable[[Any], Any], structure: Any) -> Any:
    """The same nesting of lists with every element visited (arrays count as nested lists)."""
    if isinstance(structure, list | tuple) or getattr(structure, "ndim", False):
        return [map_nested(visit, element) for element in structure]
    return visit(structure)


def flat(structure: Any) -> list[Any]:
    """All elements of nested lists, in order."""
    found: list[Any] = []
    map_nested(found.append, structure)
    return found


def vjp(g: Callable[..., Any], z: Any, v: Any) -> Any:
    """The backward function B[g, z](v) of CS229 (7.57): from ∂J/∂u to ∂J/∂z, where u = g(z).

    It is the transposed Jacobian of g at z applied to v, and so linear in v. `z` is a number or a
    nested list (or array) of numbers, `v` has the nesting of g(z), the result has that of z.

    >>> W = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    >>> def mm(z):
    ...     return [sum(w * x for w, x in zip(row, z)) for row in W]
    >>> vjp(mm, [0.1, 0.2, 0.3], [1.0, 10.0])  # CS229 (7.63): Wᵀv
    [41.0, 52.0, 63.0]
    """
    leaves = map_nested(Value, z)
    inputs = flat(leaves)
    outputs = flat(g(leaves))
    weights = flat(v)
    if len(outputs) != len(weights):
        raise ValueError(
            f"v has {len(weights)} elements, but g returned {len(outputs)}: one for each is needed"
        )
    seeds: dict[Value, float] = {}
    for u, weight in zip(outputs, weights, strict=True):
        if isinstance(u, Value):
            seeds[u] = seeds.get(u, 0.0) + float(weight)
    adjoint = adjoints(topological_order(*seeds), seeds)
    found = iter([adjoint.get(x, 0.0) for x in inputs])
    return map_nested(lambda _: next(found), z)
