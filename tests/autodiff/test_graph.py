"""Topological order and the backward pass told step by step; why there is a sort at all."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from autodiff import (
    GATES,
    Part,
    Value,
    backward_steps,
    is_topological,
    topological_order,
)
from autodiff.graph import adjoints, reset_gates
from tests.random_graphs import Recipe, recipes


def recursive_backward(node: Value, upstream: float = 1.0) -> None:
    """What one writes first: add to the gradient, hand on the gradient *so far* to the parents."""
    node.grad += upstream
    for parent, local in zip(node.parents, node.local_grads, strict=True):
        recursive_backward(parent, node.grad * local)


def test_without_a_sort_a_half_grown_gradient_is_handed_on_twice() -> None:
    """The answer to "why a topological sort? just recurse": b = a + a; c = b + b.

    c has two edges to b. The recursion comes to b by the first, when b has received 1 of its 2,
    hands on 1 to each of a's two edges, comes again by the second, when b has received 2, and
    hands on 2: a gets 1 + 1 + 2 + 2 = 6 where dc/da = 4.
    """
    a = Value(3.0)
    b = a + a
    c = b + b
    recursive_backward(c)
    assert a.grad == 6.0

    a.grad = 0.0
    c.backward()
    assert a.grad == 4.0


def test_handing_on_only_what_just_arrived_is_right_but_takes_exponential_time() -> None:
    """One path at a time is a correct sum over paths, and a graph can have very many paths."""
    visits = 0

    def by_paths(node: Value, upstream: float) -> float:
        nonlocal visits
        visits += 1
        if node is a:
            return upstream
        return sum(
            by_paths(parent, upstream * local)
            for parent, local in zip(node.parents, node.local_grads, strict=True)
        )

    a = Value(1.0)
    node = a
    for _ in range(12):
        node = node + node
    assert by_paths(node, 1.0) == 2.0**12
    assert visits == 2**13 - 1
    node.backward()
    assert a.grad == 2.0**12
    assert len(topological_order(node)) == 13


def test_the_order_is_depth_first_and_first_parent_first() -> None:
    x, y, z = (Value(float(i), label) for i, label in enumerate("xyz"))
    root = (x + y) * (z - x)
    assert [n.label or str(n.gate) for n in topological_order(root)] == [
        "x", "y", "add", "z", "sub", "mul",
    ]  # fmt: skip


def test_orders_of_rows_and_repeats() -> None:
    a, b = Value(1.0), Value(2.0)
    dot = GATES["dot"]([b, a, b], [a, a, b])
    assert topological_order(dot) == [b, a, dot]
    square = a * a
    assert topological_order(square) == [a, square]
    assert topological_order(a) == [a]


def test_a_row_whose_elements_are_pending_comes_after_them() -> None:
    """The outer row announces b before the inner one, inside a, asks for it."""
    x = Value(2.0)
    b = x * x
    a = GATES["sum"]([b, b])
    outer = GATES["dot"]([a, b], [x, x])
    assert topological_order(outer) == [x, b, a, outer]
    assert reset_gates(outer) == [b, a, outer]
    outer.backward()  # 2x³ + x³
    assert x.grad == 36.0


def test_several_roots_share_one_order() -> None:
    a = Value(1.0)
    b, c = a.exp(), a.sin()
    assert topological_order(b, c) == [a, b, c]
    assert topological_order(c, b) == [a, c, b]
    assert topological_order(b, b) == [a, b]
    assert topological_order() == []


@given(recipes())
def test_every_order_is_topological_and_repeatable(recipe: Recipe) -> None:
    root, leaves = recipe.build()
    order = topological_order(root)
    assert is_topological(order)
    assert order[-1] is root
    assert set(leaves) <= set(order)
    assert topological_order(root) == order
    assert reset_gates(root) == [node for node in order if node.gate is not None]
    assert all(node.grad == 0.0 for node in order if node.gate is not None)
    again, _ = recipe.build()
    names = [(str(n.gate), n.label, n.data) for n in order]
    assert [(str(n.gate), n.label, n.data) for n in topological_order(again)] == names


def test_the_postcondition_notices_a_wrong_order() -> None:
    a = Value(1.0)
    b = a.exp()
    assert is_topological([a, b])
    assert not is_topological([b, a])
    assert not is_topological([b])
    assert not is_topological([a, a, b])


def test_backward_steps_of_the_first_circuit() -> None:
    """(x + y)·z at -2, 5, -4, gate by gate."""
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    first, second = backward_steps(f)
    assert first == (f, 1.0, (Part(q, -4.0, -4.0), Part(z, 3.0, 3.0)))
    assert second == (q, -4.0, (Part(x, 1.0, -4.0), Part(y, 1.0, -4.0)))
    assert x.grad == 0.0  # nothing is written


def test_backward_steps_list_both_edges_of_a_square() -> None:
    x = Value(3.0)
    (step,) = backward_steps(x * x)
    assert step.parts == (Part(x, 3.0, 3.0), Part(x, 3.0, 3.0))


def test_a_steps_upstream_is_complete() -> None:
    """b = a + a; c = b + b: when b's step comes, both of c's parts have arrived."""
    a = Value(3.0)
    b = a + a
    c = b + b
    steps: list[Any] = backward_steps(c)
    assert [step.upstream for step in steps] == [1.0, 2.0]
    assert sum(part.downstream for part in steps[-1].parts) == 4.0


def test_a_leaf_has_no_steps() -> None:
    assert backward_steps(Value(1.0)) == []


def test_time_grows_with_gates_not_with_paths() -> None:
    """Theorem 7.4.1 of CS229, counted instead of timed: each edge is used once."""
    node = Value(1.0)
    for _ in range(1000):  # 2¹⁰⁰⁰ paths
        node = (node + node) * 0.5
    steps = backward_steps(node)
    assert len(steps) == 2000
    assert sum(len(step.parts) for step in steps) == 4000


# ── adjoints ─────────────────────────────────────────────────────────────────────────────────


@given(recipes())
def test_adjoints_are_the_gradients_of_backward_to_the_last_bit(recipe: Recipe) -> None:
    root, _ = recipe.build()
    order = topological_order(root)
    found = adjoints(order, {root: 1.0})
    root.backward()
    assert {node: found[node].hex() for node in order} == {n: float(n.grad).hex() for n in order}


def test_adjoints_are_linear_in_their_seeds_and_stop_where_they_are_told() -> None:
    """With a, b = x², 3x seeded by 1 and 10 the adjoint of x = 5 is 2x + 30."""
    x = Value(5.0)
    y = x * 1.0
    a, b = y * y, 3.0 * y
    order = topological_order(a, b)
    assert adjoints(order, {a: 1.0, b: 10.0})[x] == 40.0
    assert x not in adjoints(order, {a: 1.0, b: 10.0}, stop={y})


def test_adjoints_can_be_anything_that_is_added() -> None:
    """Handing on the edges themselves gives all the paths from the root."""
    x = Value(2.0, label="x")
    f = x * x + x

    def hand_on(node: Value, paths: list[str]) -> list[tuple[Value, list[str]]]:
        return [(p, [f"{path}/{node.gate}" for path in paths]) for p in node.parents]

    found = adjoints(topological_order(f), {f: [""]}, hand_on)
    assert len(found[x]) == 3
