"""What follows from a graph is derived once for equal graphs, and never taken for another's."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import GATES, Value
from autodiff.compiler.version import forget
from nn import MLP, losses

X = np.array([[0.3, -1.2], [0.9, 0.4], [2.0, -0.1]])


def function_of(f: Callable[..., Any], **options: str) -> Any:
    return autodiff.compile(f, backend="numpy", **options).prepare(X).version.function


def quadratic(
    factor: float = 3.0, label: str = "w", gate: str = "tanh", swapped: bool = False
) -> Callable[[list[Value]], Value]:
    w = [Value(0.5, label=label), Value(-0.25)]

    def loss(x: list[Value]) -> Value:
        a, b = w[::-1] if swapped else w
        return (a * x[0] - GATES[gate](b * x[1])) ** 2 * factor

    return loss


def test_equal_graphs_share_what_was_derived() -> None:
    """Each keeps its own parameters: another network of the same kind is another program."""
    networks = [MLP(2, [4, 1], "tanh", rng=seed) for seed in range(3)]
    programs = [
        autodiff.compile(lambda x, net=net: losses.squared_error(net(x), 1.0), backend="numpy")
        for net in networks
    ]
    costs = [program(X) for program in programs]
    assert len({id(program.version.function) for program in programs}) == 1
    for network, cost in zip(networks, costs, strict=True):
        eager = [losses.squared_error(network(row), 1.0).data for row in X.tolist()]
        assert cost == pytest.approx(np.mean(eager), rel=1e-12)
        assert any(p.grad for p in network.parameters())


@pytest.mark.parametrize(
    "change", [{"factor": 2.0}, {"label": "v"}, {"gate": "sin"}, {"swapped": True}], ids=str
)
def test_graphs_that_differ_do_not(change: dict[str, Any]) -> None:
    """In a constant, a label, a gate, the order of parameters."""
    one, other = quadratic(), quadratic(**change)
    assert function_of(one) is function_of(quadratic())
    assert function_of(one) is not function_of(other)
    J = autodiff.compile(other, backend="numpy")(X)
    eager = [other([Value(x) for x in row]).data for row in X.tolist()]
    assert J == pytest.approx(np.mean(eager), rel=1e-12)


def test_nor_do_those_of_another_precision_or_name() -> None:
    one = function_of(quadratic())
    assert function_of(quadratic(), dtype="float32") is not one
    named = quadratic()
    named.__name__ = "energy"
    assert function_of(named) is not one


def test_a_gate_that_was_registered_anew_is_another() -> None:
    """Under the same name, with another formula."""
    costs = []
    try:
        for text, slope in (("a * a", "2 * a"), ("a + 1.0", "1.0")):
            autodiff.gate("shaped", text, a=slope)
            program = autodiff.compile(quadratic(gate="shaped"), backend="numpy")
            costs.append(program(X))
            del GATES["shaped"]
    finally:
        GATES.pop("shaped", None)
    w, v = 0.5, -0.25
    z = v * X[:, 1]
    expected = [np.mean((w * X[:, 0] - s) ** 2 * 3) for s in (z * z, z + 1)]
    assert costs == pytest.approx(expected, rel=1e-12)


def test_another_process_finds_what_was_derived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And its texts, so that it neither rolls nor differentiates nor writes."""
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path))
    forget()
    first = autodiff.compile(quadratic(), backend="numpy").prepare(X)
    J, gradient = first.value_and_grad(first.theta(), X)
    source = first.source
    forget()
    for module in ("arrays.roll", "derivative", "write.numpy_source"):
        monkeypatch.setitem(sys.modules, f"autodiff.compiler.{module}", None)
    again = autodiff.compile(quadratic(), backend="numpy").prepare(X)
    assert again.version.function is not first.version.function
    assert again.source == source
    same, slopes = again.value_and_grad(again.theta(), X)
    assert (same, *slopes) == (J, *gradient)
    with pytest.raises(ImportError):  # it is another graph
        autodiff.compile(quadratic(factor=5.0), backend="numpy").prepare(X)
