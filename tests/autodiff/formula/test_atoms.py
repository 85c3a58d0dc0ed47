"""Atoms: stable, and the same on every target."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff.formula.atoms import ATOMS
from tests.oracles import oracle

FAR = [-1000.0, -745.0, -40.0, -1.0, -1e-9, 0.0, 1e-9, 0.5, 37.0, 1000.0]


@pytest.mark.parametrize("name", ["sigmoid", "softplus", "erf", "tanh", "log1p", "exp"])
def test_atoms_agree_with_arbitrary_precision(name: str) -> None:
    """mpmath, which comes with SymPy, with 50 digits."""
    mp = oracle("mpmath")
    mp.mp.dps = 50
    exact = {
        "sigmoid": lambda t: 1 / (1 + mp.exp(-t)),
        "softplus": lambda t: mp.log1p(mp.exp(t)),
    }.get(name) or getattr(mp, name)
    for t in FAR:
        if (name == "log1p" and t <= -1) or (name == "exp" and t > 700):
            continue
        expected = float(exact(mp.mpf(t)))
        assert ATOMS[name].python(t) == pytest.approx(expected, rel=4e-16, abs=5e-324)


def test_logsumexp_does_not_overflow_and_keeps_infinities() -> None:
    logsumexp = ATOMS["logsumexp"].python
    assert logsumexp([1000.0, 1000.0]) == 1000.0 + math.log(2)
    assert logsumexp([-1000.0, -1000.0]) == -1000.0 + math.log(2)
    assert logsumexp([3.0]) == 3.0
    assert logsumexp([-math.inf, 0.0]) == 0.0
    assert logsumexp([-math.inf, -math.inf]) == -math.inf
    assert logsumexp([math.inf, 0.0]) == math.inf
    for row in itertools.permutations([math.nan, -math.inf, math.inf, 1.0]):
        assert math.isnan(logsumexp(row))
    assert math.isnan(logsumexp([0.0, math.nan]))


NOT_FINITE = [
    row
    for n in (1, 2, 3)
    for row in itertools.product([0.0, 2.0, math.inf, -math.inf, math.nan], repeat=n)
]


def test_logsumexp_of_infinities_is_the_same_in_python_and_numpy() -> None:
    """NaN anywhere is NaN; else +inf wins; nothing but -inf is -inf."""
    atom = ATOMS["logsumexp"]
    helper: dict[str, Any] = {"np": np}
    exec(atom.numpy_helper, helper)
    of_arrays = np.errstate(divide="ignore")(helper["logsumexp"])
    for row in NOT_FINITE:
        expected = math.nan if any(map(math.isnan, row)) else max(row)
        if math.isfinite(expected):
            expected = math.log(sum(map(math.exp, row)))
        for found in (atom.python(row), of_arrays(np.array(row))):
            np.testing.assert_allclose(found, expected, rtol=1e-15, err_msg=str(row))


def test_logsumexp_of_infinities_is_the_same_in_loops() -> None:
    """The passes that a program of loops makes through the row."""
    atom = ATOMS["logsumexp"]
    names = dict(ATOMS["logsumexp"].python.__globals__["math"].__dict__)
    for row in NOT_FINITE:
        for name, initial, step in atom.passes:
            names[name] = float(initial)
            for a in row:
                names[name] = eval(step, names, {"a": a})
        np.testing.assert_equal(eval(atom.finish, names), atom.python(row))


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=6))
def test_logsumexp_agrees_with_scipy(row: list[float]) -> None:
    expected = oracle("scipy.special").logsumexp(row)
    assert ATOMS["logsumexp"].python(row) == pytest.approx(float(expected), rel=1e-14, abs=1e-14)
