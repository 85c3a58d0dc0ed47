"""Watching a program build its graph: every node made, and every branch decided by a number.

A hook belongs to the thread that asked for it and is told of that thread's nodes alone. Blocks
may overlap in any order. The engine looks at `WATCHERS` and `BRANCHERS`, which hold the hooks of
all threads: where they are empty, as they nearly always are, nothing else happens.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["BRANCHERS", "WATCHERS", "branching", "decided", "made", "watching"]

WATCHERS: list[Callable[..., None]] = []
BRANCHERS: list[Callable[..., None]] = []


class _OfThisThread(threading.local):
    def __init__(self) -> None:
        self.watchers: list[Callable[..., None]] = []
        self.branchers: list[Callable[..., None]] = []


_here = _OfThisThread()


@contextmanager
def watching(watch: Callable[[Value], None]) -> Iterator[None]:
    """Call `watch(node)` for every node that this thread makes while the block runs.

    Gates, leaves and constants alike. This is how the compiler traces a function and how
    `detect_anomaly` finds the line that made a NaN. Watchers nest: the outer one is told first.

    >>> from autodiff import Value
    >>> made = []
    >>> with watching(made.append):
    ...     y = Value(2.0) * 3.0
    >>> made
    [Value(2.0), Constant(3.0), Value(6.0, gate=mul)]
    """
    with _hooked(watch, WATCHERS, _here.watchers):
        yield


@contextmanager
def branching(decide: Callable[..., None]) -> Iterator[None]:
    """Call `decide(*values)` before a comparison in this thread looks at the Values' numbers.

    `values` are the sides of ``<``, ``<=``, ``>``, ``>=`` that are Values, the Value that is
    compared with a number by ``==`` or ``!=``, or the one whose truth is asked. Python's own
    `max`, `min` and `sorted` compare with ``<`` and ``>``.

    >>> from autodiff import Value
    >>> x = Value(2.0)
    >>> with branching(lambda *values: print("decides by", *values)):
    ...     larger = max(x, 1.0)
    decides by Value(2.0)
    """
    with _hooked(decide, BRANCHERS, _here.branchers):
        yield


@contextmanager
def _hooked(hook: Callable[..., None], *lists: list[Callable[..., None]]) -> Iterator[None]:
    for hooks in lists:
        hooks.append(hook)
    try:
        yield
    finally:
        for hooks in lists:
            hooks.remove(hook)


def made(node: Value) -> None:
    """Tell the watchers of this thread that `node` has been made."""
    for watch in tuple(_here.watchers):
        watch(node)


def decided(*sides: Any) -> None:
    """Tell the hooks of this thread that the numbers of `sides` decide what comes next."""
    for decide in tuple(_here.branchers):
        decide(*sides)
