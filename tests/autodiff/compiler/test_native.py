"""The native backend: Numba runs the loops."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import autodiff
from autodiff import DomainError, Value
from nn import MLP, losses
from tests.oracles import oracle

oracle("numba")
rng = np.random.default_rng(0)
MODEL = MLP(3, [5, 2], "tanh", rng=0)
X, Y = rng.normal(size=(150, 3)), np.eye(2)[rng.integers(2, size=150)]


def loss(x: list[Value], y: list[Value]) -> Value:
    return losses.softmax_cross_entropy(MODEL(x), y)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    os.environ["GLASSGRAD_CACHE"] = str(folder)
    return folder


def test_equals_numpy_and_eager() -> None:
    native, numpy = (
        autodiff.compile(loss, backend="native"),
        autodiff.compile(loss, backend="numpy"),
    )
    J, gradient = native.value_and_grad(native.theta(), X, Y)
    expected, slopes = numpy.value_and_grad(numpy.theta(), X, Y)
    assert J == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-15)
    assert "backend native" in str(native.report())


def test_prediction() -> None:
    native, numpy = (
        autodiff.compile(MODEL, backend="native"),
        autodiff.compile(MODEL, backend="numpy"),
    )
    np.testing.assert_allclose(native(X), numpy(X), rtol=1e-13)


def test_any_layout_of_the_data() -> None:
    """Fortran order, slices and negative strides are taken as they are."""
    native = autodiff.compile(loss, backend="native")
    expected = native(X, Y)
    assert native(np.asfortranarray(X), np.asfortranarray(Y)) == expected
    assert native(np.repeat(X, 2, axis=0)[::2], Y) == expected
    assert native(X[::-1][::-1], Y) == expected


def test_gradients_are_fresh_arrays() -> None:
    """A gradient that was read earlier does not change later."""
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    _, first = native.value_and_grad(native.theta(), X, Y)
    kept = first.copy()
    native.value_and_grad(native.theta() + 1, X, Y)
    np.testing.assert_array_equal(first, kept)


def test_threads_do_not_share_buffers() -> None:
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    theta = native.theta()
    thetas = [theta * (1 + k / 10) for k in range(8)]
    alone = [native.value_and_grad(t, X, Y) for t in thetas]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda t: native.value_and_grad(t, X, Y), thetas * 20))
    for k, (J, gradient) in enumerate(together):
        assert J == alone[k % 8][0]
        np.testing.assert_array_equal(gradient, alone[k % 8][1])


def test_pickles() -> None:
    native = autodiff.compile(loss, backend="native").prepare(X, Y)
    again = pickle.loads(pickle.dumps(native))
    theta = native.theta()
    assert again.value_and_grad(theta, X, Y)[0] == native.value_and_grad(theta, X, Y)[0]


def test_the_next_process_finds_the_machine_code(cache: Path) -> None:
    """Numba counts a hit where it did not have to compile."""
    program = """
import numpy as np, sys
from autodiff import Value, compile
w = Value(2.0)
p = compile(lambda x, y: (w * x - y) ** 2, backend="native").prepare(np.ones(3), np.ones(3))
p(np.ones(3), np.ones(3))
(module,) = [m for name, m in sys.modules.items() if name.startswith("glassgrad_")]
print(sum(module.gradient.stats.cache_hits.values()))
"""
    environment = {**os.environ, "GLASSGRAD_CACHE": str(cache / "processes")}
    hits = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=environment, check=True, capture_output=True, text=True,
        ).stdout.strip()
        for _ in range(2)
    ]  # fmt: skip
    assert hits == ["0", "1"]


def test_works_where_no_cache_can_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(blocked))
    w = Value(3.0)
    native = autodiff.compile(lambda x: w * x * 1.75, backend="native")
    assert native([2.0]) == 10.5


def test_a_domain_error_names_gate_and_row() -> None:
    w = Value(1.0, label="w")
    native = autodiff.compile(lambda x: (w * x).log(), backend="native").prepare([1.0, 2.0])
    with pytest.raises(DomainError, match=r"row 1.*log"):
        native([1.0, -1.0])
