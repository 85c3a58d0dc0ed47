"""Networks and functions written for PyTorch: the same outputs and gradients here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff
from nn import Module, Sequential, from_torch, to_torch
from nn.module import flatten
from tests.oracles import oracle

torch = oracle("torch")
pytestmark = pytest.mark.torch
functional = torch.nn.functional


class Branches(torch.nn.Module):  # type: ignore[misc,name-defined]
    """What a Sequential cannot say: a residual, a join, a parameter of its own, functions."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = torch.nn.Linear(3, 4)
        self.block = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LeakyReLU(0.2))
        self.scale = torch.nn.Parameter(torch.randn(4))
        self.fc2 = torch.nn.Linear(9, 2)

    def forward(self, x: Any) -> Any:
        h = torch.tanh(self.fc1(x))
        g = h + self.block(h) * self.scale
        z = torch.cat([g, functional.gelu(h), torch.logsumexp(h, dim=-1, keepdim=True)], dim=-1)
        return functional.softmax(self.fc2(z) / 2.0, dim=-1)


def agree(network: Any, model: Module, X: np.ndarray) -> None:
    """Outputs, and every parameter's gradient of the sum of their sines."""
    outputs = network(torch.tensor(X))
    network.zero_grad()
    outputs.sin().sum().backward()
    ours = [list(flatten(model(x))) for x in X.tolist()]
    found = [[v.data for v in row] for row in ours]
    np.testing.assert_allclose(found, outputs.detach().numpy(), rtol=1e-12, atol=1e-14)
    model.zero_grad()
    for row in ours:
        for v in row:
            v.sin().backward()
    theirs = {name: p.grad.numpy() for name, p in network.named_parameters()}
    for name, array in model.named_arrays().items():
        slopes = autodiff.functional.map_nested(lambda v: v.grad, array)
        np.testing.assert_allclose(slopes, theirs[name], rtol=1e-10, atol=1e-13)


X = np.random.default_rng(0).normal(size=(4, 3))


def test_a_sequential_becomes_one_of_the_same_parts() -> None:
    torch.manual_seed(0)
    n = torch.nn
    network = n.Sequential(
        n.Linear(3, 4), n.Softplus(2.0), n.LayerNorm(4), n.Sequential(n.Linear(4, 4, bias=False)),
        n.GELU(), n.Dropout(0.0), n.Identity(), n.Linear(4, 2), n.Softmax(dim=-1),
    ).double()  # fmt: skip
    model = from_torch(network)
    assert isinstance(model, Sequential)
    assert list(model.state_dict()) == list(network.state_dict())
    agree(network, model, X)
    agree(to_torch(model), model, X)


def test_other_modules_are_traced() -> None:
    torch.manual_seed(0)
    network = Branches().double()
    model = from_torch(network)
    assert sorted(model.state_dict()) == sorted(network.state_dict())
    agree(network, model, X)
    outputs = autodiff.compile(model, backend="numpy").predict(X)
    np.testing.assert_allclose(outputs, network(torch.tensor(X)).detach().numpy(), rtol=1e-12)


def test_a_function_of_tensors_is_a_function_of_values() -> None:
    f = from_torch(lambda a, b: torch.sin(a) * b + a**2 - torch.maximum(a, b).exp() / 2)
    a, b = torch.tensor(0.5, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    (torch.sin(a) * b + a**2 - torch.maximum(a, b).exp() / 2).backward()
    assert a.grad is not None
    assert b.grad is not None
    slopes = autodiff.grad(f)(0.5, 2.0)
    assert slopes == pytest.approx([a.grad.item(), b.grad.item()], rel=1e-6)


def test_columns_convolutions_and_sums_over_an_axis() -> None:
    columns = from_torch(lambda x: x[:, 0] * x[:, 2] + x.sum(dim=-1) - x.mean(dim=1))
    assert columns([1.0, 2.0, 4.0]).data == pytest.approx(4 + 7 - 7 / 3)
    assert from_torch(lambda x: x.sum(1))([1.0, 2.0]).data == 3.0
    tables = from_torch(lambda x: torch.cat([x.sum(dim=-1), x.logsumexp(-1)], dim=-1))
    sums = [v.data for v in tables([[1.0, 2.0], [3.0, 4.0]])]
    assert sums == pytest.approx([3, 7, 2 + np.log1p(np.exp(-1)), 4 + np.log1p(np.exp(-1))])
    n = torch.nn
    network = n.Sequential(
        n.Conv1d(1, 2, 3, stride=2, padding=1), n.ReLU(), n.Flatten(), n.Linear(6, 1)
    ).double()
    agree(network, from_torch(network), np.random.default_rng(1).normal(size=(2, 1, 5)))


def test_what_has_no_counterpart_is_named() -> None:
    with pytest.raises(ValueError, match="cumsum is no gate and no arrangement of numbers"):
        from_torch(lambda x: x.cumsum(0))
    with pytest.raises(ValueError, match="approximate='tanh'"):
        from_torch(torch.nn.Sequential(torch.nn.GELU(approximate="tanh")))
    with pytest.raises(ValueError, match="softmax along dim=0"):
        from_torch(lambda x: functional.softmax(x, dim=0))([1.0, 2.0])
    with pytest.raises(ValueError, match="only plain convolutions"):
        from_torch(torch.nn.Conv1d(2, 2, 3, groups=2))
