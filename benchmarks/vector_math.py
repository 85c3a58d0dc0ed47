"""How exact and how fast the native backend's vector functions are, on this processor.

    python -m benchmarks.vector_math

The exact values are mpmath's. The tests use the same samples, fewer of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

import mpmath
import numpy as np
from mpmath import mpf
from numpy.typing import NDArray

from autodiff.compiler.llvm.builder import REAL, suffix, vector_type
from autodiff.compiler.llvm.entry import Entry, entry
from autodiff.compiler.llvm.machine import Processor, assemble
from autodiff.compiler.llvm.vector_math import FUNCTIONS, definitions
from benchmarks.harness import markdown_table, take_turns, write_table

Floats: TypeAlias = NDArray[Any]

NAMES = [name for name in FUNCTIONS if "." not in name]
WIDEST = 16  # samples are a multiple of it
CORNERS = (
    *(0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1.7976931348623157e308, 1.0, math.pi / 2),
    *(0.9, 6.0, 30.0, 2.0**20, np.nextafter(2.0**20, 0)),  # where methods change
    *(708.5, 709.782712893384, 709.7827128933841, 745.1332191019411, 745.1332191019412, 36.7),
    6381956970095103 * 2.0**797,  # of all doubles the nearest to a multiple of π/2
)


# ── to call them ─────────────────────────────────────────────────────────────────────────────


def arity(name: str) -> int:
    return 2 if name == "pow" else 1


@cache
def compiled(
    lanes: int, dtype: str = "float64", processor: Processor | None = None
) -> dict[str, Callable[..., Floats]]:
    """Each function over arrays whose length is a multiple of `lanes`."""

    def over_arrays(name: str) -> Callable[..., Floats]:
        text = definitions([(name, lanes, dtype)]) + _loop(name, lanes, dtype)
        text += entry(f"all_{name}", "void", ["array"] * (arity(name) + 1) + ["i64"])
        function = Entry(assemble(text, processor), f"all_{name}").call

        def call(*given: Floats) -> Floats:
            out = np.empty_like(given[0])
            assert function(*given, out, len(out)) is not False
            return out

        return call

    return {name: over_arrays(name) for name in NAMES}


def _loop(name: str, lanes: int, dtype: str) -> str:
    scalar = REAL[dtype]
    vector = vector_type(scalar, lanes)
    letters = "xy"[: arity(name)]
    parameters = "".join(f"ptr %{letter}, " for letter in letters)
    loads = "".join(
        f"  %{a}_at = getelementptr {scalar}, ptr %{a}, i64 %i\n"
        f"  %{a}_now = load {vector}, ptr %{a}_at, align 4\n"
        for a in letters
    )
    given = ", ".join(f"{vector} %{letter}_now" for letter in letters)
    return f"""
