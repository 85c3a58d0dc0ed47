"""The plots show the numbers they are given, and refuse what cannot be drawn."""

import math
from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

from autodiff import GATES, Value
from nn import MLP, Conv1D, History, fit
from nn.sklearn import MLPClassifier
from viz import (
    plot_activations,
    plot_confusion,
    plot_decision_boundary,
    plot_gradient_flow,
    plot_history,
    plot_network,
)
from viz.plots.axes import COLOURS


@pytest.fixture(autouse=True)
def _close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_history_draws_losses_and_shares() -> None:
    history = History()
    history.append(loss=0.9, val_loss=1.0, accuracy=0.5)
    history.append(loss=0.4, val_loss=0.6, accuracy=0.9)
    ax = plot_history(history)
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.9, 0.4], [1.0, 0.6]]
    right = ax.figure.axes[1]
    assert list(right.lines[0].get_ydata()) == [0.5, 0.9]
    assert right.get_ylabel() == "accuracy"


def test_a_pair_has_one_colour_and_the_validation_rows_are_dashed() -> None:
    columns = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.9], "f1": [0.5, 0.8], "val_f1": [0.4, 0.6]}
    for history in (columns, pd.DataFrame(columns)):
        ax = plot_history(history)
        lines = {line.get_label(): line for axes in ax.figure.axes for line in axes.lines}
        for name in ("loss", "f1"):
            assert lines[name].get_color() == lines[f"val_{name}"].get_color()
            assert lines[name].get_linestyle() == "-"
            assert lines[f"val_{name}"].get_linestyle() == "--"
        assert lines["loss"].get_color() != lines["f1"].get_color()


def test_the_epoch_that_early_stopping_chose_is_marked() -> None:
    history = History()
    history.append(loss=0.9)
    history.append(loss=1.2)
    history.best_epoch = 0
    assert [list(line.get_xdata()) for line in plot_history(history).lines][1] == [0, 0]


def test_colours_are_those_of_the_users_style() -> None:
    with plt.style.context("ggplot"):
        own = plt.rcParams["axes.prop_cycle"].by_key()["color"]
        assert plot_history([1.0, 0.5]).lines[0].get_color() == own[0]
    assert plot_history([1.0, 0.5]).lines[0].get_color() == COLOURS[0]


def test_confusion_counts_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    names = np.array(["bee", "ant", "cat"])
    targets, decisions = names[rng.integers(3, size=(2, 50))]
    ax = plot_confusion(targets, decisions)
    expected = confusion_matrix(targets, decisions)
    assert [int(text.get_text()) for text in ax.texts] == expected.ravel().tolist()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ant", "bee", "cat"]
    assert ax.get_title() == f"{np.trace(expected) / 50:.1%} of 50 right"
    with pytest.raises(ValueError, match="2 targets and 1 decisions"):
        plot_confusion(["a", "b"], ["a"])


def test_losses_over_several_powers_of_ten_are_logarithmic() -> None:
    assert plot_history([1.0, 0.1, 0.001]).get_yscale() == "log"
    assert plot_history({"loss": [1.0, 0.5]}).get_yscale() == "linear"


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(ValueError, match="no epoch was finished"):
        plot_history(History())


def test_the_boundary_lies_where_the_model_changes_sign() -> None:
    model = MLP(2, [1], rng=0)
    for parameter, number in zip(model.parameters(), (1.0, 0.0, -0.25), strict=True):
        parameter.data = number  # decides x0 > 0.25
    X = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]
    ax = plot_decision_boundary(model, X, [-1, 1, -1, 1], resolution=50)
    lines = [p for c in ax.collections if hasattr(c, "levels") for p in c.get_paths()]
    assert all(abs(x - 0.25) < 1e-6 for path in lines for x, _ in path.vertices)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["-1", "1"]


def test_three_classes_are_three_regions() -> None:
    model = MLP(2, [4, 3], rng=0)
    X = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    fit(model, X, [0, 1, 2], "softmax_cross_entropy", epochs=2, progress=False, engine="eager")
    ax = plot_decision_boundary(model, X, [0, 1, 2], resolution=20)
    assert len(ax.get_legend().get_texts()) == 3


CORNERS = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("outputs", "labels", "classes"),
    [
        (1, ["no", "yes", "no", "yes"], ["no", "yes"]),
        (1, [False, True, False, True], ["False", "True"]),
        (4, list("dbca"), list("abcd")),
        (3, ["x", "y", "z", "x"], ["x", "y", "z"]),
        (3, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]], ["0", "1", "2"]),
        (3, [2, 0, 0, 2], ["0", "2"]),
    ],
)
def test_labels_of_any_kind_name_the_points(outputs: int, labels: Any, classes: list[str]) -> None:
    loss = "hinge" if outputs == 1 else "softmax_cross_entropy"
    trained, fresh = MLP(2, [4, outputs], rng=0), MLP(2, [4, outputs], rng=0)
    fit(trained, CORNERS, labels, loss, epochs=2, progress=False, engine="eager")
    for model in (trained, fresh):
        ax = plot_decision_boundary(model, CORNERS, labels, resolution=20)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == classes


