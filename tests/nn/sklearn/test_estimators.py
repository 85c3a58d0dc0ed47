"""nn.sklearn against scikit-learn's own checks, in pipelines and searches, here and elsewhere."""

import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import nn
from nn import MLP, Layer, Module
from nn.sklearn import MLPClassifier, MLPRegressor, ModuleClassifier, ModuleRegressor
from tests.oracles import oracle

FLOWERS = load_iris()
X, NAMES = FLOWERS.data, FLOWERS.target_names[FLOWERS.target]


def build(nin: int, nout: int, rng: random.Random) -> Module:
    return MLP(nin, [6, nout], "tanh", rng=rng)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # what the checks themselves warn of
@pytest.mark.parametrize(
    "estimator",
    [
        MLPClassifier((8,), lr=0.05, epochs=100),
        MLPRegressor((8,), lr=0.05, epochs=100),
        ModuleClassifier(build, lr=0.05, epochs=100),
        ModuleRegressor(build, lr=0.05, epochs=100),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_scikit_learns_own_checks_pass_whole(estimator: Any) -> None:
    """None is declared as expected to fail; the one skipped asks for a variable of scipy's."""
    found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(found) > 50
    assert [(r["check_name"], r["exception"]) for r in found if r["status"] == "failed"] == []
    skipped = [r["check_name"] for r in found if r["status"] == "skipped"]
    assert set(skipped) <= {"check_array_api_input"}
    assert not [r for r in found if r["expected_to_fail"]]


def test_a_pipeline_tells_flowers_by_name() -> None:
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), "tanh", lr=0.05, random_state=0))
    assert cross_val_score(model, X, NAMES, cv=3).mean() > 0.93
    model.fit(X, NAMES)
    assert model.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert (model.predict(X) == NAMES).mean() > 0.95
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1.0)


def test_an_estimator_is_fit_and_predict() -> None:
    """The same numbers to the last bit: the estimator adds conventions, no arithmetic."""
    seed = random.Random(int(np.random.RandomState(5).randint(2**31)))
    model = MLP(4, [8, 3], "tanh", rng=seed)
    loss = "softmax_cross_entropy"
    nn.fit(model, X, NAMES, loss, lr=0.05, epochs=30, batch_size=50, rng=seed, progress=False)
    estimator = MLPClassifier((8,), "tanh", lr=0.05, epochs=30, batch_size=50, random_state=5)
    estimator.fit(X, NAMES)
    assert (estimator.decision_function(X) == nn.predict(model, X)).all()
    assert (estimator.predict(X) == nn.predict(model, X, loss)).all()
    assert estimator.history_["accuracy"][-1] == (estimator.predict(X) == NAMES).mean()


def test_options_of_fit_are_parameters() -> None:
    estimator = MLPClassifier(lr=0.3, clip=1.0, schedule="cosine", class_weight="balanced")
    assert {"hidden", "lr", "clip", "schedule", "epochs", "patience"} <= {*estimator.get_params()}
    assert clone(estimator).get_params() == estimator.get_params()
    assert repr(estimator).startswith("MLPClassifier(")
    with pytest.raises(TypeError, match="learning_rate"):
        MLPClassifier(learning_rate=0.1)


def test_a_module_is_copied_and_several_numbers_are_predicted() -> None:
    layer = Layer(4, 2, rng=0)
    before = [p.data for p in layer.parameters()]
    rows = StandardScaler().fit_transform(X)
    Y = rows[:, :2] @ [[1.0, 2.0], [0.5, -1.0]]
    model = ModuleRegressor(layer, lr=0.1, epochs=200).fit(rows, Y)
    assert [p.data for p in layer.parameters()] == before
    assert model.predict(rows).shape == Y.shape
    assert r2_score(Y, model.predict(rows)) > 0.99
    with pytest.raises(TypeError, match="build is a Module, which is copied, or a function"):
        ModuleRegressor().fit(X, Y)


def test_two_classes_have_one_output_and_every_loss_of_classes_works() -> None:
    rows = X[:100], NAMES[:100]
    for loss in (None, "hinge", "cross_entropy"):
        built = Layer(4, 1, "sigmoid" if loss == "cross_entropy" else None, rng=0)
        model = ModuleClassifier(built, loss=loss, lr=0.05, random_state=0).fit(*rows)
        assert model.score(*rows) == 1.0
        assert model.decision_function(rows[0]).shape == (100,)


# ── a search, in one process and in several ──────────────────────────────────────────────────

GRID = {"hidden": [(4,), (6,), (4, 4)], "lr": [0.02, 0.1], "activation": ["tanh", "relu"]}


def search(**options: Any) -> list[list[float]]:
    """The scores of 24 networks: 12 choices, each trained on both halves of the flowers."""
    model = MLPClassifier(epochs=15, random_state=0, engine="compiled", **options)
    found = GridSearchCV(model, GRID, cv=2, refit=False, error_score="raise").fit(X, NAMES)
    return [found.cv_results_[f"split{k}_test_score"].tolist() for k in range(2)]


@pytest.mark.posix
def test_a_search_on_two_processes_finds_what_it_finds_alone() -> None:
    alone = search()
    assert len({score for split in alone for score in split}) > 5
    with joblib.parallel_config(n_jobs=2):
        assert search() == alone


class Killing:
    """Ends its process, as a power cut would, in the middle of the first training on a worker."""

    def __init__(self, marker: str, home: int) -> None:
        self.marker, self.home = marker, home

    def __call__(self, history: nn.History) -> None:
        if len(history) == 7 and os.getpid() != self.home and not os.path.exists(self.marker):
            Path(self.marker).write_text(f"{os.getpid()}", encoding="utf-8")
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of asyncio's sockets, when a worker is gone
@pytest.mark.skipif(sys.platform == "win32", reason="kills a process as POSIX does")
def test_a_search_on_a_dask_cluster_survives_a_worker_and_finds_the_same(tmp_path: Path) -> None:
    """Two worker processes, of which one is killed in the middle of a training."""
    distributed = oracle("dask.distributed")
    alone, marker = search(), tmp_path / "killed"
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=str(tmp_path)
    )
    with cluster, distributed.Client(cluster) as client:
        before = {*client.run(os.getpid).values()}
        with joblib.parallel_config("dask"):
            assert search() == alone
            assert search(callbacks=Killing(str(marker), os.getpid())) == alone
        killed = int(marker.read_text(encoding="utf-8"))
        assert killed in before
        client.wait_for_workers(2)
        assert killed not in {*client.run(os.getpid).values()}
