"""Chapter 18: ten programs with a mistake each."""

import math
import random
from typing import Any

from autodiff import Value
from nn import MLP, losses

from .checking import Wrong, calling, close, derivation, exercise, number, number_exercise, numbers


@exercise("18.1", "bug", ["The gradient points to where the loss grows.", "One sign."])
def _(answer: Any) -> str | None:
    p, q = Value(1.0), Value(-2.0)
    (p * p + 3 * q).backward()
    with calling(answer):
        answer([p, q], 0.1)
    if close(p, 1.2) or close(q, -1.7):
        return "p still moves uphill: the gradient points to where the loss grows"
    if close(p, 1.0):
        return "p has not moved; change p.data, in place"
    if close(p, -1.0):
        return "p moved by the whole gradient; multiply by lr"
    if not (close(p, 0.8) and close(q, -2.3)):
        return f"from 1 with slope 2 and lr 0.1, p goes to 0.8, not to {p.data:g}"
    return None


@exercise("18.2", "bug", ["What is in p.grad when backward() is called again?",
                          "Leaves accumulate; forget the old gradient first."])  # fmt: skip
def _(answer: Any) -> str | None:
    model = MLP(1, [1], init="zeros")
    with calling(answer):
        answer(model, lambda: losses.squared_error(model([1.0]), 1.0), 3, 0.2)
    w = model.parameters()[0].data  # the output is 2w, the slope 2w - 1
    if close(w, 0.0):
        return "nothing has moved: is the gradient still there when it is used?"
    if close(w, 0.832):
        return "the gradients of earlier steps are still added up"
    return None if close(w, 0.392) else f"after three steps w is 0.392, not {w:.4g}"


@exercise("18.3", "bug", [".data is a plain number: what does Value(number) know of the model?",
                          "Stay in Values from the output to the loss."])  # fmt: skip
def _(answer: Any) -> str | None:
    model = MLP(2, [1], rng=0)
    with calling(answer):
        loss = answer(model, [0.5, -1.0], 1.0)
    if not isinstance(loss, Value):
        return "return a Value, so that backward() can be called on it"
    loss.backward()
    if any(p.grad == 0 for p in model.parameters()):
        return "the gradient still does not arrive: nothing may pass through .data on its way"
    error = model([0.5, -1.0]).data - 1.0
    if not close(loss, error**2):
        return f"(output - target)² is {error**2:.4g} here, not {loss.data:.4g}"
    if not close(model.parameters()[-1].grad, 2 * error):
        return "the value is right, its gradient is not"
    return None


@exercise("18.4", "bug", ["What is `total` after the loop?", "= or += ?"])
def _(answer: Any) -> str | None:
    model = MLP(1, [1], rng=0)
    X, y = [[1.0], [2.0], [-1.0]], [1.0, -1.0, 0.5]
    errors = [(model(x).data - t) ** 2 for x, t in zip(X, y, strict=True)]
    with calling(answer):
        found = answer(model, X, y)
    if not isinstance(found, Value):
        return "return a Value, so that backward() can be called on it"
    if close(found, errors[-1] / 3):
        return "only the last row counts"
    if close(found, sum(errors)):
        return "that is the sum; the mean was asked for"
    if not close(found, sum(errors) / 3):
        return f"the mean is {sum(errors) / 3:.4g}, not {found.data:.4g}"
    found.backward()
    return None if all(p.grad for p in model.parameters()) else "no gradient arrives"


@exercise("18.5", "bug", ["What is (score > 0): a number of which kind?",
                          "True == 1, but False is not -1."])  # fmt: skip
def _(answer: Any) -> str | None:
    with calling(answer):
        for scores, labels, right in (
            ([0.3, -2.0, 1.5, -0.1], [1, -1, -1, 1], 0.5),
            ([-1.0, -2.0], [-1, -1], 1.0),
            ([5.0, -2.0, 3.0], [1, -1, 1], 1.0),
        ):
            found = number(answer(scores, labels))
            if close(found, right):
                continue
            kept = sum((s > 0) == t for s, t in zip(scores, labels, strict=True)) / len(scores)
            if close(found, kept):
                return "rows with the label -1 still never count: (score > 0) is True or False"
            if close(found, right * len(scores)):
                return "that is how many are right; the share was asked for"
            return f"of {scores} with the labels {labels} the share is {right:g}, not {found:g}"
    return None


@exercise("18.6", "bug", ["[a] * 3 is a list of one object, three times.",
                          "Draw inside two loops."])  # fmt: skip
def _(answer: Any) -> str | None:
    with calling(answer):
        rows = answer(3, 2, random.Random(0))
    if [len(row) for row in rows] != [3, 3]:
        return "two rows of three weights are wanted"
    flat = [w for row in rows for w in row]
    if not all(isinstance(w, Value) for w in flat):
        return "weights are Values"
    if len({id(row) for row in rows}) < 2 or rows[0][0] is rows[1][0]:
        return "both neurons share one row: what moves one moves the other"
    if len(set(flat)) < 6:
        return "within a row one Value stands several times"
    return None if len({w.data for w in flat}) == 6 else "the numbers must differ, too"


