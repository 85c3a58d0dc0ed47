"""Chapters 1 to 4: from a gate to an engine."""

import math
from collections.abc import Sequence
from typing import Any

from autodiff import Value, grad, is_topological, topological_order

from .checking import (
    calling,
    close,
    derivation,
    exercise,
    function_exercise,
    number,
    number_exercise,
    numbers,
    points,
)

# ── 1. gates and circuits ────────────────────────────────────────────────────────────────────


@exercise(
    "1.1",
    "number",
    [
        "A product swaps: the sum a + b receives c - d.",
        "An add hands on what it gets; a difference turns the sign for its second input.",
    ],
)
def _(answer: Any) -> str | None:
    found = numbers(answer, 4)
    right = [2.0, 2.0, 3.0, -3.0]
    if found == [3.0, 3.0, 2.0, -2.0] or found == [3.0, 3.0, 2.0, 2.0]:
        return "a product swaps: the sum a + b receives c - d, and the other way round"
    if close(found[3], 3.0):
        return "∂(c - d)/∂d = -1: a difference turns the sign for its second input"
    for name, a, b in zip("abcd", found, right, strict=True):
        if not close(a, b):
            return f"df/d{name} is not {a:g}: multiply what arrives by the local gradient"
    return None


@exercise(
    "1.2",
    "number",
    ["The gate × 3 comes first on the way back.", "Which of the two inputs of max is larger?"],
)
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


number_exercise(
    "1.3",
    16,
    {
        8: "that is the slope of the square; the gate × 2 lies between it and x",
        4: "that is the value under the square, v; its square has the slope 2v",
        2: "that is the gate × 2 alone",
        32: "each gate counts once: 2v · 2 · 1",
    },
    "three gates: + 1, × 2, square; multiply their local gradients",
    ["Forward first: 2, then 4, then 16.", "Backward: 2·4 at the square, then × 2, then × 1."],
)


@exercise(
    "1.4",
    "number",
    ["× swaps: which number does w get?", "Is x in the gradient of x? Is it in that of b?"],
)
def _(answer: Any) -> str | None:
    w, x, b = numbers(answer, 3)
    if [w, x, b] == [1000, 1, 1]:
        return None
    if [w, x, b] == [2000, 0.5, 1]:
        return "those are the gradients themselves; how many times as large as before are they?"
    if w == x == b == 1000:
        return "not every gradient grows: the product swaps, and the sum hands on what it gets"
    if [w, x] == [1, 1000]:
        return "the other way round: × hands to w what x is"
    if w != 1000:
        return "the gradient of w is x, which is 1000 times as large"
    if x != 1:
        return "the gradient of x is w, and w has not changed"
    return "the gradient of b is 1, whatever x is"


derivation(
    "1.5",
    "2*(a*x + b)*a",
    {
        "2*(a*x + b)": "that is the slope of the square; the product with a lies between it and x",
        "2*(a*x + b)*x": "that is df/da: the product swaps, so x gets times a",
        "2*a": "the slope of the square is twice what is squared, a·x + b",
        "2*(a*x + b) + a": "slopes in a row multiply, they do not add up",
        "a": "that is the slope of a·x + b; the square comes after it",
    },
    "with u = a·x + b: the slope of u², times the slope of u",
    ["What is squared? Call it u.", "∂f/∂u = 2u, and ∂u/∂x = a."],
)


def swapped_max(a: float, b: float, upstream: float) -> list[float]:
    return [upstream * (b >= a), upstream * (a > b)]


function_exercise(
    "1.6",
    lambda a, b, upstream: [upstream * (a >= b), upstream * (b > a)],
    [(4.0, 7.0, 3.0), (7.0, 4.0, 3.0), (-2.0, -5.0, 1.0)],
    {
        lambda a, b, upstream: [upstream * a, upstream * b]: "the inputs are no slopes: "
        "max hands on what arrives, whole",
        swapped_max: "the *larger* input gets it",
        lambda a, b, upstream: [upstream, upstream]: "that is add: max sends all of it one way",
        lambda a, b, upstream: [upstream / 2, upstream / 2]: "max does not share out",
    },
    ["How does max(4, 7) react if 7 grows a little? If 4 does?", "Slopes of 1 and 0."],
)


@exercise(
    "1.7",
    "code",
    ["df/dx = 3y: so 3y stands beside x in a product.", "What has a slope in y, but none in x?"],
)
def _(answer: Any) -> str | None:
    with calling(answer):
        for x, y in points(5, 2):
            if not isinstance(answer(Value(x), Value(y)), Value):
                return "the function must return a Value: compute with x and y themselves"
            dx, dy = grad(answer)(x, y)
            if close(dx, 3 * y) and close(dy, 3 * x):
                return "df/dx is right; y alone must add 5 to df/dy, and a mere number adds nothing"
            if not close(dx, 3 * y):
                return f"at x = {x:.2f}, y = {y:.2f} is df/dx = {dx:.3f}, not {3 * y:.3f}"
            if not close(dy, 3 * x + 5):
                return f"at x = {x:.2f}, y = {y:.2f} is df/dy = {dy:.3f}, not {3 * x + 5:.3f}"
    return None


