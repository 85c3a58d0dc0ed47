"""The exercises of the course check themselves: ``check("1.2", answer)``.

A right answer is confirmed, a wrong one is told why it is wrong. Each checker is a function of
the answer that returns None if it is right, else the reason; tests feed it both.
"""

import html
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autodiff import Value, grad, is_topological, topological_order

CHECKERS: dict[str, Callable[[Any], str | None]] = {}


class Verdict:
    """What `check` thinks of an answer: true if it is right; shows itself in a notebook."""

    def __init__(self, number: str, right: bool | None, reason: str) -> None:
        self.number, self.right, self.reason = number, right, reason

    def __bool__(self) -> bool:
        return self.right is True

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "○"}[self.right]
        return f"{mark} {self.number}: {self.reason}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = {True: "#1a7f37", False: "#cf222e", None: "#6e7781"}[self.right]
        return f'<span style="color:{colour}">{html.escape(str(self))}</span>'


def check(number: str, answer: Any) -> Verdict:
    """Judge the answer to exercise `number`; `...` is an answer that is still to be given."""
    parts = answer if isinstance(answer, list | tuple) else [answer]
    if any(part is ... for part in parts):
        return Verdict(number, None, "not answered yet: put your answer in place of the dots")
    try:
        reason = CHECKERS[number](answer)
    except Wrong as wrong:
        reason = str(wrong)
    except Exception as error:
        reason = f"your answer raises {type(error).__name__}: {error}"
    return Verdict(number, reason is None, reason or "right")


class Wrong(Exception):
    """Says why an answer is wrong."""


def exercise(number: str) -> Callable[[Callable[[Any], str | None]], Callable[[Any], str | None]]:
    """Register the checker of exercise `number`."""

    def register(checker: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        CHECKERS[number] = checker
        return checker

    return register


# ── what checkers ask ────────────────────────────────────────────────────────────────────────


def close(a: Any, b: float) -> bool:
    """Whether a number (or a Value) is b, up to rounding."""
    return math.isclose(number(a), b, rel_tol=1e-6, abs_tol=1e-9)


def number(a: Any) -> float:
    """The answer as a number."""
    if isinstance(a, Value):
        return a.data
    if isinstance(a, bool) or not hasattr(a, "__float__"):
        raise Wrong(f"a number is wanted, not {a!r}")
    return float(a)


def numbers(answer: Any, count: int) -> list[float]:
    """The answer as a list of so many numbers."""
    if not isinstance(answer, Sequence) or isinstance(answer, str) or len(answer) != count:
        raise Wrong(f"a list of {count} numbers is wanted, not {answer!r}")
    return [number(a) for a in answer]


@contextmanager
def calling(answer: Any) -> Iterator[None]:
    """Refuse what is no function."""
    if not callable(answer):
        raise Wrong(f"a function is wanted, not {answer!r}")
    yield


def points(count: int, dimensions: int, scale: float = 2.0) -> list[list[float]]:
    """Always the same points to try a function at."""
    rng = random.Random(0)
    return [[rng.uniform(-scale, scale) for _ in range(dimensions)] for _ in range(count)]


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


# ── 5. from one neuron to layers ─────────────────────────────────────────────────────────────


def array(answer: Any) -> Any:
    """The answer as an array of numbers."""
    import numpy as np

    try:
        return np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"an array of numbers is wanted, not {answer!r}") from None


def same(found: Any, right: Any) -> bool:
    """Whether two arrays agree in shape and, up to rounding, in numbers."""
    import numpy as np

    return found.shape == right.shape and bool(np.allclose(found, right))


def matrices(*shapes: tuple[int, ...]) -> list[Any]:
    """Always the same arrays of these shapes."""
    import numpy as np

    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


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
            (slope,) = grad(answer)(z.data)
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
