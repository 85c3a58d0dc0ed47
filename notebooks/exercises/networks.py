"""Chapters 5 to 8: layers, their equations, training."""

import math
from typing import Any

from autodiff import Value

from .checking import (
    Wrong,
    array,
    calling,
    close,
    exercise,
    matrices,
    number,
    numbers,
    same,
)

# ── 5. from one neuron to layers ─────────────────────────────────────────────────────────────


@exercise("5.1")
def _(answer: Any) -> str | None:
    found = numbers(answer, 2)
    if found == [3, 4]:
        return None
    if found == [4, 3]:
        return "that is note 000's way; here a row of W holds the weights of one neuron"
    if 10 in found:
        return "the examples are summed over: dW has the shape of W, whatever the batch"
    return "dW has the shape of W: one row for each neuron, one column for each input"


@exercise("5.2")
def _(answer: Any) -> str | None:
    with calling(answer):
        dZ, A = matrices((6, 2), (6, 3))
        found = array(answer(dZ, A))
        if same(found, A.T @ dZ):
            return "that is dW as note 000 has it, (in, out); ours is its transpose"
        if same(found, dZ.T @ A / len(A)):
            return "the factor 1/E is in dZ already"
        if found.shape != (2, 3):
            return f"dW has the shape (neurons, inputs) = (2, 3), not {found.shape}"
        if not same(found, dZ.T @ A):
            return (
                "the shape is right, the numbers are not: sum over the examples what dZ · A gives"
            )
    return None


@exercise("5.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        (dZ,) = matrices((6, 2))
        found = array(answer(dZ))
        if same(found, dZ.mean(axis=0)):
            return "the mean divides by E a second time; the factor is in dZ already"
        if same(found, dZ.sum(axis=1)):
            return "that sums over the neurons; sum over the examples, axis 0"
        if not same(found.reshape(-1), dZ.sum(axis=0)):
            return "every example adds its δ to the bias: sum the rows of dZ"
    return None


# ── 6. the four equations ────────────────────────────────────────────────────────────────────


@exercise("6.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, -0.032):
        return None
    if close(found, -0.2):
        return "that is ∂J/∂a; times σ' = a (1 - a) it becomes ∂J/∂z"
    if close(found, 0.032) or close(found, 0.2):
        return "mind the sign: a is too small, so J falls when z grows"
    if close(found, 0.16):
        return "that is σ' alone; times ∂J/∂a = a - y it becomes δ"
    return "∂J/∂a = a - y, and σ' = a (1 - a)"


@exercise("6.2")
def _(answer: Any) -> str | None:
    with calling(answer):
        W, delta, slope = matrices((3, 3), (3, 1), (3, 1))
        right = (W.T @ delta) * slope
        found = array(answer(W, delta, slope))
        if same(found, (W @ delta) * slope):
            return "backward the weights are transposed: neuron j gets from k what it gave to k"
        if same(found, W.T @ delta):
            return "σ' is missing"
        if not same(found, right):
            return "go back through the weights, then multiply element by element by the slope"
    return None


@exercise("6.3")
def _(answer: Any) -> str | None:
    with calling(answer):
        for a in (0.2, 0.5, 0.9):
            for y in (0, 1):
                v = Value(a)
                loss = answer(v, y)
                if not isinstance(loss, Value):
                    return "return a Value, computed from a"
                loss.backward()
                delta = v.grad * a * (1 - a)
                if close(delta, y - a):
                    return "the sign is wrong: that would make wrong answers better"
                if close(v.grad, a - y):
                    return "this makes ∂J/∂a = a - y; δ has the factor σ' besides"
                if not close(delta, a - y):
                    return f"at a = {a}, y = {y} is δ = {delta:.4f} instead of {a - y:.4f}"
    return None


# ── 7. training ──────────────────────────────────────────────────────────────────────────────


@exercise("7.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 15):
        return "and what about the last 40 examples? They make a step, too"
    if close(found, 15.625):
        return "nearly: a step is whole; the last one just has fewer examples"
    if not close(found, 16):
        return "how many batches of 64 are dealt from 1,000 rows?"
    return None


@exercise("7.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 2 - 0.1 * 3 - 0.1 * (0.9 * 3 + 1)):
        return None
    if close(found, 2 - 0.1 * 3 - 0.1 * 1):
        return "that is without momentum: the second velocity is 0.9 · 3 + 1"
    if close(found, 2 - 0.1 * 3 - 0.1 * (0.9 * 3 + 0.1 * 1)):
        return "here the gradient is added whole, not as one tenth"
    return "first step: v = 3; second step: v = 0.9 · 3 + 1; each moves by -0.1 v"


def _decisions(model: Any, X: Any) -> Any:
    from nn import Module, predict

    if not isinstance(model, Module):
        raise Wrong(f"a model is wanted, as MLP(...) gives it, not {model!r}")
    return predict(model, X)


@exercise("7.3")
def _(answer: Any) -> str | None:
    from sklearn.datasets import make_moons

    X, y = make_moons(200, noise=0.2, random_state=42)
    outputs = _decisions(answer, X)
    if outputs.size != 200:
        return "one output is wanted, positive for label 1"
    right = int(((outputs.reshape(-1) > 0) == (y == 1)).sum())
    if right < 14:
        return f"it gets {right} of 200 right: the labels seem to be the wrong way round"
    if right < 186:
        return f"it gets {right} of 200 right, 186 are asked for: train on more, noisier moons"
    return None


# ── 8. real data ─────────────────────────────────────────────────────────────────────────────


@exercise("8.1")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 64 * 100 + 100 * 50 + 50 * 10):
        return "those are the weights; every neuron has a bias, too"
    if not close(found, 65 * 100 + 101 * 50 + 51 * 10):
        return "each neuron has one weight for each input, and a bias: (64 + 1) · 100 + ..."
    return None


@exercise("8.2")
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 0.1):
        return "that is the probability of the right class; the loss is -ln of it"
    if close(found, -math.log(10)):
        return "a loss is not negative: -ln 0.1"
    if close(found, 1):
        return "take the natural logarithm, not that to base 10"
    if not math.isclose(found, math.log(10), abs_tol=0.005):
        return "each class has the probability 1/10, and the loss is -ln of that"
    return None


@exercise("8.3")
def _(answer: Any) -> str | None:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    _, X, _, y = train_test_split(digits.data / 16, digits.target, test_size=0.25, random_state=0)
    outputs = _decisions(answer, X)
    count = len(answer.parameters())
    if count >= 2000:
        return f"it has {count} parameters; a smaller hidden layer will do"
    accuracy = float((outputs.argmax(axis=1) == y).mean())
    if accuracy < 0.97:
        return f"it gets {accuracy:.1%}; train longer, or try another rate or activation"
    return None
