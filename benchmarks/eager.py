"""micrograd's moons demo, one step of full-batch training: micrograd 0.1.0 against glassgrad.

The job is micrograd's own (its demo notebook): 100 points of two moons, an MLP 2-16-16-1 with
ReLU, hinge loss and L2 penalty; a step builds the loss and computes all gradients.

same gates   micrograd's own neuron and loss code, run on our Values: one × and one + per weight
default MLP  `nn.MLP`: a neuron's weighted sum is one `affine` gate
gc.disable() the cycle collector switched off for the step; micrograd cannot do without it, since
             every node of its graphs is in a reference cycle
"""

from __future__ import annotations

import functools
import gc
import random
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import micrograd.engine  # type: ignore[import-untyped]
import micrograd.nn  # type: ignore[import-untyped]
import numpy as np
from sklearn.datasets import make_moons

from autodiff import Value, topological_order
from benchmarks.harness import markdown_table, seconds, take_turns, write_table
from nn import MLP, losses

ALPHA = 1e-4  # of the L2 penalty


def moons() -> tuple[list[list[float]], list[int]]:
    """The demo's data: NumPy's global generator seeded with 1337."""
    np.random.seed(1337)  # noqa: NPY002
    X, y = make_moons(n_samples=100, noise=0.1)
    return X.tolist(), [int(label) * 2 - 1 for label in y]


def micrograd_model() -> Any:
    """The demo's network: 337 parameters, drawn from Python's generator seeded with 1337."""
    random.seed(1337)
    return micrograd.nn.MLP(2, [16, 16, 1])


def on_our_engine(model: Any) -> Any:
    """micrograd's MLP with its parameters made of our Values: same code, other engine."""
    for layer in model.layers:
        for neuron in layer.neurons:
            neuron.w = [Value(w.data) for w in neuron.w]
            neuron.b = Value(neuron.b.data)
    return model


def demo_loss(value: Callable[[float], Any], model: Any, X: Any, y: Sequence[int]) -> Any:
    """The loss as the demo notebook writes it."""
    inputs = [[value(x) for x in row] for row in X]
    scores = [model(row) for row in inputs]
    terms = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
    data_loss = sum(terms) * (1.0 / len(terms))
    return data_loss + ALPHA * sum(p * p for p in model.parameters())


def our_loss(model: MLP, X: Any, y: Sequence[int]) -> Value:
    """The same loss as a user of `nn` writes it."""
    data_loss = losses.cost(model, X, y, losses.hinge)
    return data_loss + ALPHA * sum(p * p for p in model.parameters())


def step(model: Any, loss: Callable[[], Any]) -> float:
    """Loss and all gradients."""
    total = loss()
    model.zero_grad()
    total.backward()
    return float(total.data)


def without_collector(run: Callable[[], Any]) -> Any:
    """Run with Python's cycle collector switched off: our graphs have no cycles to collect."""
    gc.disable()
    try:
        return run()
    finally:
        gc.enable()


def contenders() -> dict[str, tuple[Any, Callable[[], Any]]]:
    """name -> (model, its loss), all with the same parameters."""
    X, y = moons()
    theirs, same = micrograd_model(), on_our_engine(micrograd_model())
    random.seed(1337)
    ours = MLP(2, [16, 16, 1], init="uniform", rng=random)
    return {
        "micrograd": (theirs, lambda: demo_loss(micrograd.engine.Value, theirs, X, y)),
        "glassgrad, same gates": (same, lambda: demo_loss(Value, same, X, y)),
        "glassgrad, default MLP": (ours, lambda: our_loss(ours, X, y)),
    }


def count(root: Any) -> int:
    """Nodes of the graph: leaves and gates."""
    if isinstance(root, Value):
        return len(topological_order(root))
    seen, stack = {root}, [root]
    while stack:
        new = stack.pop()._prev - seen
        seen |= new
        stack += new
    return len(seen)


def memory(loss: Callable[[], Any]) -> tuple[int, float]:
    """(nodes, bytes a node) of the graph that `loss` builds."""
    loss()
    gc.collect()
    tracemalloc.start()
    root = loss()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    nodes = count(root)
    return nodes, held / nodes


def main() -> None:
    """Measure and write the table."""
    all_of_them = contenders()
    first_losses = {name: step(model, loss) for name, (model, loss) in all_of_them.items()}
    reference = first_losses["micrograd"]
    for name, value in first_losses.items():
        if abs(value - reference) > 1e-12:
            raise AssertionError(f"{name} has another loss: {value!r}, not {reference!r}")
    runs: dict[str, Callable[[], Any]] = {
        name: functools.partial(step, model, loss) for name, (model, loss) in all_of_them.items()
    }
    for name, run in list(runs.items())[1:]:
        runs[f"{name}, `gc.disable()`"] = functools.partial(without_collector, run)
    # Steps in a row, as in training: the garbage of one is collected during the next.
    timings = take_turns(runs, rounds=5, at_least=6)
    sizes = {name: memory(loss) for name, (_, loss) in all_of_them.items()}
    base = timings["micrograd"].median
    rows = []
    for name, timing in timings.items():
        nodes, held = sizes[name.partition(", `gc")[0]]
        rows.append(
            [
                name,
                timing.text,
                f"{base / timing.median:.1f} ×",
                f"{nodes:,}",
                seconds(timing.median / nodes),
                f"{held:.0f} B ({held / sizes['micrograd'][1]:.2f} ×)",
            ]
        )
    head = ["program", "loss and gradient", "faster", "nodes", "time per node", "memory per node"]
    write_table("eager", markdown_table(head, rows), packages=["micrograd"])


if __name__ == "__main__":
    main()
