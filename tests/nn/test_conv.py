"""Convolutions: shapes, strides, padding, PyTorch."""

import numpy as np
import pytest

from nn import Conv1D, Conv2D, Flatten, Layer, Sequential, softmax, to_torch
from tests.oracles import oracle


def data_of(nested: object) -> object:
    return [data_of(part) for part in nested] if isinstance(nested, list) else nested.data  # type: ignore[attr-defined]


@pytest.mark.torch
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["same", 0, 2])
def test_conv1d_equals_pytorch(stride: int, padding: int | str) -> None:
    torch = oracle("torch")
    conv = Conv1D(2, 3, 5, "tanh", stride=stride, padding=padding, rng=0)
    for index, bias in enumerate(conv.bias):
        bias.data = 0.1 * index
    z = np.random.default_rng(0).normal(size=(2, 9))
    out = conv(z.tolist())
    theirs = to_torch(conv)(torch.tensor(z)[None])[0]
    np.testing.assert_allclose(data_of(out), theirs.detach().numpy(), rtol=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize(("window", "stride"), [(3, 1), ((3, 5), 1), (3, 2)])
def test_conv2d_equals_pytorch_with_gradients(window: int, stride: int) -> None:
    torch = oracle("torch")
    conv = Conv2D(2, 3, window, stride=stride, rng=0)
    z = np.random.default_rng(0).normal(size=(2, 5, 6))
    out = conv(z.tolist())
    network = to_torch(conv)
    theirs = network(torch.tensor(z)[None])[0]
    np.testing.assert_allclose(data_of(out), theirs.detach().numpy(), rtol=1e-12, atol=1e-15)
    total = sum(a * a for channel in out for row in channel for a in row)
    total.backward()
    (theirs**2).sum().backward()
    ours = [p.grad for p in conv.parameters()]
    expected = [*network.weight.grad.flatten().tolist(), *network.bias.grad.tolist()]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)


def test_parameters_are_all_weights_then_all_biases() -> None:
    conv = Conv1D(2, 3, 5)
    assert len(conv.parameters()) == 2 * 3 * 5 + 3
    assert conv.parameters()[-3:] == conv.bias
    assert conv.parameters()[1].label == "w[0,0,1]"


def test_flat_in_flat_out_with_one_channel_nested_otherwise() -> None:
    assert np.shape(data_of(Conv1D(1, 1, 3)([1.0, 2.0, 3.0]))) == (3,)
    assert np.shape(data_of(Conv1D(1, 2, 3)([1.0, 2.0, 3.0]))) == (2, 3)
    assert np.shape(data_of(Conv1D(1, 1, 3)([[1.0, 2.0, 3.0]]))) == (1, 3)
    assert np.shape(data_of(Conv2D(1, 1, 3)([[1.0, 2.0], [3.0, 4.0]]))) == (2, 2)


def test_even_windows_keep_the_length_too() -> None:
    assert len(Conv1D(1, 1, 4)([1.0] * 7)) == 7


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="expects 2 channels, got 3"):
        Conv1D(2, 1, 3)([[1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match=r"channel 1 has shape \(1,\), expected \(2,\)"):
        Conv1D(2, 1, 3)([[1.0, 2.0], [3.0]])
    with pytest.raises(ValueError, match="does not fit into 2 elements"):
        Conv1D(1, 1, 3, padding=0)([1.0, 2.0])
    with pytest.raises(ValueError, match="expects 1 channels, got 2"):
        Conv2D(1, 1, 3)([[[1.0]], [[2.0]]])
    with pytest.raises(ValueError, match="kernel_size: expected 2 numbers"):
        Conv2D(1, 1, (3, 3, 3))
    with pytest.raises(ValueError, match="padding is 'same'"):
        Conv1D(1, 1, 3, padding="valid")
    with pytest.raises(ValueError, match="softmax is no activation for a convolution"):
        Conv1D(1, 1, 3, softmax)


def test_a_convolutional_network_classifies() -> None:
    model = Sequential(Conv2D(1, 2, 3, "relu", rng=0), Flatten(), Layer(2 * 4 * 4, 3, rng=1))
    out = model([[[0.5] * 4] * 4])
    assert len(out) == 3
    assert [row.output for row in model.summary([[[0.5] * 4] * 4]).rows] == [(2, 4, 4), (32,), (3,)]
