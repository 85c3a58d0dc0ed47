"""Watching and branching: whoever asks is told of what its own thread does, and of no other."""

import contextlib
import inspect
import itertools
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import Any

import pytest

from autodiff import Constant, Value, watching
from autodiff.watch.hooks import BRANCHERS, WATCHERS, Hooks, branching


def in_a_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_a_watcher_sees_its_own_thread_only() -> None:
    here: list[Value] = []
    there: list[Value] = []

    def other() -> None:
        Value(1.0) * 2.0
        with watching(there.append):
            Value(3.0)

    with watching(here.append):
        Value(4.0)
        in_a_thread(other)
        Value(5.0)
    assert [v.data for v in here] == [4.0, 5.0]
    assert [v.data for v in there] == [3.0]


def test_blocks_that_overlap_in_two_threads_leave_nobody_watching() -> None:
    """One begins, the other begins, the first ends, the second ends."""
    entered, left = threading.Event(), threading.Event()
    seen: list[Value] = []

    def other() -> None:
        with watching(seen.append):
            entered.set()
            left.wait(10)

    thread = threading.Thread(target=other)
    with watching(seen.append):
        thread.start()
        entered.wait(10)
    left.set()
    thread.join()
    Value(1.0)
    assert not seen
    assert not WATCHERS


def test_blocks_that_overlap_in_one_thread_end_in_any_order() -> None:
    first: list[Value] = []
    second: list[Value] = []
    one, two = ExitStack(), ExitStack()
    one.enter_context(watching(first.append))
    two.enter_context(watching(second.append))
    Value(1.0)
    one.close()
    Value(2.0)
    two.close()
    Value(3.0)
    assert [v.data for v in first] == [1.0]
    assert [v.data for v in second] == [1.0, 2.0]


def test_a_watcher_may_stop_while_gates_fire_in_another_thread() -> None:
    """That somebody watches is found once; nothing is called that has gone in between."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def fire() -> None:
        x = Value(1.0)
        try:
            while not stop.is_set():
                x * 2.0
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=fire) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(2000):
        with watching(lambda node: None):
            pass
    stop.set()
    for thread in threads:
        thread.join()
    assert not errors


x, y, constant = Value(2.0), Value(3.0), Constant(4.0)


@pytest.mark.parametrize(
    ("compare", "told"),
    [
        (lambda: x < y, [(x, y)]),
        (lambda: x >= constant, [(constant, x)]),
        (lambda: x <= 1.0, [(x,)]),
        (lambda: x < 1, [(x,)]),
        (lambda: x < x, [(x, x)]),
        (lambda: bool(x), [(x,)]),
        (lambda: 1.0 if not x else 2.0, [(x,)]),
        (lambda: x == 1, [(x,)]),
        (lambda: 2.0 != x, [(x,)]),
        (lambda: x in (0, 1), [(x,), (x,)]),
        (lambda: max(x, y), [(y, x)]),
        (lambda: min([x, y]), [(y, x)]),
        (lambda: sorted([x, y]), [(y, x)]),
        (lambda: x == y, []),
        (lambda: x == x, []),
        (lambda: x == "two", []),
        (lambda: x in {x: 1}, []),
        (lambda: x + y, []),
    ],
)
def test_a_comparison_tells_both_its_sides(
    compare: Callable[[], Any], told: list[tuple[Value, ...]]
) -> None:
    """Equality of two Values is identity and no number decides it."""
    heard: list[tuple[Value, ...]] = []
    with branching(lambda *values: heard.append(values)):
        compare()
    assert [tuple(map(id, values)) for values in heard] == [tuple(map(id, v)) for v in told]
    assert not BRANCHERS


def test_equality_with_a_number_stays_identity() -> None:
    one = Value(1.0)
    assert (one == 1.0) is False
    assert one != 1.0
    assert one == one
    assert len({one, one, Value(1.0)}) == 2
    with branching(lambda *values: None):
        assert (one == 1.0) is False


def test_a_branch_is_told_in_its_own_thread_only() -> None:
    heard: list[Any] = []
    with branching(lambda *values: heard.append(values)):
        in_a_thread(lambda: x < y)
    assert not heard


class Interrupt:
    """Ctrl-C at the n-th call, or end of one, in the code of hooks: there Python looks for it."""

    files = (sys.modules[Hooks.__module__].__file__, contextlib.__file__)

    def __init__(self, n: int) -> None:
        self.left = n

    def __call__(self, frame: FrameType, event: str, _: object) -> Any:
        yields = event == "return" and frame.f_code.co_flags & inspect.CO_GENERATOR
        here = frame.f_code.co_filename in self.files
        if event in ("call", "return") and here and not yields:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("before", [0, 2])
def test_an_interrupt_leaves_the_hooks_as_they_were(before: int) -> None:
    for n in itertools.count():
        hooks = Hooks()
        with ExitStack() as around:
            for _ in range(before):
                around.enter_context(hooks.told(print))
            asked, tracing = list(hooks), sys.gettrace()
            sys.settrace(Interrupt(n))
            try:
                with hooks.told(print):
                    pass
            except KeyboardInterrupt:
                stopped = True
            else:
                stopped = False
            finally:
                sys.settrace(tracing)
            assert list(hooks) == asked, f"interrupted at event {n}"
        if not stopped:
            break
    assert n > 5
