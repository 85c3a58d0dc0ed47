"""Equal steps, each fed by the one before, as a loop among loops: what a recurrent network does.

`recurrence` does it to the lines that NumPy runs, this to nests of loops. Arrays that one step
after the other writes become one array, a step's part behind that of the step before; then steps
differ in whole numbers alone, and where these grow evenly there is a loop:

    for t in range(31):
        for i in range(8):
            hs[8 + 8 * t + i] = tanh(Z[8 + 8 * t + i] + us[8 * t + i])
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..elements import RESERVED

LEAST: Final = 4  # so often must something come again
_LONGEST: Final = 60  # nests in a step
_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?![\w.])")
_WORD: Final = re.compile(r"(?<![\w.])(?:[^\W\d]\w*|\d+(?![\w.]))")


class _Part(NamedTuple):
    """Where an array has gone: into which, and behind how many steps' parts."""

    name: str
    step: int
    size: int


@dataclass
class _Nest:
    lines: list[str]
    words: list[str] = field(default_factory=list)  # arrays and whole numbers
    frame: str = ""  # the text without these
    writes: list[str] = field(default_factory=list)  # arrays


def rolled(nests: Sequence[list[str]], sizes: dict[str, int], fixed: Collection[str]) -> list[str]:
    """The lines of the nests, with loops for what is repeated. `sizes` are those of the arrays,
    and become those of the arrays that are left; what is `fixed` must stay.

    >>> step = "for i in range(2):|    h{1}[i] = tanh(Z[{2} + i] + h{0}[i])"
    >>> nests = [step.format(t, t + 1, 2 * t).split("|") for t in range(5)]
    >>> sizes = {f"h{t}": 2 for t in range(6)}
    >>> print("\\n".join(rolled(nests, sizes, ())))
    for i in range(2):
        hs[i] = tanh(Z[0 + i] + h0[i])
    for t in range(4):
        for i in range(2):
            hs[(2 + 2 * t) + i] = tanh(Z[(2 + 2 * t) + i] + hs[(2 * t) + i])
    >>> sizes
    {'h0': 2, 'hs': 10}
    """
    return _Steps(nests, sizes, fixed).text()


