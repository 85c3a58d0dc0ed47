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

import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .formula.atoms import ATOMS, CONSTANTS
from .formula.grammar import Formula, FormulaError

__all__ = ["GATES", "Gate", "gate"]


class Gate:
    """One row of the table. Call it with Values and numbers to make it fire.

    name        "mul"
    symbol      what a diagram writes into the node: "×"
    inputs      names of the inputs, in order: ("a", "b")
    formula     `Formula` of the value
    partials    one `Formula` per input: the local gradient ∂out/∂input
    rows        the inputs that are rows of n numbers each, like both of dot's; the rest are
                single numbers
    defaults    inputs that may be left out: {"beta": 1.0}
    domain      where it is defined, in words for error messages: "a > 0"
    decompose   how to rebuild it from finer gates: text that may call any gate by name, or a
                function of Values (and rows of them); None for a gate that is primitive
    doc         one line saying what it does
    """

    __slots__ = (
        "_fire",
        "decompose",
        "defaults",
        "doc",
        "domain",
        "formula",
        "inputs",
        "name",
        "partials",
        "rows",
        "symbol",
    )

    name: str
    symbol: str
    inputs: tuple[str, ...]
    formula: Formula
    partials: tuple[Formula, ...]
    rows: tuple[str, ...]
    defaults: Mapping[str, float]
    domain: str
    decompose: str | Callable[..., Any] | None
    doc: str
    _fire: Callable[..., Any] | None

    def __repr__(self) -> str:
        partials = ", ".join(
            f"∂/∂{name} = {partial.text}"
            for name, partial in zip(self.inputs, self.partials, strict=True)
        )
        return f"<gate {self.name}: {self.formula.text}; {partials}>"

    def __str__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)

    @property
    def fire(self) -> Callable[..., Any]:
        """The eager function: generated from this row, readable with `inspect.getsource`."""
        if self._fire is None:
            from .formula.firing import compile_gate

            self._fire = compile_gate(self)
        return self._fire

    def __call__(self, *inputs: Any) -> Any:
        """Fire: a new Value that remembers `inputs`."""
        out = self.fire(*inputs)
        if out is NotImplemented:
            raise TypeError(f"{self.name}: takes Values and numbers, got {inputs!r}")
        return out

    def split(self, parents: Sequence[Any]) -> dict[str, Any]:
        """A node's parents by input name: a tuple for a row, one node for a single input.

        >>> from autodiff import GATES
        >>> GATES["affine"].split(["w1", "w2", "x1", "x2", "b"])
        {'w': ('w1', 'w2'), 'x': ('x1', 'x2'), 'b': 'b'}
        """
        singles = self.inputs[len(self.rows) :]
        n = (len(parents) - len(singles)) // len(self.rows) if self.rows else 0
        named: dict[str, Any] = {
            name: tuple(parents[k * n : (k + 1) * n]) for k, name in enumerate(self.rows)
        }
        return named | dict(zip(singles, parents[n * len(self.rows) :], strict=True))

    def partial_at(self, position: int, count: int) -> tuple[Formula, int | None]:
        """The partial that belongs to parent number `position` of `count`, and its index in the
        row (None for a single input)."""
        singles = len(self.inputs) - len(self.rows)
        n = (count - singles) // len(self.rows) if self.rows else 0
        if position < n * len(self.rows):
            return self.partials[position // n], position % n
        return self.partials[len(self.rows) + position - n * len(self.rows)], None

    def unfold(self, *inputs: Any) -> Any:
        """The same value built from finer gates, as `decompose` says (rows as lists of Values)."""
        from .formula.firing import unfold

        return unfold(self, *inputs)


GATES: dict[str, Gate] = {}
_built_in: frozenset[str] = frozenset()


def _by_name(name: str) -> Gate:
    try:
        return GATES[name]
    except KeyError:
        raise LookupError(
            f"there is no gate {name!r} here; register it with autodiff.gate(...) before loading"
        ) from None


def gate(
    name: str,
    formula: str,
    *,
    symbol: str = "",
    rows: Sequence[str] = (),
    defaults: Mapping[str, float] | None = None,
    domain: str = "",
    decompose: str | Callable[..., Any] | None = None,
    doc: str = "",
    **partials: str,
) -> Gate:
    """Register a gate and return it, ready to be called on Values.

    The keywords that are not options name the inputs, in order, and give the local gradients:

    >>> from autodiff import Value, gate
    >>> swish = gate("swish", "a * sigmoid(a)", a="sigmoid(a) + out * (1 - sigmoid(a))")
    >>> x = Value(1.0)
    >>> swish(x).backward()
    >>> round(x.grad, 12)
    0.927670511871

    Check a derivative that you wrote with `autodiff.gradcheck`. Registering a name again replaces
    your gate (so that a notebook cell can be run twice); the built-in ones cannot be replaced.

    Raises ValueError, naming the gate and the text, if a formula uses an unknown name or function,
    if an input lacks its partial, or if a partial is given for something the formula does not use.
    """
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"gate {name!r}: the name must be a Python identifier")
    if name in _built_in:
        raise ValueError(f"gate {name!r} is built in; choose another name")
    if not partials:
        raise ValueError(f"gate {name!r}: give one partial derivative per input, as a=...")
    taken = {"out", "n", *ATOMS, *CONSTANTS}
    if clash := sorted(taken & partials.keys()):
        raise ValueError(f"gate {name!r}: {clash[0]!r} has a meaning in formulas; rename the input")
    inputs = tuple(partials)
    rows = (rows,) if rows in inputs else tuple(rows)
    length = ("n",) if rows else ()
    row = Gate()
    try:
        row.formula = Formula(formula, (*inputs, *length), rows=rows)
        row.partials = tuple(
            Formula(partial, (*inputs, *length, "out")) for partial in partials.values()
        )
    except FormulaError as error:
        raise FormulaError(
            f"gate {name!r}: {error} (every input needs its partial as a keyword)"
        ) from None
    unused = [i for i in inputs if i not in row.formula.names]
    if unused:
        raise ValueError(
            f"gate {name!r}: a partial is given for {unused[0]!r}, "
            f"but {formula!r} does not use it; inputs and partials must correspond"
        )
    if rows != inputs[: len(rows)]:
        raise ValueError(f"gate {name!r}: rows {rows} must be its first inputs {inputs}")
    defaults = dict(defaults or {})
    if unknown := sorted(defaults.keys() - set(inputs)):
        raise ValueError(f"gate {name!r}: default for {unknown[0]!r}, which is not an input")
    if tuple(defaults) != inputs[len(inputs) - len(defaults) :] or defaults.keys() & set(rows):
        raise ValueError(
            f"gate {name!r}: only the last single inputs of {inputs} may have defaults"
        )
    row.name = name
    row.symbol = symbol or name
    row.inputs = inputs
    row.rows = rows
    row.defaults = {key: float(number) for key, number in defaults.items()}
    row.domain = domain
    row.decompose = decompose
    row.doc = doc or f"{name}: {formula}"
    row._fire = None
    GATES[name] = row
    return row


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
    domain="a > 0, or a = 0 with b >= 0, or a < 0 with a whole b",
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

_built_in = frozenset(GATES)
