"""Random computational graphs, told as recipes that any library can follow.

A `Recipe` lists gates by name and what each is fed: earlier nodes, numbers, rows of both. So the
same graph can be built of Values, of PyTorch tensors, inside a traced function, or drawn:

    recipe = random_recipe(seed=7)
    root, leaves = recipe.build()                   # Values
    f = recipe.on_values                            # f(*leaves) -> root: to differentiate, compile
    root = recipe.follow(tensors, call)             # whatever call(gate name, inputs) makes

Graphs fork, repeat operands (`a * a`), mix numbers into operators, and use every built-in gate.
They stay where comparing makes sense: moderate values and slopes, and away from kinks, where
two libraries may rightly answer differently.
"""

from __future__ import annotations

import ast
import operator
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from hypothesis import strategies as st

from autodiff import GATES, DomainError, Gate, Value, topological_order

__all__ = ["BUILT_IN", "Recipe", "Step", "call_on_values", "random_recipe", "recipes"]

BUILT_IN = tuple(GATES)  # at import: gates that tests register come later

LARGEST = 20.0  # of a node's value and of a local gradient
KINK = 1e-3  # how near a comparison in a formula may come to a tie


class Ref(int):
    """The number of an earlier node: the leaves come first, then one node per step."""


Input: TypeAlias = "Ref | float | tuple[Ref | float, ...]"


class Step(NamedTuple):
    """One gate and its inputs, in the order of the table; trailing defaults are left out."""

    gate: str
    inputs: tuple[Input, ...]


class Recipe(NamedTuple):
    """A graph: the numbers of its leaves, and its gates in order; the last one is the root."""

    leaves: tuple[float, ...]
    steps: tuple[Step, ...]

    def follow(self, leaves: Sequence[Any], call: Callable[[str, Sequence[Any]], Any]) -> Any:
        """Build on `leaves`; `call(gate, inputs)` makes a node, rows arrive as lists."""
        nodes = list(leaves)

        def resolved(x: Input) -> Any:
            if isinstance(x, tuple):
                return [resolved(element) for element in x]
            return nodes[x] if isinstance(x, Ref) else x

        for name, inputs in self.steps:
            nodes.append(call(name, [resolved(x) for x in inputs]))
        return nodes[-1]

    def on_values(self, *leaves: Value) -> Value:
        """The root, built on these Values: operators where the gate has one."""
        root: Value = self.follow(leaves, call_on_values)
        return root

    def build(self) -> tuple[Value, list[Value]]:
        """The root and its leaves, as fresh Values labelled x0, x1, ..."""
        leaves = [Value(number, label=f"x{i}") for i, number in enumerate(self.leaves)]
        return self.on_values(*leaves), leaves


OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def call_on_values(name: str, inputs: Sequence[Any]) -> Value:
    """Fire a gate as a user would: `a + b` where it has an operator, so that numbers may stand
    on either side."""
    infix = GATES[name].formula.infix
    fire = OPERATORS[infix] if infix else GATES[name]
    out: Value = fire(*inputs)
    return out


def random_recipe(
    seed: int, size: int | None = None, gates: Sequence[str] = BUILT_IN, leaves: int | None = None
) -> Recipe:
    """A graph of about `size` gates (by default 1 to 30), all of which the root depends on."""
    rng = random.Random(seed)
    size = rng.randint(1, 30) if size is None else size
    numbers = tuple(_number(rng) for _ in range(leaves or rng.randint(1, 5)))
    nodes = [Value(number) for number in numbers]
    steps: list[Step] = []
    unused = set(range(len(nodes)))
    for _ in range(40 * size):
        if len(steps) >= size:
            break
        step = _random_step(rng, GATES[rng.choice(gates)], len(nodes), sorted(unused))
        if _add(step, nodes):
            steps.append(step)
            unused -= _refs(step)
            unused.add(len(nodes) - 1)
    # Join the loose ends, so that nothing was built in vain.
    while len(unused) > 1 or not steps:
        a, b = (sorted(unused) * 2)[:2]
        step = Step("add", (Ref(a), Ref(b)))
        nodes.append(call_on_values(step.gate, [nodes[a], nodes[b]]))
        steps.append(step)
        unused -= {a, b}
        unused.add(len(nodes) - 1)
    return Recipe(numbers, tuple(steps))


