"""Callbacks: what a user wants done after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .history import History

__all__ = ["Callbacks"]

MOMENTS = ("on_train_begin", "on_epoch_end", "on_train_end")


class Callbacks:
    """Functions of the history, which are called after each epoch, or objects with methods
    called as the moments are.

    >>> seen = []
    >>> callbacks = Callbacks(lambda history: seen.append(len(history)))
    >>> callbacks.on_train_begin(History()), callbacks.on_epoch_end(History()), seen
    (None, '', [0])
    """

    def __init__(self, given: Any) -> None:
        several = isinstance(given, Iterable) and not _is_callback(given)
        self._all = [] if given is None else list(given) if several else [given]
        for callback in self._all:
            if not _is_callback(callback):
                raise TypeError(
                    "a callback is a function of the history, or an object with one of the "
                    f"methods {', '.join(MOMENTS)}; got {callback!r}"
                )

    def on_train_begin(self, history: History) -> None:
        """Before the first epoch."""
        self._call("on_train_begin", history)

    def on_epoch_end(self, history: History) -> str:
        """After each epoch; the name of one that wants training to stop, else ""."""
        return self._call("on_epoch_end", history)

    def on_train_end(self, history: History) -> None:
        """After training, when the model has its parameters."""
        self._call("on_train_end", history)

    def _call(self, moment: str, history: History) -> str:
        stopping = ""
        for callback in self._all:
            method: Callable[[History], Any] | None = getattr(callback, moment, None)
            if method is None and moment == "on_epoch_end" and callable(callback):
                method = callback
            if method is not None and method(history) is True:
                stopping = getattr(callback, "__name__", type(callback).__name__)
        return stopping


def _is_callback(given: Any) -> bool:
    return callable(given) or any(hasattr(given, moment) for moment in MOMENTS)
