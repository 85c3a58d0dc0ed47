"""The functions of formulas for all lanes of a vector at once, as LLVM functions.

Each is within 2 ulp of the correctly rounded value wherever it is called: subnormal numbers,
infinities, NaN and -0.0 included. Nothing branches, except that sines of large numbers do their
rare work lane by lane, and nothing is called that is not defined here: no C library is needed.
Products and sums are rounded once where the processor can (FMA); where the method needs an exact
product, its factors have zeros enough at the end, or it is split. So it is right without FMA too.

For float32 the lanes are widened, computed and rounded.

>>> text = definitions([("tanh", 8, "float64"), ("exp", 16, "float32")])
>>> print("\\n".join(line for line in text.splitlines() if line.startswith("define")))
define internal <16 x float> @gg.exp.v16f32(<16 x float> %x) alwaysinline {
define internal <16 x double> @gg.exp.v16f64(<16 x double> %x) alwaysinline {
define internal <8 x double> @gg.tanh.v8f64(<8 x double> %x) alwaysinline {
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final

from ..builder import Builder, Vector, bits_of, suffix
from . import polynomials
from .circle import cos, cos_of_large, sin, sin_of_large
from .doubles import (
    BIAS,
    INF,
    LN2,
    NAN,
    ROUND,
    nearest_whole,
    polynomial,
    product_error,
    split,
    split_any,
)

# ── exp and what is made of it ───────────────────────────────────────────────────────────────


def exp(x: Vector, below: Vector | None = None) -> Vector:
    """e to the power of x + below, where `below` counts less than the last digit of x.

    The power of two comes in two factors: 2^k itself may be out of range where the result is not.
    """
    x = (x > 710.0).select(710.0, x)  # infinite from here on
    x = (x < -746.0).select(-746.0, x)  # zero from here on
    rounded, high, rest = _parts_of_exp(x, below)
    exponent = rounded.bits() - (bits_of(ROUND) - 2 * BIAS)
    half = exponent >> 1
    first, second = (half << 52).real(), ((exponent - half) << 52).real()
    top, rest = _sum(x.like(1.0), high, rest)
    return (top + rest) * first * second


def _parts_of_exp(x: Vector, below: Vector | None = None) -> tuple[Vector, Vector, Vector]:
    """k + ROUND, h and t with e^(x + below) = 2^k (1 + h + t): x = k ln2 + h, and t is small."""
    rounded = x.times_plus(1 / math.log(2), ROUND)
    k = rounded - ROUND
    high = k.times_plus(-LN2[0], x)  # exact
    low = k * -LN2[1] if below is None else k.times_plus(-LN2[1], below)
    r = high + low
    return rounded, high, (r * r).times_plus(polynomial(r, polynomials.EXP), low)


def _sum(a: Vector, b: Vector, c: Vector) -> tuple[Vector, Vector]:
    """a + b + c in two parts, for |a| > |b| > |c|, or a = 0."""
    top = a + b
    return top, (a - top + b) + c


def sigmoid(x: Vector) -> Vector:
    """1 / (1 + e^-x); what 1 + e loses by rounding is made good, by about 1 / (1 + e) of it."""
    e = exp(-abs(x))
    below = e + 1.0
    lost = (e - (below - 1.0)) * e.times_plus(-0.5, 1.0)
    quotient = (x < 0).select(e, 1.0) / below
    return quotient - quotient * lost


def tanh(x: Vector) -> Vector:
    """-d / (2 + d) with d = e^(-2 |x|) - 1; what d and 2 + d lose by rounding is made good."""
    double = abs(x) * -2.0
    double = (double < -60.0).select(-60.0, double)  # 1 from here on
    rounded, high, rest = _parts_of_exp(double)
    scale = ((rounded.bits() - (bits_of(ROUND) - BIAS)) << 52).real()
    shifted = scale - 1.0
    top = scale.times_plus(high, shifted)
    rest = scale.times_plus(rest, scale.times_plus(high, shifted - top))
    d = top + rest
    rest = top - d + rest
    below = d + 2.0
    gained = below - 2.0 - d - rest
    quotient = d / below  # and 1 / below is (1 - quotient) / 2
    correction = quotient.times_plus(gained, rest)
    value = correction.times_plus(quotient.times_plus(-0.5, 0.5), quotient)
    return value.with_sign_of(x)


def erf(x: Vector) -> Vector:
    """x + x P(x²) below 0.9, and 1 - e^Q(x) above: one polynomial with two tables."""
    a = abs(x)
    near = a < 0.9
    a = (a > 6.0).select(6.0, a)  # 1 from here on
    table = [near.select(a.like(p), q) for p, q in zip(
        polynomials.ERF + (0.0,) * 9, polynomials.LOG_ERFC, strict=False)]  # fmt: skip
    value = polynomial(near.select(a * a, a), table)
    return near.select(a.times_plus(value, a), 1.0 - exp(value)).with_sign_of(x)


# ── logarithms ───────────────────────────────────────────────────────────────────────────────


def log(x: Vector) -> Vector:
    """The natural logarithm."""
    return _or_special(x, _logarithm(*split_any(x)))


def log1p(x: Vector) -> Vector:
    """log(1 + x): what 1 + x loses by rounding is added as a share of it."""
    u = x + 1.0
    lost = (x - (u - 1.0)) / u
    return _or_special(u, _logarithm(*split(u), lost)).with_sign_of(x)


def softplus(x: Vector) -> Vector:
    """log(1 + e^x), by log(1 + e) with e = e^-|x|; 1 / (1 + e) is about 1 - 5/6 e + 1/3 e²."""
    e = exp(-abs(x))
    u = e + 1.0
    lost = (e - (u - 1.0)) * e.times_plus(e.times_plus(1 / 3, -5 / 6), 1.0)
    return (x > 0).select(x, 0.0) + _logarithm(*split(u), lost)


def _logarithm(k: Vector, m: Vector, below: Vector | None = None) -> Vector:
    """k ln2 + log m, plus `below`; with m = (1 + s) / (1 - s), log m = 2 atanh s."""
    f = m - 1.0
    s = f / (f + 2.0)
    z = s * s
    h = f * f * 0.5  # log m = f - h + s (h + ...)
    low = k * LN2[1] if below is None else k.times_plus(LN2[1], below)
    small = s.times_plus(z.times_plus(polynomial(z, polynomials.LOG), h), low)
    return k * LN2[0] - ((h - small) - f)


def _or_special(x: Vector, logarithm: Vector) -> Vector:
    """Where x is not a positive number: -inf, inf or NaN."""
    special = x.equals(0.0).select(-INF, (x < 0).select(NAN, x))
    return ((x > 0) & (x < INF)).select(logarithm, special)


def power(x: Vector, y: Vector) -> Vector:
    """e^(y log |x|), the logarithm in two parts; then the sign, and the special cases of C."""
    a = abs(x)
    high, low = _logarithm_in_two(a)
    high = a.equals(0.0).select(-INF, (a < INF).select(high, a))
    exponent = y * high
    rest = product_error(y, high, exponent) + y * low
    size = exp(exponent, (abs(exponent) < 1000.0).select(rest, 0.0))
    n = abs(y)
    one = y.equals(0.0) | x.equals(1.0) | (a.equals(1.0) & n.equals(INF))
    size = one.select(1.0, size)
    half = n * 0.5
    even = nearest_whole(half).equals(half) | (n >= 2.0**53)
    whole = nearest_whole(n).equals(n) | (n >= 2.0**52)
    size = ((x < 0) & (x > -INF)).select(whole.select(size, NAN), size)
    return size.with_sign_of((whole & (even ^ 1)).select(x, 1.0))


def _logarithm_in_two(x: Vector) -> tuple[Vector, Vector]:
    """log x as high + low, to some 65 bits; 2 atanh s = 2 s (1 + t), t = s²/3 + s⁴ P(s²)."""
    k, m = split_any(x)
    f, g = m - 1.0, m + 1.0
    s = f / g
    product = s * g
    s_low = (f - product - product_error(s, g, product) - s * (m - (g - 1.0))) / g
    z = s * s
    z_low = product_error(s, s, z) + 2.0 * s * s_low
    t1 = z * (1 / 3)
    t1_low = product_error(z, z.like(1 / 3), t1) + (z_low * (1 / 3) + z * (2.0**-54 / 3))
    t2 = z * z * polynomial(z, polynomials.POW)
    t = t1 + t2
    t_low = (t1 - t + t2) + t1_low
    w = s * t
    w_low = product_error(s, t, w) + (s * t_low + s_low * t)
    u = s + w
    u_low = (s - u + w) + (w_low + s_low)
    high = k * LN2[0] + 2.0 * u
    return high, (k * LN2[0] - high + 2.0 * u) + (k * LN2[1] + 2.0 * u_low)


# ── as LLVM functions ────────────────────────────────────────────────────────────────────────

FUNCTIONS: Final[dict[str, Callable[..., Vector]]] = {
    "abs": abs,
    "cos": cos,
    "erf": erf,
    "exp": exp,
    "log": log,
    "log1p": log1p,
    "pow": power,
    "sigmoid": sigmoid,
    "sin": sin,
    "softplus": softplus,
    "sqrt": Vector.sqrt,
    "tanh": tanh,
    "sin.large": sin_of_large,
    "cos.large": cos_of_large,
}
NEEDS: Final = {"sin": "sin.large", "cos": "cos.large"}  # one lane at a time


def definitions(needed: Iterable[tuple[str, int, str]]) -> str:
    """LLVM functions, one for each (name, lanes, dtype); called, say, ``@gg.exp.v8f64``.

    The names are those of `formula.atoms`, and "pow" of two arguments.
    """
    wanted = set(needed)
    wanted |= {(name, lanes, "float64") for name, lanes, _ in wanted}
    wanted |= {(NEEDS[name], 1, "float64") for name, _, _ in wanted if name in NEEDS}
    return "\n".join(_definition(*each) for each in sorted(wanted))


def _definition(name: str, lanes: int, dtype: str) -> str:
    code = Builder(lanes, dtype)
    arguments = [code.argument(name) for name in ("xy" if name == "pow" else "x")]
    if dtype == "float64":
        result = FUNCTIONS[name](*arguments)
    else:
        wide = [argument.converted("fpext", "double") for argument in arguments]
        result = code.call(f"gg.{name}", *wide).converted("fptrunc", "float")
    attributes = "" if name in NEEDS.values() else "alwaysinline "  # if it is asked for
    end = suffix(code.scalar, lanes)
    return code.function(f"@gg.{name}.{end}", arguments, result, attributes)
