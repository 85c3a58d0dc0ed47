"""Loop nests, and where they stand: before the blocks of rows, in a block, or after all of them.

A nest runs over the features of an array; its innermost loop, over the rows of a block, belongs
to its parts. What can share a nest with what was written last does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..ir import ROWS, Array, Expr, Ref, Shape, walk
from .elements import Elements

Part: TypeAlias = tuple[str, list[str]]


@dataclass
class _Nest:
    """Loops over `shape`, and inside them parts: ("body", lines of the innermost loop, over rows
    if there are any), ("rows", lines that hold loops over rows themselves) and ("first", lines to
    come before all others)."""

    shape: Shape
    parts: list[Part] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)  # array name -> at which index


class Nests:
    """Collects lines; `late` are the arrays that are known only after the last block."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements
        self.before: list[str] = []
        self.block: list[str] = []
        self.after: list[str] = []
        self.late: set[Array] = set()
        self.nest: _Nest | None = None
        self.rowwise = False  # does the nest being written belong into the block of rows?
        self.nest_late = False  # or, if not, after all blocks?

    def waits(self, *exprs: Expr) -> bool:
        """Is any of them known only after the last block?"""
        return any(e.array in self.late for x in exprs for e in walk(x) if isinstance(e, Ref))

    def pointwise(self, shape: Shape, statement: str, writes: dict[str, str]) -> None:
        """One statement for each element of `shape`."""
        self.add(shape, [("body", [statement])], writes)

    def add(self, shape: Shape, parts: list[Part], writes: dict[str, str]) -> None:
        """Append to the current nest if that changes nothing, else begin a new one.

        `elements.reads` has collected what the parts read.
        """
        nest = self.nest
        reads, self.elements.reads = self.elements.reads, set()
        features = tuple(s for s in shape if s != ROWS)
        rowwise = ROWS in shape or any(kind == "rows" for kind, _ in parts)
        names = {array.name for array in self.late}
        late = not rowwise and any(name in names for name, _ in reads)
        fits = nest is not None and nest.shape == features
        fits = fits and self.rowwise == rowwise and self.nest_late == late
        if fits and nest is not None:
            fits = all(nest.written.get(name, at) == at != "?" for name, at in reads)
            fits = fits and "?" not in nest.written.values() and "?" not in writes.values()
        if not fits or nest is None:
            self.flush()
            nest = self.nest = _Nest(features)
            self.rowwise = rowwise
            self.nest_late = late
        nest.parts += parts
        nest.written |= writes

    def flush(self) -> None:
        """Write the current nest out."""
        nest, self.nest = self.nest, None
        if nest is None:
            return
        lines: list[str] = []
        depth = 0
        for k, size in enumerate(nest.shape):
            if size != 1:
                lines.append("    " * depth + f"for i{k} in range({size}):")
                depth += 1
        pad = "    " * depth
        open_rows = False
        firsts = [part for part in nest.parts if part[0] == "first"]
        for kind, part in firsts + [part for part in nest.parts if part[0] != "first"]:
            if kind == "body" and self.rowwise:
                if not open_rows:
                    lines.append(f"{pad}for r in range(n):")
                lines += [f"{pad}    {line}" for line in part]
                open_rows = True
            else:
                lines += [pad + line for line in part]
                open_rows = False
        if self.rowwise:
            self.block += lines
        elif self.nest_late:
            self.after += lines
        else:
            self.before += lines
