"""Chapters 9 to 13: activations, modern blocks, costs, PyTorch, a GPT."""

import math
from typing import Any

from autodiff import Value, grad, topological_order

from .checking import (
    array,
    calling,
    close,
    exercise,
    number,
    numbers,
    points,
    same,
)

# ── 9. activations ───────────────────────────────────────────────────────────────────────────


@exercise("9.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if math.isclose(found, 0.25**20, rel_tol=0.01):
        return None
    if math.isclose(found, 0.5**20, rel_tol=0.01):
        return "½ is σ(0); what is multiplied are the slopes σ'(0)"
    if math.isclose(found, 4.0**20, rel_tol=0.01):
        return "that is how much larger the end is; the start is that many times smaller"
    if close(found, 0.25 * 20) or close(found, 0.25 / 20):
        return "local gradients are multiplied along a chain, not added"
    return "each link multiplies by σ'(0) = ¼, and there are twenty"


@exercise("9.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 4):
        return None
    if close(found, 0.25):
        return "the other way round: the weight must make up for σ'(0) = ¼"
    if close(found, 1):
        return "with weights 1 the gradient shrinks to a quarter at every link"
    return "one link multiplies by w · σ'(0), which must be 1"


@exercise("9.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        for k in range(-50, 51):
            z = Value(k / 10)
            out = answer(z)
            if not isinstance(out, Value):
                return "return a Value, computed from z"
            if not -1 <= out.data <= 1:
                return f"at z = {z.data:g} it gives {out.data:.3f}, beyond ±1"
            slope = grad(answer)(z.data)
            if abs(slope) < 0.02:
                return f"at z = {z.data:g} its slope is only {slope:.4f}"
            if k == 0 and not close(out, 0.0):
                return f"at z = 0 it gives {out.data:.3f} instead of 0"
    return None


# ── 10. residual, layer norm, convolution ────────────────────────────────────────────────────


@exercise("10.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, -0.2):
        return "that is the way through f; the shortcut adds its 1"
    if not close(found, 0.8):
        return "differentiate z + f(z)"
    return None


@exercise("10.2")
def _(answer: Any) -> str | None:
    found = numbers(answer, 4)
    root = math.sqrt(3)
    if all(close(a, b) for a, b in zip(found, (-0.5, -0.5, -0.5, 1.5), strict=True)):
        return "that divides by m - 1 = 3 inside the root; layer norm divides by m = 4"
    if all(close(a, b) for a, b in zip(found, (-1, -1, -1, 3), strict=True)):
        return "the mean is gone; now divide by the standard deviation"
    if all(close(a, b) for a, b in zip(found, (-1 / 3, -1 / 3, -1 / 3, 1), strict=True)):
        return "that divides by the variance, 3; the standard deviation is its root"
    if not math.isclose(sum(found), 0, abs_tol=0.01):
        return "after subtracting the mean, 2, the numbers add up to 0"
    right = (-1 / root, -1 / root, -1 / root, root)
    if not all(math.isclose(a, b, abs_tol=0.005) for a, b in zip(found, right, strict=True)):
        return "mean 2, variance (1 + 1 + 1 + 9) / 4"
    return None


@exercise("10.3")
def _(answer: Any) -> str | None:
    import numpy as np

    with calling(answer):
        for w, m in (([1.0, 2.0, 5.0], 4), ([0.5, -1.0, 3.0], 7)):
            found = array(answer(w, m))
            right = sum(w[k] * np.eye(m, k=k - 1) for k in range(3))
            if found.shape != (m, m):
                return f"Q has the shape ({m}, {m}), not {found.shape}"
            if same(found, right.T):
                return "that turns the window round: row i has w₁ left of the diagonal"
            if found[0, -1] != 0 or found[-1, 0] != 0:
                return "beyond the ends are zeros; your window comes in again at the other side"
            if not same(found, right):
                return "w₂ stands on the diagonal, w₁ left of it, w₃ right of it, 0 elsewhere"
    return None


# ── 11. the cost of a gradient ───────────────────────────────────────────────────────────────


@exercise("11.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if math.isclose(found, 2000, rel_tol=0.01):
        return None
    if math.isclose(found, 0.004, rel_tol=0.5):
        return "that is about what backward() takes; wiggling runs a forward pass per parameter"
    if math.isclose(found, 2e6, rel_tol=0.01):
        return "in seconds: 2 ms are 0.002 s"
    return "one forward pass for each of the parameters"


@exercise("11.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 8):
        return None
    if close(found, 4):
        return "those are the gates; each of them has two wires"
    if close(found, 5):
        return "x goes into two gates; count wires, not inputs"
    return "two gates ×, two gates +, two wires each"


@exercise("11.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        x = Value(0.5)
        root = answer(x)
        if not isinstance(root, Value):
            return "return a Value, computed from x"
        order = topological_order(root)
        gates = sum(node.gate is not None for node in order)
        if gates > 20:
            return f"it fires {gates} gates; 20 are allowed"
        count = {x: 1}
        for node in order:
            if node is not x:
                count[node] = sum(count[parent] for parent in node.parents)
        if count.get(root, 0) <= 1_000_000:
            return f"there are {count.get(root, 0):,} paths; use every result twice"
    return None


# ── 12. the same in PyTorch ──────────────────────────────────────────────────────────────────


@exercise("12.1")
def _(answer: Any) -> str | None:
    with calling(answer):
        for at in ([1.0, 2.0, -3.0], [0.5]):
            found = answer(list(at))
            if found is None:
                return "the function returns nothing; .backward() leaves the gradient in .grad"
            if hasattr(found, "tolist"):
                return "a list of numbers is wanted; write .tolist()"
            right = [3 * v * v for v in at]
            if not all(map(close, numbers(found, len(at)), right)):
                return f"at {at} the gradient is 3x² = {right}, not {found}"
    return None


@exercise("12.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 6):
        return "that is one pass; in PyTorch, too, leaves accumulate"
    if not close(found, 12):
        return "∂(t · t)/∂t = 2t is 6 at 3, and there were two passes"
    return None


@exercise("12.3")
def _(answer: Any) -> str | None:
    import torch

    from nn import MLP

    with calling(answer):
        model = MLP(2, [4, 1], "tanh", rng=5)
        network = answer(model)
        if not isinstance(network, torch.nn.Module):
            return f"return a torch.nn.Module, not {type(network).__name__}"
        rows = points(6, 2)
        dtype = next(network.parameters()).dtype
        with torch.no_grad():
            found = network(torch.tensor(rows, dtype=dtype)).reshape(-1).tolist()
        right = [model(row).data for row in rows]
        if len(found) != len(right):
            return f"six examples gave {len(found)} outputs"
        if not all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(found, right, strict=True)):
            return "the outputs differ: are the parameters copied, and is tanh in between?"
    return None


# ── 13. from a gate to a GPT ─────────────────────────────────────────────────────────────────


@exercise("13.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 0.25):
        return "that is what the first gets"
    if close(found, math.log(3)):
        return "that is the score; the softmax makes a share of it"
    if not close(found, 0.75):
        return "the softmax takes e to the power of each score, 1 and 3, and divides by their sum"
    return None


@exercise("13.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 4 * 8 * 8):
        return "those are the weights; each of the four matrices has 8 biases too"
    if close(found, 3 * (8 * 8 + 8)):
        return "queries, keys and values, and a fourth matrix for what comes out"
    if close(found, 2 * 4 * (8 * 8 + 8)):
        return "the heads share the width: each has half of every matrix"
    if not close(found, 4 * (8 * 8 + 8)):
        return "four matrices of 8 by 8, each with 8 biases"
    return None


@exercise("13.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        for logits, temperature in (
            ([0.0, math.log(3)], 1.0),
            ([1.0, -2.0, 0.5], 0.5),
            ([1000.0, 1003.0], 1.0),
        ):
            try:
                found = numbers(answer(list(logits), temperature), len(logits))
            except OverflowError:
                return f"at {logits} it overflows: subtract the largest logit from all of them"
            powers = [math.exp((x - max(logits)) / temperature) for x in logits]
            right = [p / sum(powers) for p in powers]
            if not all(map(close, found, right)):
                return f"at {logits} and temperature {temperature} it is {right}, not {found}"
    return None
