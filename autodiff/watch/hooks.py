"""Watching a program build its graph: every node made, and every branch decided by a number.

A hook belongs to the thread that asked for it and is told of that thread's nodes alone. Blocks
may overlap in any order. The engine looks at `WATCHERS` and `BRANCHERS`, which hold the hooks of
all threads: where they are empty, as they nearly always are, nothing else happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["BRANCHERS", "WATCHERS", "Hooks", "branching", "decided", "made", "watching"]


class Hooks(list[tuple[int, Any]]):
    """The hooks of one kind, of all threads, each with the thread that asked for it.

    One comes and goes in a single step of the list, so that Ctrl-C leaves none behind.
    """

    @property
    def here(self) -> list[Any]:
        """Those that this thread has asked for."""
        return [hook for thread, hook in tuple(self) if thread == get_ident()]

    @contextmanager
    def told(self, hook: Callable[..., None] | object) -> Iterator[None]:
        """Have the hook while the block runs."""
        mine = get_ident(), hook
        try:
            self.append(mine)
            yield
        finally:
            if mine in self:
                self.remove(mine)

    def tell(self, *what: Any) -> None:
        """Call the hooks of this thread."""
        own = get_ident()
        for thread, hook in tuple(self):
            if thread == own:
                hook(*what)


WATCHERS, BRANCHERS = Hooks(), Hooks()
made = WATCHERS.tell  # a node has been made
decided = BRANCHERS.tell  # the numbers of these Values decide what comes next


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
    with WATCHERS.told(watch):
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
    with BRANCHERS.told(decide):
        yield
