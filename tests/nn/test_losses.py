"""Losses of one example: values, targets they take, what they refuse."""

import math

import numpy as np
import pytest

from autodiff import Value
from nn import Layer, fit, losses


def test_index_and_one_hot_of_numbers_or_values_agree() -> None:
    logits = [Value(0.5), Value(-1.0), Value(2.0)]
    by_index = losses.softmax_cross_entropy(logits, 2).data
    for target in ([0, 0, 1], [0.0, 0.0, 1.0], np.array([0, 0, 1]), [Value(0), Value(0), Value(1)]):
        assert losses.softmax_cross_entropy(logits, target).data == pytest.approx(by_index)
    for index in (2.0, np.int64(2), np.float64(2)):
        assert losses.softmax_cross_entropy(logits, index).data == by_index


def test_cross_entropy_by_index_and_one_hot() -> None:
    probabilities = [Value(0.2), Value(0.7), Value(0.1)]
    expected = -math.log(1 - 0.2) - math.log(0.7) - math.log(1 - 0.1)
    assert losses.cross_entropy(probabilities, 1).data == pytest.approx(expected, rel=1e-15)
    assert losses.cross_entropy(probabilities, [0, 1, 0]).data == pytest.approx(expected)


@pytest.mark.parametrize("probability", [0.0, 1.0, 1.5, -0.1])
@pytest.mark.parametrize("target", [0, 1])
def test_a_probability_of_exactly_zero_or_one_names_the_stable_loss(
    probability: float, target: int
) -> None:
    with pytest.raises(ValueError, match=r"probability .*use losses\.logistic or losses\.softmax"):
        losses.cross_entropy(Value(probability), target)


@pytest.mark.parametrize("t", [-1000.0, -40.0, 0.0, 40.0, 1000.0])
@pytest.mark.parametrize("y", [0, 1])
def test_logistic_is_exact_for_logits_of_any_size(t: float, y: int) -> None:
    logit = Value(t)
    loss = losses.logistic(logit, y)
    loss.backward()
    far = -t if y else t  # ln(1 + e^far)
    expected = far + math.log1p(math.exp(-far)) if far > 0 else math.log1p(math.exp(far))
    assert loss.data == pytest.approx(expected, rel=1e-15, abs=1e-300)
    sigmoid = 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))
    assert logit.grad == pytest.approx(sigmoid - y, rel=1e-12, abs=1e-16)


def test_logistic_takes_a_value_as_target() -> None:
    assert losses.logistic(Value(2.0), Value(1.0)).data == losses.logistic(Value(2.0), 1).data


def test_an_output_may_be_a_plain_number() -> None:
    assert losses.hinge(0.25, -1).data == 1.25
    assert losses.squared_error([3.0, 1.0], [1, 2]).data == 2.5
    assert losses.softmax_cross_entropy([0.0, 0.0], 1).data == pytest.approx(0.6931471805599453)


@pytest.mark.parametrize(
    ("loss", "output", "target", "message"),
    [
        (losses.hinge, Value(1.0), 0, "hinge: the target must be -1 or 1, got 0"),
        (losses.logistic, Value(1.0), -1, "logistic: the target must be 0 or 1, got -1"),
        (losses.hinge, [Value(1.0), Value(2.0)], 1, "hinge: expects 1 output of the network"),
        (losses.softmax_cross_entropy, [Value(1.0)] * 3, 3, "class 3 is not one of the 3 classes"),
        (losses.softmax_cross_entropy, [Value(1.0)] * 3, 1.5, "class 1.5 is not one of"),
        (losses.softmax_cross_entropy, [Value(1.0)] * 3, [0, 1], "3 logits, but a one-hot target"),
        (losses.softmax_cross_entropy, Value(1.0), 0, "got one logit; it needs one per class"),
        (losses.squared_error, [Value(1.0)] * 2, [1.0], "2 outputs, but 1 targets"),
        (losses.cross_entropy, [Value(0.5)] * 2, 2, "class 2 is not one of the 2 classes"),
    ],
)
def test_targets_that_do_not_fit_are_refused(
    loss: losses.Loss, output: object, target: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        loss(output, target)


def test_a_class_index_may_be_a_value_as_in_a_compiled_function() -> None:
    logits = [Value(1.0), Value(2.0), Value(-1.0)]
    for index in range(3):
        as_data = losses.softmax_cross_entropy(logits, Value(index))
        assert as_data.data == losses.softmax_cross_entropy(logits, index).data
    with pytest.raises(ValueError, match=r"class 3\.0 is not one of the 3 classes"):
        losses.softmax_cross_entropy(logits, Value(3.0))


def test_mean_and_sum_over_examples_differ_by_their_number() -> None:
    model = Layer(2, 1, rng=0)
    X, Y = [[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]], [1.0, 2.0, 3.0]
    mean = losses.cost(model, X, Y, losses.squared_error)
    total = losses.cost(model, X, Y, losses.squared_error, reduction="sum")
    assert total.data == pytest.approx(3 * mean.data, rel=1e-15)


def test_cost_refuses_no_examples_and_unequal_numbers() -> None:
    model = Layer(1, 1)
    with pytest.raises(ValueError, match="there are no examples"):
        losses.cost(model, [], [], losses.squared_error)
    with pytest.raises(ValueError, match="shorter"):
        losses.cost(model, [[1.0], [2.0]], [1.0], losses.squared_error)
    with pytest.raises(ValueError, match="'mean' or 'sum'"):
        losses.cost(model, [[1.0]], [1.0], losses.squared_error, reduction="max")


@pytest.mark.parametrize(
    ("word", "meant"), [("mse", "mean_squared_error"), ("square_error", "squared_error")]
)
def test_a_loss_under_another_name_is_answered_with_its_own(word: str, meant: str) -> None:
    with pytest.raises(AttributeError, match=rf"'{word}'; known: .*; did you mean {meant}\?"):
        getattr(losses, word)


def test_fit_takes_the_names_of_other_libraries_and_tells_what_is_nearly_right() -> None:
    history = fit(Layer(1, 1, init="zeros"), [[1.0]], [3.0], "mse", epochs=1, progress=False)
    assert history.loss == [9.0]
    with pytest.raises(ValueError, match=r"'square_error'; known: .*did you mean squared_error\?"):
        fit(Layer(1, 1), [[1.0]], [1.0], "square_error")
