"""A family: gates of one kind whose operands come from the same arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...gates import Gate
from ..ir import Indices
from .axes import distinct


class Unrollable(Exception):
    """This family has no axes; the reason, in a few words."""


@dataclass
class Family:
    """Equal gates. The elements of their rows lie one after the other, gate by gate."""

    gate: Gate
    ids: Indices
    singles: dict[str, Indices]  # scalars, one per gate
    rows: dict[str, Indices]  # scalars, one per element
    lengths: Indices  # of each gate's row
    node: Indices  # to which gate an element belongs
    place: Indices  # where in its row

    @staticmethod
    def of(gate: Gate, ids: Sequence[int], parents: Sequence[tuple[int, ...]]) -> Family:
        """Gates of one kind, and what they are given."""
        count = np.array([len(row) for row in parents], dtype=np.intp)
        given = np.fromiter(itertools.chain.from_iterable(parents), np.intp, int(count.sum()))
        starts = np.cumsum(count) - count
        width = len(gate.rows)
        single = gate.inputs[width:]
        lengths = (count - len(single)) // max(width, 1)
        if not width:
            lengths = np.zeros(len(ids), dtype=np.intp)
        node = np.repeat(np.arange(len(ids)), lengths)
        place = np.arange(len(node)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows = {
            name: given[starts[node] + k * lengths[node] + place]
            for k, name in enumerate(gate.rows)
        }
        singles = {name: given[starts + width * lengths + k] for k, name in enumerate(single)}
        return Family(gate, np.array(ids, dtype=np.intp), singles, rows, lengths, node, place)

    def some(self, which: Indices) -> Family:
        """The members with these numbers, in this order."""
        chosen = np.zeros(len(self.ids), dtype=bool)
        chosen[which] = True
        rank = np.cumsum(chosen) - 1
        inside = chosen[self.node]
        return Family(
            self.gate,
            self.ids[chosen],
            {k: v[chosen] for k, v in self.singles.items()},
            {k: v[inside] for k, v in self.rows.items()},
            self.lengths[chosen],
            rank[self.node[inside]],
            self.place[inside],
        )

    def with_gate(self, gate: Gate, singles: dict[str, Indices]) -> Family:
        """The same members as gates without rows."""
        none: Indices = np.zeros(0, dtype=np.intp)
        return Family(gate, self.ids, singles, {}, np.zeros_like(self.lengths), none, none)

    def by(self, key: Indices) -> list[Family]:
        """Cut into families of equal keys."""
        return [self.some(np.flatnonzero(key == k)) for k in distinct(key)]
