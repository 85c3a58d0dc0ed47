"""One element of an array expression as the text of a scalar expression, and indices as text.

An index is a list of texts, one per axis: names of loop variables and sums of them; "r" along the
rows. Windows, slices, picks, reshapes and transposes change the index and cost nothing.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...formula.atoms import ATOMS, CONSTANTS
from ..ir import (
    ROWS,
    Apply,
    Array,
    Broadcast,
    Expr,
    Function,
    Lookup,
    Number,
    Picked,
    Ref,
    Reshape,
    Shape,
    Slice,
    Table,
    Take,
    Term,
    Total,
    Transpose,
    View,
    Where,
    Whole,
)

LETTERS: Final = "ijlmuvw"  # loops over the axes of an array; k, q, p and r have their own jobs
RESERVED: Final = {
    *LETTERS, *ATOMS, *CONSTANTS, *"bknpqrstEJ", *dir(builtins), "check", "costs", "descend",
    "examples", "grad", "gradient", "isfinite", "l2", "math", "order", "out", "outputs", "picked",
    "pow", "rates", "rows", "scale", "scratch", "settings", "size", "squares", "state", "step",
    "steps", "theta", "whole",
}  # fmt: skip


def whole(x: float, n: int) -> int:
    """x as the whole number of the row that it picks, of n."""
    if x not in range(n):
        raise ValueError(f"an example picks row {x}; there are rows 0 to {n - 1}")
    return int(x)


class Elements:
    """Writes elements of a function's expressions, and notes what they refer to.

    homes   arrays that lie in `theta` or `grad`: (which of them, the window)
    tables  constant arrays that the text names, flattened
    reads   the variables named since somebody last emptied it: (name, position)
    """

    def __init__(self, function: Function) -> None:
        self.inputs = set(function.inputs)
        self.homes: dict[Array, tuple[str, Expr]] = {
            p.array: ("theta", p.expr) for p in function.parameters
        }
        self.tables: dict[str, NDArray[np.generic]] = {}
        self.reads: set[tuple[str, str]] = set()

    def table(self, name: str, values: NDArray[np.generic]) -> str:
        """A constant array as a flat list."""
        flat = np.ascontiguousarray(values).reshape(-1)
        flat = flat.astype(np.intp) if flat.dtype == bool else flat
        key = f"{name}_flat"
        while key in self.tables and not np.array_equal(self.tables[key], flat):
            key += "_"
        self.tables[key] = flat
        return key

    def place(self, array: Array, at: Sequence[str]) -> str:
        """Where an element of a variable is."""
        if array in self.homes:
            base, window = self.homes[array]
            return self.element(window, at, base)
        flat = flattened(array.shape, at)
        if array in self.inputs:
            flat = plus(times(array.size, "r"), flat)
        self.reads.add((name_of(array), flat))
        return f"{name_of(array)}[{flat}]"

    def aligned(self, expr: Expr, at: Sequence[str]) -> str:
        """`element` for an index of a shape that `expr` broadcasts to."""
        index = list(at[len(at) - len(expr.shape) :]) if expr.shape else []
        return self.element(
            expr, ["0" if s == 1 else i for s, i in zip(expr.shape, index, strict=True)]
        )

    def picked(self, places: Expr, at: Sequence[str]) -> str:
        """One of the places that data pick."""
        return f"int({self.aligned(places, at[: len(places.shape)])})"

    def element(self, expr: Expr, at: Sequence[str], base: str = "theta") -> str:
        """The element of `expr` at an index ("r" along the rows), as Python source."""
        match expr:
            case Ref(array):
                return self.place(array, at)
            case Number(value):
                return repr(value)
            case Table(name, values):
                return f"{self.table(name, values)}[{flattened(values.shape, at)}]"
            case View(offset, shape, strides):
                steps = (
                    times(stride, i) if size != 1 else "0"
                    for i, stride, size in zip(at, strides, shape, strict=True)
                )
                return f"{base}[{plus(str(offset), *steps)}]"
            case Picked(name, indices):
                return f"{base}[{self.table(name, indices)}[{flattened(indices.shape, at)}]]"
            case Apply(formula, arguments):
                names = {k: self.aligned(v, at) for k, v in arguments.items()}
                return f"({formula.python(**names)})"
            case Term(coefficient, per_row, factors, divisors):
                parts = [self.aligned(f, at) for f in factors]
                if coefficient != 1.0 or not parts:
                    parts.insert(0, repr(coefficient))
                parts += ["E"] * max(per_row, 0)
                below = [self.aligned(d, at) for d in divisors] + ["E"] * max(-per_row, 0)
                text = " * ".join(parts)
                if below:
                    text = f"{text} / ({' * '.join(below)})"
                return f"({text})"
            case Total(terms, coefficient, per_row):
                text = " + ".join(self.aligned(t, at) for t in terms)
                scale = f" * {coefficient!r}" if coefficient != 1.0 else ""
                scale += " * E" * max(per_row, 0) + " / E" * max(-per_row, 0)
                return f"(({text}){scale})" if scale else f"({text})"
            case Transpose(array, order):
                return self.element(array, [at[order.index(k)] for k in range(len(order))])
            case Where(mask, array, value):
                inside = self.aligned(array, at)
                return f"({inside} if {self.aligned(mask, at)} != 0 else {value!r})"
            case Reshape(array, shape):
                if expr.shape == array.shape:
                    return self.element(array, at)
                features = tuple(s for s in array.shape if s != ROWS)
                flat = flattened(shape, at)
                if merged_rows(expr) > 1:
                    flat = plus(times(count(shape), "q"), flat)
                inner = unflat(flat, features)
                return self.element(array, ["r", *inner] if ROWS in array.shape else inner)
            case Slice(array, start, step, _, axis):
                place = plus(str(start), times(step, at[axis]))
                return self.element(array, [*at[:axis], place, *at[axis + 1 :]])
            case Take(array, name, indices):
                cut = len(at) - indices.ndim
                picked = f"{self.table(name, indices)}[{flattened(indices.shape, at[cut:])}]"
                return self.element(array, [*at[:cut], picked])
            case Broadcast(array, _):
                return self.aligned(array, at)
            case Whole(array, below):
                return f"whole({self.aligned(array, at)}, {below})"
            case Lookup(array, places):
                inner = [self.picked(places, at), *at[len(places.shape) :]]
                return self.element(array, inner)
        raise AssertionError(expr)


def name_of(array: Array) -> str:
    """What a variable is called among loops, where short names are loop variables."""
    loop = array.name in RESERVED or re.fullmatch(r"[ijks]\d+", array.name)
    return f"{array.name}_" if loop else array.name


# ── indices as text ──────────────────────────────────────────────────────────────────────────


def times(factor: int, index: str) -> str:
    """A multiple of an index.

    >>> times(3, "i"), times(1, "i + 2"), times(3, "i + 2")
    ('3 * i', 'i + 2', '3 * (i + 2)')
    """
    if factor == 1:
        return index
    if index.isdigit():
        return str(factor * int(index))
    return f"{factor} * {index}" if index.isidentifier() else f"{factor} * ({index})"


def plus(*terms: str) -> str:
    """Their sum.

    >>> plus("3 * i", "0", "j"), plus("0")
    ('3 * i + j', '0')
    """
    return " + ".join(term for term in terms if term != "0") or "0"


def indices(shape: Shape) -> list[str]:
    """Names of the loop variables for each axis; "r" along the rows, "0" where there is no loop."""
    names, letters = [], iter([*LETTERS, *(f"i{k}" for k in range(len(shape)))])
    for size in shape:
        names.append("r" if size == ROWS else next(letters) if size != 1 else "0")
    return names


def flattened(shape: Shape, at: Sequence[str]) -> str:
    """The position in row-major order, rows left out.

    >>> flattened((ROWS, 3, 4), ["r", "i", "j"])
    '4 * i + j'
    """
    text = "0"
    for size, index in zip(shape, at, strict=True):
        if size != ROWS:
            text = plus(times(size, text), index)
    return text


def unflat(flat: str, shape: Shape) -> list[str]:
    """The index of each axis from a position in row-major order."""
    axes = [size for size in shape if size != 1]
    if len(axes) <= 1:
        return [flat if size != 1 else "0" for size in shape]
    index, below = [], 1
    for k, size in reversed(list(enumerate(shape))):
        text = f"({flat}) // {below}" if below > 1 else f"({flat})"
        index.append("0" if size == 1 else f"{text} % {size}" if k else text)
        below *= size
    return index[::-1]


def count(shape: Shape) -> int:
    """How many elements, rows not counted."""
    return int(np.prod([s for s in shape if s != ROWS], dtype=int))


def merged_rows(expr: Expr) -> int:
    """How many positions per example a reshape has merged into the axis of rows (1: none)."""
    if not isinstance(expr, Reshape) or ROWS not in expr.shape:
        return 1
    return count(expr.array.shape) // count(expr.shape)
