"""grad, jacobian, hessian, vjp against closed forms."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import (
    GATES,
    Value,
    grad,
    gradcheck,
    hessian,
    jacobian,
    jvp,
    linearize,
    topological_order,
    value_and_grad,
    vjp,
)
from tests.random_graphs import BUILT_IN, Recipe, recipes

numbers = st.floats(-2, 2)

# ── grad ─────────────────────────────────────────────────────────────────────────────────────


def test_numbers_in_numbers_out_values_in_values_out() -> None:
    f = lambda x, y: x * y + x.exp()  # noqa: E731
    assert grad(f)(0.0, 5.0) == [6.0, 0.0]
    x, y = Value(0.0), Value(5.0)
    slopes = grad(f)(x, y)
    assert [type(s) for s in slopes] == [Value, Value]
    assert [s.data for s in slopes] == [6.0, 0.0]
    assert y in topological_order(slopes[0])
    mixed = grad(f)(x, 5.0)
    assert all(isinstance(s, Value) for s in mixed)
    value, slopes = value_and_grad(f)(x, y)
    assert isinstance(value, Value)
    assert value_and_grad(f)(0.0, 5.0) == (1.0, [6.0, 0.0])


def test_grad_leaves_every_grad_alone() -> None:
    w = Value(3.0, "w")
    w.grad = 7.0
    assert grad(lambda x: w * x * x)(2.0) == 12.0
    hessian(lambda x: w * x * x)(2.0)
    jacobian(lambda x: [w * x])(2.0)
    vjp(lambda z: [w * z[0]], [1.0], [1.0])
    assert w.grad == 7.0


@given(numbers, numbers)
def test_gradient_of_a_polynomial(x: float, y: float) -> None:
    """x³y - 2xy²: (3x²y - 2y², x³ - 4xy)."""
    found = grad(lambda x, y: x**3 * y - 2 * x * y * y)(x, y)
    assert found == pytest.approx([3 * x * x * y - 2 * y * y, x**3 - 4 * x * y], abs=1e-12)


def test_an_argument_that_is_not_used_has_slope_zero() -> None:
    assert grad(lambda x, y: x * 2)(1.0, 2.0) == [2.0, 0.0]
    assert hessian(lambda x, y: x * 2)(1.0, 2.0) == [[0.0, 0.0], [0.0, 0.0]]
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda x: x)(1.0) == 1.0
    assert [s.data for s in grad(lambda x, y: x)(Value(1.0), Value(2.0))] == [1.0, 0.0]


def test_one_argument_gives_a_number_and_a_list_a_list() -> None:
    assert grad(lambda x: x * x)(3.0) == 6.0
    assert grad(grad(grad(lambda x: x**4)))(2.0) == 48.0
    assert value_and_grad(lambda x: x * x)(3.0) == (9.0, 6.0)
    squares = lambda xs, b: sum(x * x for x in xs) * b  # noqa: E731
    assert grad(squares)([1.0, 2.0], 3.0) == [[6.0, 12.0], 5.0]
    assert grad(lambda xs: squares(xs, 1.0))([1.0, 2.0]) == [2.0, 4.0]
    assert grad(lambda m: m[0][1] * m[1][0])([[1.0, 2.0], [3.0, 4.0]]) == [[0.0, 3.0], [2.0, 0.0]]


def test_argnums_picks_arguments_as_in_jax() -> None:
    f = lambda x, y, z: x * y + z * z  # noqa: E731
    at = 2.0, 3.0, 5.0
    assert grad(f, argnums=1)(*at) == 2.0
    assert grad(f, argnums=-1)(*at) == 10.0
    assert grad(f, argnums=(2, 0))(*at) == [10.0, 3.0]
    assert value_and_grad(f, 0)(*at) == (31.0, 3.0)
    assert jacobian(lambda x, y: [x * y, x], argnums=0)(2.0, 3.0) == [[3.0], [1.0]]
    assert hessian(lambda x, y: x * x * y, argnums=(0,))(2.0, 3.0) == [[6.0]]
    assert grad(lambda x, power: x**power, argnums=0)(3.0, 2) == 6.0
    assert grad(lambda x, power: x**power)(3.0, power=2) == 6.0
    assert hessian(lambda x, *, power: x**power)(3.0, power=3) == [[18.0]]
    assert grad(grad(lambda x, y: x * x * y, argnums=0), argnums=1)(2.0, 3.0) == 4.0
    with pytest.raises(ValueError, match="argnums=3, but the function is called with 3 arguments"):
        grad(f, argnums=3)(*at)


def test_the_same_value_twice() -> None:
    """x·y at x = y: as arguments they are two things, whatever stands in their places."""
    x = Value(4.0)
    assert grad(lambda a, b: a * b)(4.0, 4.0) == [4.0, 4.0]
    assert [s.data for s in grad(lambda a, b: a * b)(x, x)] == [4.0, 4.0]
    assert [s.data for s in grad(lambda a, b: a * a * b)(x, x)] == [32.0, 16.0]
    slope = grad(lambda a, b: a * b)(x, x)[0]
    slope.backward()
    assert x.grad == 1.0, "the slope is b, and b is x"


def test_an_argument_is_not_what_the_function_captures() -> None:
    """d/dx (x · d/dy (x + y) at y = x) is 1: the inner derivative does not see x (Siskind and
    Pearlmutter's confusion of perturbations)."""
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(1.0) == 1.0
    assert grad(lambda x: x * jvp(lambda y: x + y, (x,), (1.0,))[1])(1.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0) == 6.0


def test_grad_refuses_what_it_cannot_do() -> None:
    with pytest.raises(TypeError, match="at least one number"):
        grad(lambda: Value(1.0))()
    with pytest.raises(TypeError, match="returns a list; use jacobian or vjp"):
        grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match="cannot make a Value of None"):
        grad(lambda x: None)(1.0)
    with pytest.raises(TypeError, match="cannot make a Value of 'a'"):
        grad(lambda x: x)("a")


