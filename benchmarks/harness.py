"""What all benchmarks share: describe the machine, run contenders in turns, write the table.

Times on a shared machine drift by a factor of two within minutes. So no number is compared with
one from another run: the contenders take turns, round after round, and what a table compares are
medians over the rounds of one run.

A benchmark is a module with a `main()` that measures and calls `write_table`:

    timings = take_turns({"micrograd": step_of_micrograd, "glassgrad": step_of_ours})
    table = markdown_table(
        ["program", "per step", "times faster"],
        [[name, t.text, f"{timings['micrograd'].median / t.median:.0f}"] for name, t in ...],
    )
    write_table("eager", table, packages=["micrograd"])

`python -m benchmarks.eager` runs one, `python -m benchmarks` all of them.
"""

from __future__ import annotations

import datetime as dt
import gc
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Timing", "machine", "markdown_table", "seconds", "take_turns", "write_table"]

README = Path(__file__).with_name("README.md")


class Timing(NamedTuple):
    """Seconds per call: the median over the rounds, and the middle half of them."""

    median: float
    lower: float
    upper: float

    @property
    def text(self) -> str:
        """`12.3 ms (11.9-12.8)`: the median and the quartiles."""
        scale, unit = _unit(self.median)
        low, high = (f"{t * scale:.3g}" for t in (self.lower, self.upper))
        return f"{self.median * scale:.3g} {unit} ({low}–{high})"


def _unit(t: float) -> tuple[float, str]:
    for scale, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "µs")):
        if t * scale >= 1:
            return scale, unit
    return 1e9, "ns"


def seconds(t: float) -> str:
    """A time in a unit that fits.

    >>> seconds(0.01234), seconds(3.2e-7)
    ('12.3 ms', '320 ns')
    """
    scale, unit = _unit(t)
    return f"{t * scale:.3g} {unit}"


def take_turns(
    contenders: Mapping[str, Callable[[], Any]],
    rounds: int = 7,
    sample: float = 0.05,
    at_least: int = 1,
) -> dict[str, Timing]:
    """Time every contender once a round, for `rounds` rounds, each time in another order.

    A sample is as many calls in a row as last about `sample` seconds, `at_least` so many. A first
    call of each, not counted, warms caches up and lets compilers compile. Garbage is collected
    before each sample, so that nobody pays for a predecessor's cycles. During it the collector
    runs as it would for a user, except that it does not visit what was there beforehand (imported
    modules, data), or each import would make whoever makes much garbage slower.
    """
    calls = {}
    for name, run in contenders.items():
        run()
        gc.collect()
        calls[name] = max(at_least, round(sample / max(_time(run, 1), 1e-9)))
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    gc.collect()
    gc.freeze()
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            gc.collect()
            samples[name].append(_time(contenders[name], calls[name]))
    gc.unfreeze()
    return {name: _summary(times) for name, times in samples.items()}


def _time(run: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        run()
    return (time.perf_counter() - start) / calls


def _summary(times: Sequence[float]) -> Timing:
    if len(times) == 1:
        return Timing(times[0], times[0], times[0])
    lower, _, upper = statistics.quantiles(times, n=4, method="inclusive")
    return Timing(statistics.median(times), lower, upper)


def machine(packages: Sequence[str] = ()) -> str:
    """One line: processor, cores, load, system, Python, and versions of `packages`."""
    versions = [f"{name} {metadata.version(name)}" for name in packages]
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    system = f"{platform.system()} {platform.machine()}"
    cores = f"{os.cpu_count()} cores{load}"
    return ", ".join([f"{_processor()}, {cores}", system, python, *versions])


def _processor() -> str:
    """The processor's name; `platform.processor` is empty on Linux."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, flags=re.MULTILINE)
    return found.group(1) if found else platform.machine()


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """
    >>> print(markdown_table(["program", "per step"], [["micrograd", "1.3 s"]]))
    | program | per step |
    |---|---|
    | micrograd | 1.3 s |
    """
    lines = [head, ["---"] * len(head), *rows]
    text = ["| " + " | ".join(line) + " |" for line in lines]
    text[1] = "|" + "---|" * len(head)
    return "\n".join(text)


def write_table(name: str, text: str, packages: Sequence[str] = (), readme: Path = README) -> None:
    """Print `text` and put it into the README between the markers of benchmark `name`.

    The machine and the day are added below it. Raises LookupError if the README lacks the lines
    ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->``.
    """
    today = dt.datetime.now(dt.UTC).date()
    block = f"{text}\n\n*{today}, {machine(packages)}.*"
    print(f"\n{block}")
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    page = readme.read_text(encoding="utf-8")
    before, found, rest = page.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise LookupError(f"{readme} has no markers {begin} ... {end} to put the table between")
    readme.write_text(f"{before}{begin}\n{block}\n{end}{after}", encoding="utf-8")
