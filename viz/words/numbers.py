"""How people are shown a number: few digits, all of them meaningful, and a real minus sign.

`number` of viz/pages/shared/write.js writes the same text.

>>> number(-12.0), number(0.7310585786300049), number(2e-7), number(1234567.0)
('−12', '0.7311', '2e−7', '1.235e6')
>>> span([0.5, -1.0, 2.0]), span([3.0, 3.0])
('−1 … 2', '3')
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

__all__ = ["number", "span"]


def number(x: float, digits: int = 4) -> str:
    """`x` with at most `digits` significant digits and no zero that says nothing.

    >>> number(0.1 + 0.2), number(100000.0), number(float("-inf")), number(-0.0)
    ('0.3', '100000', '−∞', '−0')
    >>> number(0.0001234), number(0.00001234, digits=2), number(2.0625)
    ('0.0001234', '1.2e−5', '2.063')
    """
    if math.isnan(x):
        return "NaN"
    if math.copysign(1.0, x) < 0:
        return "−" + number(-x, digits)
    if math.isinf(x):
        return "∞"
    if x == int(x) and x < 10 ** (digits + 2):
        return str(int(x))
    with localcontext(rounding=ROUND_HALF_UP):  # of the decimals that the float really is
        mantissa, _, power = f"{Decimal(x):.{digits - 1}e}".partition("e")
        exponent = int(power)
        if -5 < exponent < digits + 1:
            text = f"{Decimal(x):.{max(digits - 1 - exponent, 0)}f}"
            return _without_idle_zeros(text)
    sign = "−" if exponent < 0 else ""
    return f"{_without_idle_zeros(mantissa)}e{sign}{abs(exponent)}"


def _without_idle_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(xs: Sequence[float], digits: int = 3) -> str:
    """The range of several numbers: smallest … largest; NaN is never hidden.

    >>> span([1.0, float("nan"), 3.0])
    '1 … 3, NaN'
    """
    finite = [x for x in xs if not math.isnan(x)]
    ends = []
    if finite:
        low, high = number(min(finite), digits), number(max(finite), digits)
        ends = [low if low == high else f"{low} … {high}"]
    return ", ".join([*ends, *(["NaN"] if len(finite) < len(xs) else [])])
