"""The traced graph as numbered scalars: equal gates once, constants folded, sums flattened.

This is where a neuron that was written as ``w1*x1 + w2*x2 + b`` becomes the one gate w·x + b. What
is true of one gate alone (1 · x is x) is left for `roll` to see: there it holds for a whole family
or for none of it, and the first position of a sequence keeps the gates that the others have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ...gates import GATES, Gate
from ...value import Value
from ..simplify import contraction
from ..trace import Trace


@dataclass
class Scalars:
    """Numbered scalars; each comes after its parents.

    gate[i] is None for a leaf: an argument's element (`datum`), a parameter (`parameter`) or a
    constant (`constant`).
    """

    gate: list[Gate | None] = field(default_factory=list)
    parents: list[tuple[int, ...]] = field(default_factory=list)
    label: list[str] = field(default_factory=list)
    datum: dict[int, tuple[int, int]] = field(default_factory=dict)  # argument, position
    parameter: dict[int, int] = field(default_factory=dict)  # position in theta
    constant: dict[int, float] = field(default_factory=dict)
    outputs: list[int] = field(default_factory=list)
    beside: int = 0  # how many of them are beside a loss

    def add(self, gate: Gate | None, parents: tuple[int, ...], label: str = "") -> int:
        """A new scalar's number."""
        self.gate.append(gate)
        self.parents.append(parents)
        self.label.append(label)
        return len(self.gate) - 1


def number(trace: Trace, theta: Sequence[Value]) -> Scalars:
    """Number the nodes of a trace; nodes that compute the same become one."""
    scalars = Scalars()
    index: dict[Value, int] = {}
    for a, values in enumerate(trace.arguments):
        for k, value in enumerate(values):
            index[value] = i = scalars.add(None, ())
            scalars.datum[i] = (a, k)
    place = {p: k for k, p in enumerate(theta)}
    roles = find_roles()
    made: dict[Any, int] = {}

    def constant(value: float) -> int:
        key = (value, math.copysign(1.0, value)) if value == value else "nan"
        if key not in made:
            made[key] = i = scalars.add(None, ())
            scalars.constant[i] = value
        return made[key]

    for node in trace.nodes:
        if node in index:
            continue
        if node.gate is None:
            if node in trace.constants:
                index[node] = constant(node.data)
            else:
                index[node] = i = scalars.add(None, ())
                scalars.parameter[i] = place[node]
            continue
        parents = tuple([index[p] for p in node.parents])
        if all(p in scalars.constant for p in parents):
            index[node] = constant(node.data)
            continue
        gate: Gate = node.gate
        if gate in roles.plus:  # 0 + a: the sum of one number, as sum([a]) makes it
            terms = tuple([p for p in parents if scalars.constant.get(p) != 0.0])
            if len(terms) == 1 and scalars.gate[terms[0]] is not None:
                gate, parents = roles.total, terms
        key = (gate, parents)
        if key not in made:
            made[key] = scalars.add(gate, parents, node.label)
        index[node] = made[key]
    scalars.outputs = [index[node] for node in trace.outputs]
    scalars.beside = trace.beside
    return scalars


# ── sums of products are dot products ────────────────────────────────────────────────────────


@dataclass
class Roles:
    """Rows of the gate table recognised by formulas and partials, not by their names.

    A gate may state another gradient than its formula's own (a gradient reversal does): it has the
    same value as a product, but is none.
    """

    plus: set[Gate]
    times: set[Gate]
    total: Gate  # Σ a
    product: Gate  # a·b
    dot: Gate  # Σ a·b
    affine: Gate  # Σ w·x + b


def find_roles() -> Roles:
    """The roles in the table as it is now."""
    plus = {g for g in GATES.values() if g.formula.infix == "+" and _ones(g, 2)}
    times = {g for g in GATES.values() if g.formula.infix == "*" and _swaps(g)}
    total = next(g for g in GATES.values() if adds(g))
    contracted = [(g, found.rest.text) for g in GATES.values() if (found := contraction(g))]
    dot = next(g for g, rest in contracted if rest == "product" and _swaps(g))
    affine = next(
        g
        for g, rest in contracted
        if rest == f"product + {g.inputs[-1]}" and _swaps(g) and _ones(g, 1)
    )
    product = next(g for g in GATES.values() if g in times)
    return Roles(plus, times, total, product, dot, affine)


def adds(gate: Gate) -> bool:
    """Is it the sum of its one row?"""
    return gate.formula.text == f"sum({gate.inputs[0]})" and _ones(gate, 1)


