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
    with WATCHERS.told(_forget):
        yield


@contextmanager
def enable_grad() -> Iterator[None]:
    """In this block graphs are built again, though `no_grad` is around it."""
    with WATCHERS.untold(_forget):
        yield


def _forget(node: Value) -> None:
    node.gate = node._a = node._b = None
