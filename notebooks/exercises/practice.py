"""Chapters 10 and 11: how to start, and how not to learn by heart."""

import math
import random
from typing import Any

from .checking import (
    array,
    calling,
    derivation,
    exercise,
    function_exercise,
    number_exercise,
    points,
    same,
)

# ── 10. initialisation ───────────────────────────────────────────────────────────────────────

number_exercise(
    "10.1",
    math.sqrt(2 / 100),
    {
        2 / 100: "that is the variance; the deviation is its root",
        0.1: "that is √(1/100), for an activation that takes nothing away; ReLU takes half",
        0.2: "the 2 stands under the root, too",
        math.sqrt(2 / 200): "that is Xavier's, with 100 outputs besides; He's counts the inputs",
    },
    "Var(w) = 2/n, and the deviation is its root",
    ["Which variance does He take?", "The root of 2/100."],
    within=5e-3,
)

number_exercise(
    "10.2",
    2.0**20,
    {
        2.0: "that is one layer; there are twenty",
        4.0**20: "that is the mean square; the size is its root",
        40.0: "along a chain factors are multiplied, not added",
        4.0: "that is the variance's factor of one layer",
    },
    "√(n · Var(w)) at every layer, twenty times",
    ["One layer multiplies the mean square by 100 · 0.04.", "And the size by the root of that."],
)

derivation(
    "10.3",
    "n*s*(v + m^2)",
    {
        "n*s*v": "that is right for m = 0; E[x²] is the variance and the square of the mean",
        "n*s*(v + m)": "E[x²] = Var(x) + (mean)²: the mean is squared",
        "n*s*v + m^2": "every one of the n terms has the weight's variance as a factor",
        "n*s^2*(v + m^2)": "s is a variance: it is squared already",
        "s*(v + m^2)": "that is one term of the sum; there are n",
    },
    "E[z²] = n · Var(w) · E[x²]; what is E[x²]?",
    ["The derivation ends with n · Var(w) · E[x²].", "E[x²] = Var(x) + E[x]²."],
)

derivation(
    "10.4",
    "2/(n*(1 + a^2))",
    {
        "2/n": "that is ReLU's; this one lets something through on the left as well",
        "2/(n*(1 + a))": "the mean square is halved with the squares of the slopes",
        "2/(1 + a^2)": "and the number of inputs?",
        "1/(n*(1 + a^2))": "each side is one half of the mean square",
        "(1 + a^2)/(2*n)": "the other way round: the weights make up for what is lost",
    },
    "E[f(z)²] = ½ (1 + a²) E[z²]",
    ["On the right E[f²] is ½E[z²], on the left ½a²E[z²].", "n · Var(w) · ½(1 + a²) = 1."],
)


@exercise(
    "10.5",
    "code",
    ["b²/3 = 2/(nin + nout).", "[[rng.uniform(-b, b) for _ in range(nin)] for _ in range(nout)]."],
)
def _(answer: Any) -> str | None:
    nin, nout = 30, 50
    bound = math.sqrt(6 / (nin + nout))
    with calling(answer):
        W = array(answer(nin, nout, random.Random(0)))
        if W.shape == (nout, nin) and len({tuple(row) for row in W.tolist()}) < nout:
            return "some rows are equal: those neurons would stay one"
        if W.shape != (nout, nin):
            return f"give {nout} rows of {nin} numbers, a row for each neuron; not {W.shape}"
        largest, ratio = float(abs(W).max()), float((W**2).mean()) / (bound**2 / 3)
        if math.isclose(ratio, 1 / 3, rel_tol=0.15):
            return "√(2/(nin + nout)) is the deviation; a uniform number's is b/√3"
        if math.isclose(ratio, 1, rel_tol=0.15) and largest > bound:
            return f"a normal number has no bound; yours go up to {largest:.2f}, b is {bound:.2f}"
        if (W > 0).all():
            return "from −b to b, not from 0"
        if not math.isclose(ratio, 1, rel_tol=0.15):
            return f"the variance is {ratio:.2f} times what it should be, 2/(nin + nout)"
    return None


