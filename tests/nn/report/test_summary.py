"""The table of a network's layers, and the balance of the classes it was trained on."""

from nn import MLP, fit


def test_the_classes_and_how_many_rows_each_had() -> None:
    model = MLP(1, [2, 1], rng=0)
    assert "trained on" not in repr(model.summary())
    X, names = [[k / 10] for k in range(10)], ["yes"] * 2 + ["no"] * 8
    fit(model, X, names, "logistic", epochs=1, validation=0.2, rng=0, progress=False)
    assert model.summary().classes == {"no": 8, "yes": 2}
    last = repr(model.summary()).splitlines()[-1]
    assert last.startswith("trained on 10 rows: no 8, yes 2 (uneven: class_weight=")
    fit(model, X, ["yes", "no"] * 5, "logistic", epochs=1, progress=False)
    assert repr(model.summary()).endswith("trained on 10 rows: no 5, yes 5")
