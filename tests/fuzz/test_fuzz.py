"""A little of every attack, and every case that ever found something."""

import re
from pathlib import Path

import pytest

from tests.fuzz.attacks import ATTACKS, Attack
from tests.fuzz.faults import expected, struck
from tests.fuzz.table import HEAD, Table, Tally, kept
from tests.oracles import oracle

NAMED = {attack.name: attack for attack in ATTACKS}


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

    attack = Attack("wrong", wrong, 1, 1)
    assert tried(attack, 0, tmp_path, seconds=1) is None
    assert re.match("AssertionError: one is wrong", tried(attack, 1, tmp_path, seconds=1) or "")
    assert tried(attack, 2, tmp_path, seconds=1) == "took more than 1 s"


def test_the_page_counts_on_from_run_to_run(tmp_path: Path) -> None:
    """The table alone is written; rows of attacks that were not tried stay."""
    page = tmp_path / "attacks.md"
    page.write_text(f"# Attacks\n\n{HEAD}\nBy hand.\n", "utf-8")
    Table(page).write({"tables": Tally(7, 1.0), "labels": Tally(1234, 5.2)}, tmp_path)
    again = Table(page)
    assert again.before == {"tables": (7, 1.0), "labels": (1234, 5.0)}
    again.write({"tables": Tally(9, 2.0)}, tmp_path)
    text = page.read_text("utf-8")
    assert Table(page).before == {"tables": (9, 2.0), "labels": (1234, 5.0)}
    assert text.count("Counted until") == 1
    assert text.startswith("# Attacks\n")
    assert text.endswith("\nBy hand.\n")


@pytest.mark.parametrize("fault", [KeyboardInterrupt, MemoryError])
def test_no_place_of_a_watched_block_leaves_anything(
    fault: type[BaseException], tmp_path: Path
) -> None:
    """All of them, as there are few: detect_anomaly, watching, no_grad, enable_grad."""
    _, places = expected("watch", tmp_path)
    for place in places:
        struck("watch", place, fault, tmp_path)
