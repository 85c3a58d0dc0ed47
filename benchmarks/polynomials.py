"""The tables of autodiff/compiler/llvm/vector_math, computed anew by Remez's algorithm in 300 bits.

    python -m benchmarks.polynomials

prints that module's tables, and for each by how much the polynomial, its coefficients rounded to
doubles, is off in the result of the function: in ulp of 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import mpmath
from mpmath import erf, erfc, expm1, mp, mpf, sqrt

Real = Callable[[mpf], mpf]
TINY = mpf(2) ** -62


class Problem(NamedTuple):
    """To find p near `f` on [low, high], with the error of the result weight(x) · (p - f)."""

    f: Real
    weight: Real
    low: mpf
    high: mpf
    degree: int


def problems() -> dict[str, Problem]:
    ln2_half = mpmath.log(2) / 2 * mpf("1.001")
    # the logarithm of m in [√½, √2] is 2 atanh(s), s = (m - 1) / (m + 1); z = s²
    z_end = (3 - 2 * sqrt(2)) ** 2 * mpf("1.001")
    quarter = (mpmath.pi / 4) ** 2 * mpf("1.001")
    near, far = mpf("0.9"), mpf("6")
    return {
        "EXP": Problem(
            lambda r: (expm1(r) - r) / r**2, lambda r: r**2 + TINY, -ln2_half, ln2_half, 9
        ),
        "LOG": Problem(lambda z: 2 * (_atanh(z) - 1) / z, lambda z: z, TINY, z_end, 6),
        "POW": Problem(lambda z: (_atanh(z) - 1 - z / 3) / z**2, lambda z: z**2, TINY, z_end, 6),
        "SIN": Problem(
            lambda u: (mpmath.sin(sqrt(u)) / sqrt(u) - 1) / u, lambda u: u, TINY, quarter, 5
        ),
        "COS": Problem(
            lambda u: (mpmath.cos(sqrt(u)) - 1 + u / 2) / u**2, lambda u: u**2, TINY, quarter, 5
        ),
        "ERF": Problem(lambda u: erf(sqrt(u)) / sqrt(u) - 1, lambda u: mpf(1), TINY, near**2, 11),
        "LOG_ERFC": Problem(
            lambda x: mpmath.log(erfc(x)), lambda x: erfc(x) + TINY, near, far, 18
        ),
    }  # fmt: skip


def _atanh(z: mpf) -> mpf:
    return mpmath.atanh(sqrt(z)) / sqrt(z)


def remez(problem: Problem, points: int = 1200) -> list[float]:
    """The polynomial whose largest error is smallest, on a grid; the constant term first.

    Its error takes its largest value with changing sign in degree + 2 places. Guess the places,
    solve for the polynomial that does it there, take the places where that one is worst, repeat.
    """
    f, weight, low, high, degree = problem
    n = degree + 2
    grid = [(low + high - (high - low) * mpmath.cos(mpmath.pi * (i + mpf(1) / 2) / points)) / 2
            for i in range(points)]  # fmt: skip
    values, weights = [f(x) for x in grid], [weight(x) for x in grid]
    places = [round(i * (points - 1) / (n - 1)) for i in range(n)]
    for _ in range(30):
        rows = [[*(grid[i] ** j for j in range(degree + 1)), (-1) ** k / weights[i]]
                for k, i in enumerate(places)]  # fmt: skip
        right = mpmath.matrix([values[i] for i in places])
        p = list(mpmath.lu_solve(mpmath.matrix(rows), right))[:-1]
        errors = [w * (mpmath.polyval(p[::-1], x) - v)
                  for x, v, w in zip(grid, values, weights, strict=True)]  # fmt: skip
        worst: list[int] = []  # of each stretch of one sign
        for i, error in enumerate(errors):
            if worst and (error > 0) == (errors[worst[-1]] > 0):
                worst[-1] = max(worst[-1], i, key=lambda j: abs(errors[j]))
            else:
                worst.append(i)
        while len(worst) > n:
            worst.pop(min(0, -1, key=lambda j: abs(errors[worst[j]])))
        if len(worst) < n or worst == places:
            break
        places = worst
    return [float(c) for c in p]


def off(problem: Problem, coefficients: list[float], points: int = 998) -> float:
    """The largest error of the result, in ulp of 1."""
    f, weight, low, high, _ = problem
    at = [low + (high - low) * (i + mpf(1) / 2) / points for i in range(points)]
    p = [mpf(c) for c in reversed(coefficients)]
    return float(max(abs(weight(x) * (mpmath.polyval(p, x) - f(x))) for x in at) * 2**52)


def main() -> None:
    with mp.workprec(300):
        for name, problem in problems().items():
            found = remez(problem)
            print(f"# off by {off(problem, found):.3f} ulp of 1")
            print(f"{name}: Final = (\n    " + ",\n    ".join(map(repr, found)) + ",\n)")


if __name__ == "__main__":
    main()
