"""The first call in a fresh process: imports, compilation, loss and gradient of a small network.

python -m benchmarks.first_call
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from benchmarks.harness import markdown_table, seconds, write_table

ROUNDS = 5
NUMPY = (
    "import numpy as np; X = np.random.default_rng(0).normal(size=(100, 2)); y = np.sign(X[:, 0])"
)
OURS = """
from autodiff import compile
from nn import MLP, losses
net = MLP(2, [16, 16, 1], rng=0)
begin = time.process_time()
step = compile(lambda x, y: losses.hinge(net(x), y), backend={backend!r})
step(X, y)
"""
TORCH = """
import torch
X, y = torch.tensor(X), torch.tensor(y)
net = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 16),
                          torch.nn.ReLU(), torch.nn.Linear(16, 1)).double()
begin = time.process_time()
torch.relu(1 - y * net(X)[:, 0]).mean().backward()
"""
JAX = """
import jax, jax.numpy as jnp
rng = np.random.default_rng(0)
layers = [(rng.normal(size=s), np.zeros(s[1])) for s in ((2, 16), (16, 16), (16, 1))]
def cost(layers, X, y):
    for W, b in layers[:-1]:
        X = jax.nn.relu(X @ W + b)
    W, b = layers[-1]
    return jax.nn.relu(1 - y * (X @ W + b)[:, 0]).mean()
begin = time.process_time()
jax.block_until_ready(jax.jit(jax.value_and_grad(cost))(layers, X, y))
"""
END = "\nprint(time.process_time() - begin)"


def run(code: str, cache: Path) -> tuple[float, float]:
    """Seconds of processor time: of the whole process, and of what it timed itself.

    Other processes hardly change them; where nothing else runs they are the time that passes.
    Bytecode of the modules is kept beside `cache`, also where the environment forbids it.
    """
    text = f"import time; begin = time.process_time(); {NUMPY}\n{code}{END}"
    places = {"GLASSGRAD_CACHE": str(cache), "PYTHONPYCACHEPREFIX": str(cache.parent / "bytecode")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True,
        env={**os.environ, **places, "PYTHONDONTWRITEBYTECODE": ""},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user = after.ru_utime - before.ru_utime
    return user + after.ru_stime - before.ru_stime, float(done.stdout)


def main() -> None:
    native = OURS.format(backend="native")
    with tempfile.TemporaryDirectory() as folder:
        fresh = (Path(folder) / str(n) for n in range(1000))
        kept = Path(folder) / "kept"
        runs: dict[str, Callable[[], tuple[float, float]]] = {
            "import of NumPy alone": lambda: run("", kept),
            "glassgrad, NumPy": lambda: run(OURS.format(backend="numpy"), kept),
            "glassgrad, native, empty cache": lambda: run(native, next(fresh)),
            "glassgrad, native, from the cache": lambda: run(native, kept),
        }
        if find_spec("torch"):
            runs["PyTorch, eager"] = lambda: run(TORCH, kept)
        if find_spec("jax"):
            runs["JAX, jit"] = lambda: run(JAX, kept)
        for first in runs.values():
            first()
        times = {name: [] for name in runs}  # type: dict[str, list[tuple[float, float]]]
        for _ in range(ROUNDS):
            for name, again in runs.items():
                times[name].append(again())
    rows = []
    for name, measured in times.items():
        whole, inside = (statistics.median(column) for column in zip(*measured, strict=True))
        rows.append([name, seconds(whole), seconds(inside), seconds(min(measured)[0])])
    head = ["program", "whole process", "compilation and first call", "quickest process"]
    write_table("first_call", markdown_table(head, rows), packages=["numpy"])


if __name__ == "__main__":
    main()
