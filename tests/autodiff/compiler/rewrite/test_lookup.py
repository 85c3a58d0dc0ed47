"""Rows picked by data: what a one-hot row picks is looked up, and computes the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value
from nn import Embedding, Layer, Module, Sequential, losses
from tests.autodiff.compiler.gpt import BLOCK, TOKENS, gpt, weights
from tests.autodiff.compiler.test_equality import agree
from tests.autodiff.compiler.write.test_loops import assert_equal_to_numpy

RNG = np.random.default_rng(0)
Table = list[list[Value]]


def table(rows: int, width: int) -> Table:
    """Parameters."""
    return [[Value(x) for x in row] for row in RNG.normal(size=(rows, width)).tolist()]


def row_of(w: Table, token: Any) -> list[Value]:
    """Σ_k (token = k) · row k, gate by gate."""
    chosen = [GATES["equal"](token, k) for k in range(len(w))]
    return [sum(c * v for c, v in zip(chosen, column, strict=True)) for column in zip(*w)]  # type: ignore[misc]  # noqa: B905


def with_bias(w: Table, b: Table) -> Callable[..., Value]:
    """A position's own row is added to the token's."""

    def loss(x: list[Value]) -> Value:
        rows = [[p + q for p, q in zip(row_of(w, t), own, strict=True)]
                for t, own in zip(x, b, strict=True)]  # fmt: skip
        return sum(v * v * v for row in rows for v in row)  # type: ignore[return-value]

    return loss


def tied(w: Table) -> Callable[..., Value]:
    """The table that is looked up is also the matrix behind the logits."""

    def loss(x: Value, y: Value) -> Value:
        hidden = row_of(w, x)
        logits = [sum(a * b for a, b in zip(row, hidden, strict=True)) for row in w]
        return losses.softmax_cross_entropy(logits, y)  # type: ignore[arg-type]

    return loss


def alone(w: Table) -> Callable[..., Value]:
    """Σ_t Σ (row of token t)⁴."""
    return lambda x: sum(v**4 for token in x for v in row_of(w, token))  # type: ignore[return-value]


def single(w: Table) -> Callable[..., Value]:
    """One token, no list."""
    return lambda x: sum(v * v for v in row_of(w, x))  # type: ignore[return-value]


CASES = {
    "one token": (single(table(5, 3)), [()]),
    "a table of one column": (alone(table(5, 1)), [(3,)]),
    "one token of a table of one column": (alone(table(5, 1)), [(1,)]),
    "several tokens": (alone(table(5, 3)), [(4,)]),
    "positions": (with_bias(table(5, 3), table(4, 3)), [(4,)]),
    "a tied table": (tied(table(5, 3)), [(), ()]),
}


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", [1, 3, 21])
def test_what_is_picked_is_looked_up(case: str, backend: str, rows: int) -> None:
    """Equal to the eager engine's one-hot rows; rows that none picks have the gradient 0."""
    if backend == "native":
        pytest.importorskip("llvmlite")
    f, shapes = CASES[case]
    data = [RNG.integers(0, 5, size=(rows, *shape)).astype(float) for shape in shapes]
    program = agree(f, *data, backend=backend)
    assert "[tokens" in program.source
    assert "np.add.at(d" in program.source


@pytest.mark.parametrize("case", CASES)
def test_the_loops_look_up_too(case: str) -> None:
    f, shapes = CASES[case]
    assert_equal_to_numpy(f, *(RNG.integers(0, 5, size=(3, *s)).astype(float) for s in shapes))


def test_a_gpt_looks_its_tokens_up() -> None:
    x, y = RNG.integers(0, TOKENS, size=(2, 2, BLOCK)).astype(float)
    source = agree(gpt(weights()), x, y).source
    assert "tokens = whole(X, 27)" in source
    assert "W1[tokens] + b1" in source


class Model(Module):
    """Two tokens, a row for each, a layer."""

    def __init__(self) -> None:
        self.table = Embedding(5, 3, rng=0)
        self.layer = Layer(6, 1, rng=0)

    def forward(self, x: Any) -> Any:
        return self.layer([v for row in self.table(x) for v in row])


def test_an_embedding_is_a_lookup() -> None:
    model = Model()
    program = agree(lambda x: model(x) ** 2, RNG.integers(0, 5, size=(7, 2)))
    assert "e[tokens]" in program.source


def test_in_single_precision() -> None:
    data = RNG.integers(0, 5, size=(9, 2)).astype(float)
    model = Model()
    for backend in ("numpy", "native"):
        if backend == "native":
            pytest.importorskip("llvmlite")
        program = autodiff.compile(lambda x: model(x) ** 2, backend, dtype="float32").prepare(data)
        J, slopes = program.value_and_grad(program.theta(), data)
        exact = autodiff.compile(lambda x: model(x) ** 2, "numpy").prepare(data)
        expected, gradient = exact.value_and_grad(exact.theta(), data)
        assert pytest.approx(expected, rel=1e-5) == J
        np.testing.assert_allclose(slopes, gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("bad", [5, -1, 2.5, 1e300, -1e300, np.nan, np.inf])
@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_what_picks_no_row_is_refused(backend: str, bad: float) -> None:
    """By the gradient and by a prediction, in the middle of many examples."""
    if backend == "native":
        pytest.importorskip("llvmlite")
    model, data = Model(), RNG.integers(0, 5, size=(40, 2)).astype(float)
    loss = autodiff.compile(lambda x: model(x) ** 2, backend).prepare(data)
    outputs = autodiff.compile(lambda x: [model(x)], backend).prepare(data)
    data[17, 1] = bad
    message = f"example 17 picks row {float(bad)}; there are rows 0 to 4"
    with pytest.raises(ValueError, match=re.escape(message)):
        loss.value_and_grad(loss.theta(), data)
    with pytest.raises(ValueError, match="example 17 picks row"):
        outputs(data)


def test_the_loops_refuse_as_well() -> None:
    f, _ = CASES["one token"]
    with pytest.raises(ValueError, match=r"picks row 5\.0; there are rows 0 to 4"):
        assert_equal_to_numpy(f, np.array([0.0, 5.0]))


def test_one_hot_rows_that_meet_no_parameters_stay() -> None:
    """The target of a cross entropy picks among the example's own logits."""
    model = Sequential(Layer(2, 3, rng=0))
    source = agree(
        lambda x, y: losses.softmax_cross_entropy(model(x), y),
        RNG.normal(size=(4, 2)),
        RNG.integers(0, 3, size=4),
    ).source
    assert "whole" not in source
