"""A small GPT, gate by gate, as one writes it with nothing but Values; and the same in PyTorch.

27 tokens, width 16, 4 heads, 8 positions; RMSNorm, causal attention, a ReLU MLP four times as wide.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from autodiff import GATES, Value

TOKENS, WIDTH, HEADS, BLOCK = 27, 16, 4, 8
Matrix = list[list[Value]]
Weights = dict[str, Matrix]


def weights(seed: int = 0, layers: int = 1) -> Weights:
    """The parameters, 4,192 of them for one layer and 16 positions."""
    rng = random.Random(seed)
    shapes = {"wte": (TOKENS, WIDTH), "wpe": (2 * BLOCK, WIDTH), "lm_head": (TOKENS, WIDTH)}
    for k in range(layers):
        shapes |= {f"l{k}.{name}": (WIDTH, WIDTH) for name in ("wq", "wk", "wv", "wo")}
        shapes |= {f"l{k}.fc1": (4 * WIDTH, WIDTH), f"l{k}.fc2": (WIDTH, 4 * WIDTH)}
    return {
        name: [[Value(rng.gauss(0, 0.08)) for _ in range(n)] for _ in range(m)]
        for name, (m, n) in shapes.items()
    }


def linear(w: Matrix, x: list[Value]) -> list[Value]:
    return [sum((wi * xi for wi, xi in zip(row, x, strict=True))) for row in w]  # type: ignore[misc]


def rmsnorm(x: list[Value]) -> list[Value]:
    scale = (sum(v * v for v in x) / len(x) + 1e-5) ** -0.5
    return [v * scale for v in x]


def softmax(scores: list[Value]) -> list[Value]:
    total = GATES["logsumexp"](scores)
    return [(s - total).exp() for s in scores]


def softmax_by_hand(scores: list[Value]) -> list[Value]:
    powers = [s.exp() for s in scores]
    total = sum(powers)
    return [p / total for p in powers]


def attention(q: Matrix, k: Matrix, v: Matrix, seen: list[int], now: int, soft: Any) -> list[Value]:
    """One position's attention to those it sees, head by head."""
    size = WIDTH // HEADS
    out = []
    for h in range(HEADS):
        at = range(h * size, (h + 1) * size)
        scores = [sum(q[now][i] * k[u][i] for i in at) / size**0.5 for u in seen]
        share = soft(scores)
        out += [sum(a * v[u][i] for a, u in zip(share, seen, strict=True)) for i in at]
    return out


def gpt(
    w: Weights,
    layers: int = 1,
    soft: Callable[..., list[Value]] = softmax,
    seen: Callable[[int, int], list[int]] = lambda t, n: list(range(t + 1)),
) -> Callable[..., Value]:
    """loss(x, y): the mean over positions; x[t], y[t] are tokens."""

    def loss(x: list[Value], y: list[Value]) -> Value:
        equal, logsumexp = GATES["equal"], GATES["logsumexp"]
        stream = []
        for t, token in enumerate(x):
            one_hot = [equal(token, k) for k in range(TOKENS)]
            row = [sum(o * w["wte"][k][i] for k, o in enumerate(one_hot)) for i in range(WIDTH)]
            stream.append(rmsnorm([a + b for a, b in zip(row, w["wpe"][t], strict=True)]))
        for layer in range(layers):
            names = ("wq", "wk", "wv", "wo", "fc1", "fc2")
            wq, wk, wv, wo, fc1, fc2 = (w[f"l{layer}.{name}"] for name in names)
            normed = [rmsnorm(row) for row in stream]
            q, k, v = ([linear(m, row) for row in normed] for m in (wq, wk, wv))
            for t, row in enumerate(stream):
                head = linear(wo, attention(q, k, v, seen(t, len(x)), t, soft))
                row = [a + b for a, b in zip(head, row, strict=True)]
                hidden = [z.relu() for z in linear(fc1, rmsnorm(row))]
                stream[t] = [a + b for a, b in zip(linear(fc2, hidden), row, strict=True)]
        losses = []
        for row, target in zip(stream, y, strict=True):
            logits = linear(w["lm_head"], row)
            picked = sum(equal(target, k) * z for k, z in enumerate(logits))
            losses.append(logsumexp(logits) - picked)
        return sum(losses) / len(losses)  # type: ignore[return-value]

    return loss
