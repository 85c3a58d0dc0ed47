"""Random circuits: whole numbers everywhere, seeded, harder where harder is asked for."""

import pytest

from autodiff import GATES, Constant, Value, gradcheck, parse, topological_order
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
