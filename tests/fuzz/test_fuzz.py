"""A little of every attack, and every case that ever found something."""

import re
from pathlib import Path

import pytest

from tests.fuzz.attacks import ATTACKS, Attack
from tests.oracles import oracle

KEPT = Path(__file__).with_name("kept.txt")
NAMED = {attack.name: attack for attack in ATTACKS}


def kept() -> list[tuple[str, int]]:
    lines = [line.partition("#")[0].strip() for line in KEPT.read_text("utf-8").splitlines()]
    return [
        (name.strip(), int(seed)) for name, _, seed in (x.partition(":") for x in lines) if name
    ]


@pytest.mark.parametrize(
    "attack", [pytest.param(a, marks=[pytest.mark.torch] * (a.name == "graphs")) for a in ATTACKS],
    ids=lambda attack: attack.name,
)  # fmt: skip
def test_it_holds(attack: Attack, tmp_path: Path) -> None:
    if attack.name == "graphs":
        oracle("torch")
    for seed in range(attack.cases):
        attack.run(seed, tmp_path)


def test_what_was_once_found_stays_mended(tmp_path: Path) -> None:
    for name, seed in kept():
        NAMED[name].run(seed, tmp_path)


def test_a_defect_is_found_and_told(tmp_path: Path) -> None:
    """The harness itself: a case that fails, one that hangs and one that holds."""
    from tests.fuzz.__main__ import tried

    def wrong(seed: int, folder: Path) -> None:
        assert seed != 1, "one is wrong"
        while seed == 2:
            pass

    attack = Attack("wrong", wrong, 1)
    assert tried(attack, 0, tmp_path, seconds=1) is None
    assert re.match("AssertionError: one is wrong", tried(attack, 1, tmp_path, seconds=1) or "")
    assert tried(attack, 2, tmp_path, seconds=1) == "took more than 1 s"
