"""Chains from 10³ to 10⁶ gates: time per gate to build, differentiate and drop; and the compiler
on graphs of up to 10⁶ gates.

v ← v·x + x, over and over. A chain is the deepest graph there is for its size, and a recursive
walk would end after a thousand gates.

Python's cycle collector looks at every living object again each time their number has grown by a
quarter, which at 10⁶ objects takes longer than to make them; so the chain is timed with and
without it. It never finds anything: our graphs have no cycles, and go when the root is dropped.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time

import numpy as np

import autodiff
from autodiff import Value
from benchmarks.harness import markdown_table, seconds, write_table
from tests.autodiff.compiler.gpt import BLOCK, TOKENS, gpt, weights

SIZES = (10**3, 10**4, 10**5, 10**6)
GATES_PER_SAMPLE = 100_000  # short chains are built many times over
ROUNDS = 5
LAYERS = (1, 4, 19)  # of a GPT, gate by gate: 70,000 gates to a million
ROOM = 8 * 2**30  # bytes that a process may take


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


def compiled(layers: int) -> tuple[int, float, int]:
    """Gates of a GPT, seconds to compile it, from the trace to the checked program, and the bytes
    that this took; in a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    x, y = np.random.default_rng(0).integers(0, TOKENS, size=(2, 1, BLOCK)).astype(float)
    loss = gpt(weights(layers=layers), layers)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    program = autodiff.compile(loss, backend="numpy").prepare(x, y)
    taken = time.perf_counter() - start
    room = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return program.report().versions[0]["gates"], taken, 1024 * room


def compilations() -> str:
    """A table: the compiler on small and large graphs."""
    head = ["gates", "compiled in", "a gate", "memory", "a gate"]
    rows = []
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for layers in LAYERS:
            gates, taken, room = pool.apply(compiled, (layers,))
            each = [seconds(taken / gates), f"{room / 2**20:,.0f} MiB", f"{room / gates:,.0f} B"]
            rows.append([f"{gates:,}", seconds(taken), *each])
    return markdown_table(head, rows)


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
    chains = markdown_table(head, rows)
    text = f"{chains}\n\nA GPT of one layer and more, gate by gate, compiled:\n\n{compilations()}"
    write_table("million_gates", text, ["numpy"])


if __name__ == "__main__":
    main()
