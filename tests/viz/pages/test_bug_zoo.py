"""The bug zoo: each bug is wrong where its explanation says, and nowhere else."""

import math

import numpy as np
import pytest

from autodiff import Value, topological_order
from autodiff.value import UNREACHED
from viz import bug_zoo, random_circuit
from viz.pages.bug_zoo.bug_zoo import bugs, exhibits, played, right


@pytest.mark.parametrize("seed", range(20))
def test_the_right_column_is_that_of_the_engine(seed: int) -> None:
    root = random_circuit("hard", seed)
    grads = played(root, right(root))
    root.backward()
    assert grads == {v: v.grad for v in topological_order(root)}


@pytest.mark.parametrize("seed", range(20))
def test_no_zero_grad_is_what_two_backward_passes_leave(seed: int) -> None:
    root = random_circuit("medium", seed)
    twice = bugs(root)[2].grads
    root.backward()
    root.backward()
    assert twice == {v: v.grad for v in topological_order(root)}


def test_without_forks_the_order_and_the_sum_do_not_matter() -> None:
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    root = (x + y) * z
    unsorted, overwritten, twice, _, _ = (bug.grads for bug in bugs(root))
    assert unsorted == overwritten == played(root, right(root))
    assert [twice[v] for v in (x, y, z)] == [-8.0, -8.0, 6.0]


def test_half_grown_gradients_are_handed_on() -> None:
    """q = 2x, f = 5q + q: q hands on 5 of its 6."""
    x = Value(3.0)
    q = x * 2
    unsorted, overwritten, *_ = (bug.grads for bug in bugs(q * 5 + q))
    assert (unsorted[q], unsorted[x]) == (6.0, 10.0)
    assert (overwritten[q], overwritten[x]) in {(5.0, 10.0), (1.0, 2.0)}


def test_data_changed_in_place_is_what_an_engine_with_late_local_gradients_gets() -> None:
    """f = x² y at x = 3, y = 2, then x becomes 4: the product's factor is still 9."""
    x, y = Value(3.0), Value(2.0)
    root = x**2 * y
    grads = bugs(root)[3].grads
    assert (grads[x], grads[y]) == (2.0 * 2 * 4, 9.0)
    a = Value(0.5)
    assert bugs(a.sqrt() * a)[3].grads[a] == pytest.approx(1.5 / (2 * 1.5**0.5) + 0.5**0.5)


def test_where_the_changed_input_has_no_value_there_is_nan() -> None:
    x = Value(-1.0)
    assert math.isnan(bugs(1 / x)[3].grads[x])


def test_what_is_detached_gets_only_the_other_share() -> None:
    """q = x y, f = q z + q: without the second wire of q its gradient is z, not z + 1; with no
    fork the wire of the last inner node is cut."""
    x, y, z = Value(2.0), Value(3.0), Value(5.0)
    q = x * y
    grads = bugs(q * z + q)[4].grads
    assert grads[q] in (5.0, 1.0)
    assert grads[x] == grads[q] * 3.0
    chain = bugs((x * y) * z)[4].grads
    assert (chain[x], chain[z]) == (0.0, 6.0)


def test_a_transposed_layer_a_lost_sum_and_a_detached_mean_by_hand() -> None:
    """Against NumPy's matrices."""
    layer, batch, mean = exhibits()

    def named(root: Value, grads: dict[Value, float]) -> dict[str, float]:
        return {v.label: grads[v] for v in topological_order(root) if v.label}

    w, x = np.array([[1.0, 2.0], [-3.0, 1.0]]), np.array([2.0, 1.0])
    dz = (w @ x)[::-1]  # of f = z0 z1
    for bug, expected in ((right(layer.root), dz @ w), (layer.bugs[0].steps, dz @ w.T)):
        grads = named(layer.root, played(layer.root, bug))
        assert [grads["x_0"], grads["x_1"]] == list(expected)
        assert [grads["w_00"], grads["w_10"]] == list(dz * x[0])
    zs = 2.0 * np.array([1.0, 3.0]) - 1.0
    assert named(batch.root, played(batch.root, right(batch.root)))["b"] == zs.sum()
    assert named(batch.root, batch.bugs[0].grads)["b"] == zs[0]
    a = 1.0 - 2.0
    truth = named(mean.root, played(mean.root, right(mean.root)))
    assert (truth["x_1"], truth["x_2"]) == (2 * a - (2 * a + 3) / 2, 3 - (2 * a + 3) / 2)
    kept = named(mean.root, mean.bugs[0].grads)
    assert (kept["x_1"], kept["x_2"]) == (2 * a, 3.0)


def test_every_exhibit_shows_its_bug() -> None:
    for shown in exhibits():
        assert played(shown.root, right(shown.root)) != shown.bugs[0].grads


def test_a_deep_chain_needs_no_recursion() -> None:
    y = x = Value(1.0)
    for _ in range(20_000):
        y = y * 1.0
    assert [bug.grads[x] for bug in bugs(y)] == [1.0, 1.0, 2.0, 1.0, 0.0]


def test_the_graph_is_left_as_it_was_and_a_large_one_refused() -> None:
    x = Value(3.0, label="x")
    bug_zoo(x * x)
    assert x.grad is UNREACHED
    y = x
    for _ in range(60):
        y = y + x
    with pytest.raises(ValueError, match="has 61 nodes; the zoo's table holds up to 60"):
        bug_zoo(y)
