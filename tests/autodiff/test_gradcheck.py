"""gradcheck: what agrees, what differs and by how much, kinks and infinite slopes."""

from __future__ import annotations

import math

import pytest

from autodiff import DomainError, Value, gradcheck


def test_gradcheck_agrees_with_right_derivatives() -> None:
    report = gradcheck(lambda x, y: (x * y).tanh() + x / y, [0.3, 2.0])
    assert report
    assert report.ok
    assert "all inputs agree" in str(report)
    assert all(check.difference < 1e-8 for check in report.inputs)


def test_gradcheck_says_which_input_differs_and_by_how_much() -> None:
    def detached(x: Value, y: Value) -> Value:
        return x * Value(y.data)  # the mistake: y leaves the graph

    report = gradcheck(detached, [Value(2.0, "price"), Value(3.0, "rate")])
    assert not report
    price, rate = report.inputs
    assert price.ok
    assert not rate.ok
    assert rate.difference == pytest.approx(2.0, rel=1e-6)
    assert "rate = 3.0: backward 0.0" in str(report)
    assert "differs by 2" in str(report)


def test_gradcheck_tells_a_kink_from_a_mistake() -> None:
    assert "a kink is near" in str(gradcheck(lambda x: x.relu(), [0.0]))
    assert "a kink is near" in str(gradcheck(abs, [0.0]))
    assert not gradcheck(lambda x: x * x, [3.0]).inputs[0].kink
    assert gradcheck(lambda x: x.relu(), [0.5])


def test_gradcheck_near_the_edge_of_a_domain() -> None:
    """A step of 1e-6 to the left of 1e-8 would ask for the log of a negative number."""
    report = gradcheck(lambda x: x.log() * x, [1e-8])
    assert report.inputs[0].analytic == pytest.approx(math.log(1e-8) + 1)
    with pytest.raises(DomainError, match="sqrt"):
        gradcheck(lambda x: x.sqrt(), [0.0])


def test_gradcheck_leaves_its_inputs_alone() -> None:
    x = Value(2.0)
    gradcheck(lambda x: x * x, [x])
    assert (x.data, x.grad) == (2.0, 0.0)


def test_an_infinite_derivative_agrees_with_nothing() -> None:
    """|inf - 3| <= rtol * inf is true of any finite difference: no reason to agree."""
    report = gradcheck(lambda x, y: x.max(0.0).sqrt() + y, [Value(0.0, "x"), Value(2.0, "y")])
    assert [check.ok for check in report.inputs] == [False, True]
    assert not report
    assert "x = 0.0: backward inf" in str(report)
    assert "the derivative is not finite here" in str(report)
