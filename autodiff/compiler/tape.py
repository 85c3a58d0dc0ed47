"""A Wengert list."""

from __future__ import annotations

from collections.abc import Sequence

from ..value import Value
from .trace import Trace


class Tape:
    """One example's graph as a Wengert list."""

    def __init__(self, traced: Trace, parameters: Sequence[Value]) -> None:
        self.traced = traced
        self.parameters = parameters
