"""Derivatives as functions of functions: grad, jacobian, hessian, vjp, jvp, linearize.

Arguments are numbers, (nested) lists of numbers, or arrays, which f gets as arrays of Values;
`argnums` says by which of them to differentiate, all if it is left out. Nothing here writes into
`.grad`, so parameters that a function captures are left alone. Where an argument is a Value, the
result is made of Values: a gradient is then itself a graph, built with the same formulas, and can
be differentiated again, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from .formula.on_values import partial_on_values
from .graph import adjoints, topological_order
from .value import MANY, Constant, Operand, Value
from .watch.hooks import WATCHERS
from .watch.no_grad import enable_grad

__all__ = [
    "grad",
    "gradient_graph",
    "gradients",
    "hessian",
    "jacobian",
    "jvp",
    "linearize",
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


# ── a call of a function whose arguments are differentiated by ───────────────────────────────


_PLAIN = (float, int, Value)


def map_nested(visit: Callable[[Any], Any], structure: Any) -> Any:
    """The same nesting of lists with every element visited (arrays count as nested lists)."""
    if structure.__class__ in _PLAIN:  # most of what there is
        return visit(structure)
    if isinstance(structure, list | tuple) or getattr(structure, "ndim", False):
        return [map_nested(visit, element) for element in structure]
    return visit(structure)


def flat(structure: Any) -> list[Any]:
    """All elements of nested lists, in order."""
    found: list[Any] = []
    map_nested(found.append, structure)
    return found


def filled(structure: Any, elements: Iterable[Any]) -> Any:
    """The same nesting with other elements, in order."""
    following = iter(elements)
    return map_nested(lambda _: next(following), structure)


def alike(structure: Any, elements: Iterable[Any]) -> Any:
    """Other elements in the same nesting; for an array an array of objects."""
    nested = filled(structure, elements)
    if not isinstance(nested, list) or isinstance(structure, list | tuple):
        return nested
    import numpy as np

    return np.array(nested, dtype=object)


def one_value(result: object, f: Callable[..., Any]) -> Value:
    """What f returned, if that is one Value or number."""
    if isinstance(result, Value):
        return result
    name = getattr(f, "__name__", repr(f))
    if isinstance(result, list | tuple):
        raise TypeError(f"{name} returns a {type(result).__name__}; use jacobian or vjp for it")
    return Constant(result)  # type: ignore[arg-type]  # refuses what is no number


_LEAVES: ContextVar[frozenset[Value]] = ContextVar("leaves of the runs around", default=frozenset())


class Run:
    """One call of f, with a fresh leaf in the place of every number to differentiate by.

    f sees leaves also where Values were given: only so is `x` as an argument another thing than
    the `x` that f captures, or gets as its other argument. When the results are there, the Values
    take their leaves' places in them. Results are Values if one was given, or if they depend on
    what a run around this one differentiates by.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        argnums: Any = None,
        named: Mapping[str, Any] | None = None,
    ) -> None:
        if not arguments:
            raise TypeError("nothing to differentiate by: call it with at least one number")
        chosen = range(len(arguments)) if argnums is None else _positions(argnums, len(arguments))
        self.f = f
        self.alone = isinstance(argnums, int) or (argnums is None and len(arguments) == 1)
        self.leaves: list[Value] = []
        self.given: dict[Value, Value] = {}  # leaf -> the Value in whose place it stands
        self.arguments = [arguments[k] for k in chosen]
        inputs = list(arguments)
        for k in chosen:
            x = arguments[k]
            inputs[k] = self.leaf(x) if x.__class__ in _PLAIN else alike(x, map(self.leaf, flat(x)))
        if not self.leaves:
            raise TypeError("nothing to differentiate by: the lists are empty")
        around = _LEAVES.get()
        token = _LEAVES.set(around.union(self.leaves))
        try:
            self.out = (enable_grad()(f) if WATCHERS else f)(*inputs, **(named or {}))
        finally:
            _LEAVES.reset(token)
        others = () if argnums is None else flat(arguments)
        self.as_graph = bool(self.given) or any(isinstance(x, Value) for x in others)
        if around and not self.as_graph:
            reached = topological_order(*(x for x in flat(self.out) if isinstance(x, Value)))
            self.as_graph = not around.isdisjoint(reached)

    def leaf(self, x: Any) -> Value:
        leaf = Value(x.data, x.label) if isinstance(x, Value) else Value(x)
        self.leaves.append(leaf)
        if isinstance(x, Value):
            self.given[leaf] = x
        return leaf

    @property
    def root(self) -> Value:
        return one_value(self.out, self.f)

    def slopes(self, root: Value) -> list[Any]:
        """droot/dleaf for all leaves: numbers, or Values."""
        differentiate = gradient_graph if self.as_graph else gradients
        return list(differentiate(root, self.leaves))

    def locals(self, node: Value) -> list[Any]:
        """∂node/∂parent for its parents: numbers, or Values."""
        if not self.as_graph or node.gate is None:
            return list(node.local_grads)
        gate, parents = node.gate, node.parents
        return [partial_on_values(gate, k, parents, node) for k in range(len(parents))]

    def nested(self, elements: Iterable[Any]) -> Any:
        """One element for each leaf, nested as the arguments are."""
        plain = all(x.__class__ in _PLAIN for x in self.arguments)
        structure = list(elements) if plain else filled(self.arguments, elements)
        return structure[0] if self.alone else structure

    def finished(self, results: Any) -> Any:
        """The results, with the given Values in their leaves' places."""
        if not self.as_graph:
            return map_nested(_number, results)
        values = [x for x in flat(results) if isinstance(x, Value)]
        place = self.given.get
        for node in topological_order(*values):
            if node._b is not MANY:
                node._a, node._b = place(node._a, node._a), place(node._b, node._b)
            elif not self.given.keys().isdisjoint(node._a):
                node._a = tuple([place(parent, parent) for parent in node._a])
        return map_nested(lambda x: place(x, x), results)


