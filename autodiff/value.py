"""Value: a node of a computational graph.

A node records its number, the gate that made it, its parents (the gate's inputs) and the local
gradients, all at the moment the gate fires. `backward()` walks the graph in reverse topological
order and multiplies: downstream gradient = upstream gradient × local gradient.
"""

from __future__ import annotations

import numbers
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, NoReturn, TypeAlias, cast

from .gates import GATES, Gate
from .graph import reset_gates
from .watch.hooks import BRANCHERS, WATCHERS, decided, made

if TYPE_CHECKING:
    from typing import SupportsFloat

__all__ = ["UNREACHED", "Call", "Constant", "Operand", "Row", "Value", "assign"]

# The gradient of a node that no backward pass has reached: equal to 0.0, but told from a
# computed zero by identity, so that a picture can show "no gradient yet" instead of a wrong 0.
UNREACHED: Final = float("0")

Operand: TypeAlias = "Value | float"
Unary: TypeAlias = "Callable[[Value], Value]"
Binary: TypeAlias = "Callable[[Value, Operand], Value]"


class _Fires(NamedTuple):
    """Stands in the class body for the function generated from a row of the table; that knows the
    class, so it takes its place when the class is complete. `2 - v` is `v.__rsub__(2)` to Python.
    """

    gate: str
    reverse: bool = False

    def function(self) -> Callable[..., Value]:
        gate = GATES[self.gate]
        fire = gate.fire

        def reversed_operator(self: Value, other: object) -> Value:
            first = operand(other, gate, "a", infix=True)
            return first if first is NotImplemented else fire(first, self)

        return reversed_operator if self.reverse else fire


_fires: Any = _Fires  # typed by what it becomes


def _leaves_the_graph(what: str, instead: str) -> Callable[..., NoReturn]:
    def refuse(self: Value, *_: object) -> NoReturn:
        raise TypeError(
            f"{what} of {self!r} would leave the graph, and no gradient would flow; {instead}"
        )

    return refuse


