"""Attacks on what the library does rather than on what it is given: Ctrl-C, no memory, kills and a
full disk, at places drawn at random.

Each lets one of a few tasks run, with a fault in its way. What the process shares with everybody
(hooks, gates, NumPy's and Python's settings) and files that were there must then be as they were,
and the same task, done again, gives what it always gives.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

import autodiff
import nn
import viz
from autodiff import Value, detect_anomaly, hessian, parse
from autodiff.compiler.kept.cache import kept
from autodiff.watch.caller import is_ours
from tests.fuzz.shared import shared

__all__ = ["expected", "full_disk", "interrupts", "kills", "struck"]

X = np.linspace(-1.0, 1.0, 24).reshape(12, 2)
Y = np.where(X[:, 0] * X[:, 1] > 0, 1, 0)


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
    program = autodiff.compile(
        lambda x: (x[0] * w[0] + x[1] * w[1] + w[2]).tanh() ** 2, backend=backend
    )
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
    """Notes the places where Python looks for Ctrl-C, which are where a function is entered, and
    where one of C comes back, in functions of ours and in what they call. At one of them `fault`
    is raised."""

    def __init__(self, struck: int = 0, fault: type[BaseException] = KeyboardInterrupt) -> None:
        self.seen, self.struck, self.fault = 0, struck, fault
        self.lines: dict[Any, list[int]] = {}  # the first and the last time at each line

    def __call__(self, frame: Any, event: str, _argument: Any) -> None:
        if event not in ("call", "c_return"):
            return
        caller = frame.f_back if event == "call" else frame
        if caller is not None and is_ours(caller.f_code.co_filename):
            self.seen += 1
            if self.seen == self.struck:
                raise self.fault
            if not self.struck:
                line = frame.f_code, event, caller.f_code, caller.f_lineno
                self.lines[line] = [*self.lines.get(line, [])[:1], self.seen]

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        sys.setprofile(self)
        try:
            yield
        finally:
            sys.setprofile(None)


@functools.cache
def expected(name: str, folder: Path) -> tuple[Any, list[int]]:
    """What the task gives, and its places: those of the second time, when all is imported."""
    TASKS[name](folder)
    places = _Places()
    with places.watched():
        result = TASKS[name](folder)
    return result, sorted({place for line in places.lines.values() for place in line})


def struck(name: str, place: int, fault: type[BaseException], folder: Path) -> None:
    """The task meets the fault at this place; what it leaves must be what was there."""
    before = shared()
    with contextlib.suppress(fault), mock.patch.object(sys, "unraisablehook"):
        with _Places(place, fault).watched():
            TASKS[name](folder)
        if shared() != before:
            gc.collect()  # of what the interrupted had open
    after = shared()
    for what, was in before.items():
        assert after[what] == was, f"{name}: {what}"
    assert TASKS[name](folder) == expected(name, folder)[0], name


def interrupts(seed: int, folder: Path) -> None:
    """Ctrl-C, or no memory, at any place of fit, compile, draw, save and the like leaves nothing
    behind: hooks and settings are as they were, and what is done next gives what it always gives.
    """
    rng = random.Random(seed)
    name = rng.choice(list(TASKS))
    place = rng.choice(expected(name, folder)[1])
    struck(name, place, KeyboardInterrupt if seed % 2 else MemoryError, folder)


# ── files: a kill, and a full disk ───────────────────────────────────────────────────────────


def _write(folder: Path) -> None:
    """A checkpoint after each epoch, and what programs keep in the cache."""
    model, path = _network(), folder / "network.safetensors"
    with mock.patch.dict(os.environ, {"GLASSGRAD_CACHE": str(folder / "cache")}):
        for key in "abc":
            content = key.encode() * 5_000
            assert kept([key], functools.partial(bytes, content)) == content

    def checkpoint(history: nn.History) -> None:
        nn.save(model, path, history.optimiser)

    _fit(model, engine="compiled", schedule=None, validation=None, callbacks=checkpoint)


def _whole(folder: Path) -> None:
    """The files are those of one moment, and the next run can use them."""
    model = nn.load(folder / "network.safetensors")
    optimiser = nn.load_optimiser(folder / "network.safetensors", model)
    assert optimiser.steps % 3 == 0, optimiser.steps  # an epoch has three
    _write(folder)
    debris = [path.name for path in folder.iterdir()
              if path.name not in ("network.safetensors", "cache")]  # fmt: skip
    assert len(debris) <= 1, debris


def _touches_files(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    return getattr(function, "__module__", "") in ("posix", "nt", "io", "_io") or isinstance(
        owner, io.IOBase | os.DirEntry
    )


def kills(seed: int, folder: Path) -> None:
    """A process that is killed while it writes checkpoints or to the cache leaves whole files, and
    the next one can use them."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        place = Path(inside)
        _write(place)
        if rng.random() < 0.5:
            shutil.rmtree(place / "cache")
        left = rng.randint(1, 300)

        def watch(_frame: Any, event: str, function: Any) -> None:
            nonlocal left
            if event in ("c_call", "c_return") and _touches_files(function):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of other threads, which are idle
            child = os.fork()
        if not child:
            with contextlib.suppress(BaseException):
                threading.setprofile(watch)
                sys.setprofile(watch)
                _write(place)
            os._exit(0)
        os.waitpid(child, 0)
        _whole(place)


def full_disk(seed: int, folder: Path) -> None:
    """Where files can only grow so far, `save` raises OSError and leaves the old file, training
    goes on without its cache, and nothing is left lying about."""
    import resource

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        place = Path(inside)
        _write(place)
        before = (place / "network.safetensors").read_bytes()
        shutil.rmtree(place / "cache")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        room = rng.choice([0, rng.randint(1, len(before)), rng.randint(1, 20_000)])
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
        try:
            with contextlib.suppress(OSError):
                _write(place)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert not [path for path in place.iterdir() if path.name.startswith(".")]
        if room < len(before):
            assert (place / "network.safetensors").read_bytes() == before
        _whole(place)
