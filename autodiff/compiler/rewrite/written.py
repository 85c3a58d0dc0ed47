"""What elementwise arrays hold, written out: arrays of equal text hold equal numbers."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ..arrays.rolled import Fire, Step
from ..ir import Apply, Array, Expr, Number, Ref, Reshape
from ..simplify import simplify

_LONGEST = 200  # signs of a text; longer ones are names of their own


class Written:
    """Writes expressions with the definitions of elementwise arrays put in.

    known  the arrays by what they hold
    """

    def __init__(self, steps: Iterable[Step]) -> None:
        self.names: dict[object, str] = {}
        self.texts: dict[Array, str] = {}
        self.known: dict[str, Array] = {}
        for step in steps:
            if isinstance(step, Fire) and step.layout == "each" and step.mask is None:
                numbers = {k: e.value for k, e in step.inputs.items() if isinstance(e, Number)}
                text = self.text(Apply(simplify(step.gate.formula, numbers), step.inputs))
                if len(text) < _LONGEST:
                    self.texts[step.out] = text
                    self.known.setdefault(text, step.out)

    def text(self, expr: Expr) -> str:
        """The expression written out; what is not elementwise is a name."""
        match expr:
            case Ref(array) if array in self.texts:
                return self.texts[array]
            case Ref(array):
                return self.name(array)
            case Number(value):
                return repr(value)
            case Reshape(array=inner, shape=shape):
                return self.name((self.text(inner), shape))
            case Apply(formula, arguments):
                texts = {k: f"({self.text(e)})" for k, e in arguments.items()}
                return ast.unparse(ast.parse(formula.python(**texts)))
        return self.name(expr)

    def name(self, thing: object) -> str:
        """The same for the same thing."""
        return self.names.setdefault(thing, f"a{len(self.names)}_")

    def array(self, expr: Expr) -> Array | None:
        """The array that holds what the expression computes, if there is one."""
        found = self.known.get(self.text(expr))
        return found if found is not None and found.shape == expr.shape else None
