"""Every row of the gate table: proved, differentiated numerically, and read by every target."""

from __future__ import annotations

import inspect
import itertools
import json
import math
import pickle
import random
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import (
    GATES,
    DomainError,
    FormulaError,
    Gate,
    Row,
    Value,
    gate,
    grad,
    gradcheck,
    topological_order,
)
from autodiff.formula.atoms import ATOMS, CONSTANTS
from tests.random_graphs import BUILT_IN

ALL_GATES = [pytest.param(GATES[name], id=name) for name in BUILT_IN]
COARSE = [pytest.param(GATES[n], id=n) for n in BUILT_IN if GATES[n].decompose is not None]
LENGTHS = (1, 2, 3)

# No number of the first list ties with one of the second, nor with 0: kinks have tests of their
# own. The second has whole numbers, so that negative bases meet exponents they can bear.
FIRST = (-3.1, -0.9, -0.4, 0.3, 1.4, 2.5)
SECOND = (-2.0, -0.35, 0.35, 1.0, 2.0, 2.6)

Inputs = tuple[Any, ...]  # one per input of the gate: a number, or a tuple for a row


def samples(gate: Gate, lengths: Sequence[int] = LENGTHS) -> Iterator[Inputs]:
    """Inputs at which the gate is defined: a grid, and for rows random numbers of each length."""
    if gate.rows:
        rng = random.Random(gate.name)

        def numbers(n: int) -> list[float]:
            return [rng.uniform(-3, 3) for _ in range(n)]

        candidates: Any = [
            tuple(
                tuple(rng.uniform(-3, 3) for _ in range(n))
                if x in gate.rows
                else rng.uniform(-3, 3)
                for x in gate.inputs
            )
            for n in lengths
            for _ in range(4)
        ]
    else:
        grids = (FIRST, SECOND, FIRST)
        candidates = itertools.product(*grids[: len(gate.inputs)])
    for inputs in candidates:
        try:
            fire(gate, inputs)
        except DomainError:
            continue
        yield inputs


def fire(gate: Gate, inputs: Inputs) -> Value:
    out: Value = gate(*as_values(inputs))
    return out


def as_values(inputs: Inputs) -> list[Any]:
    return [[Value(x) for x in i] if isinstance(i, tuple) else Value(i) for i in inputs]


def flat(inputs: Inputs) -> list[float]:
    return [x for i in inputs for x in (i if isinstance(i, tuple) else (i,))]


def nested(numbers: Sequence[Any], like: Inputs) -> list[Any]:
    """Flat numbers in the arrangement of `like`."""
    left = iter(numbers)
    return [[next(left) for _ in i] if isinstance(i, tuple) else next(left) for i in like]


# ── the formulas ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("gate", ALL_GATES)
def test_partials_are_the_derivatives_of_the_formula(gate: Gate) -> None:
    """SymPy: ∂formula/∂input - partial simplifies to 0, with the formula put in for `out`."""
    from tests.sympy_formulas import unproved

    for n in LENGTHS if gate.rows else (1,):
        assert unproved(gate, n) == []


def test_the_proof_finds_a_wrong_partial() -> None:
    from tests.sympy_formulas import unproved

    wrong = gate("wrong_swish", "a * sigmoid(a)", a="sigmoid(a)")
    assert unproved(wrong, 1)
    del GATES["wrong_swish"]


@pytest.mark.parametrize("gate", ALL_GATES)
def test_partials_equal_finite_differences(gate: Gate) -> None:
    checked = 0
    for inputs in samples(gate):
        numbers = flat(inputs)
        local_grads = fire(gate, inputs).local_grads
        for i, (x, local) in enumerate(zip(numbers, local_grads, strict=True)):
            h = 1e-5 * max(1.0, abs(x))
            ahead, behind = numbers.copy(), numbers.copy()
            ahead[i], behind[i] = x + h, x - h
            try:
                right, left = (
                    gate(*nested([Value(t) for t in ts], inputs)).data for ts in (ahead, behind)
                )
            except DomainError:
                assert math.isnan(local)  # the exponent of a negative base: no derivative
                continue
            assert (right - left) / (2 * h) == pytest.approx(local, rel=1e-7, abs=1e-8)
            checked += 1
    assert checked >= 3


