"""Where nothing is installed but Python and the package graphviz, as in a browser."""

import subprocess
import sys

PICTURES = """
import sys
for package in ("numpy", "matplotlib", "pygraphviz", "safetensors", "tqdm", "llvmlite"):
    sys.modules[package] = None  # cannot be imported

from autodiff import parse
from nn import MLP
from viz import bug_zoo, draw, explain, explore, playground, random_circuit, worksheet
from viz.command.cli import main

f = parse("q = w * x + b; f = σ(q)", w=2, x=-1, b=3)
f.backward()
assert "<svg" in draw(f).pipe("svg", encoding="utf-8")
assert "<svg" in draw(f, "record", detail="primitive").drawing.svg()
assert "df/dq" in explain(f.parents[0], f).text
for made in explore(f), worksheet(random_circuit()), bug_zoo(f), playground():
    assert made.html.startswith("<!doctype html>")
loss = MLP(2, [3, 1], rng=0)([1.0, 2.0])
loss.backward()
assert "<svg" in draw(loss, detail="neuron").drawing.svg()
sys.exit(main(["x * y", "x=2", "y=3"]))
"""


def test_pictures_and_pages_need_neither_numpy_nor_a_native_package() -> None:
    done = subprocess.run([sys.executable, "-c", PICTURES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "df/dx" in done.stdout
