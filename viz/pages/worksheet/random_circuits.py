"""Random circuits whose answers are whole numbers, for practice on paper.

No gate is named here. Gates are tried, and one is kept where its value and its local gradients
come out whole and small; how hard a circuit is follows from what the gate table says of a gate.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
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
LARGEST = 1000.0  # number that a circuit with other inputs may come to
TRIES = 200  # of one gate, before the circuit is begun anew


def random_circuit(difficulty: str = "easy", seed: int = 0, *, kinks: bool = False) -> Value:
    """A circuit with whole-number inputs, values, local gradients and gradients.

    difficulty  "easy": two gates of plain arithmetic; "medium": four, with a fork and gates
                that decide between cases; "hard": seven of any kind, with several forks
    seed        equal seeds give equal circuits
    kinks       whether a gate may stand at a kink or a tie, such as the larger of two equals

    The result is the root, labelled f, of inputs x, y, z (and w).

    >>> f = random_circuit("easy", 0)
    >>> f.data.is_integer()
    True

    Raises ValueError for a difficulty that there is not.
    """
    if difficulty not in DIFFICULTIES:
        raise ValueError(
            f"difficulty is {', '.join(map(repr, DIFFICULTIES))}; there is no {difficulty!r}"
        )
    level = DIFFICULTIES[difficulty]
    rng = random.Random(f"{difficulty} {seed}")
    pool = _pool(difficulty, tuple(GATES))
    while (root := _attempt(level, pool, rng, kinks)) is None:
        pass
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


def _attempt(level: Level, pool: tuple[Gate, ...], rng: random.Random, kinks: bool) -> Value | None:
    """One try; None where it ends in numbers that nobody wants to reckon with."""
    leaves = [Value(rng.choice(DIGITS), label=name) for name in NAMES[: level.leaves]]
    nodes, loose = list(leaves), list(leaves)
    for left in range(level.gates, 0, -1):
        join = len(loose) > left  # each gate of two inputs can tie up one loose end
        for _ in range(TRIES):
            made = _fire(rng.choice(pool), nodes, loose, rng, join)
            if made is not None and _suits(made, level, kinks):
                break
        else:
            return None
        loose = [v for v in loose if v not in made.parents] + [made]
        nodes.append(made)
    root = nodes[-1]
    if len(loose) > 1 or not _teaches(root, nodes, level):
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


def _suits(v: Value, level: Level, kinks: bool) -> bool:
    """Whole numbers, not all 0; and the slopes on both sides of what the gate was given agree."""
    if not (v.gate and v.data and any(v.local_grads)) or not _whole(
        (v.data, *v.local_grads), level
    ):
        return False
    return kinks or not at_kink(v)


def _whole(numbers: Iterable[float], level: Level) -> bool:
    return all(abs(x) <= level.largest and float(x).is_integer() for x in numbers)


def _teaches(root: Value, nodes: list[Value], level: Level) -> bool:
    """Gradients are small, most are not 0, and there are the forks that were asked for."""
    order = topological_order(root)
    found = adjoints(order, {root: 1.0})
    grads = [found.get(node, 0.0) for node in nodes]
    reads = Counter(parent for node in order for parent in node.parents)
    forks = sum(count > 1 for count in reads.values())
    few_dead = grads.count(0.0) <= len(nodes) // 4
    return _whole(grads, level) and few_dead and forks >= level.shared