# What stands left of the kink, on it and right of it: ∂/∂a of gate(a, *others) around a = at.
KINKS = [
    ("relu", (), 0.0, (0.0, 0.0, 1.0)),
    ("leaky_relu", (0.1,), 0.0, (0.1, 0.1, 1.0)),
    ("abs", (), 0.0, (-1.0, 0.0, 1.0)),
    ("max", (2.0,), 2.0, (0.0, 1.0, 1.0)),
    ("min", (2.0,), 2.0, (1.0, 1.0, 0.0)),
]


@pytest.mark.parametrize(("name", "others", "at", "slopes"), KINKS)
def test_slopes_on_either_side_of_a_kink(
    name: str, others: tuple[float, ...], at: float, slopes: tuple[float, float, float]
) -> None:
    def f(a: float) -> Value:
        out: Value = GATES[name](Value(a), *others)
        return out

    h = 1e-6
    left, on, right = (f(a).local_grads[0] for a in (at - h, at, at + h))
    assert (left, on, right) == slopes
    assert (f(at).data - f(at - h).data) / h == pytest.approx(left, abs=1e-9)
    assert (f(at + h).data - f(at).data) / h == pytest.approx(right, abs=1e-9)


def test_every_conditional_of_one_variable_has_its_kink_tested() -> None:
    """pow and sqrt compare too, but to tell where their derivative is infinite."""
    conditional = {n for n in BUILT_IN if any(" if " in p.text for p in GATES[n].partials)}
    assert conditional - {"pow", "sqrt"} == {name for name, *_ in KINKS}


# ── the readers of the table ─────────────────────────────────────────────────────────────────


def _environment(gate: Gate) -> dict[str, Any]:
    """NumPy and the helpers that the gate's source needs."""
    names: dict[str, Any] = {"np": np}
    for formula in (gate.formula, *gate.partials):
        for atom in formula.atoms:
            exec(ATOMS[atom].numpy_helper, names)
    return names


def _numpy_arrays(gate: Gate, batch: Sequence[Inputs]) -> dict[str, Any]:
    return {
        name: np.array(column)
        for name, column in zip(gate.inputs, zip(*batch, strict=True), strict=True)
    }


@pytest.mark.parametrize("gate", ALL_GATES)
@pytest.mark.parametrize("n", LENGTHS)
def test_numpy_source_equals_the_eager_engine(gate: Gate, n: int) -> None:
    """On a whole batch at once; rows lie along the last axis."""
    batch = list(samples(gate, (n,)))
    nodes = [fire(gate, inputs) for inputs in batch]
    environment = _environment(gate) | _numpy_arrays(gate, batch) | {"n": n}
    out = eval(gate.formula.numpy(), environment)
    np.testing.assert_allclose(out, [node.data for node in nodes], rtol=1e-14)

    # For a partial of a row, all else is a column beside the row's elements.
    names = {i: i if i in gate.rows else f"{i}[:, None]" for i in (*gate.inputs, "out")}
    position = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        for name, partial in zip(gate.inputs, gate.partials, strict=True):
            of_a_row = name in gate.rows
            source = partial.numpy(**names) if of_a_row else partial.numpy()
            found = eval(source, environment | {"out": out})
            width = n if of_a_row else 1
            expected = np.array([node.local_grads[position : position + width] for node in nodes])
            if not of_a_row:
                expected = expected[:, 0]
            found = np.broadcast_to(np.asarray(found, dtype=float), expected.shape)
            np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-300)
            position += width


JAVASCRIPT = """\
const answers = [];
for (const [evaluate, cases] of programs) answers.push(cases.map(c => evaluate(...c)));
const plain = x => Array.isArray(x) ? x.map(plain) : Number.isFinite(x) ? x : String(x);
console.log(JSON.stringify(plain(answers)));
"""


