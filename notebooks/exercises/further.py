"""Chapters 9 to 17: activations, modern blocks, a GPT, costs, PyTorch."""

import math
from typing import Any

from autodiff import Value, grad, topological_order

from .checking import (
    array,
    calling,
    close,
    derivation,
    exercise,
    function_exercise,
    number,
    number_exercise,
    numbers,
    points,
    same,
)

# ── 9. activations ───────────────────────────────────────────────────────────────────────────


@exercise("9.1", "number", ["σ′(0) = ¼.", "Twenty links multiply."])
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


@exercise("9.2", "number", ["Each link multiplies by w·σ′(0).", "That must be 1."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 4):
        return None
    if close(found, 0.25):
        return "the other way round: the weight must make up for σ'(0) = ¼"
    if close(found, 1):
        return "with weights 1 the gradient shrinks to a quarter at every link"
    return "one link multiplies by w · σ'(0), which must be 1"


@exercise(
    "9.3",
    "code",
    ["tanh alone is too flat far out.", "Add a little of z itself, and keep it below 1."],
)
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


derivation(
    "9.4",
    "-2*a*(1 - a^2)",
    {
        "-2*a": "that is the slope by a; go on to z, by the chain rule",
        "2*a*(1 - a^2)": "1 − a² falls where a grows: mind the sign",
        "(1 - a^2)^2": "the slope is not multiplied by itself: differentiate 1 − a²",
        "1 - a^2": "that is the slope itself; its slope was asked",
    },
    "differentiate 1 − a² by a, and multiply by da/dz",
    ["d(1 − a²)/da = −2a.", "da/dz = 1 − a²."],
)

number_exercise(
    "9.5",
    1e-6,
    {
        0.03: "along a chain slopes are multiplied, not added",
        0.01: "that is one link; there are three",
        0.0: "that is relu; leaky_relu lets a little through",
        1.0: "that is for positive inputs",
    },
    "0.01 for each of the three links",
    ["What is the slope of leaky_relu on the left?", "0.01³."],
)

function_exercise(
    "9.6",
    lambda z, slope=0.01: z if z > 0 else slope * z,
    [(2.0,), (-3.0,), (-1.0, 0.2), (0.5, 0.2)],
    {
        lambda z, slope=0.01: max(z, -slope * z): "on the left it must stay negative",
        lambda z, slope=0.01: max(z, 0.0): "that is relu: dead on the left",
        lambda z, slope=0.01: slope * z: "on the right it is z itself",
        lambda z, slope=0.01: min(z, slope * z): "that has the sides the wrong way round",
    },
    ["What is it at −3: 0.03 or −0.03?", "max(z, slope·z), for a slope below 1."],
)

derivation(
    "9.7",
    "a + z*a*(1 - a)",
    {
        "a*(1 - a)": "z stands before σ, too: the product rule has two terms",
        "z*a*(1 - a)": "the product rule has two terms: and the slope of z itself?",
        "a + z": "the second term is z times the slope of σ",
        "a + a*(1 - a)": "the second term has the factor z",
        "1 + z*a*(1 - a)": "the slope of z is 1, and it stands beside σ: a",
    },
    "(u·v)′ = u′v + uv′, with u = z and v = σ(z)",
    ["1·σ(z) + z·σ′(z).", "σ′ = a(1 − a)."],
)


# ── 12. residual, layer norm, convolution ────────────────────────────────────────────────────


@exercise("12.1", "number", ["The shortcut has a slope of its own.", "d(z + f)/dz."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, -0.2):
        return "that is the way through f; the shortcut adds its 1"
    if not close(found, 0.8):
        return "differentiate z + f(z)"
    return None


@exercise(
    "12.2", "number", ["Subtract the mean, 2.", "Divide by the root of the mean of the squares."]
)
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


@exercise(
    "12.3",
    "code",
    ["Row i has w₁ left of the diagonal, w₂ on it, w₃ right of it.", "np.eye(m, k=...)."],
)
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


derivation(
    "12.4",
    "1 + w*(1 - a**2)",
    {
        "w*(1 - a**2)": "the shortcut adds its 1",
        "1 + w*a": "tanh′ = 1 − a²",
        "1 + (1 - a**2)": "the weight multiplies what comes through f",
        "(1 + w)*(1 - a**2)": "the shortcut does not go through tanh",
    },
    "two paths from z: the shortcut, and f",
    ["d(z + f)/dz = 1 + f′.", "f = w·tanh(z)."],
)

number_exercise(
    "12.5",
    4,
    {
        5: "the last window would reach beyond the end",
        8: "that is with stride 1",
        3: "count the first window, too",
        10: "that is with padding and stride 1",
    },
    "windows start at 0, 2, 4, ... as long as three numbers are left",
    ["At 0: 0, 1, 2. At 2: 2, 3, 4. And so on.", "(10 − 3)//2 + 1."],
)


def normed(z: list[float], power: float = 0.5, centre: bool = True, less: int = 0) -> list[float]:
    mean = sum(z) / len(z)
    variance = sum((v - mean) ** 2 for v in z) / (len(z) - less)
    return [(v - mean * centre) / variance**power for v in z]


function_exercise(
    "12.6",
    normed,
    [([1.0, 1.0, 1.0, 5.0],), ([0.0, 2.0],)],
    {
        lambda z: normed(z, 1.0): "that divides by the variance; its root was meant",
        lambda z: normed(z, centre=False): "subtract the mean first",
        lambda z: normed(z, less=1): "layer norm divides by m, not by m − 1",
        lambda z: normed(z, 0.0): "now the spread is still what it was",
    },
    ["What is the variance of what comes out? It should be 1.", "Take the root."],
)


def rms_back(
    z: list[float], g: list[float], centre: float = 0.0, along: float = 1.0, power: float = 1.0
) -> list[float]:
    m, r = len(z), math.sqrt(sum(v * v for v in z) / len(z))
    y = [v / r for v in z]
    mean, gy = sum(g) / m, sum(a * b for a, b in zip(g, y, strict=True)) / m
    pairs = zip(g, y, strict=True)
    return [(gk - centre * mean - along * yk * gy) / r**power for gk, yk in pairs]


function_exercise(
    "12.7",
    rms_back,
    [([1.0, -2.0, 3.0], [0.5, 1.0, -1.0]), ([2.0, 0.5], [1.0, 0.0])],
    {
        lambda z, g: rms_back(z, g, along=0.0): "r depends on the z, too: it is part of the graph",
        lambda z, g: rms_back(z, g, centre=1.0): "that is layer norm's; here no mean is "
        "subtracted, and so none is taken from the gradient",
        lambda z, g: rms_back(z, g, along=-1.0): "a larger r makes y smaller: mind the sign",
        lambda z, g: rms_back(z, g, along=float(len(z))): "dr/dz is z/(m·r): the m is missing",
        lambda z, g: rms_back(z, g, power=0.0): "and divided by r",
    },
    ["dr/dz_k = y_k/m, and dy_i/dz_k = ([i = k] − y_i·y_k/m)/r.", "(g_k − y_k · mean(g·y))/r."],
    kind="code",
)


# ── 14. the cost of a gradient ───────────────────────────────────────────────────────────────


@exercise(
    "14.1",
    "number",
    ["How many forward passes?", "One for each parameter, and one to compare with."],
)
def _(answer: Any) -> str | None:
    found = number(answer)
    if math.isclose(found, 2000, rel_tol=0.01):
        return None
    if math.isclose(found, 0.004, rel_tol=0.5):
        return "that is about what backward() takes; wiggling runs a forward pass per parameter"
    if math.isclose(found, 2e6, rel_tol=0.01):
        return "in seconds: 2 ms are 0.002 s"
    return "one forward pass for each of the parameters"


@exercise("14.2", "number", ["Count wires into gates.", "Each of the four gates has two."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 8):
        return None
    if close(found, 4):
        return "those are the gates; each of them has two wires"
    if close(found, 5):
        return "x goes into two gates; count wires, not inputs"
    return "two gates ×, two gates +, two wires each"


@exercise("14.3", "code", ["x + x doubles the paths.", "Twenty times is 2²⁰."])
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


derivation(
    "14.4",
    "(n + 1)*t",
    {
        "n*t": "and one run with nothing wiggled, to compare with",
        "2*t": "that is about what both passes take",
        "2*n*t": "that is the central difference, more exact and twice as slow",
        "t/n": "every parameter costs a run",
    },
    "one run for each parameter, and one to compare with",
    ["How often does the circuit run?", "n times wiggled, once not."],
)

number_exercise(
    "14.5",
    1000,
    {
        20: "that is forward mode, one pass for each input",
        1: "one pass starts at one output",
        20000: "a pass gives 20 numbers at once",
        1020: "one pass for each output is enough",
    },
    "one backward pass gives the gradient of one output",
    ["Where does a backward pass start?", "Everything about one output comes at once."],
)


def wiggled(f: Any, at: list[float], h: float, back: bool = True, over: float = 1.0) -> list[float]:
    slopes, start = [], list(at)
    for i in range(len(at)):
        before = f(at)
        at[i] += h
        slopes.append((f(at) - before) / (h * over))
        if back:
            at = list(start)
    return slopes


def bowl(x: list[float]) -> float:
    return x[0] * x[1] + x[0] * x[0]


function_exercise(
    "14.6",
    wiggled,
    [(bowl, [1.0, 2.0], 0.5), (bowl, [-1.0, 0.5], 0.1)],
    {
        lambda f, at, h: wiggled(f, at, h, back=False): "the second input is wiggled while the "
        "first is still moved: put it back",
        lambda f, at, h: wiggled(f, at, h, over=2.0): "x and x + h are h apart, not 2h",
        lambda f, at, h: [h * s for s in wiggled(f, at, h)]: "rise over run: divide by h",
    },
    ["What is `at` when the loop comes to the second input?", "at[i] -= h at the end."],
)


# ── 17. the same in PyTorch ──────────────────────────────────────────────────────────────────


@exercise("17.1", "code", ["requires_grad=True; (x ** 3).sum().backward().", "x.grad.tolist()."])
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


@exercise("17.2", "number", ["In PyTorch, too, leaves accumulate.", "Two passes of 2t."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 6):
        return "that is one pass; in PyTorch, too, leaves accumulate"
    if not close(found, 12):
        return "∂(t · t)/∂t = 2t is 6 at 3, and there were two passes"
    return None


@exercise(
    "17.3",
    "code",
    [
        "A row of Linear.weight holds the weights of one neuron.",
        "torch.nn.Sequential(Linear, Tanh, Linear).",
    ],
)
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


number_exercise(
    "17.4",
    2,
    {
        4: "that is reduction='sum'; by default PyTorch takes the mean",
        3: "that is the larger one",
        1: "that is the smaller one",
        8: "the mean of the losses, not of anything squared",
    },
    "the mean over the rows",
    ["CrossEntropyLoss() has a parameter `reduction`.", "Its default is 'mean'."],
)

derivation(
    "17.5",
    "2*(o - y)/n",
    {
        "(o - y)/n": "PyTorch's MSELoss has no ½ before the square",
        "2*(o - y)": "MSELoss is the mean over the n rows",
        "2*(y - o)/n": "output minus target, not the other way round",
        "o - y": "that is for ½(o − y)² of one row",
    },
    "differentiate the mean of n squares by one output",
    ["MSELoss: Σ (o − y)²/n.", "Only one term has this o."],
)

function_exercise(
    "17.6",
    lambda neurons: [list(weights) for weights in neurons],
    [([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],), ([[1.0, 2.0], [3.0, 4.0]],)],
    {
        lambda neurons: [list(column) for column in zip(*neurons, strict=True)]: "Linear.weight "
        "is [out, in]: a row for each neuron; yours is transposed",
        lambda neurons: [w for weights in neurons for w in weights]: "a table is wanted, not a row",
        lambda neurons: [
            list(weights) for weights in reversed(neurons)
        ]: "neurons keep their order",
    },
    ["torch.nn.Linear(3, 2).weight.shape is [2, 3].", "So what is a row of it?"],
)


# ── 13. from a gate to a GPT ─────────────────────────────────────────────────────────────────


@exercise("13.1", "number", ["e^(ln 3) is 3.", "Divide by the sum, 1 + 3."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 0.25):
        return "that is what the first gets"
    if close(found, math.log(3)):
        return "that is the score; the softmax makes a share of it"
    if not close(found, 0.75):
        return "the softmax takes e to the power of each score, 1 and 3, and divides by their sum"
    return None


@exercise(
    "13.2", "number", ["Queries, keys, values, and the way out: four matrices.", "8·8 + 8 each."]
)
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


@exercise(
    "13.3", "code", ["Divide the logits by the temperature.", "Subtract the largest before e^."]
)
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


derivation(
    "13.4",
    "a*(v - o)",
    {
        "a*v": "the other shares shrink when this one grows: minus the mean, o",
        "a*(o - v)": "who offers more than the mean should be asked more: mind the sign",
        "v - o": "weighed by its own share",
        "a*(1 - a)*v": "the other positions have values, too; together they make o",
    },
    "o = Σ aⱼvⱼ, and daⱼ/dsᵢ = aⱼ([i = j] − aᵢ)",
    ["Sum over all j: vⱼ · daⱼ/dsᵢ.", "aᵢvᵢ − aᵢ·Σ aⱼvⱼ."],
)

number_exercise(
    "13.5",
    36,
    {
        64: "a position does not see what comes after it",
        28: "it sees itself, too",
        8: "each position has a score for every one that it sees",
        32: "half of 64, and half of the diagonal besides",
    },
    "1 + 2 + ... + 8",
    ["The first sees one, itself.", "The last sees eight."],
)


def shares(scores: list[list[float]], seen: int = 1, after: bool = False) -> list[list[float]]:
    rows = []
    for i, row in enumerate(scores):
        powers = [math.exp(s) if after or j < i + seen else 0.0 for j, s in enumerate(row)]
        rows.append([p / sum(powers) * (j < i + seen) for j, p in enumerate(powers)])
    return rows


function_exercise(
    "13.6",
    shares,
    [([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 2.0]],)],
    {
        lambda scores: shares(scores, after=True): "the future is left out too late: the shares "
        "of a row no longer add up to 1",
        lambda scores: shares(scores, seen=3): "nothing is masked",
        lambda scores: shares(scores, seen=0): "a position sees itself, too",
        lambda scores: shares(scores, seen=2): "the next position is already the future",
    },
    ["Add up a row of the result.", "Leave out the future before the softmax, not after it."],
)
