"""From a `Function` to something that runs.

A backend is a function ``build(function, name, doc, loss) -> Runner``. The runner is called with
theta (float64, one-dimensional, contiguous) and one float64 array per argument, all with the same
number of rows, at least one; it gives ``(J, gradient)``, where J is a float and not finite if a
number of the gradient is not, or for loss=False the outputs as an array
(rows, k). It must not share buffers between calls of different threads. A backend that cannot
express a function raises `Unsupported`; "auto" then takes the next one.
"""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import math
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..ir import Apply, Function, Reduce, Term, walk
from .numpy_source import numpy_source

Runner: TypeAlias = Callable[..., Any]
Build: TypeAlias = Callable[[Function, str, str, bool], Runner]

# measured: what machine code gains by running, against what it costs to make
MOST_OPERATIONS: Final = 100
MOST_PARAMETERS: Final = 30_000
LEAST_STEPS: Final = 1_000
_numbers = itertools.count(1)


class Unsupported(NotImplementedError):
    """A backend has no code for something in this function."""


def numpy_runner(source: str, name: str) -> Runner:
    """The function that NumPy source defines; while it lives, tracebacks show its text."""
    filename = f"<compiled {name} {next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": filename}
    exec(compile(source, filename, "exec"), namespace)
    runner: Runner = namespace[name]
    weakref.finalize(runner, linecache.cache.pop, filename, None).atexit = False
    return runner


def guarded(runner: Runner, may_warn: bool) -> Runner:
    """A gradient's runner that keeps NumPy's warnings, and its scalar types, to itself."""

    def run(theta: NDArray[Any], *arrays: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        try:
            # what is not finite is explained by gate and row; silencing NumPy takes a microsecond
            # or two, so programs of plain sums and products do without
            with np.errstate(all="ignore") if may_warn else nullcontext():
                J, gradient = runner(theta, *arrays)
        except RuntimeWarning:  # where warnings are errors
            with np.errstate(all="ignore"):
                J, gradient = runner(theta, *arrays)
        # Σ g² is quick, and not finite wherever a g is not; where it overflows, look at each
        finite = math.isfinite(np.vdot(gradient, gradient)) or np.isfinite(gradient).all()
        return float(J) if finite else math.nan, gradient.astype(theta.dtype, copy=False)

    return run


def may_warn(function: Function) -> bool:
    """Can NumPy warn of more than an overflow of plain sums and products?"""
    for assign in [*function.forward, *function.backward]:
        for expr in walk(assign.expr):
            if isinstance(expr, Term) and expr.divisors:
                return True
            if isinstance(expr, Reduce) or (isinstance(expr, Apply) and expr.formula.can_fail):
                return True
    return False


def _numpy(function: Function, name: str, doc: str, loss: bool) -> Runner:
    plain = numpy_runner(numpy_source(function, name, doc, loss), name)
    return guarded(plain, may_warn(function)) if loss else plain


def _native(function: Function, name: str, doc: str, loss: bool) -> Runner:
    from ..llvm.native import build

    return build(function, name, doc, loss)


def _native_if_worth(function: Function, name: str, doc: str, loss: bool) -> Runner:
    if not worth(function):
        raise Unsupported("machine code is not worth its time here")
    return _native(function, name, doc, loss)


def worth(function: Function, steps: int = LEAST_STEPS) -> bool:
    """What "auto" means: is machine code worth the time that it takes to make?

    It takes 3 to 5 ms for each array operation, once, and saves 20 to 100 µs a step, more than
    the arithmetic of small programs takes; with tens of thousands of parameters NumPy's products
    of matrices are as fast.
    """
    operations = len(function.forward) + len(function.backward)
    small = operations <= MOST_OPERATIONS and function.theta_size <= MOST_PARAMETERS
    return small and steps >= LEAST_STEPS


def has_native() -> bool:
    """Is llvmlite installed (the extra `native`)?"""
    return importlib.util.find_spec("llvmlite") is not None


def choose(backend: str) -> list[tuple[str, Build]]:
    """The backends to try, in order; "compiled", as training calls it, is "numpy".

    Raises ValueError for an unknown name, ImportError for "native" without llvmlite.
    """
    if backend in ("numpy", "compiled"):
        return [("numpy", _numpy)]
    if backend == "native":
        if not has_native():
            raise ImportError(
                'backend="native" needs llvmlite: pip install "glassgrad[native]"; or use '
                'backend="auto", which takes NumPy without it'
            )
        return [("native", _native)]
    if backend == "auto":
        both: list[tuple[str, Build]] = [("native", _native_if_worth), ("numpy", _numpy)]
        return both if has_native() else both[1:]
    raise ValueError(f"backend must be 'auto', 'numpy' or 'native', got {backend!r}")