class _Steps:
    def __init__(
        self, nests: Sequence[list[str]], sizes: dict[str, int], fixed: Collection[str]
    ) -> None:
        self.sizes = sizes
        self.arrays = set(sizes) - set(fixed)
        self.taken = {word for lines in nests for line in lines for word in _WORD.findall(line)}
        self.taken |= RESERVED | {*sizes} | {*fixed}
        self.parts: dict[str, _Part] = {}
        self.nests = [self.read(lines) for lines in nests]
        self.users: dict[str, set[int]] = {}
        for k, nest in enumerate(self.nests):
            for word in nest.words:
                self.users.setdefault(word, set()).add(k)

    def read(self, lines: list[str]) -> _Nest:
        """What may differ from step to step: arrays, whole numbers; names of a nest's own do."""
        nest = _Nest(lines)
        own: dict[str, str] = {}
        for line in lines:
            found = re.match(r"\s*(\w+) = ", line)
            if found:
                own.setdefault(found[1], f"own{len(own)}")

        def take(found: re.Match[str]) -> str:
            word = found[0]
            if word.isdigit() or word in self.arrays:
                nest.words.append(word)
                return "#" if word.isdigit() else "@"
            return own.get(word, word)

        nest.frame = "\n".join(_WORD.sub(take, line) for line in lines)
        targets = (re.match(r"\s*(\w+)\[.*\] \+?= ", line) for line in lines)
        nest.writes = [m[1] for m in targets if m and m[1] in self.arrays]
        return nest

    def text(self) -> list[str]:
        loops: dict[int, tuple[int, int]] = {}  # first nest -> (how many in a step, steps)
        k = 0
        while k < len(self.nests):
            found = self.best(k)
            if found is None:
                k += 1
                continue
            first, period, count = found
            loops[first] = period, count
            k = first + period * count
        lines: list[str] = []
        k = 0
        while k < len(self.nests):
            if k not in loops:
                lines += self.folded([self.line(line) for line in self.nests[k].lines])
                k += 1
                continue
            period, count = loops[k]
            lines.append(f"for t in range({count}):")
            for i in range(period):
                nest = self.nests[k + i]
                step = iter(self.moves(k + i, period, count)[1])
                inner = [self.line(line, step) for line in nest.lines]
                lines += [f"    {line}" for line in self.folded(inner)]
            k += period * count
        for name in {*self.parts}:
            self.sizes.pop(name, None)
        for part in self.parts.values():
            self.sizes[part.name] = max(self.sizes.get(part.name, 0), (part.step + 1) * part.size)
        return lines

    # ── finding steps ────────────────────────────────────────────────────────────────────────

    def best(self, start: int) -> tuple[int, int, int] | None:
        """(first nest, how many nests in a step, how many steps) of the loop that takes in most of
        the nests from here; what goes before its first step stays outside."""
        frames = [nest.frame for nest in self.nests[start:]]
        found: tuple[int, int, int] | None = None
        chosen: dict[str, _Part] = {}
        for period in range(1, min(_LONGEST, len(frames) // LEAST) + 1):
            if found is not None and period % found[1] == 0:
                continue
            count = 1
            while frames[count * period : (count + 1) * period] == frames[:period]:
                count += 1
            if count < LEAST:
                continue
            parts = self.merged(start, period, count)
            for skipped in range(min(3, count - LEAST + 1)):
                first = start + skipped * period
                fitting = self.fitting(first, period, count - skipped, parts)
                size = fitting * period
                if fitting >= LEAST and (found is None or size > found[1] * found[2]):
                    found, chosen = (first, period, fitting), parts
        self.parts |= chosen
        return found

    def merged(self, start: int, period: int, count: int) -> dict[str, _Part]:
        """Arrays that step after step writes, as parts of one."""
        parts: dict[str, _Part] = {}
        for i in range(period):
            blocks = [self.nests[start + i + b * period].writes for b in range(count)]
            for names in zip(*blocks, strict=True):
                fresh = len({*names}) == count and not any(
                    name in self.parts or name in parts for name in names
                )
                sizes = {self.sizes[name] for name in names}
                if not fresh or len(sizes) > 1:
                    continue
                inside = all(
                    start + b * period <= k < start + (b + 1) * period
                    for b, name in enumerate(names)
                    for k in self.users[name]
                )
                stem = self.named(names[0], inside, {part.name for part in parts.values()})
                for b, name in enumerate(names):
                    parts[name] = _Part(stem, 0 if inside else b, *sizes)
        return parts

    def named(self, name: str, inside: bool, others: set[str]) -> str:
        if inside:
            return name
        word = name.rstrip("0123456789_") + "s"
        taken = self.taken | others | {part.name for part in self.parts.values()}
        while word in taken:
            word += "_"
        return word

    def fitting(self, first: int, period: int, count: int, parts: dict[str, _Part]) -> int:
        """In how many steps everything grows evenly."""
        for i in range(period):
            count = self.moves(first + i, period, count, parts)[0]
            if count < LEAST:
                break
        return count

    def moves(
        self, first: int, period: int, count: int, parts: dict[str, _Part] | None = None
    ) -> tuple[int, list[tuple[int, int]]]:
        """How the words of a nest, in so many steps, grow from one step to the next."""
        words = [self.nests[first + b * period].words for b in range(count)]
        places = [[self.place(word, parts) for word in row] for row in words]
        names = [[name for name, _ in row] for row in places]
        alike = sum(1 for _ in itertools.takewhile(names[0].__eq__, names))
        return _evenly([[number for _, number in row] for row in places[:alike]])

    def place(self, word: str, parts: dict[str, _Part] | None = None) -> tuple[str, int]:
        """An array, and where in it the word begins; or a whole number."""
        if word.isdigit():
            return "", int(word)
        part = (parts or {}).get(word) or self.parts.get(word)
        return (part.name, part.step * part.size) if part else (word, 0)

    # ── writing ──────────────────────────────────────────────────────────────────────────────

    def line(self, line: str, moves: Iterator[tuple[int, int]] | None = None) -> str:
        """A line with arrays where they have gone; in a loop numbers that grow with t."""

        def put(found: re.Match[str]) -> str:
            word = found[0]
            if not word.isdigit() and word not in self.arrays:
                return word
            name, number = self.place(word)
            at, step = next(moves) if moves is not None else (number, 0)
            text = _growing(at, step)
            return text if word.isdigit() else name if text == "0" else f"{name}\0{text}"

        return re.sub(r"\0([^\[]*)\[", r"[\1 + ", _WORD.sub(put, line))

    def fresh(self, stem: str) -> str:
        """A name that nothing has yet."""
        name = next(name for k in itertools.count(1) if (name := f"{stem}{k}") not in self.taken)
        self.taken.add(name)
        return name

    def folded(self, lines: Sequence[str]) -> list[str]:
        """Many things that are added to one, as a loop."""
        result: list[str] = []
        k = 0
        while k < len(lines):
            alike = itertools.takewhile(lambda line: _frame(line) == _frame(lines[k]), lines[k:])  # noqa: B023
            rows = [[int(number) for number in _NUMBER.findall(line)] for line in alike]
            count, moves = _evenly(rows)
            target, _, value = lines[k].partition(" += ")
            before = len(_NUMBER.findall(target))
            moving = any(step for _, step in moves[:before])
            if not value or count < LEAST or moving:
                result.append(lines[k])
                k += 1
                continue
            numbers = [*(_growing(*move, "k") for move in moves[before:]), ""]
            texts = zip(_NUMBER.split(value), numbers, strict=True)
            indent = target[: len(target) - len(target.lstrip())]
            name = self.fresh("total")
            result += [
                f"{indent}{name} = 0.0",
                f"{indent}for k in range({count}):",
                f"{indent}    {name} += {''.join(a + b for a, b in texts)}",
                f"{target} += {name}",
            ]
            k += count
        return result


def _frame(line: str) -> str:
    """The line without whole numbers."""
    return _NUMBER.sub("#", line)


def _evenly(rows: Sequence[Sequence[int]]) -> tuple[int, list[tuple[int, int]]]:
    """In how many of the rows, from the first on, every column grows evenly; and where each column
    begins and how it grows.

    >>> _evenly([[8, 3], [8, 5], [8, 7], [8, 8]])
    (3, [(8, 0), (3, 2)])
    """
    if len(rows) < 2:
        return len(rows), []
    moves = [(a, b - a) for a, b in zip(rows[0], rows[1], strict=True)]
    count = 2
    while count < len(rows) and list(rows[count]) == [a + count * step for a, step in moves]:
        count += 1
    return count, moves


def _growing(first: int, step: int, letter: str = "t") -> str:
    """first + step · t

    >>> _growing(3, 0), _growing(0, 1), _growing(8, 2), _growing(248, -8)
    ('3', 't', '(8 + 2 * t)', '(248 - 8 * t)')
    """
    if not step:
        return str(first)
    term = letter if abs(step) == 1 else f"{abs(step)} * {letter}"
    if not first and step > 0:
        return term if step == 1 else f"({term})"
    return f"({first} {'+' if step > 0 else '-'} {term})"
