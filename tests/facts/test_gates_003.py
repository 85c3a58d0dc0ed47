"""Source note 003: circuits with their forward values and gradients."""

from __future__ import annotations

from typing import Any

import pytest

from autodiff import GATES, Value, backward_steps, topological_order


def close(x: Any) -> Any:
    return pytest.approx(x, rel=1e-12)


def leaves(**numbers: float) -> list[Value]:
    return [Value(number, label) for label, number in numbers.items()]


def test_sum_times_z() -> None:
    """f = (x + y) · z at x = -2, y = 5, z = -4: q = 3, f = -12."""
    x, y, z = leaves(x=-2, y=5, z=-4)
    q = x + y
    f = q * z
    f.backward()
    assert (q.data, f.data) == (3.0, -12.0)
    assert (z.grad, q.grad, x.grad, y.grad) == (3.0, -4.0, -4.0, -4.0)


W, X = (2.0, -3.0, -3.0), (-1.0, -2.0)
NEURON = 0.7310585786300049
DX = (0.3932238664829637, -0.5898357997244456)
DW = (-0.19661193324148185, -0.3932238664829637, 0.19661193324148185)


@pytest.mark.parametrize("form", ["one gate", "primitive gates", "affine"])
def test_sigmoid_neuron(form: str) -> None:
    """σ(w0·x0 + w1·x1 + w2), with σ as one gate and as ·(-1), exp, +1, 1/x."""
    w0, w1, w2 = w = [Value(number) for number in W]
    x0, x1 = x = [Value(number) for number in X]
    dot = GATES["affine"](w[:2], x, w2) if form == "affine" else w0 * x0 + w1 * x1 + w2
    f = ((-dot).exp() + 1).reciprocal() if form == "primitive gates" else dot.sigmoid()
    f.backward()
    assert dot.data == 1.0
    assert f.data == close(NEURON)
    assert [v.grad for v in x] == close(DX)
    assert [v.grad for v in w] == close(DW)


def test_the_two_granularities_of_the_sigmoid_neuron() -> None:
    """Unfolding σ gives the four primitive gates of the note."""
    dot = Value(1.0)
    fine = GATES["sigmoid"].unfold(dot)
    names = [node.gate.name for node in topological_order(fine) if node.gate is not None]
    assert names == ["neg", "exp", "add", "reciprocal"]
    assert fine.data == close(NEURON)
    upstream = {
        step.node.gate.name: step.upstream for step in backward_steps(fine) if step.node.gate
    }
    # From the note's picture, right to left: 1, -1/1.37² = -0.53, -0.53, -0.53·0.37 = -0.20
    assert upstream["reciprocal"] == 1.0
    assert round(upstream["add"], 2) == -0.53
    assert round(upstream["exp"], 2) == -0.53
    assert round(upstream["neg"], 2) == -0.2


def test_the_misprint_of_note_003_shows_in_the_forward_pass_only() -> None:
    """`w[0]*x[1]` for w0·x0: dot is -1 instead of 1, and σ' is even, so the slope is the same."""
    meant, printed = Value(1.0), Value(-1.0)
    for dot in (meant, printed):
        dot.sigmoid().backward()
    assert printed.grad == close(meant.grad)
    assert round(printed.sigmoid().data, 4) == 0.2689
    assert round(meant.sigmoid().data, 4) == 0.7311


def test_patterns_in_backward_flow() -> None:
    """2·(x·y + max(z, w)) at 3, -4, 2, -1: add distributes, max routes, mul swaps."""
    x, y, z, w = leaves(x=3, y=-4, z=2, w=-1)
    f = 2 * (x * y + z.max(w))
    f.backward()
    assert f.data == -20.0
    assert (x.grad, y.grad, z.grad, w.grad) == (-8.0, 6.0, 2.0, 0.0)


def test_a_complex_expression() -> None:
    """(x + σ(y)) / (σ(x) + (x + y)²) at x = 3, y = -4."""
    x, y = leaves(x=3, y=-4)
    f = (x + y.sigmoid()) / (x.sigmoid() + (x + y) ** 2)
    f.backward()
    assert f.data == close(1.5456448841066441)
    assert (x.grad, y.grad) == (close(2.0595697955721652), close(1.5922327514838093))


def test_inputs_times_1000_make_the_gradients_of_the_weights_1000_times_larger() -> None:
    """Why preprocessing matters."""

    def gradients(scale: float) -> list[float]:
        w = [Value(number) for number in (0.5, -0.25)]
        GATES["dot"](w, [scale * 1.5, scale * 2.0]).backward()
        return [v.grad for v in w]

    assert gradients(1000.0) == [1000 * g for g in gradients(1.0)] == [1500.0, 2000.0]


def test_gradients_of_a_matrix_product() -> None:
    """D = W·X with W 5×10 and X 10×3: dW = dD·Xᵀ, dX = Wᵀ·dD."""
    import numpy as np

    rng = np.random.default_rng(3)
    w, x, dd = (rng.standard_normal(shape) for shape in ((5, 10), (10, 3), (5, 3)))
    as_values = np.vectorize(Value, otypes=[object])
    wv, xv = as_values(w), as_values(x)
    (wv @ xv * dd).sum().backward()
    gradient = np.vectorize(lambda v: v.grad)
    np.testing.assert_allclose(gradient(wv), dd @ x.T, rtol=1e-12)
    np.testing.assert_allclose(gradient(xv), w.T @ dd, rtol=1e-12)
