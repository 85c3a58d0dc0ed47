"""Terms: numbers times arrays, as adjoints are; and the shapes of what was broadcast."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..formula.grammar import Formula
from .ir import (
    ROWS,
    Apply,
    Expr,
    Indices,
    Number,
    Product,
    Ref,
    Reshape,
    Shape,
    Slice,
    Sum,
    Term,
    Total,
    reshape,
    spread,
    transpose,
)
from .simplify import names


def apply(formula: Formula, arguments: Mapping[str, Expr]) -> Expr:
    """A formula on its arguments; just the argument where the formula is no more than that."""
    if formula.text in arguments:
        return arguments[formula.text]
    used = {name: arguments[name] for name in formula.inputs if name in names(formula)}
    return Apply(formula, used)


def times(term: Term, coefficient: float, above: list[Expr], below: list[Expr]) -> Term:
    """`term` times a number and factors, over divisors; numbers among them join the number."""
    factors_ = [*term.factors]
    for factor in above:
        if isinstance(factor, Number):
            coefficient *= factor.value
        else:
            factors_.append(factor)
    divisors = [*term.divisors]
    for divisor in below:
        if isinstance(divisor, Number):
            coefficient /= divisor.value
        else:
            divisors.append(divisor)
    product = term.coefficient * coefficient
    return Term(product, term.per_row, tuple(factors_), tuple(divisors))


def unwrapped(term: Term) -> Expr:
    """The term as an expression, as plain as it can be."""
    if term.coefficient == 1 and term.per_row == 0 and not term.divisors and len(term.factors) == 1:
        return term.factors[0]
    return term


def change_shape(term: Term, change: Callable[[Expr], Expr]) -> Term:
    """Change the shape of what stands behind a term's number."""
    if not term.factors and not term.divisors:
        return term
    body = unwrapped(Term(1.0, 0, term.factors, term.divisors))
    return Term(term.coefficient, term.per_row, (change(body),))


def among(term: Term, shape: Shape, change: Callable[[Expr], Expr]) -> Term:
    """Put what stands behind a term's number, in its full shape, among zeros."""
    body: Expr = unwrapped(Term(1.0, 0, term.factors, term.divisors))
    if not term.factors and not term.divisors:
        body = Number(1.0)
    return Term(term.coefficient, term.per_row, (change(spread(body, shape)),))


def unbroadcast(term: Term, full: Shape, target: Shape) -> Term:
    """The adjoint of broadcasting `target` to `full`: sums over the axes along which it grew."""
    missing = len(full) - len(target)
    axes = [k for k in range(missing) if full[k] != 1]
    axes += [missing + k for k, s in enumerate(target) if s == 1 and full[missing + k] != 1]
    if not axes:
        return _lower(term, len(target))
    shift = len(full) - len(term.shape)
    coefficient, per_row = term.coefficient, term.per_row
    real = []
    for axis in axes:
        if axis >= shift and term.shape[axis - shift] != 1:
            real.append(axis - shift)
        elif full[axis] == ROWS:
            per_row += 1
        else:
            coefficient *= full[axis]
    if not real:
        return Term(coefficient, per_row, term.factors, term.divisors)
    body = unwrapped(Term(1.0, 0, term.factors, term.divisors))
    leading = all(axis + shift < missing for axis in real)
    inner = all(axis + shift >= missing for axis in real)
    summed: Expr = Sum(body, tuple(real), keep=inner and not leading)
    if not leading and not inner:
        summed = reshape(summed, target)
    return _lower(Term(coefficient, per_row, (summed,)), len(target))


def _lower(term: Term, rank: int) -> Term:
    """Without leading axes of length 1 that the target lacks."""
    extra = len(term.shape) - rank
    return change_shape(term, lambda f: reshape(f, f.shape[extra:])) if extra > 0 else term


def add_up(terms: list[Term]) -> Expr:
    """Σ terms: like terms added up, equal numbers taken out in front, positive terms first."""
    alike: dict[object, Term] = {}
    for term in terms:
        key = (term.per_row, _key(term.factors), _key(term.divisors))
        if key in alike:
            coefficient = alike[key].coefficient + term.coefficient
            alike[key] = Term(coefficient, term.per_row, term.factors, term.divisors)
        else:
            alike[key] = term
    rest = [t for t in alike.values() if t.coefficient != 0.0]
    if not rest:
        return Term(0.0)
    if len(rest) == 1:
        return rest[0]
    rest.sort(key=lambda t: t.coefficient < 0)
    (size, per_row), *others = {(abs(t.coefficient), t.per_row) for t in rest}
    if others:
        return Total(tuple(rest))
    signs = tuple(Term(t.coefficient / size, 0, t.factors, t.divisors) for t in rest)
    return Total(signs, size, per_row)


def _key(part: object) -> object:
    """Equal for expressions that are written alike."""
    match part:
        case tuple():
            return tuple(map(_key, part))
        case Ref(array):
            return array
        case Apply(formula, arguments):
            return (formula.text, tuple((k, _key(e)) for k, e in arguments.items()))
        case Reshape(array, shape):
            return ("reshape", _key(array), shape)
        case Slice(array, start, step, count, axis):
            return ("slice", _key(array), start, step, count, axis)
    return id(part)


def outer(u: Expr, stack: Expr, matrix: Expr) -> Expr:
    """Σ over the stack (and, for shared weights, over the rows) of upstream ⊗ vector."""
    if len(matrix.shape) == 2 and ROWS not in matrix.shape:  # one matrix for all
        lead = ROWS if ROWS in u.shape else -1
        u, stack = (reshape(e, (lead, e.shape[-1])) if len(e.shape) > 2 else e for e in (u, stack))
    return Product(transpose(u), stack)


def inverse(indices: Indices, size: int, useful: int) -> Indices:
    """For each of `size` elements the places that picked it, padded with one past the end.

    Elements from `useful` on (the zeros around an image) get none.

    >>> inverse(np.array([2, 0, 2]), 3, 3).tolist()
    [[1, 3], [3, 3], [0, 2]]
    """
    flat = indices.reshape(-1)
    order = np.argsort(flat, kind="stable")
    order = order[flat[order] < useful]
    counts = np.bincount(flat[order], minlength=size)
    table: Indices = np.full((size, max(1, int(counts.max()))), flat.size, dtype=np.intp)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    table[flat[order], np.arange(order.size) - np.repeat(starts, counts)] = order
    return table
