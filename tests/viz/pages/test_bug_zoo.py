"""The bug zoo: each bug is wrong where its explanation says, and nowhere else."""

import pytest

from autodiff import Value, topological_order
from autodiff.value import UNREACHED
from viz import bug_zoo, random_circuit
from viz.pages.bug_zoo.bug_zoo import bugs, right


@pytest.mark.parametrize("seed", range(20))
def test_the_right_column_is_that_of_the_engine(seed: int) -> None:
    root = random_circuit("hard", seed)
    grads = right(root)
    root.backward()
    assert grads == {v: v.grad for v in topological_order(root)}


@pytest.mark.parametrize("seed", range(20))
def test_no_zero_grad_is_what_two_backward_passes_leave(seed: int) -> None:
    root = random_circuit("medium", seed)
    twice = bugs(root)[2].grads
    root.backward()
    root.backward()
    assert twice == {v: v.grad for v in topological_order(root)}


def test_without_forks_only_zero_grad_matters() -> None:
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    root = (x + y) * z
    unsorted, overwritten, twice = (bug.grads for bug in bugs(root))
    assert unsorted == overwritten == right(root)
    assert [twice[v] for v in (x, y, z)] == [-8.0, -8.0, 6.0]


def test_half_grown_gradients_are_handed_on() -> None:
    """q = 2x, f = 5q + q: q hands on 5 of its 6."""
    x = Value(3.0)
    q = x * 2
    unsorted, overwritten, _ = (bug.grads for bug in bugs(q * 5 + q))
    assert (unsorted[q], unsorted[x]) == (6.0, 10.0)
    assert (overwritten[q], overwritten[x]) in {(5.0, 10.0), (1.0, 2.0)}


def test_a_deep_chain_needs_no_recursion() -> None:
    y = x = Value(1.0)
    for _ in range(20_000):
        y = y * 1.0
    assert [bug.grads[x] for bug in bugs(y)] == [1.0, 1.0, 2.0]


def test_the_graph_is_left_as_it_was_and_a_large_one_refused() -> None:
    x = Value(3.0, label="x")
    bug_zoo(x * x)
    assert x.grad is UNREACHED
    y = x
    for _ in range(60):
        y = y + x
    with pytest.raises(ValueError, match="has 61 nodes; the zoo's table holds up to 60"):
        bug_zoo(y)