# ── higher order ─────────────────────────────────────────────────────────────────────────────


def derivative(f: Callable[[Any], Any], order: int) -> Callable[[Any], Any]:
    for _ in range(order):
        f = grad(f)
    return f


@pytest.mark.parametrize("order", range(1, 7))
def test_derivatives_of_any_order(order: int) -> None:
    x = 0.7
    assert derivative(lambda x: x.exp(), order)(x) == pytest.approx(math.exp(x), rel=1e-13)
    assert derivative(lambda x: x.sin(), order)(x) == pytest.approx(
        math.sin(x + order * math.pi / 2), rel=1e-12
    )
    assert derivative(lambda x: 1 / x, order)(x) == pytest.approx(
        (-1) ** order * math.factorial(order) / x ** (order + 1), rel=1e-12
    )
    assert derivative(lambda x: x**3.5, order)(x) == pytest.approx(
        math.gamma(4.5) / math.gamma(4.5 - order) * x ** (3.5 - order), rel=1e-12
    )


def test_second_derivatives_of_sigmoid_tanh_softplus_gelu() -> None:
    x = 0.6
    s, t = 1 / (1 + math.exp(-x)), math.tanh(x)
    phi = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    second = {
        "sigmoid": s * (1 - s) * (1 - 2 * s),
        "tanh": -2 * t * (1 - t * t),
        "softplus": s * (1 - s),
        "gelu": phi * (2 - x * x),
    }
    for name, expected in second.items():
        f = lambda x, name=name: getattr(x, name)()  # noqa: E731
        assert hessian(f)(x) == [[pytest.approx(expected, rel=1e-12)]]


