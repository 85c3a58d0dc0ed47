"""micrograd's moons demo, written with our names, gives its published losses."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.datasets import make_moons

from nn import MLP, SGD, fit, losses

PUBLISHED = {
    0: 0.8958441028683222,
    1: 1.7235905336972,
    2: 0.7429006313851,
    5: 0.313545481918,
    10: 0.24507023853,
    50: 0.098751147,
    99: 0.01097837,
}


@pytest.fixture
def moons() -> Iterator[tuple[MLP, list[list[float]], list[float]]]:
    """Data and network, drawn from the two global generators as the demo does."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002
    np.random.seed(1337)  # noqa: NPY002
    random.seed(1337)
    X, y = make_moons(n_samples=100, noise=0.1)
    yield MLP(2, [16, 16, 1], init="uniform", rng=random), X.tolist(), (2 * y - 1).tolist()
    np.random.set_state(states[0])  # noqa: NPY002
    random.setstate(states[1])


def assert_published(costs: list[float]) -> None:
    for step, cost in PUBLISHED.items():
        # the printed digits: 1e-9 for the first ten steps, 8 digits at the end
        assert costs[step] == pytest.approx(cost, rel=1e-9 if step <= 10 else 2e-8), step


def test_moons_demo_step_by_step(moons: tuple[MLP, list[list[float]], list[float]]) -> None:
    model, X, y = moons
    assert len(model.parameters()) == 337
    optimiser = SGD(model.parameters(), lr=lambda k: 1.0 - 0.9 * k / 100)
    costs = []
    for _ in range(100):
        data_loss = losses.cost(model, X, y, losses.hinge)
        penalty = 1e-4 * sum(p * p for p in model.parameters())
        total = data_loss + penalty
        costs.append(total.data)
        scores = [model(x) for x in X] if len(costs) == 100 else []
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
    assert_published(costs)
    assert all((score.data > 0) == (label > 0) for score, label in zip(scores, y, strict=True))


def test_moons_demo_with_fit(moons: tuple[MLP, list[list[float]], list[float]]) -> None:
    model, X, y = moons
    optimiser = SGD(model.parameters(), lr=lambda k: 1.0 - 0.9 * k / 100)
    history = fit(model, X, y, "hinge", optimiser, epochs=100, l2=1e-4, progress=False)
    assert_published(history.steps)
    assert history["accuracy"][98] == 1.0
    assert history.last["accuracy"] == 1.0
