"""Train an MLP on the 1,797 handwritten digits of scikit-learn; 97 % on held-out rows.

    python examples/digits.py

The network is written with scalars, one Value per number; what runs is the array program that
the compiler derives from the graph of one example. A part of the training rows decides when to
stop; the rows that the final figure is from take part in nothing.
"""

import random
import sys
import time

import numpy as np
from sklearn.datasets import load_digits

from nn import MLP, Adam, evaluate, fit, predict


def main() -> float:
    """Train, print what came out, and return the accuracy on the test rows."""
    X, y = load_digits(return_X_y=True)
    X = X / 16  # grey levels 0 ... 16
    order = random.Random(0).sample(range(len(X)), len(X))
    test, rest = np.array(order[:360]), np.array(order[360:])

    model = MLP(64, [128, 10], "relu", rng=0)
    print(model.summary(), "\n")
    start = time.perf_counter()
    history = fit(
        model, X[rest], y[rest], "softmax_cross_entropy",
        Adam(model.parameters(), lr=0.01, weight_decay=1e-3), schedule="cosine",
        epochs=30, batch_size=32, validation=0.15, patience=15, rng=0,
    )  # fmt: skip
    elapsed = time.perf_counter() - start
    print(history.table(rows=10))

    result = evaluate(model, X[test], y[test], "softmax_cross_entropy")
    print(f"\n{len(history.steps)} steps in {elapsed:.1f} s; best epoch {history.best_epoch}")
    print(f"accuracy on {len(test)} rows never seen: {result['accuracy']:.1%}")
    wrong = predict(model, X[test], "softmax_cross_entropy") != y[test]
    print(f"{wrong.sum()} wrong, of the digits {sorted(y[test][wrong].tolist())}")
    return result["accuracy"]


if __name__ == "__main__":
    sys.exit(main() < 0.97)
