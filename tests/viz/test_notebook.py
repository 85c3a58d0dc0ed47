"""A Value shows its diagram in a notebook when that is small."""

import pytest

from autodiff import Value
from tests.viz.circuits import product_of_sum


def test_a_small_graph_shows_its_diagram() -> None:
    bundle = product_of_sum()._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"]
    assert bundle["text/plain"] == "Value(-12.0, gate=mul, grad=1.0, label='f')"


def test_a_large_graph_and_a_leaf_show_text() -> None:
    v = Value(1.0)
    assert list(v._repr_mimebundle_()) == ["text/plain"]
    for _ in range(50):
        v = v + 1
    assert list(v._repr_mimebundle_()) == ["text/plain"]


def test_the_picture_needs_no_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viz.dot.render.WHEEL", "no_such_package")
    monkeypatch.setenv("PATH", "")
    assert "<svg" in product_of_sum()._repr_mimebundle_()["image/svg+xml"]
