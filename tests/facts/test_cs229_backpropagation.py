"""CS229, section 7.4: backward functions, their cost, and the two conventions for batches."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import GATES, Row, Value, backward_steps, topological_order
from autodiff.functional import jacobian, vjp
from nn import MLP, Layer, LayerNorm, losses, softmax
from nn.module import flatten

Array = np.ndarray
ACTIVATIONS = ["sigmoid", "tanh", "relu", "leaky_relu", "gelu", "softplus"]


def numbers(n: int, seed: int) -> list[float]:
    return [float(t) for t in np.random.default_rng(seed).normal(size=n)]


@pytest.mark.parametrize("g", [softmax, LayerNorm(4), MLP(4, [5, 3], "tanh", rng=0)])
def test_7_53_7_59_backward_function_is_the_transposed_jacobian(g: object) -> None:
    """B[g, z](v)_i = Σ_j ∂g_j/∂z_i v_j."""
    z = numbers(4, 0)
    J = np.array(jacobian(lambda *zs: g(list(zs)))(*z))  # type: ignore[operator]
    v = numbers(len(J), 1)
    np.testing.assert_allclose(vjp(g, z, v), J.T @ v, rtol=1e-9, atol=1e-13)  # type: ignore[arg-type]


@given(alpha=st.floats(-10, 10), beta=st.floats(-10, 10), seed=st.integers(0, 10**6))
@settings(max_examples=50)
def test_7_58_backward_function_is_linear_in_v(alpha: float, beta: float, seed: int) -> None:
    g = MLP(3, [4, 3], "tanh", rng=0)
    z, u, v = numbers(3, seed), np.array(numbers(3, seed + 1)), np.array(numbers(3, seed + 2))
    together = vjp(g, z, (alpha * u + beta * v).tolist())
    apart = alpha * np.array(vjp(g, z, u.tolist())) + beta * np.array(vjp(g, z, v.tolist()))
    np.testing.assert_allclose(together, apart, rtol=1e-9, atol=1e-9)


def mm(W: list[list[Value]], z: list[Value], b: list[Value]) -> list[Value]:
    affine = GATES["affine"]
    return [affine(Row(row), Row(z), bias) for row, bias in zip(W, b, strict=True)]


W, z, b = [numbers(3, k) for k in range(2)], numbers(3, 7), numbers(2, 8)
v = numbers(2, 9)


def values(nested: list[float]) -> list[Value]:
    return [Value(t) for t in nested]


def test_7_62_7_63_matrix_product_with_respect_to_z() -> None:
    """B[MM, z](v) = Wᵀv."""
    back = vjp(lambda z: mm([values(row) for row in W], z, values(b)), z, v)
    np.testing.assert_allclose(back, np.transpose(W) @ v, rtol=1e-12)


def test_7_64_7_65_matrix_product_with_respect_to_w() -> None:
    """B[MM, W](v) = v zᵀ."""
    back = vjp(lambda W: mm(W, values(z), values(b)), W, v)
    np.testing.assert_allclose(back, np.outer(v, z), rtol=1e-12)


def test_7_66_matrix_product_with_respect_to_b() -> None:
    """B[MM, b](v) = v."""
    back = vjp(lambda b: mm([values(row) for row in W], values(z), b), b, v)
    assert back == v


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_7_67_7_69_activation(name: str) -> None:
    """B[σ, z](v) = σ'(z) ∘ v."""
    gate = GATES[name]
    z, v = numbers(5, 0), numbers(5, 1)
    slopes = []
    for t in z:
        node = Value(t)
        gate(node).backward()
        slopes.append(node.grad)
    back = vjp(lambda zs: [gate(t) for t in zs], z, v)
    np.testing.assert_allclose(back, np.array(slopes) * v, rtol=1e-12)
    h = 1e-6  # and σ' is the slope
    numeric = [(gate(t + h).data - gate(t - h).data) / (2 * h) for t in z]
    np.testing.assert_allclose(slopes, numeric, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("upstream", [1.0, -2.5])
def test_7_70_logistic_loss(upstream: float) -> None:
    """B[ℓ, t](v) = (σ(t) - y) v."""
    for t, y in ((0.3, 0), (-2.0, 1)):
        back = vjp(lambda t, y=y: losses.logistic(t, y), t, upstream)
        assert back == pytest.approx((1 / (1 + np.exp(-t)) - y) * upstream, rel=1e-12)


@pytest.mark.parametrize("upstream", [1.0, -2.5])
def test_7_71_cross_entropy_loss(upstream: float) -> None:
    """B[ℓ, t](v) = (φ - e_y) v."""
    t = numbers(4, 3)
    phi = np.exp(t) / np.exp(t).sum()
    back = vjp(lambda t: losses.softmax_cross_entropy(t, 2), t, upstream)
    np.testing.assert_allclose(back, (phi - np.eye(4)[2]) * upstream, rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 4, 16])
