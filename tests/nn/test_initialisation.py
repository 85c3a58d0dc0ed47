"""How weights start: schemes, gains, generators."""

import math
import random
import statistics

import numpy as np
import pytest

from nn import MLP, Layer
from nn.activations import resolve
from nn.initialisation import SCHEMES, gain, generator


def weights(layer: Layer) -> list[float]:
    return [w.data for neuron in layer.neurons for w in neuron.w]


@pytest.mark.parametrize(
    ("activation", "variance"),
    [
        ("relu", 2 / 100),
        ("gelu", 2 / 100),
        ("softplus", 2 / 100),
        ("leaky_relu(0.5)", 2 / (1 + 0.5**2) / 100),
        ("tanh", 1 / 100),
        ("sigmoid", 1 / 100),
        (None, 1 / 100),
    ],
)
def test_default_variance_fits_activation_and_fan_in(activation: str, variance: float) -> None:
    drawn = weights(Layer(100, 80, activation, rng=0))
    assert statistics.pvariance(drawn) == pytest.approx(variance, rel=0.06)
    assert statistics.fmean(drawn) == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(
    ("scheme", "variance"),
    [
        ("uniform", 1 / 3),
        ("he", 2 / 50),
        ("he_uniform", 2 / 50),
        ("xavier", 2 / 150),
        ("xavier_uniform", 2 / 150),
        ("lecun", 1 / 50),
        ("normal", 1.0),
        ("zeros", 0.0),
    ],
)
def test_schemes_have_the_variance_of_their_definition(scheme: str, variance: float) -> None:
    drawn = weights(Layer(50, 100, "relu", init=scheme, rng=0))
    assert statistics.pvariance(drawn) == pytest.approx(variance, rel=0.06)
    assert scheme in SCHEMES


def test_signals_keep_their_size_through_ten_layers_of_64() -> None:
    x = [random.Random(1).gauss(0, 1) for _ in range(64)]
    for activation in ("relu", "gelu", "leaky_relu", None):
        model = MLP(64, [64] * 10, activation, rng=3)
        out = [a.data for a in model(x)]
        assert 0.1 < math.sqrt(statistics.fmean([a * a for a in out])) < 10, activation


def test_equal_seeds_give_equal_weights() -> None:
    for rng in (7, random.Random(7)):
        a, b = Layer(3, 3, rng=rng), Layer(3, 3, rng=7)
        assert weights(a) == weights(b)
    c = Layer(3, 3, rng=np.random.default_rng(7))
    d = Layer(3, 3, rng=np.random.default_rng(7))
    assert weights(c) == weights(d)


def test_without_rng_the_module_random_is_the_generator() -> None:
    state = random.getstate()
    try:
        random.seed(5)
        a = Layer(2, 2)
        random.seed(5)
        assert weights(a) == weights(Layer(2, 2))
    finally:
        random.setstate(state)


def test_a_function_may_draw_the_weights() -> None:
    assert weights(Layer(2, 1, init=lambda rng: 0.5)) == [0.5, 0.5]


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown init 'kaiming'; known: None, uniform, he"):
        Layer(2, 2, init="kaiming")
    with pytest.raises(TypeError, match="rng must be a seed"):
        generator("seed")


def test_gain_of_a_function_that_is_not_defined_everywhere_is_one() -> None:
    assert gain(resolve("log")) == 1.0
    assert gain(resolve("exp")) == 1.0
    assert gain(resolve("softmax")) == 1.0
