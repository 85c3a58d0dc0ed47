"""The eager engine: from a row of the gate table to the Python function that fires the gate.

For every gate a function is written out as source text: it computes the value and, at the same
moment, all local gradients, and records both in a new node. The text is registered with
`linecache`, so it can be read:

>>> import inspect
>>> from autodiff import GATES
>>> print(inspect.getsource(GATES["mul"].fire))  # doctest: +NORMALIZE_WHITESPACE
def mul(a, b):
    '''Product: swaps its inputs.'''
    if a.__class__ is not Value:
        a = operand(a, mul_gate, "a")
    if b.__class__ is not Value:
        b = operand(b, mul_gate, "b")
        if b is NotImplemented:
            return b
    node = new(Value)
    node._a = a
    node._b = b
    a = a.data
    b = b.data
    try:
        node.data = out = a * b
        node._da = b
        node._db = a
    except ArithmeticErrors as error:
        raise domain_error(error, mul_gate, node) from None
    node.grad = UNREACHED
    node.label = ""
    node.gate = mul_gate
    node.call = None
    if WATCHERS:
        made(node)
    return node
<BLANKLINE>
"""

from __future__ import annotations

import copy
import functools
import linecache
import math
import operator
import re
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

from ..gates import GATES, Gate
from ..watch.hooks import WATCHERS, made
from .atoms import ATOMS, CONSTANTS, power
from .grammar import Formula

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["DomainError", "compile_gate", "unfold"]


class DomainError(ValueError, ArithmeticError):
    """A gate was asked for a value where it has none: log(0), 1/0, (-8) ** (1/3), exp(1000).

    It is a ValueError, and a ZeroDivisionError or OverflowError besides where Python's own
    arithmetic would raise that.
    """


class _DivisionByZero(DomainError, ZeroDivisionError):
    pass


class _Overflow(DomainError, OverflowError):
    pass


def domain_error(error: ArithmeticError | ValueError, gate: Gate, node: Value) -> DomainError:
    """Say which gate could not fire, with the values and labels of its operands."""
    named = gate.split(node.parents)
    operands = ", ".join(f"{name} = {_describe(parents)}" for name, parents in named.items())
    needs = f"; it needs {gate.domain}" if gate.domain else ""
    message = f"{gate.name}: {gate.formula.text} has no value at {operands}{needs} ({error})"
    for kind, named_kind in ((ZeroDivisionError, _DivisionByZero), (OverflowError, _Overflow)):
        if isinstance(error, kind):
            return named_kind(message)
    return DomainError(message)


def _describe(parents: Value | tuple[Value, ...]) -> str:
    if not isinstance(parents, tuple):
        return parents.describe()
    shown = ", ".join(parent.describe() for parent in parents[:8])
    return f"[{shown}, ...]" if len(parents) > 8 else f"[{shown}]"


# ── the names that generated code may use, besides those of value.py ─────────────────────────

_NUMBERS: dict[str, Any] = {
    **{name: atom.python for name, atom in ATOMS.items()},
    **CONSTANTS,
    "pow": math.pow,
    "power": power,
    "mul": operator.mul,
    "new": object.__new__,
    "ArithmeticErrors": (ArithmeticError, ValueError),
    "domain_error": domain_error,
    "WATCHERS": WATCHERS,
    "made": made,
}
_OF_VALUES = ("MANY", "UNREACHED", "Row", "Value", "as_row", "operand", "unequal_rows")
_WORDS = {*_NUMBERS, *_OF_VALUES, "NotImplemented", "error", "len", "map", "node", "v", "zip"}


# ── writing the function ─────────────────────────────────────────────────────────────────────

_END = """\
    node.grad = UNREACHED
    node.label = ""
    node.gate = {gate}
    node.call = None
    if WATCHERS:
        made(node)
    return node
"""
_TRY = """\
    try:
{body}
    except ArithmeticErrors as error:
        raise domain_error(error, {gate}, node) from None
"""


def source(gate: Gate) -> str:
    """The text of the function that fires `gate`."""
    parameters = ", ".join(
        f"{name}={gate.defaults[name]!r}" if name in gate.defaults else name for name in gate.inputs
    )
    doc = repr(gate.doc) if set(gate.doc) & set("'\\") else f"'''{gate.doc}'''"
    head = f"def {gate.name}({parameters}):\n    {doc}\n"
    if gate.rows:
        body = _rows_body(gate)
    elif len(gate.inputs) > 2:
        body = _check(gate, gate.inputs) + _many_body(gate)
    else:
        body = _check(gate, gate.inputs) + _slots_body(gate)
    return head + body + _END.format(gate=f"{gate.name}_gate")


