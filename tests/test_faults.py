"""A world that takes nothing, and one that gives nothing: programs of their own, run in it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = """
import autodiff, nn, viz
from autodiff import Value, parse

w = Value(0.5)
for backend in ("numpy", "native"):
    program = autodiff.compile(lambda x: (x * w).tanh() ** 2, backend=backend)
    assert abs(program([[1.0], [2.0]][0]) - 0.21355) < 1e-4
model = nn.MLP(2, [3, 1], "tanh", rng=0)
nn.fit(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], "logistic", epochs=2, progress=False)
nn.predict(model, [[0.0, 1.0]])
root = parse("q = x + y; q * z", x=-2, y=5, z=-4)
root.backward()
assert "<svg" in viz.draw(root).drawing.svg()
assert "<html" in viz.explore(root).html
print("all done")
"""

READ_ONLY = """
import errno, os, sys

def refuse(event, arguments):
    flags = arguments[2] if event == "open" else 0
    writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    changes = event in ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.utime", "os.chmod")
    if (writes and arguments[0] != os.devnull) or changes:
        raise OSError(errno.EROFS, "read-only file system", str(arguments[0]))

sys.addaudithook(refuse)
"""


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items()
             if name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH")}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[1], env=plain | environment,
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.posix
@pytest.mark.parametrize("home", ["/dev/null", ""])
def test_without_a_place_of_its_own_everything_works(home: str) -> None:
    done = run(WORK, HOME=home)
    assert (done.stdout, done.returncode) == ("all done\n", 0), done.stderr


@pytest.mark.posix
def test_where_nothing_can_be_written_everything_works() -> None:
    """All that would be kept for later is made anew instead."""
    done = run(READ_ONLY + WORK, PYTHONDONTWRITEBYTECODE="1")
    assert (done.stdout, done.returncode) == ("all done\n", 0), done.stderr


@pytest.mark.posix
def test_save_says_that_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    program = f"import nn; model = nn.MLP(1, [1], rng=0); nn.save(model, {str(path)!r})"
    assert run(program).returncode == 0
    before = path.read_bytes()
    done = run(READ_ONLY + program)
    assert "OSError: [Errno 30] read-only file system" in done.stderr
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


MEMORY = """
import resource
import numpy as np
import autodiff, nn
from autodiff import Value

rows = np.linspace(-1, 1, 60_000).reshape(-1, 2)
model = nn.MLP(2, [16, 16, 1], "tanh", rng=0)
program = autodiff.compile(lambda x: model(x) ** 2, backend="numpy")
expected = program.value_and_grad(program.theta(), rows)[0]
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
failed = 0
for room in range(1, 40, 4):
    try:
        resource.setrlimit(resource.RLIMIT_AS, (used + room * 2**20, hard))
        try:
            program.value_and_grad(program.theta(), rows)
            autodiff.compile(lambda x: model(x) ** 2, backend="numpy").prepare(rows)
            nn.fit(model, rows, rows[:, :1], "mse", lr=0.0, epochs=1, engine="numpy",
                   progress=False)
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except MemoryError:
        failed += 1
    assert program.value_and_grad(program.theta(), rows)[0] == expected
print("all done", failed > 0)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux what is in use")
def test_without_memory_there_is_a_memory_error_and_no_other_harm() -> None:
    done = run(MEMORY, OPENBLAS_NUM_THREADS="1")
    assert (done.stdout, done.returncode) == ("all done True\n", 0), done.stderr
