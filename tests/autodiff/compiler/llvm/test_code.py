"""Whole numbers in machine code: what need not be divided is not."""

from __future__ import annotations

import operator
import random
import re

import pytest

from autodiff.compiler.llvm.code import Code, Index

OPERATIONS = {
    "add": operator.add,
    "mul": operator.mul,
    "udiv": lambda a, b: a % 2**64 // b,  # without a sign
    "urem": lambda a, b: a % 2**64 % b,
}


@pytest.mark.parametrize("seed", range(200))
def test_division_by_parts(seed: int) -> None:
    """Quotient and rest are those of Python at every value of the counters, also of those that go
    in steps, and of numbers of which nothing is known."""
    rng = random.Random(seed)
    code = Code("double")
    steps = {f"%i{k}": rng.choice([1, 1, 2, 4, 8]) for k in range(3)}
    counts = {name: rng.randint(1, 6) for name in steps}
    for name in rng.sample(sorted(steps), 2):
        code.known[name] = steps[name], steps[name] * (counts[name] - 1)
    parts = tuple((name, rng.choice([1, 2, 3, 4, 8, 16])) for name in sorted(steps))
    index, by = Index(rng.randint(0, 40), parts), rng.choice([2, 3, 4, 8, 16])
    answers = code.divided(index, by)
    for _ in range(20):
        values = {name: steps[name] * rng.randrange(counts[name]) for name in steps}
        run(code.lines, values)
        total = evaluate(index, values)
        assert [evaluate(answer, values) for answer in answers] == list(divmod(total, by))


def test_what_cannot_reach_the_divisor_is_not_divided() -> None:
    """(16 i + 4 j + k) // 4 % 4 with j < 4 and k < 4 is j: no instruction."""
    code = Code("double")
    code.known |= {"%i": (1, 99), "%j": (1, 3), "%k": (1, 3)}
    quarter, _ = code.divided(Index(0, (("%i", 16), ("%j", 4), ("%k", 1))), 4)
    assert code.divided(quarter, 4)[1] == Index(0, (("%j", 1),))
    assert code.lines == []


@pytest.mark.parametrize("factor", [-1, -2])
def test_an_index_that_counts_down_is_divided_whole(factor: int) -> None:
    """(10 - i) // 4 at i = 3 is 1: the rest of 10, less i, would be below zero."""
    code = Code("double")
    index = Index(10, (("%i", factor),))
    answers = code.divided(index, 4)
    for i in range(6):
        run(code.lines, values := {"%i": i})
        assert [evaluate(a, values) for a in answers] == list(divmod(10 + factor * i, 4))


def evaluate(index: Index, values: dict[str, int]) -> int:
    return index.constant + sum(values[name] * factor for name, factor in index.parts)


def run(lines: list[str], values: dict[str, int]) -> None:
    """What LLVM's instructions over whole numbers do."""
    for line in lines:
        found = re.fullmatch(r"  (%\w+) = (\w+) [a-z ]*i64 (\S+), (\S+)", line)
        assert found, line
        name, operation, *operands = found.groups()
        a, b = (values[x] if x.startswith("%") else int(x) for x in operands)
        values[name] = OPERATIONS[operation](a, b)
        assert "exact" not in line or a % b == 0