@pytest.mark.parametrize("name", [name for name in BUILT_IN if not GATES[name].rows])
def test_the_hessian_of_every_gate_is_the_slope_of_its_gradient(name: str) -> None:
    gate = GATES[name]
    at = [0.7, 1.3][: len(gate.inputs)]
    h = 1e-5
    found = hessian(gate)(*at)
    for i in range(len(at)):
        ahead, behind = at.copy(), at.copy()
        ahead[i] += h
        behind[i] -= h
        slopes = zip(jacobian(gate)(*ahead), jacobian(gate)(*behind), strict=True)
        assert [row[i] for row in found] == pytest.approx(
            [(right - left) / (2 * h) for right, left in slopes], rel=1e-7, abs=1e-7
        )


@pytest.mark.parametrize("name", [name for name in BUILT_IN if GATES[name].rows])
def test_the_hessian_of_every_gate_over_rows(name: str) -> None:
    gate = GATES[name]

    def f(*x: Value) -> Value:
        rows = [list(x[3 * i : 3 * i + 3]) for i in range(len(gate.rows))]
        out: Value = gate(*rows, *x[3 * len(rows) :])
        return out * out

    at = [0.1 * k - 0.3 for k in range(3 * len(gate.rows) + len(gate.inputs) - len(gate.rows))]
    h = 1e-5
    found = hessian(f)(*at)
    for i in range(len(at)):
        ahead, behind = at.copy(), at.copy()
        ahead[i] += h
        behind[i] -= h
        slopes = zip(grad(f)(*ahead), grad(f)(*behind), strict=True)
        assert [row[i] for row in found] == pytest.approx(
            [(right - left) / (2 * h) for right, left in slopes], rel=1e-6, abs=1e-8
        )


def test_second_derivatives_where_a_formula_compares_with_zero() -> None:
    assert [hessian(lambda x, n=n: x**n)(0.0)[0][0] for n in (0, 1, 2, 3)] == [0, 0, 2, 0]
    assert hessian(abs)(0.0) == [[0.0]]
    assert hessian(lambda x: x.relu() * x)(2.0) == [[2.0]]


@given(recipes(largest=8))
def test_hessians_are_symmetric(recipe: Recipe) -> None:
    matrix = np.array(hessian(recipe.on_values)(*recipe.leaves))
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-9, atol=1e-10)


def test_the_hessian_of_values_is_made_of_values() -> None:
    x = Value(2.0)
    ((second,),) = hessian(lambda x: x**3)(x)
    assert second.data == 12.0
    second.backward()
    assert x.grad == 6.0


def test_lists_of_inputs_have_the_matrices_of_their_numbers() -> None:
    f = lambda z: z[0] * z[0] * z[1]  # noqa: E731
    assert hessian(f)([2.0, 3.0]) == hessian(lambda x, y: x * x * y)(2.0, 3.0)
    assert hessian(lambda z, w: z[0] * w)([2.0], 3.0) == [[0.0, 1.0], [1.0, 0.0]]
    assert jacobian(lambda z: [z[0] * z[1], z[0]])([2.0, 3.0]) == [[3.0, 2.0], [1.0, 0.0]]
    assert gradcheck(lambda z, y: (z[0] * z[1] * y).tanh(), [[0.3, 0.2], 2.0])


def test_arrays_reach_the_function_as_arrays_of_values() -> None:
    """So that NumPy's @, sums and functions can be written; the result is a list."""
    A, x = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([0.5, -1.0])
    f = lambda x: x @ A @ x + np.exp(x).sum()  # noqa: E731
    assert grad(f)(x) == pytest.approx((2 * A @ x + np.exp(x)).tolist(), rel=1e-14)
    np.testing.assert_allclose(hessian(f)(x), 2 * A + np.diag(np.exp(x)), rtol=1e-14)
    np.testing.assert_allclose(jacobian(lambda x: A @ np.tanh(x))(x), A * (1 - np.tanh(x) ** 2))
    np.testing.assert_allclose(jvp(lambda x: A @ x, (x,), (x,))[1], A @ x)
    assert gradcheck(f, [x])
    assert grad(lambda M: (M @ x).sum())(A) == [[0.5, -1.0], [0.5, -1.0]]


