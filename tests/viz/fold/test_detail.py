"""Levels of detail: every picture is the same graph, folded or unfolded."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import GATES, Call, Constant, Value, topological_order
from nn import MLP, Layer, LayerNorm, Neuron, Residual, Sequential
from tests.random_graphs import Recipe, recipes
from tests.viz.circuits import (
    batch_loss,
    moons_network,
    product_of_sum,
    sigmoid_neuron,
    small_network,
    values,
)
from viz import Picture, TooLarge, build, draw
from viz.fold.detail import LEVELS


def leaves(root: Value) -> dict[Value, float]:
    return {
        v: v.grad for v in topological_order(root) if v.gate is None and not isinstance(v, Constant)
    }


def flowing_in(picture: Picture) -> dict[str, float]:
    """What comes back to each node along the wires that leave it."""
    total = dict.fromkeys([node.name for node in picture.nodes], 0.0)
    for edge in picture.edges:
        for part in edge.parts:
            assert part.downstream is not None
            total[edge.tail] += part.downstream
    return total


def assert_same_graph(picture: Picture, root: Value) -> None:
    """Same root value, same leaf gradients, and the wires add up to the gradients."""
    top = picture.node(picture.root)
    stands_for_it = [root]  # and the only term of a sum, of that the only term of its sum, ...
    while len(only := stands_for_it[-1].parents) == 1 and only[0].data == root.data:
        stands_for_it.append(only[0])
    assert set(stands_for_it) & set(top.members)
    assert root.data in top.values
    shown = {
        leaf: grad for leaf, grad in picture.leaf_grads().items() if not isinstance(leaf, Constant)
    }
    assert shown == leaves(root)
    position = {node.name: i for i, node in enumerate(picture.nodes)}
    assert all(position[edge.tail] < position[edge.head] for edge in picture.edges)
    back = flowing_in(picture)
    for node in picture.nodes:
        if node.kind in ("input", "gate") and node.name != picture.root:
            assert node.grad is not None
            assert math.isclose(back[node.name], node.grad, rel_tol=1e-9, abs_tol=1e-12)
        grads = list(node.leaf_grads.values())
        if node.kind == "box" and len(node.members) == len(grads) and None not in grads:
            held = math.fsum(g for g in grads if g is not None)  # nothing but leaves in this box
            assert math.isclose(back[node.name], held, rel_tol=1e-9, abs_tol=1e-12)


def test_a_sum_of_one_sum_of_one_term_is_that_term() -> None:
    x = Value(0.5)
    root = GATES["sum"]([GATES["logsumexp"]([x])])
    root.backward()
    for detail in LEVELS:
        assert_same_graph(build(root, detail), root)


@given(recipes(), st.sampled_from(LEVELS))
def test_every_level_of_a_random_graph_is_the_same_graph(recipe: Recipe, detail: str) -> None:
    root, _ = recipe.build()
    root.backward()
    assert_same_graph(build(root, detail), root)


class Piece:
    """A module that is made of any function: a tiny stand-in."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *inputs: Value) -> Value:
        out: Value = self.function(*inputs)
        if out.gate is not None and out not in inputs:
            out.call = Call(self, inputs, out.call)
        return out

    def children(self) -> dict[str, Any]:
        return {}


@given(recipes(), recipes(), st.sampled_from([*LEVELS, "auto"]), st.booleans())
def test_folding_calls_of_random_modules_keeps_the_graph(
    inner: Recipe, outer: Recipe, detail: str, nested: bool
) -> None:
    """A random graph made by a module, whose output feeds another random graph."""
    piece = Piece(inner.on_values)
    module = Piece(lambda *xs: piece(*xs) * 2) if nested else piece
    ins = [Value(number, label=f"x{i}") for i, number in enumerate(inner.leaves)]
    out = module(*ins)
    others = [Value(number) for number in outer.leaves]
    root = outer.on_values(*others) + out + 0.5 * ins[0]
    root.backward()
    assert_same_graph(build(root, detail), root)