define void @all_{name}({parameters}ptr %out, i64 %n) {{
start:
  br label %loop
loop:
  %i = phi i64 [0, %start], [%next, %loop]
{loads}  %value = call {vector} @gg.{name}.{suffix(scalar, lanes)}({given})
  %at = getelementptr {scalar}, ptr %out, i64 %i
  store {vector} %value, ptr %at, align 4
  %next = add i64 %i, {lanes}
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  ret void
}}
"""


# ── where they are asked, and what is right there ────────────────────────────────────────────


def arguments(name: str, count: int, dtype: str = "float64") -> list[Floats]:
    """Finite numbers of the domain: every size, where methods change, where it is delicate."""
    rng = np.random.default_rng(len(name))
    sign = rng.choice([-1.0, 1.0], count)
    any_bits = np.frombuffer(rng.bytes(count * np.dtype(dtype).itemsize), dtype)
    any_bits = any_bits[np.isfinite(any_bits)]
    x = np.concatenate([
        any_bits.astype(float),
        rng.normal(size=count),
        rng.uniform(-6, 6, count),
        rng.uniform(-750, 750, count),
        sign * 10 ** rng.uniform(-20, 0, count),
        1 + rng.normal(size=count) * 10 ** rng.uniform(-9, 0, count),
        -1 + 10 ** rng.uniform(-15, 0, count),
        np.round(10 ** rng.uniform(0, 15, count)) * (np.pi / 2) * sign,
        CORNERS,
        np.negative(CORNERS),
    ])  # fmt: skip
    given = [x]
    if name == "pow":  # an exponent for which the result is in range, whole if it must be
        base = np.concatenate([x, 2 ** rng.uniform(-1074, 1024, 3 * count)])
        with np.errstate(all="ignore"):
            most = np.nan_to_num(750 / np.abs(np.log(np.abs(base))), posinf=1e9)
        exponent = rng.uniform(-1, 1, len(base)) * np.minimum(most, 1e18)
        given = [base, np.where(base < 0, np.round(exponent), exponent)]
    with np.errstate(over="ignore", invalid="ignore"):
        given = [a.astype(dtype) for a in given]
    domain = {"log": given[0] > 0, "sqrt": given[0] >= 0, "log1p": given[0] > -1,
              "pow": given[0] != 0}.get(name, True)  # fmt: skip
    inside = np.all(np.isfinite(given), axis=0) & domain
    given = [a[inside] for a in given]
    return [a[: len(a) // WIDEST * WIDEST] for a in given]


def exact(name: str, *at: float) -> mpf:
    """The value with 60 digits; beyond the range of doubles, something beyond it."""
    if name == "pow":
        a, b = at
        logarithm = b * mpmath.log(abs(a))
        size = mpmath.exp(min(max(logarithm, -2000), 2000))
        return -size if a < 0 and b % 2 == 1 else size
    (x,) = at
    if name == "softplus" and x > 2000:
        return mpf(x)
    if name in ("exp", "sigmoid", "softplus", "tanh", "erf"):
        x = min(max(x, -2000.0), 2000.0)
    t = mpf(x)
    match name:
        case "abs":
            return abs(t)
        case "sigmoid":
            return 1 / (1 + mpmath.exp(-t))
        case "softplus":
            return mpmath.log1p(mpmath.exp(t))
    return getattr(mpmath, name)(t)


def ulps(value: float, right: mpf, dtype: str) -> float:
    """How many units in the last place of the right value lie between."""
    limits = np.finfo(dtype)
    places = -int(np.log2(limits.eps))
    lowest = int(np.log2(limits.smallest_subnormal))
    unit = mpf(2) ** max(int(mpmath.floor(mpmath.log(abs(right), 2))) - places, lowest) if right \
        else mpf(2) ** lowest  # fmt: skip
    if math.isinf(value):  # the next number after the largest
        value = math.copysign(1, value) * (mpf(2) ** (limits.maxexp))
    right = max(min(right, mpf(2) ** limits.maxexp), -(mpf(2) ** limits.maxexp))
    return float(abs(value - right) / unit)


def worst(
    name: str, function: Callable[..., Floats], given: list[Floats], dtype: str = "float64"
) -> tuple[float, tuple[float, ...]]:
    """The largest error in ulp, and where."""
    found: tuple[float, tuple[float, ...]] = (0.0, ())
    with mpmath.workdps(60):
        values = function(*given).tolist()
        for value, *at in zip(values, *(a.tolist() for a in given), strict=True):
            error = ulps(value, exact(name, *at), dtype)
            if not error <= found[0]:
                found = error, tuple(at)
    return found


# ── the table ────────────────────────────────────────────────────────────────────────────────


def main(count: int = 10_000) -> None:
    kinds = {"8": (8, "float64"), "4": (4, "float64"), "2": (2, "float64"), "16 × float32":
             (16, "float32")}  # fmt: skip
    made = {label: compiled(*kind) for label, kind in kinds.items()}
    rng = np.random.default_rng(0)
    n = 8000
    contenders = {}
    for name in NAMES:
        for label, (_, dtype) in kinds.items():
            given = [np.abs(rng.normal(size=n)).astype(dtype) for _ in range(arity(name))]
            contenders[name, label] = lambda f=made[label][name], given=given: f(*given)
    timings = take_turns(contenders, rounds=31, sample=0.002)  # type: ignore[arg-type]
    rows = []
    for name in NAMES:
        errors = [
            worst(name, made[label][name], arguments(name, count, dtype), dtype)[0]
            for label, dtype in (("8", "float64"), ("16 × float32", "float32"))
        ]
        times = [timings[name, label].lower / n * 1e9 for label in kinds]  # type: ignore[index]
        rows.append([name, *(f"{error:.2f}" for error in errors), *(f"{t:.2g}" for t in times)])
    head = ["function", "largest error, float64", "float32", *(f"ns, {k} lanes" for k in kinds)]
    write_table("vector_math", markdown_table(head, rows), packages=["llvmlite"])


if __name__ == "__main__":
    main()
