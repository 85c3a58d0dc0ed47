"""Boxes in columns, wires in lanes: where everything lies, from left to right.

Each frame is laid out by itself, inner ones first, and is a box to the frame around it. What a
frame holds stands in columns, inputs before what reads them. A wire that passes a column has a
lane there, with room of its own; between columns, where nothing else is, it goes up or down. So
no wire can cross a box, nor the title of a frame, which stands above all columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from itertools import accumulate, pairwise
from typing import NamedTuple

__all__ = ["Area", "Box", "Layout", "Point", "Wire", "place"]

GAP = 24.0  # between columns, at least
STEEP = 0.14  # of what a wire climbs between two columns is added, so that it does not get steep
SWEEPS = 9  # over the columns, to make wires level
LANES = 6000  # in one frame; beyond them the longest wires have none, and cross what they meet

Point = tuple[float, float]
Area = tuple[float, float, float, float]  # x, y, width, height


@dataclass(eq=False, slots=True)
class Box:
    """What takes room: its size, where from its upper left corner its inputs are, and at which
    level its output leaves it to the right.

    frame  the number of the frame that it stands in, -1 for none
    lane   that it is nothing but a passing wire
    loose  that it only brings a number to what reads it
    """

    width: float
    height: float
    ins: Sequence[Point] = ()
    out: float = 0.0
    frame: int = -1
    lane: bool = False
    loose: bool = False
    x: float = 0.0
    y: float = 0.0


class Wire(NamedTuple):
    """From the output of box `tail` to input `port` of box `head`."""

    tail: int
    head: int
    port: int


class Layout(NamedTuple):
    """The boxes' corners; of each frame its pieces, none if it was dissolved; and for each wire
    the points that it goes through: level, or from one level to another between two columns."""

    boxes: list[Point]
    frames: list[list[Area]]
    wires: list[list[Point]]
    width: float
    height: float


@dataclass(eq=False, slots=True)
class _Net:
    """All that one output feeds within one frame."""

    origin: Box
    out: float
    ends: list[tuple[Box, Point]] = field(default_factory=list)
    lanes: dict[int, Box] = field(default_factory=dict)  # by column


class _Leg(NamedTuple):
    """A wire's way through one frame: from and to the border, a frame in it, or the box itself."""

    region: int
    origin: int
    end: int


BORDER, SELF = -2, -1

_Step = tuple[Box, float, Box, Point]  # from one column to the next


