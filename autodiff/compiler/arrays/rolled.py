"""The forward pass in array form, before it is written as assignments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ...gates import Gate
from ..ir import Array, Assign, Expr, Shape
from ..write.names import Names


@dataclass(eq=False)
class Fire:
    """Gates of one kind fire at once, `out.size` of them in an example.

    inputs  by the gate's input names; with the axes of `out` after the rows, shapes broadcast to
        layout "each"     (ROWS, ...): a gate without rows of its own
               "rows"     rows (ROWS, n), single inputs and out (ROWS, 1): one gate over a row
               "grid"     rows (ROWS, ..., n), single inputs and out (ROWS, ...)
               "terms"    the sum of the inputs, each of which broadcasts to (ROWS, ...)
               "product"  a gate that contains Σ left·right: `stack` (ROWS, ..., q, n), `matrix`
                          (..., p, n) or (ROWS, ..., p, n), single inputs and the product
                          (ROWS, ..., q, p), which is `out` in another shape
    mask    where there are gates; elsewhere `fill` is put in. None if the gates fill the box
    """

    out: Array
    gate: Gate
    inputs: dict[str, Expr]
    layout: str
    matrix: str = ""
    stack: str = ""
    p: int = 1
    mask: Expr | None = None
    fill: float = 0.0


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
    beside: Expr | None = None  # what is wanted of every row beside a loss
