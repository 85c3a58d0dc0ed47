"""A batch spread over workers: the gradient of the whole from the gradients of its parts.

A compiled program pickles, so any of joblib's backends can carry it to other processes, and with
Dask or Ray to other machines:

    with joblib.parallel_config("dask"): ...

The cost is a mean over rows, so each part counts in proportion to its rows.

    python examples/sharded_batch.py
"""

import joblib
import numpy as np
from sklearn.datasets import load_digits

import autodiff
from nn import MLP, losses

WORKERS = 2


def main() -> None:
    """Compare one gradient of 1,797 digits with that of four parts on two workers."""
    X, y = load_digits(return_X_y=True)
    X = X / 16
    model = MLP(64, [32, 10], rng=0)
    program = autodiff.compile(
        lambda x, label: losses.softmax_cross_entropy(model(x), label), backend="numpy"
    )
    program.prepare(X, y)  # compiled once, here; what travels is text
    theta = program.theta()

    parts = np.array_split(np.arange(len(X)), 2 * WORKERS)
    with joblib.Parallel(n_jobs=WORKERS) as parallel:
        results = parallel(
            joblib.delayed(program.value_and_grad)(theta, X[part], y[part]) for part in parts
        )
    share = [len(part) / len(X) for part in parts]
    cost = sum(w * J for w, (J, _) in zip(share, results, strict=True))
    gradient = sum(w * g for w, (_, g) in zip(share, results, strict=True))

    whole_cost, whole = program.value_and_grad(theta, X, y)
    print(f"cost of the whole batch {whole_cost:.12f}, of {len(parts)} parts {cost:.12f}")
    print(f"largest difference of the gradients: {np.abs(gradient - whole).max():.1e}")
    assert np.isclose(cost, whole_cost, rtol=1e-12)
    assert np.allclose(gradient, whole, rtol=1e-10, atol=1e-15)


if __name__ == "__main__":
    main()
