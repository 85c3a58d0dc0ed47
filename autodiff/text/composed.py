"""Functions that are no gate of their own but a few gates, under the names that people type."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..functions import softmax
from ..value import Row, Value

__all__ = ["COMPOSED", "OF_ROWS"]

COMPOSED: dict[str, Callable[[Value], Value]] = {
    "tan": lambda a: a.sin() / a.cos(),
    "sinh": lambda a: (a.exp() - (-a).exp()) / 2,
    "cosh": lambda a: (a.exp() + (-a).exp()) / 2,
    "log2": lambda a: a.log() / math.log(2),
    "log10": lambda a: a.log() / math.log(10),
}


OF_ROWS: dict[str, Callable[[Row], list[Value]]] = {softmax.__name__: softmax}
