"""The circuits that the tests of the pictures share."""

from __future__ import annotations

from autodiff import Value
from nn import MLP


def values(**numbers: float) -> list[Value]:
    return [Value(number, label=name) for name, number in numbers.items()]


def product_of_sum(backward: bool = True) -> Value:
    """f = (x + y) · z of CS231n."""
    x, y, z = values(x=-2, y=5, z=-4)
    q = x + y
    f = q * z
    q.label, f.label = "q", "f"
    if backward:
        f.backward()
    return f


def sigmoid_neuron() -> Value:
    """σ(w0·x0 + w1·x1 + w2) of CS231n."""
    w0, x0, w1, x1, w2 = values(w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    f = (w0 * x0 + w1 * x1 + w2).sigmoid()
    f.label = "f"
    f.backward()
    return f


def small_network() -> Value:
    """Hinge loss of a 2-3-1 network on one example."""
    model = MLP(2, [3, 1], rng=1)
    x = values(x0=0.5, x1=-1.0)
    loss: Value = (1 - model(x)).relu()
    loss.label = "loss"
    loss.backward()
    return loss


def moons_network() -> tuple[MLP, Value]:
    """Hinge loss of the 2-16-16-1 network on one example."""
    model = MLP(2, [16, 16, 1], rng=1)
    loss: Value = (1 - model(values(x0=0.5, x1=-1.0))).relu()
    loss.backward()
    return model, loss


def batch_loss(rows: int = 100) -> tuple[MLP, Value]:
    """Mean hinge loss over `rows` examples, plus weight decay, as micrograd's demo writes it."""
    model = MLP(2, [16, 16, 1], rng=1)
    losses = [(1 - (-1) ** i * model([0.01 * i, 1 - 0.02 * i])).relu() for i in range(rows)]
    cost: Value = sum(losses) * (1 / rows) + 1e-4 * sum(p * p for p in model.parameters())
    cost.label = "J"
    cost.backward()
    return model, cost