def _number(x: Any) -> Any:
    return x.data if isinstance(x, Value) else x


def _positions(argnums: Any, count: int) -> list[int]:
    """The arguments meant, counted from the end if negative."""
    numbers = [argnums] if isinstance(argnums, int) else list(argnums)
    for k in numbers:
        if not isinstance(k, int) or not -count <= k < count:
            raise ValueError(
                f"argnums={argnums!r}, but the function is called with {count} arguments"
            )
    return [k % count for k in numbers]


# ── functions of functions ───────────────────────────────────────────────────────────────────


def grad(f: Callable[..., Any], argnums: int | Sequence[int] | None = None) -> Callable[..., Any]:
    """The gradient of `f`, a function that returns one Value.

    ``grad(f)(x)`` is df/dx, ``grad(f)(x, y)`` is ``[∂f/∂x, ∂f/∂y]``: floats, or Values where an
    argument is a Value. A list among the arguments has a list of slopes in its place. `argnums`
    picks an argument (``1``) or several (``(0, 2)``), as in JAX; the others, and those given by
    name, are handed to f as they are.

    >>> grad(lambda x, y: x * y + x.exp())(0.0, 5.0)
    [6.0, 0.0]
    >>> grad(grad(grad(lambda x: x**4)))(2.0)
    48.0
    >>> grad(lambda w, x: w[0] * x + w[1], argnums=0)([3.0, 1.0], 2.0)
    [2.0, 1.0]
    """

    def gradient(*arguments: Any, **named: Any) -> Any:
        return value_and_grad(f, argnums)(*arguments, **named)[1]

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., tuple[Any, Any]]:
    """Like `grad`, but returns ``(f(...), gradient)``.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """

    def value_and_gradient(*arguments: Any, **named: Any) -> tuple[Any, Any]:
        run = Run(f, arguments, argnums, named)
        root = run.root
        slopes = run.nested(run.slopes(root))
        if not run.as_graph:
            return root.data, slopes
        root, slopes = run.finished([root, slopes])
        return root, slopes

    return value_and_gradient


