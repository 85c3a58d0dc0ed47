"""T equal steps are printed as one loop, forward and backward."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Value
from autodiff.compiler.write.repeats.recurrence import rolled
from tests.autodiff.compiler.test_equality import agree
from tests.autodiff.compiler.write.test_loops import assert_equal_to_numpy

WIDTH, INPUTS = 3, 2
RNG = np.random.default_rng(0)


class Weights:
    """W, U and b of a recurrent layer with so many gates, and what reads its last state."""

    def __init__(self, gates: int) -> None:
        rng = random.Random(0)
        height = gates * WIDTH
        self.W = [[Value(rng.gauss(0, 0.5)) for _ in range(INPUTS)] for _ in range(height)]
        self.U = [[Value(rng.gauss(0, 0.5)) for _ in range(WIDTH)] for _ in range(height)]
        self.b = [Value(rng.gauss(0, 0.5)) for _ in range(height)]
        self.last = [Value(rng.gauss(0, 0.5)) for _ in range(WIDTH)]

    def weighted(self, x: list[Value], h: list[Value]) -> list[Value]:
        rows = zip(self.W, self.U, self.b, strict=True)
        return [dot(w, x) + dot(u, h) + b for w, u, b in rows]

    def numbers(self, name: str) -> Any:
        values = getattr(self, name)
        return (
            [[v.data for v in row] for row in values] if name in "WU" else [v.data for v in values]
        )


def dot(a: list[Value], b: list[Value]) -> Value:
    return sum(x * y for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def rnn(weights: Weights) -> Callable[..., Value]:
    def f(x: list[list[Value]], y: Value) -> Value:
        h = [Value(0.0)] * WIDTH
        for row in x:
            h = [z.tanh() for z in weights.weighted(row, h)]
        return (dot(weights.last, h) - y) ** 2

    return f


def lstm(weights: Weights) -> Callable[..., Value]:
    def f(x: list[list[Value]], y: Value) -> Value:
        h, c = [Value(0.0)] * WIDTH, [Value(0.0)] * WIDTH
        for row in x:
            z = weights.weighted(row, h)
            gates = [z[k * WIDTH : (k + 1) * WIDTH] for k in range(4)]
            write, keep, read = ([v.sigmoid() for v in gates[k]] for k in (0, 1, 3))
            new = [v.tanh() for v in gates[2]]
            c = [f * old + i * g for f, old, i, g in zip(keep, c, write, new, strict=True)]
            h = [o * v.tanh() for o, v in zip(read, c, strict=True)]
        return (dot(weights.last, h) - y) ** 2

    return f


def lines(f: Callable[..., Value], steps: int) -> int:
    program = autodiff.compile(f, backend="numpy")
    program.prepare(RNG.normal(size=(2, steps, INPUTS)), np.ones(2))
    return len(program.source.splitlines())


@pytest.mark.parametrize(("f", "gates"), [(rnn, 1), (lstm, 4)])
def test_the_source_of_many_steps_is_as_long_as_that_of_few(f: Any, gates: int) -> None:
    network = f(Weights(gates))
    assert lines(network, 32) <= lines(network, 5)


@pytest.mark.parametrize(("f", "gates"), [(rnn, 1), (lstm, 4)])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5, 9])
def test_it_computes_what_the_eager_engine_computes(f: Any, gates: int, steps: int) -> None:
    agree(f(Weights(gates)), RNG.normal(size=(2, steps, INPUTS)), np.array([1.0, -1.0]))


@pytest.mark.parametrize(("f", "gates", "kind"), [(rnn, 1, "RNN"), (lstm, 4, "LSTM")])
def test_it_computes_what_pytorch_computes(f: Any, gates: int, kind: str) -> None:
    torch = pytest.importorskip("torch")
    weights = Weights(gates)
    x, y = RNG.normal(size=(3, 8, INPUTS)), np.array([1.0, -1.0, 0.5])
    program = autodiff.compile(f(weights), backend="numpy")
    J = program(x, y)
    layer = getattr(torch.nn, kind)(INPUTS, WIDTH, batch_first=True, dtype=torch.float64)

    def tensor(numbers: Any) -> Any:
        return torch.tensor(numbers, dtype=torch.float64)

    with torch.no_grad():
        layer.weight_ih_l0.copy_(tensor(weights.numbers("W")))
        layer.weight_hh_l0.copy_(tensor(weights.numbers("U")))
        layer.bias_ih_l0.copy_(tensor(weights.numbers("b")))
        layer.bias_hh_l0.zero_()
    out, _ = layer(torch.tensor(x))
    loss = ((out[:, -1] @ tensor(weights.numbers("last")) - torch.tensor(y)) ** 2).mean()
    loss.backward()
    assert abs(J - loss.item()) < 1e-12
    slopes = [[v.grad for v in row] for row in weights.U]
    np.testing.assert_allclose(slopes, layer.weight_hh_l0.grad, atol=1e-12)


def test_layers_with_weights_of_their_own_stay_as_they_are() -> None:
    lines = [f"Z{k} = A{k - 1} @ W{k}.T" for k in range(2, 9)]
    assert rolled(lines) == lines


def test_a_result_that_is_needed_later_is_kept_by_its_step() -> None:
    forward = [f"h{t + 1} = np.tanh(h{t} * w)" for t in range(1, 5)]
    backward = [f"d{t} = d{t + 1} * (1 - h{t + 1} ** 2)" for t in range(4, 0, -1)]
    text = rolled(["h1 = X * w", *forward, "d5 = h5 - Y", *backward, "dw = d1 * X"])
    numbers = {"np": np, "w": 0.3, "X": np.ones(2), "Y": np.zeros(2)}
    plain, looped = dict(numbers), dict(numbers)
    exec("\n".join(["h1 = X * w", *forward, "d5 = h5 - Y", *backward, "dw = d1 * X"]), plain)
    exec("\n".join(text), looped)
    assert sum(line.startswith("for ") for line in text) == 2
    np.testing.assert_array_equal(plain["dw"], looped["dw"])


# ── as loops among loops, and as machine code ────────────────────────────────────────────────


def loops(f: Callable[..., Value], steps: int) -> str:
    program = autodiff.compile(f, backend="numpy")
    return program.prepare(RNG.normal(size=(2, steps, INPUTS)), np.ones(2)).loops


@pytest.mark.parametrize(("f", "gates"), [(rnn, 1), (lstm, 4)])
def test_the_loops_of_many_steps_are_as_many_as_those_of_few(f: Any, gates: int) -> None:
    network = f(Weights(gates))
    many = loops(network, 32)
    assert len(many.splitlines()) <= len(loops(network, 6).splitlines())
    assert many.count("for t in range(") >= 2  # forward and backward


@pytest.mark.parametrize(("f", "gates"), [(rnn, 1), (lstm, 4)])
@pytest.mark.parametrize("steps", [5, 8, 13])
def test_the_loops_compute_it(f: Any, gates: int, steps: int) -> None:
    network = f(Weights(gates))
    assert_equal_to_numpy(network, RNG.normal(size=(3, steps, INPUTS)), np.array([1.0, -1.0, 0.5]))


@pytest.mark.parametrize(("f", "gates"), [(rnn, 1), (lstm, 4)])
@pytest.mark.parametrize(("steps", "rows"), [(4, 1), (7, 3), (32, 17)])
def test_machine_code_computes_it(f: Any, gates: int, steps: int, rows: int) -> None:
    """32 steps are machine code by themselves: they are no longer than a few."""
    pytest.importorskip("llvmlite")
    x, y = RNG.normal(size=(rows, steps, INPUTS)), RNG.normal(size=rows)
    program = agree(f(Weights(gates)), x, y, backend="native" if steps < 32 else "auto")
    assert program.report().versions[0]["backend"] == "native"


def test_the_steps_of_an_optimiser_are_loops_too() -> None:
    """Ten steps of descent on θᵀAθ/2 - xᵀθ, differentiated with respect to A."""
    A = [[Value(x) for x in row] for row in RNG.normal(size=(4, 4)).tolist()]

    def f(x: list[Value]) -> Value:
        theta = x
        for _ in range(10):
            slope = [dot(row, theta) - v for row, v in zip(A, x, strict=True)]
            theta = [v - 0.1 * s for v, s in zip(theta, slope, strict=True)]
        return sum(v * v for v in theta)  # type: ignore[return-value]

    X = RNG.normal(size=(3, 4))
    program = agree(f, X)
    assert "for t in range(" in program.loops
    assert_equal_to_numpy(f, X)
    pytest.importorskip("llvmlite")
    agree(f, X, backend="native")


def test_gated_recurrent_units_are_loops_too() -> None:
    """h ← (1 - z)·n + z·h, where n sees as much of h as r lets through: "auto" goes native."""
    weights = Weights(3)

    def f(x: list[list[Value]]) -> Value:
        h: list[Value] = [Value(0.0)] * WIDTH
        for row in x:
            new = [dot(w, row) + b for w, b in zip(weights.W, weights.b, strict=True)]
            old = [dot(u, h) for u in weights.U]
            r, z, n = (slice(k * WIDTH, (k + 1) * WIDTH) for k in range(3))
            reset = [(a + b).sigmoid() for a, b in zip(new[r], old[r], strict=True)]
            keep = [(a + b).sigmoid() for a, b in zip(new[z], old[z], strict=True)]
            seen = [k * b for k, b in zip(reset, old[n], strict=True)]
            fresh = [(a + b).tanh() for a, b in zip(new[n], seen, strict=True)]
            h = [(1 - k) * a + k * b for k, a, b in zip(keep, fresh, h, strict=True)]
        return sum(v * v for v in h)  # type: ignore[return-value]

    def length(steps: int) -> int:
        x = RNG.normal(size=(2, steps, INPUTS))
        return len(autodiff.compile(f, backend="numpy").prepare(x).source.splitlines())

    assert length(32) <= length(6)
    pytest.importorskip("llvmlite")
    program = agree(f, RNG.normal(size=(3, 32, INPUTS)), backend="auto")
    assert program.report().versions[0]["backend"] == "native"
    assert program.loops.count("for t in range(") >= 2
