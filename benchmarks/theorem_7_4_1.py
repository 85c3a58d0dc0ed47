"""CS229's Theorem 7.4.1, measured: the gradient of a circuit of N gates takes O(N) time.

Random circuits of 10³ to 10⁶ gates with one and two inputs, every gate upstream of the root, with
forks at random distances. Forward is building the graph (values and local gradients), backward is
`root.backward()` (topological order and accumulation). If the theorem holds for the engine as it
is built, time per gate stays flat over three orders of magnitude, and so does the ratio.
"""

from __future__ import annotations

import gc
import itertools
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from autodiff import GATES, Value, topological_order

from .harness import markdown_table, seconds, write_table

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PICTURE = Path(__file__).with_suffix(".png")

Fire = Callable[..., Value]
Plan = list[tuple[Fire, int, int]]


class Row(NamedTuple):
    """What one size costs: seconds per gate and bytes per gate."""

    gates: int
    forward: float
    backward: float
    memory: float


def plan(n: int, seed: int = 0) -> Plan:
    """n gates: each takes the node before it, so that all are upstream of the last one; every
    other one has a second input somewhere among the 1,000 nodes before."""
    rng = random.Random(seed)
    unary = [GATES[name].fire for name in ("tanh", "sin")]
    binary = [GATES[name].fire for name in ("add", "sub", "mul", "max")]
    gates: Plan = []
    for k in range(1, n + 1):  # node 0 is the leaf
        if k % 2:
            gates.append((rng.choice(binary), k - 1, rng.randrange(max(0, k - 1000), k)))
        else:  # keeps numbers between -1 and 1
            gates.append((rng.choice(unary), k - 1, -1))
    return gates


def build(gates: Plan) -> Value:
    """Forward pass: fire them all, return the last node."""
    nodes = [Value(0.5)]
    make = nodes.append
    for fire, a, b in gates:
        make(fire(nodes[a]) if b < 0 else fire(nodes[a], nodes[b]))
    return nodes[-1]


def bytes_per_gate(gates: Plan) -> float:
    """Memory of the graph alone, after the backward pass."""
    gc.collect()
    tracemalloc.start()
    root = build(gates)
    root.backward()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(topological_order(root)) == len(gates) + 1
    return held / len(gates)


def sample(gates: Plan, calls: int) -> tuple[float, float]:
    """Seconds per gate, forward and backward; taking the graph down is in neither."""
    forward = backward = 0.0
    for _ in range(calls):
        gc.collect()
        start = time.perf_counter()
        root = build(gates)
        middle = time.perf_counter()
        root.backward()
        forward += middle - start
        backward += time.perf_counter() - middle
        del root
    return forward / calls / len(gates), backward / calls / len(gates)


def measure(rounds: int = 5) -> list[Row]:
    """All sizes in turns, round after round; medians."""
    plans = {n: plan(n) for n in SIZES}
    samples: dict[int, list[tuple[float, float]]] = {n: [] for n in SIZES}
    for _ in range(rounds):
        for n, gates in plans.items():
            samples[n].append(sample(gates, calls=max(1, 100_000 // n)))
    return [
        Row(
            n,
            statistics.median(forward for forward, _ in samples[n]),
            statistics.median(backward for _, backward in samples[n]),
            bytes_per_gate(plans[n]),
        )
        for n in SIZES
    ]


def draw(rows: list[Row]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    sizes = [row.gates for row in rows]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for name, color, times in (
        ("forward", "#2c7a51", [row.forward for row in rows]),
        ("backward", "#c0392b", [row.backward for row in rows]),
    ):
        total = [t * n for t, n in zip(times, sizes, strict=True)]
        left.loglog(sizes, total, "o-", color=color, label=name)
        right.semilogx(sizes, [t * 1e9 for t in times], "o-", color=color, label=name)
    first, last = rows[0], rows[-1]
    guide = [first.backward * first.gates * 0.4, first.backward * last.gates * 0.4]
    left.loglog([first.gates, last.gates], guide, ":", color="#888888", label="slope 1: O(N)")
    left.set(xlabel="gates N", ylabel="seconds", title="time for the circuit")
    right.set(xlabel="gates N", ylabel="nanoseconds", title="time per gate")
    highest = max(itertools.chain.from_iterable((r.forward, r.backward) for r in rows))
    right.set_ylim(0, highest * 1.25e9)
    for axes in (left, right):
        axes.legend(frameon=False)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PICTURE, dpi=110)
    plt.close(figure)


def main() -> None:
    rows = measure()
    table = markdown_table(
        ["gates", "forward per gate", "backward per gate", "backward / forward", "bytes per gate"],
        [
            [
                f"{row.gates:,}",
                seconds(row.forward),
                seconds(row.backward),
                f"{row.backward / row.forward:.2f}",
                f"{row.memory:.0f}",
            ]
            for row in rows
        ],
    )
    growth = (rows[-1].forward + rows[-1].backward) / (rows[0].forward + rows[0].backward)
    text = f"{table}\n\nTime per gate at 10⁶ gates: {growth:.2f} × that at 10³."
    draw(rows)
    write_table("theorem_7_4_1", text)


if __name__ == "__main__":
    main()
