"""The forward pass in array form, before it is written as assignments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ...gates import Gate
from ..ir import Array, Assign, Expr, Shape
from ..write.names import Names


@dataclass(eq=False)
class Fire:
    """`out.size` gates of one kind fire at once.

    inputs  by the gate's input names; shapes broadcast to
        layout "each"     (ROWS, m): a gate without rows of its own
               "rows"     rows (ROWS, n), single inputs and out (ROWS, 1): one gate over a row
               "grid"     rows (ROWS, m, n), single inputs and out (ROWS, m)
               "terms"    the sum of the inputs, each of which broadcasts to (ROWS, m)
               "product"  a gate that contains Σ left·right, for every pair of Q left vectors
                          and P right ones: `stack` (ROWS, Q, n) or (ROWS, n) for Q = 1, `matrix`
                          (P, n); single inputs (ROWS, Q, P); out (ROWS, Q·P)
    """

    out: Array
    gate: Gate
    inputs: dict[str, Expr]
    layout: str
    matrix: str = ""
    stack: str = ""
    q: int = 1
    p: int = 1
    layer: int = 0


Step: TypeAlias = Fire | Assign


@dataclass
class Rolled:
    """The forward pass in array form."""

    inputs: list[Array]
    parameters: list[Assign]
    steps: list[Step]
    output: Expr
    theta_size: int
    names: Names
    row_shapes: list[Shape]
    gates: int = 0
    unrolled: list[str] = field(default_factory=list)  # what had to be picked one by one