function_exercise(
    "1.8",
    math.prod,
    [([2.0, 3.0, 4.0],), ([5.0],), ([-0.5, 8.0],), ([3.0, 0.0, 2.0],)],
    {
        sum: "2 times as far, and that 3 times as far, is 6 times as far, not 5",
        lambda slopes: math.prod(slopes) * 0: "whoever starts with 0 and multiplies stays there",
        lambda slopes: slopes[-1]: "that is the last gate alone",
        max: "the others count as well: think of gear wheels",
    },
    ["u moves 2 times as far as x, v 3 times as far as u: and v as x?", "Start with 1."],
)


# ── 2. the sigmoid neuron ────────────────────────────────────────────────────────────────────


@exercise("2.1", "number", ["σ(0) is ½.", "σ′ = σ·(1 − σ)."])
def _(answer: Any) -> str | None:
    if close(answer, 0.5):
        return "that is σ(0) itself; its slope is σ · (1 - σ)"
    if not close(answer, 0.25):
        return "put σ(0) = ½ into σ · (1 - σ)"
    return None


derivation(
    "2.2",
    "1 - a",
    {
        "-a": "σ is never negative: at −z it is near 1 where it was near 0",
        "a": "that would be so if σ itself were symmetric; its slope is",
        "1/a": "that is more than 1, and σ never is; 1/(1 + e^z) is not 1 over σ(z)",
        "a*(1 - a)": "that is the slope",
    },
    "σ(−z) = 1/(1 + e^z); multiply above and below by e^(−z)",
    ["Where is σ(−z) if σ(z) is 0.9?", "What is left of 1?"],
)


@exercise("2.3", "number", ["σ′(z) is about e^(−z) far out.", "Where is e^(−z) = 0.01?"])
def _(answer: Any) -> str | None:
    z = number(answer)
    s = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
    if s * (1 - s) >= 0.01:
        return f"σ'({z:g}) = {s * (1 - s):.4f} is not yet below 0.01; go further out"
    if z > 4.6 + 1e-9 or z < 0:
        return f"σ'({z:g}) = {s * (1 - s):.2g} is below 0.01, but so it was before: come closer"
    return None


derivation(
    "2.4",
    "a*(1 - a)*x",
    {
        "a*(1 - a)": "that arrives at the sum; the product with w swaps, so times x",
        "x": "σ lies between the sum and f: times a(1 − a)",
        "a*x": "the slope of σ is a(1 − a)",
        "a*(1 - a)/x": "multiply by the other input, do not divide",
    },
    "upstream a(1 − a), then the gate × swaps",
    ["What arrives at the sum?", "∂(wx)/∂w = x."],
)


derivation(
    "2.5",
    "a*(1 - a)*(1 - 2*a)",
    {
        "a*(1 - a)": "that is the first derivative",
        "1 - 2*a": "a depends on z, too: multiply by its own slope, a(1 − a)",
        "a*(1 - a)**2": "(a − a²)′ = a′ − 2·a·a′",
        "-2*a": "that loses the first term of a − a²",
    },
    "differentiate a − a² by z, where a′ = a(1 − a)",
    ["σ′ = a − a².", "Its slope is a′ − 2a·a′."],
)


function_exercise(
    "2.6",
    lambda z: 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z)),
    [(0.0,), (2.0,), (-2.0,), (1000.0,), (-1000.0,)],
    {
        lambda z: 1 / (1 + math.exp(-z)): "e^1000 is still computed for z = −1000",
        lambda z: 1 / (1 + math.exp(-abs(z))): "for negative z it must be below ½",
        lambda z: min(1.0, max(0.0, 0.5 + z / 4)): "that is its tangent at 0, cut off",
        lambda z: math.exp(z) / (1 + math.exp(z)): "now it overflows on the other side",
    },
    ["Which sign of the exponent is safe for negative z?", "σ(z) = e^z/(1 + e^z)."],
)


@exercise(
    "2.7",
    "code",
    [
        "tanh runs from −1 to 1, σ from 0 to 1: stretch it, and shift it.",
        "At 0 tanh is twice as steep as 2σ(z) − 1.",
    ],
)
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


number_exercise(
    "3.1",
    11,
    {
        10: "that is the product; a third wire leads from x into the sum",
        6: "the product has two wires from x: 5 comes back along each",
        5: "that is one wire of three",
        1: "the last share must be added to the others: +=, not =",
        25: "5 and 5 come back along different wires: they add up, they do not multiply",
    },
    "one share for each wire: the product sends the other input, the sum sends 1",
    ["Which number comes back along each of the three wires?", "5 + 5 + 1."],
)


