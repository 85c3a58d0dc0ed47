"""Mistakes that raise no error are said in one warning; see test_anomaly for those in a block."""

import math
import warnings

import pytest

from autodiff import GATES, MisuseWarning, Value, mutated
from autodiff.watch.misuse import check_gradients, spend, stale
from nn import SGD


def test_mutated_compares_every_gate_with_what_it_would_give_now() -> None:
    x, y = Value(-8.0), Value(2.0)
    out = (x.abs() ** 0.5 + [y][0]).tanh() * y
    assert mutated(out) == []
    y.data = math.nan
    changed = mutated(out)
    assert [node.gate.name for node, _ in changed if node.gate] == ["add", "mul"]
    assert all(math.isnan(now) for _, now in changed)


def test_the_leaf_that_was_assigned_to_is_named_as_far_as_it_can_be_told() -> None:
    """A product remembers its inputs, a sum does not; what another gate remembers counts too."""
    x, y, z = (
        Value(number, label=label) for number, label in ((3.0, "x"), (-4.0, "y"), (2.0, "z"))
    )
    product, total, both = x * y, x + z, (x + z) * (z * y)
    row = GATES["dot"]([x, z], [y, z])
    assert stale(product) == stale(both) == ""
    x.data = 5.0
    assert stale(product).endswith("(assigned to: 'x' = 5.0)")
    assert stale(row).endswith("(assigned to: 'x' = 5.0)")
    assert stale(total).endswith("(assigned to: 'x' = 5.0 or 'z' = 2.0)")
    assert stale(both).endswith("(assigned to: 'x' = 5.0)")


def test_parameters_that_no_gradient_reaches_are_named() -> None:
    used, unused = Value(1.0, label="used"), [Value(0.0, label=f"w{i}") for i in range(5)]
    (used * 2).backward()
    with pytest.warns(MisuseWarning, match="'w0' = 0.0, 'w1' = 0.0, 'w2' = 0.0 and 2 more of 6"):
        check_gradients([used, *unused])
    with pytest.warns(MisuseWarning, match=r"'w0' = 0.0: the loss does not depend on it"):
        check_gradients([used, unused[0]])


def test_a_spent_gradient_warns_when_a_backward_pass_adds_to_it() -> None:
    w = Value(3.0)
    (w * w).backward()
    spend([w])
    assert w.grad == 6.0
    assert repr(w.grad) == "6.0"
    assert w.grad + 1 == 7.0, "whoever reads it is not warned"
    with pytest.warns(MisuseWarning, match="zero_grad"):
        (w * w).backward()
    assert w.grad == 12.0
    assert type(w.grad) is float


def test_a_spent_gradient_that_was_reset_is_silent() -> None:
    w = Value(3.0)
    (w * w).backward()
    spend([w])
    w.grad = 0.0
    (w * w).backward()
    assert w.grad == 6.0


def test_an_optimiser_notices_a_forgotten_zero_grad_at_its_second_step() -> None:
    w = Value(2.0, label="w")
    optimiser = SGD([w], lr=0.1)
    (w * w).backward()
    optimiser.step()
    with pytest.warns(MisuseWarning, match=r"optimiser\.zero_grad\(\)"):
        (w * w).backward()


def test_an_optimiser_says_nothing_of_a_loop_that_is_right() -> None:
    w = Value(2.0)
    optimiser = SGD([w], lr=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            optimiser.zero_grad()
            (w * w).backward()
            (w * 2).backward()  # two losses, one step
            optimiser.step()