@given(recipes(), st.data())
def test_unfolding_single_gates_keeps_the_graph(recipe: Recipe, data: st.DataObject) -> None:
    root, _ = recipe.build()
    root.backward()
    nodes = [v for v in topological_order(root) if v.gate is not None]
    chosen = data.draw(st.sets(st.sampled_from(nodes), max_size=3))
    assert_same_graph(build(root, expand=chosen), root)


# ── coarse gates ─────────────────────────────────────────────────────────────────────────────


def test_the_sigmoid_neuron_unfolds_as_in_cs231n() -> None:
    """·-1, exp, +1, 1/x with the values and gradients of the lecture."""
    picture = build(sigmoid_neuron(), "primitive")
    tail = [node for node in picture.nodes if node.kind == "gate"][-4:]
    assert [node.text for node in tail] == ["×−1", "exp", "+", "1/x"]
    assert [round(node.values[0], 2) for node in tail] == [-1.0, 0.37, 1.37, 0.73]
    assert [round(node.grad or 0, 2) for node in tail] == [-0.2, -0.53, -0.53, 1.0]


@pytest.mark.parametrize("name", [name for name, gate in GATES.items() if gate.decompose])
def test_a_coarse_gate_unfolds_with_the_right_numbers(name: str) -> None:
    gate = GATES[name]
    row = [Value(0.5 + 0.3 * i, label=f"r{i}") for i in range(3)]
    inputs: list[Any] = [list(row) if i in gate.rows else Value(0.7, label=i) for i in gate.inputs]
    root = gate(*inputs)
    root.backward()
    picture = build(root, "primitive")
    assert_same_graph(picture, root)
    assert all(node.gate is None or node.gate.decompose is None for node in picture.nodes)


def test_dot_unfolds_into_products_and_a_sum() -> None:
    a, b = values(a0=1, a1=2), values(b0=3, b1=4)
    root = GATES["dot"](a, b)
    root.backward()
    symbols = [node.text for node in build(root, "primitive").nodes if node.gate]
    assert symbols == ["×", "×", "+"]


def test_a_gate_whose_pieces_overflow_stays_whole_and_the_picture_says_so() -> None:
    x = Value(-1000.0, label="x")
    y = x.sigmoid()
    y.backward()
    picture = build(y, "primitive")
    assert [node.text for node in picture.nodes] == ["x", "σ"]
    assert any("kept whole" in note for note in picture.notes)


def test_a_gate_whose_input_was_changed_stays_whole() -> None:
    x = Value(1.0, label="x")
    y = x.sigmoid()
    x.data = 5.0
    assert any("changed after" in note for note in build(y, "primitive").notes)


def test_one_gate_can_be_unfolded_by_its_label() -> None:
    x = Value(1.0)
    a, b = x.sigmoid(), x.tanh()
    a.label = "here"
    picture = build(a + b, expand=["here"])
    symbols = [node.text for node in picture.nodes if node.gate]
    assert "σ" not in symbols
    assert "tanh" in symbols


# ── modules ──────────────────────────────────────────────────────────────────────────────────


def test_each_level_folds_what_it_is_named_for() -> None:
    loss = small_network()
    boxes = {
        level: [n.text.partition(":")[0] for n in build(loss, level).nodes if n.kind == "box"]
        for level in LEVELS
    }
    assert boxes == {
        "model": ["MLP"],
        "layer": ["0", "2"],
        "neuron": ["neurons[0]", "neurons[1]", "neurons[2]", "neurons[0]"],
        "gate": [],
        "primitive": [],
    }


def test_frames_nest_as_the_modules_do() -> None:
    clusters = build(small_network()).clusters
    titles = {cluster.name: cluster.title.partition(":")[0] for cluster in clusters}
    nesting = [(titles[c.name], titles.get(c.parent or "")) for c in clusters]
    assert nesting[0] == ("MLP", None)
    assert ("0", "MLP") in nesting
    assert ("neurons[2]", "0") in nesting


def test_a_folded_box_tells_the_range_of_values_and_gradients() -> None:
    model, loss = moons_network()
    picture = build(loss, "layer")
    first = next(node for node in picture.nodes if node.text.startswith("0: Layer"))
    outputs, parameters = first.lines
    assert outputs.text == "16 outputs"
    assert parameters.text == "48 parameters"
    held = model.layers[0].parameters()
    assert sorted(parameters.values) == sorted(p.data for p in held)
    assert parameters.grads is not None
    assert sorted(parameters.grads) == sorted(p.grad for p in held)


