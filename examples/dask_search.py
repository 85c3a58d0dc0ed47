"""A search over 24 networks: alone, on two processes, and on a Dask cluster of two workers.

    python examples/dask_search.py

Every network is a task of its own, which needs nothing of the others, so twice the workers take
about half the time. The scores are the same to the last bit wherever a network was trained, since
each starts from its own seed. With the address of a cluster in place of the local one,
`Client("tcp://scheduler:8786")`, the same lines run on other machines.
"""

import time
from contextlib import AbstractContextManager, nullcontext

import joblib
from dask.distributed import Client, LocalCluster
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from nn.sklearn import MLPClassifier

GRID = {
    "hidden": [(8,), (16,), (32,)],
    "activation": ["relu", "tanh"],
    "lr": [0.001, 0.003, 0.01, 0.03],
}


def scores(epochs: int) -> dict[str, float]:
    """The mean accuracy of each of the 24 networks, by its options."""
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier(epochs=epochs, batch_size=64, random_state=0, engine="compiled")
    search = GridSearchCV(model, GRID, cv=2, refit=False).fit(X / 16, y)
    found = search.cv_results_
    return dict(zip(map(str, found["params"]), found["mean_test_score"].tolist(), strict=True))


def timed(name: str, where: AbstractContextManager[object], epochs: int) -> dict[str, float]:
    """The scores, found in a joblib context."""
    start = time.perf_counter()
    with where:
        found = scores(epochs)
    print(f"{name:20} {time.perf_counter() - start:6.1f} s")
    return found


def main(epochs: int = 20) -> dict[str, float]:
    """Search three times, compare, and return the scores."""
    alone = timed("alone", nullcontext(), epochs)
    processes = timed("two processes", joblib.parallel_config(n_jobs=2), epochs)
    workers = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with workers as cluster, Client(cluster):
        dask = timed("two Dask workers", joblib.parallel_config("dask"), epochs)
    best = max(alone, key=lambda options: alone[options])
    print(f"the same scores each time: {alone == processes == dask}")
    print(f"best: {alone[best]:.1%} with {best}")
    return alone


if __name__ == "__main__":
    main()
