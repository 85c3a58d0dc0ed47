"""Attacks on what the library does rather than on what it is given: Ctrl-C, no memory, a full disk
and kills, at places drawn at random.

Each lets one of a few tasks run, with a fault in its way. What the process shares with everybody
(hooks, gates, NumPy's and Python's settings) and files that were there must then be as they were,
and the same task, done again, gives what it always gives.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import linecache
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import autodiff
import nn
import viz
from autodiff import GATES, Value, compile, detect_anomaly, hessian, parse
from autodiff.watch import anomaly, hooks

__all__ = ["disk_full", "interrupts", "kills", "no_memory", "shared"]

X = np.linspace(-1.0, 1.0, 24).reshape(12, 2)
Y = np.where(X[:, 0] * X[:, 1] > 0, 1, 0)


def shared() -> dict[str, Any]:
    """What belongs to the whole process, and every user of it."""
    return {
        "watchers": list(hooks.WATCHERS),
        "branchers": list(hooks.BRANCHERS),
        "anomalies": list(anomaly._WATCHES),
        "methods": (Value.backward, Value.__dict__["grad"], nn.Module.__call__),
        "gates": dict(GATES),
        "NumPy's errors": np.geterr(),
        "filters": list(warnings.filters),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
        "hooks of the interpreter": (sys.excepthook, sys.displayhook, sys.gettrace()),
        "depth": sys.getrecursionlimit(),
        "random": random.getstate(),
    }


# ── tasks: each gives numbers or text that are always the same ───────────────────────────────


def _network(*between: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Layer(2, 3, "tanh", rng=0), *between, nn.Layer(3, 1, rng=1))


def _fit(model: nn.Module, **options: Any) -> Any:
    chosen: dict[str, Any] = {"epochs": 3, "batch_size": 5, "validation": 0.25, "patience": 2}
    chosen |= {"metrics": ["accuracy", "f1"], "schedule": "cosine", "rng": 0, "progress": False}
    return nn.fit(model, X, Y, "logistic", "adam", **chosen | options)


def fitting(folder: Path, engine: str) -> Any:
    model = _network(*[nn.Dropout(0.2, rng=0)] * (engine == "eager"))
    history = _fit(model, engine=engine)
    if history.stopped.startswith("interrupted"):
        raise KeyboardInterrupt
    return history["loss"], [p.data for p in model.parameters()]


def compiling(folder: Path, backend: str) -> Any:
    w = [Value(0.5), Value(-1.0), Value(2.0)]
    program = compile(lambda x: (x[0] * w[0] + x[1] * w[1] + w[2]).tanh() ** 2, backend=backend)
    J = program(X)
    return J, [p.grad for p in w], [p.data for p in w]


def drawing(folder: Path) -> Any:
    root = parse("z = x * y; σ(z) + max(x, y)", x=2, y=-3)
    root.backward()
    return viz.draw(root, "circuit").source, viz.draw(root, "record").source


def showing(folder: Path) -> Any:
    root = parse("z = x * y; σ(z) + z", x=2, y=-3)
    return viz.explore(root).html, viz.explain(root.parents[0], root)


def watching(folder: Path) -> Any:
    with detect_anomaly(), autodiff.no_grad():
        made: list[Value] = []
        with autodiff.watching(made.append), autodiff.enable_grad():
            x = Value(2.0)
            (x * x).backward()
    return x.grad, len(made), hessian(lambda a, b: a * b * b)(2.0, 3.0)


def telling(folder: Path) -> Any:
    model = nn.MLP(2, [3, 1], rng=0)
    return str(model.summary()), nn.predict(model, X).tolist()


def saving(folder: Path) -> Any:
    path = folder / "network.safetensors"
    model = _network()
    nn.save(model, path)
    return [p.data for p in nn.load(path).parameters()]


def commanding(folder: Path) -> Any:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = viz.command.cli.main(["x*y + 2", "x=1", "y=2", "--steps", "-o", os.devnull])
    return status, said.getvalue()


TASKS: dict[str, Callable[[Path], Any]] = {
    "fit, eager": functools.partial(fitting, engine="eager"),
    "fit, compiled": functools.partial(fitting, engine="compiled"),
    "fit, native": functools.partial(fitting, engine="native"),
    "compile, numpy": functools.partial(compiling, backend="numpy"),
    "compile, native": functools.partial(compiling, backend="native"),
    "draw": drawing,
    "explore": showing,
    "watch": watching,
    "summary": telling,
    "save": saving,
}


# ── Ctrl-C and no memory ─────────────────────────────────────────────────────────────────────


class _Places:
    """Notes the places where Python looks for Ctrl-C: where a function is entered, and where one
    of C comes back. At one of them `fault` is raised."""

    def __init__(self, struck: int = 0, fault: type[BaseException] = KeyboardInterrupt) -> None:
        self.seen, self.struck, self.fault = 0, struck, fault
        self.lines: dict[Any, list[int]] = {}  # the first and the last time at each line

    def __call__(self, frame: Any, event: str, _argument: Any) -> None:
        if event in ("call", "c_return"):
            self.seen += 1
            if self.seen == self.struck:
                raise self.fault
            if not self.struck:
                caller = frame.f_back if event == "call" else frame
                line = frame.f_code, event, caller and (caller.f_code, caller.f_lineno)
                self.lines[line] = [*self.lines.get(line, [])[:1], self.seen]

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)


@functools.cache
def _expected(name: str, folder: Path) -> tuple[Any, list[int]]:
    """What the task gives, and its places: those of the second time, when all is imported."""
    TASKS[name](folder)
    places = _Places()
    with places.watched():
        result = TASKS[name](folder)
    return result, sorted({place for line in places.lines.values() for place in line})


def _struck(seed: int, folder: Path, fault: type[BaseException]) -> None:
    rng = random.Random(seed)
    name = rng.choice(list(TASKS))
    expected, places = _expected(name, folder)
    before = shared()
    with contextlib.suppress(fault), _Places(rng.choice(places), fault).watched():
        TASKS[name](folder)
    gc.collect()  # of what the interrupted had open
    after = shared()
    for what, was in before.items():
        assert after[what] == was, f"{name}: {what}"
    assert TASKS[name](folder) == expected, name


def interrupts(seed: int, folder: Path) -> None:
    """Ctrl-C at any place of fit, compile, draw, save and the like leaves nothing behind."""
    _struck(seed, folder, KeyboardInterrupt)


def no_memory(seed: int, folder: Path) -> None:
    """So does a MemoryError."""
    _struck(seed, folder, MemoryError)
