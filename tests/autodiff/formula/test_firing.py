"""The functions that the engine writes from the table."""

from __future__ import annotations

import inspect
import linecache

import pytest

from autodiff import GATES, Value, gate
from autodiff.formula.firing import DomainError
from autodiff.formula.on_values import partial_on_values
from tests.random_graphs import BUILT_IN


def test_a_generated_function_reads_like_one_written_by_hand() -> None:
    assert inspect.getsource(GATES["tanh"].fire) == (
        "def tanh(a):\n"
        "    '''Hyperbolic tangent, CS229 (7.25).'''\n"
        "    if a.__class__ is not Value:\n"
        '        a = operand(a, tanh_gate, "a")\n'
        "    node = new(Value)\n"
        "    node._a = a\n"
        "    node._b = None\n"
        "    a = a.data\n"
        "    try:\n"
        "        node.data = out = tanh(a)\n"
        "        node._da = 1 - out * out\n"
        "    except ArithmeticErrors as error:\n"
        "        raise domain_error(error, tanh_gate, node) from None\n"
        "    node.grad = UNREACHED\n"
        "    node.gate = tanh_gate\n"
        "    if WATCHERS:\n"
        "        made(node)\n"
        "    return node\n"
    )


@pytest.mark.parametrize("name", BUILT_IN)
def test_help_and_tracebacks_find_the_source(name: str) -> None:
    fire = GATES[name].fire
    assert inspect.getdoc(fire) == GATES[name].doc
    assert list(inspect.signature(fire).parameters) == list(GATES[name].inputs)
    linecache.checkcache()  # what a traceback does before it prints lines
    assert inspect.getsource(fire).startswith(f"def {name}(")


def test_the_defaults_are_in_the_signature() -> None:
    assert str(inspect.signature(Value.leaky_relu)) == "(a, gamma=0.01)"
    assert str(inspect.signature(Value.softplus)) == "(a, beta=1.0)"


def test_operators_and_methods_are_the_generated_functions() -> None:
    """No wrapper stands between `a * b` and its gate."""
    assert Value.__mul__ is GATES["mul"].fire
    assert Value.sigmoid is GATES["sigmoid"].fire


def test_a_gate_is_compiled_once_and_only_when_it_fires() -> None:
    lazy = gate("lazy", "3 * a", a="3.0")
    assert lazy._fire is None
    assert lazy(Value(2.0)).data == 6.0
    assert lazy.fire is lazy.fire
    del GATES["lazy"]


def test_the_partial_on_values_is_a_graph() -> None:
    a, b = Value(3.0, "a"), Value(4.0, "b")
    product, root = a * b, a.sqrt()
    assert partial_on_values(GATES["mul"], 0, product.parents, product) is b
    assert partial_on_values(GATES["add"], 0, (a, b), a + b) == 1.0
    slope = partial_on_values(GATES["sqrt"], 0, (a,), root)
    assert slope.parents[1] is root  # 0.5 / out
    dot = GATES["dot"]([a, a], [b, b])
    assert partial_on_values(GATES["dot"], 1, dot.parents, dot) is b
    assert partial_on_values(GATES["dot"], 3, dot.parents, dot) is a
    mean = GATES["mean"]([a, b, a])
    assert partial_on_values(GATES["mean"], 2, mean.parents, mean) == pytest.approx(1 / 3)


def test_a_domain_error_does_not_show_the_machinery() -> None:
    with pytest.raises(DomainError) as caught:
        Value(0.0).log()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
