"""A picture in lines of a given width."""

from itertools import pairwise

from viz.layout.columns import Box, Layout, Point, Wire, place
from viz.layout.lines import wrap

ROOM = (10.0, 26.0, 10.0, 10.0)


def chain(count: int) -> tuple[list[Box], list[Wire]]:
    """Gates in a row, each of which reads the one before and a number of its own."""
    gates = [Box(30, 20, [(0.0, 5.0), (0.0, 15.0)], 10.0) for _ in range(count)]
    numbers = [Box(10, 10, (), 5.0, loose=True) for _ in range(count)]
    wires = [Wire(k, k + 1, 0) for k in range(count - 1)]
    return gates + numbers, wires + [Wire(count + k, k, 1) for k in range(count)]


def in_lines(boxes: list[Box], wires: list[Wire], width: float) -> Layout:
    return wrap(boxes, wires, [], [], ROOM, width)


def uprights(points: list[Point]) -> list[tuple[Point, Point]]:
    return [(a, b) for a, b in pairwise(points) if a[0] == b[0] and a[1] != b[1]]


def test_what_fits_is_left_alone() -> None:
    boxes, wires = chain(4)
    assert in_lines(boxes, wires, 1000) == place(boxes, wires, [], [], ROOM)


def test_lines_are_as_wide_as_was_asked_for() -> None:
    boxes, wires = chain(20)
    for width in (200, 300, 600):
        laid = in_lines(boxes, wires, width)
        assert laid.width <= width
        assert all(x + box.width <= width for (x, _), box in zip(laid.boxes, boxes, strict=True))
        assert all(0 <= x <= width for points in laid.wires for x, _ in points)


def test_the_order_of_the_gates_is_that_of_reading() -> None:
    """Each gate stands right of the one before, or in a line below."""
    boxes, wires = chain(20)
    laid = in_lines(boxes, wires, 300)
    below = [
        laid.boxes[k][1] + 20 < laid.boxes[k + 1][1] and laid.boxes[k][0] > laid.boxes[k + 1][0]
        for k in range(19)
    ]
    assert 1 < sum(below) < 10
    assert all(laid.boxes[k][0] < laid.boxes[k + 1][0] for k in range(19) if not below[k])


def test_a_number_stands_in_the_line_of_its_reader() -> None:
    boxes, wires = chain(20)
    laid = in_lines(boxes, wires, 300)
    for wire in wires[19:]:
        assert laid.boxes[wire.tail][0] < laid.boxes[wire.head][0]
        assert uprights(laid.wires[wires.index(wire)]) == []


def test_wires_that_change_lines_do_not_cross() -> None:
    """Three chains side by side: what is outside on the right is outside on the left."""
    count = 8
    boxes = [Box(30, 20, [(0.0, 10.0)], 10.0) for _ in range(3 * count)]
    boxes.append(Box(30, 60, [(0.0, 10.0), (0.0, 30.0), (0.0, 50.0)], 30.0))
    wires = [Wire(k, k + 3, 0) for k in range(3 * count - 3)]
    wires += [Wire(3 * count - 3 + j, 3 * count, j) for j in range(3)]
    laid = in_lines(boxes, wires, 300)
    turning = [points for points in laid.wires if len(uprights(points)) == 2]
    assert len(turning) % 3 == 0
    assert len(turning) > 3
    for upper, lower in pairwise(turning[:3]):
        (right, down), (left, _) = (piece[0] for piece in uprights(upper))
        (inner, _), (outer, _) = (piece[0] for piece in uprights(lower))
        assert right > inner
        assert left > outer
        assert down < uprights(lower)[0][0][1]


def test_a_frame_has_a_piece_in_each_line() -> None:
    boxes, wires = chain(12)
    for box in boxes:
        box.frame = 0
    laid = wrap(boxes, wires, [-1], [(50.0, 0.0)], ROOM, 300)
    (pieces,) = laid.frames
    assert len(pieces) > 2
    assert all(a[1] + a[3] < b[1] for a, b in pairwise(pieces))
    for (x, y), box in zip(laid.boxes, boxes, strict=True):
        assert any(
            a < x and x + box.width < a + w and b + ROOM[1] <= y and y + box.height < b + h
            for a, b, w, h in pieces
        )


def test_a_wire_passes_lines_that_do_not_read_it() -> None:
    """The first gate's value is read by the last."""
    boxes, wires = chain(20)
    wires[-1] = Wire(0, 19, 1)
    laid = in_lines(boxes, wires, 300)
    lines = 1 + sum(b[0] < a[0] for a, b in pairwise(laid.boxes[:20]))
    assert lines > 3
    assert len(uprights(laid.wires[-1])) == 2 * (lines - 1)
