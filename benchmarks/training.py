"""Whole training runs: `fit` against a PyTorch loop that makes the same updates.

Moons: 100 full-batch steps of SGD with micrograd's schedule and L2 penalty. Digits: Adam on
batches of 32, so many epochs that more than 97 % of 360 held-out digits are right. `fit` compiles
each time: at first with what an earlier process left on disk (what follows from the graph, its
texts, the machine code); again, with what was made for an equal network in this one. What that
takes is a run of one epoch, and is also given apart. Data and networks are made before, for all.
"""

from __future__ import annotations

import functools
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_moons

from autodiff.compiler.version import forget
from benchmarks.harness import Timing, markdown_table, seconds, take_turns, write_table
from nn import MLP, SGD, Adam, evaluate, fit, losses

EPOCHS = 25


def rate(step: int) -> float:
    """micrograd's schedule."""
    return 1.0 - 0.9 * step / 100


@functools.cache
def moons() -> tuple[Any, Any]:
    X, labels = make_moons(100, noise=0.1, random_state=1337)
    return X, 2.0 * labels - 1


@functools.cache
def digits() -> tuple[Any, Any, Any, Any]:
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y = X[order] / 16, y[order]
    return X[360:], y[360:], X[:360], y[:360]


@functools.cache
def network(nin: int, sizes: tuple[int, ...], rng: int) -> tuple[Any, Any]:
    """It, and its parameters at the start."""
    model = MLP(nin, list(sizes), rng=rng)
    return model, model.state_dict()


def at_its_start(nin: int, sizes: tuple[int, ...], rng: int) -> Any:
    model, start = network(nin, sizes, rng)
    model.load_state_dict(start)
    return model


def fit_moons(engine: str, epochs: int = 100) -> Any:
    model = at_its_start(2, (16, 16, 1), 1337)
    X, Y = moons()
    optimiser = SGD(model.parameters(), lr=rate)
    fit(
        model,
        X,
        Y,
        losses.hinge,
        optimiser,
        epochs=epochs,
        l2=1e-4,
        engine=engine,
        progress=False,
        metrics=[],
    )
    return model


def fit_digits(engine: str, epochs: int = EPOCHS) -> Any:
    model = at_its_start(64, (32, 10), 0)
    X, y, _, _ = digits()
    optimiser = Adam(model.parameters(), lr=0.005)
    fit(
        model,
        X,
        y,
        losses.softmax_cross_entropy,
        optimiser,
        epochs=epochs,
        batch_size=32,
        engine=engine,
        rng=0,
        progress=False,
        metrics=[],
    )
    return model


def torch_layers(model: Any) -> Any:
    import torch

    arrays = [torch.tensor(np.array(a), requires_grad=True) for a in model.state_dict().values()]
    return list(zip(arrays[::2], arrays[1::2], strict=True)), arrays


def torch_run(model: Any, X: Any, Y: Any, hinge: bool, epochs: int) -> None:
    """The same batches' sizes, the same updates."""
    import torch

    torch.set_num_threads(1)  # its best here: two threads wait for each other
    layers, parameters = torch_layers(model)
    optimiser = (
        torch.optim.SGD(parameters, lr=1.0) if hinge else torch.optim.Adam(parameters, lr=0.005)
    )
    x, y, size = torch.tensor(X), torch.tensor(Y), len(X) if hinge else 32
    for epoch in range(epochs):
        order = torch.arange(len(x)) if hinge else torch.randperm(len(x))
        for start in range(0, len(x), size):
            rows = order[start : start + size]
            A, target = (x, y) if hinge else (x[rows], y[rows])
            for W, b in layers[:-1]:
                A = torch.relu(torch.nn.functional.linear(A, W, b))
            Z = torch.nn.functional.linear(A, *layers[-1])
            if hinge:
                optimiser.param_groups[0]["lr"] = rate(epoch)
                penalty = sum((p * p).sum() for p in parameters)
                J = torch.relu(1 - target * Z[:, 0]).mean() + 1e-4 * penalty
            else:
                J = torch.nn.functional.cross_entropy(Z, target)
            optimiser.zero_grad()
            J.backward()
            optimiser.step()


