"""CS229, section 7.2: from one neuron to r layers."""

import numpy as np
import pytest

from autodiff import GATES, Value
from nn import MLP, Layer, Module, Neuron, Sequential

x4 = [2.1, 3.0, 0.7, -0.4]  # size, bedrooms, zip code, wealth


def test_7_11_one_relu_neuron_has_a_kink() -> None:
    neuron = Neuron(1, "relu")
    neuron.w[0].data, neuron.b.data = 2.0, -4.0
    assert [neuron([x]).data for x in (0.0, 1.0, 2.0, 3.0)] == [0.0, 0.0, 0.0, 2.0]


def test_7_12_one_neuron_with_many_inputs() -> None:
    neuron = Neuron(4, "relu", rng=0)
    expected = max(0.0, sum(w.data * x for w, x in zip(neuron.w, x4, strict=True)) + neuron.b.data)
    assert neuron(x4).data == pytest.approx(expected, rel=1e-12)


class HousePrice(Module):
    """The hand-wired network."""

    def __init__(self) -> None:
        self.family_size = Neuron(2, "relu", rng=1)
        self.walkability = Neuron(1, "relu", rng=2)
        self.school_quality = Neuron(2, "relu", rng=3)
        self.price = Neuron(3, rng=4)

    def forward(self, x: list[Value]) -> Value:
        size, bedrooms, zip_code, wealth = x
        family = self.family_size([size, bedrooms])
        walking = self.walkability([zip_code])
        school = self.school_quality([zip_code, wealth])
        price: Value = self.price([family, walking, school])
        return price


def test_7_13_the_hand_wired_house_price_network_has_12_parameters() -> None:
    model = HousePrice()
    theta = [p.data for p in model.parameters()]
    assert len(theta) == 12
    assert list(model.state_dict())[:2] == ["family_size.w", "family_size.b"]
    a1 = max(0, theta[0] * x4[0] + theta[1] * x4[1] + theta[2])
    a2 = max(0, theta[3] * x4[2] + theta[4])
    a3 = max(0, theta[5] * x4[2] + theta[6] * x4[3] + theta[7])
    expected = theta[8] * a1 + theta[9] * a2 + theta[10] * a3 + theta[11]
    assert model(x4).data == pytest.approx(expected, rel=1e-12)


def test_7_14_7_19_two_layers_written_out_and_vectorised() -> None:
    """z = W^[1] x + b^[1]; a = ReLU(z); h = W^[2] a + b^[2]."""
    model = MLP(4, [5, 1], rng=0)
    W1, b1, W2, b2 = model.state_dict().values()
    assert W1.shape == (5, 4)
    expected = W2 @ np.maximum(W1 @ np.array(x4) + b1, 0) + b2
    assert model(x4).data == pytest.approx(expected[0], rel=1e-12)


@pytest.mark.parametrize("widths", [[5, 1], [7, 3], [4, 4, 4, 2], [16, 16, 1]])
def test_7_20_7_23_parameter_count_of_r_layers(widths: list[int]) -> None:
    """(d + 1) m_1 + (m_1 + 1) m_2 + ..."""
    d = 3
    expected = sum((a + 1) * b for a, b in zip([d, *widths], widths, strict=False))
    assert len(MLP(d, widths).parameters()) == expected


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
        ("tanh", lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))),
        ("leaky_relu(0.1)", lambda z: np.maximum(z, 0.1 * z)),
        ("gelu", None),
        ("softplus(2)", lambda z: np.log(1 + np.exp(2 * z)) / 2),
    ],
)
def test_7_24_7_28_activations(name: str, formula: object) -> None:
    from scipy.special import erf

    formula = formula or (lambda z: z / 2 * (1 + erf(z / np.sqrt(2))))
    z = np.linspace(-3, 3, 13)
    layer = Layer(1, 1, name, init=lambda rng: 1.0)
    ours = [layer([t]).data for t in z]
    np.testing.assert_allclose(ours, formula(z), rtol=1e-12, atol=1e-15)  # type: ignore[operator]


def test_7_29_7_33_without_activations_two_layers_are_one_linear_map() -> None:
    model = MLP(3, [5, 2], None, rng=0)
    W1, b1, W2, b2 = model.state_dict().values()
    together = Layer(3, 2)
    together.load_state_dict({"weight": W2 @ W1, "bias": W2 @ b1 + b2})
    x = [0.3, -1.0, 2.0]
    assert [a.data for a in model(x)] == pytest.approx([a.data for a in together(x)], rel=1e-12)


def test_7_34_the_last_hidden_layer_is_a_feature_map() -> None:
    """h(x) = W^[r] φ_β(x) + b^[r]."""
    model = MLP(3, [5, 4, 2], "tanh", rng=0)
    phi, last = Sequential(*model.layers[:-1]), model.layers[-1]
    x = [0.3, -1.0, 2.0]
    features = phi(x)
    assert len(features) == 4
    assert [a.data for a in model(x)] == [a.data for a in last(features)]


def test_every_activation_of_7_24_to_7_28_is_a_gate() -> None:
    assert {"sigmoid", "tanh", "leaky_relu", "gelu", "softplus"} <= GATES.keys()
