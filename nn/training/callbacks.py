"""Callbacks: what a user wants done at the beginning, after each epoch, and at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .history import History

__all__ = ["callbacks_of", "tell"]

MOMENTS = ("on_train_begin", "on_epoch_end", "on_train_end")


def callbacks_of(given: Any) -> list[Any]:
    """One or several: functions of the history, which are called after each epoch, or objects
    with methods called as the moments are."""
    several = isinstance(given, Iterable) and not _is_callback(given)
    found = list(given) if several else [given]
    for callback in found:
        if not _is_callback(callback):
            raise TypeError(
                "a callback is a function of the history, or an object with one of the "
                f"methods {', '.join(MOMENTS)}; got {callback!r}"
            )
    return found


def _is_callback(given: Any) -> bool:
    return callable(given) or any(hasattr(given, moment) for moment in MOMENTS)


def tell(callbacks: Sequence[Any], moment: str, history: History) -> str:
    """Call them. Returns the name of one that answered True, which stops training; else "".

    >>> def enough(history):
    ...     return len(history) >= 2
    >>> tell([enough], "on_epoch_end", History())
    ''
    """
    stopping = ""
    for callback in callbacks:
        plain = callback if moment == "on_epoch_end" and callable(callback) else None
        called = getattr(callback, moment, plain)
        if called is not None and called(history) is True:
            stopping = getattr(callback, "__name__", type(callback).__name__)
    return stopping
