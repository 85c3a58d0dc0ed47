"""The instructions of one function: loops, and in them every value once, as far out as can be.

A scope is the inside of a loop. A pure instruction goes to the outermost scope that knows its
operands, and is written there once however often it is asked for; so nothing is left for LLVM's
passes to hoist or to unify. What lies in memory is remembered by array and index until something
may have changed it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

_NAMES = re.compile(r"%[\w.]+")


class Index(NamedTuple):
    """A whole number: a constant, and names with a factor each."""

    constant: int
    parts: tuple[tuple[str, int], ...] = ()

    def plus(self, other: Index, sign: int = 1) -> Index:
        """Their sum, or difference.

        >>> Index(1, (("%i", 2),)).plus(Index(3, (("%i", 2),)), -1)
        Index(constant=-2, parts=())
        """
        parts = dict(self.parts)
        for name, factor in other.parts:
            parts[name] = parts.get(name, 0) + sign * factor
        kept = tuple(sorted((name, factor) for name, factor in parts.items() if factor))
        return Index(self.constant + sign * other.constant, kept)

    def times(self, factor: int) -> Index:
        """A multiple."""
        parts = tuple((name, factor * f) for name, f in self.parts) if factor else ()
        return Index(factor * self.constant, parts)

    def factor(self, name: str) -> int:
        """How often the name is in it."""
        return dict(self.parts).get(name, 0)


@dataclass
class Phi:
    """A value that a turn of a loop hands on to the next: what it is before the first turn, and
    at the end of one. After the loop `end` is the result."""

    name: str
    type: str
    start: str
    end: str = ""


@dataclass
class _Scope:
    writes: frozenset[str] = frozenset()  # arrays that the loop writes to
    lines: list[str] = field(default_factory=list)
    pure: dict[str, str] = field(default_factory=dict)  # instruction -> name
    memory: dict[tuple[str, Index], str] = field(default_factory=dict)


def _width(type_: str) -> int:
    """How many elements lie side by side.

    >>> _width("<4 x double>"), _width("double")
    (4, 1)
    """
    return int(type_[1:].split()[0]) if type_.startswith("<") else 1


class Code:
    """Collects the instructions of a function; `type` is that of its numbers."""

    def __init__(self, type_: str) -> None:
        self.type = type_
        self.scopes = [_Scope()]
        self.level: dict[str, int] = {}  # of the scope that a name is known in
        # of a name for a whole number: what divides it, and the largest that it can be
        self.known: dict[str, tuple[int, int]] = {}
        self.label = "entry"
        self.made = 0

    @property
    def lines(self) -> list[str]:
        """What has been written, when no loop is open."""
        return self.scopes[0].lines

    def fresh(self, stem: str = "%v") -> str:
        """A name that nothing has yet."""
        self.made += 1
        return f"{stem}{self.made}"

    def do(self, text: str) -> None:
        """An instruction without a result."""
        self.scopes[-1].lines.append(f"  {text}")

    def now(self, text: str) -> str:
        """The result of an instruction here and now."""
        name = self.fresh()
        self.level[name] = len(self.scopes) - 1
        self.do(f"{name} = {text}")
        return name

    def call(self, type_: str, name: str, *values: str) -> str:
        """The result of a pure function whose operands are all of its type."""
        return self.pure(f"call {type_} @{name}({', '.join(f'{type_} {v}' for v in values)})")

    def pure(self, text: str) -> str:
        """The result of an instruction that depends on its operands alone."""
        level = max((self.level.get(name, 0) for name in _NAMES.findall(text)), default=0)
        scope = self.scopes[level]
        if text not in scope.pure:
            name = scope.pure[text] = self.fresh()
            self.level[name] = level
            scope.lines.append(f"  {name} = {text}")
        return scope.pure[text]

    # ── whole numbers and addresses ──────────────────────────────────────────────────────────

    def whole(self, index: Index) -> str:
        """An index as an operand."""
        text = ""
        for name, factor in sorted(index.parts, key=lambda part: self.level.get(part[0], 0)):
            term = name if factor == 1 else self.pure(f"mul nsw i64 {name}, {factor}")
            text = self.pure(f"add nsw i64 {text}, {term}") if text else term
        if not text:
            return str(index.constant)
        return self.pure(f"add nsw i64 {text}, {index.constant}") if index.constant else text

    def divided(self, index: Index, by: int) -> tuple[Index, Index]:
        """index // by and index % by, of numbers not below zero; a part of the index that is a
        multiple of `by`, or a rest that cannot reach it, is not divided.

        >>> code = Code("double")
        >>> code.known |= {"%i": (1, 63), "%k": (1, 3)}
        >>> code.divided(Index(17, (("%i", 16), ("%k", 4))), 16)
        (Index(constant=1, parts=(('%i', 1),)), Index(constant=1, parts=(('%k', 4),)))
        """
        parts = [(name, factor, *self.known.get(name, (1, None))) for name, factor in index.parts]
        if any(factor < 0 for _, factor, _, _ in parts):
            parts = [(self.whole(index), 1, 1, None)]
            index = Index(0)
        quotient, rest = Index(index.constant // by), Index(index.constant % by)
        most: int | None = rest.constant
        for name, factor, step, largest in parts:
            if factor % by == 0:
                quotient = quotient.plus(Index(0, ((name, factor // by),)))
            elif factor * step % by == 0:
                part = self.part(f"udiv exact i64 {name}, {step}", largest and largest // step)
                quotient = quotient.plus(part.times(factor * step // by))
            else:
                rest = rest.plus(Index(0, ((name, factor),)))
                most = None if most is None or largest is None else most + factor * largest
        if most is None or most >= by:
            text = self.whole(rest)
            quotient = quotient.plus(self.part(f"udiv i64 {text}, {by}", most and most // by))
            rest = self.part(f"urem i64 {text}, {by}", by - 1)
        return quotient, rest

    def part(self, text: str, largest: int | None) -> Index:
        """The result of an instruction, and the largest that it can be."""
        name = self.pure(text)
        if largest is not None:
            self.known[name] = 1, largest
        return Index(0, ((name, 1),))

    def address(self, base: str, index: Index, type_: str | None = None) -> str:
        """Where an element of an array is; what the outer loops know comes first."""
        step = f"getelementptr inbounds {type_ or self.type}, ptr"
        for name, factor in sorted(index.parts, key=lambda part: self.level.get(part[0], 0)):
            base = self.pure(f"{step} {base}, i64 {self.whole(Index(0, ((name, factor),)))}")
        return self.pure(f"{step} {base}, i64 {index.constant}") if index.constant else base

    # ── memory ───────────────────────────────────────────────────────────────────────────────

    def load(
        self, type_: str, array: str, index: Index, address: str, align: int, early: bool = False
    ) -> str:
        """An element, or several side by side, unless it is known already. With `early` it is
        read before the loops that neither change it nor say which one it is."""
        key = f"{type_} {array}", index
        for scope in reversed(self.scopes):
            if key in scope.memory:
                return scope.memory[key]
            if array in scope.writes:
                break
        level = len(self.scopes) - 1
        while (
            early and level > self.level.get(address, 0) and array not in self.scopes[level].writes
        ):
            level -= 1
        name = self.scopes[level].memory[key] = self.fresh()
        self.level[name] = level
        self.scopes[level].lines.append(f"  {name} = load {type_}, ptr {address}, align {align}")
        return name

    def store(
        self, type_: str, value: str, array: str, index: Index, address: str, align: int
    ) -> None:
        """Write it, and remember it."""
        self.do(f"store {type_} {value}, ptr {address}, align {align}")
        for scope in self.scopes:
            for kind, at in list(scope.memory):
                away = at.constant - index.constant
                apart = at.parts == index.parts and not -_width(kind) < away < _width(type_)
                if kind.endswith(f" {array}") and not apart:
                    del scope.memory[kind, at]
        self.scopes[-1].memory[f"{type_} {array}", index] = value

    # ── control ──────────────────────────────────────────────────────────────────────────────

    def loop(
        self,
        low: str,
        high: str,
        step: int,
        writes: frozenset[str],
        phis: Sequence[Phi],
        body: Callable[[str], None],
        maybe_none: bool = False,
    ) -> None:
        """for index in range(low, high, step): body(index). There is a turn at least, unless
        `maybe_none`. The body says what the `phis` are at its end; it may append to the list."""
        head, inside, done = self.fresh("loop"), self.fresh("turn"), self.fresh("done")
        index = self.fresh("%i")
        before, depth = self.label, len(self.scopes)
        self.level[index] = depth
        if low == "0" and high.isdigit():
            self.known[index] = step, (int(high) - 1) // step * step
        self.level |= {phi.name: depth for phi in phis}
        self.scopes.append(_Scope(writes))
        self.label = inside if maybe_none else head
        body(index)
        last, turn = self.label, self.scopes.pop().lines
        starts = [(index, "i64", low, f"{index}.next")]
        starts += [(phi.name, phi.type, phi.start, phi.end) for phi in phis]
        heads = [
            f"  {name} = phi {kind} [ {start}, %{before} ], [ {end}, %{last} ]"
            for name, kind, start, end in starts
        ]
        step_on = f"  {index}.next = add nsw i64 {index}, {step}"
        self.do(f"br label %{head}")
        lines = self.scopes[-1].lines
        if maybe_none:
            lines += [f"{head}:", *heads, f"  {index}.more = icmp slt i64 {index}, {high}"]
            lines += [f"  br i1 {index}.more, label %{inside}, label %{done}", f"{inside}:", *turn]
            lines += [step_on, f"  br label %{head}"]
        else:
            lines += [f"{head}:", *heads, *turn, step_on]
            lines += [f"  {index}.more = icmp slt i64 {index}.next, {high}"]
            lines += [f"  br i1 {index}.more, label %{head}, label %{done}"]
        lines.append(f"{done}:")
        self.label = done
        for phi in phis:
            phi.end = phi.name if maybe_none else phi.end
            if phi.end.startswith("%"):
                self.level[phi.end] = min(self.level[phi.end], depth - 1)
        self.forget(writes)

    def when(self, test: str, writes: frozenset[str], body: Callable[[], None]) -> None:
        """if test: body()."""
        inside, done = self.fresh("then"), self.fresh("done")
        self.scopes.append(_Scope(writes))
        self.label = inside
        body()
        lines = self.scopes.pop().lines
        self.do(f"br i1 {test}, label %{inside}, label %{done}")
        self.scopes[-1].lines += [f"{inside}:", *lines, f"  br label %{done}", f"{done}:"]
        self.label = done
        self.forget(writes)

    def leave(self, text: str) -> None:
        """Return from the function; what follows is never reached."""
        self.do(text)
        self.label = self.fresh("never")
        self.scopes[-1].lines.append(f"{self.label}:")

    def forget(self, arrays: frozenset[str]) -> None:
        """Something may have changed these."""
        for scope in self.scopes:
            for kind, at in list(scope.memory):
                if kind.rpartition(" ")[2] in arrays:
                    del scope.memory[kind, at]
