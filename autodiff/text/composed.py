"""Functions that are no gate of their own but a few gates, under the names that people type."""

from __future__ import annotations

import math
from collections.abc import Callable

from ..gates import GATES
from ..value import Row, Value

__all__ = ["COMPOSED", "OF_ROWS"]

COMPOSED: dict[str, Callable[[Value], Value]] = {
    "tan": lambda a: a.sin() / a.cos(),
    "sinh": lambda a: (a.exp() - (-a).exp()) / 2,
    "cosh": lambda a: (a.exp() + (-a).exp()) / 2,
    "log2": lambda a: a.log() / math.log(2),
    "log10": lambda a: a.log() / math.log(10),
}


def softmax(row: Row) -> Row:
    """e^a / Σ e^a for each a of a row.

    >>> [round(p.data, 4) for p in softmax(Row([Value(0.0), Value(math.log(3))]))]
    [0.25, 0.75]
    """
    total = GATES["logsumexp"](row)
    return Row((a - total).exp() for a in row)


OF_ROWS: dict[str, Callable[[Row], Row]] = {softmax.__name__: softmax}
