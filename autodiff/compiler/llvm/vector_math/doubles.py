"""Doubles taken apart: exponent and mantissa, exact products, whole numbers in the last bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ..builder import Vector, bits_of

# Added to a number below 2^51 it leaves the nearest whole number in the last bits of the sum.
ROUND: Final = 1.5 * 2.0**52
# ln 2 in two parts; a whole number below 2^20 times the first is exact
LN2: Final = (float.fromhex("0x1.62e42feep-1"), float.fromhex("0x1.a39ef35793c76p-33"))
ONE: Final = bits_of(1.0)
BIAS: Final = 1023  # of the exponent, which stands above 52 bits of the mantissa
MANTISSA: Final = (1 << 52) - 1
INF, NAN = math.inf, math.nan


def polynomial(x: Vector, coefficients: Sequence[Vector | float]) -> Vector:
    """c₀ + c₁ x + c₂ x² + ..."""
    *others, last = coefficients
    value = x.like(last)
    for c in reversed(others):
        value = value.times_plus(x, c)
    return value


def product_error(x: Vector, y: Vector, product: Vector) -> Vector:
    """x·y - product: what the rounding of the product lost, to the last of 106 bits (Dekker).

    Each factor is split in halves, whose products have room in a double.
    """
    upper = ~((1 << 27) - 1)
    x1, y1 = (x.bits() & upper).real(), (y.bits() & upper).real()
    x2, y2 = x - x1, y - y1
    return ((x1 * y1 - product) + x1 * y2 + x2 * y1) + x2 * y2


def split(x: Vector) -> tuple[Vector, Vector]:
    """k and m in [√½, √2) with x = 2^k m, for a positive finite x that is not subnormal."""
    root = bits_of(math.sqrt(0.5))
    shifted = x.bits() + (ONE - root)
    # a whole number becomes a real one in the last bits of ROUND
    k = ((shifted >> 52) + bits_of(ROUND)).real() - (ROUND + BIAS)
    return k, ((shifted & MANTISSA) + root).real()


def split_any(x: Vector) -> tuple[Vector, Vector]:
    """`split` for any positive finite x."""
    subnormal = x < 2.0**-1022
    k, m = split(subnormal.select(x * 2.0**54, x))
    return k - subnormal.select(54.0, 0.0), m


def nearest_whole(x: Vector) -> Vector:
    """The nearest whole number, for 0 <= x < 2^52."""
    return (x + 2.0**52) - 2.0**52