def _javascript(gate: Gate) -> str:
    """A function from the gate's inputs to [value, local gradient, local gradient, ...]."""
    element = {row: f"{row}[i]" for row in gate.rows}
    parts = []
    for name, partial in zip(gate.inputs, gate.partials, strict=True):
        if name in gate.rows:
            parts.append(f"...{name}.map((_, i) => {partial.javascript(**element)})")
        else:
            parts.append(partial.javascript())
    length = f"const n = {gate.rows[0]}.length;" if gate.rows else ""
    return (
        f"({', '.join(gate.inputs)}) => {{ {length} const out = {gate.formula.javascript()};\n"
        f"  return [out, {', '.join(parts)}]; }}"
    )


def run_javascript(node: str, gates: Sequence[Gate], cases: Sequence[Sequence[Inputs]]) -> Any:
    helpers = "".join(atom.javascript_helper for atom in ATOMS.values())
    programs = ",\n".join(
        f"[{_javascript(gate)}, {json.dumps(batch)}]"
        for gate, batch in zip(gates, cases, strict=True)
    )
    source = f'"use strict";\n{helpers}\nconst programs = [\n{programs}\n];\n{JAVASCRIPT}'
    done = subprocess.run([node, "-"], input=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# Far out, where a naive implementation overflows or loses all digits.
EXTREME: dict[str, Sequence[Inputs]] = {
    "sigmoid": [(1000.0,), (-1000.0,), (-40.0,), (40.0,)],
    "tanh": [(1000.0,), (-1000.0,), (1e-9,)],
    "softplus": [(1000.0, 1.0), (-1000.0, 1.0), (-40.0, 1.0), (3.0, 100.0)],
    "gelu": [(50.0,), (-50.0,), (-8.0,)],
    "erf": [(0.0,), (1e-9,), (-2.499,), (2.5,), (-2.501,), (4.0,), (5.9,), (6.1,), (-30.0,)],
    "logsumexp": [((1000.0, 1000.0),), ((-1000.0, -1001.0),), ((1000.0, -1000.0),)],
    "log1p": [(1e-12,), (-1e-12,)],
    "exp": [(-1000.0,), (700.0,)],
    "relu": [(0.0,), (-0.0,)],
    "max": [(2.0, 2.0)],
    "min": [(2.0, 2.0)],
    "abs": [(0.0,)],
    "pow": [(0.0, 0.0), (0.0, 2.0), (0.0, 1.0), (-2.0, 3.0), (2.0, -3.0)],
}


def test_javascript_source_equals_the_eager_engine(node: str) -> None:
    """Under Node, to 1e-12: values and local gradients of every gate, near and far out."""
    gates = [GATES[name] for name in BUILT_IN]
    cases = [[*samples(gate), *EXTREME.get(gate.name, ())] for gate in gates]
    found_by_node = run_javascript(node, gates, cases)
    for row, batch, answers in zip(gates, cases, found_by_node, strict=True):
        for inputs, answer in zip(batch, answers, strict=True):
            out = fire(row, inputs)
            expected = [out.data, *out.local_grads]
            found = [float(str(x).replace("Infinity", "inf")) for x in answer]
            assert found == pytest.approx(expected, rel=1e-12, abs=1e-300, nan_ok=True), (
                f"{row.name}{inputs}"
            )


@pytest.mark.parametrize("name", EXTREME)
def test_numpy_source_equals_the_eager_engine_far_out(name: str) -> None:
    gate = GATES[name]
    environment = _environment(gate)
    for inputs in EXTREME[name]:
        node = fire(gate, inputs)
        with np.errstate(all="ignore"):
            found = eval(gate.formula.numpy(), environment | _numpy_arrays(gate, [inputs]))
        assert found == pytest.approx(node.data, rel=1e-13)


@pytest.mark.parametrize("gate", COARSE)
def test_a_coarse_gate_equals_its_decomposition(gate: Gate) -> None:
    """Value and gradients; and the decomposition is indeed made of other gates."""
    for inputs in samples(gate):
        coarse_leaves, fine_leaves = as_values(inputs), as_values(inputs)
        coarse, fine = gate(*coarse_leaves), gate.unfold(*fine_leaves)
        assert fine.gate is not gate
        coarse.backward()
        fine.backward()
        assert fine.data == pytest.approx(coarse.data, rel=1e-12)
        for one, other in zip(flat_values(coarse_leaves), flat_values(fine_leaves), strict=True):
            assert other.grad == pytest.approx(one.grad, rel=1e-11, abs=1e-12)


def flat_values(inputs: Sequence[Any]) -> list[Value]:
    return [v for i in inputs for v in (i if isinstance(i, list) else [i])]


@pytest.mark.parametrize("gate", COARSE)
def test_unfolding_again_and_again_ends_at_primitive_gates(gate: Gate) -> None:
    """Each unfolding replaces a gate by finer ones; no gate unfolds into itself."""
    pending, met = [gate], {gate}
    while pending:
        coarse = pending.pop()
        inputs = next(iter(samples(coarse, (2,))))
        leaves = as_values(inputs)
        for node in topological_order(coarse.unfold(*leaves)):
            if node.gate is None or node.gate.decompose is None:
                continue
            assert node.gate is not coarse
            if node.gate not in met:
                met.add(node.gate)
                pending.append(node.gate)


def test_unfolding_fills_in_what_has_a_default() -> None:
    x = Value(-1.0)
    assert GATES["leaky_relu"].unfold(x).data == x.leaky_relu().data == -0.01
    assert GATES["softplus"].unfold(x).data == pytest.approx(x.softplus().data)
    with pytest.raises(TypeError, match="softplus: got 3 inputs for a, beta"):
        GATES["softplus"].unfold(x, 1.0, 2.0)
    with pytest.raises(TypeError, match="softplus: got 0 inputs for a, beta"):
        GATES["softplus"].unfold()


def test_a_primitive_gate_says_that_it_cannot_be_unfolded() -> None:
    with pytest.raises(ValueError, match="mul is a primitive gate"):
        GATES["mul"].unfold(Value(1.0), Value(2.0))


@pytest.mark.parametrize("gate", ALL_GATES)
def test_the_generated_function_can_be_read(gate: Gate) -> None:
    source = inspect.getsource(gate.fire)
    assert source.startswith(f"def {gate.name}(")
    assert gate.formula.python() in source


@pytest.mark.parametrize("gate", ALL_GATES)
def test_every_row_says_what_it_is(gate: Gate) -> None:
    assert gate.symbol
    assert gate.doc.endswith(".")
    assert gate.formula.latex()
    assert all(partial.latex() for partial in gate.partials)
    assert gate.formula.text in repr(gate)
    assert str(gate) == gate.name


# ── split, partial_at: which parent is which input ───────────────────────────────────────────


@pytest.mark.parametrize("gate", ALL_GATES)
def test_parents_are_the_inputs_in_order(gate: Gate) -> None:
    inputs = next(iter(samples(gate, (3,))))
    leaves = as_values(inputs)
    node = gate(*leaves)
    assert list(node.parents) == flat_values(leaves)
    named = gate.split(node.parents)
    assert list(named) == list(gate.inputs)
    for given_input, back in zip(leaves, named.values(), strict=True):
        assert (list(back) if isinstance(back, tuple) else back) == given_input
    for position, parent in enumerate(node.parents):
        partial, index = gate.partial_at(position, len(node.parents))
        name = gate.inputs[gate.partials.index(partial)] if len(set(gate.partials)) > 1 else None
        found = named[name] if name else next(iter(named.values()))
        if index is not None:
            assert found[index] is parent


def test_leaving_out_what_has_a_default() -> None:
    x = Value(-2.0)
    assert x.leaky_relu().data == -0.02
    assert x.leaky_relu(0.5).data == -1.0
    assert x.leaky_relu(gamma=0.5).data == -1.0
    assert x.softplus().data == pytest.approx(math.log1p(math.exp(-2.0)))
    slope = Value(0.5)
    x.leaky_relu(slope).backward()
    assert slope.grad == -2.0  # the slope below zero can be learnt


def test_rows_of_different_lengths_and_empty_rows_are_refused() -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"dot: rows of different lengths: a has 2 .* b has 1"):
        GATES["dot"]([x, x], [x])
    with pytest.raises(ValueError, match="affine: rows of different lengths"):
        GATES["affine"]([x], [x, x], x)
    with pytest.raises(ValueError, match="sum: the row a is empty"):
        GATES["sum"]([])
    with pytest.raises(TypeError, match="must be a row"):
        GATES["sum"](x)
    with pytest.raises(TypeError, match="must be a row"):
        GATES["dot"]("ab", "cd")


