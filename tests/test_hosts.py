"""Machines unlike ours: consoles without Greek, no home, no terminal, workers that are spawned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def run(*words: str, without: tuple[str, ...] = (), **variables: str) -> str:
    """A process of Python's with other variables, whose input, output and errors are pipes."""
    environment = {k: v for k, v in os.environ.items() if k not in without}
    done = subprocess.run(
        [sys.executable, *words],
        env=environment | {"PYTHONPATH": str(ROOT)} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(variables.get("PYTHONIOENCODING", "utf-8"))


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "cp437"])
def test_the_command_writes_what_the_console_can_show(encoding: str, tmp_path: Path) -> None:
    picture = tmp_path / "circuit.svg"
    words = ["-m", "autodiff", "θ·√x", "θ=3", "x=4", "--explain", "x", "-o", str(picture)]
    printed = run(*words, PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert "0.75" in printed
    assert "θ" in picture.read_text(encoding="utf-8")


def test_words_are_utf_8_where_the_locale_is_c() -> None:
    c = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert "6" in run("-m", "autodiff", "θ·√x", "θ=3", "x=4", **c)


TRAINS = (
    "import autodiff, nn; model = nn.MLP(1, [1], rng=0); X = [[0.0], [1.0]] * 10\n"
    "nn.fit(model, X, [0.0, 1.0] * 10, nn.losses.squared_error, epochs=3)\n"
    "program = autodiff.compile(model, backend='native'); print(program.predict([[1.0]])[0, 0])\n"
)


@pytest.mark.posix
def test_without_a_home_and_with_one_that_is_read_only(tmp_path: Path) -> None:
    """Machine code is then kept nowhere, or in a folder of the system's, and works."""
    pytest.importorskip("llvmlite")
    homes = ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME", "GLASSGRAD_CACHE")
    tmp_path.chmod(0o500)
    found = {run("-c", TRAINS, without=homes), run("-c", TRAINS, without=homes, HOME=str(tmp_path))}
    tmp_path.chmod(0o700)
    assert len(found) == 1


SPAWNS = """
import multiprocessing, nn, autodiff
from autodiff import Value

def slope(x):
    return autodiff.grad(lambda v: v.tanh() * v)(x)

if __name__ == "__main__":
    model = nn.MLP(2, [3, 1], "tanh", rng=0)
    program = autodiff.compile(model, backend="numpy").prepare([[1.0, 2.0]])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        there = pool.map(slope, [0.5]) + pool.map(model, [[1.0, 2.0]])
        there.append(pool.map(program.predict, [[[1.0, 2.0]]])[0][0, 0])
    here = [slope(0.5), model([1.0, 2.0]).data, program.predict([[1.0, 2.0]])[0, 0]]
    print(there[0] == here[0], there[1].data == here[1], abs(there[2] - here[2]) < 1e-12)
"""


def test_workers_that_are_spawned_get_models_and_programs(tmp_path: Path) -> None:
    """As on Windows and macOS: the worker imports everything anew, and unpickles the rest."""
    script = tmp_path / "spawns.py"
    script.write_text(SPAWNS, encoding="utf-8")
    assert run(str(script)).split() == ["True"] * 3
