"""One symbol, one number; and every equation that is printed holds in numbers."""

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from autodiff import GATES, Constant, Value, topological_order
from autodiff.graph import adjoints
from tests.random_graphs import random_recipe
from viz import explain
from viz.words.notation import Text
from viz.words.report import steps as steps_of
from viz.words.rules import edges_into

FUNCTIONS: dict[str, Any] = {
    **{name: getattr(math, name) for name in ("exp", "sin", "cos", "tanh", "erf", "sqrt")},
    "ln": math.log,
    "abs": abs,
    "inf": math.inf,
    "pi": math.pi,
    "σ": lambda a: 1 / (1 + math.exp(-a)),
    "softplus": lambda a: math.log(1 + math.exp(a)),
}


def fires(name: str) -> Any:
    return lambda *inputs: GATES[name](*(Value(x) for x in inputs)).data


for gate in GATES.values():
    if gate.formula.has_cases:
        FUNCTIONS[gate.name] = FUNCTIONS[gate.symbol] = fires(gate.name)
    elif gate.rows == gate.inputs and len(gate.rows) == 1:
        FUNCTIONS[gate.name] = lambda *row, gate=gate: gate([Value(x) for x in row]).data

RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def equations(text: str) -> Iterator[tuple[str, list[str]]]:
    """The left side of each equation of an explanation, and all that it is said to be."""
    first, _, where = text.partition("\nwhere\n")
    for line in [re.sub(r"\n +", " ", first), *where.splitlines()]:
        for told in re.split(r", so | and (?=∂)", line.strip()):
            if "no value" not in told and not told.startswith("|"):  # what |a means
                left, *steps = re.sub(r", since.*", "", told).split(" = ")
                yield left, steps


@cache
def any_of(symbols: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(symbols, key=len, reverse=True)
    known = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<!\w)(?:{known})(?![\w\[/]|\|[a-z])")


def calculated(step: str, symbols: dict[str, float]) -> float:
    """What a step comes to, with the numbers that its symbols stand for."""
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: f"**({m[0].translate(RAISED)})", step)
    text = any_of(tuple(symbols)).sub(lambda m: f"({symbols[m[0]]!r})", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = re.sub(r"√([\w.]+)", r"sqrt(\1)", text).replace("√", "sqrt")
    for sign, python in (("·", "*"), ("−", "-"), ("^", "**"), ("∞", "inf"), ("π", "pi")):
        text = text.replace(sign, python)
    return float(eval(text, {"__builtins__": {}}, FUNCTIONS))


def facts(root: Value) -> dict[str, set[float]]:
    """Every symbol of an explanation, and the numbers that the engine has for it."""
    order = topological_order(root)
    hand = Text(order)
    total = adjoints(order, {root: 1.0})
    found: dict[str, set[float]] = {}
    for v in order:
        if not isinstance(v, Constant):
            found.setdefault(hand.names[v], set()).add(v.data)
            found.setdefault(hand.total(root, v), set()).add(total[v])
        for edge in edges_into(v) if v.gate else ():
            if not isinstance(edge.tail, Constant):
                found.setdefault(hand.local(edge), set()).add(edge.local)
    return found


@pytest.mark.parametrize("paths", [False, True])
@pytest.mark.parametrize("first", range(0, 1000, 100))
def test_a_symbol_is_one_number_and_every_equation_holds(first: int, paths: bool) -> None:
    """In 1,000 random graphs, over wires and, in each tenth, over paths."""
    checked = 0
    for seed in range(first, first + (10 if paths else 100)):
        root, leaves = random_recipe(seed).build()
        numbers = facts(root)
        assert [symbol for symbol, held in numbers.items() if len(held) > 1] == []
        symbols = {symbol: held.pop() for symbol, held in numbers.items()}
        said: dict[str, str] = {}
        for left, steps in equations(explain(leaves[0], root, paths=paths).text):
            assert said.setdefault(left, steps[-1]) == steps[-1], (seed, left)
            for step in (step for step in steps if "…" not in step):
                found = calculated(step, symbols)
                close = math.isclose(found, symbols[left], rel_tol=4e-3, abs_tol=1e-9)
                assert close, f"{left} = {step} is {found} in graph {seed}"
                checked += 1
    assert checked > (100 if paths else 1000)


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_every_equation_of_the_steps_holds(first: int) -> None:
    """In 1,000 random graphs, forward and backward."""
    checked = 0
    for seed in range(first, first + 250):
        root, _ = random_recipe(seed).build()
        symbols = {symbol: held.pop() for symbol, held in facts(root).items()}
        for step in steps_of(root):
            told = re.sub(r"\n +=", " =", step).splitlines()[1:]
            for line in (part for text in told for part in re.split(r", with |; so far ", text)):
                left, *rest = re.sub(r", since.*", "", line.strip()).split(" = ")
                if not rest or "…" in line or "no value" in line:
                    continue
                expected = symbols[left] if left in symbols else calculated(left, symbols)
                for part in rest:
                    found = calculated(part, symbols)
                    assert math.isclose(found, expected, rel_tol=4e-3, abs_tol=1e-9), line
                    checked += 1
    assert checked > 2000
