"""Which nodes belong to which call, and to which example of a batch."""

from autodiff import GATES, Constant, Value, topological_order
from nn import MLP, Layer, LayerNorm, Neuron, Residual, Sequential, diagnose
from tests.viz.circuits import batch_loss, moons_network, values
from viz.fold.calls import frames, level_of, long_sums, path, term_frames
from viz.fold.cells import Cells, cells
from viz.fold.detail import build


def graph_of(root: Value) -> Cells:
    return cells(topological_order(root), {})


def titles(root: Value, v: Value) -> list[str]:
    graph = graph_of(root)
    frame = frames(graph, term_frames(graph), {})[v]
    return [step.title.partition(":")[0] for step in path(frame)]


def test_levels_of_modules() -> None:
    layer = Layer(2, 2, rng=0)
    assert level_of(Neuron(2, rng=0)) == "neuron"
    assert level_of(layer) == "layer"
    assert level_of(MLP(2, [2, 1], rng=0)) == "model"
    assert level_of(Sequential(layer)) == "model"
    assert level_of(Residual(layer)) == "model"


def test_a_weight_lives_in_its_neuron_and_an_input_outside() -> None:
    model, loss = moons_network()
    weight = model.layers[1].neurons[3].w[5]
    assert titles(loss, weight) == ["MLP", "2", "neurons[3]"]
    (x0,) = [v for v in topological_order(loss) if v.label == "x0"]
    assert titles(loss, x0) == []


def test_a_weight_that_weight_decay_uses_too_stays_in_its_neuron() -> None:
    neuron = Neuron(2, rng=0)
    root = neuron(values(a=1, b=2)) + neuron.w[0] ** 2
    assert titles(root, neuron.w[0]) == ["Neuron(2)"]


def test_a_weight_that_two_calls_share_belongs_to_neither() -> None:
    neuron = Neuron(1, rng=0)
    root = neuron(values(a=1)) * neuron(values(b=2))
    assert titles(root, neuron.b) == []


def test_an_example_holds_what_only_it_uses() -> None:
    model, cost = batch_loss(20)
    home = term_frames(graph_of(cost))
    examples = {frame.title for frame in home.values() if frame.level == "term"}
    assert examples == {f"example {i}" for i in range(20)}
    assert not home.keys() & set(model.parameters())
    numbers = [v for v in home if isinstance(v, Constant)]
    assert len(numbers) >= 2 * 20  # each example's inputs


def test_long_sums_are_chains_of_plus_and_gates_over_a_row() -> None:
    terms = [x * x for x in values(**{f"x{i}": i for i in range(10)})]
    for total, nodes in (
        (sum(terms[1:], start=terms[0]), 9),
        (GATES["sum"](terms), 1),
        (GATES["mean"](terms), 1),
    ):
        ((chain, found),) = long_sums(graph_of(total))
        assert len(chain) == nodes
        assert set(found) == set(terms)


def test_a_short_sum_is_left_alone() -> None:
    a, b, c = (x * x for x in values(a=1, b=2, c=3))
    assert long_sums(graph_of(a + b + c)) == []


def test_logits_are_no_examples() -> None:
    """They are a long row too, but one call returned them."""
    model = MLP(4, [12, 10], rng=0)
    root = GATES["logsumexp"](model([0.1, 0.2, 0.3, 0.4]))
    assert term_frames(graph_of(root)) == {}
    assert titles(root, root.parents[0]) == ["MLP", "2", "neurons[0]"]


def test_a_sum_inside_of_a_module_is_the_modules_affair() -> None:
    norm = LayerNorm(9)
    root = norm([0.1 * i for i in range(9)])[0] + 0.0
    assert term_frames(graph_of(root)) == {}


def test_layers_are_numbered_as_in_the_repr_the_summary_and_the_state_dict() -> None:
    model = MLP(2, [3, 3, 1], rng=0)
    loss = model([Value(0.5), Value(-1.0)])
    numbers = ["0", "2", "4"]
    for number, layer in zip(numbers, model.layers, strict=True):
        weight = layer.neurons[0].w[0]
        assert titles(loss, weight)[1] == number
        assert f"({number}): {layer!r}" in repr(model)
        assert dict(model.named_parameters())[f"{number}.weight[0,0]"] is weight
    assert [row.name for row in model.summary().rows] == numbers
    report = diagnose(model, [[0.5, -1.0], [1.0, 2.0]])
    assert [layer.name.partition(":")[0] for layer in report.layers] == numbers


def test_a_sum_over_what_a_module_returned_leaves_the_module_alone() -> None:
    """Σ o² over twelve outputs of one call: the squares are terms, the call is none of them."""
    layer = Layer(2, 12, rng=0)
    root = sum(o * o for o in layer([Value(1.0), Value(2.0)]))
    picture = build(root, "layer")
    boxes = [node.text for node in picture.nodes if node.kind == "box"]
    assert boxes == ["Layer(2, 12)", "sum of 12 terms"]