def test_derivatives_inside_a_compiled_function() -> None:
    """A slope is a graph as any other: d/dx of (w·x)³, and its gradient by w, as array programs."""
    w = Value(2.0)
    slope = autodiff.compile(lambda x: grad(lambda x: (w * x) ** 3)(x), backend="numpy")
    x = np.array([0.5, -1.0, 2.0])
    assert slope(x) == pytest.approx((24 * x**2).mean(), rel=1e-14)
    assert w.grad == pytest.approx((36 * x**2).mean(), rel=1e-14)


# ── jvp and linearize ────────────────────────────────────────────────────────────────────────


@given(recipes(largest=8), st.lists(numbers, min_size=8, max_size=8))
def test_forward_mode_is_the_gradient_along_the_tangents(
    recipe: Recipe, along: list[float]
) -> None:
    tangents = along[: len(recipe.leaves)]
    if len(tangents) < len(recipe.leaves):
        tangents += [1.0] * (len(recipe.leaves) - len(tangents))
    slopes = jacobian(recipe.on_values)(*recipe.leaves)
    out, found = jvp(recipe.on_values, recipe.leaves, tangents)
    assert out == value_and_grad(recipe.on_values)(*recipe.leaves)[0]
    assert found == pytest.approx(
        math.fsum(s * t for s, t in zip(slopes, tangents, strict=True)), rel=1e-9, abs=1e-9
    )


def test_forward_over_reverse_is_the_hessian_times_a_vector() -> None:
    f = lambda x, y: (x * x * y).sin() + y.exp()  # noqa: E731
    at, v = (0.7, 0.3), [2.0, -1.0]
    expected = np.array(hessian(f)(*at)) @ v
    assert jvp(grad(f), at, v)[1] == pytest.approx(expected.tolist(), rel=1e-13)
    backward = grad(lambda x, y: jvp(f, (x, y), v)[1])(*at)
    assert backward == pytest.approx(expected.tolist(), rel=1e-13)
    forward = lambda x, y: jvp(f, (x, y), v)[1]  # noqa: E731
    assert jvp(forward, at, v)[1] == pytest.approx(float(np.array(v) @ expected), rel=1e-13)


def test_linearize_runs_the_function_once() -> None:
    calls = []

    def polar(r: Value, t: Value) -> list[Any]:
        calls.append(1)
        return [r * t.cos(), [r * t.sin(), 1.0]]

    out, push = linearize(polar, 2.0, 0.5)
    columns = [push(1.0, 0.0), push(0.0, 1.0)]
    J = jacobian(polar)(2.0, 0.5)
    assert out == [2 * math.cos(0.5), [2 * math.sin(0.5), 1.0]]
    assert columns[0] == [J[0][0], [J[1][0][0], 0.0]]
    assert columns[1] == [J[0][1], [J[1][0][1], 0.0]]
    assert len(calls) == 2
    with pytest.raises(ValueError, match="the tangents have 1 numbers, but the primals 2"):
        push(1.0)
    with pytest.raises(TypeError, match=r"as lists: jvp\(f, \(2.0,\), \(1.0,\)\)"):
        jvp(polar, 2.0, 1.0)  # type: ignore[arg-type]


# ── jacobian and vjp ─────────────────────────────────────────────────────────────────────────


def test_jacobian_of_polar_coordinates() -> None:
    r, t = 2.0, 0.5
    found = jacobian(lambda r, t: [r * t.cos(), r * t.sin()])(r, t)
    assert np.array(found) == pytest.approx(
        np.array([[math.cos(t), -r * math.sin(t)], [math.sin(t), r * math.cos(t)]]), rel=1e-14
    )


def test_jacobian_keeps_the_nesting() -> None:
    assert jacobian(lambda x, y: [[x, y], [x * y]])(2.0, 3.0) == [
        [[1.0, 0.0], [0.0, 1.0]],
        [[3.0, 2.0]],
    ]
    assert jacobian(lambda x, y: np.array([x * y, x]))(2.0, 3.0) == [[3.0, 2.0], [1.0, 0.0]]
    assert jacobian(lambda x: x * x)(3.0) == [6.0]
    assert jacobian(lambda x: [x, 1.0])(3.0) == [[1.0], [0.0]]


