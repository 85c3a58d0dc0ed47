"""Labels as people have them come back from predict, and are kept with the model."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from nn import MLP, Layer, evaluate, fit, load, predict, predict_proba, save, softmax
from nn.training.labels import encode

X = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 2.0], [2.0, 0.5], [0.0, 3.0], [3.0, 0.0]])
SIDE = ["left", "right"] * 3


@pytest.mark.parametrize(
    "labels",
    [SIDE, np.array(SIDE), [side == "right" for side in SIDE], [0, 1] * 3, [-1, 1] * 3, [1, 2] * 3],
    ids=["strings", "array of strings", "bools", "0 and 1", "-1 and 1", "1 and 2"],
)
@pytest.mark.parametrize(
    ("loss", "outputs", "activation"),
    [
        ("hinge", 1, None),
        ("logistic", 1, None),
        ("cross_entropy", 1, "sigmoid"),
        ("softmax_cross_entropy", 2, None),
    ],
)
def test_labels_go_in_and_come_back(
    labels: Any, loss: str, outputs: int, activation: str | None
) -> None:
    model = Layer(2, outputs, activation, rng=0)
    history = fit(model, X, labels, loss, lr=0.1, epochs=150, progress=False)
    found = predict(model, X, loss)
    assert found.tolist() == list(labels)
    assert found.dtype.kind == np.asarray(labels).dtype.kind
    assert model.classes == tuple(sorted(set(labels)))
    assert model.class_counts == (3, 3)
    assert history.last["accuracy"] == evaluate(model, X, labels, loss)["accuracy"] == 1


def test_flowers_by_name() -> None:
    flowers = load_iris()
    names = flowers.target_names[flowers.target]
    table = (flowers.data - flowers.data.mean(axis=0)) / flowers.data.std(axis=0)
    model = MLP(4, [8, 3], "tanh", rng=0)
    loss = "softmax_cross_entropy"
    fit(model, table, names, loss, lr=0.05, epochs=40, batch_size=30, rng=0, progress=False)
    assert model.classes == ("setosa", "versicolor", "virginica")
    assert (predict(model, table, loss) == names).mean() > 0.95
    shares = predict_proba(model, table, loss)
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert (np.array(model.classes)[shares.argmax(axis=1)] == predict(model, table, loss)).all()
    assert shares == pytest.approx(softmax(predict(model, table)))


def test_pandas_categories_columns_and_dummies_name_the_classes() -> None:
    pd = pytest.importorskip("pandas")
    sizes = pd.Series(["small", "large", "medium"] * 2, dtype="category")
    ordered = sizes.cat.set_categories(["small", "medium", "large"])
    dummies = pd.get_dummies(sizes)
    for given, classes in (
        (ordered, ("small", "medium", "large")),
        (pd.Categorical(ordered), ("small", "medium", "large")),
        (sizes.astype(object), ("large", "medium", "small")),
        (sizes.to_frame(), ("large", "medium", "small")),
        (dummies, ("large", "medium", "small")),
    ):
        model = Layer(2, 3, rng=0)
        fit(model, pd.DataFrame(X), given, "softmax_cross_entropy", epochs=2, progress=False)
        assert model.classes == classes
        assert set(predict(model, X, "softmax_cross_entropy")) <= {*classes}


@pytest.mark.parametrize(("loss", "outputs"), [("hinge", 1), ("softmax_cross_entropy", 2)])
def test_two_dummies_are_two_classes_in_training_and_after_it(loss: str, outputs: int) -> None:
    pd = pytest.importorskip("pandas")
    dummies, model = pd.get_dummies(pd.Series(SIDE)), Layer(2, outputs, rng=0)
    fit(model, X, dummies, loss, lr=0.1, epochs=99, progress=False)
    assert predict(model, X, loss).tolist() == SIDE
    assert evaluate(model, X, dummies, loss)["accuracy"] == 1


def test_a_frame_of_several_numbers_is_a_regression_and_one_of_words_is_refused() -> None:
    pd = pytest.importorskip("pandas")
    model = Layer(2, 2, rng=0)
    fit(model, pd.DataFrame(X), pd.DataFrame({"a": X[:, 0], "b": 1}), "mse", epochs=1,
        progress=False)  # fmt: skip
    for loss in ("mse", "softmax_cross_entropy"):
        with pytest.raises(ValueError, match="row 0, column 1 is 'x', expected a number"):
            fit(model, X, pd.DataFrame({"a": X[:, 0], "b": "x"}), loss, progress=False)


def test_whole_numbers_that_are_classes_stay_whole() -> None:
    model = Layer(2, 3, rng=0)
    fit(model, X, [5, 6, 7, 5, 6, 7], "softmax_cross_entropy", epochs=2, progress=False)
    assert model.classes == (5, 6, 7)
    assert predict(model, X, "softmax_cross_entropy").dtype.kind == "i"


def test_a_column_of_labels_is_labels() -> None:
    codes, classes = encode([["yes"], ["no"]], (-1, 1))
    assert (codes.tolist(), classes) == ([1.0, -1.0], ("no", "yes"))


def test_one_hot_rows_give_the_places_of_the_classes() -> None:
    codes, classes = encode([[0, 1], [1, 0]], (-1, 1))
    assert (codes.tolist(), classes) == ([1.0, -1.0], (-1, 1))
    rows = [[0, 1, 0], [1, 0, 0]]
    assert encode(rows, (0, 1, 2))[0].tolist() == rows


def test_classes_stay_when_training_goes_on_with_fewer_of_them() -> None:
    model = Layer(2, 3, rng=0)
    fit(model, X, list("abcabc"), "softmax_cross_entropy", epochs=1, progress=False)
    fit(model, X[1:3], ["b", "c"], "softmax_cross_entropy", epochs=1, progress=False)
    assert model.classes == ("a", "b", "c")
    fit(model, X, list("xyzxyz"), "softmax_cross_entropy", epochs=1, progress=False)
    assert model.classes == ("x", "y", "z")
    fit(model, X, [0, 1, 2] * 2, "softmax_cross_entropy", epochs=1, progress=False)
    assert model.classes == (0, 1, 2)


def test_classes_are_saved_loaded_and_copied(tmp_path: Path) -> None:
    for labels in (SIDE, [side == "left" for side in SIDE], [1, 2] * 3):
        model = Layer(2, 1, rng=0)
        fit(model, X, labels, "logistic", lr=0.1, epochs=99, progress=False)
        save(model, tmp_path / "m.safetensors")
        for other in (load(tmp_path / "m.safetensors"), copy.deepcopy(model)):
            assert (other.classes, other.class_counts) == (model.classes, model.class_counts)
            assert predict(other, X, "logistic").tolist() == labels


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b", "c"], r"Y has 3 classes \(a, b, c\), but .* tell 2 apart"),
        (["a", "a", "a"], r"Y has 1 classes \(a\), but .* tell 2 apart"),
        (["a", None, "b"], r"row 1 has no label \(1 of 3"),
        (["a", float("nan"), "b"], r"row 1 has no label"),
        (["a", "b"], "X has 3 rows but Y has 2"),
        ([0.5, 1, 0], r"row 0 is 0.5; this loss takes the labels 0 and 1"),
        ([0, 1, 2], r"row 2 is 2; this loss takes the labels 0 and 1"),
    ],
)
def test_labels_that_make_no_two_classes_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(Layer(2, 1, rng=0), X[:3], labels, "logistic", progress=False)


def test_a_label_that_training_never_met_is_refused_and_a_near_one_named() -> None:
    model = Layer(2, 1, rng=0)
    fit(model, X, SIDE, "logistic", epochs=1, progress=False)
    with pytest.raises(ValueError, match=r"row 0 is 'lift', .*known: left, right; .*mean left\?"):
        evaluate(model, X[:1], ["lift"], "logistic")
    with pytest.raises(ValueError, match=r"validation Y: row 0 is 'up', which is not one"):
        fit(model, X, SIDE, "logistic", validation=(X[:1], ["up"]), progress=False)


def test_strings_in_a_regression_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="Y: row 0 is 'left', expected a number"):
        fit(Layer(2, 1, rng=0), X, SIDE, "squared_error", progress=False)


def test_losses_without_probabilities_say_so() -> None:
    for loss in ("hinge", "squared_error"):
        with pytest.raises(ValueError, match=f"predict_proba: '{loss}' makes no probabilities"):
            predict_proba(Layer(2, 1, rng=0), X, loss)


def test_softmax_of_arrays_frames_and_values_agree() -> None:
    logits = np.array([[1.0, 2.0, 3.0], [1e3, 0.0, -1e3]])
    shares = softmax(logits)
    for row, logit in zip(shares, logits, strict=True):
        assert [p.data for p in softmax(logit.tolist())] == pytest.approx(row.tolist(), rel=1e-12)
    assert softmax(logits[0]) == pytest.approx(shares[0])
