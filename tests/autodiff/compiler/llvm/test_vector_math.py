"""The vector functions against mpmath, and their special cases against C's."""

import math
import platform
from collections.abc import Callable

import numpy as np
import pytest

from autodiff.compiler.llvm.machine import Processor
from autodiff.compiler.llvm.vector_math import polynomials
from autodiff.formula.atoms import ATOMS
from tests.oracles import oracle

oracle("mpmath")
oracle("llvmlite")

from benchmarks.polynomials import off, problems  # noqa: E402
from benchmarks.vector_math import NAMES, Floats, arguments, compiled, worst  # noqa: E402

SIMPLE = Processor("x86-64", "")  # the first of its kind: no FMA, two lanes
KINDS = [(1, "float64"), (2, "float64"), (4, "float64"), (8, "float64"), (8, "float32"),
         (16, "float32")]  # fmt: skip


def test_every_function_that_a_formula_may_call_on_a_number_is_there() -> None:
    numbers = {name for name, atom in ATOMS.items() if not (atom.row or atom.predicate)}
    assert set(NAMES) == numbers | {"pow"}


@pytest.mark.parametrize(("lanes", "dtype"), KINDS)
def test_within_two_ulp_of_the_exact_value(lanes: int, dtype: str) -> None:
    functions = compiled(lanes, dtype)
    errors = {name: worst(name, functions[name], arguments(name, 60, dtype), dtype)
              for name in NAMES}  # fmt: skip
    limit = 2.0 if dtype == "float64" else 0.501  # computed in float64 and rounded
    assert {name: error for name, error in errors.items() if error[0] > limit} == {}


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="code for x86-64")
def test_within_two_ulp_without_fma() -> None:
    functions = compiled(2, processor=SIMPLE)
    errors = {name: worst(name, functions[name], arguments(name, 60)) for name in NAMES}
    assert {name: error for name, error in errors.items() if error[0] > 2.0} == {}


@pytest.mark.parametrize("name", NAMES)
def test_bits_do_not_depend_on_the_number_of_lanes(name: str) -> None:
    given = arguments(name, 2000)
    one, *others = (compiled(lanes)[name](*given) for lanes in (1, 2, 4, 8))
    for other in others:
        np.testing.assert_array_equal(one.view(np.int64), other.view(np.int64))


# ── where there is no ordinary value ─────────────────────────────────────────────────────────

SPECIAL = [0.0, 5e-324, 1e-310, 0.5, 1.0, 2.0, 3.0, 2.5, 1e10, 1e300, 2.0**53 - 1, math.inf]
SPECIAL += [-x for x in SPECIAL] + [math.nan] * 7 + [7.0]
C: dict[str, Callable[..., Floats]] = {
    "abs": np.abs,
    "cos": np.cos,
    "erf": np.vectorize(math.erf),
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "pow": np.power,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sin": np.sin,
    "softplus": lambda x: np.logaddexp(0, x),
    "sqrt": np.sqrt,
    "tanh": np.tanh,
}


@pytest.mark.parametrize(("lanes", "dtype"), [(2, "float64"), (8, "float64"), (16, "float32")])
@pytest.mark.parametrize("name", NAMES)
def test_zeros_infinities_and_nan_as_in_c(name: str, lanes: int, dtype: str) -> None:
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL).astype(dtype)
        given = [a.ravel() for a in np.meshgrid(x, x)] if name == "pow" else [x]
        right = C[name](*given)
    np.testing.assert_allclose(compiled(lanes, dtype)[name](*given), right, rtol=1e-6)
    ours = compiled(lanes, dtype)[name](*given)
    for kind in (np.isnan, np.isinf):
        np.testing.assert_array_equal(kind(ours), kind(right))
    there = ~np.isnan(right)
    np.testing.assert_array_equal(np.signbit(ours)[there], np.signbit(right)[there])


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_an_angle_of_any_size_is_reduced_by_all_digits_of_pi(name: str) -> None:
    """Of all doubles this one comes nearest to a multiple of π/2: within 4.7e-19."""
    x = np.full(8, 6381956970095103 * 2.0**797)
    right = {"sin": 1.0, "cos": -4.6871659242546276e-19}[name]
    np.testing.assert_allclose(compiled(8)[name](x), right, rtol=3e-16)


def test_a_large_angle_does_not_touch_the_other_lanes() -> None:
    x = np.array([0.5, 1e9, -2.0, np.inf, 1e22, 3.0, np.nan, -0.0])
    np.testing.assert_allclose(compiled(8)["sin"](x), np.sin(np.where(x == np.inf, np.nan, x)))


# ── what they are made of ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", problems())
def test_polynomials_are_near_what_they_stand_for(name: str) -> None:
    with oracle("mpmath").workprec(300):
        assert off(problems()[name], getattr(polynomials, name), points=100) < 0.15