def rows(title: str, run: Callable[..., Any], torch: Callable[[], Any]) -> list[list[str]]:
    contenders: dict[str, Callable[[], Any]] = {"PyTorch": torch}

    def first(*call: Any) -> None:
        forget()
        run(*call)

    kinds = {"first": first, "again": run}
    for engine, (kind, way) in itertools.product(("compiled", "native"), kinds.items()):
        contenders[f"fit, {engine}, {kind}"] = functools.partial(way, engine)
        contenders[f"fit, {engine}, {kind}, one epoch"] = functools.partial(way, engine, 1)
    timings = take_turns(contenders, rounds=5, sample=0.05)
    peer = timings["PyTorch"].median
    found = [[title, "PyTorch", seconds(peer), "", "1.0 ×", ""]]
    for engine, kind in itertools.product(("compiled", "native"), kinds):
        name = f"fit, {engine}, {kind}"
        total, once = (timings[f"{name}{e}"].median for e in ("", ", one epoch"))
        steps = max(total - once, 1e-9)
        found.append(
            [
                title,
                f"`fit`, {engine}, {kind}",
                seconds(total),
                seconds(once),
                f"{peer / total:.1f} ×",
                f"{peer / steps:.1f} ×",
            ]
        )
    return found


def fit_classifier(engine: str = "auto") -> None:
    """Digits 64-64-10, Adam, batches of 32, 30 epochs: `fit` as called by default."""
    X, y, _, _ = digits()
    model = MLP(64, [64, 10], rng=0)
    optimiser, loss = Adam(model.parameters(), lr=0.001), losses.softmax_cross_entropy
    fit(model, X, y, loss, optimiser, epochs=30, batch_size=32, engine=engine, progress=False)


def sklearn_fit() -> None:
    """The same work for scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    X, y, _, _ = digits()
    network = MLPClassifier(64, batch_size=32, max_iter=30, alpha=0.0, n_iter_no_change=30)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that 30 epochs are few
        network.fit(X, y)


def in_a_new_process(call: str, cache: str) -> float:
    """Seconds of the first such call. What it imports is imported before, and not visited by the
    cycle collector, as in `take_turns`."""
    text = f"""import gc, time, nn.training.loop, autodiff.compiler.llvm.native, llvmlite.binding
import sklearn.neural_network, tqdm.auto
from benchmarks import training
training.digits()
gc.collect()
gc.freeze()
begin = time.perf_counter()
training.{call}
print(time.perf_counter() - begin)"""
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True,
        env={**os.environ, "GLASSGRAD_CACHE": cache},
    )  # fmt: skip
    return float(done.stdout)


def sklearn_table() -> str:
    """First calls, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = (f"{folder}/{number}" for number in itertools.count())
        runs: dict[str, Callable[[], float]] = {
            "scikit-learn, MLPClassifier": lambda: in_a_new_process("sklearn_fit()", folder),
            "`fit`, nothing cached": lambda: in_a_new_process("fit_classifier()", next(fresh)),
            "`fit`, machine code cached": lambda: in_a_new_process("fit_classifier()", folder),
            '`fit`, engine="compiled"': lambda: in_a_new_process(
                'fit_classifier("compiled")', folder
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(8):
            for name, run in runs.items():
                if turn:  # the first fills the cache
                    times[name].append(run())
                else:
                    run()
    quartiles = {name: statistics.quantiles(each, n=4) for name, each in times.items()}
    first = quartiles["scikit-learn, MLPClassifier"][1]
    lines = [
        [name, Timing(middle, low, high).text, f"{first / middle:.1f} ×"]
        for name, (low, middle, high) in quartiles.items()
    ]
    head = ["digits 64-64-10, 30 epochs, first call of a process", "whole run", "faster"]
    return markdown_table(head, lines)


def main() -> None:
    """Measure and write the table."""
    X, Y = moons()
    x, y, held_x, held_y = digits()
    one, other = MLP(2, [16, 16, 1], rng=1337), MLP(64, [32, 10], rng=0)
    found = rows("moons, 100 steps", fit_moons, lambda: torch_run(one, X, Y, True, 100))
    found += rows(
        f"digits, {EPOCHS} epochs",
        fit_digits,
        lambda: torch_run(other, x, y, False, EPOCHS),
    )
    head = ["run", "program", "whole run", "of it compiling", "faster", "faster without compiling"]
    trained = fit_digits("compiled")
    scores = evaluate(trained, held_x, held_y, losses.softmax_cross_entropy)
    note = f"Held-out digits after training: {scores}."
    text = f"{markdown_table(head, found)}\n\n{note}\n\n{sklearn_table()}"
    write_table("training", text, ["numpy", "llvmlite", "torch", "scikit-learn"])


if __name__ == "__main__":
    main()
