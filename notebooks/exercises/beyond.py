"""Chapters 15 and 16: forward and reverse mode, how the engine works."""

import math
from collections.abc import Callable
from typing import Any

from autodiff import Gate, Value, jvp

from .checking import calling, close, derivation, exercise, number, number_exercise

# ── 14. forward and reverse mode ─────────────────────────────────────────────────────────────

number_exercise(
    "15.1",
    5,
    {
        3: "that is forward mode: one pass for each input gives a column",
        15: "a pass gives a whole row of the Jacobian, not one entry",
        1: "one pass is enough for one output; here are five",
    },
    "one reverse pass gives one row of the Jacobian",
    ["How many outputs can one reverse pass start from?", "One row of the Jacobian is one output."],
)

number_exercise(
    "15.2",
    9,
    {
        5: "y moves f on two paths: through x · y, and directly",
        7: "y moves f on two paths: through x · y, and directly",
        3: "that is what x does alone; y moves too",
        12: "that multiplies each rate by the gradient of the other input",
        6: "that is what y does alone; x moves too",
    },
    "ḟ = (df/dx)·1 + (df/dy)·2",
    ["df/dx is y. And df/dy?", "df/dy = x + 1, since y stands in both terms."],
)

derivation(
    "15.3",
    "c*a*(1 - a)",
    {
        "a*(1 - a)": "that is the local gradient; z moves at the rate c",
        "c*a": "c times the local gradient of σ, which is not a itself",
        "c*a*(1 + a)": "σ′ = σ·(1 − σ): mind the sign",
        "c": "σ does not hand the rate on unchanged: multiply by its local gradient",
    },
    "the rate of the input times the local gradient, and that of σ is a·(1 − a)",
    ["ȧ = ∂a/∂z · ż, and ż is c.", "Notebook 2 has σ′ in terms of its output."],
)

derivation(
    "15.4",
    "(c*b - a*d)/b**2",
    {
        "c/b + a*d/b**2": "a larger denominator makes the quotient smaller: mind the sign",
        "c/d": "the rate of a quotient is not the quotient of the rates",
        "c/b - d/b**2": "∂(a/b)/∂b is −a/b²; the a is missing",
        "(c*b - a*d)/b": "the denominator of the quotient rule is squared",
    },
    "add up, for each input, its rate times the local gradient on its wire",
    ["The local gradients are 1/b and −a/b².", "Multiply the first by c, the second by d; add."],
)


@exercise(
    "15.5",
    "code",
    [
        "grad gives all slopes at once; which of them count, and how much?",
        "A dot product is enough.",
    ],
)
def _(answer: Any) -> str | None:
    def product(x: Value, y: Value) -> Value:
        return x * y

    def three(a: Value, b: Value, c: Value) -> Value:
        return (a * b + c).tanh() * a

    with calling(answer):
        for f, at, along in (
            (product, (2.0, 3.0), (1.0, 10.0)),
            (three, (0.5, -1.0, 2.0), (1.0, 0.0, -2.0)),
        ):
            found = number(answer(f, at, along))
            _, right = jvp(f, at, along)
            slopes = [
                jvp(f, at, [float(k == i) for k in range(len(at))])[1] for i in range(len(at))
            ]
            if close(found, sum(slopes)):
                return "that is the rate if all inputs move at 1; weigh each slope by its rate"
            if close(found, f(*map(Value, at)).data):
                return "that is the value of f, not how fast it moves"
            if close(found, max(s * v for s, v in zip(slopes, along, strict=True))):
                return "all inputs move at once: add up what they do"
            if not close(found, right):
                return f"at {at} along {along} it is {right:g}, not {found:g}"
    return None


