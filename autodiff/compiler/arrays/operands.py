"""Where the operands of a group of gates lie: arrays, slices, windows into theta, or picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ...value import Value
from ..ir import (
    ROWS,
    Array,
    Assign,
    Broadcast,
    Concatenate,
    Expr,
    Indices,
    Number,
    Picked,
    Ref,
    Reshape,
    Shape,
    Slice,
    Table,
    Take,
    Transpose,
)
from ..write.names import Names
from .rolled import Step
from .scalars import Scalars
from .windows import progression, repetition, window

THETA: Final = -1
CONSTANT: Final = -2


class Operands:
    """Knows in which array each scalar lives (`aid`), and where (`pos`); finds expressions for
    lists of scalars, and writes the assignments that these need into `steps`."""

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
        self.parameters: dict[tuple[tuple[int, ...], bytes], Assign] = {}
        self.reads: dict[tuple[object, ...], Expr] = {}
        self.joins: dict[tuple[object, ...], int] = {}
        self.unrolled: list[str] = []
        self.row_shapes = list(shapes)
        sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
        self.inputs = [self.new(Array(n, (ROWS, s))) for n, s in zip(names, sizes, strict=True)]
        for i, (a, k) in scalars.datum.items():
            self.aid[i], self.pos[i] = a, k
        for i, k in scalars.parameter.items():
            self.aid[i], self.pos[i] = THETA, k
        for i, value in scalars.constant.items():
            self.aid[i], self.value[i] = CONSTANT, value

    def new(self, array: Array) -> Array:
        """Give an array its number."""
        self.arrays.append(array)
        return array

    def vector(self, ids: Indices, wish: str = "p", full: bool = False) -> Expr:
        """The scalars `ids`, as an expression that broadcasts to (ROWS, len(ids)).

        full    the same scalar again and again is written out, not left to broadcasting
        """
        sources = np.unique(self.aid[ids])
        if len(sources) > 1:
            aid, at = self.join(ids)
            return self.pick(aid, at)
        aid, at = int(sources[0]), self.pos[ids]
        if aid == CONSTANT:
            values = self.value[ids]
            if not full and ((values == values[0]).all() or np.isnan(values).all()):
                return Number(float(values[0]))
            return self.table(values)
        if not full and len(ids) > 1 and (at == at[0]).all():
            at = at[:1]
        if aid == THETA:
            return self.parameter(at, wish)
        return self.pick(aid, at)

    def matrix(self, ids: Indices, wish: str = "W") -> Expr:
        """The scalars `ids` (k, n), as an expression of shape (ROWS, k, n), or (k, n)."""
        sources = np.unique(self.aid[ids])
        if len(sources) > 1:
            aid, at = self.join(ids.reshape(-1))
            return self.pick(aid, at.reshape(ids.shape))
        aid, at = int(sources[0]), self.pos[ids]
        if aid == CONSTANT:
            return self.table(self.value[ids])
        if aid == THETA:
            return self.parameter(at, wish)
        if len(at) > 1 and (at == at[0]).all():  # the same row for all: left to broadcasting
            flat = self.pick(aid, at[0])
            return Reshape(flat, (*flat.shape[:-1], 1, flat.shape[-1]))
        return self.pick(aid, at)

    def pick(self, aid: int, at: Indices) -> Expr:
        """Elements of an array: the whole of it, a slice, or picked by index."""
        array = self.arrays[aid]
        lead = (ROWS,) if array.rows else ()
        key = (aid, at.shape, at.tobytes())
        if key in self.reads:
            return self.reads[key]
        whole: Expr = Ref(array)
        line = progression(at.reshape(-1))
        result: Expr | None = None
        if line is not None and line[1] > 0:
            if at.size < array.size:
                whole = Slice(whole, line[0], line[1], at.size)
            if line == (0, 1) or at.size < array.size:
                result = whole if at.ndim == 1 else Reshape(whole, (*lead, *at.shape))
        if result is None and at.ndim == 2 and at.shape[0] > 1:
            line = progression(at.T.reshape(-1))
            if line == (0, 1) and at.size == array.size:
                result = Transpose(Reshape(whole, (*lead, *at.shape[::-1])))
        if result is None and at.ndim == 1:
            result = self.repeated(aid, at)
        if result is None:
            name = self.names.numbered("at")
            wish = "windows" if at.ndim > 1 else f"{array.name}_"
            picked = Array(self.names.numbered(wish), (*lead, *at.shape))
            self.steps.append(Assign(picked, Take(whole, name, at)))
            self.unrolled.append(f"{picked.name}: {at.size} elements picked from {array.name}")
            result = Ref(picked)
        self.reads[key] = result
        return result

    def repeated(self, aid: int, at: Indices) -> Expr | None:
        """A slice with every element, or the whole of it, several times over; or turned."""
        array = self.arrays[aid]
        found = repetition(at)
        turned = self.turned(array, at)
        if turned is not None:
            return turned
        if found is None or progression(found.once) is None:
            return None
        flat = self.pick(aid, found.once)
        lead = (ROWS,) if array.rows else ()
        wide = Broadcast(Reshape(flat, (*lead, *found.column)), (*lead, *found.grid))
        spread = Array(self.names.numbered(array.name + "_"), (*lead, len(at)))
        self.steps.append(Assign(spread, Reshape(wide, (*lead, len(at)))))
        return Ref(spread)

    def turned(self, array: Array, at: Indices) -> Expr | None:
        """The whole array read as a table, column by column."""
        across = int(at[1] - at[0]) if len(at) > 3 else 0
        if across < 2 or len(at) != array.size or len(at) % across:
            return None
        table = np.arange(len(at)).reshape(-1, across)
        if not (table.T.reshape(-1) == at).all():
            return None
        lead = (ROWS,) if array.rows else ()
        turned = Transpose(Reshape(Ref(array), (*lead, *table.shape)))
        result = Array(self.names.numbered(array.name + "_"), (*lead, len(at)))
        self.steps.append(Assign(result, Reshape(turned, (*lead, len(at)))))
        return Ref(result)

    def join(self, ids: Indices) -> tuple[int, Indices]:
        """Scalars from several arrays: put these side by side; (its number, positions there)."""
        aids = self.aid[ids]
        parts: list[Expr] = []
        at: Indices = np.empty(len(ids), dtype=np.intp)
        key: list[object] = []
        offset = 0
        _, first = np.unique(aids, return_index=True)
        for aid in aids[np.sort(first)]:
            mine = np.flatnonzero(aids == aid)
            part: Expr
            if aid == CONSTANT:
                values, where = np.unique(self.value[ids[mine]], return_inverse=True)
                part = self.table(values)
                key.append(values.tobytes())
            elif aid == THETA:
                places, where = np.unique(self.pos[ids[mine]], return_inverse=True)
                part = self.parameter(places, "p")
                key.append(places.tobytes())
            else:
                part, where = Ref(self.arrays[aid]), self.pos[ids[mine]]
                key.append(int(aid))
            parts.append(part)
            at[mine] = offset + where
            offset += part.shape[-1]
        if tuple(key) not in self.joins:
            joined = Concatenate(tuple(parts))
            wish = "padded" if len(parts) == 2 and CONSTANT in aids else "joined"
            array = self.new(Array(self.names.numbered(wish), joined.shape))
            self.steps.append(Assign(array, joined))
            self.joins[tuple(key)] = len(self.arrays) - 1
        return self.joins[tuple(key)], at

    def table(self, values: np.ndarray) -> Expr:
        """A constant array."""
        key = ("table", values.shape, values.tobytes())
        if key not in self.reads:
            self.reads[key] = Table(self.names.numbered("C"), values)
        return self.reads[key]

    def parameter(self, at: Indices, wish: str) -> Expr:
        """Parameters by their positions in theta."""
        key = (at.shape, at.tobytes())
        if key not in self.parameters:
            labels = [self.theta[k].label for k in at.reshape(-1)[:64].tolist()]
            name = self.names.parameter(labels, wish if wish[-1].isdigit() else f"{wish}1")
            found = window(at, len(self.theta))
            expr = found or Picked(self.names.numbered("at"), at)
            self.parameters[key] = Assign(Array(name, at.shape), expr)
        return Ref(self.parameters[key].array)

    def free(self, ids: Indices) -> bool:
        """Are these scalars the same for all examples?"""
        return not any(aid >= 0 and self.arrays[aid].rows for aid in np.unique(self.aid[ids]))