def test_expand_opens_a_module_in_a_coarse_picture() -> None:
    model, loss = moons_network()
    picture = build(loss, "layer", expand=[model.layers[2]])
    boxes = [node.text.partition(":")[0] for node in picture.nodes if node.kind == "box"]
    assert "0" in boxes
    assert "4" not in boxes
    assert "w·x+b" in [node.text for node in picture.nodes]
    assert_same_graph(picture, loss)


def test_expand_takes_one_thing_or_several() -> None:
    model, loss = moons_network()
    last = model.layers[2]
    titles = [
        [node.text for node in build(loss, "layer", expand=wish).nodes]
        for wish in (last, [last], "4", {"4"})
    ]
    assert all(one == titles[0] for one in titles)


def test_names_of_variables_name_modules() -> None:
    model, loss = moons_network()
    titles = [n.text for n in build(loss, "model", names={"net": model}).nodes if n.kind == "box"]
    assert titles == ["net: MLP"]


def test_a_layer_alone_is_its_own_model() -> None:
    layer = Layer(2, 2, "relu", rng=0)
    root = sum(layer(values(a=1, b=2)))
    assert [n.kind for n in build(root, "model").nodes].count("box") == 1


def test_a_neuron_alone_folds() -> None:
    neuron = Neuron(2, rng=0)
    picture = build(neuron(values(a=1, b=2)), "neuron")
    assert [node.kind for node in picture.nodes] == ["input", "input", "box"]


@pytest.mark.parametrize("detail", LEVELS)
def test_residual_blocks_and_layer_norm_fold(detail: str) -> None:
    model = Sequential(
        Layer(3, 3, "tanh", rng=0),
        Residual(Layer(3, 4, "gelu", rng=1), Layer(4, 3, rng=2)),
        LayerNorm(3),
    )
    out = model(values(x0=0.1, x1=0.2, x2=0.3))
    root = GATES["logsumexp"](out) - out[1]
    root.backward()
    assert_same_graph(build(root, detail), root)


def test_one_module_called_twice_has_a_box_for_each_call() -> None:
    neuron = Neuron(1, "tanh", rng=0)
    (x,) = values(x=0.5)
    root = neuron([neuron([x])])
    root.backward()
    picture = build(root, "neuron")
    assert [node.kind for node in picture.nodes].count("box") == 2
    assert_same_graph(picture, root)


def test_calls_that_depend_on_each_other_in_a_circle_are_shown_gate_by_gate() -> None:
    """A call that reaches around its own input: no box can be drawn around it."""
    (x,) = values(x=2.0)
    inside = x * 3
    other = inside.exp()
    out = other + inside
    out.call = Call(Piece(None), (other,), None)
    out.backward()
    picture = build(out, "model")
    assert_same_graph(picture, out)
    assert any("in a circle" in note for note in picture.notes)


# ── many ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("detail", ["model", "layer", "neuron", "gate"])
def test_the_moons_network_is_small_enough_at_every_level_but_the_last(detail: str) -> None:
    _, loss = moons_network()
    picture = build(loss, detail)
    assert len(picture.nodes) <= 160
    assert_same_graph(picture, loss)


def test_activations_that_many_neurons_read_come_over_a_bus() -> None:
    _, loss = moons_network()
    picture = build(loss, "gate")
    assert [node.kind for node in picture.nodes].count("row") == 2
    assert len(picture.edges) < 200  # 16 × 16 wires between two layers are 32


def test_a_batch_loss_folds_per_example() -> None:
    model, cost = batch_loss()
    picture = build(cost, names={"model": model})
    titles = [node.text for node in picture.nodes if node.kind == "box"]
    assert {"example 0", "example 1", "97 more examples", "example 99"} <= set(titles)
    assert {"337 parameters", "sum of 100 examples", "sum of 337 terms"} <= set(titles)
    assert any("100 examples folded" in note for note in picture.notes)
    assert_same_graph(picture, cost)


