"""Dropout: while training, numbers are left out at random."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from autodiff import Value
from autodiff.watch.changes import Counting
from autodiff.watch.hooks import BRANCHERS, decided

from ..initialisation import generator
from ..module import Module, Nested, flatten

__all__ = ["Dropout", "dropouts", "training"]


class Dropout(Module):
    """Every number becomes 0 with probability p and is divided by 1 - p otherwise.

    That is so while `training` is set, as `fit` does during its steps; else nothing is changed.
    What it leaves out is drawn anew in every call, so it cannot be compiled while it trains.

    >>> dropout = Dropout(0.5, rng=0)
    >>> [a.data for a in dropout([1.0, 2.0, 3.0, 4.0])]
    [1.0, 2.0, 3.0, 4.0]
    >>> with training(dropout):
    ...     [a.data for a in dropout([1.0, 2.0, 3.0, 4.0])]
    [2.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, p: float = 0.5, *, rng: Any = None) -> None:
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: p is a probability below 1, got {p!r}")
        self.p = p
        self.training = False
        self._random = random.Random(generator(rng).uniform(0, 1))  # its own, so that it copies

    def forward(self, x: Nested) -> Nested:
        """The same shape."""
        if not self.training or not self.p:
            return x
        if BRANCHERS:
            from autodiff import BranchError, CompileError

            try:
                decided(next(flatten(x)))
            except BranchError:
                raise CompileError(
                    f"{self!r} leaves other numbers out in every call, a compiled program always "
                    "the same; train it with engine='eager'"
                ) from None
        return self._each(x)

    def _each(self, nested: Nested) -> Nested:
        if not isinstance(nested, Value):
            return [self._each(part) for part in nested]
        return nested * (0.0 if self._random.uniform(0, 1) < self.p else 1 / (1 - self.p))

    def extra_repr(self) -> str:
        """The probability."""
        return repr(self.p)


def dropouts(*models: Any) -> list[Dropout]:
    """All that are in them."""
    walks = (model.modules() for model in models if isinstance(model, Module))
    return [m for walk in walks for _, m in walk if isinstance(m, Dropout)]


@contextmanager
def training(*models: Any) -> Iterator[None]:
    """While the block runs, the models' dropouts leave numbers out."""
    idle = [dropout for dropout in dropouts(*models) if not dropout.training]
    back = map(object.__setattr__, idle, repeat("training"), repeat(False))
    try:
        for dropout in idle:
            dropout.training = True
        yield
    finally:
        deque(back, maxlen=0)  # in one step: Ctrl-C leaves no layer behind
        Counting.changes += 1