def test_rows_take_any_iterable() -> None:
    x, y = Value(1.0), Value(2.0)
    total = GATES["sum"]
    assert total((x, y)).data == total([x, 2]).data == total(v for v in (x, y)).data == 3.0
    assert total(np.array([x, y], dtype=object)).data == 3.0
    assert total(np.array([1.0, 2.0])).data == 3.0


# ── a user's own gate ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def clean_table() -> Iterator[None]:
    before = dict(GATES)
    yield
    GATES.clear()
    GATES.update(before)


SWISH = {"formula": "a * sigmoid(a)", "a": "sigmoid(a) + out * (1 - sigmoid(a))"}


@pytest.mark.usefixtures("clean_table")
def test_a_gate_in_one_line() -> None:
    swish = gate("swish2", "a * sigmoid(a)", a="sigmoid(a) + out * (1 - sigmoid(a))")
    x = Value(0.7)
    swish(x).backward()
    s = 1 / (1 + math.exp(-0.7))
    assert x.grad == pytest.approx(s + 0.7 * s * (1 - s))
    assert gradcheck(swish, [0.7])
    assert GATES["swish2"] is swish
    second = grad(grad(swish))(0.7)
    assert second == pytest.approx(2 * s * (1 - s) + 0.7 * s * (1 - s) * (1 - 2 * s))


