"""Messages name the line of the user's program, not one of ours."""

import warnings

import pytest

import autodiff.value
from autodiff import AnomalyError, detect_anomaly
from autodiff.watch.caller import Line, is_gate, is_ours, users_line, warn_at
from nn import Layer


def test_the_line_is_that_of_the_caller_outside_the_library() -> None:
    """The gate fires in nn/layers.py, which is not where the user can change anything."""
    layer = Layer(1, 1)
    layer.neurons[0].w[0].data = 1e200
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        layer([1e200])
    assert caught.value.line is not None
    assert caught.value.line.text == "layer([1e200])"


def test_a_line_prints_with_its_place_and_text() -> None:
    here = users_line()
    assert here is not None
    assert str(here) == f"test_caller.py, line {here.number}: here = users_line()"


def test_a_cell_of_a_notebook_has_a_name_of_its_own() -> None:
    line = Line("/somewhere/ipykernel_12/345.py", 3)
    assert str(line) == "notebook cell, line 3"
    assert str(Line("<stdin>", 1)) == "stdin, line 1"


def test_ours_is_the_library_and_what_it_generates() -> None:
    assert is_ours(autodiff.value.__file__)
    assert is_ours("<autodiff partial of mul>")
    assert is_gate("<autodiff gate mul>")
    assert not is_ours(__file__)
    assert not is_gate(autodiff.value.__file__)


def test_a_warning_points_at_the_users_line_and_comes_once() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            warn_at("mind the gap", UserWarning)
    assert [str(w.message) for w in said] == ["mind the gap"]
    assert said[0].filename == __file__
