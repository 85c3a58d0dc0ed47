"""The array program that a scalar graph is compiled to: a short list of assignments.

A `Function` is straight-line code. Each `Assign` gives one `Array` (a variable) the value of one
expression; there is no control flow and no variable is assigned twice. `forward` computes the
outputs, `backward` the adjoints, and `gradient` says where the parameters' adjoints belong in
theta.

Shapes are tuples; the axis of examples is written `ROWS` (its length is known when the program
runs) and is always the first. An array without it is the same for all examples: parameters,
constants and what is computed from them alone. Shapes broadcast as in NumPy, from the right.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..formula.grammar import Formula

ROWS: Final = -1
Shape: TypeAlias = tuple[int, ...]
Indices: TypeAlias = NDArray[np.intp]


@dataclass(eq=False)
class Array:
    """A variable: its name in the source, and the shape of what it holds."""

    name: str
    shape: Shape
    note: str = ""  # what it is, for a comment
    back_note: str = ""  # the same for its adjoint

    @property
    def rows(self) -> bool:
        """Does it hold one entry per example?"""
        return self.shape[:1] == (ROWS,)

    @property
    def size(self) -> int:
        """Numbers per example."""
        return int(np.prod(self.shape[self.rows :], dtype=int))


class Expr:
    """An expression; every kind has a `shape`."""

    shape: Shape

    def operands(self) -> tuple[Expr, ...]:
        """The expressions that it is made of, in the order of its fields."""
        found: list[Any] = []
        for held in vars(self).values():
            match held:
                case tuple():
                    found += held
                case dict():
                    found += held.values()
                case _:
                    found.append(held)
        return tuple([one for one in found if isinstance(one, Expr)])

    def mapped(self, change: Callable[[Expr], Expr]) -> Expr:
        """The same of other operands, which have the shapes of these."""

        def changed(held: Any) -> Any:
            match held:
                case Expr():
                    return change(held)
                case tuple():
                    return tuple(map(changed, held))
                case dict():
                    return {name: changed(one) for name, one in held.items()}
            return held

        other = copy.copy(self)
        other.__dict__.update({name: changed(held) for name, held in vars(self).items()})
        return other


@dataclass(eq=False)
class Unary(Expr):
    """An expression made of one array."""

    array: Expr


@dataclass(eq=False)
class Ref(Expr):
    """A variable's value."""

    array: Array

    def __post_init__(self) -> None:
        self.shape = self.array.shape


@dataclass(eq=False)
class Number(Expr):
    """A number."""

    value: float
    shape: Shape = ()


@dataclass(eq=False)
class Table(Expr):
    """A constant array that stands beside the code under its name."""

    name: str
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.shape = self.values.shape


@dataclass(eq=False)
class View(Expr):
    """A strided window into theta (strides in elements, not bytes)."""

    offset: int
    shape: Shape
    strides: tuple[int, ...]

    def indices(self) -> Indices:
        """The positions in theta, in the shape of the window."""
        grid: Indices = np.asarray(self.offset, dtype=np.intp)
        for size, stride in zip(self.shape, self.strides, strict=True):
            grid = np.add.outer(grid, np.arange(size, dtype=np.intp) * stride)
        return grid


@dataclass(eq=False)
class Picked(Expr):
    """theta[at], where no window will do."""

    name: str
    at: Indices

    def __post_init__(self) -> None:
        self.shape = self.at.shape

    def indices(self) -> Indices:
        """The positions in theta."""
        return self.at


@dataclass(eq=False)
class Apply(Expr):
    """A formula, element by element: `formula.numpy(...)`, or `formula.python(...)` inside a loop;
    a test gives 1.0 or 0.0."""

    formula: Formula
    arguments: dict[str, Expr]

    def __post_init__(self) -> None:
        self.shape = broadcast(*(a.shape for a in self.arguments.values()))


@dataclass(eq=False)
class Reduce(Expr):
    """A formula with reductions along the last axis of the arguments in formula.rows; `n` is that
    axis' length. The rest of the arguments keep that axis with length 1 (keep=True) or lack it
    (keep=False); so does the result."""

    formula: Formula
    arguments: dict[str, Expr]
    keep: bool
    n: int = 0

    def __post_init__(self) -> None:
        rows = [self.arguments[r].shape for r in self.formula.rows if r in self.arguments]
        full = broadcast(*rows)
        rest = [a.shape for k, a in self.arguments.items() if k not in self.formula.rows]
        self.n = full[-1]
        self.shape = broadcast((*full[:-1], 1) if self.keep else full[:-1], *rest)