def test_theorem_7_4_1_one_multiplication_and_addition_per_wire(depth: int) -> None:
    """The backward pass does as many multiply-adds as the circuit has wires."""
    model = MLP(3, [4] * depth + [1], "tanh", rng=0)
    root = model(numbers(3, 0))
    wires = sum(len(node.parents) for node in topological_order(root))
    assert sum(len(step.parts) for step in backward_steps(root)) == wires


def test_remark_7_4_3_a_coarse_module_is_its_decomposition() -> None:
    """One affine gate, a dot product and an addition, or products and sums: the same numbers."""
    coarse = GATES["affine"]
    w, x, bias = values(numbers(4, 0)), values(numbers(4, 1)), Value(0.3)
    gradients = []
    for build in (
        lambda: coarse(w, x, bias),
        lambda: coarse.unfold(w, x, bias),
        lambda: sum((p * q for p, q in zip(w, x, strict=True)), start=Value(0.0)) + bias,
    ):
        for node in (*w, *x, bias):
            node.grad = 0.0
        out = build()
        out.backward()
        gradients.append([out.data, *(node.grad for node in (*w, *x, bias))])
    assert gradients[1] == pytest.approx(gradients[0], rel=1e-12)
    assert gradients[2] == pytest.approx(gradients[0], rel=1e-12)


def test_algorithm_3_mlp_backpropagation_layer_by_layer() -> None:
    """δ^[k] = σ'(z^[k]) ∘ (W^[k+1]ᵀ δ^[k+1]), ∂J/∂W^[k] = δ^[k] a^[k-1]ᵀ, ∂J/∂b^[k] = δ^[k]."""
    model = MLP(3, [4, 5, 1], "tanh", rng=0)
    x = numbers(3, 0)
    losses.logistic(model(x), 1).backward()
    arrays = list(model.state_dict().values())
    weights, biases = arrays[::2], arrays[1::2]
    a, zs = [np.array(x)], []
    for k, (W, b) in enumerate(zip(weights, biases, strict=True)):
        zs.append(W @ a[-1] + b)
        a.append(np.tanh(zs[-1]) if k < 2 else zs[-1])
    delta = 1 / (1 + np.exp(-zs[-1])) - 1
    for k in reversed(range(3)):
        layer = model.layers[k]
        assert isinstance(layer, Layer)
        dW = [[w.grad for w in neuron.w] for neuron in layer.neurons]
        np.testing.assert_allclose(dW, np.outer(delta, a[k]), rtol=1e-9, atol=1e-14)
        db = [neuron.b.grad for neuron in layer.neurons]
        np.testing.assert_allclose(db, delta, rtol=1e-9, atol=1e-14)
        if k:
            delta = (1 - np.tanh(zs[k - 1]) ** 2) * (weights[k].T @ delta)


def test_7_81_7_84_examples_as_rows_or_as_columns() -> None:
    """Z = X·Wᵀ + 1·bᵀ with examples as rows (ours) is the transpose of W·X + b·1ᵀ."""
    layer = Layer(3, 2, rng=0)
    layer.neurons[0].b.data = 0.7
    X = np.random.default_rng(0).normal(size=(5, 3))
    W, b = layer.state_dict().values()
    ours = np.array([[a.data for a in flatten(layer(x))] for x in X.tolist()])
    np.testing.assert_allclose(ours, X @ W.T + b, rtol=1e-12)  # b broadcast over the rows
    np.testing.assert_allclose(ours.T, W @ X.T + b[:, None], rtol=1e-12)
