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
    node.gate = mul_gate
    if WATCHERS:
        made(node)
    return node
<BLANKLINE>
"""

from __future__ import annotations

import linecache
import math
import operator
import textwrap
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..gate import Gate
from ..watch.hooks import WATCHERS, made
from .atoms import ATOMS, CONSTANTS, power
from .grammar import Formula

if TYPE_CHECKING:
    from ..value import Value

__all__ = ["DomainError", "compile_gate"]


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
    why = "too large for a float64" if isinstance(error, OverflowError) else error
    message = f"{gate.name}: {gate.formula.text} has no value at {operands}{needs} ({why})"
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
_WORDS |= {"nodes", "numbers", "shared"}


# ── writing the function ─────────────────────────────────────────────────────────────────────

_FUNCTION = """\
def {name}({parameters}):
    {doc}
{body}
"""
_FIRE = """\
{checks}
node = new(Value)
node._a = {a}
node._b = {b}
{read}
try:
    node.data = out = {value}
{local_grads}
except ArithmeticErrors as error:
    raise domain_error(error, {gate}, node) from None
node.grad = UNREACHED
node.gate = {gate}
if WATCHERS:
    made(node)
return node"""
_EACH = """\
{checks}
shared = {shared}
numbers = [v.data for v in shared]
nodes = []
for {others}, in zip({others}, strict=True):
    {shared} = shared
{fire}
return nodes"""
_POWER = {"**": "power"}  # a local gradient may be infinite where the gate has a value


def source(gate: Gate, shared: str = "") -> str:
    """The text of the function that fires `gate`; or, with the name of a row in `shared`, of the
    one that fires it for each item of its other inputs and reads that row once.

    At most two inputs and their local gradients go into plain slots of the node; more, or rows,
    into one tuple of all parents and one of all local gradients.
    """
    known = f"{gate.name}_gate"
    end = "_" * max(map(len, gate.inputs))  # for a name that the text means something else by
    names = {name: name + end * (name in _WORDS or name == known) for name in gate.inputs}
    rows, singles = (
        [names[i] for i in gate.inputs if (i in gate.rows) is row] for row in (True, False)
    )
    others = [name for name in gate.inputs if name != shared]
    checks = [line for name in others for line in _check(gate, name, names[name])]
    for row in rows[1:]:
        checks += [
            f"if len({row}) != len({rows[0]}):",
            f"    raise unequal_rows({known}, ({', '.join(rows)}))",
        ]
    numbers = {names[shared]: "numbers"} if shared else {}
    read = [f"{row} = {numbers.get(row, f'[v.data for v in {row}]')}" for row in rows]
    read += [f"{single} = {single}.data" for single in singles]
    if any("n" in formula.names for formula in (gate.formula, *gate.partials)):
        read.insert(0, f"n = len({rows[0]})")
    if rows or len(singles) > 2:
        # + is twice as fast as * here, and makes a plain tuple of a row
        a, b = " + ".join([*rows, f"({', '.join(singles)},)" if singles else "()"]), "MANY"
        each = [_each(partial, gate, names) for partial in gate.partials[: len(rows)]]
        each += [partial.python(**names, **_POWER) for partial in gate.partials[len(rows) :]]
        local_grads = [f"node._da = ({', '.join(each)},)"]
    else:
        a, b = (*singles, "None")[:2]
        local_grads = [
            f"node._d{slot} = {partial.python(**names, **_POWER)}"
            for slot, partial in zip("ab", gate.partials, strict=False)
        ]
    body = _FIRE.format(
        checks="\n".join(checks),
        a=a,
        b=b,
        read="\n".join(read),
        value=gate.formula.python(**names),
        local_grads=textwrap.indent("\n".join(local_grads), " " * 4),
        gate=known,
    )
    if shared:
        body = _EACH.format(
            checks="\n".join(_check(gate, shared, names[shared])),
            shared=names[shared],
            others=", ".join(names[name] for name in others),
            fire=textwrap.indent(body.replace("return node", "nodes.append(node)"), " " * 4),
        )
    return _FUNCTION.format(
        name=gate.name,
        parameters=", ".join(
            f"{names[i]}={gate.defaults[i]!r}" if i in gate.defaults else names[i]
            for i in gate.inputs
        ),
        doc=repr(gate.doc) if set(gate.doc) & set("'\\") else f"'''{gate.doc}'''",
        body=textwrap.indent(body, " " * 4),
    )


def _check(gate: Gate, name: str, variable: str) -> Iterator[str]:
    """An input that is no node (or no row of them) becomes one, or is refused."""
    kind, make = ("Row", "as_row") if name in gate.rows else ("Value", "operand")
    yield f"if {variable}.__class__ is not {kind}:"
    yield f'    {variable} = {make}({variable}, {gate.name}_gate, "{name}")'
    if gate.formula.infix and name != gate.inputs[0]:  # let an array of Values take over
        yield f"    if {variable} is NotImplemented:"
        yield f"        return {variable}"


def _each(partial: Formula, gate: Gate, names: dict[str, str]) -> str:
    """A partial's values, one per element of the rows."""
    used = [names[name] for name in gate.rows if name in partial.names]
    text = partial.python(**names, **_POWER)
    if not used:
        return f"*[{text}] * len({names[gate.rows[0]]})"
    if text in used:
        return f"*{text}"
    over = f"zip({', '.join(used)}, strict=True)" if len(used) > 1 else used[0]
    return f"*[{text} for {', '.join(used)} in {over}]"


def compile_gate(gate: Gate, shared: str = "") -> Callable[..., Any]:
    """Compile `source(gate)`; the function's globals are the atoms and the names above."""
    from .. import value

    text = source(gate, shared)
    filename = f"<autodiff gate {gate.name}{f' for each {shared}' if shared else ''}>"
    names = {
        **_NUMBERS,
        **{name: getattr(value, name) for name in _OF_VALUES},
        f"{gate.name}_gate": gate,  # this row, also when the name is registered again
    }
    defined: dict[str, Any] = {}
    exec(compile(text, filename, "exec"), names, defined)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    fire: Callable[..., Any] = defined[gate.name]
    fire.__module__ = __name__
    return fire
