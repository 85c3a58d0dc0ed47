"""Random circuits whose answers are whole numbers, for practice on paper.

No gate is named here. Gates are tried, and one is kept where its value and its local gradients
come out whole and small; how hard a circuit is follows from what the gate table says of a gate.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import operator
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from autodiff import GATES, Constant, DomainError, Gate, Value, topological_order
from autodiff.graph import adjoints

from .questions import at_kink

__all__ = ["DIFFICULTIES", "other_numbers", "random_circuit"]


@dataclass(frozen=True)
class Level:
    """How large a circuit is, and the largest number in it."""

    leaves: int
    gates: int
    largest: int
    shared: int  # nodes that are read twice, at least


DIFFICULTIES = {
    "easy": Level(leaves=3, gates=2, largest=30, shared=0),
    "medium": Level(leaves=3, gates=4, largest=60, shared=1),
    "hard": Level(leaves=4, gates=7, largest=100, shared=2),
}
NAMES = "xyzw"
DIGITS = [n for n in range(-5, 6) if n]
LEAST = 0.01  # number on a sheet that is neither 0 nor whole
LARGEST = 1000.0  # number that a circuit with other inputs may come to
TRIES = 200  # of one gate, before the circuit is begun anew
ATTEMPTS = 1000  # the gates of the table need some 70 at most


def random_circuit(
    difficulty: str = "easy", seed: int = 0, *, kinks: bool = False, topic: str = ""
) -> Value:
    """A circuit with whole-number inputs, values, local gradients and gradients.

    difficulty  "easy": two gates of plain arithmetic; "medium": four, with a fork and gates
                that decide between cases; "hard": seven of any kind, with several forks
    seed        equal seeds give equal circuits
    kinks       whether a gate may stand at a kink or a tie, such as the larger of two equals
    topic       what it must have: "fork", "matrix" (a matrix times a vector), or a gate of one or
                two inputs by its name in the table, as "max" or "sigmoid"

    The result is the root, labelled f, of inputs x, y, z (and w), of a matrix w11, w12 … x1, x2.
    From a gate such as sigmoid on, numbers need not be whole.

    >>> f = random_circuit("easy", 0)
    >>> f.data.is_integer()
    True
    >>> any(v.gate is GATES["max"] for v in topological_order(random_circuit(topic="max")))
    True

    Raises ValueError for a difficulty or a topic that there is not, and for a gate of your own
    whose numbers are too large or too small.
    """
    if difficulty not in DIFFICULTIES:
        raise ValueError(
            f"difficulty is {', '.join(map(repr, DIFFICULTIES))}; there is no {difficulty!r}"
        )
    level = DIFFICULTIES[difficulty]
    rng = random.Random(f"{difficulty} {seed} {topic}".rstrip())
    if topic == "matrix":
        return _matrix(level, rng)
    wanted = _gate(topic) if topic not in ("", "fork") else None
    if topic == "fork":
        level = replace(level, shared=max(level.shared, 1))
    if topic == "fork" or (wanted and len(wanted.inputs) == 1):  # a gate that ties up no loose end
        level = replace(level, leaves=min(level.leaves, level.gates))
    pool = _pool(difficulty, tuple(GATES))
    for _ in range(ATTEMPTS):
        if (root := _attempt(level, pool, rng, kinks, wanted)) is not None:
            return root
    raise ValueError(
        f"no {difficulty} circuit on {topic!r} was found whose numbers one can reckon with, that "
        f"is 0 or from {LEAST} to {level.largest}; choose another topic or difficulty"
    )


def _gate(topic: str) -> Gate:
    """The gate that a circuit is to have."""
    usable = (g for g in _pool("hard", tuple(GATES)) if len(g.inputs) < 3)
    known = {g.name: g for g in usable if any(any(v.local_grads) for v in _fired(g))}
    if topic not in known:
        raise ValueError(
            f"there are no circuits on {topic!r}; a topic is 'fork', 'matrix', or one of the gates "
            f"{', '.join(known)}"
        )
    return known[topic]


def _fired(gate: Gate) -> Iterator[Value]:
    """The gate on small whole numbers."""
    for digits in itertools.product(DIGITS, repeat=len(gate.inputs)):
        with contextlib.suppress(DomainError):
            yield gate(*map(Value, digits))


def _matrix(level: Level, rng: random.Random) -> Value:
    """A row of the matrix times the vector; where forks are asked for, two, weighed and added."""
    rows, columns = min(level.shared + 1, 2), 3 if level.shared > 1 else 2
    xs = [Value(rng.choice(DIGITS), label=f"x{j}") for j in range(1, columns + 1)]
    outputs = []
    for i in range(1, rows + 1):
        ws = [Value(rng.choice(DIGITS), label=f"w{i}{j}") for j in range(1, columns + 1)]
        terms = [w * x for w, x in zip(ws, xs, strict=True)]
        outputs.append(functools.reduce(operator.add, terms))
    root = outputs[0]
    if rows > 1:
        cs = [Value(rng.choice(DIGITS), label=f"c{i}") for i in range(1, rows + 1)]
        weighted = [c * y for c, y in zip(cs, outputs, strict=True)]
        root = functools.reduce(operator.add, weighted)
    root.label = "f"
    return root


def other_numbers(root: Value, count: int) -> list[Value]:
    """The same circuit, each time with other numbers: whole ones in the place of whole ones.

    Away from kinks and from where a gate has no value; fewer than `count` if there are not so many.

    >>> f = random_circuit("easy", 0)
    >>> [g.parents[0].label == f.parents[0].label for g in other_numbers(f, 2)]
    [True, True]
    """
    rng = random.Random(0)
    found: dict[tuple[float, ...], Value] = {}
    for _ in range(TRIES):
        made = _with_others(root, rng) if len(found) < count else None
        if made is not None:
            order = topological_order(made)
            inputs = tuple(v.data for v in order if v.gate is None)
            if not any(v.gate and (abs(v.data) > LARGEST or at_kink(v)) for v in order):
                found.setdefault(inputs, made)
    return list(found.values())


def _with_others(root: Value, rng: random.Random) -> Value | None:
    made: dict[Value, Value] = {}
    try:
        for v in topological_order(root):
            if v.gate is not None:
                fired: Value = v.gate(*v.gate.split(tuple(made[p] for p in v.parents)).values())
                fired.label = v.label
                made[v] = fired
            elif isinstance(v, Constant):
                made[v] = v
            else:
                digit = rng.choice(DIGITS)
                made[v] = Value(digit if v.data.is_integer() else digit / 10, label=v.label)
    except DomainError:
        return None
    return made[root]


@cache
def _pool(difficulty: str, names: tuple[str, ...]) -> tuple[Gate, ...]:
    """The gates of a difficulty: by whether they decide, call functions, or can fail."""
    free = [g for g in map(GATES.__getitem__, names) if not g.rows and not g.defaults]
    if difficulty == "hard":
        return tuple(free)
    total = [g for g in free if not g.domain]
    if difficulty == "medium":
        return tuple(total)
    formulas = {g: (g.formula, *g.partials) for g in total}
    return tuple(g for g in total if not any(f.atoms or f.has_cases for f in formulas[g]))


def _attempt(
    level: Level, pool: tuple[Gate, ...], rng: random.Random, kinks: bool, wanted: Gate | None
) -> Value | None:
    """One try; None where it ends in numbers that nobody wants to reckon with."""
    leaves = [Value(rng.choice(DIGITS), label=name) for name in NAMES[: level.leaves]]
    nodes, loose = list(leaves), list(leaves)
    at = rng.randint(1, level.gates) if wanted else 0  # gates that are left when it fires
    often_whole = (
        wanted is None or sum(_handy(_numbers(v), level, True) for v in _fired(wanted)) > 2
    )
    whole = True
    for left in range(level.gates, 0, -1):
        join = len(loose) > left  # each gate of two inputs can tie up one loose end
        whole = whole and (left != at or often_whole)
        for _ in range(TRIES):
            gate = wanted if wanted and left == at else rng.choice(pool)
            made = _fire(gate, nodes, loose, rng, join)
            if made is not None and _suits(made, level, kinks, whole):
                break
        else:
            return None
        loose = [v for v in loose if v not in made.parents] + [made]
        nodes.append(made)
    root = nodes[-1]
    if len(loose) > 1 or not _teaches(root, nodes, level, whole):
        return None
    root.label = "f"
    return root


def _fire(
    gate: Gate, nodes: list[Value], loose: list[Value], rng: random.Random, join: bool
) -> Value | None:
    """The gate on nodes there are: two loose ends if it must `join`, else one and anything."""
    if len(gate.inputs) > 2 or (join and len(gate.inputs) < 2):
        return None
    inputs = [rng.choice(loose)]
    if len(gate.inputs) == 2:
        inputs.append(rng.choice(loose if join else nodes))
        rng.shuffle(inputs)
        if inputs[0] is inputs[1]:
            return None
    elif inputs[0].gate is not None and len(inputs[0].gate.inputs) == 1:
        return None  # one function of one input after another teaches little
    try:
        made: Value = gate(*inputs)
    except DomainError:
        return None
    return made


def _suits(v: Value, level: Level, kinks: bool, whole: bool) -> bool:
    """Handy numbers, not all 0; and the slopes on both sides of what the gate was given agree."""
    if not (v.gate and v.data and any(v.local_grads)):
        return False
    return _handy(_numbers(v), level, whole) and (kinks or not at_kink(v))


def _numbers(v: Value) -> tuple[float, ...]:
    return (v.data, *v.local_grads)


def _handy(numbers: Iterable[float], level: Level, whole: bool) -> bool:
    """Whether they are small, and whole, or at least not so small that they look like 0."""
    return all(
        abs(x) <= level.largest and (float(x).is_integer() if whole else not 0 < abs(x) < LEAST)
        for x in numbers
    )


def _teaches(root: Value, nodes: list[Value], level: Level, whole: bool) -> bool:
    """Gradients are small, most are not 0, and there are the forks that were asked for."""
    order = topological_order(root)
    found = adjoints(order, {root: 1.0})
    grads = [found.get(node, 0.0) for node in nodes]
    reads = Counter(parent for node in order for parent in node.parents)
    forks = sum(count > 1 for count in reads.values())
    few_dead = grads.count(0.0) <= len(nodes) // 4
    return _handy(grads, level, whole) and few_dead and forks >= level.shared