class Value:
    """A number that remembers how it was computed.

    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)

    data         the number (float); assigning to it later does not disturb graphs built before
    grad         droot/dself after `root.backward()`; leaves accumulate over several calls
    label        the name shown in pictures and messages
    gate         the row of the gate table that made it; None for a leaf
    parents      the gate's inputs in order, repeats included
    local_grads  ∂self/∂parent, one per parent
    call         the `nn` module call that returned it, if any (pictures fold along it)

    Raises TypeError for anything but a real number: strings, None, complex, lists, arrays.
    `==` and `hash` are identity; `<` and `>` compare data.
    """

    # One object per gate: inputs and local gradients of a gate with at most two inputs sit in
    # plain slots, since each further tuple is one more object for the cycle collector to visit.
    # A gate with more inputs keeps tuples in _a and _da, and MANY in _b. A leaf has _a = None.
    # Each slot fewer is 4 % of a step: hardly any node has both a label and a call.
    __slots__ = ("_a", "_b", "_da", "_db", "_mark", "data", "gate", "grad")

    data: float
    grad: float
    gate: Gate | None
    _a: Any
    _b: Any
    _da: Any
    _db: Any
    _mark: str | Call | tuple[str, Call]  # label, call, or both; empty until one is set

    def __init__(self, data: SupportsFloat, label: str = "") -> None:
        self.data = data if data.__class__ is float else as_float(data)
        self.grad = UNREACHED
        self.gate = self._a = self._b = None
        if label:
            self._mark = label
        if WATCHERS:
            made(self)

    @property
    def label(self) -> str:
        """The name shown in pictures and messages."""
        mark = getattr(self, "_mark", "")
        return mark[0] if mark.__class__ is tuple else "" if isinstance(mark, Call) else mark

    @label.setter
    def label(self, label: str) -> None:
        call = self.call
        self._mark = label if call is None else (label, call)

    @property
    def call(self) -> Call | None:
        """The `nn` module call that returned it, if any."""
        mark = getattr(self, "_mark", None)
        return mark[1] if mark.__class__ is tuple else mark if isinstance(mark, Call) else None

    @call.setter
    def call(self, call: Call | None) -> None:
        label = self.label
        self._mark = label if call is None else (label, call) if label else call

    # ── the graph ────────────────────────────────────────────────────────────────────────────

    @property
    def parents(self) -> tuple[Value, ...]:
        """The inputs of its gate, in order; `a * a` has `a` twice. A leaf has none."""
        if self._a is None:
            return ()
        if self._b is MANY:
            return cast("tuple[Value, ...]", self._a)
        return (self._a,) if self._b is None else (self._a, self._b)

    @property
    def local_grads(self) -> tuple[float, ...]:
        """∂self/∂parent for each of `parents`, computed when the gate fired."""
        if self._a is None:
            return ()
        if self._b is MANY:
            return cast("tuple[float, ...]", self._da)
        return (self._da,) if self._b is None else (self._da, self._db)

    @property
    def _prev(self) -> set[Value]:  # this and `_op` are micrograd's names, for its draw_dot
        return {*self.parents}

    @property
    def _op(self) -> str:
        return self.gate.symbol if self.gate else ""

    def detach(self) -> Value:
        """Its number as a leaf: no gradient flows back from there."""
        if BRANCHERS:
            decided(self)
        return Constant(self.data)

    def backward(self) -> None:
        """Compute dself/dnode for every node below, into `node.grad`.

        Leaves accumulate: a second call, or another loss, adds to what is there. Interior nodes
        start from 0 at each call, so nothing is counted twice. Zero times an infinite local
        gradient has no value: `x.relu().sqrt()` at x = -1 leaves NaN in x.grad, and a compiled
        program refuses it.

        >>> x = Value(3.0)
        >>> cube = x * x * x
        >>> cube.backward(); cube.backward()
        >>> x.grad
        54.0
        """
        if self._a is None:
            self.grad += 1.0
            return
        order = reset_gates(self)
        self.grad = 1.0
        for node in reversed(order):
            a = node._a
            upstream = node.grad
            b = node._b
            # += because a node that feeds several gates receives a gradient from each of them
            if b is None:
                a.grad += upstream * node._da
            elif b is not MANY:
                a.grad += upstream * node._da
                b.grad += upstream * node._db
            else:
                for parent, local in zip(a, node._da):  # noqa: B905 (strict= takes 0.2 µs)
                    parent.grad += upstream * local

    # ── gates: one line each; formulas and derivatives are in the table ──────────────────────

    # `x * y` runs this function, which formula/firing.py writes from the row of "mul"; print any
    # other with `print(inspect.getsource(Value.tanh))`.
    #
    #     def mul(a, b):
    #         '''Product: swaps its inputs.'''
    #         if a.__class__ is not Value:
    #             a = operand(a, mul_gate, "a")
    #         if b.__class__ is not Value:
    #             b = operand(b, mul_gate, "b")
    #             if b is NotImplemented:
    #                 return b
    #         node = new(Value)
    #         node._a = a
    #         node._b = b
    #         a = a.data
    #         b = b.data
    #         try:
    #             node.data = out = a * b
    #             node._da = b
    #             node._db = a
    #         except ArithmeticErrors as error:
    #             raise domain_error(error, mul_gate, node) from None
    #         node.grad = UNREACHED
    #         node.gate = mul_gate
    #         if WATCHERS:
    #             made(node)
    #         return node

    __add__: ClassVar[Binary] = _fires("add")
    __radd__: ClassVar[Binary] = _fires("add", reverse=True)
    __sub__: ClassVar[Binary] = _fires("sub")
    __rsub__: ClassVar[Binary] = _fires("sub", reverse=True)
    __mul__: ClassVar[Binary] = _fires("mul")
    __rmul__: ClassVar[Binary] = _fires("mul", reverse=True)
    __truediv__: ClassVar[Binary] = _fires("div")
    __rtruediv__: ClassVar[Binary] = _fires("div", reverse=True)
    __pow__: ClassVar[Binary] = _fires("pow")
    __rpow__: ClassVar[Binary] = _fires("pow", reverse=True)
    __neg__: ClassVar[Unary] = _fires("neg")
    __abs__: ClassVar[Unary] = _fires("abs")
    abs: ClassVar[Unary] = _fires("abs")
    reciprocal: ClassVar[Unary] = _fires("reciprocal")
    max: ClassVar[Binary] = _fires("max")
    min: ClassVar[Binary] = _fires("min")
    exp: ClassVar[Unary] = _fires("exp")
    log: ClassVar[Unary] = _fires("log")
    log1p: ClassVar[Unary] = _fires("log1p")
    sqrt: ClassVar[Unary] = _fires("sqrt")
    sin: ClassVar[Unary] = _fires("sin")
    cos: ClassVar[Unary] = _fires("cos")
    erf: ClassVar[Unary] = _fires("erf")
    tanh: ClassVar[Unary] = _fires("tanh")
    sigmoid: ClassVar[Unary] = _fires("sigmoid")
    relu: ClassVar[Unary] = _fires("relu")
    leaky_relu: ClassVar[Callable[..., Value]] = _fires("leaky_relu")
    gelu: ClassVar[Unary] = _fires("gelu")
    softplus: ClassVar[Callable[..., Value]] = _fires("softplus")

    def __pos__(self) -> Value:
        return self

    # ── comparisons look at the data; a compiled function must not depend on them ────────────

    def __lt__(self, other: Operand) -> bool:
        return self.data < _compared(self, other)

    def __le__(self, other: Operand) -> bool:
        return self.data <= _compared(self, other)

    def __gt__(self, other: Operand) -> bool:
        return self.data > _compared(self, other)

    def __ge__(self, other: Operand) -> bool:
        return self.data >= _compared(self, other)

    def __eq__(self, other: object) -> bool:
        if BRANCHERS and is_number(other):  # says "no", whatever the number is
            decided(self)
        return NotImplemented  # Python then compares identities

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if BRANCHERS:
            decided(self)
        return bool(self.data)

    # ── what would silently leave the graph says so ──────────────────────────────────────────

    __float__: ClassVar[Callable[..., float]] = _leaves_the_graph(
        "float()", "write v.data for the number, and v.exp() instead of math.exp(v)"
    )
    __int__: ClassVar[Callable[..., int]] = _leaves_the_graph("int()", "write int(v.data)")
    __complex__ = _leaves_the_graph("complex()", "write complex(v.data)")
    __round__ = _leaves_the_graph("round()", "write round(v.data, digits)")
    __trunc__ = _leaves_the_graph("trunc()", "write math.trunc(v.data)")
    __floor__ = _leaves_the_graph("floor()", "write math.floor(v.data)")
    __ceil__ = _leaves_the_graph("ceil()", "write math.ceil(v.data)")
    __floordiv__ = __rfloordiv__ = _leaves_the_graph("//", "write v.data // w, or v / w")
    __mod__ = __rmod__ = _leaves_the_graph("%", "write v.data % w")
    __divmod__ = __rdivmod__ = _leaves_the_graph("divmod()", "write divmod(v.data, w)")

    # ── copies, without recursion ────────────────────────────────────────────────────────────

    def __reduce__(self) -> tuple[Any, ...]:
        from .copying import reduce

        return reduce(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        from .copying import deepcopy

        return deepcopy(self, memo)

    # ── showing itself ───────────────────────────────────────────────────────────────────────

    def __repr__(self) -> str:
        parts = [repr(self.data)]
        if self.gate is not None:
            parts.append(f"gate={self.gate.name}")
        if self.grad is not UNREACHED:
            parts.append(f"grad={self.grad!r}")
        if self.label:
            parts.append(f"label={self.label!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else str(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """In a notebook: its diagram if that is small, else its text."""
        from viz.notebook import mimebundle

        return mimebundle(self)

    def _mime_(self) -> tuple[str, str]:
        """In marimo: the same, in one form, which shows inside a list too."""
        shown = self._repr_mimebundle_()
        svg = shown.get("image/svg+xml")
        return ("text/html", svg) if svg else ("text/plain", shown["text/plain"])

    def describe(self) -> str:
        """Its number, with its label if it has one: for messages."""
        return f"{self.data!r} (label {self.label!r})" if self.label else repr(self.data)


class Call(NamedTuple):
    """One call of an `nn` module, left on every node that the call returned.

    module  the module that was called
    inputs  the nodes that it was given, flattened
    inner   the call inside this one that returned the very same node (an MLP returns what its
            last layer returned), or None

    A picture finds what belongs to the call by walking up from the nodes it returned until it
    meets `inputs`.
    """

    module: Any
    inputs: tuple[Value, ...]
    inner: Call | None


class Constant(Value):
    """A number that met a Value: the 2 in `2 * v`. A leaf; pictures show just its number."""

    __slots__ = ()


# ── from Python numbers to nodes ─────────────────────────────────────────────────────────────

_ADVICE = "a Value holds one real number; for a list or an array make one Value per element"


def assign(values: Sequence[Value], numbers: Sequence[float]) -> None:
    """Give each Value its number, in one step: Ctrl-C comes before it or after it."""
    assert len(values) == len(numbers)
    deque(map(setattr, values, repeat("data"), numbers), maxlen=0)


def is_number(x: object) -> bool:
    """Is it a real number of any kind? NumPy registers all of its own but the truth values."""
    return isinstance(x, numbers.Real) or (
        "numpy" in sys.modules and isinstance(x, sys.modules["numpy"].bool_)
    )


def as_float(data: Any) -> float:
    """A real number of any kind (NumPy scalars included) as a float, or a TypeError."""
    if is_number(data):
        try:
            return float(data)
        except OverflowError:
            kind = type(data).__name__
            raise ValueError(f"this {kind} is too large: it does not fit into a float64") from None
    if isinstance(data, Value):
        raise TypeError(f"{data!r} is a Value already; use it as it is, or its .data")
    raise TypeError(f"cannot make a Value of {data!r} ({type(data).__name__}); {_ADVICE}")


def operand(x: Any, gate: Gate, name: str, infix: bool = False) -> Any:
    """`x` as a node: a Value as it is, a number as a `Constant`.

    For an operator an array is left to the array (NotImplemented), so that `v * array_of_values`
    works element by element.
    """
    if isinstance(x, Value):
        return x
    if x.__class__ is float or is_number(x):
        return Constant(x)
    second = gate.formula.infix and name != gate.inputs[0]
    if (infix or second) and hasattr(type(x), "__array_ufunc__"):
        return NotImplemented
    raise TypeError(
        f"{gate.name}: input {name} is {x!r} ({type(x).__name__}), but a gate takes Values and "
        f"real numbers; {_ADVICE}"
    )


class Row(tuple["Value", ...]):
    """A row of Values that has been checked once; gates over rows take it as it is.

    >>> Row([Value(1.0), 2])
    (Value(1.0), Constant(2.0))
    """

    __slots__ = ()

    def __new__(cls, xs: Iterable[Operand]) -> Row:
        """Numbers become constants; anything else is refused."""
        row = tuple(xs)
        if {*map(type, row)} != {Value}:
            if not row:
                raise ValueError("a Row needs at least one Value")
            row = tuple([x if isinstance(x, Value) else Constant(x) for x in row])
        return tuple.__new__(cls, row)


def as_row(xs: object, gate: Gate, name: str) -> Row:
    """A list (or other iterable) of Values and numbers as a `Row`; refuses anything else."""
    if not isinstance(xs, list | tuple):
        if isinstance(xs, Value | str | bytes) or not isinstance(xs, Iterable):
            raise TypeError(f"{gate.name}: {name} must be a row (a list of Values), got {xs!r}")
        xs = list(xs)
    if not xs:
        raise ValueError(f"{gate.name}: the row {name} is empty; it needs at least one Value")
    return Row([x if x.__class__ is Value else operand(x, gate, name) for x in xs])


def unequal_rows(gate: Gate, rows: Iterable[tuple[Value, ...]]) -> ValueError:
    lengths = ", ".join(
        f"{name} has {len(row)} elements" for name, row in zip(gate.rows, rows, strict=True)
    )
    return ValueError(f"{gate.name}: rows of different lengths: {lengths}")


def _compared(self: Value, other: Operand) -> float:
    """The number to compare with; tells whoever asked that the program branches here."""
    if isinstance(other, Value):
        if BRANCHERS:
            decided(self, other)
        return other.data
    if BRANCHERS:
        decided(self)
    return as_float(other)


class _Many:
    """Marks a node whose inputs and local gradients are kept in tuples."""

    def __reduce__(self) -> str:
        return "MANY"


MANY: Final = _Many()

for _name, _method in list(vars(Value).items()):
    if isinstance(_method, _Fires):
        setattr(Value, _name, _method.function())