def jacobian(
    f: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., list[Any]]:
    """The Jacobian of a function that returns a (nested) list of Values.

    The result has the nesting of what `f` returns, with a row [∂fᵢ/∂x, ∂fᵢ/∂y, ...] in place of
    each fᵢ; for a single Value it is the gradient. A row has all numbers of all arguments, those
    of a list one after the other.

    >>> jacobian(lambda x, y: [x * y, x + y])(2.0, 3.0)
    [[3.0, 2.0], [1.0, 1.0]]
    >>> jacobian(lambda z: [z[0] * z[1], z[0] + z[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """

    def matrix(*arguments: Any, **named: Any) -> list[Any]:
        run = Run(f, arguments, argnums, named)
        rows = map_nested(lambda out: run.slopes(one_value(out, f)), run.out)
        return list(run.finished(rows))

    return matrix


def hessian(
    f: Callable[..., Any], argnums: int | Sequence[int] | None = None
) -> Callable[..., list[list[Any]]]:
    """The matrix of second derivatives: the Jacobian of the gradient.

    >>> hessian(lambda x, y: x * x * y)(2.0, 3.0)
    [[6.0, 4.0], [4.0, 0.0]]
    >>> hessian(lambda z: z[0] * z[0] * z[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """

    def matrix(*arguments: Any, **named: Any) -> list[list[Any]]:
        run = Run(f, arguments, argnums, named)
        slopes = gradient_graph(run.root, run.leaves)
        return list(run.finished([run.slopes(slope) for slope in slopes]))

    return matrix


def linearize(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """``(f(*primals), push)``, where ``push(*tangents)`` is the derivative along the tangents.

    f runs once; each `push` is one walk forward over its graph, with the local gradients that the
    gates left there. Tangents are nested as the primals, the result as what f returns.

    >>> out, push = linearize(lambda x, y: [x * y, x + y], 2.0, 3.0)
    >>> out, push(1.0, 0.0), push(0.0, 1.0)
    ([6.0, 5.0], [3.0, 1.0], [2.0, 1.0])
    """
    run = Run(f, primals)
    order = topological_order(*(x for x in flat(run.out) if isinstance(x, Value)))
    edges = [(node, node.parents) for node in order if node.gate is not None]
    out, slopes = run.finished([run.out, [run.locals(node) for node, _ in edges]])

    def push(*tangents: Any) -> Any:
        along = flat(tangents)
        if len(along) != len(run.leaves):
            raise ValueError(
                f"the tangents have {len(along)} numbers, but the primals {len(run.leaves)}: one "
                "for each is needed"
            )
        tangent: dict[Any, Any] = dict(zip(run.leaves, along, strict=True))
        for (node, parents), local in zip(edges, slopes, strict=True):
            for parent, slope in zip(parents, local, strict=True):
                if parent in tangent:
                    part, before = _times(tangent[parent], slope), tangent.get(node)
                    tangent[node] = part if before is None else before + part
        return map_nested(lambda u: tangent.get(u, 0.0), run.out)

    return out, push


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """``(f(*primals), its derivative along the tangents)``: the Jacobian applied to a vector.

    The gradient's derivative along v is the Hessian times v, at the cost of a few gradients.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    >>> jvp(grad(lambda x, y: x * x * y), (2.0, 3.0), (1.0, 10.0))[1]  # hessian · v
    [46.0, 4.0]
    """
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple):
        raise TypeError(
            "jvp takes the arguments and their tangents as lists: jvp(f, (2.0,), (1.0,))"
        )
    out, push = linearize(f, *primals)
    return out, push(*tangents)


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
    run = Run(g, [z])
    outputs, weights = flat(run.out), flat(v)
    if len(outputs) != len(weights):
        raise ValueError(
            f"v has {len(weights)} elements, but g returned {len(outputs)}: one for each is needed"
        )
    pairs = zip(outputs, weights, strict=True)
    weighted = sum((one_value(u, g) * weight for u, weight in pairs), Constant(0.0))
    return run.finished(run.nested(run.slopes(weighted)))
