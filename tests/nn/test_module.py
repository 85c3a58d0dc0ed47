"""Module: the tree of parameters, names, state dicts, and the calls left on nodes."""

import copy
import pickle

import numpy as np
import pytest

from autodiff import Value, topological_order
from autodiff.value import UNREACHED
from nn import MLP, Activation, Layer, LayerNorm, Module, Neuron, Residual, Sequential
from nn.module import Nested


class Twice(Module):
    """One layer used twice, and a parameter of its own."""

    def __init__(self) -> None:
        self.layer = Layer(2, 2, "tanh", rng=0)
        self.again = self.layer
        self.scale = Value(2.0, label="scale")

    def forward(self, x: list[Value]) -> list[Value]:
        return [self.scale * a for a in self.again(self.layer(x))]


def test_parameters_come_neuron_by_neuron_weights_then_bias() -> None:
    layer = Layer(2, 2, rng=0)
    expected = [*layer.neurons[0].w, layer.neurons[0].b, *layer.neurons[1].w, layer.neurons[1].b]
    assert layer.parameters() == expected


def test_a_module_used_twice_counts_its_parameters_once_and_gets_both_gradients() -> None:
    model = Twice()
    assert len(model.parameters()) == 2 * 2 + 2 + 1
    first = Layer(2, 2, "tanh")
    second = Layer(2, 2, "tanh")
    for other in (first, second):
        other.load_state_dict(model.layer.state_dict())
    sum(model([0.5, -1.0])).backward()  # type: ignore[union-attr]
    apart = [model.scale * a for a in second(first([0.5, -1.0]))]
    sum(apart).backward()  # type: ignore[union-attr]
    for shared, a, b in zip(
        model.layer.parameters(), first.parameters(), second.parameters(), strict=True
    ):
        assert shared.grad == pytest.approx(a.grad + b.grad, rel=1e-12)


def test_state_dict_has_the_names_and_shapes_of_torch() -> None:
    model = Sequential(
        Layer(3, 4, "relu"), LayerNorm(4), Residual(Layer(4, 4, "tanh")), Layer(4, 2)
    )
    shapes = {name: array.shape for name, array in model.state_dict().items()}
    assert shapes == {
        "0.weight": (4, 3),
        "0.bias": (4,),
        "2.weight": (4,),
        "2.bias": (4,),
        "3.body.0.weight": (4, 4),
        "3.body.0.bias": (4,),
        "4.weight": (2, 4),
        "4.bias": (2,),
    }


def test_an_activation_module_takes_the_number_that_a_fused_one_takes() -> None:
    fused = Sequential(Layer(2, 3, "relu"), Layer(3, 1))
    apart = Sequential(Layer(2, 3), Activation("relu"), Layer(3, 1))
    assert list(fused.state_dict()) == list(apart.state_dict())


def test_load_state_dict_is_the_inverse_of_state_dict() -> None:
    a, b = MLP(2, [3, 1], rng=0), MLP(2, [3, 1], rng=1)
    b.load_state_dict(a.state_dict())
    assert [p.data for p in a.parameters()] == [p.data for p in b.parameters()]
    state = {name: array.tolist() for name, array in a.state_dict().items()}
    b.load_state_dict(state)  # nested lists do as well


def test_load_state_dict_says_all_that_differs_and_leaves_the_model_alone() -> None:
    model = MLP(2, [3, 1], rng=0)
    before = [p.data for p in model.parameters()]
    state = model.state_dict()
    del state["0.bias"]
    state["2.weight"] = np.zeros((3, 1))
    state["5.weight"] = np.zeros(2)
    with pytest.raises(ValueError, match="this state does not fit") as error:
        model.load_state_dict(state)
    message = str(error.value)
    assert "0.bias is missing" in message
    assert "2.weight has shape (3, 1), expected (1, 3)" in message
    assert "5.weight is not known here" in message
    state = model.state_dict()
    state["2.bias"] = np.array([float("nan")])
    with pytest.raises(ValueError, match=r"2\.bias contains a number that is not finite"):
        model.load_state_dict(state)
    assert [p.data for p in model.parameters()] == before


class Holding(Module):
    """Whatever it is given."""

    def __init__(self, held: object) -> None:
        self.held = held

    def forward(self, x: list[Value]) -> list[Value]:
        return x


class Tempered(Sequential):
    """A sequence with a parameter and a module besides its layers."""

    def __init__(self) -> None:
        super().__init__(Layer(2, 3, "relu", rng=0), Layer(3, 1, rng=1))
        self.temperature = Value(2.0)
        self.head = Neuron(1)


class Scaled(Layer):
    """A layer with a parameter besides its neurons."""

    def __init__(self) -> None:
        super().__init__(2, 2, rng=0)
        self.scale = Value(3.0)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (Holding([Value(1), Neuron(1)]), ["held.0", "held.1.w", "held.1.b"]),
        (Holding({"a": Value(1), "b": Value(2)}), ["held.a", "held.b"]),
        (Holding([Value(1), None, Value(2)]), ["held.0", "held.2"]),
        (Holding([[Value(1), Value(2)], [Value(3)]]), ["held.0", "held.1"]),
        (Holding([[Value(1)], Value(3)]), ["held.0", "held.1"]),
        (Holding([[Value(1)], []]), ["held.0"]),
        (Holding({"a": [{"b": (Layer(1, 1),)}]}), ["held.a.0.b.0.weight", "held.a.0.b.0.bias"]),
        (
            Tempered(),
            ["0.weight", "0.bias", "2.weight", "2.bias", "temperature", "head.w", "head.b"],
        ),
        (Scaled(), ["weight", "bias", "scale"]),
    ],
)
def test_the_state_has_every_parameter_however_it_is_held(model: Module, names: list[str]) -> None:
    """What is trained is saved: equally many, in as many names, and restored."""
    parameters = model.parameters()
    state = model.state_dict()
    assert sorted(state) == sorted(names)
    assert sum(array.size for array in state.values()) == len(parameters)
    assert model.summary().total == len(parameters)
    wanted = [p.data + 1 for p in parameters]
    for parameter, number in zip(parameters, wanted, strict=True):
        parameter.data = number
    changed = model.state_dict()
    model.load_state_dict(state)
    model.load_state_dict(changed)
    assert [p.data for p in parameters] == wanted


