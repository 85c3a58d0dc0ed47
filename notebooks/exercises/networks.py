"""Chapters 5 to 8: layers, their equations, training."""

import math
import random
from typing import Any

from autodiff import Value

from .checking import (
    Wrong,
    array,
    calling,
    close,
    derivation,
    exercise,
    function_exercise,
    matrices,
    number,
    number_exercise,
    numbers,
    same,
)

# ── 5. from one neuron to layers ─────────────────────────────────────────────────────────────


@exercise(
    "5.1",
    "number",
    ["dZ has one column for each neuron, A one for each input.", "Sum over the rows."],
)
def _(answer: Any) -> str | None:
    found = numbers(answer, 2)
    if found == [3, 4]:
        return None
    if found == [4, 3]:
        return "that is note 000's way; here a row of W holds the weights of one neuron"
    if 10 in found:
        return "the examples are summed over: dW has the shape of W, whatever the batch"
    return "dW has the shape of W: one row for each neuron, one column for each input"


derivation(
    "5.2",
    "(w*x + b - y)*x",
    {
        "w*x + b - y": "that is dL/dz; the product with w swaps, so times x",
        "2*(w*x + b - y)*x": "the ½ before the square takes the 2 away",
        "(y - w*x - b)*x": "output minus target, not the other way round",
        "(w*x + b - y)*w": "that is dL/dx",
    },
    "dL/dz = z − y, then through the gate × to w",
    ["L = ½(z − y)².", "∂z/∂w = x."],
)


number_exercise(
    "5.3",
    -6,
    {
        2.5: "those are the δ alone; each comes back through its weight",
        5: "those are the weights alone; each multiplies the δ of its neuron",
        12.5: "multiply wire by wire, then add up; not sum times sum",
        1: "that is the first wire; two more lead from x",
        8: "mind the signs: −1 · 3 and 4 · −1",
        -12: "shares of different wires add up, they do not multiply",
    },
    "one share for each wire, weight times δ; then add up",
    ["What comes back along the first wire?", "2 · 0.5 + (−1) · 3 + 4 · (−1)."],
)


@exercise(
    "5.4",
    "code",
    ["Shapes alone leave one way to multiply them.", "(neurons × rows) @ (rows × inputs)."],
)
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


@exercise("5.5", "code", ["The bias goes into every row.", "A fork adds up; over which axis?"])
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


X_SQUARE, W_SQUARE, B_SQUARE = matrices((4, 3), (3, 3), (3,))

function_exercise(
    "5.6",
    lambda X, W, b: X @ W.T + b,
    [(X_SQUARE, W_SQUARE, B_SQUARE)],
    {
        lambda X, W, b: X @ W + b: "that takes columns of W for neurons; a row of W is a neuron",
        lambda X, W, b: X @ W.T: "the bias is missing",
        lambda X, W, b: (X + b) @ W.T: "the bias belongs to the neuron, not to the input",
        lambda X, W, b: X.T @ W + b: "rows of X are examples, and stay rows",
    },
    ["Write out z of one neuron and one example.", "A row of X times a row of W."],
)


derivation(
    "5.7",
    "(a - y)*a*(1 - a)",
    {
        "a - y": "that is dL/da; σ lies between a and z. (Only with the cross entropy it cancels.)",
        "(y - a)*a*(1 - a)": "output minus target, not the other way round",
        "a*(1 - a)": "that is the slope of σ alone",
        "2*(a - y)*a*(1 - a)": "the ½ before the square takes the 2 away",
        "(a - y)/(a*(1 - a))": "σ′ multiplies, it does not divide",
    },
    "dL/da, times the slope of σ",
    ["What is dL/da?", "σ′ = a(1 − a)."],
)


number_exercise(
    "5.8",
    2,
    {
        1: "that is one of the two; there are two products on the way back",
        3: "that is with the forward product, which was not asked",
        4: "each of the two takes E·n·m: dW is (n × E)(E × m), dX is (E × n)(n × m)",
        0.5: "backward is more work than forward, not less",
    },
    "count for each: (p × q)(q × r) takes p·q·r multiplications",
    ["(p × q)(q × r) takes p·q·r multiplications.", "dW is (n × E)(E × m), dX is (E × n)(n × m)."],
)


# ── 6. the four equations ────────────────────────────────────────────────────────────────────


