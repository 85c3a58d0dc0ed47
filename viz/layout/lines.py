"""A long picture in lines of a given width, as a text is set: each line laid out by itself.

What one line hands on to the next leaves it on the right, runs back under it and enters on the
left. Leaves stand in the line where they are read first.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

from .columns import Area, Box, Layout, Point, Wire, place

__all__ = ["wrap"]

TURN = 12.0  # points from the end of a line to the first wire that turns there
PITCH = 9.0  # between two wires side by side
TRIES = 6  # at the end of a line, before it ends where it may first
SHORT = 8.0  # how many passing wires an empty line would be worth


def wrap(
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    frames: Sequence[int],
    least: Sequence[Point],
    room: Sequence[float],
    width: float,
) -> Layout:
    """As `place`, in lines of at most `width`, or of one column where that is wider."""
    found = place(boxes, wires, frames, least, room)
    if found.width <= width:
        return found
    whole, target = _Whole(boxes, wires, frames, least, room, found), width
    while (better := whole.in_lines(target)).width < found.width:
        found = better
        if found.width <= width:
            break
        target -= found.width - width
    return found


class _Whole:
    """All that `place` is told, and where everything lies in one long line."""

    def __init__(
        self,
        boxes: Sequence[Box],
        wires: Sequence[Wire],
        frames: Sequence[int],
        least: Sequence[Point],
        room: Sequence[float],
        laid: Layout,
    ) -> None:
        self.boxes, self.wires, self.frames = boxes, wires, frames
        self.least, self.room, self.laid = least, room, laid
        self.readers: dict[int, list[int]] = {}
        for wire in wires:
            self.readers.setdefault(wire.tail, []).append(wire.head)
        self.at = [self._stands(k) for k in range(len(boxes))]
        self.last = {t: max(self.at[head] for head in heads) for t, heads in self.readers.items()}

    def _stands(self, k: int) -> float:
        """Where a box is; one that only brings a number, where it is read first."""
        if self.boxes[k].loose and k in self.readers:
            return min(map(self._stands, self.readers[k]))
        return self.laid.boxes[k][0]

    @cached_property
    def cuts(self) -> list[float]:
        """Where no box is in the way of a cut."""
        spans = sorted(
            (x, x + box.width)
            for (x, _), box in zip(self.laid.boxes, self.boxes, strict=True)
            if not box.loose
        )
        found, end = [], spans[0][1] if spans else 0.0
        for left, right in spans:
            if left > end:
                found.append((left + end) / 2)
            end = max(end, right)
        return found

    @cached_property
    def chains(self) -> list[list[int]]:
        """The frames around each box."""
        found: list[list[int]] = []
        for box in self.boxes:
            frame, chain = box.frame, list[int]()
            while frame != -1:
                chain.append(frame)
                frame = self.frames[frame]
            found.append(chain)
        return found

    def passing(self, cut: float) -> list[int]:
        """The boxes before a cut that are read after it."""
        return [t for t, last in self.last.items() if self.at[t] <= cut < last]

    def _frames_cut(self, cut: float) -> int:
        sides = list(zip(self.at, self.chains, strict=True))
        left = {frame for at, chain in sides if at <= cut for frame in chain}
        right = {frame for at, chain in sides if at > cut for frame in chain}
        return len(left & right)

    def _chosen(self, width: float) -> list[float]:
        """The cuts, with both ends of the whole: long lines that few wires leave."""
        worth = {cut: len(self.passing(cut)) + 2 * self._frames_cut(cut) for cut in self.cuts}
        chosen = [-math.inf]
        while chosen[-1] < math.inf:
            start = max(chosen[-1], 0.0)
            rest = [cut for cut in self.cuts if cut > start] + [math.inf]
            long = {cut: min(cut, self.laid.width) - start for cut in rest}
            room = width - margin(self.passing(chosen[-1]))
            fitting = sorted(
                (cut for cut in rest if long[cut] + margin(self.passing(cut)) <= room),
                key=lambda cut: worth.get(cut, -math.inf) - SHORT * long[cut] / width,
            )
            for cut in [*fitting[:TRIES], rest[0]]:
                if _Line(self, chosen[-1], cut).outer <= width:
                    break
            chosen.append(cut)
        return chosen

    def in_lines(self, width: float) -> Layout:
        """Laid out anew between cuts."""
        lines: list[_Line] = []
        order: list[int] = []
        for begin, end in reversed(list(pairwise(self._chosen(width)))):
            lines.insert(0, _Line(self, begin, end, order))
            order = lines[0].entering  # the line before hands on in this order
        return _Page(self, lines).layout()


class _Line:
    """What lies between two cuts, laid out by itself: a frame, from whose left border comes what
    earlier lines hand on, and on whose right border ends what later lines read."""

    def __init__(self, whole: _Whole, begin: float, end: float, order: Sequence[int] = ()) -> None:
        self.whole = whole
        self.members = [k for k, at in enumerate(whole.at) if begin < at <= end]
        entering, leaving = whole.passing(begin), whole.passing(end)
        leaving.sort(key=lambda t: order.index(t) if t in order else -1)
        boxes = [replace(whole.boxes[k], frame=whole.boxes[k].frame + 1) for k in self.members]
        index = {k: i for i, k in enumerate(self.members)}
        wires: list[Wire] = []
        self.ways: dict[Wire, list[int]] = {}  # of a wire, or of one to the border (-1)

        def added(box: Box) -> int:
            boxes.append(box)
            return len(boxes) - 1

        def wired(key: Wire, wire: Wire) -> None:
            self.ways.setdefault(key, []).append(len(wires))
            wires.append(wire)

        sources = {t: added(Box(0, 0)) for t in entering}
        for t in leaving:
            tail = index.get(t, -1)
            if t in sources:  # it only passes
                tail = added(Box(0, 0, [(0.0, 0.0)], frame=0, lane=True))
                wired(Wire(t, -1, 0), Wire(sources[t], tail, 0))
            wired(Wire(t, -1, 0), Wire(tail, added(Box(0, 0, [(0.0, 0.0)])), 0))
        for wire in sorted(whole.wires, key=lambda wire: whole.laid.boxes[wire.tail][1]):
            if wire.head in index:
                tail = index.get(wire.tail, sources.get(wire.tail, -1))
                wired(wire, Wire(tail, index[wire.head], wire.port))
        frames = [-1, *(parent + 1 for parent in whole.frames)]
        self.laid = place(boxes, wires, frames, [(0.0, 0.0), *whole.least], whole.room)
        ((self.x, _, self.width, _),) = self.laid.frames[0]
        self.enters: dict[int, Point] = {}  # where something enters
        for key in self.ways:
            if key.tail in sources and key.tail not in self.enters:
                self.enters[key.tail] = self.way(key)[0]
        self.entering = sorted(entering, key=lambda t: self.enters[t][1])
        self.leaving = sorted(leaving, key=lambda t: self.way(Wire(t, -1, 0))[-1][1])
        self.outer = self.width + margin(entering) + margin(leaving)

    def way(self, key: Wire) -> list[Point]:
        """The points of a wire in this line."""
        left, right = self.x - 0.01, self.x + self.width + 0.01
        points = [point for i in self.ways[key] for point in self.laid.wires[i]]
        return [(x, y) for x, y in points if left <= x <= right]

    def frames(self) -> Iterator[tuple[int, Area]]:
        """The frames that stand in this line."""
        for k in sorted({frame for member in self.members for frame in self.whole.chains[member]}):
            for area in self.laid.frames[k + 1]:
                yield k, area

    def extent(self) -> tuple[float, float]:
        """From its highest to its lowest point."""
        boxes = zip(self.members, self.laid.boxes, strict=False)
        levels = [(y, y + self.whole.boxes[k].height) for k, (_, y) in boxes]
        levels += [(y, y + height) for _, (_, y, _, height) in self.frames()]
        levels += [(y, y) for key in self.ways for _, y in self.way(key)]
        return min(top for top, _ in levels), max(bottom for _, bottom in levels)


def margin(wires: Sequence[int]) -> float:
    """The room of wires that turn at an end of a line."""
    return TURN + PITCH * len(wires) if wires else 0.0


class _Page:
    """Lines under each other."""

    def __init__(self, whole: _Whole, lines: list[_Line]) -> None:
        self.whole, self.lines = whole, lines
        self.shifts: list[Point] = []
        self.gutters: list[float] = []
        self.home = {k: i for i, line in enumerate(lines) for k in line.members}
        y = 0.0
        for line in lines:
            top, bottom = line.extent()
            self.shifts.append((margin(line.entering) - line.x, y - top))
            self.gutters.append(y + bottom - top + TURN)
            y = self.gutters[-1] + margin(line.leaving)

    def moved(self, k: int, points: Sequence[Point]) -> list[Point]:
        """Points of line k."""
        dx, dy = self.shifts[k]
        return [(x + dx, y + dy) for x, y in points]

    def _turn(self, k: int, tail: int) -> list[Point]:
        """From the end of line k to the beginning of the next, the upper wires outside."""
        line, after = self.lines[k], self.lines[k + 1]
        outer = len(line.leaving) - 1 - line.leaving.index(tail)
        begin = self.moved(k + 1, [after.enters[tail]])[0][1]
        end = self.moved(k, line.way(Wire(tail, -1, 0)))[-1][1]
        right = line.outer - margin(line.leaving) + TURN + PITCH * outer
        left = margin(after.entering) - TURN - PITCH * after.entering.index(tail)
        low = self.gutters[k] + PITCH * outer
        return [(right, end), (right, low), (left, low), (left, begin)]

    def _way(self, wire: Wire) -> Iterator[Point]:
        first, last = self.home[wire.tail], self.home[wire.head]
        for k in range(first, last):
            yield from self.moved(k, self.lines[k].way(Wire(wire.tail, -1, 0)))
            yield from self._turn(k, wire.tail)
        yield from self.moved(last, self.lines[last].way(wire))

    def layout(self) -> Layout:
        """Everything at its place."""
        boxes: dict[int, Point] = {}
        frames: list[list[Area]] = [[] for _ in self.whole.frames]
        for k, line in enumerate(self.lines):
            boxes |= zip(line.members, self.moved(k, line.laid.boxes), strict=False)
            for frame, (x, y, *size) in line.frames():
                ((left, top),) = self.moved(k, [(x, y)])
                frames[frame].append((left, top, size[0], size[1]))
        return Layout(
            [boxes[k] for k in range(len(boxes))],
            frames,
            [list(self._way(wire)) for wire in self.whole.wires],
            max(line.outer for line in self.lines),
            self.gutters[-1] - TURN,
        )
