"""Optimisers: equal to PyTorch's, schedules, refusals."""

import math
from typing import Any

import numpy as np
import pytest

from autodiff import Value
from nn import SGD, Adam
from nn.optimisers import Optimiser, cosine, linear, resolve_schedule, steps, warmup
from tests.oracles import oracle


@pytest.mark.torch
@pytest.mark.parametrize(
    ("ours", "name", "options"),
    [
        (SGD, "SGD", {"lr": 0.1}),
        (SGD, "SGD", {"lr": 0.1, "momentum": 0.9}),
        (SGD, "SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
        (SGD, "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        (SGD, "SGD", {"lr": 0.1, "weight_decay": 0.1}),
        (Adam, "Adam", {"lr": 0.05}),
        (Adam, "Adam", {"lr": 0.01, "betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.1}),
    ],
)
def test_equal_to_pytorch_over_100_steps(
    ours: type[Optimiser], name: str, options: dict[str, Any]
) -> None:
    """The same gradients give the same parameters to 1e-12."""
    torch = oracle("torch")
    rng = np.random.default_rng(0)
    start = rng.normal(size=20)
    parameters = [Value(x) for x in start]
    theirs = torch.tensor(start, requires_grad=True)
    optimiser = ours(parameters, **options)
    their_optimiser = getattr(torch.optim, name)([theirs], **options)
    for _ in range(100):
        gradient = rng.normal(size=20)
        for parameter, g in zip(parameters, gradient, strict=True):
            parameter.grad = float(g)
        theirs.grad = torch.tensor(gradient)
        optimiser.step()
        their_optimiser.step()
        np.testing.assert_allclose(
            [p.data for p in parameters], theirs.detach().numpy(), rtol=1e-12, atol=1e-14
        )


def test_update_does_not_change_its_arguments() -> None:
    theta, gradient = np.array([1.0, 2.0]), np.array([0.5, -0.5])
    for optimiser in (
        SGD([Value(0.0), Value(0.0)], lr=0.1, momentum=0.9, weight_decay=0.1),
        Adam([Value(0.0), Value(0.0)], lr=0.1, weight_decay=0.1),
    ):
        for _ in range(3):
            optimiser.update(theta, gradient)
        assert theta.tolist() == [1.0, 2.0]
        assert gradient.tolist() == [0.5, -0.5]


def test_a_shared_parameter_moves_once() -> None:
    w = Value(1.0)
    optimiser = SGD([w, w], lr=0.1)
    (w * 1).backward()
    optimiser.step()
    assert w.data == pytest.approx(0.9)


def test_the_rate_may_be_changed_or_be_a_function_of_the_step() -> None:
    w = Value(0.0)
    optimiser = SGD([w], lr=lambda k: 1.0 / (k + 1))
    moved = []
    for _ in range(3):
        before = w.data
        w.grad = 1.0
        optimiser.step()
        moved.append(before - w.data)
    assert moved == pytest.approx([1.0, 1 / 2, 1 / 3])
    optimiser.lr = 10.0
    w.grad = 1.0
    before = w.data
    optimiser.step()
    assert before - w.data == pytest.approx(10.0)


def test_schedules() -> None:
    assert [linear(1.0, 0.0, 4)(k) for k in range(6)] == [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    assert cosine(1.0, 10)(0) == 1.0
    assert cosine(1.0, 10)(5) == pytest.approx(0.5)
    assert cosine(1.0, 10, end=0.1)(99) == pytest.approx(0.1)
    assert [steps(1.0, 2, 0.5)(k) for k in range(5)] == [1.0, 1.0, 0.5, 0.5, 0.25]
    assert [warmup(2, 1.0)(k) for k in range(3)] == [0.5, 1.0, 1.0]
    assert warmup(2, linear(1.0, 0.0, 4))(2) == 0.5


def test_a_warmup_by_name_is_over_after_one_step_of_a_few() -> None:
    """A tenth of five steps is none, but there is a first step."""
    assert [resolve_schedule("warmup", 0.1, 5)(k) for k in range(5)] == [
        cosine(0.1, 5)(k) for k in range(5)
    ]


def test_step_before_any_backward_pass_is_refused() -> None:
    w = Value(1.0)
    with pytest.raises(RuntimeError, match=r"call backward\(\) on the loss first"):
        SGD([w], lr=0.1).step()


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf])
def test_rates_that_make_no_sense_are_refused(lr: float) -> None:
    with pytest.raises(ValueError, match="lr must be a number of at least 0"):
        Adam([Value(1.0)], lr=lr)


def test_what_is_no_parameter_is_refused() -> None:
    with pytest.raises(ValueError, match="got no parameters"):
        SGD([], lr=0.1)
    with pytest.raises(TypeError, match="parameters are leaf Values"):
        SGD([Value(1.0) * 2], lr=0.1)
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        SGD([Value(1.0)], lr=0.1, nesterov=True)
    with pytest.raises(ValueError, match="betas"):
        Adam([Value(1.0)], betas=(0.9, 1.0))
