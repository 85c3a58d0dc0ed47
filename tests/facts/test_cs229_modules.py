"""CS229, section 7.3: residual blocks, layer normalisation, convolutions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import Value
from nn import Conv1D, Conv2D, Layer, LayerNorm, Residual, Sequential

Array = np.ndarray


def data_of(nested: object) -> object:
    return [data_of(part) for part in nested] if isinstance(nested, list) else nested.data  # type: ignore[attr-defined]


def test_7_38_residual_block() -> None:
    """Res(z) = z + σ(MM(σ(MM(z))))."""
    block = Residual(Layer(3, 3, "relu", rng=0), Layer(3, 3, "relu", rng=1))
    W1, b1, W2, b2 = block.state_dict().values()
    z = np.array([0.5, -1.0, 2.0])
    expected = z + np.maximum(W2 @ np.maximum(W1 @ z + b1, 0) + b2, 0)
    np.testing.assert_allclose(data_of(block(z)), expected, rtol=1e-12)


def test_7_39_resnet_s() -> None:
    """ResNet-S(x) = MM(Res(Res(...Res(x))))."""

    def block(k: int) -> Residual:
        return Residual(Layer(3, 3, "relu", rng=2 * k), Layer(3, 3, "relu", rng=2 * k + 1))

    model = Sequential(*map(block, range(3)), Layer(3, 1, rng=9))
    x = out = [0.5, -1.0, 2.0]
    for layer in model.layers:
        out = layer(out)
    assert model(x).data == out.data  # type: ignore[attr-defined]
    assert len(model.parameters()) == 3 * 2 * (3 * 3 + 3) + 4


def test_7_40_ln_s_divides_by_m() -> None:
    z = np.array([1.0, 2.0, 4.0, 9.0])
    out = LayerNorm(4, eps=0.0, affine=False)(z)
    expected = (z - z.mean()) / np.sqrt(((z - z.mean()) ** 2).mean())
    np.testing.assert_allclose(data_of(out), expected, rtol=1e-12)


def test_7_41_layer_norm_scales_and_shifts() -> None:
    norm = LayerNorm(3, eps=0.0)
    norm.load_state_dict({"weight": [2.0, 2.0, 2.0], "bias": [0.5, 0.5, 0.5]})
    plain = data_of(LayerNorm(3, eps=0.0, affine=False)([1.0, 5.0, 3.0]))
    out = data_of(norm([1.0, 5.0, 3.0]))
    np.testing.assert_allclose(out, 0.5 + 2.0 * np.array(plain), rtol=1e-12)


def test_7_41_mean_and_deviation_are_functions_of_z_when_differentiating() -> None:
    """The Jacobian of LN-S is (I - 1/m - ẑẑᵀ/m) / σ̂, not I/σ̂."""
    z = [Value(t) for t in (1.0, 2.0, 4.0, 9.0)]
    out = LayerNorm(4, eps=0.0, affine=False)(z)
    numbers = np.array([t.data for t in z])
    deviation = numbers.std()
    hat = (numbers - numbers.mean()) / deviation
    expected = (np.eye(4) - 1 / 4 - np.outer(hat, hat) / 4) / deviation
    for node, row in zip(out, expected, strict=True):
        for t in z:
            t.grad = 0.0
        node.backward()
        np.testing.assert_allclose([t.grad for t in z], row, rtol=1e-9, atol=1e-14)


def subnetwork(
    eps: float, seed: int, n: int, m: int
) -> tuple[Sequential, Layer, list[float], list[float]]:
    rng = np.random.default_rng(seed)
    layer = Layer(n, m, rng=seed)
    for neuron in layer.neurons:
        neuron.b.data = float(rng.normal())
    return (
        Sequential(layer, LayerNorm(m, eps=eps)),
        layer,
        rng.normal(size=n).tolist(),
        rng.normal(size=m).tolist(),
    )


@given(
    n=st.integers(1, 5),
    m=st.integers(2, 5),
    alpha=st.floats(1e-3, 1e3),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=50)
def test_7_42_7_47_scale_invariance(n: int, m: int, alpha: float, seed: int) -> None:
    """LN(MM_{αW,αb}(z)) = LN(MM_{W,b}(z)) for α > 0, and so the gradient is orthogonal to (W, b):
    moving along (W, b) changes nothing."""
    model, layer, z, v = subnetwork(0.0, seed, n, m)
    out = model(z)
    before = data_of(out)
    J = sum(c * a for c, a in zip(v, out, strict=True))
    assert isinstance(J, Value)
    J.backward()
    theta = np.array([p.data for p in layer.parameters()])
    gradient = np.array([p.grad for p in layer.parameters()])
    size = np.abs(theta * gradient).sum()
    assert abs(theta @ gradient) <= 1e-9 * max(size, 1e-12) + 1e-12
    for p in layer.parameters():
        p.data *= alpha
    np.testing.assert_allclose(data_of(model(z)), before, rtol=1e-7, atol=1e-9)


def test_7_42_holds_approximately_with_epsilon() -> None:
    model, layer, z, _ = subnetwork(1e-5, 3, 4, 5)
    before = data_of(model(z))
    for p in layer.parameters():
        p.data *= 3.0
    np.testing.assert_allclose(data_of(model(z)), before, atol=1e-4)


def banded(w: Array, m: int) -> Array:
    """Q of (7.49): each row holds w, one place further to the right."""
    Q, ell = np.zeros((m, m)), len(w) // 2
    for i, j in itertools.product(range(m), range(len(w))):
        if 0 <= i - ell + j < m:
            Q[i, i - ell + j] = w[j]
    return Q


@given(m=st.integers(1, 8), k=st.sampled_from([1, 3, 5]), seed=st.integers(0, 10**6))
@settings(max_examples=30)
def test_7_48_7_49_conv1d_s_is_a_banded_matrix(m: int, k: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    conv = Conv1D(1, 1, k, rng=seed)
    conv.bias[0].data = 0.3
    z = [Value(t) for t in rng.normal(size=m)]
    out = conv(z)
    w = np.array([p.data for p in conv.parameters()[:k]])
    Q, numbers = banded(w, m), np.array([t.data for t in z])
    np.testing.assert_allclose(data_of(out), Q @ numbers + 0.3, rtol=1e-9, atol=1e-12)
    v = rng.normal(size=m)
    J = sum(c * a for c, a in zip(v, out, strict=True))
    assert isinstance(J, Value)
    J.backward()
    np.testing.assert_allclose([t.grad for t in z], Q.T @ v, rtol=1e-9, atol=1e-12)
    dQ = np.outer(v, numbers)  # the shared weight w_j collects a diagonal of dQ
    dw = [np.trace(dQ, offset=j - k // 2) for j in range(k)]
    np.testing.assert_allclose([p.grad for p in conv.parameters()[:k]], dw, rtol=1e-9, atol=1e-12)
    assert conv.bias[0].grad == pytest.approx(v.sum())


def test_7_50_conv1d_adds_up_its_input_channels() -> None:
    """Conv1D(z)_i = Σ_j Conv1D-S_{i,j}(z_j), with k C C' weights."""
    C, C_out, k, m = 3, 2, 3, 5
    conv = Conv1D(C, C_out, k, rng=0)
    assert len(conv.parameters()) == k * C * C_out + C_out
    z = np.random.default_rng(0).normal(size=(C, m))
    weight = conv.state_dict()["weight"]
    expected = [sum(banded(weight[i, j], m) @ z[j] for j in range(C)) for i in range(C_out)]
    np.testing.assert_allclose(data_of(conv(z)), expected, rtol=1e-12)


def test_7_51_conv2d_adds_up_its_input_channels() -> None:
    from scipy.signal import correlate2d

    conv = Conv2D(2, 3, 3, rng=0)
    z = np.random.default_rng(0).normal(size=(2, 4, 5))
    weight = conv.state_dict()["weight"]
    assert weight.shape == (3, 2, 3, 3)
    expected = [sum(correlate2d(z[j], weight[i, j], "same") for j in range(2)) for i in range(3)]
    np.testing.assert_allclose(data_of(conv(z)), expected, rtol=1e-12, atol=1e-15)
