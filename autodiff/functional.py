"""Derivatives as functions of functions: grad, jacobian, hessian, vjp, and a check of them all.

Nothing here writes into `.grad`, so parameters that a function captures are left alone. Where an
argument is a Value, the result is made of Values: a gradient is then itself a graph, built with
the same formulas, and can be differentiated again, to any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .formula.firing import DomainError, partial_on_values
from .graph import topological_order
from .value import Constant, Operand, Value

__all__ = [
    "GradCheck",
    "InputCheck",
    "grad",
    "gradcheck",
    "gradient_graph",
    "gradients",
    "hessian",
    "jacobian",
    "value_and_grad",
    "vjp",
]


# ── the two ways to differentiate a graph ────────────────────────────────────────────────────


def gradients(root: Value, inputs: Sequence[Value]) -> list[float]:
    """∂root/∂input for each of `inputs`, as numbers; `.grad` is not touched.

    >>> x, y = Value(3.0), Value(2.0)
    >>> gradients(x * x * y, [x, y])
    [12.0, 9.0]
    """
    order = topological_order(root)
    adjoint = dict.fromkeys(order, 0.0)
    adjoint[root] = 1.0
    stop = set(inputs)
    for node in reversed(order):
        if node not in stop:
            upstream = adjoint[node]
            for parent, local in zip(node.parents, node.local_grads, strict=True):
                adjoint[parent] += upstream * local
    return [adjoint.get(x, 0.0) for x in inputs]


def gradient_graph(root: Value, inputs: Sequence[Value]) -> list[Value]:
    """∂root/∂input for each of `inputs`, as graphs of Values that depend on them in turn.

    >>> x = Value(3.0)
    >>> (slope,) = gradient_graph(x * x * x, [x])
    >>> slope.data, gradients(slope, [x])
    (27.0, [18.0])
    """
    order = topological_order(root)
    stop = set(inputs)
    depends = set(inputs)
    for node in order:
        if not depends.isdisjoint(node.parents):
            depends.add(node)
    adjoint: dict[Value, Operand] = {root: 1.0}
    for node in reversed(order):
        upstream = adjoint.get(node)
        if upstream is None or node in stop or node.gate is None:
            continue
        parents = node.parents
        for position, parent in enumerate(parents):
            if parent in depends:
                part = _times(upstream, partial_on_values(node.gate, position, parents, node))
                adjoint[parent] = adjoint[parent] + part if parent in adjoint else part
    found = [adjoint.get(x, 0.0) for x in inputs]
    return [g if isinstance(g, Value) else Constant(g) for g in found]


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


def _leaves(arguments: Sequence[Any]) -> tuple[list[Value], bool]:
    """The arguments as Values, and whether the result shall be made of Values too."""
    if not arguments:
        raise TypeError("nothing to differentiate by: call it with at least one number")
    as_graph = any(isinstance(x, Value) for x in arguments)
    return [x if isinstance(x, Value) else Value(x) for x in arguments], as_graph


def _one_value(result: object, f: Callable[..., Any]) -> Value:
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
        leaves, as_graph = _leaves(arguments)
        root = _one_value(f(*leaves), f)
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
        leaves, as_graph = _leaves(arguments)

        def row(out: Any) -> list[Any]:
            if isinstance(out, list | tuple) or (hasattr(out, "ndim") and out.ndim):
                return [row(element) for element in out]
            return _differentiate(_one_value(out, f), leaves, as_graph)

        return row(f(*leaves))

    return matrix


def hessian(f: Callable[..., Any]) -> Callable[..., list[list[Any]]]:
    """The matrix of second derivatives: the Jacobian of the gradient.

    >>> hessian(lambda x, y: x * x * y)(2.0, 3.0)
    [[6.0, 4.0], [4.0, 0.0]]
    """

    def matrix(*arguments: Any) -> list[list[Any]]:
        leaves, as_graph = _leaves(arguments)
        slopes = gradient_graph(_one_value(f(*leaves), f), leaves)
        return [_differentiate(slope, leaves, as_graph) for slope in slopes]

    return matrix


def _map(structure: Any, visit: Callable[[Any], Any]) -> Any:
    """The same nesting of lists with every element visited (arrays count as nested lists)."""
    if isinstance(structure, list | tuple):
        return [_map(element, visit) for element in structure]
    if hasattr(structure, "ndim") and structure.ndim:
        return [_map(element, visit) for element in structure]
    return visit(structure)


def _flat(structure: Any) -> list[Any]:
    found: list[Any] = []
    _map(structure, found.append)
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
    leaves = _map(z, Value)
    flat = _flat(leaves)
    outputs = _flat(g(leaves))
    weights = _flat(v)
    if len(outputs) != len(weights):
        raise ValueError(
            f"v has {len(weights)} elements, but g returned {len(outputs)}: one for each is needed"
        )
    order = topological_order(*[u for u in outputs if isinstance(u, Value)])
    adjoint = dict.fromkeys(order, 0.0)
    for u, weight in zip(outputs, weights, strict=True):
        if isinstance(u, Value):
            adjoint[u] += float(weight)
    for node in reversed(order):
        upstream = adjoint[node]
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            adjoint[parent] += upstream * local
    found = iter([adjoint.get(x, 0.0) for x in flat])
    return _map(z, lambda _: next(found))


# ── checking a gradient ──────────────────────────────────────────────────────────────────────


class InputCheck(NamedTuple):
    """What `gradcheck` found for one input."""

    name: str
    at: float
    analytic: float
    numeric: float
    kink: bool
    ok: bool

    @property
    def difference(self) -> float:
        """|analytic - numeric|."""
        return abs(self.analytic - self.numeric)


class GradCheck:
    """The outcome of `gradcheck`: true if every input agrees; prints as a table."""

    def __init__(self, inputs: Sequence[InputCheck], rtol: float) -> None:
        self.inputs = tuple(inputs)
        self.rtol = rtol

    @property
    def ok(self) -> bool:
        """Whether every input agrees."""
        return all(check.ok for check in self.inputs)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        lines = [f"gradcheck: {'all inputs agree' if self.ok else 'DIFFERS'} (rtol {self.rtol:g})"]
        for c in self.inputs:
            verdict = "ok" if c.ok else f"differs by {c.difference:.3g}"
            if c.kink:
                verdict += "; a kink is near: the slopes left and right of it differ"
            lines.append(
                f"  {c.name} = {c.at!r}: backward {c.analytic!r}, "
                f"finite difference {c.numeric!r}: {verdict}"
            )
        return "\n".join(lines)

    __repr__ = __str__


def gradcheck(
    f: Callable[..., Any], inputs: Sequence[Any], *, step: float = 1e-6, rtol: float = 1e-5
) -> GradCheck:
    """Compare the backward pass of `f` at `inputs` with central finite differences.

    `inputs` are numbers or Values (whose labels then name the rows), `f(*inputs)` returns one
    Value. The report is true if all inputs agree to `rtol` (relative above 1, absolute below),
    says for each by how much it differs, and whether the slopes on both sides differ so that a
    kink must be near. Steps are `step` × max(1, |x|), and shorter where f has no value there.

    >>> bool(gradcheck(lambda x, y: (x * y).tanh(), [0.3, 2.0]))
    True
    >>> print(gradcheck(lambda x: x.relu(), [0.0]))
    gradcheck: DIFFERS (rtol 1e-05)
      input 0 = 0.0: backward 0.0, finite difference 0.5: differs by 0.5; a kink is near: \
the slopes left and right of it differ
    """
    leaves, _ = _leaves(inputs)
    leaves = [Value(x.data, x.label) for x in leaves]
    root = _one_value(f(*leaves), f)
    analytic = gradients(root, leaves)
    at = [x.data for x in leaves]

    def shifted(i: int, x: float) -> float:
        return _one_value(f(*[Value(x if j == i else y) for j, y in enumerate(at)]), f).data

    checks = []
    for i, leaf in enumerate(leaves):
        h = step * max(1.0, abs(leaf.data))
        for attempt in range(4):
            try:
                left, right = shifted(i, leaf.data - h), shifted(i, leaf.data + h)
                break
            except DomainError:
                if attempt == 3:
                    raise
                h /= 1000
        numeric = (right - left) / (2 * h)
        scale = max(1.0, abs(analytic[i]), abs(numeric))
        slopes = (root.data - left) / h, (right - root.data) / h
        checks.append(
            InputCheck(
                name=leaf.label or f"input {i}",
                at=leaf.data,
                analytic=analytic[i],
                numeric=numeric,
                kink=abs(slopes[0] - slopes[1]) > 0.01 * scale,
                ok=abs(analytic[i] - numeric) <= rtol * scale,
            )
        )
    return GradCheck(checks, rtol)