@exercise(
    "15.6",
    "bug",
    [
        "Try it on a chain of tanh, and on x + y. Which is wrong, and by how much?",
        "A gate with two inputs has two contributions to its tangent.",
    ],
)
def _(answer: Any) -> str | None:
    with calling(answer):
        x, y = Value(2.0), Value(3.0)
        both, square = x + y, x * x
        found = answer(both, {x: 1.0, y: 5.0})
        if not isinstance(found, dict) or both not in found:
            return "return the rates of all nodes, as a dictionary"
        if not close(found[both], 6.0):
            return f"x + y moves at 1 + 5 = 6; yours says {found[both]:g}"
        if not close(answer(square, {x: 1.0})[square], 4.0):
            return "x · x has x twice among its parents: both wires count, 2 · 2 = 4"
        if not close(answer(x, {x: 3.0})[x], 3.0):
            return "a leaf moves at the rate that it was given"
        chain = (x * y).tanh() + x
        rates = {x: 0.5, y: -1.0}
        _, right = jvp(lambda x, y: (x * y).tanh() + x, (2.0, 3.0), (0.5, -1.0))
        if not close(answer(chain, rates)[chain], right):
            return f"tanh(x · y) + x moves at {right:g}, yours says {answer(chain, rates)[chain]:g}"
    return None


# ── 15. how this engine works ────────────────────────────────────────────────────────────────

number_exercise(
    "16.1",
    7,
    {
        4: "those are the weighted sums; the hidden neurons have an activation",
        6: "the output neuron fires a gate, too",
        8: "the last layer is linear: no activation on the output",
        11: "that is with the loss",
        13: "that is how many parameters there are",
    },
    "one weighted sum for each neuron, one tanh for each hidden one",
    ["How many neurons are there?", "Which of them have an activation?"],
)

number_exercise(
    "16.2",
    13,
    {
        9: "those are the weights; every neuron has a bias, too",
        12: "the output neuron has a bias, too",
        4: "those are the biases; add the weights",
        11: "that is how many gates fire",
    },
    "count W1, b1, W2 and b2",
    ["W1 has 3 · 2 numbers.", "There is one bias for each of the four neurons."],
)

derivation(
    "16.3",
    "o*(1 - o)",
    {
        "o*(1 + o)": "e^(−a) is 1/o − 1, not 1/o + 1: mind the sign",
        "-o**2": "that is the slope of 1 / (…); what stands in it has a slope of its own",
        "1 - o**2": "that is the slope of tanh",
        "1 - o": "there is a factor of o before it",
    },
    "differentiate 1/(1 + e^(−a)), then put o for it",
    ["∂/∂a of 1/u is −u′/u², with u = 1 + e^(−a).", "e^(−a) = 1/o − 1."],
)

derivation(
    "16.4",
    "2*a*b",
    {
        "2*a": "b is a factor of the whole; it stays",
        "a**2": "that is ∂/∂b",
        "2*a*b + a**2": "those are both partials added up; a row has one for each input",
    },
    "hold b still, and differentiate by a",
    ["b is a constant here.", "The slope of a² is 2a."],
)


@exercise(
    "16.5",
    "code",
    [
        "On the right of 0 it is a/(1 + a). What is its slope there, and on the left?",
        "With |a| both sides are one formula: 1/(1 + |a|)².",
    ],
)
def _(answer: Any) -> str | None:
    return _row(answer, lambda a: a / (1 + abs(a)), lambda a: 1 / (1 + abs(a)) ** 2)


@exercise(
    "16.6",
    "bug",
    [
        "Print gradcheck(gate, [0.7]): what is the ratio of the two numbers?",
        "The inner function is −a², and its slope has a factor 2.",
    ],
)
def _(answer: Any) -> str | None:
    return _row(answer, lambda a: math.exp(-a * a), lambda a: -2 * a * math.exp(-a * a))


def _row(
    answer: Any, value: Callable[[float], float], slope: Callable[[float], float]
) -> str | None:
    """Whether a gate has this value and this slope."""
    if not isinstance(answer, Gate):
        return "hand over the gate, as gate(...) returns it"
    if len(answer.inputs) != 1:
        return f"the gate has one input, a; yours has {', '.join(answer.inputs)}"
    for at in (0.5, -0.5, 2.0, -2.0):
        x = Value(at)
        out = answer(x)
        if not close(out, value(at)):
            return f"at a = {at:g} its value is {value(at):.4g}, yours is {out.data:.4g}"
        found, right = out.local_grads[0], slope(at)
        if close(found, -right):
            return f"at a = {at:g} its slope has the other sign"
        if not close(found, right):
            return f"at a = {at:g} its slope is {right:.4g}, your row says {found:.4g}"
    return None
