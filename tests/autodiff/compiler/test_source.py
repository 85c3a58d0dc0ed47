"""The printed NumPy program: what a lecturer would write, and it runs as it stands."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Value
from nn import MLP, Layer, losses
from tests.autodiff.compiler.networks import GOLDEN

HERE = Path(__file__).parent
RNG = np.random.default_rng(3)


def compiled(name: str) -> tuple[autodiff.Program, list[Any]]:
    function, shape = GOLDEN[name]
    X = RNG.normal(size=(5, *shape))
    Y = np.array([1.0, -1.0, 1.0, -1.0, 1.0]) if name in ("moons", "modern") else [0, 1, 1, 0, 1]
    arrays = [X, np.asarray(Y, dtype=float)]
    return autodiff.compile(function, backend="numpy").prepare(*arrays), arrays


@pytest.mark.parametrize("name", GOLDEN)
def test_the_source_of_four_networks(name: str) -> None:
    """GLASSGRAD_UPDATE=1 writes the files anew; read the difference before committing it."""
    program, _ = compiled(name)
    path = HERE / "golden" / f"{name}.py"
    if os.environ.get("GLASSGRAD_UPDATE"):
        path.write_text(program.source, encoding="utf-8")
    assert program.source == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GOLDEN)
def test_pasted_into_a_file_it_gives_the_same_numbers(name: str) -> None:
    program, arrays = compiled(name)
    theta = program.theta()
    pasted = runpy.run_path(str(HERE / "golden" / f"{name}.py"))["value_and_grad"]
    J, gradient = program.value_and_grad(theta, *arrays)
    again, same = pasted(theta, *arrays)
    assert J == again
    np.testing.assert_array_equal(gradient, same)


def lines(source: str) -> list[str]:
    """The statements, without comments."""
    code = (line.split("  #")[0].strip() for line in source.splitlines())
    return [line for line in code if line and not line.startswith("#")]


def test_an_mlp_gives_algorithm_3_line_for_line() -> None:
    """CS229, Algorithm 3, and note 002's four equations, with rows as examples."""
    net = MLP(3, [5, 4, 2], activation="sigmoid", rng=0)
    program = autodiff.compile(lambda x, y: losses.squared_error(net(x), y), backend="numpy")
    program.prepare(np.zeros((2, 3)), np.zeros((2, 2)))
    code = lines(program.source)
    start = code.index("Z1 = X @ W1.T + b1")
    assert code[start : start + 5] == [
        "Z1 = X @ W1.T + b1",
        "A1 = sigmoid(Z1)",
        "Z2 = A1 @ W2.T + b2",
        "A2 = sigmoid(Z2)",
        "Z3 = A2 @ W3.T + b3",
    ]
    start = code.index("dZ3 = sub1 / E")
    assert code[start : start + 11] == [
        "dZ3 = sub1 / E",
        "dW3 = dZ3.T @ A2",
        "db3 = dZ3.sum(axis=0)",
        "dA2 = dZ3 @ W3",
        "dZ2 = dA2 * A2 * (1 - A2)",
        "dW2 = dZ2.T @ A1",
        "db2 = dZ2.sum(axis=0)",
        "dA1 = dZ2 @ W2",
        "dZ1 = dA1 * A1 * (1 - A1)",
        "dW1 = dZ1.T @ X",
        "db1 = dZ1.sum(axis=0)",
    ]


def test_labels_name_arrays() -> None:
    slope = [Value(1.0, label=f"slope[{k}]") for k in range(2)]
    level = Value(0.5, label="level")

    def price(x: list[Value], target: Value) -> Value:
        height = slope[0] * x[0] + slope[1] * x[1] + level
        height.label = "height"
        return (height - target) ** 2

    source = autodiff.compile(price, backend="numpy").prepare([[1.0, 2.0]], [3.0]).source
    assert "level = theta[0:1]" in source
    assert "slope = theta[1:3].reshape(1, 2)" in source
    assert "target = target.reshape(E, 1)" in source


def test_a_prediction_prints_the_forward_pass_alone() -> None:
    layer = Layer(3, 2, "tanh", rng=0)
    source = autodiff.compile(layer, backend="numpy").prepare(np.zeros((1, 3))).source
    assert lines(source)[-1] == "return A1"
    assert "grad" not in source


def test_constants_are_folded_and_one_is_not_multiplied_with() -> None:
    k = Value(3.0, label="k")

    def f(x: Value) -> Value:
        two = Value(1.0) + Value(1.0)
        return (1 * k * x + 0) ** two

    program = autodiff.compile(f, backend="numpy").prepare([2.0])
    code = lines(program.source)
    assert code[code.index("mul1 = k * X") :][:3] == [
        "mul1 = k * X",
        "L = mul1 ** 2",
        "J = L.sum() / E",
    ]


def test_the_program_is_the_same_every_time() -> None:
    first, _ = compiled("modern")
    second, _ = compiled("modern")
    assert first.source == second.source


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_long_tables_are_packed(dtype: str) -> None:
    """Cosines at forty positions take one line, and are unpacked to the last bit."""
    w = [Value(0.3), Value(-0.7)]
    angles = np.cos(np.arange(80.0) ** 2 / 3).reshape(40, 2).tolist()

    def f(x: list[list[Value]]) -> Value:
        turned = [[wi * xi * c for wi, xi, c in zip(w, row, at, strict=True)]
                  for row, at in zip(x, angles, strict=True)]  # fmt: skip
        return sum(v * v for row in turned for v in row)  # type: ignore[return-value]

    X = np.random.default_rng(0).normal(size=(2, 40, 2))
    program = autodiff.compile(f, "numpy", dtype=dtype).prepare(X)
    assert "np.array(" not in program.source
    assert len(program.source.splitlines()) < 40
    (line,) = (line for line in program.source.splitlines() if line.startswith("C1 = unpacked("))
    helper = program.source.partition("\n\nC1")[0]
    namespace: dict[str, Any] = {}
    exec(f"{helper}\n{line}", namespace)
    np.testing.assert_array_equal(namespace["C1"].ravel(), np.ravel(angles).astype(dtype))
