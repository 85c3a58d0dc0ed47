"""diagnose finds what was broken on purpose, and nothing in a healthy network."""

import random

import pytest

from autodiff import Value, jacobian
from nn import (
    MLP,
    Activation,
    Layer,
    LayerNorm,
    Module,
    Positionwise,
    Residual,
    Sequential,
    diagnose,
)

RNG = random.Random(0)
X = [[RNG.gauss(0, 1), RNG.gauss(0, 1)] for _ in range(40)]
Y = [1.0 if a * b > 0 else -1.0 for a, b in X]


def findings(model: Module, X: list[list[float]] = X, loss: str = "squared_error") -> str:
    return "\n".join(map(str, diagnose(model, X, Y, loss).findings))


def test_a_fresh_network_is_healthy() -> None:
    report = diagnose(MLP(2, [16, 16, 1], rng=0), X, Y, "hinge")
    assert report.ok, report
    assert str(report).endswith("nothing wrong was found")
    assert [layer.units for layer in report.layers] == [16, 16, 0]
    assert report.loss[0] == "hinge"


def test_dead_relus_are_found_by_number() -> None:
    model = MLP(2, [6, 1], rng=0)
    for j in (1, 4):
        model.layers[0].neurons[j].b.data = -100.0
    report = diagnose(model, X, Y)
    assert report.layers[0].dead == [1, 4]
    assert "2 of the 6 units" in report.findings[0].what
    assert "leaky_relu" in report.findings[0].remedy


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus(50)"])
def test_saturated_units_are_found_whatever_the_activation(activation: str) -> None:
    model = MLP(2, [5, 1], activation, rng=0)
    model.layers[0].neurons[2].b.data = -100.0
    report = diagnose(model, X, Y)
    assert 2 in [*report.layers[0].saturated, *report.layers[0].dead]
    assert "unit" in report.findings[0].what


def test_slopes_are_the_derivative_of_the_activation() -> None:
    """Against the Jacobian of the activation alone, for a function of several gates."""

    def wave(z: Value) -> Value:
        return (z * 2).sin() * 0.5 + z.tanh() * z

    layer = Layer(2, 3, wave, rng=1)
    (health,) = diagnose(Sequential(layer), X[:5]).layers
    for x, slopes in zip(X[:5], health.slopes, strict=True):
        z = [n.data for n in Sequential(_linear(layer))(x)]
        assert slopes == pytest.approx([jacobian(wave)(number)[0] for number in z])


def _linear(layer: Layer) -> Layer:
    twin = Layer(layer.nin, layer.nout)
    for old, new in zip(layer.parameters(), twin.parameters(), strict=True):
        new.data = old.data
    return twin


def test_an_activation_of_its_own_is_judged_like_one_in_a_layer() -> None:
    fused = Sequential(Layer(2, 4, "relu", rng=3), Layer(4, 1, rng=4))
    apart = Sequential(Layer(2, 4, rng=3), Activation("relu"), Layer(4, 1, rng=4))
    slopes = [
        next(layer.slopes for layer in diagnose(model, X, Y).layers if layer.units)
        for model in (fused, apart)
    ]
    assert slopes[0] == slopes[1]


def test_activations_behind_other_modules_are_found() -> None:
    model = Sequential(Layer(2, 4), LayerNorm(4), Residual(Layer(4, 4, "tanh")), Activation("gelu"))
    units = [layer.units for layer in diagnose(model, X).layers]
    assert units == [0, 0, 4, 4]


def test_a_layer_at_several_positions_has_its_units_once() -> None:
    layer = Layer(2, 3, "relu", rng=0)
    alone, shared = (
        diagnose(model, rows).layers[0]
        for model, rows in ((layer, X[:6]), (Positionwise(layer), [X[:3], X[3:6]]))
    )
    assert shared.units == 3
    assert shared.slopes == alone.slopes


def test_parameters_that_no_gradient_reaches_are_named() -> None:
    model = MLP(2, [3, 1], rng=0)
    model.forgotten = Layer(2, 1)  # type: ignore[attr-defined]
    assert "forgotten.weight[0,0]" in findings(model)
    assert "the loss does not depend on them" in findings(model)


def test_a_network_that_cannot_move_is_told_apart_from_one_that_is_finished() -> None:
    model = MLP(2, [3, 1], rng=0)
    for neuron in model.layers[0].neurons:
        neuron.b.data = -100.0
    for parameter in model.layers[1].parameters():
        parameter.data = 0.0
    report = diagnose(model, X, [0.0] * len(X))
    assert "every gradient is exactly 0" in str(report)


def test_gradients_that_vanish_and_explode() -> None:
    deep = MLP(2, [8] * 8 + [1], "sigmoid", rng=0)
    assert "gradients vanish" in findings(deep)
    wild = MLP(2, [4, 4, 1], rng=0)
    for w in wild.layers[0].parameters():
        w.data *= 1e-5
    for w in wild.layers[1].parameters():
        w.data *= 1e5
    assert "gradients explode" in findings(wild)


def test_inputs_of_different_size_get_the_standardise_remedy() -> None:
    """Note 003: inputs a thousand times as large make gradients a thousand times as large."""
    assert "standardise" in findings(MLP(2, [3, 1], rng=0), [[1000 * a, b] for a, b in X])


def test_parameters_and_gradients_are_left_alone() -> None:
    model = MLP(2, [3, 1], rng=0)
    before = [(p.data, repr(p)) for p in model.parameters()]
    diagnose(model, X, Y)
    assert [(p.data, repr(p)) for p in model.parameters()] == before


def test_only_so_many_examples_are_looked_at() -> None:
    assert diagnose(MLP(2, [2, 1]), X * 30, Y * 30, most=50).examples == 50


def test_bad_data_are_refused() -> None:
    model = MLP(2, [3, 1])
    with pytest.raises(ValueError, match="X has 40 rows but Y has 2"):
        diagnose(model, X, [1, 2])
    with pytest.raises(ValueError, match="expects 2 inputs, got 3"):
        diagnose(model, [[1, 2, 3]])


def test_labels_are_taken_as_fit_takes_them() -> None:
    model = MLP(2, [3, 1], rng=0)
    names = ["high" if y > 0 else "low" for y in Y]
    codes = diagnose(model, X, [int(y > 0) for y in Y], "logistic")
    model.classes = ("low", "high")
    assert diagnose(model, X, names, "logistic").loss == codes.loss


def test_several_outputs_and_one_target_need_the_loss() -> None:
    model = MLP(2, [4, 3], rng=0)
    labels = [k % 3 for k in range(len(X))]
    with pytest.raises(ValueError, match=r"3 outputs and y one target a row, .*give the loss"):
        diagnose(model, X, labels)
    assert diagnose(model, X, labels, "softmax_cross_entropy").loss[0] == "softmax cross entropy"
