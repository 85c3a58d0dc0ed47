"""Random circuits: whole numbers everywhere, seeded, harder where harder is asked for."""

import numpy as np
import pytest

from autodiff import GATES, Constant, Value, gate, gradcheck, parse, topological_order
from viz import random_circuit
from viz.pages.worksheet.random_circuits import DIFFICULTIES, other_numbers


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
@pytest.mark.parametrize("seed", range(60))
def test_all_numbers_are_whole_and_small(difficulty: str, seed: int) -> None:
    level = DIFFICULTIES[difficulty]
    root = random_circuit(difficulty, seed)
    root.backward()
    order = topological_order(root)
    assert sum(v.gate is not None for v in order) == level.gates
    assert [v.label for v in order if v.gate is None].count("x") == 1
    assert sum(v.gate is None for v in order) == level.leaves
    for v in order:
        for number in (v.data, v.grad, *v.local_grads):
            assert float(number).is_integer()
            assert abs(number) <= level.largest


def told(root: Value) -> list[tuple[str, float]]:
    return [(v.gate.name if v.gate else v.label, v.data) for v in topological_order(root)]


def test_equal_seeds_give_equal_circuits_and_others_others() -> None:
    assert told(random_circuit("hard", 5)) == told(random_circuit("hard", 5))
    assert len({str(told(random_circuit("easy", seed))) for seed in range(60)}) > 50


def test_hard_circuits_use_gates_that_easy_ones_do_not() -> None:
    def used(difficulty: str) -> set[str]:
        roots = [random_circuit(difficulty, seed) for seed in range(60)]
        return {v.gate.name for root in roots for v in topological_order(root) if v.gate}

    easy, medium, hard = map(used, DIFFICULTIES)
    assert easy < medium < hard
    assert hard <= set(GATES)


def stands_at_a_kink(root: Value) -> bool:
    """Whether a gate's slopes left and right of one of its inputs differ."""
    return any(
        check.kink
        for v in topological_order(root)
        if v.gate is not None
        for check in gradcheck(v.gate, [parent.data for parent in v.parents]).inputs
    )


@pytest.mark.parametrize("difficulty", ["medium", "hard"])
def test_no_gate_stands_at_a_kink_or_a_tie_unless_asked_for(difficulty: str) -> None:
    """As max(−4, −4): what comes back there is a convention, not a slope."""
    assert not any(stands_at_a_kink(random_circuit(difficulty, seed)) for seed in range(200))
    asked = [random_circuit(difficulty, seed, kinks=True) for seed in range(200)]
    assert any(stands_at_a_kink(root) for root in asked)


def test_an_unknown_difficulty_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no 'evil'"):
        random_circuit("evil")


def test_other_numbers_leave_the_circuit_as_it_is() -> None:
    """Gates, labels and constants stay; inputs are new each time, whole where they were whole."""
    root = parse("q = w*x + b; y = relu(q); y^2 + log(x)", w=2, x=3, b=-0.5)
    made = other_numbers(root, 12)
    order = topological_order(root)
    inputs = set()
    for other in made:
        pairs = list(zip(order, topological_order(other), strict=True))
        assert all((a.gate, a.label) == (b.gate, b.label) for a, b in pairs)
        assert [b.data for _, b in pairs if isinstance(b, Constant)] == [2.0]
        found = {b.label: b.data for a, b in pairs if a.gate is None and a.label}
        assert found["x"] > 0  # of which there is a logarithm
        assert found["w"].is_integer()
        assert abs(found["b"]) <= 0.5
        inputs.add(tuple(found.values()))
    assert len(inputs) == len(made) == 12
    assert other_numbers(Value(2.0) * Value(3.0).relu(), 3)


# ── topics ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
@pytest.mark.parametrize("name", ["max", "relu", "sigmoid", "mul", "log"])
def test_a_circuit_on_a_gate_has_that_gate(difficulty: str, name: str) -> None:
    for seed in range(10):
        root = random_circuit(difficulty, seed, topic=name)
        assert GATES[name] in [v.gate for v in topological_order(root)]
        root.backward()
        for v in topological_order(root):
            assert all(n == 0 or abs(n) >= 0.01 for n in (v.data, v.grad))


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_circuits_on_forks_read_a_node_twice(difficulty: str) -> None:
    for seed in range(10):
        order = topological_order(random_circuit(difficulty, seed, topic="fork"))
        read = [p for v in order for p in v.parents]
        assert len(read) > len(set(read))


@pytest.mark.parametrize("difficulty", DIFFICULTIES)
def test_a_matrix_times_a_vector_has_numpys_gradients(difficulty: str) -> None:
    root = random_circuit(difficulty, 5, topic="matrix")
    root.backward()
    leaf = {v.label: v for v in topological_order(root) if v.gate is None}
    n, m = max(int(k[1]) for k in leaf if k[0] == "w"), max(int(k[1]) for k in leaf if k[0] == "x")
    rows, columns = range(1, n + 1), range(1, m + 1)
    W = np.array([[leaf[f"w{i}{j}"].data for j in columns] for i in rows])
    x = np.array([leaf[f"x{j}"].data for j in columns])
    c = np.array([leaf[f"c{i}"].data if n > 1 else 1.0 for i in rows])
    assert root.data == c @ W @ x
    assert [leaf[f"x{j}"].grad for j in columns] == list(c @ W)
    assert [[leaf[f"w{i}{j}"].grad for j in columns] for i in rows] == np.outer(c, x).tolist()


def test_a_topic_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no circuits on 'softmax'; a topic is 'fork', 'matrix'"):
        random_circuit(topic="softmax")
    with pytest.raises(ValueError, match="no circuits on 'equal'"):  # its slope is 0 everywhere
        random_circuit(topic="equal")


@pytest.mark.parametrize("factor", ["1e6", "1e-6"])
def test_a_gate_whose_numbers_never_suit_is_an_error(factor: str) -> None:
    gate("scaled", f"{factor}*x", x=factor)
    try:
        with pytest.raises(ValueError, match="no easy circuit on 'scaled' was found"):
            random_circuit("easy", topic="scaled")
    finally:
        del GATES["scaled"]
