"""Chains from 10³ to 10⁶ gates: time per gate to build, differentiate and drop.

v ← v·x + x, over and over. A chain is the deepest graph there is for its size, and a recursive
walk would end after a thousand gates.

Python's cycle collector looks at every living object again each time their number has grown by a
quarter, which at 10⁶ objects takes longer than to make them; so the chain is timed with and
without it. It never finds anything: our graphs have no cycles, and go when the root is dropped.
"""

from __future__ import annotations

import gc
import time

from autodiff import Value
from benchmarks.harness import markdown_table, seconds, write_table

SIZES = (10**3, 10**4, 10**5, 10**6)
GATES_PER_SAMPLE = 100_000  # short chains are built many times over
ROUNDS = 5


def chain(gates: int) -> Value:
    """The root of a chain."""
    x = Value(0.5)
    v = x
    for _ in range(gates // 2):
        v = v * x + x
    return v


def lap(gates: int) -> tuple[float, float, float]:
    """Seconds per gate to build, differentiate and drop one chain after another."""
    times = [0.0, 0.0, 0.0]
    repetitions = max(1, GATES_PER_SAMPLE // gates)
    for _ in range(repetitions):
        start = time.perf_counter()
        root = chain(gates)
        built = time.perf_counter()
        root.backward()
        differentiated = time.perf_counter()
        del root
        dropped = time.perf_counter()
        times[0] += built - start
        times[1] += differentiated - built
        times[2] += dropped - differentiated
    build, backward, drop = (t / repetitions / gates for t in times)
    return build, backward, drop


def medians(collector: bool) -> dict[int, tuple[float, float, float]]:
    """For each size the lap whose total is the median of the rounds; the sizes take turns."""
    laps: dict[int, list[tuple[float, float, float]]] = {gates: [] for gates in SIZES}
    gc.collect()
    gc.freeze()
    if not collector:
        gc.disable()
    for _ in range(ROUNDS):
        for gates in SIZES:
            gc.collect()
            laps[gates].append(lap(gates))
    gc.enable()
    gc.unfreeze()
    return {gates: sorted(found, key=sum)[ROUNDS // 2] for gates, found in laps.items()}


def main() -> None:
    """Measure and write the table."""
    head = ["gates", "build", "backward", "drop", "sum", "against 10³"]
    rows = []
    for collector in (False, True):
        found = medians(collector)
        for gates, times in found.items():
            name = f"{gates:,}" + (", collector on" if collector else "")
            ratio = sum(times) / sum(found[SIZES[0]])
            rows.append([name, *map(seconds, times), seconds(sum(times)), f"{ratio:.2f} ×"])
    write_table("million_gates", markdown_table(head, rows))


if __name__ == "__main__":
    main()
