"""Sequential and Residual."""

import pytest

from nn import Layer, Residual, Sequential


def test_sequential_takes_modules_only() -> None:
    with pytest.raises(TypeError, match="Sequential takes modules"):
        Sequential(Layer(2, 2), "relu")  # type: ignore[arg-type]


def test_residual_needs_as_many_out_as_in() -> None:
    with pytest.raises(ValueError, match="turn 2 values into 3"):
        Residual(Layer(2, 3))([1.0, 2.0])