def _try(gate: Gate, body: list[str]) -> str:
    """Value and local gradients; what Python's arithmetic refuses becomes a `DomainError`."""
    return _TRY.format(body="\n".join(f"        {line}" for line in body), gate=f"{gate.name}_gate")


def _check(gate: Gate, names: tuple[str, ...]) -> str:
    lines = []
    for position, name in enumerate(names):
        lines += [
            f"    if {name}.__class__ is not Value:",
            f'        {name} = operand({name}, {gate.name}_gate, "{name}")',
        ]
        if gate.formula.infix and position:  # let an array of Values take over
            lines += [f"        if {name} is NotImplemented:", f"            return {name}"]
    return "\n".join(lines) + "\n"


def _slots_body(gate: Gate) -> str:
    """At most two inputs: they and their local gradients go into plain slots."""
    pairs = list(zip(("a", "b"), gate.inputs, gate.partials, strict=False))
    before = [f"    node._{slot} = {name}" for slot, name, _ in pairs]
    if len(pairs) == 1:
        before.append("    node._b = None")
    before += [f"    {name} = {name}.data" for name in gate.inputs]
    body = [f"node.data = out = {gate.formula.python()}"]
    body += [f"node._d{slot} = {_local(partial)}" for slot, _, partial in pairs]
    return "    node = new(Value)\n" + "\n".join(before) + "\n" + _try(gate, body)


def _many_body(gate: Gate) -> str:
    """Three inputs or more: tuples."""
    before = [f"    node._a = ({', '.join(gate.inputs)})", "    node._b = MANY"]
    before += [f"    {name} = {name}.data" for name in gate.inputs]
    partials = ", ".join(_local(partial) for partial in gate.partials)
    body = [
        f"node.data = out = {gate.formula.python()}",
        f"node._da = ({partials})",
    ]
    return "    node = new(Value)\n" + "\n".join(before) + "\n" + _try(gate, body)


def _rows_body(gate: Gate) -> str:
    """Rows of Values, then single Values: one tuple of all parents, one of all local gradients."""
    rows, singles = gate.rows, gate.inputs[len(gate.rows) :]
    known = f"{gate.name}_gate"
    lines = []
    for name in rows:
        lines += [
            f"    if {name}.__class__ is not Row:",
            f'        {name} = as_row({name}, {known}, "{name}")',
        ]
    for name in rows[1:]:
        lines += [
            f"    if len({name}) != len({rows[0]}):",
            f"        raise unequal_rows({known}, ({', '.join(rows)}))",
        ]
    parents = ", ".join([*(f"*{name}" for name in rows), *singles])
    lines += [
        "    node = new(Value)",
        f"    node._a = ({parents},)",
        "    node._b = MANY",
    ]
    if any("n" in formula.names for formula in (gate.formula, *gate.partials)):
        lines.append(f"    n = len({rows[0]})")
    lines += [f"    {name} = [v.data for v in {name}]" for name in rows]
    lines += [f"    {name} = {name}.data" for name in singles]
    partials = [
        f"*{_each(partial, gate)}" if name in rows else _local(partial)
        for name, partial in zip(gate.inputs, gate.partials, strict=True)
    ]
    body = [
        f"node.data = out = {gate.formula.python()}",
        f"node._da = ({', '.join(partials)},)",
    ]
    checks = _check(gate, singles) if singles else ""
    return checks + "\n".join(lines) + "\n" + _try(gate, body)


def _local(partial: Formula) -> str:
    """A local gradient: infinite where it overflows, since the gate has a value all the same."""
    return partial.python(pow="power")


def _each(partial: Formula, gate: Gate) -> str:
    """The list of a partial's values, one per element of the rows."""
    used = [name for name in gate.rows if name in partial.names]
    text = _local(partial)
    if not used:
        return f"[{text}] * len({gate.rows[0]})"
    if text in gate.rows:
        return text
    elements = ", ".join(used)
    over = f"zip({elements}, strict=True)" if len(used) > 1 else used[0]
    return f"[{text} for {elements} in {over}]"