number_exercise(
    "6.1",
    0.2,
    {
        0.8: "σ′ of the layer itself is missing",
        0.1: "the weight is missing",
        0.4: "that is the δ that comes in",
        3.2: "σ′ multiplies, it does not divide",
    },
    "δ₁ = w₂ · δ₂ · σ′(z₁)",
    ["Back through the weight, then through σ.", "2 · 0.4 · 0.25."],
)


@exercise("6.2", "number", ["First ∂J/∂a = a − y, then through σ.", "σ′ = a(1 − a)."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, -0.032):
        return None
    if close(found, -0.2):
        return "that is ∂J/∂a; times σ' = a (1 - a) it becomes dJ/dz"
    if close(found, 0.032) or close(found, 0.2):
        return "mind the sign: a is too small, so J falls when z grows"
    if close(found, 0.16):
        return "that is σ' alone; times ∂J/∂a = a - y it becomes δ"
    return "∂J/∂a = a - y, and σ' = a (1 - a)"


@exercise(
    "6.3",
    "code",
    ["The way back through a matrix is its transpose.", "Then element by element with σ′."],
)
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


derivation(
    "6.4",
    "(a - y)*(1 - a**2)",
    {
        "a - y": "that is ∂J/∂a; tanh lies between a and z",
        "(a - y)*a*(1 - a)": "that is the slope of σ; the slope of tanh is 1 − a²",
        "(y - a)*(1 - a**2)": "output minus target, not the other way round",
        "1 - a**2": "that is the slope of tanh alone",
        "(a - y)/(1 - a**2)": "the slope multiplies, it does not divide",
    },
    "(1): ∂J/∂a times the slope of tanh",
    ["What is ∂J/∂a?", "tanh′ = 1 − a² (notebook 4)."],
)


function_exercise(
    "6.5",
    lambda delta, before: [[d * a for a in before] for d in delta],
    [([1.0, -2.0], [3.0, 0.5, 4.0])],
    {
        lambda delta, before: [[d * a for d in delta] for a in before]: "a row of W belongs to "
        "one neuron, that is to one δ",
        lambda delta, before: [d * a for d, a in zip(delta, before, strict=False)]: "every δ "
        "meets every activation",
        lambda delta, before: [[d + a for a in before] for d in delta]: "they are multiplied",
    },
    ["dJ/dw of neuron j and input i is δⱼ·aᵢ.", "Which of the two indices names the row of W?"],
)


@exercise(
    "6.6",
    "code",
    ["It must be −ln a where y = 1.", "And −ln(1 − a) where y = 0; y and 1 − y are the switches."],
)
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


derivation(
    "6.7",
    "(a - y)/(1 - a**2)",
    {
        "(a - y)*(1 - a**2)": "that is δ of the squared error; here δ is given, and ∂J/∂a is asked",
        "a - y": "that is the slope of the squared error; tanh takes 1 − a² of it away",
        "(a - y)/(a*(1 - a))": "that is right for σ; tanh has the slope 1 − a²",
        "(y - a)/(1 - a**2)": "mind the sign: then δ would be y − a",
        "1/(1 - a**2)": "then δ would be 1, right or wrong",
    },
    "δ = ∂J/∂a · (1 − a²) must be a − y; solve for ∂J/∂a",
    ["Write (1) down, with a − y on the left.", "Divide by the slope of tanh."],
)


def deltas(
    weights: Any, slopes: Any, delta: Any, turn: bool = True, below: int = 1, use: bool = True
) -> list[Any]:
    found = [delta]
    for k in reversed(range(1, len(weights))):
        back = (weights[k].T if turn else weights[k]) @ delta
        delta = back * slopes[k - below] if use else back
        found.append(delta)
    return found


W_DEEP, DELTA_DEEP = list(matrices((3, 3), (3, 3), (3, 3))), matrices((3, 1))[0]
SLOPES_DEEP = [abs(slope) / 4 for slope in matrices((3, 1), (3, 1), (3, 1))]

function_exercise(
    "6.8",
    deltas,
    [(W_DEEP, SLOPES_DEEP, DELTA_DEEP)],
    {
        lambda weights, slopes, delta: deltas(weights, slopes, delta, below=0): "σ′ belongs to the "
        "layer that δ goes down to, not to the one it comes from",
        lambda weights, slopes, delta: deltas(weights, slopes, delta, turn=False): "the way back "
        "through a matrix is its transpose; that was right before",
        lambda weights, slopes, delta: deltas(weights, slopes, delta, use=False): "σ′ is missing",
        lambda weights, slopes, delta: deltas(weights, slopes, delta)[::-1]: "the last layer first",
    },
    ["Write (2) down with its indices.", "weights[l] leads out of layer l − 1."],
)


# ── 7. training ──────────────────────────────────────────────────────────────────────────────


@exercise(
    "7.1",
    "number",
    ["How many whole batches are there, and what is left?", "The rest is a batch, too."],
)
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 15):
        return "and what about the last 40 examples? They make a step, too"
    if close(found, 15.625):
        return "nearly: a step is whole; the last one just has fewer examples"
    if not close(found, 16):
        return "how many batches of 64 are dealt from 1,000 rows?"
    return None


