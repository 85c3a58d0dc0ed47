"""Reverse mode on the array program: every array operation hands its adjoint on.

An operation's downstream gradient is its upstream gradient times the partial derivative that the
gate table states; nothing is differentiated here. What is added is bookkeeping of shapes: where
an operand was broadcast, its adjoint is a sum; where a matrix product was formed, the products of
upstream gradients and partials are matrix products again.

An adjoint is a `Term`: a number times arrays. Numbers (signs, the 1/E of the mean) stay in front
until a line of code is written anyway, so that they cost no operation of their own.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping

from ..formula.atoms import CONSTANTS
from ..formula.grammar import Formula
from .arrays.rolled import Fire, Rolled
from .ir import (
    ROWS,
    Apply,
    Array,
    Assign,
    Broadcast,
    Collected,
    Concatenate,
    Expr,
    Function,
    Gathered,
    Lookup,
    Number,
    Product,
    Reduce,
    Ref,
    Reshape,
    Scatter,
    Shape,
    Slice,
    Take,
    Term,
    Total,
    Transpose,
    Where,
    arrays_in,
    broadcast,
    part,
    reshape,
    spread,
    transpose,
)
from .rewrite.bounds import at_least, bounds
from .rewrite.written import Written
from .simplify import contraction, factors, names, simplify
from .terms import add_up, among, apply, change_shape, inverse, outer, times, unbroadcast, unwrapped

_LONGEST = 100  # terms in a line of code

# ── the forward pass ─────────────────────────────────────────────────────────────────────────


def forward(step: Fire) -> Expr:
    """What the gates compute, as one expression."""
    result = _computed(step)
    return result if step.mask is None else Where(step.mask, result, step.fill)


def _computed(step: Fire) -> Expr:
    if step.layout == "terms":
        terms = (e if isinstance(e, Term) else Term(factors=(e,)) for e in step.inputs.values())
        return Total(tuple(terms))
    known = numbers(step)
    arguments = {k: e for k, e in step.inputs.items() if not isinstance(e, Number)}
    if step.layout == "each":
        formula = simplify(step.gate.formula, known)
        if not names(formula):
            return Broadcast(Number(float(eval(formula.python(), dict(CONSTANTS)))), step.out.shape)
        used = {k: e for k, e in arguments.items() if k in names(formula)}
        return spread(Apply(formula, used), step.out.shape)
    if step.layout in ("rows", "grid"):
        formula = simplify(step.gate.formula, known)
        return Reduce(formula, arguments, keep=step.layout == "rows")
    found = contraction(step.gate)
    assert found is not None
    product = Product(step.inputs[step.stack], transpose(step.inputs[step.matrix]))
    rest = simplify(found.rest, known)
    result: Expr = product
    if rest.text != "product":
        singles = {k: e for k, e in arguments.items() if k not in step.gate.rows}
        used = {k: e for k, e in singles.items() if k in names(rest)}
        result = Apply(rest, {"product": product, **used})
    return result if result.shape == step.out.shape else reshape(result, step.out.shape)


def numbers(step: Fire) -> dict[str, float]:
    """The inputs that are plain numbers, and n, the length of the gate's rows."""
    known = {k: e.value for k, e in step.inputs.items() if isinstance(e, Number)}
    if step.layout == "terms":
        known["n"] = float(len(step.inputs))
    elif step.gate.rows:
        known["n"] = float(step.inputs[step.gate.rows[0]].shape[-1])
    return known


# ── the backward pass ────────────────────────────────────────────────────────────────────────


def differentiate(rolled: Rolled) -> Function:
    """The forward pass and the adjoints of all parameters."""
    return _Backward(rolled).run()


def forward_only(rolled: Rolled) -> Function:
    """The forward pass alone."""
    steps = [
        Assign(s.array, s.expr) if isinstance(s, Assign) else Assign(s.out, forward(s))
        for s in rolled.steps
    ]
    return Function(
        rolled.inputs,
        rolled.parameters,
        steps,
        rolled.output,
        rolled.theta_size,
        row_shapes=rolled.row_shapes,
    )


