"""Attention by the letters of the textbooks: S = Q Kᵀ, A = softmax(S), O = A V.

It is known by its structure. Weights A come out of scores S by a softmax: they are the gradient of
ln Σ e^S, or powers over their own sum. Scores come out of a product, of queries Q and keys K, and
weights go into one, with values V. What these are read from gets a name of its own, and so the
backward pass speaks of dQ, dK and dV.
"""

from __future__ import annotations

from ..arrays.rolled import Fire, Step
from ..arrays.scalars import adds
from ..ir import Apply, Array, Assign, Expr, Number, Ref, Reshape, arrays_in, reshape, transpose
from ..write.names import Names
from .written import Written


def lettered(steps: list[Step], names: Names) -> list[Step]:
    """The steps, with letters for the parts of every attention."""
    made = {step.out: step for step in steps if isinstance(step, Fire)}
    scores = _softmaxes(made)
    ahead: dict[Step, list[Step]] = {}  # what is written before a step
    for mixing in made.values():
        A = _array(mixing.inputs.get(mixing.stack))
        S = scores.get(A) if A is not None else None
        matching = _product(S, made) if S is not None else None
        if A is None or S is None or matching is None:
            continue
        ahead[matching] = [
            *_named("Q", matching, matching.stack, names),
            *_named("K", matching, matching.matrix, names),
        ]
        ahead[mixing] = _named("V", mixing, mixing.matrix, names)
        S.name, A.name, mixing.out.name = (names.unique(letter) for letter in "SAO")
        for step in steps:
            if isinstance(step, Assign) and mixing.out in arrays_in(step.expr):
                step.array.name = names.unique("H")
    return [one for step in steps for one in (*ahead.get(step, []), step)]


def _named(letter: str, product: Fire, side: str, names: Names) -> list[Step]:
    """A variable for what a product reads: positions down, features across."""
    given = product.inputs[side]
    turned = letter == "V"  # its positions are summed over
    read = transpose(given) if turned else given
    if isinstance(read, Ref):
        return []
    array = Array(names.unique(letter), read.shape)
    product.inputs[side] = transpose(Ref(array)) if turned else Ref(array)
    return [Assign(array, read)]


def _softmaxes(made: dict[Array, Fire]) -> dict[Array, Array]:
    """Weights, and the scores that they are made of."""
    found: dict[Array, Array] = {}
    written = Written(made.values())
    for step in made.values():
        a, b, *_ = [*map(_array, step.inputs.values()), None, None]
        if a is None:
            continue
        total = made.get(b) if b is not None else None
        if step.layout == "grid" and len(step.gate.inputs) == 1 and not adds(step.gate):
            (name,), (partial,) = step.gate.rows, step.gate.partials
            out = reshape(Ref(step.out), (*step.out.shape, 1))
            weights = written.array(Apply(partial, {name: step.inputs[name], "out": out}))
            if weights is not None:
                found[weights] = a
        elif step.gate.formula.infix == "/" and total is not None and adds(total.gate):
            powers = made.get(a)
            given = [*powers.inputs.values()] if powers else []
            scores = _array(given[0]) if len(given) == 1 else None
            if scores is not None and [_array(e) for e in total.inputs.values()] == [a]:
                found[step.out] = scores
    return found


def _product(array: Array, made: dict[Array, Fire]) -> Fire | None:
    """The product that an array is, or is a multiple of."""
    step = made.get(array)
    while step is not None and step.layout == "each":
        given = [e for e in step.inputs.values() if not isinstance(e, Number)]
        before = _array(given[0]) if len(given) == 1 else None
        step = made.get(before) if before is not None else None
    return step if step is not None and step.layout == "product" else None


def _array(expr: Expr | None) -> Array | None:
    """The array that an expression is, axes of length 1 apart."""
    expr = expr.array if isinstance(expr, Reshape) else expr
    return expr.array if isinstance(expr, Ref) else None
