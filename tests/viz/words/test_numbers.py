"""Numbers with few digits, all of them meaningful."""

import math

from hypothesis import given
from hypothesis import strategies as st

from viz.words.numbers import number, span

# up to where four digits cannot round past the largest float
finite = st.floats(-1.79e308, 1.79e308)


@given(finite)
def test_a_number_is_right_to_its_digits(x: float) -> None:
    """%.4f shows 2e-7 as 0.0000; here four significant digits always survive."""
    shown = float(number(x))
    assert math.isclose(shown, x, rel_tol=6e-4, abs_tol=1e-323)


@given(finite)
def test_a_number_is_short_and_has_no_idle_zero(x: float) -> None:
    text = number(x)
    assert len(text) <= 11
    mantissa = text.partition("e")[0]
    assert "." not in mantissa or not mantissa.endswith(("0", "."))


@given(finite)
def test_zero_is_shown_for_zero_alone(x: float) -> None:
    assert (number(x) == "0") == (x == 0)


def test_whole_numbers_are_whole() -> None:
    assert [number(x) for x in (-12.0, 3.0, 1e5, 0.0)] == ["-12", "3", "100000", "0"]


def test_small_and_large_numbers_keep_their_digits() -> None:
    assert [number(x) for x in (2e-7, 1e-300, 5e-324, 1.5e308)] == [
        "2e-7",
        "1e-300",
        "4.941e-324",
        "1.5e308",
    ]


def test_rounding_up_to_the_next_power_of_ten() -> None:
    assert [number(x) for x in (0.99999, 9.99999, 99999.9, 9.9999e-9)] == [
        "1",
        "10",
        "1e5",
        "1e-8",
    ]


def test_a_span_shows_both_ends_and_never_hides_nan() -> None:
    assert span([2.0, -1.0, 0.5]) == "-1 … 2"
    assert span([1.0, 1.0]) == "1"
    assert span([math.nan, 1.0]) == "1, NaN"
    assert span([math.nan]) == "NaN"
    assert span([-math.inf, 0.0]) == "-∞ … 0"