def recipes(largest: int = 30, gates: Sequence[str] = BUILT_IN) -> st.SearchStrategy[Recipe]:
    """A Hypothesis strategy; a failure shrinks to fewer gates."""
    return st.builds(
        random_recipe,
        seed=st.integers(0, 2**32 - 1),
        size=st.integers(1, largest),
        gates=st.just(gates),
    )


def _number(rng: random.Random) -> float:
    """Mostly an arbitrary number, sometimes a whole one or a half."""
    return rng.choice([rng.uniform(-3, 3), rng.uniform(0.1, 3), float(rng.randint(-3, 3)), 0.5])


def _random_step(rng: random.Random, gate: Gate, count: int, unused: Sequence[int]) -> Step:
    def node() -> Ref:
        """Prefer the newest and the loose ends, so that graphs grow deep as well as wide."""
        pick = rng.random()
        if pick < 0.3:
            return Ref(rng.choice(unused))
        return Ref(count - 1 if pick < 0.5 else rng.randrange(count))

    def node_or_number() -> Ref | float:
        return _number(rng) if rng.random() < 0.2 else node()

    inputs: list[Input] = []
    length = rng.randint(1, 5)
    for name in gate.inputs:
        if name in gate.rows:
            inputs.append(tuple(node_or_number() for _ in range(length)))
        elif name in gate.defaults and rng.random() < 0.4:
            break
        elif inputs and isinstance(inputs[0], Ref) and rng.random() < 0.1:
            inputs.append(inputs[0])  # a * a
        else:
            inputs.append(node_or_number())
    step = Step(gate.name, tuple(inputs))
    if not _refs(step):  # all numbers: no gate would fire
        first: Input = (node(), *inputs[0][1:]) if isinstance(inputs[0], tuple) else node()
        step = Step(gate.name, (first, *inputs[1:]))
    return step


def _refs(step: Step) -> set[int]:
    flat = [x for i in step.inputs for x in (i if isinstance(i, tuple) else (i,))]
    return {int(x) for x in flat if isinstance(x, Ref)}


def _add(step: Step, nodes: list[Value]) -> bool:
    """Fire the gate and keep the node, unless value or slopes are extreme or a kink is near."""
    recipe = Recipe((), (step,))
    try:
        out = recipe.follow(nodes, call_on_values)
    except DomainError:
        return False
    if abs(out.data) > LARGEST or any(not abs(d) <= LARGEST for d in out.local_grads):
        return False
    if _kink_is_near(out):
        return False
    nodes.append(out)
    return True


def _kink_is_near(node: Value) -> bool:
    """Whether a comparison that decides on a partial is close to a tie.

    `a ** b` compares its base with 0 and its exponent with 0 and 1, where only a base near 0 is
    delicate; two operands that are one and the same node tie always, and harmlessly.
    """
    gate = node.gate
    assert gate is not None
    if gate.rows:
        return False
    named = gate.split(node.parents)
    numbers: dict[str, Any] = {name: parent.data for name, parent in named.items()}
    numbers["out"] = node.data
    for partial in gate.partials:
        for test in ast.walk(partial.tree):
            if not isinstance(test, ast.Compare):
                continue
            left, right = ast.unparse(test.left), ast.unparse(test.comparators[0])
            if named.get(left) is named.get(right, 0) or (gate.formula.infix and left == "b"):
                continue
            if abs(eval(left, {}, numbers) - eval(right, {}, numbers)) < KINK:
                return True
    return False


if __name__ == "__main__":  # what do they look like?
    for seed in range(5):
        root, _ = random_recipe(seed, size=6).build()
        print(seed, *topological_order(root), sep="\n   ")
