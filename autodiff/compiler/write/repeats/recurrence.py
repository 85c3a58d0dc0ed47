"""Equal steps, each fed by the one before, as a loop: the lines of a recurrent network.

Works on the printed lines. Where the same few lines come again and again, differing only in whole
numbers that grow evenly and in which of the lines' own results they name, they become the body of
one loop. A result that other lines need, in the backward pass say, is kept by its step:

    hs = {0: h1}
    for t in range(1, 32):
        hs[t] = np.tanh(Z[:, t] + hs[t - 1] @ U.T)
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

LEAST: Final = 3  # so often must lines come again
_LONGEST: Final = 60  # lines in a loop
_TOKEN: Final = re.compile(r"(?<![\w.])(?:[^\W\d]\w*|\d+(?![\w.]))")
_NAME, _WHOLE = "\0", "\1"  # in a frame, for words that may differ
_DIGITS: Final = re.compile(r"(?<![\w.])\d+(?![\w.])")
Place = tuple[str, int]  # results kept by step: their name, and the step


@dataclass
class _Line:
    name: str
    text: str
    comment: str
    words: list[str] = field(default_factory=list)  # names of results, and whole numbers
    frame: str = ""  # the text without these

    def read(self, results: set[str]) -> None:
        def take(found: re.Match[str]) -> str:
            word = found[0]
            if word not in results and not word.isdigit():
                return word
            self.words.append(word)
            return _NAME if word in results else _WHOLE

        self.frame = _TOKEN.sub(take, self.text)


def rolled(lines: Sequence[str]) -> list[str]:
    """The lines, with loops for what is repeated.

    >>> steps = [f"h{t + 1} = np.tanh(Z[:, {t}] + h{t} @ U.T)" for t in range(1, 5)]
    >>> print("\\n".join(rolled(["h1 = np.tanh(Z[:, 0])", *steps, "L = h5 @ W.T"])))
    h1 = np.tanh(Z[:, 0])
    hs = {0: h1}
    for t in range(1, 5):
        hs[t] = np.tanh(Z[:, t] + hs[t - 1] @ U.T)
    L = hs[4] @ W.T
    """
    return _Reroll(lines).text()


class _Reroll:
    def __init__(self, lines: Sequence[str]) -> None:
        self.kept: dict[str, Place] = {}  # results that are kept by their step
        self.taken = {word for line in lines for word in _TOKEN.findall(line)}
        self.lines: list[_Line | str] = []
        for line in lines:
            code, _, comment = line.partition("  # ")
            name, equals, text = code.partition(" = ")
            plain = equals and name.isidentifier()
            self.lines.append(_Line(name, text, comment) if plain else line)
        self.results = {line.name for line in self.lines if isinstance(line, _Line)}
        for one in self.lines:
            if isinstance(one, _Line):
                one.read(self.results)

    def text(self) -> list[str]:
        result: list[str] = []
        k = 0
        while k < len(self.lines):
            found = self.best(k)
            if found is None:
                one = self.lines[k]
                if isinstance(one, _Line):
                    note = f"  # {one.comment}" if one.comment else ""
                    result.append(f"{one.name} = {_folded(self.put(one.text))}{note}")
                else:
                    result.append(self.put(one))
                k += 1
            else:
                result += found.text()
                k += found.period * found.count
        return result

    def put(self, text: str) -> str:
        """Results that are kept, by their places."""

        def place(found: re.Match[str]) -> str:
            kept = self.kept.get(found[0])
            return found[0] if kept is None else f"{kept[0]}[{kept[1]}]"

        return _TOKEN.sub(place, text)

    def best(self, start: int) -> _Loop | None:
        """The loop that takes in most of the lines from here."""
        best: _Loop | None = None
        frames = [
            line.frame if isinstance(line, _Line) else None
            for line in self.lines[start : start + 2 * _LONGEST]
        ]
        for period in range(1, min(_LONGEST, len(frames) // 2) + 1):
            if None in frames[:period]:
                break
            multiple = best is not None and period % best.period == 0
            if multiple or frames[:period] != frames[period : 2 * period]:
                continue
            loop = _Loop(self, start, period)
            if loop.count >= LEAST and (best is None or loop.size > best.size):
                best = loop
        return best


class _Loop:
    """`count` times the same `period` lines."""

    def __init__(self, whole: _Reroll, start: int, period: int) -> None:
        self.whole, self.start, self.period = whole, start, period
        self.blocks: list[list[_Line]] = []
        self.home: dict[str, tuple[int, int]] = {}  # result -> (line of the block, block)
        self.first: dict[int, str] = {}  # what stands for a line's result before the first step
        self.steps: dict[tuple[int, int], tuple[object, int, int]] = {}
        for at in range(start, len(whole.lines) - period + 1, period):
            block = [one for one in whole.lines[at : at + period] if isinstance(one, _Line)]
            self.home |= {line.name: (i, len(self.blocks)) for i, line in enumerate(block)}
            if len(block) < period or not self.fits(block):
                for line in block:
                    del self.home[line.name]
                break
            self.blocks.append(block)
        self.count = len(self.blocks)
        self.size = self.count * period

    def fits(self, block: list[_Line]) -> bool:
        """Does the block go on as those before it did?"""
        number = len(self.blocks)
        steps = dict(self.steps)
        first = dict(self.first)
        for i, line in enumerate(block):
            if self.blocks and line.frame != self.blocks[0][i].frame:
                return False
            for q, word in enumerate(line.words):
                kind, at = self.where(word, number)
                if number == 0:
                    steps[i, q] = kind, at, 0
                    continue
                kind0, at0, step = steps[i, q]
                if number == 1 and kind != kind0 and isinstance(kind, int) and at == -1:
                    name = self.blocks[0][i].words[q]  # before the first step: something else
                    if first.setdefault(kind, name) != name:
                        return False
                    steps[i, q] = kind, at, 0
                    continue
                if number == 1:
                    step = at - at0
                if kind != kind0 or at != at0 + step * (number if number > 1 else 1):
                    return False
                steps[i, q] = kind, at0, step
        self.steps, self.first = steps, first
        return True

    def where(self, word: str, number: int) -> tuple[object, int]:
        """What a word is: (a kind, a number that may grow with the steps)."""
        if word.isdigit():
            return "", int(word)
        if word in self.home:  # a line of the loop, so many steps ago
            line, block = self.home[word]
            return line, block - number
        return self.whole.kept.get(word, (word, 0))

    def text(self) -> list[str]:
        whole, last = self.whole, self.blocks[-1]
        moving = [(at, step) for kind, at, step in self.steps.values() if step]
        down = bool(moving) and all(step < 0 for _, step in moving)
        sign = -1 if down else 1
        begin = next((at for at, step in moving if step == sign), 0)
        begin = max(begin, 0 if not down else self.count - 1)
        inside = {line.name for block in self.blocks for line in block}
        outer = whole.lines[: self.start] + whole.lines[self.start + self.size :]
        wanted = {w for one in outer for w in (one.words if isinstance(one, _Line)
                                               else _TOKEN.findall(one))} & inside  # fmt: skip
        carried = {kind for kind, at, _ in self.steps.values() if isinstance(kind, int) and at}
        stays: set[object] = {*carried, *(self.home[word][0] for word in wanted)}
        names = [self.named(line.name, i in stays) for i, line in enumerate(last)]
        empty = [names[i] for i in range(self.period) if i in stays and i not in self.first]
        result = [f"{', '.join(empty)} = {', '.join(['{}'] * len(empty))}"] if empty else []
        for i, name in self.first.items():
            result.append(f"{names[i]} = {{{begin - sign}: {whole.put(name)}}}")
            if name in whole.results:
                whole.kept.setdefault(name, (names[i], begin - sign))
        end = begin + sign * self.count
        bounds = f"{begin}, {end}" if begin else f"{end}"
        turn = f"reversed(range({end + 1}, {begin + 1}))" if down else f"range({bounds})"
        result.append(f"for t in {turn}:")
        for i, line in enumerate(self.blocks[0]):
            words = [
                self.word(self.steps[i, q], names, stays, sign, begin)
                for q in range(len(line.words))
            ]
            text = _folded(_filled(line.frame, words), "k")
            target = f"{names[i]}[t]" if i in stays else names[i]
            note = re.sub(r"layer \d+: ", "", line.comment)
            result.append(f"    {target} = {text}" + (f"  # {note}" if note else ""))
        for j, block in enumerate(self.blocks):
            for i, line in enumerate(block):
                if i in stays:
                    whole.kept[line.name] = names[i], begin + sign * j
        return result

    def word(
        self,
        step: tuple[object, int, int],
        names: Sequence[str],
        stays: set[object],
        sign: int,
        begin: int,
    ) -> str:
        """What stands in the loop for a word, given how it moves."""
        kind, at, by = step
        if isinstance(kind, int):
            return f"{names[kind]}[{_index(sign * at, 1)}]" if kind in stays else names[kind]
        index = _index(at - sign * by * begin, sign * by)
        if kind == "":
            return index
        kept = any(kind == name for name, _ in self.whole.kept.values())
        return f"{kind}[{index}]" if kept else str(kind)

    def named(self, name: str, stays: bool) -> str:
        """The results of a line: their name in common."""
        word = name.rstrip("0123456789_") + "s" * stays
        while word in self.whole.taken or hasattr(builtins, word):
            word += "_"
        self.whole.taken.add(word)
        return word


def _index(offset: int, step: int, letter: str = "t") -> str:
    """offset + step · t

    >>> _index(0, 1), _index(1, 3), _index(7, -1), _index(7, -2), _index(-1, -1)
    ('t', '3 * t + 1', '7 - t', '7 - 2 * t', '-t - 1')
    """
    if not step:
        return str(offset)
    text = letter if step == 1 else f"-{letter}" if step == -1 else f"{step} * {letter}"
    if step < 0 < offset:
        return f"{offset} - {text[1:]}"
    return text if not offset else f"{text} {'+' if offset > 0 else '-'} {abs(offset)}"


def _filled(frame: str, words: Iterable[str]) -> str:
    """A frame with its words; a sum in parentheses unless it stands between brackets alone."""
    rest = iter(words)

    def put(found: re.Match[str]) -> str:
        word = next(rest)
        before, after = frame[: found.start()].rstrip(), frame[found.end() :].lstrip()
        alone = before[-1:] in {*"[(,:"} and after[:1] in {*"]),:"}
        return word if alone or " " not in word.partition("[")[0] else f"({word})"

    return re.sub(f"[{_NAME}{_WHOLE}]", put, frame)


# ── long sums and long lists ─────────────────────────────────────────────────────────────────


def _folded(text: str, letter: str = "t") -> str:
    """a[1] + a[2] + a[3] as sum(a[t] for t in range(1, 4)), and lists likewise."""
    text = re.sub(
        r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]",
        lambda found: f"[{', '.join(_runs(_parts(found[1], ', '), '*[{}]', letter))}]",
        text,
    )
    return " + ".join(_runs(_parts(text, " + "), "sum({})", letter))


def _parts(text: str, between: str) -> list[str]:
    """Cut a text where `between` stands outside of all brackets."""
    parts, depth, start = [], 0, 0
    for k, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if not depth and text.startswith(between, k):
            parts.append(text[start:k])
            start = k + len(between)
    return [*parts, text[start:]]


def _runs(parts: Sequence[str], around: str, letter: str = "t") -> list[str]:
    """Parts that differ in evenly growing numbers alone, four or more, as one.

    >>> _runs(["a", "d[5] @ h[4]", "d[4] @ h[3]", "d[3] @ h[2]", "d[2] @ h[1]"], "sum({})")
    ['a', 'sum(d[t] @ h[t - 1] for t in range(5, 1, -1))']
    """
    frames = [_DIGITS.sub(_WHOLE, part) for part in parts]
    result: list[str] = []
    k = 0
    while k < len(parts):
        end = k + 1
        while end < len(parts) and frames[end] == frames[k]:
            end += 1
        values = [np.array(_DIGITS.findall(part), dtype=int) for part in parts[k:end]]
        steps = values[1] - values[0] if len(values) > 1 else np.zeros(0, int)
        count = 1
        while count < len(values) and (values[count] == values[count - 1] + steps).all():
            count += 1
        lead = next((int(q) for q in np.flatnonzero(np.abs(steps) == 1)), None)
        if lead is None or count < 4:
            result.append(parts[k])
            k += 1
            continue
        first, sign = int(values[0][lead]), int(steps[lead])
        moving = zip(values[0].tolist(), steps.tolist(), strict=True)
        indices = (_index(v - sign * s * first, sign * s, letter) for v, s in moving)
        bounds = f"{first}, {first + sign * count}" + ", -1" * (sign < 0)
        each = _filled(frames[k], indices)
        result.append(around.format(f"{each} for {letter} in range({bounds})"))
        k += count
    return result