@pytest.mark.usefixtures("clean_table")
@pytest.mark.parametrize("name", ["self", "gate", "GATES", "own_gate", "node", "np", "__class__"])
def test_an_input_may_be_called_as_what_the_code_around_it_is(name: str) -> None:
    own = gate("own", f"{name} * b", **{name: "b", "b": name})
    x, y = Value(2.0), Value(3.0)
    out = own(x, y)
    out.backward()
    assert (out.data, x.grad, y.grad, out.gate) == (6.0, 3.0, 2.0, own)
    assert autodiff.compile(lambda z: own(x, z), backend="numpy")([5.0]) == 10.0


@pytest.mark.usefixtures("clean_table")
def test_a_gate_of_three_inputs_of_rows_and_of_defaults() -> None:
    lerp = gate("lerp", "a + t * (b - a)", a="1 - t", b="t", t="b - a")
    assert gradcheck(lerp, [1.0, 3.0, 0.25])
    assert lerp(1.0, Value(3.0), 0.25).data == 1.5
    norm = gate("sum_of_squares", "sum(a**2)", a="2 * a", rows="a")
    assert gradcheck(lambda x, y: norm([x, y]), [3.0, -4.0])
    cube = gate("power_of", "a**k", a="k * a**(k - 1)", k="out * log(a)", defaults={"k": 3.0})
    assert cube(Value(2.0)).data == 8.0
    assert gradcheck(cube, [2.0, 1.5])


@pytest.mark.usefixtures("clean_table")
def test_gradcheck_finds_a_wrong_partial() -> None:
    wrong = gate("wrong", "a * b", a="b", b="a + 1")
    report = gradcheck(wrong, [Value(2.0, "p"), Value(3.0, "q")])
    assert not report
    assert [check.ok for check in report.inputs] == [True, False]
    assert "q = 3.0" in str(report)
    assert "differs by 1" in str(report)


@pytest.mark.usefixtures("clean_table")
def test_registering_again_replaces_a_users_gate_but_no_built_in_one() -> None:
    first = gate("twice", "2 * a", a="2.0")
    second = gate("twice", "a + a", a="2.0")
    assert GATES["twice"] is second is not first
    assert second(Value(1.5)).data == first(Value(1.5)).data == 3.0
    with pytest.raises(ValueError, match="'tanh' is built in"):
        gate("tanh", "a", a="1.0")


