"""Atoms: the functions that a formula may call, with one stable implementation per target.

`exp`, `log` and their like are built into every target; what needs care in floating point
(`sigmoid`, `softplus`, `erf`, `logsumexp` ...) brings its own definition, so that no target
overflows or loses digits where the others do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["ATOMS", "CONSTANTS", "Atom"]


def sigmoid(t: float) -> float:
    """1 / (1 + e^-t), without overflow at either end."""
    if t >= 0:
        return 1.0 / (1.0 + math.exp(-t))
    e = math.exp(t)
    return e / (1.0 + e)


def softplus(t: float) -> float:
    """log(1 + e^t), without overflow, and exact to the last bits for t far below zero."""
    return t + math.log1p(math.exp(-t)) if t > 0 else math.log1p(math.exp(t))


def logsumexp(row: Iterable[float]) -> float:
    """log(Σ e^a), shifted by the largest a so that nothing overflows; NaN passes.

    An infinite one is not shifted by itself: that would be inf - inf.
    """
    row = list(row)
    top = max(row)
    return top + math.log(sum([math.exp(a - top) if a != top else 1.0 for a in row]))


def power(a: float, b: float) -> float:
    """a ** b, infinite where it overflows: a local gradient may be, where the value is not."""
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf


class Atom(NamedTuple):
    """A function that formulas may call.

    `numpy` and `javascript` are what the call's name becomes there; `*_helper` is the source of a
    definition that the target needs first (empty where it has the function built in).
    """

    python: Callable[..., float]
    numpy: str
    javascript: str
    numpy_helper: str = ""
    javascript_helper: str = ""
    row: bool = False  # takes a whole row of numbers, not one number
    # a row's reduction as passes through its elements a: (name, initial value, step) each, and
    # what to make of the names at the end; for programs written as loops
    passes: tuple[tuple[str, str, str], ...] = ()
    finish: str = ""
    predicate: bool = False  # answers yes or no
    meaning: str = ""  # of a function of a row a, by other functions, for those who read it
    onnx: str = ""  # its operator there, if that is not its own name


_NUMPY_SIGMOID = """\
def sigmoid(t):
    return 1 / (1 + np.exp(-t))  # far below zero e^-t is inf and 1/inf the right 0
"""
_NUMPY_SOFTPLUS = """\
def softplus(t):
    return np.maximum(t, 0) + np.log1p(np.exp(-np.abs(t)))
"""
_NUMPY_LOGSUMEXP = """\
def logsumexp(z):
    top = z.max(axis=-1, keepdims=True)
    top[np.isinf(top)] = 0  # inf - inf would be NaN
    return np.log(np.exp(z - top).sum(axis=-1)) + top[..., 0]
"""
_NUMPY_ERF = """\
try:
    from scipy.special import erf
except ImportError:  # the same numbers, one at a time
    import math
    erf = np.vectorize(math.erf, otypes=[float])
"""
_JS_SIGMOID = """\
function sigmoid(t) {
  if (t >= 0) return 1 / (1 + Math.exp(-t));
  const e = Math.exp(t);
  return e / (1 + e);
}
"""
_JS_SOFTPLUS = """\
function softplus(t) {
  return t > 0 ? t + Math.log1p(Math.exp(-t)) : Math.log1p(Math.exp(t));
}
"""
_JS_LOGSUMEXP = """\
function logsumexp(row) {
  const top = row.reduce((m, a) => (a > m || a !== a ? a : m), -Infinity);
  if (!Number.isFinite(top)) return top;
  return top + Math.log(row.reduce((s, a) => s + Math.exp(a - top), 0));
}
"""
# Taylor series near zero, continued fraction for erfc further out: both to the last few bits.
_JS_ERF = """\
function erf(x) {
  const t = Math.abs(x);
  if (t !== t) return x;
  if (t > 6) return Math.sign(x);
  if (t < 2.5) {
    let term = x, sum = x;
    for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
      term *= -x * x / k;
      sum += term / (2 * k + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }
  let fraction = 0;
  for (let k = 120; k > 0; k--) fraction = k / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction));
}
"""

ATOMS: dict[str, Atom] = {
    "exp": Atom(math.exp, "np.exp", "Math.exp"),
    "log": Atom(math.log, "np.log", "Math.log"),
    "log1p": Atom(math.log1p, "np.log1p", "Math.log1p"),
    "sqrt": Atom(math.sqrt, "np.sqrt", "Math.sqrt"),
    "sin": Atom(math.sin, "np.sin", "Math.sin"),
    "cos": Atom(math.cos, "np.cos", "Math.cos"),
    "tanh": Atom(math.tanh, "np.tanh", "Math.tanh"),
    "abs": Atom(abs, "np.abs", "Math.abs"),
    "sigmoid": Atom(sigmoid, "sigmoid", "sigmoid", _NUMPY_SIGMOID, _JS_SIGMOID),
    "softplus": Atom(softplus, "softplus", "softplus", _NUMPY_SOFTPLUS, _JS_SOFTPLUS),
    "erf": Atom(math.erf, "erf", "erf", _NUMPY_ERF, _JS_ERF),
    "logsumexp": Atom(
        logsumexp,
        "logsumexp",
        "logsumexp",
        _NUMPY_LOGSUMEXP,
        _JS_LOGSUMEXP,
        row=True,
        passes=(
            ("top", "-inf", "a if a > top else top"),
            ("total", "0.0", "total + (exp(a - top) if a != top else 1.0)"),
        ),
        finish="top + log(total)",
        meaning="log(sum(exp(a)))",
        onnx="ReduceLogSumExp",
    ),
    "sum": Atom(
        sum,
        "sum",
        "sum",
        row=True,
        passes=(("total", "0.0", "total + a"),),
        finish="total",
        onnx="ReduceSum",
    ),
    "isnan": Atom(math.isnan, "np.isnan", "Number.isNaN", predicate=True, onnx="IsNaN"),
}

CONSTANTS: dict[str, float] = {"pi": math.pi, "inf": math.inf, "nan": math.nan}
