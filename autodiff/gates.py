"""THE table: every gate's formula and its local gradients, one place, once.

From a row of this table come the eager engine, higher derivatives, the compiler, the pictures,
the LaTeX and the JavaScript of the exported pages. Nothing else in the project states a
derivative.

A row is ``gate(name, formula, input=partial, ...)``. The keywords name the inputs, in order, and
give ∂out/∂input; a partial may use ``out``, the gate's own result. Formulas are text in a small
grammar (see `formula.grammar`): arithmetic, comparisons, ``x if test else y`` and the functions
of `autodiff.formula.atoms.ATOMS`.

A *coarse* gate is a name for a small graph of finer gates and says which in ``decompose``, so
that a picture can be unfolded and a test can compare both.
"""

from __future__ import annotations

from typing import Any

from .gate import BUILT_IN, GATES, Gate, gate
from .gate import _by_name as _by_name  # pickles written by earlier versions find it here

__all__ = ["GATES", "Gate", "gate"]


def _fold(a: Any) -> Any:
    """((a₁ + a₂) + a₃) + ... : a sum as a chain of two-input gates."""
    total = a[0]
    for term in a[1:]:
        total = total + term
    return total


# ── arithmetic ───────────────────────────────────────────────────────────────────────────────
gate("add", "a + b", a="1.0", b="1.0", symbol="+", doc="Sum: distributes the gradient.")
gate("sub", "a - b", a="1.0", b="-1.0", symbol="−", doc="Difference.")
gate("mul", "a * b", a="b", b="a", symbol="×", doc="Product: swaps its inputs.")
gate("div", "a / b", a="1 / b", b="-out / b", symbol="÷", domain="b != 0", doc="Quotient.")
gate("neg", "-a", a="-1.0", symbol="×−1", doc="Opposite.")
gate("reciprocal", "1 / a", a="-(out**2)", symbol="1/x", domain="a != 0", doc="One over a.")
gate(
    "pow",
    "a ** b",
    # 0 ** 0 is flat in a, 0 ** ½ is vertical; in b a negative base has no derivative at all
    a="0.0 if b == 0 and abs(a) < 1e-308 else b * a ** (b - 1) if a != 0 or b >= 1 else inf",
    b="out * log(a) if a > 0 else 0.0 if a == 0 else nan",
    symbol="^",
    domain="a > 0, or a = 0 with b >= 0, or a < 0 with a whole b; and |a ** b| < 1.8e308",
    doc="Power.",
)
# ── routing: one input gets the whole gradient; at a tie the first; NaN passes ───────────────
gate(
    "max",
    "b if b > a or isnan(b) else a",
    a="0.0 if b > a or isnan(b) else 1.0",
    b="1.0 if b > a or isnan(b) else 0.0",
    doc="Larger input: routes the gradient to it.",
)
gate(
    "min",
    "b if b < a or isnan(b) else a",
    a="0.0 if b < a or isnan(b) else 1.0",
    b="1.0 if b < a or isnan(b) else 0.0",
    doc="Smaller input: routes the gradient to it.",
)
gate(
    "equal",
    "1.0 if a == b else 0.0",
    a="0.0",
    b="0.0",
    symbol="=",
    doc="1 where both are equal, else 0: one entry of the one-hot row of an index. Flat.",
)
gate(
    "abs",
    "abs(a)",
    a="1.0 if a > 0 else -1.0 if a < 0 else 0.0 * a",
    symbol="|x|",
    doc="Absolute value; slope 0 at 0.",
)
# ── elementary functions ─────────────────────────────────────────────────────────────────────
gate("exp", "exp(a)", a="out", domain="a < 709.78", doc="e to the power of a.")
gate("log", "log(a)", a="1 / a", symbol="ln", domain="a > 0", doc="Natural logarithm.")
gate("log1p", "log1p(a)", a="1 / (1 + a)", symbol="ln(1+x)", domain="a > -1", doc="ln(1 + a).")
gate(
    "sqrt",
    "sqrt(a)",
    a="0.5 / out if out != 0 else inf",
    symbol="√",
    domain="a >= 0",
    doc="Square root.",
)
gate("sin", "sin(a)", a="cos(a)", domain="finite a", doc="Sine.")
gate("cos", "cos(a)", a="-sin(a)", domain="finite a", doc="Cosine.")
gate("erf", "erf(a)", a="2 / sqrt(pi) * exp(-(a**2))", doc="Gauss error function.")
# ── activations: CS229 (7.24)-(7.28) ─────────────────────────────────────────────────────────
gate(
    "sigmoid",
    "sigmoid(a)",
    a="out * (1 - out)",
    symbol="σ",
    decompose="reciprocal(exp(-a) + 1)",
    doc="Logistic function, CS229 (7.24).",
)
gate(
    "tanh",
    "tanh(a)",
    a="1 - out**2",
    decompose="1 - 2 / (exp(2 * a) + 1)",
    doc="Hyperbolic tangent, CS229 (7.25).",
)
gate(
    "relu",
    "0.0 if a <= 0 else a",  # this way round NaN passes
    a="1.0 if a > 0 else 0.0",
    symbol="ReLU",
    decompose="max(0, a)",
    doc="Rectified linear unit, CS229 (7.11); slope 0 at 0.",
)
gate(
    "leaky_relu",
    "gamma * a if a <= 0 else a",
    a="1.0 if a > 0 else gamma",
    gamma="0.0 if a > 0 else a",
    defaults={"gamma": 0.01},
    symbol="leaky ReLU",
    decompose="max(0, a) + gamma * min(a, 0)",
    doc="ReLU with slope γ below zero, CS229 (7.26).",
)
gate(
    "gelu",
    "a / 2 * (1 + erf(a / sqrt(2)))",
    a="(1 + erf(a / sqrt(2))) / 2 + a * exp(-(a**2) / 2) / sqrt(2 * pi)",
    symbol="GELU",
    decompose="a / 2 * (1 + erf(a / sqrt(2)))",
    doc="Gaussian error linear unit, exact, CS229 (7.27).",
)
gate(
    "softplus",
    "softplus(beta * a) / beta",
    a="sigmoid(beta * a)",
    beta="(a * sigmoid(beta * a) - out) / beta",
    defaults={"beta": 1.0},
    domain="beta != 0",
    decompose="log(exp(beta * a) + 1) / beta",
    doc="Smooth ReLU, CS229 (7.28).",
)
# ── over rows of n numbers: the partial belongs to one element ───────────────────────────────
gate("sum", "sum(a)", a="1.0", rows="a", symbol="Σ", decompose=_fold, doc="Sum of a row.")
gate(
    "mean",
    "sum(a) / n",
    a="1 / n",
    rows="a",
    decompose=lambda a: GATES["sum"](a) / len(a),
    doc="Mean of a row.",
)
gate(
    "dot",
    "sum(a * b)",
    a="b",
    b="a",
    rows="ab",
    symbol="·",
    decompose=lambda a, b: GATES["sum"]([x * y for x, y in zip(a, b, strict=True)]),
    doc="Dot product of two rows.",
)
gate(
    "affine",
    "sum(w * x) + b",
    w="x",
    x="w",
    b="1.0",
    rows="wx",
    symbol="w·x+b",
    decompose=lambda w, x, b: GATES["dot"](w, x) + b,
    doc="A neuron's weighted sum, CS229 (7.12).",
)
gate(
    "logsumexp",
    "logsumexp(a)",
    a="exp(a - out)",
    rows="a",
    decompose=lambda a: GATES["sum"]([x.exp() for x in a]).log(),
    doc="ln Σ e^a, stable; among infinities NaN is the gradient of those that are as large.",
)

BUILT_IN.update(GATES)