REFUSED = [
    (
        "unknown function",
        {"formula": "a * sigmod(a)", "a": "1.0"},
        r"'bad'.*unknown function 'sigmod'",
    ),
    ("unknown name", {"formula": "a * c", "a": "1.0"}, r"'bad'.*unknown name 'c' in 'a \* c'"),
    ("input without partial", {"formula": "a * b", "a": "b"}, r"every input needs its partial"),
    (
        "partial without input",
        {"formula": "a + 1", "a": "1.0", "b": "1.0"},
        r"'b'.*does not use it",
    ),
    ("no partial", {"formula": "1 + 1"}, r"one partial derivative per input"),
    ("out in the formula", {"formula": "out * a", "a": "1.0"}, r"unknown name 'out'"),
    ("unknown in a partial", {"formula": "a", "a": "z"}, r"unknown name 'z'"),
    ("syntax", {"formula": "a +", "a": "1.0"}, r"'a \+' is not an expression"),
    ("attribute", {"formula": "a.data", "a": "1.0"}, r"is not part of a formula"),
    ("subscript", {"formula": "a[0]", "a": "1.0"}, r"is not part of a formula"),
    ("lambda", {"formula": "(lambda: a)()", "a": "1.0"}, r"'bad'"),
    ("string", {"formula": "'a' * a", "a": "1.0"}, r"is not a number"),
    ("complex", {"formula": "1j * a", "a": "1.0"}, r"is not a number"),
    ("two arguments", {"formula": "log(a, 2)", "a": "1.0"}, r"take one input"),
    ("chained comparison", {"formula": "1.0 if 0 < a < 1 else 0.0", "a": "0.0"}, r"not part of"),
    ("input named as a function", {"formula": "exp + 1", "exp": "1.0"}, r"has a meaning"),
    ("input named out", {"formula": "out + 1", "out": "1.0"}, r"has a meaning"),
    ("row not an input", {"formula": "a", "a": "1.0", "rows": "b"}, r"rows .* must be its first"),
    (
        "default of nothing",
        {"formula": "a", "a": "1.0", "defaults": {"k": 1.0}},
        r"default for 'k'",
    ),
]


@pytest.mark.parametrize(("what", "row", "message"), REFUSED)
def test_a_gate_that_cannot_be_is_refused_at_once(
    what: str, row: dict[str, Any], message: str
) -> None:
    before = dict(GATES)
    with pytest.raises(ValueError, match=message):
        gate("bad", **row)
    assert before == GATES


@pytest.mark.parametrize("name", ["", "two words", "1st", "a-b", "class", "__debug__", "ſ"])
def test_a_gate_needs_a_name_that_python_can_say(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        gate(name, "a", a="1.0")


def test_wrong_number_of_inputs_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="mul"):
        GATES["mul"](Value(1.0))
    with pytest.raises(TypeError, match="exp"):
        GATES["exp"](Value(1.0), 2)


@pytest.mark.usefixtures("clean_table")
def test_an_input_may_be_named_like_a_word_of_the_generated_code() -> None:
    """`node`, `operand`, the gate's own row: none stands in for another in silence."""
    words = {"error", "map", "zip"}
    for row in map(GATES.get, BUILT_IN):
        assert row is not None
        code = row.fire.__code__
        words |= {*code.co_names, *code.co_varnames} - set(row.inputs)
    words -= {*Value.__slots__, "__class__", "out", "n", *ATOMS, *CONSTANTS}  # refused
    for word in sorted({*words, "other_gate"}):
        other = gate("other", f"{word} * u + u", **{word: "u", "u": f"{word} + 1"})  # type: ignore[arg-type]
        assert gradcheck(other, [3.0, 5.0])
        assert (other(3.0, 5.0).data, other(3.0, 5.0).gate) == (20.0, other)
        assert other.inputs == (word, "u")
        rows = gate("other", f"sum({word} * u)", **{word: "u", "u": word, "rows": (word, "u")})  # type: ignore[arg-type]
        out = rows([1.0, 2.0], [3.0, 4.0])
        assert (out.data, out.local_grads) == (11.0, (3.0, 4.0, 1.0, 2.0))
        with pytest.raises(TypeError, match="other"):
            other("three", 5.0)


