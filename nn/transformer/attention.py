"""Attention: every position takes a mean of the others' values, weighted by how well they match."""

from __future__ import annotations

import math
from typing import Any

from autodiff import GATES, Row, Value

from ..activations import softmax
from ..checks import count
from ..initialisation import Init, generator
from ..layers import Layer
from ..module import Module, Nested, as_nodes, flatten
from ..report.options import signature

__all__ = ["AttentionHead", "SelfAttention"]

_dot = GATES["dot"].fire


class AttentionHead(Module):
    """softmax(q · k / √n) v: what each position gathers from those that it sees.

    causal  position t sees positions 0 to t only

    Takes queries, keys and values, a list of rows each, and gives a list of rows.

    >>> head = AttentionHead()
    >>> [[a.data for a in row] for row in head([[1.0], [0.0]], [[1.0], [1.0]], [[2.0], [4.0]])]
    [[2.0], [3.0]]
    """

    def __init__(self, causal: bool = True) -> None:
        self.causal = causal

    def weights(self, queries: Nested, keys: Nested) -> list[Row]:
        """For each position, how much of each position that it sees it takes; their sum is 1."""
        scale = math.sqrt(len(keys[0]))
        return [
            Row(softmax([_dot(query, key) / scale for key in (keys[:t] if self.causal else keys)]))
            for t, query in enumerate(queries, start=1)
        ]

    def forward(self, queries: Nested, keys: Nested, values: Nested) -> Nested:
        """One row for each query."""
        columns = [Row(column) for column in zip(*values, strict=True)]
        return [
            [_dot(weights, Row(column[: len(weights)])) for column in columns]
            for weights in self.weights(queries, keys)
        ]

    def extra_repr(self) -> str:
        """What is not as by default."""
        return signature(self)


class SelfAttention(Module):
    """Multi-head self-attention: `torch.nn.MultiheadAttention` of a sequence with itself.

    width      numbers in a position's row; each of the `heads` has width / heads of them
    causal     a position sees itself and those before it
    bias       False: the four matrices alone
    init, rng  see `Layer`

    Takes a list of rows, one for each position, and gives as many. Its state dict has PyTorch's
    names: the matrices of queries, keys and values stand below each other in `in_proj_weight`.

    >>> attention = SelfAttention(4, heads=2, rng=0)
    >>> rows = attention([[1.0, 0.0, 0.5, 0.2], [0.0, 1.0, 0.1, 0.3]])
    >>> len(rows), len(rows[0]), list(attention.state_dict())
    (2, 4, ['in_proj_weight', 'in_proj_bias', 'out_proj.weight', 'out_proj.bias'])
    """

    def __init__(
        self,
        width: int,
        heads: int = 1,
        causal: bool = True,
        *,
        bias: bool = True,
        init: Init = None,
        rng: Any = None,
    ) -> None:
        width, heads = count("width", width), count("heads", heads)
        if width % heads:
            raise ValueError(
                f"SelfAttention: a width of {width} cannot be shared out among {heads} heads; "
                "it must be a multiple of them"
            )
        rng = generator(rng)
        self.width, self.heads, self.causal, self.bias = width, heads, causal, bias
        self.query, self.key, self.value, self.out_proj = (
            Layer(width, width, bias=bias, init=init, rng=rng) for _ in range(4)
        )
        self.query.label_parameters("wq", "bq")
        self.key.label_parameters("wk", "bk")
        self.value.label_parameters("wv", "bv")
        self.attend = [AttentionHead(causal) for _ in range(heads)]

    def forward(self, z: Nested) -> Nested:
        """A list of rows in, a list of rows out."""
        heads = zip(self.attend, self._shared_out(z), strict=True)
        gathered = [head(*parts) for head, parts in heads]
        return [
            list(flatten(self.out_proj(list(flatten(row))))) for row in zip(*gathered, strict=True)
        ]

    def weights(self, z: Nested) -> list[list[list[float]]]:
        """For each head and position, how much it takes of each position; 0 of what it cannot see.

        >>> attention = SelfAttention(2, init="zeros")
        >>> attention.weights([[1.0, 0.0], [0.0, 1.0]])
        [[[1.0, 0.0], [0.5, 0.5]]]
        """
        found = []
        for head, (queries, keys, _) in zip(
            self.attend, self._shared_out(as_nodes(z)), strict=True
        ):
            rows = [[weight.data for weight in row] for row in head.weights(queries, keys)]
            found.append([row + [0.0] * (len(keys) - len(row)) for row in rows])
        return found

    def _shared_out(self, z: Nested) -> list[list[list[Row]]]:
        """For each head its part of the queries, keys and values."""
        if isinstance(z, Value | Row):
            raise ValueError(
                f"{self!r} expects a list of positions, each a row of {self.width}, got a flat one"
            )
        projected = [
            [Row(flatten(layer(row))) for row in z] for layer in (self.query, self.key, self.value)
        ]
        size = self.width // self.heads
        return [
            [[Row(row[start : start + size]) for row in rows] for rows in projected]
            for start in range(0, self.width, size)
        ]

    def parts(self) -> dict[str, Any]:
        """As in PyTorch."""
        neurons = [n for part in (self.query, self.key, self.value) for n in part.neurons]
        return {
            "in_proj_weight": [neuron.w for neuron in neurons],
            "in_proj_bias": [neuron.b for neuron in neurons],
            "out_proj": self.out_proj,
        }

    def extra_repr(self) -> str:
        """Its sizes, and what is not as by default."""
        return signature(self)
