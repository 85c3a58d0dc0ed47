"""Gates as functions, under the names that NumPy has for them: ``from autodiff import exp, dot``.

Any gate can be had by its name; `autodiff` offers those that are no operators, and softmax, which
is made of two.

>>> from autodiff import Value, dot, maximum
>>> print(dot([Value(1.0), Value(2.0)], [3.0, 4.0]), maximum(2.0, Value(5.0)))
Value(11.0, gate=dot) Value(5.0, gate=max)
"""

from __future__ import annotations

from typing import Any

from .gates import GATES
from .value import Row

_NUMPYS = {"maximum": "max", "minimum": "min"}


def __getattr__(name: str) -> Any:
    gate = GATES.get(_NUMPYS.get(name, name))
    if gate is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return gate.fire


def softmax(logits: Any) -> Any:
    """e^{t_j} / Σ e^{t_s} for each logit: CS229 (7.5); stable for logits of any size.

    A list of Values and numbers gives a list of Values; an array (or data frame) of numbers an
    array, each of its rows by itself.

    >>> from autodiff import Value
    >>> [p.data for p in softmax([Value(0.0), 0.0])]
    [0.5, 0.5]
    """
    if getattr(logits, "ndim", 0) and logits.__array__().dtype != object:
        import numpy as np

        array = np.asarray(logits, dtype=np.float64)
        powers = np.exp(array - array.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    row = Row(logits)
    total = GATES["logsumexp"](row)
    return [(logit - total).exp() for logit in row]
