"""A GPT written gate by gate becomes a page of matrices, and computes what PyTorch computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from tests.autodiff.compiler.gpt import (
    BLOCK,
    HEADS,
    TOKENS,
    WIDTH,
    gpt,
    linear,
    softmax,
    softmax_by_hand,
    weights,
)
from tests.autodiff.compiler.test_equality import agree

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, TOKENS, size=(2, 2, BLOCK)).astype(float)


def test_it_is_a_page_of_matrices() -> None:
    """At most 40 operations forward, 60 backward and 160 lines, and no index table."""
    program = autodiff.compile(gpt(weights()), backend="numpy").prepare(X, Y)
    report = program.report().versions[0]
    assert report["forward"] <= 40
    assert report["backward"] <= 60
    assert report["unrolled"] == []
    assert len(program.source.splitlines()) <= 160
    assert "np.array(" not in program.source


def test_loss_and_gradient_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    values = weights()
    program = autodiff.compile(gpt(values), backend="numpy").prepare(X, Y)
    J, gradient = program.value_and_grad(program.theta(), X, Y)

    w = {
        name: torch.tensor([[v.data for v in row] for row in rows], dtype=torch.float64)
        for name, rows in values.items()
    }
    for tensor in w.values():
        tensor.requires_grad_()

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdim=True) + 1e-5) ** -0.5

    x, y = torch.tensor(X).long(), torch.tensor(Y).long()
    stream = norm(w["wte"][x] + w["wpe"][:BLOCK])
    q, k, v = (
        (norm(stream) @ w[f"l0.{name}"].T).reshape(-1, BLOCK, HEADS, WIDTH // HEADS).transpose(1, 2)
        for name in ("wq", "wk", "wv")
    )
    mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    stream = mixed.transpose(1, 2).reshape(-1, BLOCK, WIDTH) @ w["l0.wo"].T + stream
    stream = torch.relu(norm(stream) @ w["l0.fc1"].T) @ w["l0.fc2"].T + stream
    logits = (stream @ w["lm_head"].T).reshape(-1, TOKENS)
    loss = torch.nn.functional.cross_entropy(logits, y.reshape(-1))
    loss.backward()

    slopes = {}
    for name, rows in values.items():
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                slopes[value] = w[name].grad[i, j].item()
    assert abs(J - loss.item()) < 1e-12
    np.testing.assert_allclose(gradient, [slopes[p] for p in program.parameters], atol=1e-12)


@pytest.mark.parametrize(
    "seen",
    [
        lambda t, n: list(range(n)),
        lambda t, n: list(range(max(0, t - 2), t + 1)),
        lambda t, n: list(range(t, n)),
    ],
    ids=["full", "local", "backwards"],
)
@pytest.mark.parametrize("by_hand", [False, True])
def test_attention_of_other_kinds_rolls_as_well(
    seen: Callable[[int, int], list[int]], by_hand: bool
) -> None:
    """Full, local and reversed attention, softmax as one gate or as exp and Σ."""
    extra = {"soft": softmax_by_hand} if by_hand else {}
    program = agree(gpt(weights(), seen=seen, **extra), X[:1], Y[:1])
    report = program.report().versions[0]
    assert report["forward"] <= 40
    assert report["backward"] <= 60
    assert "np.array(" not in program.source


def test_two_blocks_take_less_than_twice_the_operations_of_one() -> None:
    program = agree(gpt(weights(layers=2), layers=2), X[:1], Y[:1])
    report = program.report().versions[0]
    assert report["forward"] <= 60
    assert report["backward"] <= 60


def test_numbers_above_the_diagonal_never_count() -> None:
    """Scores that no gate computes may overflow: e^1000 above the diagonal is not there."""
    scale = autodiff.Value(1.0)

    def f(x: list[autodiff.Value]) -> autodiff.Value:
        total = autodiff.Value(0.0)
        for t in range(4):
            powers = [(scale * (x[u] - x[t])).exp() for u in range(t + 1)]
            share = [p / sum(powers) for p in powers]
            total = total + sum(a * x[u] for a, u in zip(share, range(t + 1), strict=True))
        return total

    agree(f, np.array([[0.0, 0.5, 1.0, 1.5], [0.0, 1000.0, 2000.0, 3000.0]]))


def matrix(rows: int, columns: int) -> list[list[autodiff.Value]]:
    """Parameters."""
    drawn = RNG.normal(size=(rows, columns)) / 3
    return [[autodiff.Value(number) for number in row] for row in drawn.tolist()]


def turned(v: list[Any], t: int) -> list[Any]:
    """A rotary position: a pair of numbers turned by an angle that grows with t."""
    cosine, sine = math.cos(t / 3), math.sin(t / 3)
    return [v[0] * cosine - v[1] * sine, v[0] * sine + v[1] * cosine]


@pytest.mark.parametrize("kind", ["weights of its own", "grouped queries", "rotary positions"])
def test_attention_as_others_build_it_rolls_as_well(kind: str) -> None:
    """Four heads of two over five positions: 15 operations forward, none picked by a table."""
    length, heads, size = 5, 4, 2
    width = heads * size
    groups = 2 if kind == "grouped queries" else heads
    own = length if kind == "weights of its own" else 1
    wq = [matrix(width, width) for _ in range(own)]
    wk, wv, wo = matrix(groups * size, width), matrix(groups * size, width), matrix(width, width)

    def heads_of(row: list[Any], t: int) -> list[list[Any]]:
        cut = [row[h : h + size] for h in range(0, len(row), size)]
        return [turned(v, t) for v in cut] if kind == "rotary positions" else cut

    def loss(x: list[list[autodiff.Value]]) -> autodiff.Value:
        q = [heads_of(linear(wq[t % own], row), t) for t, row in enumerate(x)]
        k = [heads_of(linear(wk, row), t) for t, row in enumerate(x)]
        v = [linear(wv, row) for row in x]
        out = []
        for t in range(length):
            mixed: list[Any] = []
            for h in range(heads):
                g = h * groups // heads
                scores = [sum(a * b for a, b in zip(q[t][h], k[u][g], strict=True))
                          for u in range(t + 1)]  # fmt: skip
                share = softmax(scores)
                at = range(g * size, (g + 1) * size)
                mixed += [sum(a * v[u][i] for u, a in enumerate(share)) for i in at]
            out += linear(wo, mixed)
        return sum(z * z for z in out)  # type: ignore[return-value]

    report = agree(loss, RNG.normal(size=(2, length, width))).report().versions[0]
    assert report["forward"] <= 15
    assert report["backward"] <= 20
    assert report["unrolled"] == []
