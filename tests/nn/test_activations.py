"""Activations by name, as gates, as functions."""

import pytest

from autodiff import GATES, Value, gate
from nn import Activation, Layer, softmax
from nn.activations import activation_names, resolve


@pytest.mark.parametrize("name", activation_names())
def test_every_gate_with_one_input_is_an_activation(name: str) -> None:
    layer = Layer(2, 3, name, init=lambda rng: 0.25, rng=0)
    out = layer([1.0, 1.5])
    if name == "softmax":
        assert [a.data for a in out] == pytest.approx([1 / 3] * 3)
    elif name == "identity":
        assert [a.data for a in out] == [0.625] * 3
    else:
        assert [a.data for a in out] == [GATES[name](0.625).data] * 3


def test_a_name_may_carry_options() -> None:
    assert resolve("leaky_relu(0.2)").function(Value(-2.0)).data == -0.4  # type: ignore[misc]
    assert resolve("softplus(3)").function(Value(0.5)).data == Value(0.5).softplus(3).data  # type: ignore[misc]


def test_a_gate_and_its_method_have_a_name() -> None:
    assert resolve(GATES["tanh"]).name == resolve(Value.tanh).name == "tanh"  # type: ignore[arg-type]


def test_a_function_of_a_value_will_do() -> None:
    squared = Layer(1, 1, lambda z: z * z, init=lambda rng: 3.0)
    assert squared([2.0]).data == 36.0


def test_a_users_own_gate_is_an_activation() -> None:
    gate("test_swish", "a * sigmoid(a)", a="sigmoid(a) + out * (1 - sigmoid(a))")
    try:
        assert Activation("test_swish")(1.0).data == pytest.approx(0.7310585786300049)
    finally:
        del GATES["test_swish"]


@pytest.mark.parametrize("name", ["rleu", "add", "dot", "relu(", "softplus(1,2)", "relu(0.1)"])
def test_what_is_no_activation_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="activation"):
        resolve(name)
    with pytest.raises(ValueError, match="activation"):
        Layer(2, 2, name)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"unknown activation 'rleu'; known: .*relu.*softmax"):
        resolve("rleu")


def test_numbers_are_no_activation() -> None:
    with pytest.raises(TypeError, match="a name, a gate or a function"):
        resolve(3)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [0.0, 1.0, 1000.0, -1000.0])
def test_softmax_is_stable(size: float) -> None:
    out = softmax([Value(size), Value(0.0)])
    assert sum(p.data for p in out) == pytest.approx(1.0, rel=1e-12)


def test_a_name_with_a_blank_is_not_the_name() -> None:
    with pytest.raises(ValueError, match=r"unknown activation 'relu '; .*did you mean relu\?"):
        resolve("relu ")