def test_one_example_of_a_batch_can_be_opened() -> None:
    _, cost = batch_loss()
    picture = build(cost, "layer", expand=["example 1"])
    titles = [node.text for node in picture.nodes if node.kind == "box"]
    assert "example 1" not in titles
    assert "98 more examples" not in titles
    assert any(title.startswith("0: Layer") for title in titles)
    assert_same_graph(picture, cost)


def test_a_mean_over_examples_folds_too() -> None:
    model = MLP(2, [4, 1], rng=0)
    cost = GATES["mean"]([(model([0.1 * i, 0.2]) - 1) ** 2 for i in range(30)])
    cost.backward()
    picture = build(cost)
    assert "27 more examples" in [node.text for node in picture.nodes]
    assert_same_graph(picture, cost)


def test_a_graph_too_large_for_layout_is_refused_with_what_to_do() -> None:
    v = Value(1.0)
    for _ in range(2000):
        v = v.sin()
    with pytest.raises(TooLarge, match=r"2001 nodes are too many.*detail='auto'"):
        draw(v)


def test_a_chain_of_a_million_gates_is_refused_and_drawn_at_its_end() -> None:
    v = x = Value(1.0, label="x")
    for _ in range(1_000_000):
        v = -v
    with pytest.raises(TooLarge, match="1000001 nodes"):
        draw(v)
    picture = build(v, "auto")
    assert picture.notes[-1] == "detail: the last 40 of 1000001 nodes"
    assert len(picture.nodes) == 41
    assert x in picture.leaf_grads()


def test_auto_takes_the_finest_level_that_is_readable_and_names_it() -> None:
    model = MLP(8, [64, 64, 64, 4], rng=0)
    out = model([0.1] * 8)
    root = GATES["logsumexp"](out)
    root.backward()
    picture = build(root, "auto")
    assert picture.detail == "layer"
    assert picture.notes[-1] == "detail: layer, chosen automatically"
    assert build(product_of_sum(), "auto").detail == "gate"


def test_names_are_positions_in_topological_order() -> None:
    names = [node.name for node in build(product_of_sum()).nodes]
    assert names == ["n0", "n1", "n2", "n3", "n4"]


@pytest.mark.parametrize("make", [product_of_sum, sigmoid_neuron])
def test_single_leaves_and_roots(make: Any) -> None:
    leaf = topological_order(make())[0]
    picture = build(leaf)
    assert [node.kind for node in picture.nodes] == ["input"]
    assert picture.root == "n0"


def test_drawing_changes_nothing() -> None:
    _, loss = moons_network()
    before = [(v.data, v.grad, v.label) for v in topological_order(loss)]
    for detail in (*LEVELS, "auto"):
        try:
            draw(loss, detail=detail)
        except TooLarge:
            assert detail == "primitive"
    assert before == [(v.data, v.grad, v.label) for v in topological_order(loss)]


def test_a_picture_says_that_its_values_are_older_than_its_inputs() -> None:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = x * y
    f.backward()
    assert build(f).notes == ()
    x.data -= 0.5
    (note,) = build(f).notes
    assert "older than their inputs" in note
    assert "would be 4.5 now (assigned to: 'x' = 1.5" in note


@pytest.mark.parametrize(("number", "shown"), [(-math.inf, "−∞"), (math.inf, "∞")])
def test_a_constant_that_is_not_finite_is_drawn(number: float, shown: str) -> None:
    root = Value(1.0, label="x").max(number) * 2.0
    assert f">{shown}</FONT>" in draw(root).source


def test_sums_of_a_residual_block_are_one_box_at_coarse_levels() -> None:
    """Six sums side by side; at gate level each stands by itself."""
    block = Residual(Layer(6, 6, "tanh", rng=0))
    root = GATES["sum"](block([Value(0.1 * k) for k in range(6)]))
    root.backward()
    texts = [node.text for node in build(root, "layer").nodes]
    assert texts.count("6 + gates") == 1
    assert texts.count("+") == 0
    (sums,) = (node for node in build(root, "layer").nodes if node.text == "6 + gates")
    assert sums.values == tuple(v.data for v in root.parents)
    assert sums.grads == (1.0,) * 6
    assert [node.text for node in build(root, "gate").nodes].count("+") == 6