@exercise(
    "10.6",
    "bug",
    ["Print the rows of layer(3, 4, 0).", "When is the generator made, and how often?"],
)
def _(answer: Any) -> str | None:
    with calling(answer):
        rows = array(answer(40, 30, 5))
        if rows.shape != (30, 40):
            return f"layer(40, 30, 5) has 30 rows of 40 numbers, not {rows.shape}"
        if same(rows[0], rows[1]):
            return "the rows are still equal: every neuron starts the generator anew"
        if not same(rows, array(answer(40, 30, 5))):
            return "equal seeds must give equal weights, so that a run can be repeated"
        if same(rows, array(answer(40, 30, 6))):
            return "the seed has no effect any more"
        if not math.isclose(float(rows.std()), 40**-0.5, rel_tol=0.1):
            return f"the deviation is {rows.std():.3f}; it was right before, 1/√nin"
    return None


@exercise(
    "10.7",
    "code",
    [
        "Compute the mean of z² over all outputs of all rows.",
        "z grows with the weights: divide them by the root of that mean.",
    ],
)
def _(answer: Any) -> str | None:
    from nn import Layer

    with calling(answer):
        for seed, scale in ((0, 3.0), (1, 0.01)):
            layer = Layer(4, 5, init=lambda rng, s=scale: rng.gauss(0.2, s), rng=seed)  # type: ignore[misc]
            X = [[x + 0.5 for x in row] for row in points(8, 4)]
            before = array([[w.data for w in n.w] for n in layer.neurons])
            was = array([[z.data for z in layer(x)] for x in X])
            answer(layer, X)
            after = array([[w.data for w in n.w] for n in layer.neurons])
            found = array([[z.data for z in layer(x)] for x in X])
            if same(before, after):
                return "the weights are what they were: change their .data, in place"
            if not same(after / after.ravel()[0], before / before.ravel()[0]):
                return "one number for all weights: their proportions must stay"
            mean = float((found**2).mean())
            if math.isclose(mean, 1 / float((was**2).mean()), rel_tol=1e-6):
                return "that divides by the mean square; divide by its root"
            if math.isclose(found.std(), 1, rel_tol=1e-6) and not math.isclose(mean, 1):
                return "that makes the variance 1; the mean square keeps the outputs' mean, too"
            if not math.isclose(mean, 1, rel_tol=1e-6):
                return f"the mean square of the outputs is {mean:.4g}, not 1"
    return None


# ── 11. overfitting and regularisation ───────────────────────────────────────────────────────

number_exercise(
    "11.1",
    2 * 0.95**3,
    {
        1.9: "that is one step; there are three",
        1.7: "each step takes a share of what is left, not of the first weight",
        0.25: "the share is α·λ = 0.05, not λ",
        2.0: "the gradient of J is 0, but the penalty pulls",
    },
    "each step multiplies the weight by 1 − αλ",
    ["1 − αλ = 0.95.", "Three times."],
    within=1e-4,
)

number_exercise(
    "11.2",
    5,
    {
        4: "then the mean of what is handed on would be 3.2: divide by 1 − p",
        3.2: "that would make up for it the wrong way: divide by 1 − p, do not multiply",
        20: "that divides by p; the neuron stays with probability 1 − p",
        0: "that is for a neuron that is left out",
    },
    "a/(1 − p), so that the mean stays a",
    ["It stays with probability 0.8.", "4/0.8."],
)

derivation(
    "11.3",
    "h*c/(h + 2*l)",
    {
        "h*c/(h + l)": "that is with the ½; the slope of l·w² is 2·l·w",
        "c/(h + 2*l)": "h stands before the bracket, so it multiplies c as well",
        "2*l*c/(h + 2*l)": "h pulls towards c, the penalty towards 0",
        "h*c/(h - 2*l)": "both pull at w: mind the sign",
        "c - l/h": "that is L1, which pulls equally hard everywhere",
    },
    "differentiate, and set to 0",
    ["h·(w − c) + 2·l·w = 0.", "Bring w to one side: (h + 2l)·w = h·c."],
)

derivation(
    "11.4",
    "a^2*p/(1 - p)",
    {
        "a^2*p*(1 - p)": "that is without the division by 1 − p, whose square comes in",
        "a*p/(1 - p)": "a variance has the square of the unit",
        "p/(1 - p)": "and how large is a?",
        "a^2/(1 - p)": "that is the mean of the square; subtract the square of the mean",
        "a^2*(1 - p)/p": "p is the probability to be left out",
    },
    "E[â²] − E[â]²",
    ["m² = m, so E[m²] = 1 − p.", "a²/(1 − p) − a²."],
)


