"""Note 002: the four equations of backpropagation, for any differentiable loss."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import Value
from nn import MLP, Activation, Sequential, losses

Array = np.ndarray
SIGMA: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
}


def quartic(output: list[Value] | Value, target: list[float] | float) -> Value:
    """A loss that no library has: Σ (a - y)⁴."""
    pairs = zip(output, target, strict=True) if isinstance(output, list) else [(output, target)]
    total = sum((a - y) ** 4 for a, y in pairs)  # type: ignore[operator]
    assert isinstance(total, Value)
    return total


LOSSES = {
    losses.squared_error: lambda a, y: a - y,  # ∂/∂a of ½‖a - y‖²
    losses.mean_squared_error: lambda a, y: 2 * (a - y) / len(a),
    quartic: lambda a, y: 4 * (a - y) ** 3,
}


@given(
    widths=st.lists(st.integers(1, 5), min_size=2, max_size=4),
    name=st.sampled_from(sorted(SIGMA)),
    loss=st.sampled_from(list(LOSSES)),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=40)
def test_the_four_equations(
    widths: list[int], name: str, loss: Callable[..., Value], seed: int
) -> None:
    """δ_L = ∂J/∂a_L ∘ σ'(z_L); δ_l = (W_{l+1}ᵀ δ_{l+1}) ∘ σ'(z_l); ∂J/∂W_l = δ_l a_{l-1}ᵀ;
    ∂J/∂b_l = δ_l. Here one example is a column, so W is [nout, nin]."""
    rng = np.random.default_rng(seed)
    layers = MLP(widths[0], widths[1:], name, rng=seed).layers
    model = Sequential(*layers, Activation(name))
    x, y = rng.normal(size=widths[0]), rng.normal(size=widths[-1])
    target = y.tolist() if len(y) > 1 else y[0]
    loss(model(x.tolist()), target).backward()

    arrays = list(model.state_dict().values())
    weights, biases = arrays[::2], arrays[1::2]
    sigma, slope = SIGMA[name]
    a = [x]
    for W, b in zip(weights, biases, strict=True):
        a.append(sigma(W @ a[-1] + b))
    grads = [
        np.vectorize(lambda v: v.grad)(np.array(array, dtype=object))
        for array in model.named_arrays().values()
    ]
    delta = LOSSES[loss](a[-1], y) * slope(a[-1])
    for l in reversed(range(len(weights))):  # noqa: E741
        np.testing.assert_allclose(grads[2 * l], np.outer(delta, a[l]), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(grads[2 * l + 1], delta, rtol=1e-9, atol=1e-12)
        if l:
            delta = (weights[l].T @ delta) * slope(a[l])


def test_output_delta_of_half_the_squared_distance() -> None:
    """δ_L = (a_L - y) ∘ σ'(z_L)."""
    z = [Value(0.4), Value(-1.0)]
    a = [t.sigmoid() for t in z]
    losses.squared_error(a, [1.0, 0.0]).backward()
    expected = [(p.data - y) * p.data * (1 - p.data) for p, y in zip(a, (1.0, 0.0), strict=True)]
    assert [t.grad for t in z] == pytest.approx(expected, rel=1e-12)
