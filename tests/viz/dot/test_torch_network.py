"""A PyTorch module drawn: its structure, and PyTorch's own gradients."""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracles import oracle
from viz import draw_torch

torch = oracle("torch")
pytestmark = pytest.mark.torch


class Small(torch.nn.Module):  # type: ignore[misc,name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(2, 2)
        self.gain = torch.nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Any) -> Any:
        return (self.gain * torch.tanh(self.fc(x))).sum()


def test_a_module_is_drawn_with_its_gradients() -> None:
    torch.manual_seed(0)
    network = Small().double()
    x = torch.tensor([0.5, -1.0], dtype=torch.double)
    picture = draw_torch(network, x, digits=6).source
    network(x).backward()
    assert "Small" in picture
    assert "fc: Layer(2, 2)" in picture
    for slope in (network.gain.grad, network.fc.bias.grad[0], network.fc.weight.grad[1, 0]):
        assert f"{slope.item():.6g}".replace("-", "−").rstrip("0") in picture
    assert network.fc.weight.grad is not None


def test_a_loss_may_follow() -> None:
    picture = draw_torch(lambda a, b: torch.sin(a) * b, 0.5, 2.0, loss=lambda out: out * out).source
    assert "sin" in picture
    assert "x1" in picture
    assert "x₁" in picture or "x1" in picture