def _ones(gate: Gate, last: int) -> bool:
    """Do the last inputs get the upstream gradient as it is?"""
    return all(partial.number == 1.0 for partial in gate.partials[-last:])


def _swaps(gate: Gate) -> bool:
    """Does each of the first two inputs get the other one as its partial?"""
    return tuple(partial.text for partial in gate.partials[:2]) == gate.inputs[1::-1]


def flatten(scalars: Scalars) -> Scalars:
    """Rewrite chains of sums: Σ of products as one dot product, other long sums as one Σ.

    >>> from autodiff import Value
    >>> w = [Value(1.0), Value(2.0)]; b = Value(0.5)
    >>> from autodiff.compiler.trace import trace
    >>> import numpy as np
    >>> t = trace(lambda x: sum(wi * xi for wi, xi in zip(w, x)) + b, [np.ones(2)])
    >>> s = flatten(number(t, t.parameters))
    >>> [gate.name for gate in s.gate if gate]
    ['affine']
    """
    roles = find_roles()
    gate, parents = scalars.gate, scalars.parents
    uses = [0] * len(gate)
    for row in parents:
        for p in row:
            uses[p] += 1
    for i in scalars.outputs:
        uses[i] += 1
    for i in _zeros(scalars, roles):
        uses[i] = 1
    bound = _bound(scalars)
    dead = [False] * len(gate)
    new_gate, new_parents = list(gate), list(parents)
    for i in range(len(gate) - 1, -1, -1):
        if dead[i] or gate[i] is None:
            continue
        started = gate[i] is roles.total and len(parents[i]) == 1
        if gate[i] in roles.plus or started:
            terms, inner = _terms(i, gate, parents, uses, roles)
            terms = [t for t in terms if scalars.constant.get(t) != 0.0]
            started = started or any(gate[t] is roles.total for t in inner)
        elif gate[i] is roles.total:
            terms, inner = list(parents[i]), []
        else:
            continue
        single = [uses[t] == 1 and gate[t] is not None for t in terms]
        products = [
            t for t, once in zip(terms, single, strict=True) if once and gate[t] in roles.times
        ]
        dots = [t for t, once in zip(terms, single, strict=True) if once and gate[t] is roles.dot]
        others = set(products)
        rest = [t for t in terms if t not in others]
        if len(products) >= 2 - started and len(rest) <= 1:
            pairs = [_weight_first(parents[p], bound, scalars.constant) for p in products]
            rows = (*(a for a, _ in pairs), *(b for _, b in pairs))
            new_gate[i] = roles.affine if rest else roles.dot
            new_parents[i] = (*rows, *rest)
            inner += products
        elif len(products) >= 2 and gate[i] in roles.plus:
            # the last product comes after all factors, so its place can hold the dot product
            last = max(products)
            pairs = [_weight_first(parents[p], bound, scalars.constant) for p in products]
            new_gate[last] = roles.dot
            new_parents[last] = (*(a for a, _ in pairs), *(b for _, b in pairs))
            new_gate[i] = roles.total
            new_parents[i] = (last, *rest)
            inner += [p for p in products if p != last]
        elif len(terms) == 2 and len(dots) == 1 and gate[i] in roles.plus:
            (other,) = (t for t in terms if t != dots[0])
            new_gate[i] = roles.affine
            new_parents[i] = (*parents[dots[0]], other)
            inner += dots
        elif started or (len(terms) >= 3 and gate[i] in roles.plus):
            new_gate[i] = roles.total
            new_parents[i] = tuple(terms)
        else:
            continue
        for t in inner:
            dead[t] = True
    return _split(_compact(scalars, new_gate, new_parents), roles)


