"""Sine and cosine.

An angle is a whole number of quarter turns and a rest between -π/4 and π/4, in two parts since
a rest near zero has lost the digits of the angle. Up to a million π/2 in four parts gives it;
beyond, whole-number arithmetic with the digits of 2/π that matter, one lane at a time.
"""

from __future__ import annotations

import math
from typing import Final

from ..builder import Vector
from . import polynomials
from .doubles import BIAS, INF, MANTISSA, NAN, ROUND, polynomial, product_error

# π/2 in parts: a whole number below 2^20 times one of the first three is exact
QUARTER: Final = tuple(map(float.fromhex, (
    "0x1.921fb544p+0", "0x1.0b4611a6p-34", "0x1.3198a2e0p-69", "0x1.b839a252049c1p-104",
)))  # fmt: skip
LARGE: Final = 2.0**20
HALF_PI: Final = (float.fromhex("0x1.921fb54442d18p+0"), float.fromhex("0x1.1a62633145c07p-54"))
# 2/π times 2^1184, whole
TWO_OVER_PI: Final = int(
    "a2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492eea09"
    "d1921cfe1deb1cb129a73ee88235f52ebb4484e99c7026b45f7e413991d639835339f49c845f8bbdf9283b1ff8"
    "97ffde05980fef2f118b5a0a6d1f6d367ecf27cb09b74f463f669e5fea2d7527bac7ebe5f17b3d0739f78a5292"
    "ea6bfb5fb11f8d5d0856033046",
    16,
)


def sin(x: Vector) -> Vector:
    """The sine; the sign is that of x, so that -0 keeps it."""
    value = _wave(x, "sin", 0)
    return (value.bits() ^ (x.bits() & (1 << 63))).real()


def cos(x: Vector) -> Vector:
    """The cosine: a quarter ahead of the sine."""
    return _wave(x, "cos", 1)


def sin_of_large(x: Vector) -> Vector:
    """The sine of one number, LARGE at least."""
    return _on_circle(*_turned_far(x), 0)


def cos_of_large(x: Vector) -> Vector:
    """The cosine of one number, LARGE at least."""
    return _on_circle(*_turned_far(x), 1)


def _wave(x: Vector, name: str, ahead: int) -> Vector:
    """The sine of |x| + ahead · π/2."""
    a = abs(x)
    value = _on_circle(*_turned(a), ahead)
    value = _where_rare(a >= LARGE, f"gg.{name}.large", a, value)
    return (a < INF).select(value, NAN)


def _turned(x: Vector) -> tuple[Vector, Vector, Vector]:
    """n, r and its low part with x = n π/2 + r, for 0 <= x < LARGE."""
    rounded = x.times_plus(2 / math.pi, ROUND)
    n = rounded - ROUND
    r = x - n * QUARTER[0]  # exact
    low = n * -QUARTER[3]
    for part in QUARTER[1:3]:
        before, step = r, n * part
        r = before - step
        back = before - r
        low = low + ((before - (r + back)) - (step - back))
    top = r + low
    return rounded.bits(), top, (r - top) + low


def _turned_far(x: Vector) -> tuple[Vector, Vector, Vector]:
    """The same for one lane and any finite x from LARGE on (Payne and Hanek).

    Of 2/π only those bits count whose product with x is neither a whole number of turns nor
    too small: a window of 192. The product modulo 4 is then a product of whole numbers.
    """
    code = x.builder
    bits = x.bits()
    mantissa = ((bits & MANTISSA) | (1 << 52)).converted("zext", "i192")
    places = (1184 - 190 + 1075) - (bits >> 52)  # exponent: x = mantissa · 2^(e - 1075)
    window = code.constant(TWO_OVER_PI, "i1216") >> places.converted("zext", "i1216")
    turns = mantissa * window.converted("trunc", "i192")  # 2 bits before the point, 190 after
    n = ((turns + (1 << 189)) >> 190).converted("trunc", "i64")
    rest = (turns >> 62).converted("trunc", "i128")  # signed: half a quarter is the top bit
    negative = rest < 0
    size = negative.select(0 - rest, rest)
    zeros = code.emit(f"call i128 @llvm.ctlz.i128(i128 {size}, i1 true)", "i128")
    size = size << zeros
    high = (size >> 75).converted("trunc", "i64").converted("sitofp", "double")
    low = ((size >> 22).converted("trunc", "i64") & ((1 << 53) - 1)).converted("sitofp", "double")
    scale = ((BIAS - 53 - zeros.converted("trunc", "i64")) << 52).real()
    scale = negative.select(-scale, scale)
    high, low = high * scale, low * scale * 2.0**-53
    r = high * HALF_PI[0]
    r_low = product_error(high, high.like(HALF_PI[0]), r) + (high * HALF_PI[1] + low * HALF_PI[0])
    top = r + r_low
    return n, top, (r - top) + r_low


def _on_circle(n: Vector, r: Vector, low: Vector, ahead: int) -> Vector:
    """sin(n π/2 + r + low + ahead · π/2)"""
    z = r * r
    half = z * 0.5
    w = 1.0 - half
    sine = r + (r * z).times_plus(polynomial(z, polynomials.SIN), low * w)
    cosine = w + ((1.0 - w - half) + (z * z).times_plus(polynomial(z, polynomials.COS), -(r * low)))
    n = n + ahead if ahead else n
    value = (n & 1).equals(1).select(cosine, sine)
    return (value.bits() ^ ((n & 2) << 62)).real()


def _where_rare(mask: Vector, name: str, x: Vector, value: Vector) -> Vector:
    """`value`, but where `mask` says yes what the scalar function `name` makes of x."""
    code, some = x.builder, mask
    if code.lanes > 1:
        reduce = f"@llvm.vector.reduce.or.v{code.lanes}i1"
        some = code.emit(f"call i1 {reduce}({mask.type} {mask})", "i1")
    code.text += [f"  br i1 {some}, label %rare, label %end", "rare:"]
    x = mask.select(x, LARGE)
    found = code.argument("x")
    for lane in range(code.lanes):
        one = x if code.lanes == 1 else code.emit(f"extractelement {x.type} {x}, i64 {lane}")
        result = code.emit(f"call double @{name}.f64(double {one})")
        insert = f"insertelement {x.type} {found}, double {result}, i64 {lane}"
        found = result if code.lanes == 1 else code.emit(insert)
    found = mask.select(found, value)
    code.text += ["  br label %end", "end:"]
    return code.emit(f"phi {x.type} [{value}, %0], [{found}, %rare]")
