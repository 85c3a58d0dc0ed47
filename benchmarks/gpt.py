"""A small GPT, gate by gate: loss and gradient for a batch, against programs written by hand.

The model of `tests/autodiff/compiler/gpt.py`: 27 tokens, width 16, 4 heads, one layer, 4,192
parameters; eight tokens a row, float64. The same scalar code runs on our Values, is compiled from
them, and runs on a class of 30 lines that keeps for each node its parents and local gradients and
chains them, as in microgpt. Everybody's loss is checked against the compiled one.

Then the whole training of `examples/microgpt.py`: `fit`, the time to compile included and nothing
kept from earlier processes, against the same steps in PyTorch.
"""

from __future__ import annotations

import functools
import math
import os
import random
import runpy
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import autodiff
from benchmarks.harness import Timing, markdown_table, seconds, take_turns, write_table
from nn import Adam, fit
from nn.optimisers import linear
from tests.autodiff.compiler.gpt import BLOCK, HEADS, TOKENS, WIDTH, gpt, weights

Floats = NDArray[np.float64]
Arrays = dict[str, Any]
Run = Callable[[], Any]
HAND = "NumPy by hand"
SIZE = WIDTH // HEADS


class Scalar:
    """A node that keeps its parents and local gradients."""

    __slots__ = ("data", "grad", "parents", "slopes")

    def __init__(self, data: float, parents: Any = (), slopes: Any = ()) -> None:
        self.data, self.grad, self.parents, self.slopes = data, 0.0, parents, slopes

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, k: float) -> Scalar:
        return Scalar(self.data**k, (self,), (k * self.data ** (k - 1),))

    def exp(self) -> Scalar:
        return Scalar(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Scalar:
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def __neg__(self) -> Scalar:
        return self * -1

    def __sub__(self, other: Any) -> Scalar:
        return self + (-other)

    def __truediv__(self, other: Any) -> Scalar:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        order: list[Scalar] = []
        seen = set()

        def visit(node: Scalar) -> None:
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                parent.grad += slope * node.grad


# ── the same model, scalar by scalar with a table of rows, as in microgpt ────────────────────


def scalar_loss(w: dict[str, list[list[Any]]], x: list[int], y: list[int]) -> Any:
    """The mean loss of one row over its positions; works on any class of scalars."""

    def linear(m: Any, v: Any) -> Any:
        return [sum(a * b for a, b in zip(row, v, strict=True)) for row in m]

    def norm(v: Any) -> Any:
        scale = (sum(a * a for a in v) / len(v) + 1e-5) ** -0.5
        return [a * scale for a in v]

    def softmax(v: Any) -> Any:
        top = max(a.data for a in v)
        powers = [(a - top).exp() for a in v]
        total = sum(powers)
        return [p / total for p in powers]

    keys, values, losses = [], [], []
    for t, token in enumerate(x):
        row = norm([a + b for a, b in zip(w["wte"][token], w["wpe"][t], strict=True)])
        normed = norm(row)
        q, k, v = (linear(w[f"l0.{name}"], normed) for name in ("wq", "wk", "wv"))
        keys.append(k)
        values.append(v)
        mixed = []
        for h in range(0, WIDTH, SIZE):
            at = range(h, h + SIZE)
            share = softmax([sum(q[i] * past[i] for i in at) / SIZE**0.5 for past in keys])
            mixed += [sum(s * past[i] for s, past in zip(share, values, strict=True)) for i in at]
        row = [a + b for a, b in zip(linear(w["l0.wo"], mixed), row, strict=True)]
        hidden = [z.relu() for z in linear(w["l0.fc1"], norm(row))]
        row = [a + b for a, b in zip(linear(w["l0.fc2"], hidden), row, strict=True)]
        losses.append(-softmax(linear(w["lm_head"], row))[y[t]].log())
    return sum(losses) / len(losses)


def scalar_run(kind: type, w: dict[str, Floats], X: Any, Y: Any) -> Run:
    """Loss and gradient of all rows, one after the other."""
    nodes = {name: [[kind(v) for v in row] for row in m.tolist()] for name, m in w.items()}
    flat = [p for rows in nodes.values() for row in rows for p in row]

    def run() -> Any:
        for p in flat:
            p.grad = 0.0
        total = 0.0
        for x, y in zip(X.tolist(), Y.tolist(), strict=True):
            loss = scalar_loss(nodes, x, y)
            loss.backward()
            total += loss.data
        return (total / len(X),)

    return run


# ── by hand, in arrays ───────────────────────────────────────────────────────────────────────


def by_hand(w: Arrays, X: Any, Y: Any) -> tuple[float, Arrays]:
    """Forward and backward as an expert writes them in NumPy."""
    B = len(X)
    rows, places = np.arange(B)[:, None], np.arange(BLOCK)
    future = np.triu(np.full((BLOCK, BLOCK), -np.inf), 1)

    def norm(x: Floats) -> tuple[Floats, Floats]:
        scale = ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5
        return x * scale, scale

    def norm_back(d: Floats, out: Floats, scale: Floats) -> Floats:
        return scale * (d - out * (d * out).mean(-1, keepdims=True))

    def heads(x: Floats) -> Floats:
        return x.reshape(B, BLOCK, HEADS, SIZE).swapaxes(1, 2)

    def joined(x: Floats) -> Floats:
        return x.swapaxes(1, 2).reshape(B, BLOCK, WIDTH)

    def slope(d: Floats, x: Floats) -> Floats:
        return d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1])

    x0, s0 = norm(w["wte"][X] + w["wpe"][:BLOCK])
    x1, s1 = norm(x0)
    q, k, v = (heads(x1 @ w[f"l0.{name}"].T) for name in ("wq", "wk", "wv"))
    scores = q @ k.swapaxes(2, 3) / SIZE**0.5 + future
    share = np.exp(scores - scores.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    mixed = joined(share @ v)
    x2 = mixed @ w["l0.wo"].T + x0
    x3, s3 = norm(x2)
    hidden = np.maximum(x3 @ w["l0.fc1"].T, 0)
    x4 = hidden @ w["l0.fc2"].T + x2
    Z = x4 @ w["lm_head"].T
    Z -= Z.max(-1, keepdims=True)
    P = np.exp(Z)
    total = P.sum(-1, keepdims=True)
    J = float((np.log(total[..., 0]) - Z[rows, places, Y]).mean())

    g: Arrays = {}
    dZ = P / total
    dZ[rows, places, Y] -= 1
    dZ /= B * BLOCK
    g["lm_head"] = slope(dZ, x4)
    dx4 = dZ @ w["lm_head"]
    g["l0.fc2"] = slope(dx4, hidden)
    dhidden = dx4 @ w["l0.fc2"] * (hidden > 0)
    g["l0.fc1"] = slope(dhidden, x3)
    dx2 = dx4 + norm_back(dhidden @ w["l0.fc1"], x3, s3)
    g["l0.wo"] = slope(dx2, mixed)
    dmixed = heads(dx2 @ w["l0.wo"])
    dv = share.swapaxes(2, 3) @ dmixed
    dshare = dmixed @ v.swapaxes(2, 3)
    dscores = share * (dshare - (dshare * share).sum(-1, keepdims=True)) / SIZE**0.5
    backs = {"wq": dscores @ k, "wk": dscores.swapaxes(2, 3) @ q, "wv": dv}
    dx1 = np.zeros_like(x1)
    for name, d in backs.items():
        flat = joined(d)
        g[f"l0.{name}"] = slope(flat, x1)
        dx1 += flat @ w[f"l0.{name}"]
    dx = norm_back(dx2 + norm_back(dx1, x1, s1), x0, s0)
    g["wpe"] = np.zeros_like(w["wpe"])
    g["wpe"][:BLOCK] = dx.sum(0)
    g["wte"] = np.zeros_like(w["wte"])
    np.add.at(g["wte"], X, dx)
    return J, g


def jax_jit(w: Arrays, X: Any, Y: Any) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    future = jnp.triu(jnp.full((BLOCK, BLOCK), -jnp.inf), 1)

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + 1e-5) ** -0.5

    def cost(w: Any, X: Any, Y: Any) -> Any:
        stream = norm(w["wte"][X] + w["wpe"][:BLOCK])
        q, k, v = (
            (norm(stream) @ w[f"l0.{name}"].T).reshape(-1, BLOCK, HEADS, SIZE).swapaxes(1, 2)
            for name in ("wq", "wk", "wv")
        )
        share = jax.nn.softmax(q @ k.swapaxes(2, 3) / SIZE**0.5 + future)
        mixed = (share @ v).swapaxes(1, 2).reshape(-1, BLOCK, WIDTH)
        stream = mixed @ w["l0.wo"].T + stream
        hidden = jnp.maximum(norm(stream) @ w["l0.fc1"].T, 0)
        logits = (hidden @ w["l0.fc2"].T + stream) @ w["lm_head"].T
        picked = jnp.take_along_axis(logits, Y[..., None], -1)[..., 0]
        return (jax.nn.logsumexp(logits, axis=-1) - picked).mean()

    step = jax.jit(jax.value_and_grad(cost))
    given = {name: jnp.array(value) for name, value in w.items()}
    x, y = jnp.array(X), jnp.array(Y)
    return lambda: jax.block_until_ready(step(given, x, y))