def _split(scalars: Scalars, roles: Roles) -> Scalars:
    """W·[x; h] as W·x + U·h, where x is data and h was computed: the steps of a recurrent network
    wait for each other's h alone. (A first h of zeros adds nothing.)"""
    weights: dict[tuple[int, ...], list[int]] = {}
    for i, gate in enumerate(scalars.gate):
        if gate is roles.dot or gate is roles.affine:
            n = len(scalars.parents[i]) // 2
            weights.setdefault(scalars.parents[i][:n], []).append(i)
    cuts: dict[int, int] = {}
    for row, members in weights.items():
        n = len(row)
        factors = {scalars.parents[i][n : 2 * n] for i in members}
        data = {k for f in factors for k, p in enumerate(f) if p in scalars.datum}
        made = {k for f in factors for k, p in enumerate(f) if scalars.gate[p] is not None}
        cut = len(data)
        if 0 < cut < n and data == {*range(cut)} and made == {*range(cut, n)}:
            cuts |= dict.fromkeys(members, cut)
    if not cuts:
        return scalars
    result = Scalars()
    index: list[int] = []
    known: dict[tuple[int, ...], int] = {}
    for i, gate in enumerate(scalars.gate):
        parents = tuple([index[p] for p in scalars.parents[i]])
        if i in cuts:
            n, cut = len(parents) // 2, cuts[i]
            terms = []
            for part in (slice(0, cut), slice(cut, n)):
                x = scalars.parents[i][n : 2 * n][part]
                if any(scalars.constant.get(p) != 0.0 for p in x):
                    row = (*parents[:n][part], *parents[n : 2 * n][part])
                    if row not in known:
                        known[row] = result.add(roles.dot, row)
                    terms.append(known[row])
            gate, parents = roles.total, (*terms, *parents[2 * n :])
        index.append(result.add(gate, parents, scalars.label[i]))
    result.datum = {index[i]: at for i, at in scalars.datum.items()}
    result.parameter = {index[i]: at for i, at in scalars.parameter.items()}
    result.constant = {index[i]: value for i, value in scalars.constant.items()}
    result.outputs, result.beside = [index[i] for i in scalars.outputs], scalars.beside
    return result


def _terms(
    i: int,
    gate: list[Gate | None],
    parents: list[tuple[int, ...]],
    uses: list[int],
    roles: Roles,
) -> tuple[list[int], list[int]]:
    """The terms of the sum that ends in i, in order, and the sums inside that it swallows."""
    terms: list[int] = []
    inner: list[int] = []
    stack = [i]
    while stack:
        t = stack.pop()
        one = gate[t] is roles.total and len(parents[t]) == 1
        if t == i or (uses[t] == 1 and (one or gate[t] in roles.plus)):
            if t != i:
                inner.append(t)
            stack.extend(reversed(parents[t]))
        else:
            terms.append(t)
    return terms, inner


def _zeros(scalars: Scalars, roles: Roles) -> set[int]:
    """Weights times 0, and sums of these. A zero around an image is the same gate for every
    channel; as part of a longer sum it counts as if each had its own."""
    zero = {i for i, value in scalars.constant.items() if value == 0.0}
    found: set[int] = set()
    for i, (gate, row) in enumerate(zip(scalars.gate, scalars.parents, strict=True)):
        product = gate in roles.times and not zero.isdisjoint(row)
        total = gate in roles.plus or (gate is roles.total and len(row) == 1)
        if product or (total and all(p in found or p in zero for p in row)):
            found.add(i)
    return found


def _bound(scalars: Scalars) -> set[int]:
    """Which scalars depend on data."""
    bound = set(scalars.datum)
    for i, row in enumerate(scalars.parents):
        if not bound.isdisjoint(row):
            bound.add(i)
    return bound


def _weight_first(
    pair: tuple[int, ...], bound: set[int], constant: dict[int, float]
) -> tuple[int, int]:
    """What depends on no data first; a constant stands for data (a zero around an image)."""
    a, b = pair
    weights = [p not in bound and p not in constant for p in pair]
    return (b, a) if weights[1] and not weights[0] else (a, b)


def _compact(scalars: Scalars, gate: list[Gate | None], parents: list[tuple[int, ...]]) -> Scalars:
    """Only what the outputs still need, numbered anew."""
    needed = [False] * len(gate)
    for i in scalars.outputs:
        needed[i] = True
    for i in range(len(gate) - 1, -1, -1):
        if needed[i]:
            for p in parents[i]:
                needed[p] = True
    if all(needed):
        return replace(scalars, gate=gate, parents=parents)
    result = Scalars()
    index: dict[int, int] = {}
    for i, keep in enumerate(needed):
        if keep:
            row = tuple([index[p] for p in parents[i]])
            index[i] = result.add(gate[i], row, scalars.label[i])
    result.datum = {index[i]: at for i, at in scalars.datum.items() if i in index}
    result.parameter = {index[i]: at for i, at in scalars.parameter.items() if i in index}
    result.constant = {index[i]: v for i, v in scalars.constant.items() if i in index}
    result.outputs, result.beside = [index[i] for i in scalars.outputs], scalars.beside
    return result
