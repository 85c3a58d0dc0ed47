"""Worksheets: what is refused, and that equal graphs give equal pages."""

from pathlib import Path

import pytest

from autodiff import Value
from autodiff.value import UNREACHED
from viz import random_circuit, worksheet


def test_equal_circuits_give_equal_pages_and_save_writes_them(tmp_path: Path) -> None:
    made = worksheet(random_circuit("medium", 3), path=tmp_path / "a.html")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == made.html
    assert worksheet(random_circuit("medium", 3)).html == made.html
    assert "https://" not in made.html
    assert "http://" not in made.html.replace("http://www.w3.org/2000/svg", "")


def test_the_graph_is_left_as_it_was() -> None:
    x = Value(3.0, label="x")
    worksheet(x * x, "all")
    assert x.grad is UNREACHED


def test_bad_requests_are_refused() -> None:
    x = Value(3.0, label="x")
    with pytest.raises(ValueError, match="hide is one of 'gradients', 'values', 'local', 'all'"):
        worksheet(x * x, "everything")
    with pytest.raises(ValueError, match="has no gate, so there is nothing to find"):
        worksheet(x)
    with pytest.raises(ValueError, match="at least one root"):
        worksheet([])
    y = x
    for _ in range(90):
        y = y + x
    with pytest.raises(ValueError, match="would have 90 blanks; it holds up to 80"):
        worksheet(y)
