"""The closing exercise of note 000: train a network with your own code, then with PyTorch.

    python examples/same_as_pytorch.py

Both start from the same weights and see the same batches of the iris data. Our side is written
out in full: graphs of Values, `backward()`, and the rule w := w - lr · dJ/dw, once by hand and
once with `fit` on the compiled program. After 50 steps all losses agree to nine digits and more.
Needs PyTorch.
"""

import random
import sys

import numpy as np
import torch
from sklearn.datasets import load_iris

from nn import MLP, SGD, batches, fit, losses, to_torch

STEPS, BATCH, LR = 50, 30, 0.1


def data() -> tuple[np.ndarray, np.ndarray]:
    """150 flowers, standardised, and their species."""
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def network() -> MLP:
    """The start of all three: equal seeds give equal weights."""
    return MLP(4, [8, 3], "tanh", rng=1)


def plan(n: int) -> list[np.ndarray]:
    """The batches of all steps, shuffled anew each epoch."""
    rng, chosen = random.Random(7), []
    while len(chosen) < STEPS:
        chosen += batches(n, BATCH, rng)
    return chosen[:STEPS]


def ours(X: np.ndarray, y: np.ndarray) -> list[float]:
    """By hand: gradients from the graph, the update written out."""
    model, costs = network(), []
    for rows in plan(len(X)):
        J = losses.cost(model, X[rows], y[rows], losses.softmax_cross_entropy)
        costs.append(J.data)
        model.zero_grad()
        J.backward()
        for p in model.parameters():
            p.data -= LR * p.grad
    return costs


def ours_compiled(X: np.ndarray, y: np.ndarray) -> list[float]:
    """The same through `fit`, which runs the compiled array program."""
    model = network()
    history = fit(
        model, X, y, losses.softmax_cross_entropy, SGD(model.parameters(), lr=LR),
        epochs=STEPS * BATCH // len(X), batch_size=BATCH, rng=random.Random(7), progress=False,
    )  # fmt: skip
    return history.steps


def pytorch(X: np.ndarray, y: np.ndarray) -> list[float]:
    """The same network, weights and batches in PyTorch."""
    model = to_torch(network())
    optimiser, costs = torch.optim.SGD(model.parameters(), lr=LR), []
    for rows in plan(len(X)):
        J = torch.nn.functional.cross_entropy(model(torch.tensor(X[rows])), torch.tensor(y[rows]))
        costs.append(J.item())
        optimiser.zero_grad()
        J.backward()
        optimiser.step()
    return costs


def main() -> float:
    """Print the three columns, return the largest relative difference."""
    X, y = data()
    a, b, c = ours(X, y), ours_compiled(X, y), pytorch(X, y)
    print("step  by hand             compiled            PyTorch")
    for k in range(0, STEPS, 7):
        print(f"{k:4}  {a[k]:<18.15f}  {b[k]:<18.15f}  {c[k]:<18.15f}")
    worst = max(abs(x - t) / t for mine in (a, b) for x, t in zip(mine, c, strict=True))
    print(f"largest relative difference over {STEPS} steps: {worst:.1e}")
    return worst


if __name__ == "__main__":
    sys.exit(main() > 1e-9)
