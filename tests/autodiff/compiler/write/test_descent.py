"""Many steps of an optimiser as plain loops, run as the plain Python that they also are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.compiler.write.backends import Unsupported
from autodiff.compiler.write.descent import descent_source
from nn import MLP, SGD, Adam, losses
from nn.optimisers import Optimiser

rng = np.random.default_rng(0)
MODEL = MLP(3, [4, 1], "tanh", rng=0)
X, Y = rng.normal(size=(10, 3)), rng.normal(size=10)
PROGRAM = autodiff.compile(
    lambda x, y: losses.squared_error(MODEL(x), y), backend="numpy"
).prepare(X, Y)  # fmt: skip
FUNCTION = PROGRAM.version.function


def optimisers() -> dict[str, Optimiser]:
    parameters = MODEL.parameters()
    return {
        "plain": SGD(parameters, lr=0.1),
        "momentum": SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-2),
        "nesterov": SGD(parameters, lr=0.1, momentum=0.9, nesterov=True),
        "adam": Adam(parameters, lr=0.01, weight_decay=1e-3),
    }


@pytest.mark.parametrize("name", optimisers())
def test_the_loops_take_the_steps_of_the_rule(name: str) -> None:
    """Three batches, the last one smaller, with l2; the rule itself runs in NumPy."""
    optimiser = optimisers()[name]
    source, memory, given = descent_source(FUNCTION, optimiser.rule)
    assert memory == optimiser.memory
    assert given == len(optimiser.settings)
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    theta, size, l2 = PROGRAM.theta(), 4, 1e-2
    order, rates = rng.permutation(10), [0.1, 0.05, 0.02]
    moved, costs = theta.tolist(), [0.0] * 3
    state = [0.0] * (memory * theta.size)
    done = namespace["descend"](
        moved, [0.0] * 12, [0.0] * 4, [0.0] * theta.size, X.ravel().tolist(), Y.tolist(),
        order.tolist(), state, rates, [float(x) for x in optimiser.settings], costs,
        size, 10, 3, 0, 0, 1, l2,
    )  # fmt: skip
    assert done == 3
    kept = np.zeros((memory, theta.size))
    for k, rate in enumerate(rates):
        rows = order[k * size : (k + 1) * size]
        J, gradient = PROGRAM.value_and_grad(theta, X[rows], Y[rows])
        assert costs[k] == pytest.approx(J + l2 * theta @ theta, rel=1e-12)
        optimiser.rule(
            theta, gradient + 2 * l2 * theta, kept, rate, k, np.array(optimiser.settings)
        )
    np.testing.assert_allclose(moved, theta, rtol=1e-11)
    np.testing.assert_allclose(np.reshape(state, kept.shape), kept, rtol=1e-11, atol=1e-15)


def test_a_condition_of_nothing_is_not_written() -> None:
    def plain(theta: Any, gradient: Any, state: Any, rate: float, step: int, s: Any) -> None:
        theta -= rate * gradient
        if step > 3:
            theta *= 0.5

    def remarking(theta: Any, gradient: Any, state: Any, rate: float, step: int, s: Any) -> None:
        theta -= rate * gradient
        if step > 2:
            pass
        if step > 3:
            theta *= 0.5

    assert descent_source(FUNCTION, remarking) == descent_source(FUNCTION, plain)


def by_sorting(theta: Any, gradient: Any, state: Any, rate: float, step: int, s: Any) -> None:
    """No element by itself."""
    theta -= rate * np.sort(gradient)


def with_a_loop(theta: Any, gradient: Any, state: Any, rate: float, step: int, s: Any) -> None:
    """More than arithmetic."""
    for k in range(3):
        theta[k] -= rate * gradient[k]


def by_one_element(
    theta: Any, gradient: Any, state: Any, rate: float, step: int, settings: Any
) -> None:
    """An element of what is no list of settings."""
    theta -= rate * gradient[0]


@pytest.mark.parametrize("rule", [by_sorting, with_a_loop, by_one_element, len])
def test_rules_beyond_loops_over_elements_are_refused(rule: Any) -> None:
    with pytest.raises(Unsupported):
        descent_source(FUNCTION, rule)
