"""Object arrays of Values behave as arrays of numbers do: ufuncs, matrix products, broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autodiff import GATES, Value, grad


def values(array: Any) -> Any:
    return np.vectorize(Value, otypes=[object])(array)


def data(array: Any) -> Any:
    return np.vectorize(lambda v: v.data, otypes=[float])(array)


def grads(array: Any) -> Any:
    return np.vectorize(lambda v: v.grad, otypes=[float])(array)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_exp_of_a_matrix_product_plus_bias(rng: np.random.Generator) -> None:
    W, x, b = (rng.standard_normal(shape) for shape in ((3, 4), 4, 3))
    Wv, xv, bv = values(W), values(x), values(b)
    out = np.exp(Wv @ xv + bv)
    assert out.shape == (3,)
    assert all(type(v) is Value for v in out)
    expected = np.exp(W @ x + b)
    np.testing.assert_allclose(data(out), expected, rtol=1e-14)
    out.sum().backward()
    np.testing.assert_allclose(grads(Wv), np.outer(expected, x), rtol=1e-13)
    np.testing.assert_allclose(grads(xv), W.T @ expected, rtol=1e-13)
    np.testing.assert_allclose(grads(bv), expected, rtol=1e-13)


def test_arrays_of_numbers_and_arrays_of_values_mix(rng: np.random.Generator) -> None:
    X, w = rng.standard_normal((5, 2)), rng.standard_normal(2)
    wv = values(w)
    out = X @ wv - 1.0
    np.testing.assert_allclose(data(out), X @ w - 1.0, rtol=1e-14)
    (out * out).mean().backward()
    np.testing.assert_allclose(grads(wv), 2 * X.T @ (X @ w - 1) / 5, rtol=1e-13)


UFUNCS = ["exp", "log", "log1p", "sqrt", "sin", "cos", "tanh", "absolute", "negative"]


@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_find_the_gates(name: str) -> None:
    """Methods carry the names of NumPy's ufuncs."""
    ufunc = getattr(np, name)
    numbers = np.array([0.3, 0.5, 2.0])
    out = ufunc(values(numbers))
    assert all(type(v) is Value for v in out)
    np.testing.assert_allclose(data(out), ufunc(numbers), rtol=1e-14)
    one = ufunc(Value(0.5))
    assert type(one) is Value
    assert one.data == pytest.approx(ufunc(0.5), rel=1e-14)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "power"])
def test_binary_ufuncs_find_the_gates(name: str) -> None:
    ufunc = getattr(np, name)
    a, b = np.array([0.3, 0.5, 2.0]), np.array([1.5, -2.0, 3.0])
    for out in (ufunc(values(a), values(b)), ufunc(values(a), b), ufunc(a, values(b))):
        np.testing.assert_allclose(data(out), ufunc(a, b), rtol=1e-14)


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.float64, np.longdouble, np.int8, np.int64, np.uint16]
)
def test_numpy_scalars_on_either_side(kind: Any) -> None:
    two, v = kind(2), Value(3.0)
    results = [two + v, two - v, two * v, two / v, two**v, v + two, v - two, v * two, v / two]
    expected = [5, -1, 6, 2 / 3, 8, 5, 1, 6, 1.5]
    for result, number in zip(results, expected, strict=True):
        assert type(result) is Value
        assert type(result.data) is float
        assert result.data == number
    assert type((v**two).data) is float


def test_truth_values_of_numpy_are_numbers_as_those_of_python_are() -> None:
    """`Value(True)` is 1.0; NumPy registers all its numbers as numbers but this one."""
    v = Value(3.0)
    assert [Value(np.True_).data, Value(np.False_).data] == [1.0, 0.0]
    results = [v * np.True_, np.True_ * v, v + np.False_, np.True_ - v, GATES["sum"]([v, np.True_])]
    assert [type(result) for result in results] == [Value] * 5
    assert [result.data for result in results] == [3.0, 3.0, 3.0, -2.0, 4.0]
    assert v > np.True_


def test_a_value_times_an_array_is_an_array_of_values() -> None:
    v = Value(2.0)
    array = np.array([1.0, 2.0, 3.0])
    for out in (v * array, array * v, v + array, array - v, v / array, v**array, array**v):
        assert out.shape == (3,)
        assert out.dtype == object
        assert all(type(element) is Value for element in out)
    np.testing.assert_allclose(data(v - array), 2.0 - array)
    np.testing.assert_allclose(data(v**array), 2.0**array)


def test_comparisons_and_extremes_of_arrays() -> None:
    numbers = np.array([3.0, -1.0, 2.0])
    array = values(numbers)
    assert (array > 0).tolist() == [True, False, True]
    assert np.max(array) is array[0]
    assert np.argmin(array) == 1
    assert np.sort(array)[0] is array[1]
    picked = np.maximum(array, values([0, 0, 0]))  # NumPy compares and picks, no gate fires
    assert picked[0] is array[0]
    assert picked[1].data == 0.0
    np.testing.assert_allclose(data(np.where(numbers > 0, array, 0 * array)), [3, 0, 2])


def test_a_value_is_a_scalar_to_numpy() -> None:
    v = Value(2.0)
    assert np.ndim(v) == 0
    assert np.array([v, v]).shape == (2,)
    assert np.array([v, v]).dtype == object


def test_an_array_of_one_number_is_not_a_number() -> None:
    with pytest.raises(TypeError, match="one Value per element"):
        Value(np.array(2.0))  # type: ignore[arg-type]


def test_gradients_of_functions_written_with_numpy() -> None:
    def f(*x: Any) -> Any:
        z = np.array([[1.0, 2.0], [3.0, 4.0]]) @ np.array(x)
        return np.tanh(z).sum()

    z = np.array([[1.0, 2.0], [3.0, 4.0]]) @ [0.1, -0.2]
    expected = np.array([[1.0, 2.0], [3.0, 4.0]]).T @ (1 - np.tanh(z) ** 2)
    np.testing.assert_allclose(grad(f)(0.1, -0.2), expected, rtol=1e-13)
