"""The page of the docs that counts what was tried, and the file of what was ever found."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.attacks import ATTACKS, Attack

KEPT = Path(__file__).with_name("kept.txt")
HEAD = """\
| attack | what must hold | cases | of | seconds | found | left |
|---|---|--:|--:|--:|--:|--:|
"""
_ROW = re.compile(r"\| ([^|]+) \| [^|]+ \| ([\d,]+) \| [\d,]+ \| ([\d,]+) \| \d+ \| \d+ \|\n")
_COUNTED = re.compile(rf"{re.escape(HEAD)}(?:\|.*\n)*\n(?:Counted .*\n)?")


class Tally(NamedTuple):
    """How many cases were tried, which are the seeds from 0 on, and how long that took."""

    cases: int
    seconds: float


class Table:
    """The table on a page; all around it is written by hand."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.text = page.read_text("utf-8")
        self.before = {
            name: Tally(int(cases.replace(",", "")), float(seconds.replace(",", "")))
            for name, cases, seconds in _ROW.findall(self.text)
        }

    def write(self, tallies: Mapping[str, Tally], folder: Path) -> None:
        """With the new counts; other attacks keep theirs."""
        tallies = self.before | dict(tallies)
        rows = [_row(attack, tallies[attack.name], folder) for attack in ATTACKS
                if attack.name in tallies]  # fmt: skip
        counted = f"{HEAD}{''.join(rows)}\nCounted {_circumstances()}.\n"
        self.text = _COUNTED.sub(lambda _: counted, self.text)
        self.page.write_text(self.text, "utf-8")


def _row(attack: Attack, tally: Tally, folder: Path) -> str:
    from tests.fuzz.__main__ import tried

    seeds = [seed for name, seed in kept() if name == attack.name]
    left = sum(tried(attack, seed, folder) is not None for seed in seeds)
    return (
        f"| {attack.name} | {attack.claim} | {tally.cases:,} | {attack.goal:,} "
        f"| {tally.seconds:,.0f} | {len(seeds)} | {left} |\n"
    )


def _circumstances() -> str:
    """When, on what machine, and with which versions."""
    packages = ["numpy", "llvmlite", "safetensors", "torch"]
    here = {d.name: d.version for d in importlib.metadata.distributions() if d.name in packages}
    versions = ", ".join(f"{name} {here[name]}" for name in packages if name in here)
    return (
        f"until {dt.date.today()} on {platform.system()} {platform.machine()} with "
        f"{os.cpu_count()} cores, {platform.python_implementation()} {platform.python_version()}, "
        f"{versions}"
    )


def kept() -> list[tuple[str, int]]:
    """Every case that ever found something, as attack and seed."""
    lines = [line.partition("#")[0].strip() for line in KEPT.read_text("utf-8").splitlines()]
    return [
        (name.strip(), int(seed)) for name, _, seed in (x.partition(":") for x in lines) if name
    ]


def keep(attack: Attack, seed: int, wrong: str) -> None:
    """Add a case to those that the tests try."""
    with KEPT.open("a", encoding="utf-8") as file:
        file.write(f"{attack.name}: {seed}  # {' '.join(wrong.split())[:80]}\n")
