"""Embedding: a row of parameters for each token."""

from __future__ import annotations

from typing import Any

from autodiff import GATES, Constant, Row, Value

from ..activations import IDENTITY
from ..checks import count
from ..initialisation import Init, generator, initialiser
from ..module import TABLES, Module, Nested
from ..report.options import signature

__all__ = ["Embedding"]


class Embedding(Module):
    """Row number t of a table of parameters, for a token t: `torch.nn.Embedding`.

    tokens     how many there are
    width      numbers in a row
    init, rng  see `Layer`; None: a normal distribution of variance 1, as in PyTorch

    Takes a whole number and gives a list of `width` Values, or takes a (nested) list of numbers
    and gives one such list for each. A token that is a Value, data of a compiled function, picks
    its row by gates: Σ_k (t = k) · row k; the compiled program looks it up.

    >>> table = Embedding(3, 2, init="zeros")
    >>> table.load_state_dict({"weight": [[0, 1], [2, 3], [4, 5]]})
    >>> [[a.data for a in row] for row in table([2, 0])]
    [[4.0, 5.0], [0.0, 1.0]]
    >>> table(3)
    Traceback (most recent call last):
        ...
    ValueError: Embedding(3, 2): token 3.0 is not one of the whole numbers 0 to 2
    """

    def __init__(self, tokens: int, width: int, *, init: Init = None, rng: Any = None) -> None:
        self.tokens = tokens = count("tokens", tokens)
        self.width = width = count("width", width)
        draw = initialiser("normal" if init is None else init, IDENTITY, tokens, width)
        rng = generator(rng)
        self.weight = [
            Row([Value(draw(rng), label=f"e[{t},{i}]") for i in range(width)])
            for t in range(tokens)
        ]

    def forward(self, x: Nested) -> Nested:
        """The row of a token, or of each in a nested list."""
        if not isinstance(x, Value):
            return [self.forward(token) for token in x]
        if x.data not in range(self.tokens):
            raise ValueError(
                f"{self!r}: token {x.data!r} is not one of the whole numbers 0 to {self.tokens - 1}"
            )
        TABLES.add(self)
        if isinstance(x, Constant):
            return list(self.weight[int(x.data)])
        chosen = Row([GATES["equal"](x, k) for k in range(self.tokens)])
        return [GATES["dot"](chosen, column) for column in zip(*self.weight, strict=True)]

    def extra_repr(self) -> str:
        """Its sizes."""
        return signature(self)