class _Backward:
    def __init__(self, rolled: Rolled) -> None:
        self.rolled = rolled
        self.written = Written(rolled.steps)
        self.bounds = bounds(rolled.steps)
        self.function = forward_only(rolled)
        self.terms: dict[Array, list[Term]] = defaultdict(list)
        self.slices: dict[Array, list[tuple[Slice, Term]]] = defaultdict(list)
        self.wanted = {p.array for p in rolled.parameters}
        self.awaited: dict[Array, int] = defaultdict(int)  # uses still to come, of parameters
        self.parameter = {p.array: p for p in rolled.parameters}
        self.joined = {
            s.array: s.expr
            for s in rolled.steps
            if isinstance(s, Assign) and isinstance(s.expr, Concatenate)
        }
        for step in rolled.steps:
            out = step.out if isinstance(step, Fire) else step.array
            used = step.inputs.values() if isinstance(step, Fire) else [step.expr]
            for array in arrays_in(*used):
                if array in self.wanted:
                    self.wanted.add(out)
                self.awaited[array] += 1
        for array in arrays_in(rolled.output):
            self.awaited[array] += 1

    def run(self) -> Function:
        output = self.rolled.output
        seed = Term(1.0, -1 if ROWS in output.shape else 0)
        self.pull(output, seed, output.shape)
        self.settle(arrays_in(output))
        for step in reversed(self.rolled.steps):
            out = step.out if isinstance(step, Fire) else step.array
            if out in self.wanted and (out in self.terms or out in self.slices):
                upstream = self.adjoint(out)
                if upstream.coefficient == 0.0:
                    pass  # flat: nothing arrives
                elif isinstance(step, Fire):
                    self.fire(step, upstream)
                else:
                    self.pull(step.expr, upstream, out.shape)
            self.settle(
                arrays_in(*(step.inputs.values() if isinstance(step, Fire) else [step.expr]))
            )
        return self.function

    def settle(self, arrays: list[Array]) -> None:
        """Write the adjoint of each parameter that has received its last contribution."""
        for array in arrays:
            self.awaited[array] -= 1
            done = self.awaited[array] == 0 and array in self.parameter
            if done and (array in self.terms or array in self.slices):
                adjoint = self.adjoint(array)
                if adjoint.coefficient != 0.0:
                    plain = self.plain(adjoint, array)
                    self.function.gradient.append(
                        (self.parameter[array], spread(plain, array.shape))
                    )

    # ── adding up ────────────────────────────────────────────────────────────────────────────

    def adjoint(self, array: Array) -> Term:
        """The sum of all contributions, given a name unless it has one or is a number."""
        terms = deque(t for t in self.terms.pop(array, []) if t.coefficient != 0.0)
        terms += self.sliced(array)
        while len(terms) > _LONGEST:  # in lines that Python's parser can take
            some = add_up([terms.popleft() for _ in range(_LONGEST)])
            if not isinstance(some, Term):
                some = Term(factors=(self.name(array, some),))
            terms.append(some)
        total = add_up(list(terms))
        if isinstance(total, Term):
            plain = not total.divisors and all(isinstance(f, Ref) for f in total.factors)
            if plain and len(total.factors) <= 1:
                return total
        return Term(factors=(self.name(array, total),))

    def sliced(self, array: Array) -> list[Term]:
        """Contributions to parts of an array: side by side where they tile it, else in zeros."""
        parts = sorted(self.slices.pop(array, []), key=lambda part: part[0].start)
        full = [spread(unwrapped(term), cut.shape) for cut, term in parts]
        ends = [0, *(cut.start + cut.count for cut, _ in parts)]
        axes = {cut.axis for cut, _ in parts}
        tiled = [cut.start for cut, _ in parts] == ends[:-1] and len(axes) == 1
        if tiled and all(cut.step == 1 for cut, _ in parts):
            (axis,) = axes
            if ends[-1] == array.shape[axis]:
                return [Term(factors=(Concatenate(tuple(full), axis),))]
        return [
            Term(factors=(_placed(cut, expr),)) for (cut, _), expr in zip(parts, full, strict=True)
        ]

    def name(self, array: Array, expr: Expr) -> Ref:
        """Assign the adjoint of `array` to a variable of its own."""
        return self.assign(self.rolled.names.unique(f"d{array.name}"), expr, array.back_note)

    def assign(self, name: str, expr: Expr, note: str = "") -> Ref:
        """A line of the backward pass."""
        known = Array(name, expr.shape, note)
        self.function.backward.append(Assign(known, expr))
        return Ref(known)

    def plain(self, term: Term, array: Array) -> Expr:
        """The term as a variable or a number."""
        if not term.factors:
            return term
        if term.coefficient == 1 and term.per_row == 0 and isinstance(term.factors[0], Ref):
            return term.factors[0]
        return self.name(array, term)

    # ── gates ────────────────────────────────────────────────────────────────────────────────

    def fire(self, step: Fire, upstream: Term) -> None:
        """Hand the adjoint of a gate's result on to its inputs."""
        if step.mask is not None:
            mask = step.mask
            upstream = among(upstream, step.out.shape, lambda f: Where(mask, f, 0.0))
        if step.layout == "product":
            self.product(step, upstream)
            return
        if step.layout == "terms":
            for expr in step.inputs.values():
                self.pull(expr, upstream, step.out.shape)
            return
        arguments: dict[str, Expr] = {**step.inputs, "out": Ref(step.out)}
        full = step.out.shape
        rows_full = full
        column = full
        if step.layout == "grid":  # rows (ROWS, m, n) meet single numbers (ROWS, m, 1)
            column = (*full, 1)
            row_arguments = {
                k: e if k in step.gate.rows or e.shape in ((), (1,)) else reshape(e, (*e.shape, 1))
                for k, e in arguments.items()
            }
            row_upstream = change_shape(upstream, lambda f: reshape(spread(f, full), column))
            rows_full = broadcast(column, *(step.inputs[r].shape for r in step.gate.rows))
        else:
            row_arguments, row_upstream = arguments, upstream
            if step.layout == "rows":
                rows_full = broadcast(full, *(step.inputs[r].shape for r in step.gate.rows))
        for name, partial in zip(step.gate.inputs, step.gate.partials, strict=True):
            if not self.leads_somewhere(step.inputs[name]):
                continue
            if name in step.gate.rows:
                term = self.downstream(step, row_upstream, partial, row_arguments)
                self.pull(step.inputs[name], term, rows_full)
            elif step.layout == "grid" and names(partial) & set(step.gate.rows):
                term = self.downstream(step, row_upstream, partial, row_arguments)
                self.pull(row_arguments[name], term, column)
            else:
                term = self.downstream(step, upstream, partial, arguments)
                self.pull(step.inputs[name], term, full)

    def downstream(
        self, step: Fire, upstream: Term, partial: Formula, arguments: Mapping[str, Expr]
    ) -> Term:
        """upstream × local, the local gradient taken apart into factors."""
        positive = [name for name, e in arguments.items() if at_least(e, self.bounds) > 0]
        local = factors(simplify(partial, numbers(step), positive))
        above, below = (
            [self.known(apply(f, arguments)) for f in formulas]
            for formulas in (local.factors, local.divisors)
        )
        return times(upstream, local.coefficient, above, below)

    def known(self, expr: Expr) -> Expr:
        """An array of the forward pass that holds it already; else the expression itself."""
        array = self.written.array(expr) if isinstance(expr, Apply) else None
        return expr if array is None else Ref(array)

    def product(self, step: Fire, upstream: Term) -> None:
        """Matrix products: dMatrix = upstreamᵀ · stack, dStack = upstream · matrix."""
        gate = step.gate
        stack, matrix = step.inputs[step.stack], step.inputs[step.matrix]
        full = broadcast((*stack.shape[:-1], step.p), (*matrix.shape[:-2], 1, step.p))
        flat = full == step.out.shape
        out: Expr = Ref(step.out)
        if not flat:
            out = reshape(out, full)
            upstream = change_shape(upstream, lambda f: reshape(spread(f, step.out.shape), full))
        arguments: dict[str, Expr] = {**step.inputs, "out": out}
        wanted = [n for n in gate.inputs if self.leads_somewhere(step.inputs[n])]
        for name, partial in zip(gate.inputs, gate.partials, strict=True):
            if name not in wanted:
                continue
            if name not in gate.rows:
                self.pull(
                    step.inputs[name], self.downstream(step, upstream, partial, arguments), full
                )
                continue
            other = step.matrix if name == step.stack else step.stack
            local = factors(simplify(partial, numbers(step)))
            term = times(
                upstream,
                local.coefficient,
                [apply(f, arguments) for f in local.factors if f.text != other],
                [apply(f, arguments) for f in local.divisors],
            )
            u = self.whole(term, step.out, full)
            if local.coefficient == 1 and len(local.factors) == 1 and not local.divisors:
                upstream = Term(factors=(u,))  # written once, used by all inputs
            product = Product(u, matrix) if name == step.stack else outer(u, stack, matrix)
            self.pull(step.inputs[name], Term(factors=(product,)), product.shape)

    def whole(self, term: Term, array: Array, shape: Shape) -> Expr:
        """The term as one variable of full shape, fit for a matrix product."""
        body = unwrapped(term)
        if isinstance(body, Ref) and body.shape == shape:
            return body
        if isinstance(body, Reshape) and isinstance(body.array, Ref):
            return body
        return self.name(array, spread(body, shape))

    # ── operands ─────────────────────────────────────────────────────────────────────────────

    def useful(self, expr: Expr) -> int:
        """Behind which element of a joined array nothing leads to a parameter."""
        joined = self.joined.get(expr.array) if isinstance(expr, Ref) else None
        end = last = 0
        for one in joined.parts if joined is not None else (expr,):
            end += one.shape[-1]
            last = end if self.leads_somewhere(one) else last
        return last

    def leads_somewhere(self, expr: Expr) -> bool:
        """Does a parameter lie below?"""
        return any(array in self.wanted for array in arrays_in(expr))

    def pull(self, expr: Expr, term: Term, full: Shape) -> None:
        """Hand `term`, the adjoint of `expr` broadcast to `full`, on to the variables in expr."""
        if term.coefficient == 0.0 or not self.leads_somewhere(expr):
            return
        term = unbroadcast(term, full, expr.shape)
        match expr:
            case Ref(array):
                self.terms[array].append(term)
            case Slice(array=Ref(array)):
                self.slices[array].append((expr, term))
            case Slice(array=inner):
                placed = among(term, expr.shape, lambda f: _placed(expr, f))
                self.pull(inner, placed, inner.shape)
            case Scatter(array=inner, start=start, step=step, axis=axis):
                count = inner.shape[axis]
                cut = change_shape(
                    term, lambda f: part(spread(f, expr.shape), axis, start, step, count)
                )
                self.pull(inner, cut, inner.shape)
            case Where(mask=mask, array=inner):
                kept = among(term, expr.shape, lambda f: Where(mask, f, 0.0))
                self.pull(inner, kept, expr.shape)
            case Reshape(array=inner):
                moved = change_shape(term, lambda f: reshape(spread(f, expr.shape), inner.shape))
                self.pull(inner, moved, inner.shape)
            case Transpose(array=inner, order=order):
                back = tuple(order.index(k) for k in range(len(order)))
                turned = change_shape(term, lambda f: transpose(spread(f, expr.shape), back))
                self.pull(inner, turned, inner.shape)
            case Broadcast(array=inner):
                self.pull(inner, term, expr.shape)
            case Term(factors=pair):  # a product among the terms of a sum
                for factor, other in (pair, pair[::-1]):
                    self.pull(factor, times(term, 1.0, [other], []), expr.shape)
            case Lookup(array=inner, at=at):
                body = spread(unwrapped(term), expr.shape)
                name = inner.array.name if isinstance(inner, Ref) else "p"
                collected = Collected(body, at, inner.shape[0])
                named = self.assign(self.rolled.names.unique(f"d{name}"), collected)
                self.pull(inner, Term(factors=(named,)), inner.shape)
            case Take(array=inner, name=name, indices=indices):
                useful = self.useful(inner)
                sources = inverse(indices, inner.shape[-1], useful)
                body = spread(unwrapped(term), expr.shape)
                gathered = Gathered(body, f"{name}_inverse", sources, indices.ndim, useful)
                self.pull(inner, Term(factors=(gathered,)), inner.shape)
            case Concatenate(parts=parts):
                offset = 0
                bare = unwrapped(Term(1.0, 0, term.factors, term.divisors))
                if term.factors and not isinstance(bare, Ref):
                    bare = self.assign(self.rolled.names.numbered("d"), bare)
                for one in parts:
                    size = one.shape[-1]
                    piece = Term(term.coefficient, term.per_row)
                    if term.factors:
                        factor = bare if bare.shape[-1] == 1 else Slice(bare, offset, 1, size)
                        piece = Term(term.coefficient, term.per_row, (factor,))
                    self.pull(one, piece, (*expr.shape[:-1], size))
                    offset += size
            case _:
                raise AssertionError(expr)


def _placed(cut: Slice, expr: Expr) -> Expr:
    """The adjoint of a slice: `expr` among zeros."""
    start, step, n = cut.start, cut.step, cut.array.shape[cut.axis]
    if step < 0:  # read backwards: turn it round
        expr = Slice(expr, cut.count - 1, -1, cut.count, cut.axis)
        start, step = start + step * (cut.count - 1), -step
    whole = (start, step, cut.count) == (0, 1, n)
    return expr if whole else Scatter(expr, start, step, n, cut.axis)
