"""Attention has the letters of the textbooks, by what it computes and not by who wrote it."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value
from nn import Embedding, Layer, Positionwise, SelfAttention, TransformerBlock, losses
from tests.autodiff.compiler.gpt import BLOCK, TOKENS, gpt, softmax, softmax_by_hand, weights
from tests.autodiff.compiler.test_equality import agree

RNG = np.random.default_rng(0)
X, Y = RNG.integers(0, TOKENS, size=(2, 1, BLOCK)).astype(float)


@pytest.mark.parametrize("soft", [softmax, softmax_by_hand])
def test_the_equations_of_attention(soft: object) -> None:
    """S = QKᵀ/√n, A = softmax(S), O = AV; dV = AᵀdO, dA = dO Vᵀ, dQ = dS K, dK = dSᵀQ."""
    source = autodiff.compile(gpt(weights(), soft=soft), "numpy").prepare(X, Y).source  # type: ignore[arg-type]
    assert re.search(r"S = .*Q @ K\.swapaxes\(-1, -2\) / 2", source)
    scaled = re.search(r"dQ = (\w+) @ K\n", source)
    assert scaled is not None
    for line in (
        "O = A @ V",
        "H = O.swapaxes(1, 2).reshape(-1, 8, 16)",
        "dV = A.swapaxes(-1, -2) @ dO",
        "dA = dO @ V.swapaxes(-1, -2)",
        f"dK = {scaled[1]}.swapaxes(-1, -2) @ Q",
    ):
        assert f"    {line}\n" in source


def test_a_softmax_is_computed_once() -> None:
    """The gradient of ln Σ e^S is A, which is there: e^S is written once."""
    source = autodiff.compile(gpt(weights()), "numpy").prepare(X, Y).source
    assert source.count("np.exp(S - logsumexp1[:, :, :, None])") == 1
    assert re.search(r"dS = dsub1 \+ dlogsumexp1\[:, :, :, None\] \* A\n", source)


def test_every_block_has_its_own() -> None:
    source = agree(gpt(weights(layers=2), layers=2), X, Y).source
    assert "O = A @ V\n" in source
    assert "O2 = A2 @ V2\n" in source


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("heads", [1, 2])
def test_the_module_has_them_too(causal: bool, heads: int) -> None:
    attention = SelfAttention(4, heads, causal, rng=0)
    source = agree(
        lambda x: sum(v * v * v for row in attention(x) for v in row), RNG.normal(size=(3, 5, 4))
    ).source
    assert re.search(r"\bO = A @ V\b", source)
    assert re.search(r"\bdQ = ", source)


def test_a_gpt_of_modules_is_a_page() -> None:
    """At most 120 lines, loss and gradient."""
    rng = random.Random(0)
    block = TransformerBlock(16, 4, norm="rms", bias=False, rng=rng)
    table, places = Embedding(TOKENS, 16, rng=rng), Embedding(16, 16, rng=rng)
    logits = Positionwise(Layer(16, TOKENS, bias=False, rng=rng))

    def cost(x: list[Value], y: list[Value]) -> Value:
        rows = zip(table(x), places(list(range(len(x)))), strict=True)
        z = [[a + b for a, b in zip(*pair, strict=True)] for pair in rows]
        each = map(losses.softmax_cross_entropy, logits(block(z)), y)
        return GATES["mean"](list(each))

    program = autodiff.compile(cost, "numpy").prepare(X, Y)
    assert len(program.source.splitlines()) <= 120
    assert program.report().versions[0]["unrolled"] == []