@exercise(
    "3.2",
    "code",
    ["Parents come before what is made of them.", "a first, e last; where must d stand?"],
)
def _(answer: Any) -> str | None:
    parents = {"a": "", "b": "aa", "c": "aa", "d": "bc", "e": "db"}
    if not isinstance(answer, Sequence) or sorted(answer) != sorted(parents):
        return f"give the labels {', '.join(parents)}, each once, as one text or list"
    for place, node in enumerate(answer):
        early = [p for p in parents[node] if p in answer[place:]]
        if early:
            return f"{node} comes before {early[0]}, on which it depends"
    return None


@exercise(
    "3.3", "number", ["d = 2a³.", "Or: a reaches d by four wires; multiply along each, add up."]
)
def _(answer: Any) -> str | None:
    d = number(answer)
    if close(d, 24):
        return None
    if close(d, 8):
        return "a reaches d by four wires; add up what comes back along each of them"
    return "d = (a · a) · (a + a) = 2a³; how fast does that grow at a = 2?"


derivation(
    "3.4",
    "2*a + c",
    {
        "a + c": "that is the wire into f; a reaches f through b as well",
        "a": "that is the path through b alone",
        "2*a": "b is a + c",
        "a + c + 1": "the path through b counts a times 1, not 1",
    },
    "two paths from a to f: add up what comes back along each",
    ["f = a·b: to a comes b, to b comes a.", "And ∂b/∂a = 1 hands that on."],
)


@exercise(
    "3.5",
    "number",
    ["Every gate has two wires.", "After one gate there are two paths, after two gates four."],
)
def _(answer: Any) -> str | None:
    wires, paths = numbers(answer, 2)
    if [wires, paths] == [10, 32]:
        return None
    if [wires, paths] == [32, 10]:
        return "the other way round: the wires come first"
    if paths == 10:
        return "every gate doubles the number of paths: they multiply, they do not add up"
    if paths in (16, 31):
        return "2, 4, 8, 16: and the fifth doubling?"
    if paths != 32:
        return "after one gate there are two paths, after two gates four"
    if wires == 5:
        return "those are the gates; x + x has two wires from x"
    return "five gates with two wires each, and the sorted walk visits each wire once"


def adjoints(order: Sequence[Value], back: bool = True, add: bool = True) -> list[float]:
    bar = dict.fromkeys(order, 0.0)
    bar[order[-1]] = 1.0
    for v in reversed(order) if back else order:
        for parent, local in zip(v.parents, v.local_grads, strict=True):
            bar[parent] = (bar[parent] if add else 0.0) + local * bar[v]
    return [bar[v] for v in order]


class Order(list[Value]):
    """Shows itself by its gates."""

    def __str__(self) -> str:
        return "[" + ", ".join(v.gate.name if v.gate else "leaf" for v in self) + "]"

    def __deepcopy__(self, memo: Any) -> "Order":
        return self


def _orders() -> list[tuple[Order]]:
    x = Value(2.0)
    square = x * x
    return [(Order([x, square, square.exp()]),), (Order([x, square, square * x]),)]


function_exercise(
    "3.6",
    adjoints,
    _orders(),
    {
        lambda order: adjoints(order, back=False): "nobody knows its own adjoint yet when its "
        "turn comes: from which end must the loop run?",
        lambda order: adjoints(order, add=False): "a fork adds up: +=",
        lambda order: [0.0 for _ in order]: "the root's own adjoint is 1",
    },
    ["What is bar[v] when v's turn comes?", "reversed(order)."],
)


derivation(
    "3.7",
    "y**2/(x + y)**2",
    {
        "y/(x + y)": "x stands in the denominator, too: two paths",
        "-x*y/(x + y)**2": "that is the path through the denominator alone",
        "y/(x + y) + x*y/(x + y)**2": "a larger denominator makes f smaller: mind the sign",
        "x**2/(x + y)**2": "that is df/dy",
    },
    "add up both paths from x: through the product, and through the sum",
    ["With p = xy and s = x + y: f = p/s.", "y/s − p/s², on one denominator."],
)


def paths(order: Sequence[Value]) -> float:
    found: dict[Value, float] = {}
    for v in order:
        found[v] = 1.0 if v is order[0] else sum(found[parent] for parent in v.parents)
    return found[order[-1]]


def _circuits() -> list[tuple[Order]]:
    x, y = Value(2.0), Value(3.0)
    doubled = x + x
    again = doubled * doubled
    side = x * y
    return [
        (Order([x, doubled]),),
        (Order([x, doubled, again]),),
        (Order([x, y, side, doubled, side * doubled]),),
    ]


