"""no_grad, enable_grad and detach: numbers without a graph."""

from __future__ import annotations

import contextlib
import threading

import pytest

import autodiff
from autodiff import BranchError, Value, enable_grad, grad, no_grad
from nn import MLP


def test_without_a_graph_nothing_has_parents() -> None:
    model = MLP(2, [3, 1], "tanh")
    out = model([1.0, 2.0])
    with no_grad():
        same = model([1.0, 2.0])
        with enable_grad():
            inner = model([1.0, 2.0])
    assert (same.data, same.gate, same.parents) == (out.data, None, ())
    assert inner.parents
    assert model([1.0, 2.0]).parents


def test_it_decorates_and_nests_and_ends_with_an_error() -> None:
    @no_grad()
    def score(w: Value) -> Value:
        with no_grad():
            pass
        return w * w

    w = Value(3.0)
    assert score(w).parents == ()
    with pytest.raises(ZeroDivisionError), no_grad():
        _ = 1 / 0
    assert (w * w).parents == (w, w)


def test_it_belongs_to_its_thread() -> None:
    made: list[Value] = []
    with no_grad():
        other = threading.Thread(target=lambda: made.append(Value(2.0) * 3.0))
        other.start()
        other.join()
    assert made[0].parents


def test_derivatives_and_programs_are_made_all_the_same() -> None:
    """They need the graph for a moment, whatever is around them."""
    w = Value(3.0)
    with no_grad():
        assert grad(lambda x: w * x * x)(2.0) == 12.0
        assert autodiff.compile(lambda x: w * x).predict([1.0, 2.0]).tolist() == [[3.0], [6.0]]


def test_detach_gives_the_number_without_the_graph() -> None:
    x = Value(3.0)
    (x * x.detach()).backward()
    assert x.grad == 3.0, "x · sg(x) has the slope x"
    assert grad(lambda x: x * x.detach())(3.0) == 3.0


def test_a_compiled_function_cannot_detach_what_varies() -> None:
    """One program has one graph, and a number that was cut out would stay what it was."""
    w = Value(2.0)
    with pytest.raises(BranchError, match="detaches a Value that depends on a parameter"):
        autodiff.compile(lambda x: x * w.detach())([1.0, 2.0])


def test_the_innermost_of_four_blocks_counts() -> None:
    x = Value(2.0)
    with no_grad(), enable_grad():
        with no_grad():
            with enable_grad():
                assert (x * x).parents
            assert not (x * x).parents
        assert (x * x).parents
    assert (x * x).parents


def test_blocks_that_end_in_another_order_leave_nothing() -> None:
    """As the garbage collector ends them, after a Ctrl-C in the wrong moment."""
    x = Value(2.0)
    outer, inner = no_grad(), enable_grad()
    with contextlib.ExitStack() as late:
        with outer:
            late.enter_context(inner)
        late.close()
    assert (x * x).parents
