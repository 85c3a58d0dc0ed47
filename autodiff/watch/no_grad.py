"""Computing without a graph, as PyTorch users know it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .hooks import WATCHERS

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["enable_grad", "no_grad"]


@contextmanager
def no_grad() -> Iterator[None]:
    """In this block, and in this thread, gates give leaves: nothing is kept to go back to.

    Also as a decorator, ``@no_grad()``. For one number there is `Value.detach`.

    >>> from autodiff import Value
    >>> w = Value(2.0)
    >>> with no_grad():
    ...     y = w * 3.0
    >>> y, y.parents
    (Value(6.0), ())
    """
    with WATCHERS.told(_Mode(keeps=False)):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """In this block graphs are built again, though `no_grad` is around it."""
    if not _modes():
        yield
        return
    with WATCHERS.told(_Mode(keeps=True)):
        yield


class _Mode:
    """A block of one of the two kinds; the innermost says what is kept of a node."""

    def __init__(self, keeps: bool) -> None:
        self.keeps = keeps

    def __call__(self, node: Value) -> None:
        if not _modes()[-1].keeps:
            node.gate = node._a = node._b = None


def _modes() -> list[_Mode]:
    return [hook for hook in WATCHERS.here if isinstance(hook, _Mode)]