def stop(losses: list[float], patience: int, equal: bool = False) -> tuple[int, int]:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best] or (equal and loss == losses[best]):
            best = epoch
        elif epoch - best >= patience:
            return best, epoch + 1
    return best, len(losses)


def impatient(losses: list[float], patience: int) -> tuple[int, int]:
    worse = 0
    for epoch in range(1, len(losses)):
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse >= patience:
            return losses.index(min(losses[: epoch + 1])), epoch + 1
    return losses.index(min(losses)), len(losses)


function_exercise(
    "11.5",
    stop,
    [
        ([5.0, 3.0, 4.0, 4.0, 1.0], 2),
        ([5.0, 3.0, 4.0, 3.5, 1.0], 2),
        ([5.0, 4.0, 4.5, 4.2, 4.1, 6.0, 0.1], 3),
        ([3.0, 2.0, 1.0], 2),
        ([2.0, 2.0, 2.0, 2.0, 1.0], 3),
    ],
    {
        impatient: "compare with the best epoch so far, not with the one before",
        lambda losses, patience: (losses.index(min(losses)), len(losses)): "training stops "
        "before it has seen the later losses",
        lambda losses, patience: (stop(losses, patience)[1] - 1, stop(losses, patience)[1]): "go "
        "back to the best epoch, not to the last one",
        lambda losses, patience: stop(losses, patience)[::-1]: "first the epoch to go back to, "
        "then how many were run",
        lambda losses, patience: (
            stop(losses, patience)[0],
            stop(losses, patience)[1] - 1,
        ): "epochs count from 0: after epoch 3, four were run",
        lambda losses, patience: stop(losses, patience, equal=True): "as good as the best is not "
        "better: the patience runs on",
    },
    ["Remember the best epoch so far.", "Stop where epoch − best reaches the patience."],
    kind="code",
)


def dropout(
    row: list[float], p: float, rng: random.Random, training: bool, scale: float = 1.0
) -> list[float]:
    if not training:
        return row
    return [0.0 if rng.random() < p else a / (1 - p) * scale for a in row]


function_exercise(
    "11.6",
    dropout,
    [
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.25, random.Random(1), True),
        ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 0.25, random.Random(1), False),
    ],
    {
        lambda row, p, rng, training: dropout(row, p, rng, True, 1 - p): "it still leaves numbers "
        "out in use: what is `training` for?",
        lambda row, p, rng, training: dropout(row, p, rng, training, 1 - p): "in use it is right; "
        "in training the mean is too small: divide by 1 − p",
        lambda row, p, rng, training: dropout(row, p, rng, True): "the mean is right; but it still "
        "leaves numbers out in use",
        lambda row, p, rng, training: dropout(row, p, rng, training, (1 - p) ** 2): "that makes "
        "the mean smaller still: divide by 1 − p",
    },
    ["When should nothing be left out?", "And what is the mean of what is handed on?"],
)


def folds(n: int, k: int) -> list[tuple[list[int], list[int]]]:
    parts = [list(range(start, n, k)) for start in range(k)]
    return [([row for row in range(n) if row not in part], part) for part in parts]


@exercise(
    "11.7",
    "code",
    ["The part number f is range(f, n, k).", "To train on: all rows that are not in it."],
)
def _(answer: Any) -> str | None:
    with calling(answer):
        for n, k in ((6, 3), (7, 3), (5, 5)):
            found = [(list(train), list(held)) for train, held in answer(n, k)]
            right = folds(n, k)
            if len(found) != k:
                return f"folds({n}, {k}) has {k} pairs, not {len(found)}"
            if found == [(held, train) for train, held in right]:
                return "first the rows to train on, then the part"
            for train, held in found:
                if both := set(train) & set(held):
                    return f"row {min(both)} is in both: the network has seen it"
                if missing := set(range(n)) - {*train, *held}:
                    return f"folds({n}, {k}) loses row {min(missing)}"
            if sorted(row for _, held in found for row in held) != list(range(n)):
                return "each row is held back exactly once"
            if found != right:
                return f"row i belongs into part i mod {k}: {right[0][1]} is the first part"
    return None