@dataclass(eq=False)
class Product(Expr):
    """left @ right, right being two-dimensional or both stacked."""

    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        left, right = self.left.shape, self.right.shape
        if left[-1] != right[-2]:
            raise AssertionError(f"cannot multiply {left} by {right}")
        self.shape = (*left[:-1], right[-1])


@dataclass(eq=False)
class Transpose(Unary):
    """The axes in another order; without one the last two exchanged."""

    order: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.order:
            *ahead, m, n = range(len(self.array.shape))
            self.order = (*ahead, n, m)
        self.shape = tuple(self.array.shape[k] for k in self.order)


@dataclass(eq=False)
class Term(Expr):
    """coefficient · E^per_row · Π factors / Π divisors, where E is the number of rows."""

    coefficient: float = 1.0
    per_row: int = 0
    factors: tuple[Expr, ...] = ()
    divisors: tuple[Expr, ...] = ()

    def __post_init__(self) -> None:
        self.shape = broadcast(*(f.shape for f in self.operands()))


@dataclass(eq=False)
class Total(Expr):
    """coefficient · E^per_row · Σ terms."""

    terms: tuple[Term, ...]
    coefficient: float = 1.0
    per_row: int = 0

    def __post_init__(self) -> None:
        self.shape = broadcast(*(t.shape for t in self.terms))


@dataclass(eq=False)
class Sum(Unary):
    """The sum over some axes; axis 0 may be ROWS."""

    axes: tuple[int, ...]  # not negative
    keep: bool = False

    def __post_init__(self) -> None:
        shape = self.array.shape
        kept = (1 if k in self.axes else s for k, s in enumerate(shape))
        left = (s for k, s in enumerate(shape) if k not in self.axes)
        self.shape = tuple(kept if self.keep else left)


@dataclass(eq=False)
class Reshape(Unary):
    """The same elements in the same order, in another shape."""

    shape: Shape


@dataclass(eq=False)
class Slice(Unary):
    """start, start + step, ... along one axis, the last if none is named."""

    start: int
    step: int
    count: int
    axis: int = -1

    def __post_init__(self) -> None:
        self.axis %= len(self.array.shape)
        self.shape = resized(self.array.shape, self.axis, self.count)


@dataclass(eq=False)
class Take(Unary):
    """Elements of the last axis, picked by index; the result has indices.shape there."""

    name: str
    indices: Indices
    text: str = ""  # how a reader would write the indices

    def __post_init__(self) -> None:
        self.shape = (*self.array.shape[:-1], *self.indices.shape)


@dataclass(eq=False)
class Concatenate(Expr):
    """Side by side along one axis; the parts are broadcast along the others."""

    parts: tuple[Expr, ...]
    axis: int = -1

    def __post_init__(self) -> None:
        rank = max(len(p.shape) for p in self.parts)
        self.axis %= rank
        at = self.axis - rank  # parts may lack axes ahead
        around = broadcast(*(resized(p.shape, at % len(p.shape), 1) for p in self.parts))
        self.shape = resized(around, self.axis, sum(p.shape[at] for p in self.parts))


@dataclass(eq=False)
class Broadcast(Unary):
    """Broadcast to a shape."""

    shape: Shape


@dataclass(eq=False)
class Where(Expr):
    """The array where the mask holds, elsewhere a number."""

    mask: Expr  # a Table of truth values
    array: Expr
    value: float

    def __post_init__(self) -> None:
        self.shape = broadcast(self.mask.shape, self.array.shape)


@dataclass(eq=False)
class Gathered(Unary):
    """The adjoint of Take: element j is the sum of the elements sources[j] of the last axes of
    `array`, flattened."""

    name: str
    sources: Indices  # (size, r); an index one past the end stands for 0
    axes: int  # how many of the last axes of `array` the indices run over
    useful: int  # elements from here on get nothing

    def __post_init__(self) -> None:
        shape = self.array.shape
        self.shape = (*shape[: len(shape) - self.axes], len(self.sources))


@dataclass(eq=False)
class Scatter(Unary):
    """The adjoint of Slice: zeros, with `array` at start, start + step, ... along one axis."""

    start: int
    step: int
    size: int
    axis: int = -1

    def __post_init__(self) -> None:
        self.axis %= len(self.array.shape)
        self.shape = resized(self.array.shape, self.axis, self.size)


@dataclass(eq=False)
class Whole(Unary):
    """Data as whole numbers 0 to below - 1; refused if they are not."""

    below: int

    def __post_init__(self) -> None:
        self.shape = self.array.shape


@dataclass(eq=False)
class Lookup(Unary):
    """array[at]: elements of the first axis, picked by data."""

    at: Expr

    def __post_init__(self) -> None:
        self.shape = self.at.shape + self.array.shape[1:]


