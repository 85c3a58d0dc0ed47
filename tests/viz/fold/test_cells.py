"""The graph a picture is made of, as it is or in finer gates."""

import math

from hypothesis import given

from autodiff import GATES, Value, topological_order
from autodiff.graph import adjoints
from tests.random_graphs import Recipe, recipes
from viz.fold.cells import cells, is_coarse, plain, refine, slots


def test_slots_name_every_input() -> None:
    assert slots(GATES["mul"], 2) == ["a", "b"]
    assert slots(GATES["dot"], 4) == ["a[0]", "a[1]", "b[0]", "b[1]"]


@given(recipes())
def test_the_finer_graph_has_the_same_numbers(recipe: Recipe) -> None:
    """In topological order, down to primitive gates, with the gradients backward() finds."""
    root, leaves = recipe.build()
    root.backward()
    graph = cells(topological_order(root), adjoints(topological_order(root), {root: 1.0}))
    fine, kept = refine(graph, lambda v, cell: True)
    # a sum of one element has nothing to unfold into
    coarse = [c for c in fine.values() if is_coarse(c)]
    assert kept or all(c.gate and c.gate.rows and len(c.parents) == 1 for c in coarse)
    seen: set[Value] = set()
    back = dict.fromkeys(fine, 0.0)
    for v, cell in fine.items():
        assert seen.issuperset(cell.parents)
        seen.add(v)
        for parent, local in zip(cell.parents, cell.locals, strict=True):
            assert cell.grad is not None
            back[parent] += cell.grad * local
    assert fine[root].data == root.data
    for leaf in leaves:
        if leaf in fine and leaf is not root:
            assert math.isclose(back[leaf], leaf.grad, rel_tol=1e-9, abs_tol=1e-12)


def test_refining_leaves_the_users_graph_alone() -> None:
    x = Value(0.5)
    y = x.gelu()
    y.backward()
    before = (x.data, x.grad, y.data, y.grad, y.parents)
    refine(cells(topological_order(y), {y: 1.0}), lambda v, cell: True)
    assert (x.data, x.grad, y.data, y.grad, y.parents) == before


def test_before_backward_no_cell_has_a_gradient() -> None:
    x = Value(0.5)
    y = x.gelu()
    fine, _ = refine(cells(topological_order(y), {}), lambda v, cell: True)
    assert {cell.grad for cell in fine.values()} == {None}


def symbols(root: Value) -> list[str]:
    order = topological_order(root)
    graph = plain(cells(order, {}), lambda v: v.label)
    assert all(parent in graph for cell in graph.values() for parent in cell.parents)
    return [cell.gate.name for cell in graph.values() if cell.gate]


def test_the_zero_that_pythons_sum_begins_with_is_not_in_the_graph() -> None:
    a, b = Value(2.0), Value(3.0)
    assert symbols(sum([a * b, b])) == ["mul", "add"]  # type: ignore[arg-type]
    assert symbols(a + 0.0) == ["add"]  # somebody wrote it down
    named = 0 + a
    named.label = "named"
    assert symbols(named * b) == ["add", "mul"]


def test_a_sum_of_one_term_is_that_term() -> None:
    x = Value(2.0)
    for name in ("sum", "mean", "logsumexp"):
        assert symbols(GATES[name]([x * x])) == ["mul"]
        assert symbols(GATES[name]([x * x, x])) == ["mul", name]