W = [[1.0, -2.0, 0.5], [0.3, 4.0, -1.0]]


def layer(z: Any) -> list[Value]:
    return [sum((w * x for w, x in zip(row, z, strict=True)), Value(0.1)).tanh() for row in W]


@given(st.lists(numbers, min_size=3, max_size=3), st.lists(numbers, min_size=2, max_size=2))
def test_the_backward_function_is_the_transposed_jacobian(z: list[float], v: list[float]) -> None:
    """CS229 (7.57): B[g, z](v) = Jᵀv."""
    J = np.array(jacobian(lambda *z: layer(z))(*z))
    np.testing.assert_allclose(vjp(layer, z, v), J.T @ v, rtol=1e-12, atol=1e-13)


@given(
    st.lists(numbers, min_size=2, max_size=2),
    st.lists(numbers, min_size=2, max_size=2),
    numbers,
)
def test_the_backward_function_is_linear(u: list[float], v: list[float], c: float) -> None:
    """CS229 (7.54): B(u + c·v) = B(u) + c·B(v)."""
    z = [0.2, -0.4, 0.9]
    both = vjp(layer, z, [a + c * b for a, b in zip(u, v, strict=True)])
    apart = zip(vjp(layer, z, u), vjp(layer, z, v), strict=True)
    assert both == pytest.approx([a + c * b for a, b in apart], rel=1e-10, abs=1e-12)


def test_vjp_of_nested_lists_and_arrays() -> None:
    Z = np.array([[0.1, 0.2], [0.3, 0.4]])
    found = vjp(lambda z: [[z[0][0] * z[1][1]], [z[0][1]]], Z, [[2.0], [5.0]])
    assert found == [[0.8, 5.0], [0.0, 0.2]]
    with pytest.raises(ValueError, match="v has 1 elements, but g returned 2"):
        vjp(layer, [1.0, 2.0, 3.0], [1.0])


# ── gates as functions ───────────────────────────────────────────────────────────────────────


def test_every_gate_can_be_had_as_a_function() -> None:
    """The gates that are not operators, under NumPy's names, with the row's text as their help."""
    x, y = Value(0.5), Value(2.0)
    operators = {"add", "sub", "mul", "div", "neg", "pow", "equal", "max", "min"}
    for name in set(BUILT_IN) - operators:
        assert name in dir(autodiff)
        assert getattr(autodiff, name).__doc__ == GATES[name].doc
        assert re.search(rf"\b{name}\b", autodiff.__doc__ or ""), "help(autodiff) tells of it"
    assert autodiff.maximum(x, y).data == 2.0
    assert autodiff.minimum(x, 1.0).data == 0.5
    assert autodiff.dot([x, y], [y, 1.0]).data == 3.0
    assert sum(p.data for p in autodiff.softmax([x, y, 1.0])) == pytest.approx(1.0, abs=1e-15)
    assert grad(autodiff.sin)(0.5) == math.cos(0.5)
    assert {"abs", "sum"}.isdisjoint(autodiff.__all__), "import * leaves Python's own alone"


@pytest.mark.parametrize("gate", ["max", "min"])
@pytest.mark.parametrize(("a", "b"), [(2.0, 1.0), (1.0, 2.0), (1.0, math.nan), (math.nan, 1.0)])
def test_a_gradient_graph_asks_whether_a_number_is_nan_as_the_gradient_does(
    gate: str, a: float, b: float
) -> None:
    x, y = Value(a), Value(b)
    out = GATES[gate](x * x, y * y)
    slopes = [v.data for v in autodiff.gradient_graph(out, [x, y])]
    out.backward()
    np.testing.assert_array_equal(slopes, [x.grad, y.grad])