def test_names_of_parameters_are_places_in_the_state() -> None:
    model = MLP(2, [3, 1], rng=0)
    state = model.state_dict()
    for name, parameter in model.named_parameters():
        array, _, place = name.rstrip("]").partition("[")
        assert state[array][tuple(map(int, place.split(",")))] == parameter.data


def test_two_parameters_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two parameters of Holding are named 'held\.1'"):
        Holding({1: Value(1), "1": Value(2)}).state_dict()


class Child(Module):
    def __init__(self, parent: Module) -> None:
        self.parent = parent
        self.w = Value(2.0)

    def forward(self, x: Nested) -> Nested:
        assert isinstance(x, Value)
        return self.w * x


class Parent(Module):
    def __init__(self) -> None:
        self.child = Child(self)
        self.b = Value(1.0)

    def forward(self, x: Nested) -> Nested:
        out = self.child(x)
        assert isinstance(out, Value)
        return out + self.b


def test_a_module_may_refer_to_its_parent() -> None:
    """What a module finds above itself is not a part of it."""
    model = Parent()
    assert model.parameters() == [model.child.w, model.b]
    assert list(model.state_dict()) == ["child.w", "b"]
    assert [path for path, _ in model.modules()] == ["", "child"]
    assert "Child" in repr(model)
    assert "2" in repr(model.summary(1.0))
    twin = copy.deepcopy(model)
    twin.load_state_dict(model.state_dict())
    assert twin.child.parent is twin


def test_zero_grad_is_as_before_the_first_backward_pass() -> None:
    model = Layer(2, 1, rng=0)
    model([1.0, 2.0]).backward()
    assert all(p.grad is not UNREACHED for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is UNREACHED for p in model.parameters())


def test_calls_are_nested_as_the_modules_are() -> None:
    model = MLP(2, [3, 1], rng=0)
    x = [Value(0.5), Value(-1.0)]
    out = model(x)
    layer = model.layers[1]
    assert isinstance(layer, Layer)
    modules = []
    call = out.call
    while call is not None:
        modules.append(call.module)
        call = call.inner
    assert modules == [model, layer, layer.neurons[0]]
    assert list(out.call.inputs) == x
    assert len(out.call.inner.inputs) == 3


def test_members_of_a_call_lie_between_its_inputs_and_what_it_returned() -> None:
    model = MLP(2, [3, 1], rng=0)
    out = model([Value(0.5), Value(-1.0)])
    inner = out.call.inner
    members = set()
    waiting = [out]
    while waiting:
        node = waiting.pop()
        if node.gate is not None and node not in inner.inputs and node not in members:
            members.add(node)
            waiting += node.parents
    assert [node.gate.name for node in members] == ["affine"]


def test_a_node_that_is_only_passed_through_keeps_the_call_that_made_it() -> None:
    model = Sequential(Layer(2, 2, rng=0), Activation("identity"))
    out = model([1.0, 2.0])
    assert out[0].call.module is model
    assert out[0].call.inner.module is model.layers[0]


def test_softmax_belongs_to_the_layer_and_not_to_a_neuron() -> None:
    layer = Layer(2, 3, "softmax", rng=0)
    out = layer([1.0, 2.0])
    assert [a.call.module for a in out] == [layer] * 3
    assert [a.call.inner for a in out] == [None] * 3
    affine = [n for n in topological_order(*out) if n.gate is not None and n.gate.name == "affine"]
    assert [n.call.module for n in affine if n.call] == layer.neurons


def test_arrays_nested_lists_and_numpy_numbers_are_taken() -> None:
    layer = Layer(2, 1, init="zeros")
    layer.neurons[0].w[0].data = 2.0
    for x in ([1, 2], (1.0, 2.0), np.array([1, 2]), [np.float32(1), np.int64(2)]):
        assert layer(x).data == 2.0


def test_labels_name_neuron_and_input() -> None:
    assert [p.label for p in Neuron(2).parameters()] == ["w0", "w1", "b"]
    assert [p.label for p in Layer(2, 1).parameters()] == ["w[0,0]", "w[0,1]", "b[0]"]
    assert MLP(1, [1, 1]).parameters()[-1].label == "b2[0]"


def test_forward_must_be_defined() -> None:
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define forward"):
        Empty()(1.0)


def test_summary_counts_a_shared_layer_once() -> None:
    layer = Layer(2, 2, "tanh")
    table = Sequential(layer, layer, LayerNorm(2), Layer(2, 3)).summary()
    assert table.total == 6 + 4 + 9
    assert [row.parameters for row in table.rows] == [6, 0, 4, 9]
    assert [row.output for row in table.rows] == [(2,), (2,), (2,), (3,)]


@pytest.mark.parametrize("activation", ["relu", "leaky_relu(0.2)", "softmax", None])
def test_networks_pickle_and_copy(activation: str | None) -> None:
    model = Sequential(Layer(2, 3, activation, rng=0), LayerNorm(3), Layer(3, 1, rng=1))
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert again([1.0, 2.0]).data == model([1.0, 2.0]).data
        assert not set(again.parameters()) & set(model.parameters())
