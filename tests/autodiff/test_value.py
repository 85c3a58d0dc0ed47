"""Value: the semantics that peers get wrong, one test each, and what it refuses."""

from __future__ import annotations

import copy
import gc
import inspect
import math
import operator
import pickle
import re
import sys
import threading
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import (
    GATES,
    Call,
    Constant,
    DomainError,
    Row,
    Value,
    gate,
    topological_order,
    value,
    watching,
)
from autodiff.value import UNREACHED


def test_value_py_shows_what_a_product_runs() -> None:
    """The comment above the gates is the generated function, line by line."""
    comments = re.findall(r"^    #     ?(.*)$", inspect.getsource(value), re.M)
    assert "\n".join(comments) == inspect.getsource(Value.__mul__).rstrip()


# ── parents and local gradients ──────────────────────────────────────────────────────────────


def test_parents_are_ordered_and_repeat() -> None:
    a, b = Value(2.0), Value(3.0)
    assert (a + a).parents == (a, a)
    assert (a * a).parents == (a, a)
    assert (a - b).parents == (a, b)
    assert a.parents == ()
    assert a.exp().parents == (a,)
    assert GATES["dot"]([a, b], [b, b]).parents == (a, b, b, b)


def test_subtraction_and_division_are_gates_of_their_own() -> None:
    a, b = Value(6.0), Value(3.0)
    for node, name in ((a - b, "sub"), (a / b, "div"), (1 - a, "sub"), (1 / a, "div")):
        assert node.gate is GATES[name]
        assert all(parent.gate is None for parent in node.parents)  # no phantom * -1


def test_local_grads_are_those_of_the_moment_the_gate_fired() -> None:
    x, y = Value(3.0), Value(4.0)
    product, root = x * y, x.sqrt()
    x.data = y.data = 100.0
    assert product.local_grads == (4.0, 3.0)
    assert root.local_grads == (0.5 / math.sqrt(3.0),)
    assert x.local_grads == ()


def test_parents_and_local_grads_of_rows_run_side_by_side() -> None:
    w, x, b = [Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)], Value(5.0)
    z = GATES["affine"](w, x, b)
    assert z.data == 16.0
    assert z.parents == (*w, *x, b)
    assert z.local_grads == (3.0, 4.0, 1.0, 2.0, 1.0)


# ── backward ─────────────────────────────────────────────────────────────────────────────────


def test_backward_twice_accumulates_in_leaves_only() -> None:
    """x³ at 3, backward twice gives 54."""
    x = Value(3.0)
    square = x * x
    cube = square * x
    cube.backward()
    cube.backward()
    assert x.grad == 54.0
    assert square.grad == 3.0


def test_two_losses_that_share_a_node_give_the_sum_of_both() -> None:
    x = Value(2.0)
    shared = x * x
    (3 * shared).backward()
    (shared * shared).backward()
    assert x.grad == 12.0 + 32.0  # d(3x²) + d(x⁴)


def test_backward_from_a_leaf() -> None:
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0


def test_a_gradient_that_no_pass_has_reached_is_told_from_a_computed_zero() -> None:
    x, y = Value(2.0), Value(3.0)
    product = x * y
    assert x.grad == 0.0
    assert x.grad is product.grad is UNREACHED
    (product * 0.0).backward()
    assert x.grad == 0.0
    assert x.grad is not UNREACHED
    assert Value(1.0).grad is UNREACHED


def test_the_gradient_of_every_interior_node() -> None:
    x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
    q = x + y
    f = q * z
    f.backward()
    assert (f.grad, q.grad) == (1.0, -4.0)


def test_dropping_the_root_frees_the_graph_without_the_cycle_collector() -> None:
    """No node is part of a reference cycle, before and after backward()."""

    class Watched(Value):
        __slots__ = ("__weakref__",)

    gc.collect()
    gc.disable()
    try:
        x = Watched(0.5)
        v = GATES["affine"]([x, x], [x.tanh(), x.max(2)], x) / x.softplus()
        v.backward()
        alive = weakref.ref(x)
        before = len([o for o in gc.get_objects() if issubclass(type(o), Value)])
        del x, v
        after = len([o for o in gc.get_objects() if issubclass(type(o), Value)])
        assert alive() is None
        assert before - after >= 8
    finally:
        gc.enable()


# ── equality, order, leaving the graph ───────────────────────────────────────────────────────


def test_equality_and_hash_are_identity_and_order_compares_data() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == a
    assert a != b
    assert (a == 1.0) is False
    assert {a: "a", b: "b"}[b] == "b"
    assert a < 2
    assert a <= b
    assert b >= a
    assert 0 < a < 1.5
    assert not a > b
    assert max(a, Value(3.0), b).data == 3.0
    assert [v.data for v in sorted([Value(2.0), a])] == [1.0, 2.0]
    assert bool(a)
    assert not Value(0.0)


