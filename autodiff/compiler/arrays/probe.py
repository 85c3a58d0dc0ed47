"""What gates make of particular numbers: of those that stand where a box has no gate."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence

from ...formula.atoms import ATOMS
from ...formula.firing import DomainError
from ...formula.grammar import Formula
from ...gates import Gate
from ..ir import Number
from ..simplify import simplify
from .rolled import Fire


def neutral(gate: Gate) -> float | None:
    """A number that changes nothing when it is put into the gate's row; None if there is none."""
    if len(gate.rows) != 1:
        return None
    others = [0.5] * (len(gate.inputs) - 1)
    for number in (0.0, -math.inf):
        try:
            if gate([0.25, 1.5, number], *others).data == gate([0.25, 1.5], *others).data:
                return number
        except DomainError:
            pass
    return None


def surely(formula: Formula, known: dict[str, float], inputs: Sequence[str]) -> float | None:
    """The formula's value, if it does not depend on the inputs that are not known."""
    found = {
        value(formula, {name: known.get(name, other) for name in inputs})
        for other in (0.37, 2.9, 1e300, -0.37, -1e300)
    }
    return found.pop() if known and len(found) == 1 else None


def finite(formula: Formula, values: dict[str, float]) -> bool:
    """Is it a finite number there?"""
    number = value(formula, values)
    return number is not None and math.isfinite(number)


def value(formula: Formula, values: dict[str, float]) -> float | None:
    """The formula's value; None where it has none."""
    numbers = {name: f"({number!r})" for name, number in values.items()}
    try:
        names = {name: atom.python for name, atom in ATOMS.items()} | {"inf": math.inf}
        return float(eval(formula.python(**numbers), names | vars(math)))
    except (ArithmeticError, ValueError):
        return None


def local(step: Fire) -> tuple[dict[str, float], list[Formula]]:
    """The inputs that are numbers, and the local gradients of the others."""
    known = {k: e.value for k, e in step.inputs.items() if isinstance(e, Number)}
    gate = step.gate
    pairs = zip(gate.inputs, gate.partials, strict=True)
    return known, [simplify(partial, known) for name, partial in pairs if name not in known]


def risky(formula: Formula) -> bool:
    """Can it be infinite for plain numbers? It divides, raises to a power, or calls a function."""
    return any(
        isinstance(node, ast.Call | ast.Pow)
        or (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Div)
            and not isinstance(node.right, ast.Constant)
        )
        for node in ast.walk(formula.tree)
    )
