"""Compiled equals eager: the one check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..formula.firing import DomainError
from ..functional import gradients
from ..value import Constant, Value, assign
from .trace import run
from .version import Version

Floats = NDArray[np.float64]


class CompileError(RuntimeError):
    """The compiled program and the eager engine disagree."""


def close(got: Floats, expected: Floats) -> bool:
    """Equal but for rounding, measured by the largest finite number; inf and nan in place."""
    finite = np.isfinite(expected)
    if got.shape != expected.shape or not (np.isfinite(got) == finite).all():
        return False
    scale = float(np.abs(expected[finite]).max(initial=0.0))
    loose = 1e-9 if got.dtype.itemsize == 8 else 1e-3
    error = np.abs(got[finite] - expected[finite])
    return bool((error <= loose * scale + loose / 1000).all())


def check(
    name: str,
    function: Callable[..., Any],
    version: Version,
    parameters: Sequence[Value],
    arrays: Sequence[Floats],
    elsewhere: bool,
) -> list[int]:
    """The rows on which the program was found to compute what `function` computes.

    elsewhere  at other numbers too: the function may look at the .data of what it is given
    """
    rows = _compare(name, function, version, parameters, arrays)
    if elsewhere:
        with _moved(parameters):
            _compare(name, function, version, parameters, [_larger(a[rows]) for a in arrays])
    return rows


def _compare(
    name: str,
    function: Callable[..., Any],
    version: Version,
    parameters: Sequence[Value],
    arrays: Sequence[Floats],
) -> list[int]:
    graphs: dict[int, list[Value]] = {}
    for row in _telling_rows(arrays):
        try:
            graphs[row] = run(function, [a[row] for a in arrays]).outputs
        except DomainError:  # said with the row, when the program runs on all of them
            continue
    rows = list(graphs)
    if not rows:
        return []
    twice = rows * (2 if len(rows) == 1 else 1)  # at least two, so that the mean is a mean
    few = [a[twice] for a in arrays]
    theta = np.array([p.data for p in parameters], dtype=few[0].dtype)
    slope = version.gradient(theta, *few)[1] if version.loss else None
    for (row, expected), outputs in zip(graphs.items(), _got(version, theta, few), strict=False):
        if not close(outputs, np.array([v.data for v in expected])):
            raise _disagreement(name, f"on row {row}")
    if slope is not None:
        mean = sum((outputs[0] for outputs in graphs.values()), Constant(0.0)) / len(rows)
        right = np.asarray(gradients(mean, parameters))
        if not close(slope, right):
            for parameter, number in zip(parameters, right, strict=True):
                if not np.isfinite(number):  # the program leaves out what is multiplied by 0
                    which = parameter.label or f"number {parameters.index(parameter)} of theta"
                    raise DomainError(
                        f"{name}, rows {rows}: the gradient of parameter {which} is {number}, as "
                        "an infinite slope times 0 is; start from other numbers"
                    )
            raise _disagreement(name, f"about the gradient of rows {rows}")
    return rows


def _got(version: Version, theta: Floats, arrays: Sequence[Floats]) -> Floats:
    """What the program makes of each row: a loss' cost is that of one row by itself."""
    if version.loss and version.rows is version.function:
        rows = [[a[k : k + 1] for a in arrays] for k in range(len(arrays[0]))]
        costs = np.array([version.gradient(theta, *row)[:1] for row in rows], dtype=theta.dtype)
        if np.isfinite(costs).all():  # and with them the gradients
            return costs
    outputs: Floats = version.outputs(theta, *arrays)
    return outputs


def _telling_rows(arrays: Sequence[Floats]) -> list[int]:
    """A few rows: first, middle, last, and of each argument the smallest and the largest."""
    count = len(arrays[0])
    rows = {0, count // 2, count - 1}
    for array in arrays:
        sizes = array.reshape(count, -1).sum(axis=1)
        if np.isfinite(sizes).all():
            rows |= {int(sizes.argmin()), int(sizes.argmax())}
    return sorted(rows)


@contextmanager
def _moved(parameters: Sequence[Value]) -> Iterator[None]:
    """All parameters a little larger while the block runs."""
    kept = [p.data for p in parameters]
    try:
        assign(parameters, [float(_larger(np.float64(number))) for number in kept])
        yield
    finally:
        assign(parameters, kept)


def _larger(numbers: Any) -> Any:
    return numbers + (abs(numbers) + 0.5) / 16


def _disagreement(name: str, where: str) -> CompileError:
    return CompileError(
        f"{name}: the compiled program disagrees with the eager engine {where}. A "
        "function that looks at v.data of an argument or a parameter, draws random numbers or "
        "keeps changing what it captures cannot be compiled; if yours does not, please report this."
    )
