"""CS229, section 7.1: losses and the ways to descend."""

import math
import random

import numpy as np
import pytest

from autodiff import Value
from nn import SGD, Layer, batches, fit, losses


def test_7_1_half_the_squared_error() -> None:
    h = Value(3.0)
    loss = losses.squared_error(h, 1.0)
    loss.backward()
    assert loss.data == 0.5 * (3.0 - 1.0) ** 2
    assert h.grad == 3.0 - 1.0


def test_7_2_mean_over_the_examples() -> None:
    model = Layer(1, 1, init=lambda rng: 2.0)
    J = losses.cost(model, [[1.0], [2.0], [3.0]], [1.0, 1.0, 1.0], losses.squared_error)
    assert J.data == pytest.approx((0.5 * 1 + 0.5 * 9 + 0.5 * 25) / 3, rel=1e-12)


@pytest.mark.parametrize("t", [-3.0, -0.1, 0.0, 2.5])
@pytest.mark.parametrize("y", [0, 1])
def test_7_3_7_4_logistic_loss_is_the_negative_log_likelihood(t: float, y: int) -> None:
    h = 1 / (1 + math.exp(-t))
    likelihood = h if y else 1 - h
    assert losses.logistic(Value(t), y).data == pytest.approx(-math.log(likelihood), rel=1e-12)


@pytest.mark.parametrize("t", [-1000.0, -3.0, 0.0, 2.5, 1000.0])
@pytest.mark.parametrize("y", [0, 1])
def test_7_70_logistic_loss_gradient(t: float, y: int) -> None:
    """dℓ/dt = σ(t) - y, and stable at t = ±1000."""
    logit = Value(t)
    loss = losses.logistic(logit, y)
    loss.backward()
    assert math.isfinite(loss.data)
    assert logit.grad == pytest.approx(Value(t).sigmoid().data - y, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("y", [0, 1, 2])
def test_7_5_7_6_softmax_and_its_cross_entropy(y: int) -> None:
    t = [0.5, -1.0, 2.0]
    phi = np.exp(t) / np.exp(t).sum()
    loss = losses.softmax_cross_entropy([Value(a) for a in t], y)
    assert loss.data == pytest.approx(-math.log(phi[y]), rel=1e-12)


@pytest.mark.parametrize("t", [[0.5, -1.0, 2.0], [1000.0, -1000.0, 0.0], [-1000.0] * 3])
@pytest.mark.parametrize("y", [0, 1, 2])
def test_7_71_softmax_cross_entropy_gradient(t: list[float], y: int) -> None:
    """∂ℓ/∂t = φ - e_y, and stable at ±1000."""
    logits = [Value(a) for a in t]
    loss = losses.softmax_cross_entropy(logits, y)
    loss.backward()
    assert math.isfinite(loss.data)
    shifted = np.exp(np.array(t) - max(t))
    expected = shifted / shifted.sum() - np.eye(3)[y]
    assert [a.grad for a in logits] == pytest.approx(list(expected), rel=1e-12, abs=1e-12)


def test_7_8_gradient_descent() -> None:
    """θ := θ - α ∇J(θ), with J over all examples."""
    model = Layer(1, 1, init=lambda rng: 1.0)
    X, Y = [[1.0], [3.0]], [2.0, 2.0]
    fit(model, X, Y, "squared_error", SGD(model.parameters(), lr=0.1), epochs=1, progress=False)
    # residuals -1 and 1: ∂J/∂w = (-1·1 + 1·3)/2 = 1, ∂J/∂b = 0
    assert model.neurons[0].w[0].data == pytest.approx(1.0 - 0.1 * 1.0, rel=1e-12)
    assert model.neurons[0].b.data == 0.0


def test_7_9_stochastic_gradient_descent_with_one_uniform_example() -> None:
    model, by_hand = Layer(1, 1, init="zeros"), Layer(1, 1, init="zeros")
    X, Y = [[1.0], [2.0], [3.0]], [1.0, 0.0, 2.0]
    fit(model, X, Y, "squared_error", SGD(model.parameters(), lr=0.1), epochs=4, batch_size=1,
        sampling="independent", rng=5, progress=False)  # fmt: skip
    rng = random.Random(5)
    w, b = by_hand.neurons[0].w[0], by_hand.neurons[0].b
    for _ in range(4 * 3):
        (j,) = rng.sample(range(3), 1)
        error = w.data * X[j][0] + b.data - Y[j]
        w.data, b.data = w.data - 0.1 * error * X[j][0], b.data - 0.1 * error
    assert model.neurons[0].w[0].data == pytest.approx(w.data, rel=1e-12)


def test_7_10_mini_batches_are_drawn_without_replacement() -> None:
    for sampling in ("independent", "epochs"):
        for rows in batches(20, 8, 0, sampling):
            assert len(set(rows.tolist())) == len(rows)
