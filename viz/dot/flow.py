"""Gradient magnitude as colour and width, so that vanishing and exploding gradients are seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

from ..words.numbers import number

__all__ = ["Flow"]

STEPS = 5
WIDTHS = (0.8, 1.5, 2.3, 3.2, 4.2)


class Flow:
    """Five steps between the smallest and the largest magnitude, even in the logarithm.

    >>> flow = Flow([1e-4, -1.0, 0.0])
    >>> flow.step(1e-4), flow.step(0.05), flow.step(-1.0), flow.step(0.0)
    (0, 3, 4, None)
    >>> flow.ranges()
    ['0.0001 … 0.00063', '0.00063 … 0.004', '0.004 … 0.025', '0.025 … 0.16', '0.16 … 1']
    """

    def __init__(self, gradients: Iterable[float | None]) -> None:
        sizes = [
            math.log10(abs(g))
            for g in gradients
            if g is not None and g != 0 and not math.isnan(g) and not math.isinf(g)
        ]
        self.low, self.high = (min(sizes), max(sizes)) if sizes else (0.0, 0.0)

    def step(self, gradient: float | None) -> int | None:
        """0 (small) to 4 (large); None for no gradient or a gradient of 0; NaN counts as large."""
        if gradient is None or gradient == 0:
            return None
        if math.isnan(gradient) or math.isinf(gradient):
            return STEPS - 1
        if self.high - self.low < 1e-9:
            return STEPS // 2
        share = (math.log10(abs(gradient)) - self.low) / (self.high - self.low)
        return min(max(int(share * STEPS), 0), STEPS - 1)

    def ranges(self) -> list[str]:
        """The magnitudes that each step stands for, small to large."""
        if self.high - self.low < 1e-9:
            return [number(10**self.low, 2)]
        ends = [
            number(10 ** (self.low + (self.high - self.low) * i / STEPS), 2)
            for i in range(STEPS + 1)
        ]
        return [f"{a} … {b}" for a, b in pairwise(ends)]