@exercise(
    "7.2",
    "number",
    ["After the first step v is the gradient.", "In the second v = m·v + gradient."],
)
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


@exercise(
    "7.3",
    "code",
    [
        "The notebook's own network, a little longer.",
        "Look at the boundary: is the network too small, or was it too short?",
    ],
)
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


derivation(
    "7.4",
    "r*g*(2 + m)",
    {
        "2*r*g": "the second step still carries m times the first",
        "r*g*(1 + m)": "that is the second step alone",
        "2*r*g*(1 + m)": "the first step has nothing to remember yet",
        "r*g*(2 - m)": "momentum adds to the step as long as the gradient points the same way",
    },
    "v is g after the first step and m·g + g after the second",
    ["Steps are r·v.", "r·g + r·(m·g + g)."],
)

number_exercise(
    "7.5",
    0.64,
    {
        0.8: "that is one step; two were asked for",
        0.6: "the second step starts at 0.8, where the slope is 1.6",
        0.81: "the slope of w² is 2w",
        0.36: "that overshoots: 0.1 times the slope 2w is a fifth of w",
    },
    "each step takes a fifth of w away",
    ["The slope at 1 is 2, so w goes to 1 − 0.2.", "And at 0.8 it is 1.6."],
)


def shuffled(X: list[Any], y: list[Any], rng: random.Random) -> tuple[list[Any], list[Any]]:
    order = list(range(len(X)))
    rng.shuffle(order)
    return [X[i] for i in order], [y[i] for i in order]


def one_shuffled(X: list[Any], y: list[Any], rng: random.Random) -> tuple[list[Any], list[Any]]:
    return shuffled(X, y, rng)[0], y


def shuffled_apart(X: list[Any], y: list[Any], rng: random.Random) -> tuple[Any, Any]:
    return shuffled(X, X, rng)[0], shuffled(y, y, rng)[0]


function_exercise(
    "7.6",
    shuffled,
    [([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], random.Random(3))],
    {
        one_shuffled: "y has kept its order: every row gets the label of another",
        shuffled_apart: "both are in an order of their own: draw one, use it twice",
        lambda X, y, rng: (X, y): "nothing is shuffled",
    },
    ["After the call, which label belongs to X[0]?", "One order for both."],
)

derivation(
    "7.7",
    "2/(a + b)",
    {
        "2/b": "that is where the steep direction stops getting nearer",
        "1/b": "then the steep one is done in one step, and the flat one crawls; a bit more is "
        "better",
        "1/a": "the flat direction would be done at once, the steep one would fly off",
        "(a + b)/2": "a rate is the inverse of a curvature",
        "1/(a + b)": "look at the factors: 1 − αa and αb − 1 shall be equal",
    },
    "both factors shall be equally far from 0: 1 − αa = −(1 − αb)",
    ["|1 − αa| falls with α, |1 − αb| rises beyond 1/b.", "They meet where 1 − αa = αb − 1."],
)


def adam(
    w: float, gradients: list[float], lr: float, warm: bool = True, root: float = 0.5
) -> float:
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        up, down = (m / (1 - 0.9**t), v / (1 - 0.999**t)) if warm else (m, v)
        w -= lr * up / (down**root + 1e-8)
    return w


