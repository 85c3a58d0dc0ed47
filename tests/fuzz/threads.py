"""Eight threads at once, each with its own mixture of everything; the results are those of one."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import autodiff
import nn
from autodiff import Value, detect_anomaly, grad, hessian, parse
from tests.fuzz.shared import shared
from tests.random_graphs import random_recipe

__all__ = ["threads"]

THREADS = 8
X = np.linspace(-1.0, 1.0, 24).reshape(12, 2)
Y = (X[:, 0] > X[:, 1]).astype(float)


def graph(number: int) -> Any:
    recipe = random_recipe(number)
    root, leaves = recipe.build()
    root.backward()
    return root.data, [leaf.grad for leaf in leaves], grad(recipe.on_values)(*recipe.leaves)


def watch(number: int) -> Any:
    made: list[Value] = []
    with detect_anomaly(), autodiff.watching(made.append):
        x = Value(float(number), label="x")
        (x * x + 1.0).backward()
    with autodiff.no_grad():
        y = x * 3.0
    return len(made), x.grad, y.parents, hessian(lambda a, b: a * b**2)(2.0, float(number + 1))


def expression(number: int) -> Any:
    root = parse("q = x * y; σ(q) + max(x, y)", x=number, y=1.5)
    root.backward()
    return root.data


def program(number: int) -> Any:
    w = [Value(0.5), Value(0.1 * number)]
    compiled = autodiff.compile(lambda x: (x[0] * w[0] + x[1] * w[1]).tanh() ** 2, backend="numpy")
    return compiled(X), [p.grad for p in w]


def training(number: int) -> Any:
    model = nn.MLP(2, [3, 1], "tanh", rng=number)
    options: dict[str, Any] = {"epochs": 2, "batch_size": 5, "rng": 0, "progress": False}
    history = nn.fit(model, X, Y, "logistic", "adam", metrics=["f1"], **options)
    return history["loss"], history["f1"], [p.data for p in model.parameters()]


class Together:
    """One network and one program that all threads use, one file that all write."""

    def __init__(self, folder: Path) -> None:
        self.model = nn.MLP(2, [3, 1], "tanh", rng=0)
        self.parameters = self.model.parameters()
        self.program = autodiff.compile(lambda x: self.model(x) ** 2, backend="numpy")
        self.program.prepare(X)
        self.low = np.full(len(self.parameters), 0.25)
        self.path = folder / "shared.safetensors"

    def theta(self, number: int) -> Any:
        """`load` is whole, or not yet there: never half."""
        self.program.load(self.low * (1 + number % 2))
        return len(set(self.program.theta().tolist()))

    def predict(self, number: int) -> Any:
        theta = self.low * number
        return self.program.value_and_grad(theta, X)[0]

    def file(self, number: int) -> Any:
        model = nn.MLP(2, [3, 1], rng=1)
        nn.save(model, self.path)
        return [p.data for p in nn.load(self.path).parameters()]


def threads(seed: int, folder: Path) -> None:
    """Graphs, compilations, fits, files and watchers in eight threads at once give what one thread
    gives."""
    rng = random.Random(seed)
    common = Together(folder)
    works: list[Callable[[int], Any]] = [graph, watch, expression, program, training]
    works += [common.theta, common.predict]
    if sys.modules.get("safetensors"):
        works.append(common.file)
    plans = [[(rng.choice(works), rng.randint(0, 20)) for _ in range(12)] for _ in range(THREADS)]
    expected = [[work(number) for work, number in plan] for plan in plans]
    before = shared()
    found: list[Any] = [None] * THREADS
    start = threading.Barrier(THREADS)

    def run(k: int) -> None:
        try:
            start.wait()
            found[k] = [work(number) for work, number in plans[k]]
        except BaseException as error:
            found[k] = error

    interval = sys.getswitchinterval()
    sys.setswitchinterval(rng.choice([1e-6, 1e-4, interval]))
    try:
        running = [threading.Thread(target=run, args=(k,)) for k in range(THREADS)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    for plan, expect, got in zip(plans, expected, found, strict=True):
        if isinstance(got, BaseException):
            raise got
        for (work, number), e, g in zip(plan, expect, got, strict=True):
            assert e == g, (work.__name__, number, e, g)
    after = shared()
    assert {what: after[what] for what in before if after[what] != before[what]} == {}