@dataclass(eq=False)
class Collected(Unary):
    """The adjoint of Lookup: row k is the sum of the rows of `array`, over examples too, for which
    `at` is k."""

    at: Expr
    size: int

    def __post_init__(self) -> None:
        self.shape = (self.size, *self.array.shape[len(self.at.shape) :])


@dataclass(eq=False)
class Assign:
    """array = expr."""

    array: Array
    expr: Expr


@dataclass(eq=False)
class Function:
    """The whole program.

    inputs      one Array per argument, of shape (ROWS, size): the argument, flattened per row
    row_shapes  what a row of each argument looks like before that
    parameters  Arrays that are windows into theta (expr is a View or Picked)
    forward     assignments; after them `output` holds the result per row
    output      shape (ROWS, k), or (k,) where nothing depends on the data; k = 1 for a loss,
                whose mean over rows is the cost J
    backward    assignments of adjoints, in the order in which they can be computed
    gradient    (parameter, adjoint) pairs: dJ/dtheta is 0 but for the sum of these, each placed
                where its parameter's window is
    dtype       of theta, the arguments and the results: "float64" or "float32"
    name        of the function that it was made of
    key         what all that is made of it depends on, for `kept.cache`; "" if nothing is kept
    texts       what was written of it: see `kept.texts`
    """

    inputs: list[Array]
    parameters: list[Assign]
    forward: list[Assign]
    output: Expr
    theta_size: int
    backward: list[Assign] = field(default_factory=list)
    gradient: list[tuple[Assign, Expr]] = field(default_factory=list)
    row_shapes: list[Shape] = field(default_factory=list)
    dtype: str = "float64"
    name: str = "f"
    key: str = ""
    texts: dict[str, str] = field(default_factory=dict)


def reshape(expr: Expr, shape: Shape) -> Expr:
    """`expr` in another shape, without detours."""
    if isinstance(expr, Sum) and expr.keep:
        dropped = Sum(expr.array, expr.axes)
        if dropped.shape == shape:
            return dropped
    while isinstance(expr, Reshape):
        expr = expr.array
    return expr if expr.shape == shape else Reshape(expr, shape)


def transpose(expr: Expr, order: tuple[int, ...] = ()) -> Expr:
    """The axes in another order (the last two exchanged), without detours."""
    turned = Transpose(expr, order)
    while isinstance(turned.array, Transpose):
        inner = turned.array
        turned = Transpose(inner.array, tuple(inner.order[k] for k in turned.order))
    match turned:
        case Transpose(Product(a, b)) if (  # (A B)ᵀ = Bᵀ Aᵀ
            len(a.shape) == len(b.shape) and turned.order == Transpose(turned.array).order
        ):
            return Product(transpose(b), transpose(a))
    in_order = turned.order == tuple(range(len(turned.order)))
    return turned.array if in_order else turned


def part(expr: Expr, axis: int, start: int, step: int, count: int) -> Expr:
    """A slice along an axis; the expression itself if that is all of it."""
    whole = (start, step, count) == (0, 1, expr.shape[axis])
    return expr if whole else Slice(expr, start, step, count, axis)


def spread(expr: Expr, shape: Shape) -> Expr:
    """`expr` in its full shape."""
    return expr if expr.shape == shape else Broadcast(expr, shape)


def resized(shape: Shape, axis: int, size: int) -> Shape:
    """The shape with another length along one axis."""
    return (*shape[:axis], size, *shape[axis + 1 :])


def broadcast(*shapes: Shape) -> Shape:
    """The shape of an elementwise operation, ROWS included."""
    rank = max((len(s) for s in shapes), default=0)
    result = []
    for k in range(-rank, 0):
        sizes = {s[k] for s in shapes if len(s) >= -k} - {1}
        if len(sizes) > 1:
            raise AssertionError(f"shapes {shapes} do not fit")
        result.append(sizes.pop() if sizes else 1)
    return tuple(result)


def is_view(expr: Expr) -> bool:
    """Is it another view of an array, whose elements need not be copied? (Where axes become one
    they are: that costs less than to divide.)"""
    merges = isinstance(expr, Reshape) and len(expr.shape) < len(expr.array.shape)
    while isinstance(expr, Reshape | Slice | Transpose):
        expr = expr.array
    return isinstance(expr, Ref) and not merges


def walk(expr: Expr) -> Iterator[Expr]:
    """All expressions inside `expr`, itself first."""
    stack = [expr]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(reversed(one.operands()))


def arrays_in(*exprs: Expr) -> list[Array]:
    """The variables that the expressions use, each once, in order of appearance."""
    found: dict[Array, None] = {}
    for expr in exprs:
        for one in walk(expr):
            if isinstance(one, Ref):
                found[one.array] = None
    return list(found)