class _Region:
    """One frame, or the whole (number -1)."""

    def __init__(self, room: Sequence[float], least: Point, frame: int) -> None:
        self.left, self.top, self.right, self.bottom = room
        self.box = Box(*least, frame=frame)
        self.inner: set[Box] = set()  # frames within this one
        self.cells: list[Box] = []
        self.nets: dict[int, _Net] = {}
        self.entries: dict[int, Box] = {}
        self.exits: dict[int, Box] = {}
        self.column: dict[Box, int] = {}
        self.edges: list[Point] = []  # the left and right end of each column

    def connect(
        self, wire: Wire, leg: _Leg, boxes: Sequence[Box], regions: dict[int, _Region]
    ) -> None:
        """Take in a wire that crosses this frame."""
        tail = wire.tail
        if tail not in self.nets:
            if leg.origin == BORDER:
                origin, out = self.entries.setdefault(tail, Box(0, 0, lane=True)), 0.0
            elif leg.origin == SELF:
                origin, out = boxes[tail], boxes[tail].out
            else:
                inner = regions[leg.origin]
                origin, out = inner.box, inner.exits[tail].y
            self.nets[tail] = _Net(origin, out)
        if leg.end == BORDER:
            self.exits.setdefault(tail, Box(0, 0, lane=True))
        end = self.end(wire, leg, boxes, regions)
        if end not in self.nets[tail].ends:
            self.nets[tail].ends.append(end)

    def end(
        self, wire: Wire, leg: _Leg, boxes: Sequence[Box], regions: dict[int, _Region]
    ) -> tuple[Box, Point]:
        """Where a wire ends in this frame."""
        if leg.end == BORDER:
            return self.exits[wire.tail], (0.0, 0.0)
        if leg.end == SELF:
            return boxes[wire.head], boxes[wire.head].ins[wire.port]
        return regions[leg.end].box, (0.0, regions[leg.end].entries[wire.tail].y)

    def lay_out(self) -> None:
        """Give everything in it a place from its corner, and it a size."""
        self._choose_columns()
        count = 1 + max(self.column.values(), default=0)
        columns: list[list[Box]] = [[] for _ in range(count)]
        for box in (*self.entries.values(), *self.cells, *self.exits.values()):
            columns[self.column[box]].append(box)
        steps = self._lanes(columns)
        self._order(columns, steps)
        self._heights(columns, steps)
        self._widths(columns, steps)

    def _choose_columns(self) -> None:
        """Each box right of what it reads; what nothing else needs, close to its reader."""
        readers: dict[Box, set[Box]] = {box: set() for box in self.cells}
        inputs: dict[Box, set[Box]] = {box: set() for box in self.cells}
        for net in self.nets.values():
            for end, _ in net.ends:
                if net.origin in readers and end in inputs:
                    readers[net.origin].add(end)
                    inputs[end].add(net.origin)
        order = list(TopologicalSorter(inputs).static_order())
        column = self.column = dict.fromkeys(self.entries.values(), 0)
        first = 1 if self.entries else 0
        outside = {end for e in self.entries for end, _ in self.nets[e].ends}
        for box in order:
            column[box] = max((column[i] + 1 for i in inputs[box]), default=first)
        for box in reversed(order):
            kept = box in outside or any(len(readers[i]) > 1 for i in inputs[box])
            if readers[box] and not kept:
                column[box] = min(column[r] for r in readers[box]) - 1
        last = 1 + max(column.values(), default=0)
        column |= dict.fromkeys(self.exits.values(), last)

    def _lanes(self, columns: list[list[Box]]) -> list[_Step]:
        """Lanes for the wires that pass columns; returns all steps from one column to the next."""
        steps: list[_Step] = []
        spans = {
            net: range(self.column[net.origin] + 1, max(self.column[end] for end, _ in net.ends))
            for net in self.nets.values()
        }
        shortest = sorted(spans, key=lambda net: len(spans[net]))
        used = accumulate(len(spans[net]) for net in shortest)
        laned = {net for net, room in zip(shortest, used, strict=True) if room <= LANES}
        for net, span in spans.items():
            before, level = net.origin, net.out
            for c in span if net in laned else ():
                lane = net.lanes[c] = Box(0, 0, lane=True)
                self.column[lane] = c
                columns[c].append(lane)
                steps.append((before, level, lane, (0.0, 0.0)))
                before, level = lane, 0.0
            for end, port in net.ends:
                c = self.column[end] - 1
                tail = net.lanes.get(c, net.origin)
                steps.append((tail, net.out if tail is net.origin else 0.0, end, port))
        return steps

    def _order(self, columns: list[list[Box]], steps: list[_Step]) -> None:
        """From the last column on: a box stands where its readers want it, first inputs first."""
        after: dict[Box, list[tuple[Box, Point]]] = {}
        for tail, _, head, port in steps:
            after.setdefault(tail, []).append((head, port))
        rank: dict[Box, int] = {}

        def wish(box: Box) -> float:
            ends = after.get(box, [])
            places = sorted(rank[head] + port[1] / (head.height + 1) for head, port in ends)
            return places[(len(places) - 1) // 2] if places else len(rank)

        for column in reversed(columns):
            column.sort(key=wish)
            rank |= {box: i for i, box in enumerate(column)}

    def _heights(self, columns: list[list[Box]], steps: list[_Step]) -> None:
        """Boxes where their wires are level, as far as there is room."""
        before: dict[Box, list[tuple[Box, float]]] = {}
        after: dict[Box, list[tuple[Box, float]]] = {}
        for tail, out, head, port in steps:
            before.setdefault(head, []).append((tail, out - port[1]))
            after.setdefault(tail, []).append((head, port[1] - out))
        # a wire that goes on is kept level rather than one that begins at a leaf
        pull = {
            box: 4.0 if box.lane else 1.0 if box in before else 0.0005
            for column in columns
            for box in column
        }
        for column in columns:
            _spread(column, [0.0] * len(column), [1.0] * len(column))
        for sweep in range(SWEEPS):
            first, second = (after, before) if sweep % 2 == 0 else (before, after)
            for column in reversed(columns) if sweep % 2 == 0 else columns:
                wishes = []
                for box in column:
                    near = first.get(box) or (second.get(box) if sweep else None) or [(box, 0.0)]
                    total = sum(pull[other] for other, _ in near)
                    wishes.append(sum(pull[o] * (o.y + shift) for o, shift in near) / total)
                _spread(column, wishes, [pull[box] for box in column])
        boxes = [box for column in columns for box in column]
        up = min((box.y for box in boxes), default=0.0) - self.top
        for box in boxes:
            box.y -= up
        bottom = max((box.y + box.height for box in boxes), default=self.top)
        self.box.height = max(self.box.height, bottom + self.bottom)

    def _widths(self, columns: list[list[Box]], steps: list[_Step]) -> None:
        climbs = [0.0] * len(columns)
        for tail, out, head, port in steps:
            climb = abs(head.y + port[1] - tail.y - out)
            climbs[self.column[head]] = max(climbs[self.column[head]], climb)
        x = self.left
        reading = {end for net in self.nets.values() for end, _ in net.ends}
        for c, column in enumerate(columns):
            border = (c == 1 and self.entries) or (c == len(columns) - 1 and self.exits)
            if c:
                x += (GAP / 2 if border else GAP) + min(STEEP * climbs[c], 2 * GAP)
            wide = max((box.width for box in column), default=0.0)
            for box in column:
                if box in self.inner:
                    box.width = wide
                box.x = x if box in reading else x + wide - box.width
            self.edges.append((x, x + wide))
            x += wide
        self.box.width = max(self.box.width, x + self.right)

    def path(self, source: int, head: Box, port: Point) -> list[Point]:
        """The points of a wire within this frame, from its corner."""
        net, leaving = self.nets[source], source in self.exits and head is self.exits[source]
        y = net.origin.y + net.out
        points = [(0.0 if source in self.entries else net.origin.x + net.origin.width, y)]
        begin, stop = self.column[net.origin], self.column[head]
        for c in range(begin + 1, stop + 1):
            if c > begin + 1 and c - 1 not in net.lanes:
                continue
            points.append((self.edges[c - 1][1], y))
            if c < stop and c not in net.lanes:
                c = stop
            y = head.y + port[1] if c == stop else net.lanes[c].y
            points.append((self.edges[c][0], y))
        return [*points, (self.box.width if leaving else head.x + port[0], y)]


def _spread(column: list[Box], wishes: list[float], weights: list[float]) -> None:
    """Put the boxes of a column as near to their wishes as their order and their room allow."""
    offsets = [0.0]
    for a, b in pairwise(column):
        room = 9.0 if a.lane and b.lane else 11.0 if a.lane or b.lane else 13.0
        offsets.append(offsets[-1] + a.height + room)
    blocks: list[list[float]] = []  # weighted wish, weight, number of boxes
    for wish, weight, offset in zip(wishes, weights, offsets, strict=False):
        blocks.append([(wish - offset) * weight, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, weight, count = blocks.pop()
            blocks[-1] = [blocks[-1][0] + total, blocks[-1][1] + weight, blocks[-1][2] + count]
    levels = [total / weight for total, weight, count in blocks for _ in range(int(count))]
    for box, level, offset in zip(column, levels, offsets, strict=False):
        box.y = level + offset


def place(
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    frames: Sequence[int] = (),
    least: Sequence[Point] = (),
    room: Sequence[float] = (0, 0, 0, 0),
) -> Layout:
    """Lay out `boxes`, which stand in topological order.

    frames  for each frame the one around it, or -1; outer ones first
    least   for each frame its least width and height
    room    kept free inside of a frame: left, above, right, below

    Frames that depend on each other in a circle are dissolved.
    """
    around = list(frames)
    gone: set[int] = set()
    while True:
        regions = {-1: _Region((0, 0, 0, 0), (0, 0), -1)}
        for k, parent in enumerate(around):
            regions[k] = _Region(room, least[k], parent)
        try:
            return _placed(boxes, wires, regions, around, gone)
        except CycleError as error:
            circle = {k for k, region in regions.items() if region.box in error.args[1]}
            gone |= circle
            for k in sorted(circle):
                around[:] = [around[k] if parent == k else parent for parent in around]
                for box in boxes:
                    box.frame = around[k] if box.frame == k else box.frame


def _placed(
    boxes: Sequence[Box],
    wires: Sequence[Wire],
    regions: dict[int, _Region],
    around: Sequence[int],
    gone: set[int],
) -> Layout:
    chains: dict[int, list[int]] = {-1: []}
    for k, parent in enumerate(around):
        chains[k] = [*chains[parent], k]
    for box in boxes:  # frames stand where their first box does
        for inner in chains[box.frame]:
            outer, frame = regions[around[inner]], regions[inner].box
            if frame not in outer.inner:
                outer.inner.add(frame)
                outer.cells.append(frame)
        regions[box.frame].cells.append(box)
    legs = [
        list(_legs(chains[boxes[wire.tail].frame], chains[boxes[wire.head].frame]))
        for wire in wires
    ]
    crossing: dict[int, list[tuple[Wire, _Leg]]] = {}
    for wire, leg in ((wire, leg) for wire, path in zip(wires, legs, strict=True) for leg in path):
        crossing.setdefault(leg.region, []).append((wire, leg))
    for k in sorted(regions.keys() - gone, reverse=True):  # inner ones first
        for wire, leg in crossing.get(k, []):
            regions[k].connect(wire, leg, boxes, regions)
        regions[k].lay_out()
    corner: dict[int, Point] = {-1: (0.0, 0.0)}
    for k in range(len(around)):
        x, y = corner[around[k]]
        corner[k] = (x + regions[k].box.x, y + regions[k].box.y)
    paths: list[list[Point]] = []
    for wire, path in zip(wires, legs, strict=True):
        paths.append([])
        for leg in path:
            x, y = corner[leg.region]
            end = regions[leg.region].end(wire, leg, boxes, regions)
            points = regions[leg.region].path(wire.tail, *end)
            paths[-1] += [(x + px, y + py) for px, py in points]
    sizes = [(regions[k].box.width, regions[k].box.height) for k in range(len(around))]
    return Layout(
        [(corner[box.frame][0] + box.x, corner[box.frame][1] + box.y) for box in boxes],
        [[] if k in gone else [(*corner[k], *size)] for k, size in enumerate(sizes)],
        paths,
        regions[-1].box.width,
        regions[-1].box.height,
    )


def _legs(tail: list[int], head: list[int]) -> Iterator[_Leg]:
    """What a wire crosses from a box within the frames `tail` to one within `head`."""
    both = 0
    while both < min(len(tail), len(head)) and tail[both] == head[both]:
        both += 1
    outward, inward = [*tail[both:], SELF], [*head[both:], SELF]
    for j in range(len(outward) - 2, -1, -1):
        yield _Leg(outward[j], outward[j + 1], BORDER)
    yield _Leg(tail[both - 1] if both else -1, outward[0], inward[0])
    for j in range(len(inward) - 1):
        yield _Leg(inward[j], BORDER, inward[j + 1])
