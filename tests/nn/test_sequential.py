"""Sequential and Residual."""

import pytest

from autodiff import Value
from nn import Layer, Residual, Sequential


def test_sequential_takes_modules_only() -> None:
    with pytest.raises(TypeError, match="Sequential takes modules"):
        Sequential(Layer(2, 2), "relu")  # type: ignore[arg-type]


def test_residual_needs_as_many_out_as_in() -> None:
    with pytest.raises(ValueError, match="turn 2 values into 3"):
        Residual(Layer(2, 3))([1.0, 2.0])


def test_a_residual_of_one_number_is_a_value_as_of_a_layer() -> None:
    output = Residual(Layer(1, 1, init="zeros"))([3.0])
    assert isinstance(output, Value)
    assert output.data == 3.0