function_exercise(
    "7.8",
    adam,
    [(2.0, [5.0], 0.1), (0.0, [1.0, -3.0, 0.5], 0.01), (1.0, [0.001, 0.002], 0.5)],
    {
        lambda w, gradients, lr: adam(w, gradients, lr, warm=False): "m and v start at 0 and are "
        "too small at first: divide by 1 − 0.9ᵗ and 1 − 0.999ᵗ",
        lambda w, gradients, lr: adam(w, gradients, lr, root=1.0): "divide by the root of v̂",
        lambda w, gradients, lr: 2 * w - adam(w, gradients, lr): "against the gradient: minus",
        lambda w, gradients, lr: w - lr * sum(gradients): "that is plain descent",
    },
    ["Start with m = v = 0, and count t from 1.", "After the first step it moved by lr, or −lr."],
    kind="code",
)


# ── 8. real data ─────────────────────────────────────────────────────────────────────────────


@exercise("8.1", "number", ["Each layer has nin · nout weights.", "And nout biases."])
def _(answer: Any) -> str | None:
    found = number(answer)
    if close(found, 64 * 100 + 100 * 50 + 50 * 10):
        return "those are the weights; every neuron has a bias, too"
    if not close(found, 65 * 100 + 101 * 50 + 51 * 10):
        return "each neuron has one weight for each input, and a bias: (64 + 1) · 100 + ..."
    return None


@exercise("8.2", "number", ["Each class gets 1/10.", "−ln(1/10)."])
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


@exercise(
    "8.3",
    "code",
    ["Count parameters first: 64·h + h + 10·h + 10.", "More epochs rather than more neurons."],
)
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


derivation(
    "8.4",
    "exp(u)/(exp(u) + exp(v)) - 1",
    {
        "exp(u)/(exp(u) + exp(v))": "that is for the logit of the wrong class; the right one's has "
        "the term −u besides",
        "exp(v)/(exp(u) + exp(v))": "a larger logit of the right class lowers the loss: mind the "
        "sign",
        "exp(u)*exp(v)/(exp(u) + exp(v))^2": "that is the slope of the probability; and the "
        "logarithm?",
        "exp(v) - 1": "the probability is a share: divide by the sum",
    },
    "p − 1, where p is the share of the right class",
    ["L = −u + ln(e^u + e^v).", "The second term's slope is e^u/(e^u + e^v)."],
)

number_exercise(
    "8.5",
    65536,
    {
        2048: "that is one row; the batch has 32",
        131072: "one product for each weight and row; adding is not counted",
        66560: "a bias is not multiplied",
        1024: "each of the 32 neurons has 64 weights, and meets 32 rows",
    },
    "32 rows, 32 neurons, 64 inputs",
    ["How many weights has the layer?", "Each is used once for every row."],
)

function_exercise(
    "8.6",
    lambda rows, n: (rows[n:], rows[:n]),
    [([0, 1, 2, 3, 4, 5, 6], 2), ([5, 4, 3, 2, 1], 1)],
    {
        lambda rows, n: (rows[n:], rows[: n + 1]): "row n is in both: the network has seen it",
        lambda rows, n: (rows[n + 1 :], rows[:n]): "row n is in neither",
        lambda rows, n: (rows[:n], rows[n:]): "the test rows are the first n",
        lambda rows, n: (rows, rows[:n]): "the test rows are among the training rows",
    },
    ["Write down both parts for seven rows and n = 2.", "Which row is in both?"],
)


def surprise(logits: list[float], right: int, shift: bool = True, scale: float = 1.0) -> float:
    top = max(logits) if shift else 0.0
    total = sum(math.exp(z - top) for z in logits)
    return scale * (top + math.log(total) - logits[right])


function_exercise(
    "8.7",
    surprise,
    [([1.0, -2.0, 0.5], 1), ([1000.0, 0.0], 1), ([-1000.0, -1001.0], 0), ([3.0, 3.0], 0)],
    {
        lambda logits, right: surprise(logits, right, shift=False): "it still overflows: subtract "
        "the largest logit from all of them",
        lambda logits, right: (
            -math.log(
                math.exp(logits[right] - max(logits))
                / sum(math.exp(z - max(logits)) for z in logits)
            )
        ): "no overflow any more, but e^(−1000) is 0, and ln 0 has no value: take −z + ln Σ e^z",
        lambda logits, right: surprise(logits, right) - max(logits): "what was subtracted in the "
        "sum has to be added again after the logarithm",
        lambda logits, right: surprise(logits, right, scale=-1.0): "a loss is not negative",
    },
    ["The softmax stays the same if all logits move by as much.", "−z + m + ln Σ e^(z − m)."],
)
