"""Numbers with few digits, all of them meaningful."""

import json
import math
import random
import subprocess
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import viz
from viz.words.numbers import number, span

WRITE = Path(viz.__file__).parent / "pages" / "shared" / "write.js"

# up to where four digits cannot round past the largest float
finite = st.floats(-1.79e308, 1.79e308)


@given(finite)
def test_a_number_is_right_to_its_digits(x: float) -> None:
    """%.4f shows 2e-7 as 0.0000; here four significant digits always survive."""
    shown = float(number(x).replace("−", "-"))
    assert math.isclose(shown, x, rel_tol=6e-4, abs_tol=1e-323)


@given(finite)
def test_a_number_is_short_and_has_no_idle_zero(x: float) -> None:
    text = number(x)
    assert len(text) <= 11
    mantissa = text.partition("e")[0]
    assert "." not in mantissa or not mantissa.endswith(("0", "."))


@given(finite)
def test_zero_is_shown_for_zero_alone(x: float) -> None:
    assert (number(x) in ("0", "−0")) == (x == 0)


def test_whole_numbers_are_whole() -> None:
    assert [number(x) for x in (-12.0, 3.0, 1e5, 0.0)] == ["−12", "3", "100000", "0"]


def test_small_and_large_numbers_keep_their_digits() -> None:
    assert [number(x) for x in (2e-7, 1e-300, 5e-324, 1.5e308)] == [
        "2e−7",
        "1e−300",
        "4.941e−324",
        "1.5e308",
    ]


def test_rounding_up_to_the_next_power_of_ten() -> None:
    assert [number(x) for x in (0.99999, 9.99999, 99999.9, 9.9999e-9)] == [
        "1",
        "10",
        "1e5",
        "1e−8",
    ]


def test_a_span_shows_both_ends_and_never_hides_nan() -> None:
    assert span([2.0, -1.0, 0.5]) == "−1 … 2"
    assert span([1.0, 1.0]) == "1"
    assert span([math.nan, 1.0]) == "1, NaN"
    assert span([math.nan]) == "NaN"
    assert span([-math.inf, 0.0]) == "−∞ … 0"


def test_pages_write_every_number_as_python_does(node: str) -> None:
    """Of each magnitude, halves of the last digit, whole numbers, and what is no number."""
    rng = random.Random(0)
    ties = [2.0625, 0.00390625, 1.5, 0.5, 12.5, 1000.5, 100000.5, 1234567.5, 0.125]
    wild = [rng.uniform(-10, 10) * 10.0 ** rng.randint(-12, 12) for _ in range(400)]
    whole = [float(10**k + d) for k in range(17) for d in (-1, 0, 1)]
    numbers = [x for y in (*ties, *wild, *whole, 5e-324, 1.79e308) for x in (y, -y)]
    numbers += [0.0, -0.0, math.inf, -math.inf, math.nan]
    program = (
        f"{WRITE.read_text(encoding='utf-8')}\n"
        "const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
        "const both = (x) => [number(Number(x)), number(Number(x), 2), number(Number(x), 6)];\n"
        "console.log(JSON.stringify(texts.map(both)));"
    )
    texts = json.dumps([str(x).replace("inf", "Infinity") for x in numbers])
    done = subprocess.run(
        [node, "-e", program], input=texts, capture_output=True, encoding="utf-8", check=True
    )
    ours = [[number(x), number(x, 2), number(x, 6)] for x in numbers]
    assert json.loads(done.stdout) == ours
