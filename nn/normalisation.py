"""Normalisation: every example's numbers brought to one size."""

from __future__ import annotations

from autodiff import GATES, Value

from .checks import count
from .module import Module, Nested, as_inputs
from .report.options import signature

__all__ = ["LayerNorm", "RMSNorm"]


class LayerNorm(Module):
    """β + γ · (z - μ̂) / σ̂, per example: CS229 (7.40)-(7.41).

    n     number of elements
    eps   added to the variance, as in PyTorch; 0 for the formula to the letter

    σ̂² divides by n (not n - 1). Both μ̂ and σ̂ are functions of z when differentiating. γ (named
    `weight`, from 1) and β (`bias`, from 0) are parameters; `affine=False` leaves them out: LN-S.

    >>> norm = LayerNorm(4, eps=0.0)
    >>> [round(a.data, 4) for a in norm([1.0, 2.0, 3.0, 4.0])]
    [-1.3416, -0.4472, 0.4472, 1.3416]
    """

    def __init__(self, n: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        self.n, self.eps = count("n", n), eps
        if affine:
            self.weight = [Value(1.0, label=f"γ[{i}]") for i in range(n)]
            self.bias = [Value(0.0, label=f"β[{i}]") for i in range(n)]
        self.affine = affine

    def forward(self, z: Nested) -> Nested:
        """A row of n in, a list of n out (a Value if n is 1)."""
        z = as_inputs(self, z, self.n)
        mean = GATES["mean"]
        centre = mean(z)
        shifted = [a - centre for a in z]
        deviation = (mean([s * s for s in shifted]) + self.eps).sqrt()
        out = [s / deviation for s in shifted]
        if self.affine:
            out = [b + g * a for a, g, b in zip(out, self.weight, self.bias, strict=True)]
        return out if len(out) > 1 else out[0]

    def extra_repr(self) -> str:
        """Its size, and what is not as by default."""
        return signature(self)


class RMSNorm(Module):
    """γ · z / √(mean of z² + ε), per example: LayerNorm without the mean and without β.

    n     number of elements
    eps   added to the mean of squares

    γ (named `weight`, from 1) is a parameter; `affine=False` leaves it out.

    >>> norm = RMSNorm(2, eps=0.0)
    >>> [round(a.data, 4) for a in norm([3.0, 4.0])]
    [0.8485, 1.1314]
    """

    def __init__(self, n: int, eps: float = 1e-5, *, affine: bool = True) -> None:
        self.n, self.eps, self.affine = count("n", n), eps, affine
        if affine:
            self.weight = [Value(1.0, label=f"γ[{i}]") for i in range(n)]

    def forward(self, z: Nested) -> Nested:
        """A row of n in, a list of n out (a Value if n is 1)."""
        z = as_inputs(self, z, self.n)
        size = (GATES["mean"]([a * a for a in z]) + self.eps).sqrt()
        out = [a / size for a in z]
        if self.affine:
            out = [g * a for a, g in zip(out, self.weight, strict=True)]
        return out if len(out) > 1 else out[0]

    def extra_repr(self) -> str:
        """Its size, and what is not as by default."""
        return signature(self)