@exercise("18.7", "bug", ["e^1000 is too large. Does softmax change if all z grow by 1?",
                          "Subtract the largest first."])  # fmt: skip
def _(answer: Any) -> str | None:
    with calling(answer):
        for logits in ([0.0, math.log(3)], [1000.0, 1000.0 + math.log(3)], [-1000.0, -999.0]):
            try:
                found = numbers(answer(list(logits)), 2)
            except (OverflowError, ZeroDivisionError) as error:
                return f"at {logits} it raises {type(error).__name__}; subtract the largest logit"
            right = 1 / (1 + math.exp(logits[1] - logits[0]))
            if not close(sum(found), 1):
                return f"at {logits} they add up to {sum(found):.4g}, not to 1"
            if not close(found[0], right):
                return f"at {logits} the first share is {right:.4g}, not {found[0]:.4g}"
    return None


@exercise("18.8", "bug", ["How far apart are x + h and x - h?", "Rise over run: the run is 2h."])
def _(answer: Any) -> str | None:
    with calling(answer):
        found = number(answer(lambda x: x * x, 3.0))
        if abs(found - 12) < 0.01:
            return "still twice too large: x + h and x - h are 2h apart"
        if abs(found - 3) < 0.01:
            return "now it is half of it"
        if abs(found - 6) > 1e-6:
            return f"the slope of x² at 3 is 6, not {found:.6g}"
        if abs(number(answer(lambda x: x**3, 1.0, h=0.1)) - 3.01) > 1e-9:
            return "use the step h that is given, to both sides"
    return None


@exercise("18.9", "bug", ["What does v remember from the step before?", "Where is it made 0?"])
def _(answer: Any) -> str | None:
    with calling(answer):
        found = number(answer([1.0, 1.0, -0.5], 0.1, 0.9))
    if close(found, -0.15):
        return "v still forgets: it is made 0 within the loop"
    if close(found, -0.411):
        return None
    if close(found, 0.411):
        return "p moves uphill"
    return f"v is 1, then 1.9, then 1.21; so p ends at -0.411, not at {found:g}"


@exercise("18.10", "bug", ["May anything be computed from the test rows?",
                           "Mean and deviation come from the training rows alone."])  # fmt: skip
def _(answer: Any) -> str | None:
    import numpy as np

    rng = np.random.default_rng(0)
    train, test = rng.normal(3, 2, size=(50, 2)), rng.normal(5, 1, size=(20, 2))
    with calling(answer):
        found = answer(train.copy(), test.copy())
    if not isinstance(found, tuple) or len(found) != 2:
        return "return both tables"
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    own = (test - test.mean(axis=0)) / test.std(axis=0)
    both = np.concatenate([train, test])
    if np.allclose(found[1], own):
        return "the test rows are still scaled by themselves"
    if np.allclose(found[0], (train - both.mean(axis=0)) / both.std(axis=0)):
        return "the test rows have a say in it: in use they are not there yet"
    if not np.allclose(found[0], (train - mean) / deviation):
        return "the training rows need mean 0 and deviation 1"
    return None if np.allclose(found[1], (test - mean) / deviation) else "the test rows are not"


number_exercise(
    "18.11",
    1e-4,
    {
        -1e-4: "it is too large, not too small",
        0.01: "the error goes with h²",
        0.0301: "that is the error of the one-sided difference",
        3.0001: "that is the quotient; by how much is it off?",
        0.0: "a quotient of finite h is not exact",
    },
    "((1 + h)³ − (1 − h)³)/2h, written out",
    ["Multiply out (1 + h)³ and (1 − h)³.", "What remains besides 3 is h²."],
)

derivation(
    "18.12",
    "3*x**2 + h**2",
    {
        "3*x**2": "that is the limit, for h to 0",
        "3*x**2 + 3*x*h + h**2": "that is the one-sided difference",
        "6*x**2 + 2*h**2": "divide by 2h, not by h",
        "3*x**2 - h**2": "mind the sign of what is left over",
    },
    "multiply out (x + h)³ − (x − h)³ and divide by 2h",
    ["(x + h)³ = x³ + 3x²h + 3xh² + h³.", "The even powers of h cancel."],
)


@exercise("18.13", "code", ["Walk from the root to its parents; which nodes do you meet?",
                            "topological_order(root) is that list."])  # fmt: skip
def _(answer: Any) -> str | None:
    x, y, z, w = (Value(v) for v in (1.0, 2.0, 3.0, 0.0))
    root = (x * w).relu() + z
    with calling(answer):
        found = answer(root, [x, y, z, w])
        if not isinstance(found, list | tuple):
            raise Wrong("a list of the parameters is wanted")
        if any(node is x for node in found):
            return "x has the gradient 0 here, and is reached all the same: ask for the path"
        if len(found) != 1 or found[0] is not y:
            return f"of four parameters one is not reached; yours finds {len(found)}"
        deep = x
        for _ in range(5000):
            deep = deep + 1.0
        try:
            far = answer(deep, [x, y])
        except RecursionError:
            return "a graph of 5,000 gates is too deep for recursion; use topological_order"
    return None if len(far) == 1 and far[0] is y else "a leaf far away counts as well"
