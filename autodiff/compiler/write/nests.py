"""Loops, and what is done in them: assignments with the same loops share them.

What nobody else needs becomes a plain name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..ir import ROWS, Array, Expr, Ref, Shape, walk
from .elements import Elements, flattened, indices, name_of
from .repeats.steps import rolled

_INDEXED: Final = re.compile(r"\b(\w+)\[")
SEVERAL: Final = "several"  # instead of an index: more than one element is written in a turn


@dataclass
class _Nest:
    """Loops over the features of an array, and what is done in them."""

    section: str  # "before", "rows" or "after"
    shape: Shape
    lines: list[str] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)  # name -> at which index

    def text(self) -> list[str]:
        loops = [(i, s) for i, s in zip(indices(self.shape), self.shape, strict=True) if i != "0"]
        return nested(loops, self.lines)


def nested(loops: Sequence[tuple[str, int]], body: Sequence[str]) -> list[str]:
    """What is done in loops inside each other."""
    lines: list[str] = []
    for depth, (name, size) in enumerate(loops):
        lines.append("    " * depth + f"for {name} in range({size}):")
    return lines + ["    " * len(loops) + line for line in body]


class Nests:
    """The loops of a function, in order; what is added notes what it reads in `elements`."""

    def __init__(self, elements: Elements) -> None:
        self.elements = elements
        self.nests: list[_Nest] = []
        self.sizes: dict[str, int] = {}  # of the arrays that there are
        self.sums: set[str] = set()  # those that are sums over rows
        self.late: set[Array] = set()  # known only when all rows have been seen

    def add(self, shape: Shape, lines: Sequence[str], writes: dict[str, str], section: str) -> None:
        """Do something for each element of `shape`, in a nest that there is if that changes
        nothing."""
        reads, self.elements.reads = self.elements.reads, set()
        features = tuple(s for s in shape if s not in (ROWS, 1))
        nest = self._fitting(features, reads, writes, section)
        if nest is None:
            nest = _Nest(section, features)
            self.nests.append(nest)
        nest.lines += lines
        nest.written |= writes

    def _fitting(
        self, shape: Shape, reads: set[tuple[str, str]], writes: dict[str, str], section: str
    ) -> _Nest | None:
        """A nest with these loops that what reads and writes so can be appended to."""
        touched = {name for name, _ in reads} | set(writes)
        for nest in reversed([nest for nest in self.nests if nest.section == section]):
            if (
                nest.shape == shape
                and all(nest.written.get(name, at) == at for name, at in reads)
                and SEVERAL not in [*nest.written.values(), *writes.values()]
            ):
                return nest
            if not touched.isdisjoint(nest.written):
                break  # it must not come before this one
        return None

    def section_of(self, array: Array, *uses: Expr) -> str:
        """Where an array is computed: for each row, or before all of them, or after."""
        return "rows" if array.rows else "after" if self.waits(*uses) else "before"

    def define(
        self, array: Array, lines: Sequence[str], *uses: Expr, part: Shape | None = None
    ) -> None:
        """`lines` give each element of the array its value, or each of a part of that shape."""
        section = self.section_of(array, *uses)
        if section == "after":
            self.late.add(array)
        at = SEVERAL if part is not None else flattened(array.shape, indices(array.shape))
        shape = array.shape if part is None else part
        self.add(shape, lines, {name_of(array): at}, section)

    def waits(self, *exprs: Expr) -> bool:
        """Is any of them known only when all rows have been seen?"""
        return any(e.array in self.late for x in exprs for e in walk(x) if isinstance(e, Ref))

    def total(self, array: Array, lines: Sequence[str], shape: Shape | None = None) -> None:
        """`lines` add what one row gives to each element of the array; what each element of that
        shape gives, if there is one."""
        self.late.add(array)
        self.sums.add(name_of(array))
        self.add(array.shape if shape is None else shape, lines, {}, "rows")

    def section(self, name: str) -> list[str]:
        """The lines that are run before, for or after all rows."""
        return [line for nest in self.nests if nest.section == name for line in nest.text()]

    def rolled_rows(self) -> list[str]:
        """What is run for all rows, equal steps as loops."""
        nests = [nest.text() for nest in self.nests if nest.section == "rows"]
        others = " ".join([*self.section("before"), *self.section("after")])
        return rolled(nests, self.sizes, {*re.findall(r"\w+", others), *self.sums})

    def shorten(self) -> None:
        """Arrays that one nest alone uses, always the same element in a turn, become names."""
        users: dict[str, set[int]] = {}
        other: set[str] = set()  # elements besides the one that is written are used
        for number, nest in enumerate(self.nests):
            for line in nest.lines:
                for found in _INDEXED.finditer(line):
                    users.setdefault(found[1], set()).add(number)
                    at = nest.written.get(found[1], SEVERAL)
                    if not line.startswith(f"{at}]", found.end()):
                        other.add(found[1])
        short = {name for name in self.sizes if name not in self.sums | other}
        short = {name for name in short if len(users.get(name, ())) == 1}
        for nest in self.nests:
            own = {name: nest.written[name] for name in short.intersection(nest.written)}
            lines = [_unindexed(line, own) for line in nest.lines]
            matches = (re.fullmatch(r"(\w+) = (s\d+)", line) for line in lines)
            names = {m[2]: m[1] for m in matches if m and m[1] in own}  # a sum takes its name
            lines = [line for line in lines if not _is_alias(line, names)]
            nest.lines = [_renamed(line, names) for line in lines]
        kept = users.keys() - short  # nothing is left of some, as of adjoints that are all 1 / E
        self.sizes = {name: size for name, size in self.sizes.items() if name in kept}


def _unindexed(line: str, places: dict[str, str]) -> str:
    """The line with plain names for these elements.

    >>> _unindexed("A[i] = dA[i] * A[i + 1]", {"A": "i", "dA": "i"})
    'A = dA * A[i + 1]'
    """
    text, position = "", 0
    for found in _INDEXED.finditer(line):
        at = places.get(found[1])
        if at is not None and line.startswith(f"{at}]", found.end()):
            text += line[position : found.end() - 1]
            position = found.end() + len(at) + 1
    return text + line[position:]


def _renamed(line: str, names: dict[str, str]) -> str:
    return re.sub(r"\bs\d+\b", lambda m: names.get(m[0], m[0]), line)


def _is_alias(line: str, names: dict[str, str]) -> bool:
    """Does the line say just that a name is a sum?"""
    name, _, value = line.partition(" = ")
    return names.get(value) == name
