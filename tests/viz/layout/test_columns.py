"""Where boxes and wires lie."""

from itertools import pairwise

import pytest

from viz.layout import columns
from viz.layout.columns import Box, Layout, Wire, place

ROOM = (10.0, 26.0, 10.0, 10.0)


def boxes(count: int, ports: int = 1, frames: tuple[int, ...] = ()) -> list[Box]:
    ins = [(0.0, 20.0 * (k + 1) / (ports + 1)) for k in range(ports)]
    homes = frames or (-1,) * count
    return [Box(30, 20, ins, 10.0, frame=frame) for frame in homes]


def ends(laid: Layout, wire: int) -> tuple[tuple[float, float], tuple[float, float]]:
    return laid.wires[wire][0], laid.wires[wire][-1]


def test_inputs_stand_in_the_order_of_their_reader_whatever_the_order_of_the_graph() -> None:
    four = boxes(4, ports=3)
    laid = place(four, [Wire(2, 3, 0), Wire(0, 3, 1), Wire(1, 3, 2)])
    heights = [laid.boxes[k][1] for k in (2, 0, 1)]
    assert heights == sorted(heights)
    assert {laid.boxes[k][0] for k in (0, 1, 2)} == {0.0}
    assert laid.boxes[3][0] > 30


def test_a_chain_is_level() -> None:
    laid = place(boxes(5), [Wire(k, k + 1, 0) for k in range(4)])
    assert {y for _, y in laid.boxes} == {0.0}
    xs = [x for x, _ in laid.boxes]
    assert all(b - a >= 30 + columns.GAP for a, b in pairwise(xs))


def test_a_wire_has_a_lane_past_what_stands_in_its_way() -> None:
    """0 → 1 → 2 → 3 and 0 → 3: the long wire keeps out of boxes 1 and 2."""
    four = boxes(4, ports=2)
    laid = place(four, [Wire(0, 1, 0), Wire(1, 2, 0), Wire(2, 3, 0), Wire(0, 3, 1)])
    for k in (1, 2):
        x, y = laid.boxes[k]
        levels = [b for a, b in laid.wires[3] if x <= a <= x + 30]
        assert levels
        assert all(not y <= level <= y + 20 for level in levels)


def test_frames_hold_what_is_theirs_and_wires_enter_below_their_title() -> None:
    four = boxes(4, frames=(-1, 0, 1, -1))
    wires = [Wire(0, 1, 0), Wire(1, 2, 0), Wire(2, 3, 0)]
    laid = place(four, wires, [-1, 0], [(200.0, 0.0), (0.0, 0.0)], ROOM)
    ((x, y, w, h),), ((a, b, c, d),) = laid.frames
    assert w >= 200
    assert x < a
    assert y + ROOM[1] <= b
    assert a + c < x + w
    assert b + d < y + h
    for k, (left, top, wide, high) in ((1, laid.frames[0][0]), (2, laid.frames[1][0])):
        bx, by = laid.boxes[k]
        assert left < bx < bx + 30 < left + wide
        assert top + ROOM[1] <= by < by + 20 < top + high
    for k, (tail, head) in enumerate(((0, 1), (1, 2), (2, 3))):
        begin, end = ends(laid, k)
        assert begin == (laid.boxes[tail][0] + 30, laid.boxes[tail][1] + 10)
        assert end == (laid.boxes[head][0], laid.boxes[head][1] + 10)


def test_frames_in_a_circle_are_dissolved() -> None:
    """What is in the frame reads from outside what reads from the frame."""
    three = boxes(3, frames=(0, -1, 0))
    laid = place(three, [Wire(0, 1, 0), Wire(1, 2, 0)], [-1], [(0.0, 0.0)], ROOM)
    assert laid.frames == [[]]
    assert laid.boxes[0][0] < laid.boxes[1][0] < laid.boxes[2][0]


def test_where_lanes_are_short_the_longest_wires_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    wires = [Wire(0, 1, 0), Wire(1, 2, 0), Wire(2, 3, 0), Wire(0, 3, 1)]
    with_lanes = place(boxes(4, ports=2), wires)
    monkeypatch.setattr(columns, "LANES", 1)
    without = place(boxes(4, ports=2), wires)
    assert len(without.wires[3]) < len(with_lanes.wires[3])
    begin, end = ends(without, 3)
    assert begin == (without.boxes[0][0] + 30, without.boxes[0][1] + 10)
    assert end[0] == without.boxes[3][0]


def test_equal_inputs_give_equal_layouts() -> None:
    wires = [Wire(0, 2, 0), Wire(1, 2, 1), Wire(0, 3, 0), Wire(2, 3, 1)]
    assert place(boxes(4, ports=2), wires) == place(boxes(4, ports=2), wires)
