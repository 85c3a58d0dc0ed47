"""Data at the door: which row is at fault, and what was expected."""

import numpy as np
import pytest

from nn import MLP, fit
from nn.checks import as_table, same_rows
from nn.training.tasks import resolve_loss, task_of


class Frame:
    """What a data frame has in common with every other."""

    def to_numpy(self) -> np.ndarray:
        return np.array([[1, 2], [3, 4]])

    def __len__(self) -> int:
        return 2


@pytest.mark.parametrize(
    "data",
    [[[1, 2], [3, 4]], ((1, 2), (3, 4)), np.array([[1, 2], [3, 4]]), [np.array([1, 2]), [3, 4]],
     Frame(), np.array([[1, 2], [3, 4]], dtype=object), np.array([[1, 2], [3, 4]], np.float32)],
)  # fmt: skip
def test_lists_arrays_and_frames_become_tables(data: object) -> None:
    table = as_table(data)
    assert table.dtype == np.float64
    assert table.tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "X: there are no rows"),
        (np.zeros((0, 3)), "X: there are no rows"),
        ([[], []], "X: rows are empty"),
        ([[1, 2], [3, 4], [5]], "X: row 2 has 1 number, expected 2 as in row 0"),
        ([[1, 2], 3], r"X: row 1 has shape \(\), expected \(2,\)"),
        ([[[1], [2, 3]], [[1], [2]]], r"X: row 1 has shape"),
        ([[1, 2], [3, float("nan")]], "X: row 1, column 1 is nan, expected a finite number"),
        ([[1, 2], [3, -np.inf]], "X: row 1, column 1 is -inf"),
        ([1, float("inf")], "X: row 1 is inf"),
        ([[1, 2], [3, "abc"]], "X: row 1, column 1 is 'abc', expected a number"),
        ([[1, 2], [3, None]], "X: row 1, column 1 is"),
        ([[1, 2], [3, 1j]], "X: row 1, column 1 is 1j, expected a number"),
        (np.array([[1, 2], [3, 1j]]), r"X: row 0, column 0 is \(1\+0j\), expected a number"),
        ([[1, 2], [3, np.complex64(1j)]], "X: row 1, column 1 is .*1j.*, expected a number"),
        ("12", "X: expected a list or array of rows"),
        (3, "X: expected a list or array of rows"),
    ],
)
def test_bad_tables_name_the_row(data: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_table(data)


def test_unequal_numbers_of_rows_are_named() -> None:
    with pytest.raises(ValueError, match="X has 3 rows but Y has 2"):
        same_rows(np.zeros((3, 1)), np.zeros(2))


@pytest.mark.parametrize(
    ("loss", "outputs", "targets", "message"),
    [
        ("hinge", 1, [1, -1, 0], "Y: row 2 is 0; this loss takes the labels -1 and 1"),
        ("logistic", 1, [0, 1, 2], "Y: row 2 is 2; this loss takes the labels 0 and 1"),
        ("cross_entropy", 1, [0, 0.5], "Y: row 1 is 0.5"),
        ("softmax_cross_entropy", 3, [0, 1, 3], "Y: row 2 is 3; with 3 outputs the classes are"),
        ("softmax_cross_entropy", 3, [1.5], "Y: row 0 is 1.5"),
        ("softmax_cross_entropy", 3, [[1, 0, 0], [1, 1, 0]], r"Y: row 1 is \[1.0, 1.0, 0.0\]"),
        ("softmax_cross_entropy", 3, [[1, 0], [0, 1]], "one-hot row of 3 numbers"),
        ("squared_error", 2, [1.0, 2.0], "Y: 1 numbers in each row, but the network has 2 outputs"),
        ("logistic", 2, [0, 1], "takes one output of the network, it has 2"),
    ],
)
def test_labels_of_the_wrong_set_are_named(
    loss: str, outputs: int, targets: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        task_of(resolve_loss(loss), outputs).encode(as_table(targets, "Y"), outputs)


def test_classes_may_come_one_hot_or_as_a_column() -> None:
    encode = task_of(resolve_loss("softmax_cross_entropy"), 3).encode
    expected = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    for targets in ([1, 0], [[1], [0]], expected):
        assert encode(as_table(targets), 3).tolist() == expected


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        ([[1.0, 2.0, 3.0]], [1.0], r"expects 2 inputs, got 3"),
        ([[1.0, 2.0], [3.0]], [1.0, 2.0], "X: row 1 has 1 number, expected 2"),
        ([[1.0, float("nan")]], [1.0], "X: row 0, column 1 is nan"),
        ([[1.0, 2.0]], [1.0, 2.0], "X has 1 rows but Y has 2"),
        ([], [], "X: there are no rows"),
    ],
)
def test_fit_refuses_bad_data_at_once(X: object, Y: object, message: str) -> None:
    model = MLP(2, [1], rng=0)
    with pytest.raises(ValueError, match=message):
        fit(model, X, Y, "squared_error", progress=False)