def test_pickles_written_before_the_table_had_a_file_of_its_own_still_load() -> None:
    old = b"cautodiff.gates\n_by_name\n(Vmul\ntR."
    assert pickle.loads(old) is GATES["mul"]


@pytest.mark.usefixtures("clean_table")
@pytest.mark.parametrize("names", ["wxb", ["shared", "numbers", "nodes"]])
def test_each_fires_once_for_every_item_on_one_shared_row(names: list[str]) -> None:
    """The nodes are those that the gate makes when it is called item by item."""
    w, x, b = names
    partials = {w: x, x: w, b: "1.0"}
    line = gate("line", f"sum({w} * {x}) + {b}", rows=(w, x), **partials)  # type: ignore[arg-type]
    ws, row, bs = [Row([1.0, 2.0]), Row([3.0, -4.0])], Row([5.0, 6.0]), [Value(7.0), Value(8.0)]
    together = line.each(x)(ws, row, bs)
    for node, alone in zip(together, [line(v, row, c) for v, c in zip(ws, bs, strict=True)],
                           strict=True):  # fmt: skip
        assert node.gate is line
        assert (node.data, node.parents) == (alone.data, alone.parents)
        assert node.local_grads == alone.local_grads
    with pytest.raises(ValueError, match="has 1 elements"):
        line.each(x)([[1.0]], row, [1.0])
    assert line.each(x)([[1, 2]], [Value(3.0), 4], [2])[0].data == 13.0


@pytest.mark.usefixtures("clean_table")
def test_a_gate_registered_again_leaves_the_old_one_as_it_was() -> None:
    old = gate("again", "2 * a", a="2.0", symbol="old")
    old(1.0)
    new = gate("again", "3 * a", a="3.0", symbol="new")
    new(1.0)
    assert old(1.0).gate is old
    assert new(1.0).gate is new


@pytest.mark.usefixtures("clean_table")
def test_whole_numbers_in_a_formula_give_floats() -> None:
    step = gate("step", "1 if a > 0 else -1 if a < 0 else 0", a="0")
    for x in (2.0, -2.0, 0.0):
        assert type(step(Value(x)).data) is float
        assert type(step(Value(x)).local_grads[0]) is float


@pytest.mark.usefixtures("clean_table")
@pytest.mark.parametrize(
    "doc", ["ends with a quote'", "three ''' of them", "back\\slash\\", "a\nb"]
)
def test_any_text_may_document_a_gate(doc: str) -> None:
    assert gate("documented", "2 * a", a="2.0", doc=doc).fire.__doc__ == doc


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_formula_error(text: str) -> None:
    before = dict(GATES)
    try:
        gate("fuzzed", text, a="1.0")
    except (FormulaError, ValueError):
        pass
    finally:
        GATES.clear()
        GATES.update(before)


def test_a_formula_may_be_written_as_on_a_blackboard() -> None:
    blackboard = gate(
        "hook", "2√a · |b| − a² / 3", a="|b| / √a − 2a / 3", b="2√a if b > 0 else −2√a"
    )
    try:
        a, b = Value(4.0), Value(-1.5)
        f = blackboard(a, b)
        f.backward()
        assert f.data == pytest.approx(2 * 2 * 1.5 - 16 / 3, rel=1e-15)
        assert (a.grad, b.grad) == (pytest.approx(0.75 - 8 / 3, rel=1e-15), -4.0)
    finally:
        del GATES["hook"]


@pytest.mark.parametrize("name", ["relu", "sqrt", "max", "add", "mul"])
@pytest.mark.parametrize("many", [[1.0, 2.0], np.array([1.0, 2.0])], ids=["list", "array"])
def test_a_gate_called_by_name_refuses_many_numbers(name: str, many: Any) -> None:
    given = [many, *[1.0] * (len(GATES[name].inputs) - 1)]
    with pytest.raises(TypeError, match=rf"{name}: input a is .*make one Value per element"):
        GATES[name](*given)
