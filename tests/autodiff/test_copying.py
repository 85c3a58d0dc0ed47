"""Pickle, copy and deepcopy: same graph, other objects, at any depth."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from autodiff import GATES, Value, backward_steps, gate, is_topological, topological_order
from autodiff.value import UNREACHED
from tests.random_graphs import Recipe, recipes

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


def chain(gates: int) -> tuple[Value, Value]:
    """(leaf, root) of a chain with two edges to the leaf at every second gate."""
    x = Value(0.5, label="x")
    v = x
    for _ in range(gates // 2):
        v = v * x + x
    return x, v


def described(root: Value) -> list[Any]:
    """All there is to say of a graph, node by node, in topological order."""
    order = topological_order(root)
    position = {node: i for i, node in enumerate(order)}
    return [
        (
            type(node),
            node.data,
            node.grad,
            node.grad is UNREACHED,
            node.label,
            node.gate,
            [position[parent] for parent in node.parents],
            node.local_grads,
        )
        for node in order
    ]


def count_values() -> int:
    """How many nodes there are in the whole process (asking `type` disturbs no lazy module)."""
    return sum(issubclass(type(o), Value) for o in gc.get_objects())


@pytest.fixture
def low_recursion_limit() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(150)
    yield
    sys.setrecursionlimit(before)


@given(recipes())
def test_copies_equal_the_original_and_share_nothing_with_it(recipe: Recipe) -> None:
    root, _ = recipe.build()
    for reached in (False, True):
        if reached:
            root.backward()
        for twin in (copy.deepcopy(root), pickle.loads(pickle.dumps(root))):
            assert described(twin) == described(root)
            assert is_topological(topological_order(twin))
            assert set(topological_order(twin)).isdisjoint(topological_order(root))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol(protocol: int) -> None:
    x, root = chain(20)
    leaf, twin = pickle.loads(pickle.dumps((x, root), protocol))
    assert described(twin) == described(root)
    assert topological_order(twin)[0] is leaf


def test_a_copy_can_be_differentiated_on_its_own() -> None:
    x, root = chain(10)
    y, twin = copy.deepcopy((x, root))
    twin.backward()
    assert x.grad is UNREACHED
    root.backward()
    assert y.grad == x.grad


def test_nodes_that_are_shared_stay_shared() -> None:
    x = Value(2.0)
    shared = x * x
    one, other = shared + 1, shared.exp()
    for twins in (
        copy.deepcopy([one, other, shared, x]),
        pickle.loads(pickle.dumps([one, other, shared, x])),
    ):
        assert twins[0].parents[0] is twins[1].parents[0] is twins[2]
        assert twins[2].parents == (twins[3], twins[3])


def test_a_shallow_copy_is_another_node_with_the_same_parents() -> None:
    x, root = chain(4)
    twin = copy.copy(root)
    assert twin is not root
    assert twin.parents == root.parents
    twin.backward()
    assert x.grad != 0.0


def test_attributes_of_a_subclass_are_kept() -> None:
    v = Named(2.0, label="v")
    v.unit = ["m"]
    for twin in (copy.deepcopy(v * 1).parents[0], pickle.loads(pickle.dumps(v))):
        assert isinstance(twin, Named)
        assert twin.unit == ["m"]
        assert twin.unit is not v.unit
        assert twin.label == "v"


class Named(Value):
    unit: list[str]


class Slotted(Value):
    __slots__ = ("__hidden", "note", "unset")

    def __init__(self, data: float, note: list[str]) -> None:
        super().__init__(data)
        self.note, self.__hidden = note, note[0]

    def hidden(self) -> str:
        return self.__hidden


def test_slots_of_a_subclass_are_kept() -> None:
    x = Slotted(2.0, ["a"])
    for twin in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert (twin.data, twin.note, twin.hidden()) == (2.0, ["a"], "a")
        assert not hasattr(twin, "unset")
    assert copy.copy(x).note is x.note
    assert copy.deepcopy(x).note is not x.note


def test_a_users_gate_travels_by_name() -> None:
    cube = gate("cube", "a**3", a="3 * a**2")
    pickled = pickle.dumps(cube(Value(2.0)))
    assert pickle.loads(pickled).gate is cube
    del GATES["cube"]
    with pytest.raises(LookupError, match=r"no gate 'cube' here; register it with autodiff\.gate"):
        pickle.loads(pickled)


@pytest.mark.usefixtures("low_recursion_limit")
def test_nothing_recurses() -> None:
    x, root = chain(20_000)
    middle = topological_order(root)[10_000]
    twin = copy.deepcopy([middle, root])[1]
    assert described(twin) == described(root)
    pickled = pickle.dumps([middle, root])
    assert described(pickle.loads(pickled)[1]) == described(root)
    assert pickle.loads(pickle.dumps(middle)).data == middle.data
    assert copy.deepcopy(x) is not x


def test_a_pickled_graph_is_not_kept_alive() -> None:
    gc.collect()
    before = count_values()
    x, root = chain(100)
    pickle.dumps([root.parents[0], root])
    del x, root
    assert count_values() == before


@pytest.mark.slow
@pytest.mark.usefixtures("low_recursion_limit")
def test_a_chain_of_a_million_gates() -> None:
    """Build, sort, backward, told step by step, pickle, deepcopy, drop: no recursion error, and
    dropped by reference counts alone."""
    gc.collect()
    gc.disable()
    try:
        before = count_values()
        x, root = chain(1_000_000)
        assert len(topological_order(root)) == 1_000_001
        root.backward()
        # v ← v·x + x has the fixed point 1 at x = ½; there dv/dx = (1 + 1) / (1 - ½)
        assert root.data == 1.0
        assert x.grad == pytest.approx(4.0, rel=1e-12)
        assert len(backward_steps(root)) == 1_000_000
        twin = copy.deepcopy(root)
        assert (twin.data, twin.grad) == (1.0, 1.0)
        del twin
        pickled = pickle.dumps(root)
        assert pickle.loads(pickled).data == 1.0
        del pickled
        assert count_values() == before + 1_000_001
        del root
        assert count_values() == before + 1  # x
    finally:
        gc.enable()