def torch_step(w: Arrays, X: Any, Y: Any) -> Run:
    import torch

    given = {name: torch.tensor(value, requires_grad=True) for name, value in w.items()}
    x, y = torch.tensor(X), torch.tensor(Y).reshape(-1)
    used = list(given.values())

    def norm(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdim=True) + 1e-5) ** -0.5

    def run() -> Any:
        stream = norm(given["wte"][x] + given["wpe"][:BLOCK])
        normed = norm(stream)
        q, k, v = (
            (normed @ given[f"l0.{name}"].T).reshape(-1, BLOCK, HEADS, SIZE).transpose(1, 2)
            for name in ("wq", "wk", "wv")
        )
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        stream = mixed.transpose(1, 2).reshape(-1, BLOCK, WIDTH) @ given["l0.wo"].T + stream
        stream = torch.relu(norm(stream) @ given["l0.fc1"].T) @ given["l0.fc2"].T + stream
        logits = (stream @ given["lm_head"].T).reshape(-1, TOKENS)
        J = torch.nn.functional.cross_entropy(logits, y)
        return J.detach(), torch.autograd.grad(J, used)

    return run


# ── running ──────────────────────────────────────────────────────────────────────────────────


def table(rows: int) -> str:
    """Everybody on so many rows."""
    rng = np.random.default_rng(0)
    X, Y = rng.integers(0, TOKENS, size=(2, rows, BLOCK))
    values = weights()
    w = {name: np.array([[v.data for v in row] for row in m]) for name, m in values.items()}
    runs: dict[str, Run] = {HAND: functools.partial(by_hand, w, X, Y)}
    J = runs[HAND]()[0]
    for name, backend in (("glassgrad, NumPy", "numpy"), ("glassgrad, native", "native")):
        x, y = X.astype(float), Y.astype(float)
        program = autodiff.compile(gpt(values), backend=backend).prepare(x, y)
        runs[name] = functools.partial(program.value_and_grad, program.theta(), x, y)
    runs["JAX, jit"] = jax_jit(w, X, Y)
    runs["PyTorch, eager"] = torch_step(w, X, Y)
    slow = {
        "glassgrad, eager": scalar_run(autodiff.Value, w, X, Y),
        "a scalar class as in microgpt": scalar_run(Scalar, w, X, Y),
    }
    for name, run in (runs | slow).items():
        found = float(np.asarray(run()[0]))
        assert abs(found - J) < 1e-9, f"{name} computes {found}, not {J}"
    timings: dict[str, Timing] = take_turns(runs, rounds=9, sample=0.02)
    timings |= take_turns(slow, rounds=3, sample=0.0)
    hand = timings[HAND].median
    lines = [
        [name, t.text, f"{t.median / rows * 1e6:,.1f} µs", f"{t.median / hand:,.2f} ×"]
        for name, t in timings.items()
    ]
    head = ["program", "loss and gradient", "a row", "time against by hand"]
    return markdown_table(head, lines)


