"""A transformer's block: attention and a small network at each position, around shortcuts."""

from __future__ import annotations

from typing import Any

from autodiff import Value

from ..activations import ActivationLike, resolve
from ..checks import count
from ..initialisation import Init, generator
from ..layers import Layer
from ..module import Module, Nested
from ..normalisation import LayerNorm, RMSNorm
from ..report.options import signature
from ..sequential import Residual, Sequential
from .attention import SelfAttention
from .dropout import Dropout

__all__ = ["Positionwise", "TransformerBlock"]

_NORMS = {"layer": LayerNorm, "rms": RMSNorm}


class Positionwise(Sequential):
    """Modules one after another, applied to each position of a sequence by itself.

    >>> rows = Positionwise(Layer(2, 3, init="zeros"))([[1.0, 2.0], [3.0, 4.0]])
    >>> [len(row) for row in rows]
    [3, 3]
    """

    def forward(self, x: Nested) -> Nested:
        """A list of rows in, a list of rows out."""
        rows = map(super().forward, x)
        return [[row] if isinstance(row, Value) else row for row in rows]


class TransformerBlock(Module):
    """z + attention(norm(z)), then z + mlp(norm(z)): PyTorch's TransformerEncoderLayer with
    `norm_first=True`, whose names its state dict has.

    width, heads, causal, bias  see `SelfAttention`
    hidden                      width between the two layers of the mlp; None: 4 · width
    nonlinearity                between these: an activation as in `Layer`
    norm                        "layer" or "rms": see `LayerNorm` and `RMSNorm`
    dropout                     the share of numbers that are left out while training
    init, rng                   see `Layer`

    >>> block = TransformerBlock(4, heads=2, rng=0)
    >>> rows = block([[1.0, 0.0, 0.5, 0.2], [0.0, 1.0, 0.1, 0.3]])
    >>> len(rows), len(rows[0]), list(block.state_dict())[-4:]
    (2, 4, ['norm1.weight', 'norm1.bias', 'norm2.weight', 'norm2.bias'])
    """

    def __init__(
        self,
        width: int,
        heads: int = 1,
        causal: bool = True,
        *,
        hidden: int | None = None,
        nonlinearity: ActivationLike = "relu",
        norm: str = "layer",
        bias: bool = True,
        dropout: float = 0.0,
        init: Init = None,
        rng: Any = None,
    ) -> None:
        if norm not in _NORMS:
            raise ValueError(f"TransformerBlock: norm is 'layer' or 'rms', got {norm!r}")
        rng = generator(rng)
        width, heads = count("width", width), count("heads", heads)
        hidden = hidden if hidden is None else count("hidden", hidden)
        self.width, self.heads, self.causal, self.bias = width, heads, causal, bias
        self.hidden, self.norm, self.dropout = hidden, norm, dropout
        self.nonlinearity = resolve(nonlinearity)
        inner = 4 * width if hidden is None else hidden
        self.self_attn = SelfAttention(width, heads, causal, bias=bias, init=init, rng=rng)
        self.linear1 = Layer(width, inner, nonlinearity, bias=bias, init=init, rng=rng)
        self.linear2 = Layer(inner, width, bias=bias, init=init, rng=rng)
        self.norm1, self.norm2 = _NORMS[norm](width), _NORMS[norm](width)
        self.drops = [Dropout(dropout, rng=rng) for _ in range(3)]
        first, second, third = self.drops
        self.body = Sequential(
            Residual(Positionwise(self.norm1), self.self_attn, first),
            Residual(Positionwise(self.norm2, self.linear1, second, self.linear2, third)),
        )

    def forward(self, z: Nested) -> Nested:
        """A list of rows in, a list of rows out."""
        return self.body(z)

    def parts(self) -> dict[str, Any]:
        """As in PyTorch."""
        names = ("self_attn", "linear1", "linear2", "norm1", "norm2", "drops")
        return {name: getattr(self, name) for name in names}

    def extra_repr(self) -> str:
        """Its sizes, and what is not as by default."""
        return signature(self)
