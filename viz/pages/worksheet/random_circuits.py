"""Random circuits whose answers are whole numbers, for practice on paper.

No gate is named here. Gates are tried, and one is kept where its value and its local gradients
come out whole and small; how hard a circuit is follows from what the gate table says of a gate.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from functools import cache

from autodiff import GATES, DomainError, Gate, Value, topological_order
from autodiff.graph import adjoints

__all__ = ["DIFFICULTIES", "random_circuit"]


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
TRIES = 200  # of one gate, before the circuit is begun anew


def random_circuit(difficulty: str = "easy", seed: int = 0) -> Value:
    """A circuit with whole-number inputs, values, local gradients and gradients.

    difficulty  "easy": two gates of plain arithmetic; "medium": four, with a fork and gates
                that decide between cases; "hard": seven of any kind, with several forks
    seed        equal seeds give equal circuits

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
    while True:
        root = _attempt(level, _pool(difficulty, tuple(GATES)), rng)
        if root is not None:
            return root


@cache
def _pool(difficulty: str, names: tuple[str, ...]) -> tuple[Gate, ...]:
    """The gates of a difficulty: by whether they decide, call functions, or can fail."""
    gates = [GATES[name] for name in names]
    free = [g for g in gates if not g.rows and not g.defaults]

    def plain(gate: Gate) -> bool:
        formulas = (gate.formula, *gate.partials)
        return not any(f.atoms or " if " in f.text for f in formulas)

    if difficulty == "hard":
        return tuple(free)
    if difficulty == "medium":
        return tuple(g for g in free if not g.domain)
    return tuple(g for g in free if not g.domain and plain(g))


def _attempt(level: Level, pool: tuple[Gate, ...], rng: random.Random) -> Value | None:
    """One try; None where it ends in numbers that nobody wants to reckon with."""
    digits = [n for n in range(-5, 6) if n]
    leaves = [Value(rng.choice(digits), label=name) for name in NAMES[: level.leaves]]
    nodes, loose = list(leaves), list(leaves)
    for k in range(level.gates):
        left = level.gates - k  # each gate of two inputs can tie up one loose end
        must_join = len(loose) > left
        made = _fire(level, pool, nodes, loose, rng, join=must_join)
        if made is None:
            return None
        loose = [v for v in loose if v not in made.parents] + [made]
        nodes.append(made)
    root = nodes[-1]
    if len(loose) > 1 or not _teaches(root, nodes, level):
        return None
    root.label = "f"
    return root


def _fire(
    level: Level,
    pool: tuple[Gate, ...],
    nodes: list[Value],
    loose: list[Value],
    rng: random.Random,
    *,
    join: bool,
) -> Value | None:
    """A gate on nodes there are: two loose ends if it must `join`, else one and anything."""
    for _ in range(TRIES):
        gate = rng.choice(pool)
        if len(gate.inputs) > 2 or (join and len(gate.inputs) < 2):
            continue
        inputs = [rng.choice(loose)]
        if len(gate.inputs) == 2:
            others = loose if join else nodes
            inputs.append(rng.choice(others))
            rng.shuffle(inputs)
            if inputs[0] is inputs[1]:
                continue
        elif inputs[0].gate is not None and len(inputs[0].gate.inputs) == 1:
            continue  # one function of one input after another teaches little
        try:
            made = gate(*inputs)
        except DomainError:
            continue
        numbers = (made.data, *made.local_grads)
        if made.data and any(made.local_grads) and all(_small(x, level) for x in numbers):
            return made  # type: ignore[no-any-return]
    return None


def _small(x: float, level: Level) -> bool:
    return x == x and abs(x) <= level.largest and float(x).is_integer()


def _teaches(root: Value, nodes: list[Value], level: Level) -> bool:
    """Gradients are small, most are not 0, and there are the forks that were asked for."""
    order = topological_order(root)
    found = adjoints(order, {root: 1.0})
    grads = [found.get(node, 0.0) for node in nodes]
    reads = Counter(parent for node in order for parent in node.parents)
    dead = sum(g == 0 for g in grads)
    forks = sum(count > 1 for count in reads.values())
    small = all(_small(g, level) for g in grads)
    return small and dead <= len(nodes) // 4 and forks >= level.shared
