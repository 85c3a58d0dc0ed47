"""The picture of a diagnosis shows what the report says."""

import random

import matplotlib.pyplot as plt
import pytest

from nn import MLP, Diagnosis, diagnose
from viz import plot_diagnosis

RNG = random.Random(0)
X = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(30)]


@pytest.fixture
def report() -> Diagnosis:
    model = MLP(2, [5, 3, 1], "tanh", rng=0)
    model.layers[0].neurons[3].b.data = 9.0
    return diagnose(model, X)


def test_a_square_for_each_unit_and_a_bar_for_each_layer(report: Diagnosis) -> None:
    units, gradients = plot_diagnosis(report)
    squares = [patch for patch in units.patches if patch.get_width() == 0.84]
    assert len(squares) == 5 + 3
    framed = [square for square in squares if square.get_linewidth() == 2.0]
    assert len(framed) == sum(len(layer.saturated) for layer in report.layers) == 1
    assert [bar.get_width() for bar in gradients.patches] == [
        layer.gradient for layer in report.layers
    ]
    assert [label.get_text() for label in units.get_yticklabels()] == [
        layer.name for layer in report.layers
    ]
    plt.close("all")


def test_dead_units_are_crossed() -> None:
    model = MLP(2, [4, 1], rng=0)
    model.layers[0].neurons[2].b.data = -50.0
    units, _ = plot_diagnosis(diagnose(model, X))
    assert [line.get_xdata().tolist() for line in units.lines] == [[2]]
    plt.close("all")


def test_it_draws_into_given_axes(report: Diagnosis) -> None:
    _, axes = plt.subplots(1, 2)
    assert plot_diagnosis(report, ax=axes)[0] is axes[0]
    plt.close("all")
