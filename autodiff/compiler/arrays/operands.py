"""Where the operands of a family of gates lie, and the expression that reads them along its axes.

A place in an array is one `Map` per axis of the array. What such maps describe is read as slices,
reshapes and transposes of the array, without a copy; an index table is the last resort.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...value import Value
from ..ir import (
    ROWS,
    Array,
    Assign,
    Concatenate,
    Expr,
    Indices,
    Number,
    Picked,
    Ref,
    Reshape,
    Scatter,
    Shape,
    Table,
    Take,
    Transpose,
    View,
    part,
    reshape,
    transpose,
    walk,
)
from ..write.names import Names
from ..write.tables import ranges
from .axes import Map, distinct
from .rolled import Step
from .scalars import Scalars

THETA: Final = -1
CONSTANT: Final = -2
Maps = tuple[Map, ...]


@dataclass
class Operand:
    """The scalars that one input of a family's gates has, one after the other.

    source  the number of the array in which they lie, THETA or CONSTANT
    at      where they lie there
    value   what they are, where they are constants
    held    which of them are in the array; the others are constants around it; None for all
    """

    source: int
    at: Indices
    value: NDArray[np.float64]
    held: NDArray[np.bool_] | None = None


class Operands:
    """Knows in which array each scalar lives (`aid`), and where (`pos`); finds expressions for
    operands, and writes the assignments that these need into `steps`."""

    def __init__(
        self,
        scalars: Scalars,
        theta: Sequence[Value],
        shapes: Sequence[Shape],
        names: Sequence[str],
    ) -> None:
        self.scalars = scalars
        self.theta = theta
        count = len(scalars.gate)
        self.aid: Indices = np.zeros(count, dtype=np.intp)
        self.pos: Indices = np.zeros(count, dtype=np.intp)
        self.value = np.zeros(count)
        self.names = Names(names)
        self.arrays: list[Array] = []
        self.steps: list[Step] = []
        self.parameters: dict[object, Assign] = {}
        self.reads: dict[object, Expr] = {}
        self.joins: dict[object, int] = {}
        self.tables: dict[object, str] = {}  # of indices
        self.unrolled: list[tuple[int, str]] = []  # how many, of what, and why
        self.row_shapes = list(shapes)
        self.inputs = [
            self.new(Array(name, (ROWS, *(shape or (1,)))))
            for name, shape in zip(names, shapes, strict=True)
        ]
        for i, (a, k) in scalars.datum.items():
            self.aid[i], self.pos[i] = a, k
        leaves = list(scalars.parameter)
        self.aid[leaves], self.pos[leaves] = THETA, list(scalars.parameter.values())
        for i, value in scalars.constant.items():
            self.aid[i], self.value[i] = CONSTANT, value

    def new(self, array: Array) -> Array:
        """Give an array its number."""
        self.arrays.append(array)
        return array

    # ── where scalars lie ────────────────────────────────────────────────────────────────────

    def locate(self, ids: Indices, joined: bool = False) -> Operand:
        """The scalars as an operand; those of several arrays are joined to one array first.

        joined  constants are put beside an array, too, not taken for what lies around it
        """
        aids = self.aid[ids]
        held = aids != CONSTANT
        sources = distinct(aids[held])
        if not len(sources):
            return Operand(CONSTANT, self.pos[ids], self.value[ids])
        if len(sources) == 1 and (held.all() or not joined):
            some = None if held.all() else held
            return Operand(int(sources[0]), self.pos[ids], self.value[ids], some)
        aid, at = self.join(ids)
        return Operand(aid, at, self.value[ids])

    def join(self, ids: Indices) -> tuple[int, Indices]:
        """Scalars from several arrays: put these side by side; (its number, positions there)."""
        aids = self.aid[ids]
        parts: list[Expr] = []
        at: Indices = np.empty(len(ids), dtype=np.intp)
        key: list[object] = []
        offset = 0
        in_order = dict.fromkeys(aids.tolist())
        for aid in sorted(in_order, key=lambda a: a == CONSTANT):  # these get no adjoint
            mine = np.flatnonzero(aids == aid)
            if aid == CONSTANT:
                values, where = np.unique(self.value[ids[mine]], return_inverse=True)
                parts.append(self.table(values))
                key.append((aid, values.tobytes()))
            elif aid == THETA:
                places, where = np.unique(self.pos[ids[mine]], return_inverse=True)
                parts.append(self.parameters_at(places))
                key.append((aid, places.tobytes()))
            else:
                parts.append(flat(Ref(self.arrays[aid])))
                where = self.pos[ids[mine]]
                key.append(aid)
            at[mine] = offset + where
            offset += parts[-1].shape[-1]
        if tuple(key) not in self.joins:
            joined = Concatenate(tuple(parts))
            array = self.new(Array(self.names.numbered("joined"), joined.shape))
            self.steps.append(Assign(array, joined))
            self.joins[tuple(key)] = len(self.arrays) - 1
        return self.joins[tuple(key)], at

    def lengths(self, source: int) -> Shape:
        """Of the axes of a source, rows left out."""
        if source == THETA:
            return (len(self.theta),)
        array = self.arrays[source]
        return array.shape[array.rows :]

    # ── reading them ─────────────────────────────────────────────────────────────────────────

    def table(self, values: np.ndarray) -> Expr:
        """A constant array."""
        key = ("table", values.dtype.char, values.shape, values.tobytes())
        if key not in self.reads:
            word = "mask" if values.dtype == bool else "C"
            self.reads[key] = Table(self.names.numbered(word), values)
        return self.reads[key]

    def view(self, source: int, maps: Maps, sizes: Shape, shape: Shape, wish: str = "p") -> Expr:
        """The elements at `maps`, along axes of these sizes, or 1 where nothing depends on them.

        The axes come out merged to `shape`, which says None... of them; see `merged`.
        """
        key = (source, maps, sizes, shape)
        if key in self.reads:
            return self.reads[key]
        used = [k for k, n in enumerate(sizes) if n > 1 and any(m.steps[k] for m in maps)]
        if source == THETA:
            expr, have = self.window(maps[0], sizes, used, shape, wish)
        else:
            expr, have = self.windows(source, maps, sizes, used)
        lead = int(ROWS in expr.shape)
        order = (*range(lead), *(lead + have.index(k) for k in used))
        turned = transpose(expr, order) if len(used) > 1 else expr
        thin = (ROWS,) * lead + tuple(n if k in used else 1 for k, n in enumerate(sizes))
        result = reshape(turned, merged(thin, shape))
        copied = _merges(turned) and len(_long(result.shape)) < len(_long(turned.shape))
        taken = any(isinstance(e, Take) for e in walk(result))
        if copied or taken:
            word = "windows" if taken else f"{self.arrays[source].name if source >= 0 else wish}_"
            return self.named(word, key, result)
        self.reads[key] = result
        return result

    def windows(
        self, source: int, maps: Maps, sizes: Shape, used: list[int]
    ) -> tuple[Expr, list[int]]:
        """(an expression, which axis of the family each of its axes is)."""
        array = self.arrays[source]
        lead = int(array.rows)
        frame: list[tuple[int, int]] = []
        inside: list[Map] = []
        for m, n in zip(maps, array.shape[lead:], strict=True):
            low, high = m.bounds(sizes)
            frame.append((max(0, -low), max(0, high - n + 1)))
            inside.append(Map(m.offset + frame[-1][0], m.steps))
        lengths = [n + sum(ends) for n, ends in zip(array.shape[lead:], frame, strict=True)]
        digits = [_digits(m, sizes, n) for m, n in zip(inside, lengths, strict=True)]
        axes = [k for found in digits if found is not None for k in found.axes]
        if None in digits or len(axes) > len(used):
            return self.taken(array, frame, inside, sizes, used)
        expr: Expr = Ref(array)
        for d, ((before, after), n) in enumerate(zip(frame, lengths, strict=True)):
            if before or after:
                expr = Scatter(expr, before, 1, n, d + lead)
        if not isinstance(expr, Ref):
            expr = self.named("padded", ("padded", array, tuple(frame)), expr)
        have: list[int] = []
        widths: list[int] = []
        cuts: list[tuple[int, int, int, int]] = []
        for d, found in enumerate(digits):
            assert found is not None
            expr = part(expr, d + lead, *found.slice)
            for width, first, count in found.parts:
                cuts.append((len(widths) + lead, first, 1, count))
                widths.append(width)
            have += found.axes
        expr = reshape(expr, (*expr.shape[:lead], *widths))
        for cut in cuts:
            expr = part(expr, *cut)
        thin = tuple(sizes[k] for k in have)
        return reshape(expr, (*expr.shape[:lead], *thin)), have

    def named(self, word: str, key: object, expr: Expr) -> Expr:
        """The expression as a variable, the same for the same key."""
        if key not in self.reads:
            array = Array(self.names.numbered(word), expr.shape)
            self.steps.append(Assign(array, expr))
            self.reads[key] = Ref(array)
        return self.reads[key]

    def taken(
        self,
        array: Array,
        frame: list[tuple[int, int]],
        maps: Sequence[Map],
        sizes: Shape,
        used: list[int],
    ) -> tuple[Expr, list[int]]:
        """Picked from the flattened array, by an index that is a sum of progressions; what lies
        in the frame around it is one zero behind its end."""
        lengths = array.shape[array.rows :]
        size = array.size
        whole = np.pad(np.arange(size).reshape(lengths), frame, constant_values=size)
        short = tuple(sizes[k] for k in used)
        first, steps = 0, np.zeros(len(used), dtype=np.intp)
        for m, n in zip(maps, whole.shape, strict=True):
            first, steps = first * n + m.offset, steps * n + [m.steps[k] for k in used]
        at = Map(first, tuple(steps.tolist())).grid(short)
        text = ranges(first, steps.tolist(), short)
        expr = flat(Ref(array))
        if whole.size > size:
            grid = f"np.arange({size})" + f".reshape{lengths}" * (len(lengths) > 1)
            ends = frame if len(lengths) > 1 else frame[0]
            text = f"np.pad({grid}, {tuple(ends)}, constant_values={size}).ravel()[{text}]"
            zero = self.table(np.zeros(1))
            expr = self.named("padded", ("zero", array), Concatenate((expr, zero)))
        return self.take(expr, whole.reshape(-1)[at], text), used

    def take(self, expr: Expr, at: Indices, text: str = "") -> Take:
        """Elements picked by index; equal tables have one name."""
        key = (at.shape, at.tobytes())
        if key not in self.tables:
            self.tables[key] = self.names.numbered("at")
        return Take(expr, self.tables[key], at, text)

    def window(
        self, m: Map, sizes: Shape, used: list[int], groups: Shape, wish: str
    ) -> tuple[Expr, list[int]]:
        """Parameters, as a window into theta if there is one without repeated elements."""
        low, _ = m.bounds(sizes)
        upward = Map(low, tuple(abs(s) for s in m.steps))
        found = _digits(upward, sizes, len(self.theta))
        if found is None:
            short = tuple(sizes[k] for k in used)
            at = Map(m.offset, tuple(m.steps[k] for k in used)).grid(short)
            return self.parameters_at(at, wish), used
        group = [g for g, count in enumerate(groups) for _ in range(count)]
        blocks = _blocks(upward, sizes, found.axes, group) or [(1, 1)]
        if any(above % step for (above, _), (step, _) in itertools.pairwise(blocks)):
            blocks = _blocks(upward, sizes, found.axes)  # one dense block in a wider row
        if wish[0] == "W" and len(blocks) == 1 and 1 in sizes and blocks[0][0] == 1:
            blocks = [(blocks[0][1], 1), *blocks]  # a matrix of one row
        strides, shape = zip(*blocks, strict=True)
        expr: Expr = self.parameter(View(low, shape, strides), wish)
        expr = reshape(expr, tuple(sizes[k] for k in found.axes))
        for d, k in enumerate(found.axes):
            if m.steps[k] < 0:
                expr = part(expr, d, sizes[k] - 1, -1, sizes[k])
        return expr, found.axes

    def parameters_at(self, at: Indices, wish: str = "p") -> Expr:
        """Parameters by their places in theta."""
        steps = np.diff(at) if at.ndim == 1 else np.zeros(0)
        if at.ndim == 1 and (len(at) == 1 or ((steps == steps[0]).all() and steps[0] > 0)):
            stride = int(steps[0]) if len(steps) else 1
            return self.parameter(View(int(at[0]), at.shape, (stride,)), wish)
        return self.parameter(Picked(self.names.numbered("at"), at), wish)

    def parameter(self, expr: View | Picked, wish: str) -> Expr:
        """A variable for parameters."""
        at = expr.indices()
        key = (at.shape, at.tobytes())
        if key not in self.parameters:
            name = self.names.parameter(self.labels(at), wish if wish[-1].isdigit() else f"{wish}1")
            self.parameters[key] = Assign(Array(name, at.shape), expr)
        return Ref(self.parameters[key].array)

    def labels(self, at: Indices) -> list[str]:
        """Of parameters; of many a few from all over."""
        return [self.theta[k].label for k in at.reshape(-1)[:: 1 + at.size // 64].tolist()]

    def picked(self, operand: Operand, at: Indices, shape: Shape, wish: str) -> Expr:
        """Elements by an index table."""
        if operand.source == THETA:
            return reshape(self.parameters_at(at, wish), merged(at.shape, shape))
        array = self.arrays[operand.source]
        key = (operand.source, at.shape, at.tobytes(), shape)
        if key not in self.reads:
            taken = self.take(flat(Ref(array)), at)
            self.unrolled.append((at.size, "elements picked by an index table"))
            self.named(f"{array.name}_", key, reshape(taken, merged(taken.shape, shape)))
        return self.reads[key]

    def constants(self, values: NDArray[np.float64], shape: Shape) -> Expr:
        """Numbers along axes: one if they are all alike, else a table."""
        first = float(values.flat[0])
        if (values == first).all() or np.isnan(values).all():
            return Number(first)
        full = merged(values.shape, shape)
        thin = tuple(n for n in full if n > 1)
        return reshape(self.table(values.reshape(thin)), full)


def flat(expr: Expr) -> Expr:
    """All axes as one, rows apart."""
    lead = int(ROWS in expr.shape)
    return reshape(expr, (*expr.shape[:lead], math.prod(expr.shape[lead:])))


def merged(thin: Shape, groups: Shape) -> Shape:
    """Axes multiplied together by groups (how many axes in each); rows stay, and leading axes of
    length 1 go where there are no rows.

    >>> merged((2, 3, 4), (1, 2)), merged((1, 3, 4), (1, 1, 1)), merged((-1, 1, 4), (1, 1))
    ((2, 12), (3, 4), (-1, 1, 4))
    """
    lead = int(ROWS in thin)
    result: list[int] = []
    k = lead
    for count in groups:
        result.append(math.prod(thin[k : k + count]))
        k += count
    while not lead and len(result) > 1 and result[0] == 1:
        del result[0]
    return (*thin[:lead], *result)


def _long(shape: Shape) -> list[int]:
    return [n for n in shape if n != 1]


def _merges(expr: Expr) -> bool:
    """Would merging axes of it copy?"""
    return isinstance(expr, Transpose) or (
        not isinstance(expr, Ref) and not (isinstance(expr, Reshape) and not _merges(expr.array))
    )


@dataclass
class _Cut:
    """How an axis of an array is read: a slice of it, written in mixed radix, and for each digit
    (its width, the first that is used, how many); `axes` are those of the digits that vary."""

    slice: tuple[int, int, int]
    parts: list[tuple[int, int, int]]
    axes: list[int]


def _blocks(
    m: Map, sizes: Shape, axes: Sequence[int], group: Sequence[int] | None = None
) -> list[tuple[int, int]]:
    """Axes of descending steps, those (of one group) that lie densely inside each other as one:
    (step, how many)."""
    blocks: list[tuple[int, int]] = []
    last: int | None = None
    for k in axes:
        step, n = m.steps[k], sizes[k]
        together = group is None or last is None or group[k] == group[last]
        if blocks and together and blocks[-1][0] == step * n:
            n *= blocks.pop()[1]
        blocks.append((step, n))
        last = k
    return blocks


def _digits(m: Map, sizes: Shape, length: int) -> _Cut | None:
    """None if the steps along the axes are not those of digits."""
    axes = [k for k, n in enumerate(sizes) if n > 1 and m.steps[k]]
    if not axes:
        return _Cut((m.offset, 1, 1), [(1, 0, 1)], [])
    axes.sort(key=lambda k: -m.steps[k])
    blocks = _blocks(m, sizes, axes)
    step, n = blocks[0]
    if len(blocks) == 1 and (step > 0 or len(axes) == 1):
        return _Cut((m.offset, step, n), [(n, 0, n)], axes)
    if blocks[-1][0] < 1:
        return None
    start = min(m.offset, length - n * step)
    rest = m.offset - start
    parts = [(n, 0, n)]
    for (above, _), (step, count) in itertools.pairwise(blocks):
        first, rest = divmod(rest, step)
        parts.append((above // step, first, count))
        if above % step or first + count > above // step:
            return None
    if start < 0:
        return None
    if blocks[-1][0] > 1:
        parts.append((blocks[-1][0], rest, 1))
    return _Cut((start, 1, blocks[0][0] * n), parts, axes)
