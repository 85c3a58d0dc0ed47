"""micrograd's README expression, with its published numbers and beside micrograd itself."""

from __future__ import annotations

from typing import Any

import pytest

from autodiff import Value, gradcheck
from tests.oracles import oracle


def readme_expression(a: Any, b: Any) -> Any:
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def test_the_published_numbers() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = readme_expression(a, b)
    g.backward()
    assert g.data == pytest.approx(24.70408163265306, rel=1e-12)
    assert a.grad == pytest.approx(138.83381924198252, rel=1e-12)
    assert b.grad == pytest.approx(645.5772594752186, rel=1e-12)


def test_micrograd_itself_says_the_same() -> None:
    engine = oracle("micrograd.engine")
    a, b = engine.Value(-4.0), engine.Value(2.0)
    theirs = readme_expression(a, b)
    theirs.backward()
    x, y = Value(-4.0), Value(2.0)
    ours = readme_expression(x, y)
    ours.backward()
    assert ours.data == pytest.approx(theirs.data, rel=1e-14)
    assert (x.grad, y.grad) == pytest.approx((a.grad, b.grad), rel=1e-14)


def test_finite_differences_agree() -> None:
    assert gradcheck(readme_expression, [-4.0, 2.0])


def drawn(root: Any) -> tuple[list[str], int]:
    """A graph as micrograd's `draw_dot` reads it: the operations of its nodes, and its edges."""
    nodes, edges, rest = set(), set(), [root]
    while rest:
        node = rest.pop()
        if node not in nodes:
            nodes.add(node)
            edges |= {(before, node) for before in node._prev}
            rest += node._prev
    return sorted(node._op for node in nodes), len(edges)


def test_drawings_written_for_micrograd_find_what_they_read() -> None:
    """`_prev` and `_op`; our sign for the product is the one of mathematics."""
    engine = oracle("micrograd.engine")
    theirs, ours = ((x * 2 + 1).relu() for x in (engine.Value(1.0), Value(1.0)))
    operations, edges = drawn(ours)
    assert operations == ["", "", "", "+", "ReLU", "×"]
    assert drawn(theirs) == (["", "", "", "*", "+", "ReLU"], edges)
    square = Value(3.0) * 1.0
    assert (square * square)._prev == {square}