# ── whole training ───────────────────────────────────────────────────────────────────────────


def trained(example: Any, X: Any, Y: Any, epochs: int) -> float:
    """The last epoch's loss, by `fit`."""
    model = example["GPT"](random.Random(0))
    steps = epochs * -(-len(X) // 16)
    adam = Adam(model.parameters(), lr=linear(0.01, 0.0, over=steps), betas=(0.85, 0.99))
    with tempfile.TemporaryDirectory() as empty:
        os.environ["GLASSGRAD_CACHE"] = empty
        history = fit(model, X, Y, example["LOSS"], adam, epochs=epochs, batch_size=16,
                      metrics=[], rng=0, progress=False)  # fmt: skip
        del os.environ["GLASSGRAD_CACHE"]
    return float(history.loss[-1])


def torch_trained(example: Any, X: Any, Y: Any, epochs: int) -> float:
    """The same model and steps in PyTorch, the rows in another order."""
    import torch

    torch.set_num_threads(1)  # its best here, as in benchmarks.training
    model = example["GPT"](random.Random(0))
    modules = {"wte": model.token, "wpe": model.place, "head": model.logits.layers[0]}
    modules |= {"wide": model.think.body.layers[0].layers[1]}
    modules |= {"narrow": model.think.body.layers[0].layers[2]}
    w = {name: torch.tensor(next(iter(module.state_dict().values())))
         for name, module in modules.items()}  # fmt: skip
    attention = model.attend.body.layers[1].state_dict()
    w |= {"qkv": torch.tensor(attention["in_proj_weight"])}
    w |= {"wo": torch.tensor(attention["out_proj.weight"])}
    used = [tensor.requires_grad_() for tensor in w.values()]
    x, y = torch.tensor(X), torch.tensor(Y)
    steps = epochs * -(-len(X) // 16)
    adam = torch.optim.Adam(used, lr=0.01, betas=(0.85, 0.99))
    falling = torch.optim.lr_scheduler.LambdaLR(adam, lambda step: 1 - step / steps)

    def norm(z: Any) -> Any:
        return z * ((z * z).mean(-1, keepdim=True) + 1e-5) ** -0.5

    def cost(x: Any, y: Any) -> Any:
        z = norm(w["wte"][x] + w["wpe"][: x.shape[1]])
        parts = (norm(z) @ w["qkv"].T).chunk(3, -1)
        q, k, v = (p.reshape(*p.shape[:2], HEADS, SIZE).transpose(1, 2) for p in parts)
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        z = mixed.transpose(1, 2).reshape(*z.shape) @ w["wo"].T + z
        z = torch.relu(norm(z) @ w["wide"].T) @ w["narrow"].T + z
        logits = (z @ w["head"].T).transpose(1, 2)
        each = torch.nn.functional.cross_entropy(logits, y, reduction="none")
        counted = y != -100
        return ((each * counted).sum(1) / counted.sum(1)).mean()

    losses = []
    order = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        losses = []
        for rows in torch.randperm(len(x), generator=order).split(16):
            adam.zero_grad()
            J = cost(x[rows], y[rows])
            J.backward()
            adam.step()
            falling.step()
            losses.append(J.item())
    return sum(losses) / len(losses)


def training(epochs: int = 3) -> str:
    """A table: both, one after the other."""
    example = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "microgpt.py"))
    names = example["NAMES"]
    length = max(map(len, names)) + 1
    X, Y = (np.array(part) for part in zip(*(example["encoded"](n, length) for n in names),
                                           strict=True))  # fmt: skip
    rows = []
    for name, run in (("glassgrad, fit", trained), ("PyTorch, eager", torch_trained)):
        start = time.perf_counter()
        loss = run(example, X, Y, epochs)
        rows.append([name, seconds(time.perf_counter() - start), f"{loss:.3f}"])
    return markdown_table(["program", "training, all included", "loss of the last epoch"], rows)


def main() -> None:
    """Measure and write the tables."""
    parts = [f"{n} row{'s' * (n > 1)} of {BLOCK} tokens:\n\n{table(n)}" for n in (1, 16)]
    parts.append(f"The training of `examples/microgpt.py`, three epochs:\n\n{training()}")
    write_table("gpt", "\n\n".join(parts), ["numpy", "llvmlite", "jax", "torch"])


if __name__ == "__main__":
    main()
