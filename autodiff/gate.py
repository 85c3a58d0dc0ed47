"""A gate: one row of the table, and how a row is registered.

The rows themselves are in `autodiff.gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .formula.atoms import ATOMS, CONSTANTS
from .formula.grammar import Formula, FormulaError

__all__ = ["BUILT_IN", "GATES", "Gate", "gate"]


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

    def each(self, shared: str) -> Callable[..., list[Any]]:
        """A function that fires once for every item of its inputs, all with the same row `shared`.

        >>> from autodiff import GATES, Row, Value
        >>> a, b, x = Row([Value(1.0)]), Row([Value(2.0)]), Row([Value(3.0)])
        >>> [node.data for node in GATES["dot"].each("b")([a, b], x)]
        [3.0, 6.0]
        """
        from .formula.firing import compile_gate

        return compile_gate(self, shared)

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
        from .formula.on_values import unfold

        return unfold(self, *inputs)


GATES: dict[str, Gate] = {}
BUILT_IN: set[str] = set()  # names that cannot be registered again


def _by_name(name: str) -> Gate:
    try:
        return GATES[name]
    except KeyError:
        raise LookupError(
            f"there is no gate {name!r} here; register it with autodiff.gate(...) before loading"
        ) from None


def _is_identifier(name: str) -> bool:
    """May a function have that name, as it is spelt? Python takes neither `class` nor `__debug__`,
    and reads ſ as s."""
    try:
        code = compile(f"def {name}(): 0", "", "exec") if name.isidentifier() else None
    except SyntaxError:
        return False
    return code is not None and code.co_names == (name,)


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
    if not _is_identifier(name):
        raise ValueError(f"gate {name!r}: the name must be a Python identifier")
    if name in BUILT_IN:
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