def test_a_class_keeps_its_colour_whichever_rows_are_shown() -> None:
    model = MLP(2, [4, 3], rng=0)
    fit(model, CORNERS, list("abca"), "softmax_cross_entropy", epochs=2, progress=False)
    everything = plot_decision_boundary(model, CORNERS, list("abca"), resolution=20)
    some = plot_decision_boundary(model, CORNERS[1:3], list("bc"), resolution=20)
    colours = [
        {h.get_label(): to_hex(h.get_facecolor()[0]) for h in ax.get_legend_handles_labels()[0]}
        for ax in (everything, some)
    ]
    assert colours[1] == {name: colours[0][name] for name in "bc"}


def test_an_estimator_decides_by_predict_and_columns_name_the_axes() -> None:
    frame = pd.DataFrame(CORNERS, columns=["width", "height"])
    labels = ["low", "high", "low", "high"]
    for model in (MLPClassifier((4,), epochs=2, random_state=0), LogisticRegression()):
        model.fit(frame.to_numpy(), labels)
        ax = plot_decision_boundary(model, frame, labels, resolution=20)
        assert [text.get_text() for text in ax.get_legend().get_texts()] == ["high", "low"]
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("width", "height")


@pytest.mark.parametrize(
    ("outputs", "labels", "message"),
    [
        (1, list("abca"), r"y has 3 classes \(a, b, c\), but .* tell 2 apart"),
        (3, [0, 5, 7, 0], r"row 1 is 5, and the model tells the classes 0, 1, 2 apart"),
    ],
)
def test_labels_that_the_model_cannot_tell_apart_are_refused(
    outputs: int, labels: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        plot_decision_boundary(MLP(2, [outputs], rng=0), CORNERS, labels, resolution=20)


@pytest.mark.parametrize(
    ("X", "y", "complaint"),
    [
        ([[1.0, 2.0, 3.0]], [1], "two columns"),
        ([[1.0, 2.0]], [1, -1], "1 rows but y has 2"),
    ],
)
def test_data_that_has_no_plane_is_refused(
    X: list[list[float]], y: list[int], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        plot_decision_boundary(MLP(2, [1]), X, y)


def test_activations_and_slopes_come_from_the_gate_table() -> None:
    """CS229 figure 7.3."""
    axes = plot_activations(["sigmoid", "softplus"], reach=2.0)
    for ax, name in zip(axes.ravel(), ("sigmoid", "softplus"), strict=True):
        value, slope = ax.lines[-2:]
        for x, v, s in zip(*value.get_data(), slope.get_ydata(), strict=True):
            node = GATES[name](Value(x))
            assert (node.data, node.local_grads[0]) == (v, s)


def test_a_gate_of_two_inputs_is_no_activation() -> None:
    with pytest.raises(ValueError, match="mul has the inputs"):
        plot_activations(["mul"])


def test_gradient_flow_has_a_row_per_layer() -> None:
    model = MLP(2, [8, 8, 1], rng=0)
    with pytest.raises(ValueError, match=r"call loss\.backward"):
        plot_gradient_flow(model)
    model([0.5, -0.5]).backward()
    ax = plot_gradient_flow(model)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        "0: Layer",
        "2: Layer",
        "4: Layer",
    ]
    shown = sorted(10**x for x in ax.lines[-2].get_xdata())
    last = sorted(abs(p.grad) for p in model.layers[2].parameters() if p.grad)
    assert all(math.isclose(a, b) for a, b in zip(shown, last, strict=True))


def test_the_network_has_a_line_for_each_weight() -> None:
    model = MLP(2, [3, 1], rng=0)
    ax = plot_network(model)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert len(lines) == 2 * 3 + 3 * 1
    thickest = max(lines, key=lambda line: line.get_linewidth())
    weights = [abs(w.data) for layer in model.layers for n in layer.neurons for w in n.w]
    assert thickest.get_linewidth() == pytest.approx(4.7)
    assert sorted(line.get_linewidth() for line in lines) == pytest.approx(
        sorted(0.2 + 4.5 * w / max(weights) for w in weights)
    )


def test_a_wide_layer_is_shortened() -> None:
    ax = plot_network(MLP(40, [5, 1], rng=0), x=[0.1] * 40, most=8)
    assert "⋮" in [text.get_text() for text in ax.texts]


def test_a_network_that_is_not_layer_after_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="has none"):
        plot_network(Conv1D(1, 1, 3))


def test_a_given_axis_is_used() -> None:
    _, ax = plt.subplots()
    assert plot_history([1.0, 0.5], ax=ax) is ax