def compile_gate(gate: Gate) -> Callable[..., Value]:
    """Compile `source(gate)`; the function's globals are the atoms and the names above."""
    from .. import value

    text = source(_without_clashes(gate))
    filename = f"<autodiff gate {gate.name}>"
    names = {
        **_NUMBERS,
        **{name: getattr(value, name) for name in _OF_VALUES},
        f"{gate.name}_gate": gate,  # this row, also when the name is registered again
    }
    defined: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), names, defined)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    fire: Callable[..., Value] = defined[gate.name]
    fire.__module__ = __name__
    return fire


def _without_clashes(gate: Gate) -> Gate:
    """The row, its inputs renamed where the generated code means something else by their name."""
    clashes = ({*_WORDS, f"{gate.name}_gate"}) & set(gate.inputs)
    if not clashes:
        return gate
    end = "_" * max(map(len, gate.inputs))

    def renamed(text: str) -> str:
        return re.sub(r"\w+", lambda m: m[0] + end if m[0] in clashes else m[0], text)

    def rewritten(formula: Formula) -> Formula:
        return Formula(
            renamed(formula.text), map(renamed, formula.inputs), map(renamed, formula.rows)
        )

    row = copy.copy(gate)
    row.inputs = tuple(map(renamed, gate.inputs))
    row.rows = tuple(map(renamed, gate.rows))
    row.defaults = {renamed(name): number for name, number in gate.defaults.items()}
    row.formula = rewritten(gate.formula)
    row.partials = tuple(map(rewritten, gate.partials))
    return row


# ── the same formulas on Values ──────────────────────────────────────────────────────────────


class _Names(dict[str, Any]):
    """Names for a formula evaluated on Values: its inputs, then every gate and every atom."""

    def __missing__(self, name: str) -> Any:
        if name == "_number":
            return lambda x: getattr(x, "data", x)
        if name in CONSTANTS:
            return CONSTANTS[name]
        return functools.partial(_apply, name)


def _apply(name: str, *inputs: Any) -> Any:
    """Fire the gate called `name`; where all it gets are plain numbers, just compute."""
    from ..value import Value

    atom = ATOMS.get(name)
    if atom is not None:
        if atom.predicate:
            return atom.python(*(x.data if isinstance(x, Value) else x for x in inputs))
        if not any(isinstance(x, Value | list | tuple) for x in inputs):
            return atom.python(*inputs)
    return GATES[name](*inputs)


@functools.cache
def _code(text: str, what: str) -> CodeType:
    return compile(text, f"<autodiff {what}>", "eval")


def partial_on_values(gate: Gate, position: int, inputs: tuple[Any, ...], out: Value) -> Any:
    """∂out/∂inputs[position] as a graph of Values (or a plain number).

    For a gate over rows `inputs` are all parents, row after row, as `Value.parents` has them.
    """
    local, index = gate.partial_at(position, len(inputs))
    names = gate.split(inputs)
    if index is not None:  # inside a row a name means one element
        names = {k: v[index] if k in gate.rows else v for k, v in names.items()}
        names["n"] = len(inputs) // len(gate.rows)
    if local.number is not None:
        return local.number
    code = _code(local.on_values(), f"partial of {gate.name}")
    return eval(code, {"__builtins__": {}}, _Names(names, out=out))


def unfold(gate: Gate, *inputs: Any) -> Value:
    """Rebuild a coarse gate from finer ones.

    >>> from autodiff import GATES, Value
    >>> fine = GATES["sigmoid"].unfold(Value(1.0))
    >>> fine.gate, fine.data
    (<gate reciprocal: 1 / a; ∂/∂a = -(out**2)>, 0.7310585786300049)
    """
    if gate.decompose is None:
        raise ValueError(f"{gate.name} is a primitive gate: there is nothing finer to unfold it to")
    if callable(gate.decompose):
        unfolded: Value = gate.decompose(*inputs)
        return unfolded
    names = {**gate.defaults, **dict(zip(gate.inputs, inputs, strict=False))}
    if len(inputs) > len(gate.inputs) or len(names) < len(gate.inputs):
        raise TypeError(f"{gate.name}: got {len(inputs)} inputs for {', '.join(gate.inputs)}")
    code = _code(gate.decompose, f"decomposition of {gate.name}")
    result: Value = eval(code, {"__builtins__": {}}, _Names(names))
    return result
