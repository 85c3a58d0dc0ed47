"""Chapters 1 to 4: from a gate to an engine."""

import math
from collections.abc import Sequence
from typing import Any

from autodiff import Value, grad, is_topological

from .checking import (
    calling,
    close,
    exercise,
    number,
    numbers,
    points,
)

# ── 1. gates and circuits ────────────────────────────────────────────────────────────────────


@exercise("1.1")
def _(answer: Any) -> str | None:
    found = numbers(answer, 4)
    right = [2.0, 2.0, 3.0, -3.0]
    if found == [3.0, 3.0, 2.0, -2.0] or found == [3.0, 3.0, 2.0, 2.0]:
        return "a product swaps: the sum a + b receives c - d, and the other way round"
    if close(found[3], 3.0):
        return "∂(c - d)/∂d = -1: a difference turns the sign for its second input"
    for name, a, b in zip("abcd", found, right, strict=True):
        if not close(a, b):
            return f"∂f/∂{name} is not {a:g}: multiply what arrives by the local gradient"
    return None


@exercise("1.2")
def _(answer: Any) -> str | None:
    p, q = numbers(answer, 2)
    if close(p, 0) and close(q, 3):
        return None
    if close(p, 3) and close(q, 0):
        return "max sends the gradient to the larger input, and 7 is larger than 4"
    if close(p, q):
        return "that is what add does; max routes all of it to one input"
    if close(q, 1):
        return "the gate × 3 multiplies what flows back by 3"
    return "one input gets all, the other nothing; and × 3 comes before that on the way back"


@exercise("1.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        for x, y in points(5, 2):
            if not isinstance(answer(Value(x), Value(y)), Value):
                return "the function must return a Value: compute with x and y themselves"
            dx, dy = grad(answer)(x, y)
            if not close(dx, 2 * x + y):
                return f"at x = {x:.2f}, y = {y:.2f} is ∂f/∂x = {dx:.3f}, not {2 * x + y:.3f}"
            if not close(dy, x):
                return f"at x = {x:.2f}, y = {y:.2f} is ∂f/∂y = {dy:.3f}, not {x:.3f}"
    return None


# ── 2. the sigmoid neuron ────────────────────────────────────────────────────────────────────


@exercise("2.1")
def _(answer: Any) -> str | None:
    if close(answer, 0.5):
        return "that is σ(0) itself; its slope is σ · (1 - σ)"
    if not close(answer, 0.25):
        return "put σ(0) = ½ into σ · (1 - σ)"
    return None


@exercise("2.2")
def _(answer: Any) -> str | None:
    z = number(answer)
    s = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
    if s * (1 - s) >= 0.01:
        return f"σ'({z:g}) = {s * (1 - s):.4f} is not yet below 0.01; go further out"
    if z > 4.6 + 1e-9 or z < 0:
        return f"σ'({z:g}) = {s * (1 - s):.2g} is below 0.01, but so it was before: come closer"
    return None


@exercise("2.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        for (z,) in points(5, 1):
            v = Value(z)
            out = answer(v)
            if not isinstance(out, Value):
                return "return a Value, made with z.sigmoid()"
            if close(out, math.tanh(z / 2)):
                return "that is tanh(z / 2): σ must see twice its input"
            if not close(out, math.tanh(z)):
                return f"at z = {z:.2f} it gives {out.data:.4f}, but tanh is {math.tanh(z):.4f}"
            if any(node.gate is not None and node.gate.name == "tanh" for node in [out]):
                return "that is the tanh gate itself; use the sigmoid"
    return None


# ── 3. why the sort ──────────────────────────────────────────────────────────────────────────


@exercise("3.1")
def _(answer: Any) -> str | None:
    d = number(answer)
    if close(d, 24):
        return None
    if close(d, 8):
        return "a reaches d by four wires; add up what comes back along each of them"
    return "d = (a · a) · (a + a) = 2a³; how fast does that grow at a = 2?"


@exercise("3.2")
def _(answer: Any) -> str | None:
    parents = {"a": "", "b": "aa", "c": "aa", "d": "bc", "e": "db"}
    if not isinstance(answer, Sequence) or sorted(answer) != sorted(parents):
        return f"give the labels {', '.join(parents)}, each once, as one text or list"
    for place, node in enumerate(answer):
        early = [p for p in parents[node] if p in answer[place:]]
        if early:
            return f"{node} comes before {early[0]}, on which it depends"
    return None


@exercise("3.3")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 8):
        return None
    if close(found, 4):
        return "that is one pass; a leaf keeps what it has and adds the second"
    if close(found, 12) or close(found, 16):
        return "only the leaf accumulates; nothing inside the graph is counted twice"
    return "∂(w - 1)²/∂w = 2 (w - 1) is 4 at w = 3, and there were two backward passes"


# ── 4. build the engine ──────────────────────────────────────────────────────────────────────


@exercise("4.1")
def _(answer: Any) -> str | None:
    if not isinstance(answer, type):
        return "hand over the class itself: check('4.1', V)"
    if not hasattr(answer, "__sub__"):
        return "V has no __sub__ yet, so Python does not know what a - b means"
    a, b = answer(5.0), answer(3.0)
    d = a - b
    if not close(d.data, 2.0):
        return f"5 - 3 came out as {d.data!r}"
    d.backward()
    if not close(b.grad, -1.0):
        return f"∂(a - b)/∂b is -1, but b.grad became {b.grad!r}"
    if not close(a.grad, 1.0):
        return f"∂(a - b)/∂a is 1, but a.grad became {a.grad!r}"
    e = answer(4.0)
    f = e - e
    f.backward()
    if not close(e.grad, 0.0):
        return f"e - e is 0 whatever e is, but e.grad became {e.grad!r}: do you add up with +=?"
    return None


@exercise("4.2")
def _(answer: Any) -> str | None:
    with calling(answer):
        for (z,) in points(5, 1):
            out = math.tanh(z)
            found = number(answer(out))
            if close(found, 1 - z * z):
                return "square the output, not the input"
            if close(found, 1 - math.tanh(out) ** 2):
                return "out is tanh(z) already; do not apply tanh again"
            if not close(found, 1 - out * out):
                return f"for out = {out:.4f} the slope is {1 - out * out:.4f}, not {found:.4f}"
    return None


@exercise("4.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        x = Value(0.5)
        y = x * x
        nodes = {"chain": [x, y, y.exp()], "fork": [x, y, y + x]}
        for shape, order in nodes.items():
            if answer(order) is not True:
                return f"a right order of a {shape} is refused"
            if answer(order[::-1]) is not False:
                return f"the reversed order of a {shape} is accepted, but parents must come first"
            if answer(order[1:]) is not False:
                return "an order from which a parent is missing is accepted"
            assert is_topological(order)
    return None
