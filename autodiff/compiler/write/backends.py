"""From a `Function` to something that runs.

A backend is a function ``build(function, loss) -> Runner``. The runner is called with
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
from contextvars import Context
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..ir import Function
from ..kept.texts import loops_text, numpy_text

Runner: TypeAlias = Callable[..., Any]
Build: TypeAlias = Callable[[Function, bool], Runner]

# measured: what machine code gains by running, against what it costs to make
MOST_OPERATIONS: Final = 100
MOST_PARAMETERS: Final = 30_000
LEAST_STEPS: Final = 1_000
LONGEST: Final = 1_000  # array operations that machine code is made of at all: so many take seconds
LINES: Final = 5  # an array operation has about as many

# A context that is entered, not settings that are put back: Ctrl-C cannot leave them behind.
_QUIET: Final = Context()
_QUIET.run(np.seterr, all="ignore")

_NUMBERS: Final = itertools.count(1)
_FREE: Final[list[int]] = []  # of what is gone, since Python forgets no name of a file


class Unsupported(NotImplementedError):
    """A backend has no code for something in this function."""


def _numpy(function: Function, loss: bool) -> Runner:
    """The function that NumPy source defines; while it lives, tracebacks show its text.

    It keeps NumPy's warnings and scalar types to itself: gate and row explain what is not finite.
    """
    source, name = numpy_text(function, loss), "value_and_grad" if loss else "outputs"
    try:
        number = _FREE.pop()
    except IndexError:
        number = next(_NUMBERS)
    filename = f"<compiled {name} {number}>"
    linecache.cache[filename] = len(source), None, source.splitlines(keepends=True), filename
    namespace: dict[str, Any] = {"__name__": filename}
    exec(compile(source, filename, "exec"), namespace)
    plain = namespace[name]

    def outputs(*arrays: NDArray[Any]) -> Any:
        return _QUIET.copy().run(plain, *arrays)

    def gradient(theta: NDArray[Any], *arrays: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        J, gradient = _QUIET.copy().run(plain, theta, *arrays)
        # Σ g² is quick, and not finite wherever a g is not; where it overflows, look at each
        finite = math.isfinite(np.vdot(gradient, gradient)) or np.isfinite(gradient).all()
        return float(J) if finite else math.nan, gradient.astype(theta.dtype, copy=False)

    weakref.finalize(plain, _forget, filename, number).atexit = False
    return gradient if loss else outputs


def _forget(filename: str, number: int) -> None:
    """The text; not its name, which Python may have on a list that it just goes through."""
    linecache.cache[filename] = 0, None, [], filename
    _FREE.append(number)


def _native(function: Function, loss: bool) -> Runner:
    from ..llvm.native import build

    return build(function, loss)


def _native_if_worth(function: Function, loss: bool) -> Runner:
    if not worth(function):
        raise Unsupported("machine code is not worth its time here")
    return _native(function, loss)


def worth(function: Function, steps: int = LEAST_STEPS) -> bool:
    """What "auto" means: is machine code worth the time that it takes to make?

    It takes up to 3 ms for each array operation, once, and saves 20 to 100 µs a step, more than
    the arithmetic of small programs takes; with tens of thousands of parameters NumPy's products
    of matrices are as fast.
    """
    if steps < LEAST_STEPS or function.theta_size > MOST_PARAMETERS:
        return False
    operations = len(function.forward) + len(function.backward)
    if MOST_OPERATIONS < operations <= LONGEST:  # of which many may be steps of one loop
        operations = loops_text(function).count("\n") // LINES
    return operations <= MOST_OPERATIONS


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
