"""Note 004: a layer's derivatives element by element, summed over the examples."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import Value
from nn import Layer


@given(
    nin=st.integers(1, 5), nout=st.integers(2, 5), m=st.integers(1, 5), seed=st.integers(0, 10**6)
)
@settings(max_examples=30)
def test_a_layers_gradients_in_matrix_form(nin: int, nout: int, m: int, seed: int) -> None:
    """∂L/∂A^(l-1) = ∂L/∂Z Wᵀ; ∂L/∂W = A^(l-1)ᵀ ∂L/∂Z; ∂L/∂b = (1ᵀ ∂L/∂Z)ᵀ, with L a sum over
    the m examples and W^(l) = (w_1, ..., w_n) of columns."""
    rng = np.random.default_rng(seed)
    layer = Layer(nin, nout, rng=seed)
    A = [[Value(a) for a in row] for row in rng.normal(size=(m, nin))]
    upstream = rng.normal(size=(m, nout))  # any ∂L/∂Z
    Z = [layer(row) for row in A]
    L = sum(u * z for us, zs in zip(upstream, Z, strict=True) for u, z in zip(us, zs, strict=True))
    assert isinstance(L, Value)
    L.backward()

    state = layer.state_dict()
    W = state["weight"].T
    numbers = np.array([[a.data for a in row] for row in A])
    np.testing.assert_allclose(
        [[z.data for z in row] for row in Z], numbers @ W + state["bias"], rtol=1e-12, atol=1e-12
    )
    dA = [[a.grad for a in row] for row in A]
    np.testing.assert_allclose(dA, upstream @ W.T, rtol=1e-9, atol=1e-12)
    dW = [[w.grad for w in neuron.w] for neuron in layer.neurons]
    np.testing.assert_allclose(np.transpose(dW), numbers.T @ upstream, rtol=1e-9, atol=1e-12)
    db = [neuron.b.grad for neuron in layer.neurons]
    np.testing.assert_allclose(db, np.ones(m) @ upstream, rtol=1e-9, atol=1e-12)
