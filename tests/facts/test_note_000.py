"""Note 000: from a chain of single neurons to layers, K classes and E examples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import Value
from nn import MLP, Activation, Neuron, Sequential, losses

Array = np.ndarray


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def mlp_of_sigmoids(widths: list[int], rng: int) -> Sequential:
    """Note 000's network: a sigmoid after every layer, the last one included."""
    return Sequential(*MLP(widths[0], widths[1:], "sigmoid", rng=rng).layers, Activation("sigmoid"))


def weights_of(model: Sequential) -> list[tuple[Array, Array]]:
    """(W, b) of each layer as note 000 writes them: Z = A·W + 1·bᵀ, so W is [nin, nout]."""
    arrays = list(model.state_dict().values())
    return [(W.T, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True)]


def gradients_of(model: Sequential) -> list[tuple[Array, Array]]:
    named = model.named_arrays()
    arrays = [np.vectorize(lambda v: v.grad)(np.array(a, dtype=object)) for a in named.values()]
    return [(W.T, b) for W, b in zip(arrays[::2], arrays[1::2], strict=True)]


def test_one_neuron_one_example_a_chain_worked() -> None:
    """dL/dz_L = a_L - y, dz_{l+1}/dz_l = w_{l+1} a_l (1 - a_l), dL/dw_l = dL/dz_l a_{l-1}."""
    neurons = [Neuron(1) for _ in range(3)]
    for neuron, w, b in zip(neurons, (0.8, -1.2, 1.5), (0.1, 0.2, -0.3), strict=True):
        neuron.w[0].data, neuron.b.data = w, b
    z, a = [], Value(0.5)
    for neuron in neurons:
        z.append(neuron([a]))
        a = z[-1].sigmoid()
    loss = losses.cross_entropy(a, 1)
    loss.backward()
    assert a.data == pytest.approx(0.5621415655339173, rel=1e-12)
    assert loss.data == pytest.approx(0.5760015648410842, rel=1e-12)
    dz = [node.grad for node in z]
    expected = [0.04300683822287005, -0.15250410947401427, -0.4378584344660828]
    assert dz == pytest.approx(expected, rel=1e-12)
    dw = [neuron.w[0].grad for neuron in neurons]
    expected = [0.021503419111435024, -0.09492760598872935, -0.1605066610098819]
    assert dw == pytest.approx(expected, rel=1e-12)
    assert [neuron.b.grad for neuron in neurons] == dz  # dL/db_l = dL/dz_l
    assert dz[2] == pytest.approx(a.data - 1, rel=1e-12)  # a_L - y
    for l in (0, 1):  # noqa: E741
        a_l = 1 / (1 + math.exp(-z[l].data))
        step = neurons[l + 1].w[0].data * a_l * (1 - a_l)
        assert dz[l] == pytest.approx(dz[l + 1] * step, rel=1e-12)


def test_cross_entropy_of_k_classes_and_its_gradient_at_z() -> None:
    """Σ_k -y_k ln a_k - (1 - y_k) ln(1 - a_k), and dL/dz_L = a_L - y."""
    z = [Value(t) for t in (0.3, -1.2, 2.0, 0.1)]
    y = [0.0, 1.0, 0.0, 0.0]
    a = [t.sigmoid() for t in z]
    loss = losses.cross_entropy(a, y)
    loss.backward()
    p = np.array([v.data for v in a])
    expected = (-np.array(y) * np.log(p) - (1 - np.array(y)) * np.log(1 - p)).sum()
    assert loss.data == pytest.approx(expected, rel=1e-12)
    assert [t.grad for t in z] == pytest.approx(list(p - y), rel=1e-12)


@given(
    widths=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    examples=st.integers(1, 6),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=30)
def test_matrix_form_for_e_examples_and_k_classes(
    widths: list[int], examples: int, seed: int
) -> None:
    """dL/dZ_L = (A_L - Y)/E; dL/dA_{l-1} = dL/dZ_l W_lᵀ; dL/dZ_{l-1} = dL/dA_{l-1} ∘ A ∘ (1 - A);
    dL/dW_l = A_{l-1}ᵀ dL/dZ_l; dL/db_l = 1ᵀ dL/dZ_l."""
    rng = np.random.default_rng(seed)
    model = mlp_of_sigmoids(widths, seed)
    X = rng.normal(size=(examples, widths[0]))
    Y = np.eye(widths[-1])[rng.integers(widths[-1], size=examples)]
    J = losses.cost(model, X.tolist(), Y.tolist(), losses.cross_entropy)
    J.backward()

    layers = weights_of(model)
    A = [X]
    for W, b in layers:
        A.append(sigmoid(A[-1] @ W + b))
    loss = (-Y * np.log(A[-1]) - (1 - Y) * np.log(1 - A[-1])).sum() / examples
    assert J.data == pytest.approx(loss, rel=1e-12)
    dZ = (A[-1] - Y) / examples
    for (W, _), (dW, db), below in zip(
        reversed(layers), reversed(gradients_of(model)), reversed(A[:-1]), strict=True
    ):
        np.testing.assert_allclose(dW, below.T @ dZ, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(db, np.ones(examples) @ dZ, rtol=1e-9, atol=1e-12)
        dA = dZ @ W.T
        dZ = dA * below * (1 - below)


def test_mean_over_examples_is_the_sum_divided_by_e() -> None:
    """Note 000 averages, note 004 sums."""
    model = mlp_of_sigmoids([2, 3, 2], 0)
    X, Y = [[0.5, 1.0], [-1.0, 2.0], [0.0, 0.3]], [0, 1, 0]
    losses.cost(model, X, Y, losses.cross_entropy).backward()
    mean = [p.grad for p in model.parameters()]
    model.zero_grad()
    losses.cost(model, X, Y, losses.cross_entropy, reduction="sum").backward()
    assert [p.grad / 3 for p in model.parameters()] == pytest.approx(mean, rel=1e-12)