function_exercise(
    "3.8",
    paths,
    _circuits(),
    {
        lambda order: sum(len(v.parents) for v in order): "those are the wires; where wires "
        "follow each other, the paths multiply",
        lambda order: math.prod(len(set(v.parents)) or 1 for v in order): "a + a has two wires "
        "to the same parent, and both count",
        lambda order: sum(1.0 for v in order if order[0] in v.parents): "those are the gates that "
        "use the first node; follow the paths to the end",
        lambda order: math.prod(len(v.parents) or 1 for v in order): "paths multiply in a row, but "
        "beside each other they add up; and those from another leaf do not count",
    },
    ["How many paths lead to a node, if you know it for its parents?", "1 for the first node."],
    kind="code",
)


# ── 4. build the engine ──────────────────────────────────────────────────────────────────────


@exercise(
    "4.1",
    "code",
    [
        "Copy __add__ and change two signs: which?",
        "∂(a − b)/∂a = 1, ∂(a − b)/∂b = −1, and += in both.",
    ],
)
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


function_exercise(
    "4.2",
    lambda a, b: [a / b, 1 / b, -a / b**2],
    [(6.0, 3.0), (1.0, -2.0)],
    {
        lambda a, b: [a / b, 1 / b, a / b**2]: "a larger b makes the quotient smaller: mind the "
        "sign",
        lambda a, b: [a / b, b, a]: "those are the slopes of a product",
        lambda a, b: [a / b, 1 / b, -1 / b**2]: "that is for a = 1: a/b is a times 1/b",
        lambda a, b: [a / b, 1 / b, -a / b]: "the slope of 1/b is −1/b²",
        lambda a, b: a / b: "return the local gradients as well: three numbers",
    },
    ["a/b is a times 1/b: what does × hand to a?", "The slope of 1/b is −1/b²."],
    kind="code",
)


derivation(
    "4.3",
    "-o/b",
    {
        "o/b": "a larger b makes the quotient smaller: mind the sign",
        "-1/b**2": "that is for a = 1; put o in for a/b",
        "-o": "−a/b² is −(a/b)/b",
        "1/b": "that is ∂o/∂a",
    },
    "∂(a/b)/∂b = −a/b², and a/b is o",
    ["Differentiate a·b⁻¹ by b.", "−a/b² = −(a/b)·(1/b)."],
)


@exercise(
    "4.4",
    "code",
    ["Keep a set of what was seen.", "Every parent of a node must be in it when the node comes."],
)
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


function_exercise(
    "4.5",
    lambda v, other: other - v,
    [(3.0, 5.0), (2.0, -1.0)],
    {
        lambda v, other: v - other: "Python calls v.__rsub__(5) for 5 − v: v stands on the right",
        lambda v, other: -v - other: "other keeps its sign",
        lambda v, other: v + other: "that is addition",
    },
    ["For which expression does Python call __rsub__?", "5 − v: which of them is self?"],
)


@exercise(
    "4.6",
    "number",
    [
        "One pass gives 27. What do x, and the node x · x inside, hold after it?",
        "In V the node inside hands on 3 + 3; in Value it starts anew.",
    ],
)
def _(answer: Any) -> str | None:
    ours, theirs = numbers(answer, 2)
    if [ours, theirs] == [72, 54]:
        return None
    if [ours, theirs] == [54, 72]:
        return "the other way round: V first, in which nodes inside keep their gradients"
    if theirs == 27 or ours == 27:
        return "27 is one pass; a leaf keeps it and adds the second, in both"
    if theirs == 45 or theirs == 72:
        return "the nodes inside a graph of Values start anew with each pass"
    if ours == 45:
        return "45 is the second pass alone; x holds the 27 of the first"
    if ours == 54:
        return "in V the node x · x keeps its 3 of the first pass, and hands on 6 in the second"
    return "x³ at 3 has the slope 27; add up what the two passes bring to x"


@exercise(
    "4.7",
    "bug",
    [
        "What does the second loop do to the root?",
        "When v hands on, has v received everything? And what if a parent had something already?",
    ],
)
def _(answer: Any) -> str | None:
    with calling(answer):
        x, y = Value(3.0), Value(2.0)
        q = x * y
        order = topological_order(q * q + x)
        answer(order[-1], topological_order)
        found = [v.grad for v in order]
        if not any(found):
            return "all gradients are 0: is the root's 1 still there when the last loop begins?"
        if found == adjoints(order, add=False):
            return "a fork adds up: +="
        if found in (adjoints(order, back=False), adjoints(order, back=False, add=False)):
            return "in this order v hands on before it has received anything: the root goes first"
        if found != adjoints(order):
            return f"for q = x · y, f = q · q + x at x = 3, y = 2 is x.grad = {x.grad:g}, not 25"
        answer(order[-1], topological_order)
        if x.grad != 25:
            return f"when it is called again it says {x.grad:g}: set the gradients to 0 first"
    return None
