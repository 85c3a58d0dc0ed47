"""Neuron, Layer, MLP."""

import random
from pathlib import Path

import pytest

from autodiff import Value
from nn import MLP, Activation, Layer, LayerNorm, Neuron, Residual, Sequential, load, save


def test_a_neuron_fires_one_affine_gate_and_its_activation() -> None:
    neuron = Neuron(2, "sigmoid")
    for parameter, number in zip(neuron.parameters(), (2.0, -3.0, -3.0), strict=True):
        parameter.data = number
    x = [Value(-1.0), Value(-2.0)]
    out = neuron(x)
    assert out.data == pytest.approx(0.7310585786300049, rel=1e-15)  # note 003
    assert [node.gate.name for node in (out, *out.parents) if node.gate] == ["sigmoid", "affine"]
    out.backward()
    assert [v.grad for v in x] == pytest.approx([0.3932238664829637, -0.5898357997244456])
    assert [p.grad for p in neuron.parameters()] == pytest.approx(
        [-0.19661193324148185, -0.3932238664829637, 0.19661193324148185], rel=1e-12
    )


def test_a_layer_is_its_neurons_fired_on_one_row() -> None:
    """Node for node what the neurons give when they are called one by one."""
    layer = Layer(3, 4, "tanh", rng=0)
    x = [Value(0.5), Value(-1.0), Value(2.0)]
    apart = [neuron(x) for neuron in layer.neurons]
    for together, alone in zip(layer(x), apart, strict=True):
        assert together.data == alone.data
        assert together.parents[0].parents == alone.parents[0].parents
        assert together.call.inner == alone.call


def test_an_activation_of_ones_own_may_label_its_node() -> None:
    def labelled(z: Value) -> Value:
        out = z.tanh()
        out.label = "mine"
        return out

    layer = Layer(2, 2, labelled)
    for node in layer([1.0, 2.0]):
        assert (node.label, node.call.module) == ("mine", layer)


def test_a_single_output_comes_back_as_a_value_several_as_a_list() -> None:
    assert isinstance(Layer(2, 1)([1, 2]), Value)
    assert isinstance(Layer(2, 3)([1, 2]), list)
    assert isinstance(MLP(2, [1, 1, 1])([1, 2]), Value)  # a Value feeds a layer with one input


@pytest.mark.parametrize("model", [Layer(3, 2), MLP(3, [4, 1]), Neuron(3), LayerNorm(3)])
def test_a_wrong_number_of_inputs_names_both(model: Layer) -> None:
    with pytest.raises(ValueError, match=r"expects 3 inputs, got 2"):
        model([1.0, 2.0])


def test_a_nested_input_is_refused() -> None:
    with pytest.raises(ValueError, match="expects a flat list of 2 inputs"):
        Layer(2, 2)([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize(("nin", "nout"), [(0, 1), (2, 0), (2.0, 1), (True, 1)])
def test_sizes_are_whole_numbers_from_one(nin: int, nout: int) -> None:
    with pytest.raises(ValueError, match="must be a whole number of at least 1"):
        Layer(nin, nout)


def test_mlp_needs_a_list_of_widths() -> None:
    with pytest.raises(ValueError, match=r"as a list, as \[16, 16, 1\]"):
        MLP(2, 16)  # type: ignore[arg-type]


def test_the_last_layer_of_an_mlp_is_linear_and_biases_start_at_zero() -> None:
    model = MLP(2, [5, 4, 3], "gelu", rng=0)
    assert [layer.activation.name for layer in model.layers] == ["gelu", "gelu", "identity"]
    assert all(p.data == 0.0 for p in model.parameters() if p.label.startswith("b"))


def test_uniform_draws_as_micrograd_does() -> None:
    expected = random.Random(1337)
    model = MLP(2, [16, 16, 1], init="uniform", rng=random.Random(1337))
    weights = [p.data for p in model.parameters() if p.label.startswith("w")]
    assert weights == [expected.uniform(-1, 1) for _ in range(2 * 16 + 16 * 16 + 16)]


def test_repr_rebuilds_the_picture_of_the_network() -> None:
    model = Sequential(Layer(2, 3, "leaky_relu(0.2)"), Residual(Layer(3, 3)), Activation("softmax"))
    assert repr(model) == (
        "Sequential(\n"
        "  (0): Layer(2, 3, activation='leaky_relu(0.2)')\n"
        "  (2): Residual(\n"
        "    (body): Sequential(\n"
        "      (0): Layer(3, 3)\n"
        "    )\n"
        "  )\n"
        "  (3): Activation('softmax')\n"
        ")"
    )


def test_no_inputs_are_too_few() -> None:
    with pytest.raises(ValueError, match=r"Layer\(2, 1\) expects 2 inputs, got 0"):
        Layer(2, 1)([])


def test_an_activation_for_each_layer_and_for_the_output(tmp_path: Path) -> None:
    model = MLP(2, [4, 3, 1], ["relu", "tanh"], "sigmoid", rng=0)
    assert [layer.activation.name for layer in model.layers] == ["relu", "tanh", "sigmoid"]
    assert 0 < model([1.0, -1.0]).data < 1
    save(model, tmp_path / "m.safetensors")
    assert repr(load(tmp_path / "m.safetensors")) == repr(model)
    with pytest.raises(ValueError, match=r"3 activations for 2 hidden layers; .* as output="):
        MLP(2, [4, 3, 1], ["relu", "tanh", "sigmoid"])
