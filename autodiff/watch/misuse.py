"""Mistakes that raise no error: noticed where they matter, said in one warning with the remedy.

The engine itself checks nothing on its way, for speed. `detect_anomaly` looks for them in a
backward pass; the optimisers of `nn` use `check_gradients` and `spend` at their first step.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from typing import Any

from ..formula.firing import DomainError
from ..graph import topological_order
from ..value import UNREACHED, Constant, Value
from .caller import is_engine, warn_at

__all__ = ["MisuseWarning", "check_gradients", "mutated", "spend", "stale"]

READ_TOO_EARLY = (
    "the gradient of {what} was read, but no backward pass has reached it: the 0.0 is not a "
    "computed one; call loss.backward() first, on a loss that depends on it"
)
NOT_ZEROED = (
    "backward() adds to the gradients of an earlier step: {what} was updated and its gradient "
    "not reset since; call optimiser.zero_grad() (or model.zero_grad()) before each backward()"
)
MUTATED = (
    "the data changed after the forward pass: {what}; backward() differentiates the graph as it "
    "was computed, so build it again after assigning to .data"
)
UNREACHED_PARAMETERS = (
    "no gradient reaches {what}: the loss does not depend on {them}, so training leaves {them} "
    "as {they}; use {them} in the forward pass, or do not hand {them} to the optimiser"
)


class MisuseWarning(UserWarning):
    """The program runs, but hardly does what was meant."""


def name(node: Value) -> str:
    """A node in words: its label, or its gate, with its number."""
    kind = "a leaf" if node.gate is None else f"a {node.gate.name} gate"
    return f"{node.label!r} = {node.data!r}" if node.label else f"{kind} = {node.data!r}"


# ── data assigned to after the forward pass ──────────────────────────────────────────────────


def mutated(root: Value) -> list[tuple[Value, float]]:
    """The nodes below `root` whose gate would give another number now, each with that number.

    They are there if `.data` was assigned to after the graph was built. Every gate fires once
    more on what its parents hold now; NaN is what the gate would refuse.

    >>> x = Value(2.0, label="x")
    >>> y = x * x + 1
    >>> mutated(y)
    []
    >>> x.data = 3.0
    >>> [(node.gate.name, node.data, now) for node, now in mutated(y)]
    [('mul', 4.0, 9.0)]
    """
    found = []
    for node in topological_order(root):
        if node.gate is not None:
            now = _again(node)
            if now != node.data and not (math.isnan(now) and math.isnan(node.data)):
                found.append((node, now))
    return found


def _again(node: Value) -> float:
    assert node.gate is not None
    inputs = node.gate.split([Constant(parent.data) for parent in node.parents])
    try:
        return float(node.gate(*inputs.values()).data)
    except DomainError:
        return math.nan


def stale(root: Value) -> str:
    """What a reader of the numbers below `root` must know if data changed since they were made.

    >>> x = Value(2.0, label="x")
    >>> y = x * x
    >>> stale(y)
    ''
    >>> x.data = 3.0
    >>> stale(y)  # doctest: +NORMALIZE_WHITESPACE
    "values are older than their inputs: a mul was 4.0 then and would be 9.0 now (assigned
    to: 'x' = 3.0)"
    """
    changed = mutated(root)
    older = "values are older than their inputs: "
    return older + describe_mutation(root, *changed[0]) if changed else ""


def describe_mutation(root: Value, node: Value, now: float) -> str:
    """What `mutated` found, in words: the leaf that was assigned to, as far as it can be told.

    Where a local gradient is an input as it stands, as those of a product are, it remembers what
    the input was.
    """
    changed: set[Value] = set()
    kept: set[Value] = set()
    for reader in topological_order(root):
        gate, parents = reader.gate, reader.parents
        inputs = gate.split(parents) if gate else {}
        for i, local in enumerate(reader.local_grads if gate else ()):
            partial, index = gate.partial_at(i, len(parents))  # type: ignore[union-attr]
            if partial.text in inputs:
                read = inputs[partial.text] if index is None else inputs[partial.text][index]
                (kept if read.data == local else changed).add(read)
    leaves = [p for p in dict.fromkeys(node.parents) if p.gate is None and type(p) is Value]
    known = [leaf for leaf in leaves if leaf in changed]
    leaves = known or [leaf for leaf in leaves if leaf not in kept] or leaves
    blamed = " or ".join(name(leaf) for leaf in leaves[:3]) or "one of its inputs or the node"
    result = node.label or f"a {node.gate}"
    return f"{result} was {node.data!r} then and would be {now!r} now (assigned to: {blamed})"


# ── gradients that are not there, or still there ─────────────────────────────────────────────


def check_gradients(parameters: Iterable[Value]) -> None:
    """Warn if a step is about to be taken with parameters that no gradient has reached.

    >>> import warnings
    >>> w, b = Value(1.0, label="w"), Value(0.0, label="b")
    >>> (w * 2).backward()
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     check_gradients([w, b])
    >>> print(said[0].message)  # doctest: +NORMALIZE_WHITESPACE
    no gradient reaches 'b' = 0.0: the loss does not depend on it, so training leaves it as it is;
    use it in the forward pass, or do not hand it to the optimiser
    """
    parameters = list(parameters)
    unreached = [p for p in parameters if p.grad is UNREACHED]
    if not unreached:
        return
    shown = [name(p) for p in unreached[:3]]
    if len(unreached) > 3:
        shown.append(f"{len(unreached) - 3} more of {len(parameters)} parameters")
    one = len(unreached) == 1
    them, they = ("it", "it is") if one else ("them", "they are")
    what = " and ".join(shown) if len(shown) < 3 else ", ".join(shown[:-1]) + " and " + shown[-1]
    warn_at(UNREACHED_PARAMETERS.format(what=what, them=them, they=they), MisuseWarning)


class Spent(float):
    """A gradient that an optimiser has used already.

    It is the same number, but when a backward pass adds to it, zero_grad() was forgotten. The
    engine need not know: it adds floats, and this float warns while being added to.
    """

    __slots__ = ()

    def __add__(self, other: Any) -> float:
        if is_engine(sys._getframe(1).f_code.co_filename) and float(self) != 0.0:
            warn_at(NOT_ZEROED.format(what="a parameter"), MisuseWarning)
        return float(self) + float(other)


def spend(parameters: Iterable[Value]) -> None:
    """Mark the gradients as used: if the next backward pass adds to them, it warns.

    >>> import warnings
    >>> w = Value(3.0)
    >>> (w * w).backward(); w.data -= 0.1 * w.grad; spend([w])
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     (w * w).backward()
    >>> "zero_grad" in str(said[0].message)
    True
    """
    for p in parameters:
        if p.grad is not UNREACHED:
            p.grad = Spent(p.grad)
