"""The loops that LLVM compiles, run as the plain Python that they also are."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
import nn
from autodiff import GATES, Value
from autodiff.compiler.write.loops import loops_source
from nn import MLP, Conv1D, Conv2D, Layer, LayerNorm, Residual, Sequential, losses
from tests.random_graphs import random_recipe

rng = np.random.default_rng(0)


def run_loops(f: Callable[..., Any], *arrays: np.ndarray) -> tuple[float, np.ndarray]:
    """J and gradient by the generated loops, interpreted."""
    program = autodiff.compile(f, backend="numpy").prepare(*arrays)
    function = program.version.function
    assert function is not None
    namespace: dict[str, Any] = {}
    exec(loops_source(function), namespace)
    gradient = [math.nan] * function.theta_size
    inputs = [array.reshape(-1).tolist() for array in arrays]
    J = namespace["gradient"](program.theta().tolist(), *inputs, gradient)
    return J, np.array(gradient)


def assert_equal_to_numpy(f: Callable[..., Any], *arrays: np.ndarray) -> None:
    """The NumPy program is compared with the eager engine elsewhere (and when it is made)."""
    J, grad = run_loops(f, *arrays)
    program = autodiff.compile(f, backend="numpy").prepare(*arrays)
    expected, slopes = program.value_and_grad(program.theta(), *arrays)
    assert J == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(grad, slopes, rtol=1e-9, atol=1e-12 * max(1, abs(slopes).max()))


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs(seed: int) -> None:
    """Every gate, forks, repeated operands, rows: half of the leaves are data, half parameters."""
    recipe = random_recipe(seed=seed, leaves=2 + seed % 4)
    half = len(recipe.leaves) // 2
    parameters = [Value(number) for number in recipe.leaves[half:]]

    def f(x: Any) -> Value:
        data = list(x) if isinstance(x, list | tuple) else [x]
        root: Value = recipe.on_values(*data, *parameters)
        return root

    X = np.array([recipe.leaves[:half]] * 3)
    X[1:] *= 1 + 1e-6 * rng.normal(size=X[1:].shape)
    assert_equal_to_numpy(f, X)


SQUARED = losses.squared_error


def _models() -> dict[str, Callable[..., Any]]:
    hidden = ["relu", "tanh", "sigmoid", "gelu", "softplus(2)", "leaky_relu(0.1)"]
    models: dict[str, Any] = {a: MLP(6, [5, 4, 3], activation=a, rng=0) for a in hidden}
    models["softmax"] = Sequential(Layer(6, 4, "softmax", rng=0), Layer(4, 3, rng=1))
    models["layer norm"] = Sequential(Layer(6, 5, rng=0), LayerNorm(5), Layer(5, 3, rng=1))
    block = Residual(Layer(6, 6, "relu", rng=0), Layer(6, 6, "relu", rng=1))
    models["residual, shared"] = Sequential(block, block, Layer(6, 3, rng=2))
    return models


@pytest.mark.parametrize("name", _models())
def test_modules(name: str) -> None:
    model = _models()[name]
    X, Y = rng.normal(size=(5, 6)), rng.normal(size=(5, 3))
    assert_equal_to_numpy(lambda x, y: SQUARED(model(x), y), X, Y)


@pytest.mark.parametrize("features", [1, 7, 8, 9, 16, 23])
def test_products_of_any_width(features: int) -> None:
    """Eight factors at once, and what is left over."""
    model = MLP(features, [features, 2], "tanh", rng=0)
    X, Y = rng.normal(size=(3, features)), np.eye(2)[[0, 1, 1]]
    assert_equal_to_numpy(lambda x, y: losses.softmax_cross_entropy(model(x), y), X, Y)


def test_convolution_1d() -> None:
    convolution, layer = Conv1D(2, 3, 3, rng=0), Layer(12, 1, rng=1)

    def f(x: Any, y: Any) -> Value:
        return SQUARED(layer([v.tanh() for channel in convolution(x) for v in channel]), y)

    assert_equal_to_numpy(f, rng.normal(size=(4, 2, 4)), rng.normal(size=4))


def test_convolution_2d() -> None:
    convolution, layer = Conv2D(1, 2, 3, rng=0), Layer(18, 1, rng=1)

    def f(x: Any, y: Any) -> Value:
        pixels = nn.Flatten()(convolution(x))
        return SQUARED(layer([v.tanh() for v in pixels]), y)

    assert_equal_to_numpy(f, rng.normal(size=(4, 1, 3, 3)), rng.normal(size=4))


def test_what_depends_on_parameters_alone() -> None:
    """It is computed once, before the first block; its gradient after the last."""
    w = [Value(0.3), Value(0.7)]

    def f(x: Any) -> Value:
        alone = (w[0] * w[1]).exp() * GATES["dot"](w, w)
        root: Value = alone * x[0] + alone
        return root

    assert_equal_to_numpy(f, rng.normal(size=(5, 2)))