def test_nan_compares_as_nan() -> None:
    bad = Value(math.nan)
    assert not any((bad < 1, bad > 1, bad <= bad, bad >= bad))


@pytest.mark.parametrize(
    ("leave", "advice"),
    [
        (float, r"v\.data"),
        (math.exp, r"v\.exp\(\)"),
        (int, r"int\(v\.data\)"),
        (complex, r"complex\(v\.data\)"),
        (round, r"round\(v\.data"),
        (math.trunc, r"math\.trunc"),
        (math.floor, r"math\.floor"),
        (math.ceil, r"math\.ceil"),
        (lambda v: v // 2, r"v / w"),
        (lambda v: 2 // v, r"v / w"),
        (lambda v: v % 2, r"v\.data % w"),
        (lambda v: divmod(v, 2), r"divmod\(v\.data"),
        (np.float64, r"v\.data"),
        (lambda v: np.array([v], dtype=float), r"v\.data"),
    ],
)
def test_leaving_the_graph_raises_and_says_what_to_write(
    leave: Callable[[Any], Any], advice: str
) -> None:
    with pytest.raises(TypeError, match=f"would leave the graph.*{advice}"):
        leave(Value(1.5, label="x"))


def test_abs_and_unary_plus_stay_in_the_graph() -> None:
    x = Value(-2.0)
    assert abs(x).parents == (x,)
    assert +x is x
    assert (-x).parents == (x,)


# ── NaN, kinks, domains ──────────────────────────────────────────────────────────────────────


def test_at_a_tie_max_and_min_route_to_their_first_input() -> None:
    for name in ("max", "min"):
        a, b = Value(2.0), Value(2.0)
        getattr(a, name)(b).backward()
        assert (a.grad, b.grad) == (1.0, 0.0)


def test_relu_is_flat_at_zero() -> None:
    for zero in (0.0, -0.0):
        x = Value(zero)
        x.relu().backward()
        assert x.grad == 0.0


@pytest.mark.parametrize(
    ("wrong", "gate", "kind", "says"),
    [
        (lambda x: (x - 2).log(), "log", ValueError, "a > 0"),
        (lambda x: (x - 3).log(), "log", ValueError, "-1.0"),
        (lambda x: (x - 3).sqrt(), "sqrt", ValueError, "a >= 0"),
        (lambda x: (x - 3).log1p(), "log1p", ValueError, "a > -1"),
        (lambda x: 1 / (x - 2), "div", ZeroDivisionError, "b != 0"),
        (lambda x: (x - 2).reciprocal(), "reciprocal", ZeroDivisionError, "a != 0"),
        (lambda x: (x - 10) ** (1 / 3), "pow", ValueError, "a < 0 with a whole b"),
        (lambda x: (x - 2) ** -1, "pow", ValueError, "a = 0 with b >= 0"),
        (lambda x: (x + 8) ** 1000, "pow", OverflowError, "too large for a float64"),
        (lambda x: (x + 8) ** 1000, "pow", OverflowError, "|a ** b| < 1.8e308"),
        (lambda x: (x * 500).exp(), "exp", OverflowError, "a < 709.78"),
        (lambda x: x.softplus(beta=0), "softplus", ZeroDivisionError, "beta != 0"),
        (lambda x: (x * math.inf).sin(), "sin", ValueError, "finite a"),
    ],
)
def test_domain_errors_raise_at_the_gate_with_its_operands(
    wrong: Callable[[Value], Value], gate: str, kind: type[Exception], says: str
) -> None:
    x = Value(2.0, label="x")
    with pytest.raises(DomainError) as caught:
        wrong(x)
    assert isinstance(caught.value, kind)
    assert isinstance(caught.value, ArithmeticError)
    assert str(caught.value).startswith(f"{gate}: ")
    assert says in str(caught.value)


def test_a_domain_error_names_the_labels() -> None:
    with pytest.raises(DomainError, match=r"a = -1.0 \(label 'price'\)"):
        Value(-1.0, label="price").log()


def test_a_domain_error_shows_the_first_elements_of_a_long_row() -> None:
    length = gate("length", "sqrt(sum(a))", a="0.5 / out", rows="a", domain="a sum >= 0")
    row = [Value(-1.0, label=f"x{i}") for i in range(20)]
    with pytest.raises(DomainError, match=r"length: .* -1.0 \(label 'x7'\), \.\.\.\]; it needs"):
        length(row)
    del GATES["length"]


@pytest.mark.parametrize("exponent", [0, 0.0, 1, 2, 3, 2.5])
def test_powers_of_zero(exponent: float) -> None:
    x = Value(0.0)
    y = x**exponent
    y.backward()
    assert y.data == (exponent == 0)
    assert x.grad == (exponent == 1)


def test_a_negative_base_bears_whole_exponents() -> None:
    x = Value(-2.0)
    y = x**3
    y.backward()
    assert (y.data, x.grad) == (-8.0, 12.0)
    exponent = Value(3.0)
    (x**exponent).backward()
    assert math.isnan(exponent.grad)  # (-2)ᵇ has no slope in b


def test_infinities_are_numbers_like_others() -> None:
    assert Value(math.inf).exp().data == math.inf
    assert Value(-math.inf).sigmoid().data == 0.0
    assert (Value(1e308) * 10).data == math.inf


# ── what a Value may be made of ──────────────────────────────────────────────────────────────

NUMBERS: list[Any] = [
    2,
    2.0,
    True + 1,
    Fraction(4, 2),
    *(kind(2) for kind in (np.int8, np.uint8, np.int16, np.uint32, np.int64)),
    *(kind(2) for kind in (np.float16, np.float32, np.float64, np.longdouble)),
]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_numbers_of_every_kind_become_floats(number: Any) -> None:
    assert type(Value(number).data) is float
    v = Value(3.0)
    for node, expected in ((v + number, 5.0), (number - v, -1.0), (number**v, 8.0)):
        assert type(node) is Value
        assert type(node.data) is float
        assert node.data == expected
        assert all(isinstance(parent, Value) for parent in node.parents)


REFUSED: list[Any] = ["2", None, 2j, [1.0], (1.0,), {}, Decimal(2), np.array([1.0]), object(), b"2"]


@pytest.mark.parametrize("thing", REFUSED, ids=lambda x: type(x).__name__)
def test_what_is_no_number_is_refused_at_once(thing: Any) -> None:
    with pytest.raises(TypeError, match="cannot make a Value of"):
        Value(thing)


@pytest.mark.parametrize("thing", ["2", None, 2j, [1.0], {}, Decimal(2)], ids=repr)
@pytest.mark.parametrize(
    "operation",
    [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow],
    ids=lambda f: f.__name__,
)
def test_operators_refuse_what_is_no_number(operation: Callable[..., Any], thing: Any) -> None:
    v = Value(2.0)
    with pytest.raises(TypeError, match=r"a gate takes Values and real numbers"):
        operation(v, thing)
    with pytest.raises(TypeError, match=r"a gate takes Values and real numbers|unsupported"):
        operation(thing, v)


def test_methods_refuse_what_is_no_number() -> None:
    with pytest.raises(TypeError, match="max: input b is None"):
        Value(1.0).max(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="leaky_relu: input gamma is 'x'"):
        Value(1.0).leaky_relu("x")
    with pytest.raises(TypeError, match="is a Value already"):
        Value(Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="does not fit into a float64"):
        Value(10**400)
    with pytest.raises(TypeError):
        Value(1.0) < "2"  # type: ignore[operator]  # noqa: B015


def test_a_number_that_meets_a_value_becomes_a_constant() -> None:
    v = 2 * Value(3.0)
    two, three = v.parents
    assert type(two) is Constant
    assert type(three) is Value
    assert repr(two) == "Constant(2.0)"


# ── showing itself ───────────────────────────────────────────────────────────────────────────


def test_repr_shows_what_is_known() -> None:
    x = Value(2, label="x")
    y = x * x
    assert repr(x) == "Value(2.0, label='x')"
    assert repr(y) == "Value(4.0, gate=mul)"
    y.backward()
    assert repr(x) == "Value(2.0, grad=4.0, label='x')"
    assert f"{y:.2f}" == "4.00"
    assert f"{y}" == str(y) == repr(y)


def test_repr_shows_a_gradient_of_zero_once_a_pass_has_reached_the_node() -> None:
    x = Value(0.0)
    assert repr(x) == "Value(0.0)"
    (x * x).backward()
    assert repr(x) == "Value(0.0, grad=0.0)"


def test_a_node_may_have_a_label_and_a_call_in_either_order() -> None:
    call = Call(None, (), None)
    first, second = Value(1.0, label="a"), Value(2.0) * 3
    assert (second.label, second.call, first.call) == ("", None, None)
    first.call = call
    second.call = call
    second.label = "b"
    assert (first.label, first.call, second.label, second.call) == ("a", call, "b", call)
    first.label, second.call = "", None
    assert (first.label, first.call, second.label, second.call) == ("", call, "b", None)


def test_no_value_has_a_dictionary() -> None:
    """One object per gate is what makes the engine quick; a stray attribute is a mistake."""
    for v in (Value(1.0), Value(1.0) + 1, Constant(1.0)):
        assert not hasattr(v, "__dict__")
        with pytest.raises(AttributeError):
            v.gradient = 1.0  # type: ignore[attr-defined]


# ── rows, subclasses, watchers, threads ──────────────────────────────────────────────────────


def test_python_sum_and_the_sum_gate_agree() -> None:
    values = [Value(0.1 * k) for k in range(10)]
    chain, one = sum(values), GATES["sum"](values)
    assert isinstance(chain, Value)
    assert chain.data == pytest.approx(one.data, rel=1e-15)


def test_a_row_is_checked_once_and_taken_as_it_is() -> None:
    row = Row([Value(1.0), Value(2.0)])
    assert GATES["dot"](row, row).data == 5.0
    with pytest.raises(TypeError, match="sum: input a is 'x'"):
        GATES["sum"]([Value(1.0), "x"])


def test_a_row_made_by_hand_is_checked_at_the_door() -> None:
    """Not later, inside a gate: numbers become constants, anything else is refused."""
    row = Row(x for x in (1.0, Value(2.0), 3))
    assert [type(x) for x in row] == [Constant, Value, Constant]
    assert GATES["dot"](row, Row(row)).data == 14.0
    assert isinstance(copy.deepcopy(row), Row)
    assert isinstance(pickle.loads(pickle.dumps(row)), Row)
    with pytest.raises(TypeError, match="cannot make a Value of 'x'"):
        Row([Value(1.0), "x"])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="at least one Value"):
        Row([])


@pytest.mark.parametrize(
    ("base", "exponent", "value", "slope"),
    [
        (5e-324, 0, 1.0, 0.0),
        (math.inf, 0, 1.0, 0.0),
        (1e-200, -1, 1e200, -math.inf),
        (-1e-200, -1, -1e200, -math.inf),
        (-1e-200, -2 + 1, -1e200, -math.inf),
        (-1e-110, -2, 1e220, math.inf),
    ],
)
def test_a_power_that_has_a_value_is_not_refused_for_its_slope(
    base: float, exponent: float, value: float, slope: float
) -> None:
    """The slope of 1/x at 1e-200 is -1e400: infinite as a float64."""
    x = Value(base)
    y = x**exponent
    y.backward()
    assert y.data == pytest.approx(value)
    assert x.grad == slope


def test_a_subclass_takes_part_in_graphs() -> None:
    class Named(Value):
        unit = "m"

    x = Named(3.0, label="x")
    y = x * x + GATES["sum"]([x, x]) - x.max(1)
    y.backward()
    assert x.grad == 6.0 + 2.0 - 1.0
    assert repr(x).startswith("Named(3.0")


def test_watching_sees_every_node_that_is_made() -> None:
    seen: list[Value] = []
    x = Value(1.0)
    with watching(seen.append):
        y = Value(2.0)
        z = (x + 2) * y
    w = z + 1
    assert [type(v) for v in seen] == [Value, Constant, Value, Value]
    assert seen[-1] is z
    assert w not in seen


def test_watching_stops_when_the_watcher_raises() -> None:
    def refuse(node: Value) -> None:
        raise RuntimeError("seen")

    with pytest.raises(RuntimeError, match="seen"), watching(refuse):
        Value(1.0) + 1
    assert (Value(1.0) + 1).data == 2.0


def test_threads_build_and_differentiate_their_own_graphs() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    results: list[float] = []

    def work(k: int) -> None:
        x = Value(float(k))
        v = x
        for _ in range(300):
            v = v * 0.5 + x.tanh() * x
        v.backward()
        results.append(x.grad - expected(k))

    def expected(k: int) -> float:
        x, slope, v, t = float(k), 1.0, float(k), math.tanh(k)
        for _ in range(300):
            v, slope = v * 0.5 + t * x, slope * 0.5 + (1 - t * t) * x + t
        return slope

    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert results == pytest.approx([0.0] * 8, abs=1e-12)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(-1e3, 1e3))
def test_arithmetic_is_that_of_floats(x: float, y: float) -> None:
    """To the last bit: a gate computes what Python computes."""
    a, b = Value(x), Value(y)
    assert (a + b).data == x + y
    assert (a - b).data == x - y
    assert (a * b).data == x * y
    if y:
        assert (a / b).data == x / y
    assert len(topological_order(a * b + a)) == 4
