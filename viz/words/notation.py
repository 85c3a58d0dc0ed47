"""The notation, in plain text and in LaTeX.

df/dv is the total derivative of the root f by a node v: the adjoint of v, which `v.grad` holds.
∂q/∂v is the local derivative of one gate q by one of its inputs, the others held fixed. The chain
rule makes the first of the second: df/dx = df/dq · ∂q/∂x, summed over the gates that use x.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from autodiff import Constant, Value
from autodiff.formula.writers import written

from ..fold.cells import slots
from ..languages.translate import translate
from .names import Naming
from .numbers import number
from .rules import Edge, Rule, evaluate, forward, local
from .symbols import latex_symbol, latex_words, typeset

__all__ = ["LaTeX", "Line", "Text"]

FACTORS = 8  # factors of a product that are written out


class Line(NamedTuple):
    """``left = steps[0] = steps[1] ...``: a rule with symbols, with numbers, and the result.

    end   what is said behind it: why this case applies, or that there is no value
    """

    left: str
    steps: list[str]
    end: str = ""


def _cut(digits: int, x: float) -> float:
    return float(f"{x:.{digits}g}")


class Text:
    """Names, numbers and rules of the graph with the nodes `order`, for a terminal."""

    language: ClassVar[str] = "blackboard"
    equals: ClassVar[str] = " = "
    times: ClassVar[str] = " · "
    dots: ClassVar[str] = "…"

    def __init__(
        self, order: Sequence[Value], variables: Mapping[int, str] | None = None, digits: int = 4
    ) -> None:
        self.digits = digits
        naming = Naming(order, variables)
        bare = {v for v in order if isinstance(v, Constant) and not naming.given[v]}
        named = {v: naming(v) for v in order if v not in bare}
        written = self.symbols(named.values())
        self.names = {v: self.number(v.data) if v in bare else written[named[v]] for v in order}

    def symbols(self, names: Iterable[str]) -> dict[str, str]:
        """How names are written."""
        return typeset(names)

    def number(self, x: float, digits: int = 0) -> str:
        """A number as it is written."""
        return number(x, digits or self.digits)

    def factor(self, x: float, digits: int = 0) -> str:
        """A number behind an operator."""
        text = self.number(x, digits)
        return f"({text})" if text.startswith("−") else text

    def total(self, root: Value, v: Value) -> str:
        """df/dv."""
        return f"d{self.names[root]}/d{self.names[v]}"

    def local(self, edge: Edge) -> str:
        """∂q/∂x; where a gate uses x twice, the input is added: ∂q/∂x|a."""
        return f"∂{self.names[edge.head]}/∂{self.names[edge.tail]}{self.slot(edge, '|{}')}"

    def since(self, why: str) -> str:
        """Behind a rule: why this case applies."""
        return translate(f", since {why}")

    def nothing(self, said: bool) -> str:
        """In the place of a number, behind what is `said` before it: that there is none."""
        return translate(", which has no value (NaN)" if said else " has no value (NaN)")

    def more(self, what: str) -> str:
        """In the place of what is not written out."""
        return f"… ({what})"

    def slot(self, edge: Edge, template: str) -> str:
        """Which of its inputs is meant, where a gate uses a node twice."""
        gate, parents = edge.head.gate, edge.head.parents
        if gate is None or sum(parent is edge.tail for parent in parents) < 2:
            return ""
        return template.format(slots(gate, len(parents))[edge.position])

    def addition(self, a: float, b: float) -> Line:
        """``2 + (−3) = −1``, with the digits that the result needs."""
        digits = self.enough(a + b, lambda cut: cut(a) + cut(b)) or 17
        return self.line(f"{self.number(a, digits)} + {self.factor(b, digits)}", [], a + b)

    def key(self, edges: Iterable[Edge]) -> str:
        """What ∂q/∂x|a means, if one of these is written so."""
        used = dict.fromkeys(filter(None, (self.slot(edge, "|{}") for edge in edges)))
        return translate(f"{', '.join(used)}: the input of the gate that is meant") if used else ""

    def product(self, factors: Sequence[str]) -> str:
        """All factors, or the first and the last ones."""
        if len(factors) > FACTORS:
            factors = [*factors[:3], self.dots, *factors[-3:]]
        return self.times.join(factors)

    def made(self, v: Value) -> str:
        """``q = x + y``, and of a leaf its name."""
        if v.gate is None:
            return self.names[v]
        rule = forward(v)
        return f"{self.names[v]} = {self.written(rule, rule.tree, self.digits, symbols=True)}"

    def value(self, v: Value) -> Line:
        """``q = x + y = -2 + 5 = 3``."""
        if v.gate is None:
            return Line(self.names[v], [self.number(v.data)])
        return self.by_rule(self.names[v], forward(v), v.data)

    def partial(self, edge: Edge) -> Line:
        """``∂q/∂x = 2·x = 2·3 = 6``."""
        return self.by_rule(self.local(edge), local(edge), edge.local)

    def rule(self, edge: Edge) -> str:
        """``∂q/∂x = 2·x``: in symbols, which give no number away."""
        found = local(edge)
        written = partial(self.written, found, digits=self.digits, symbols=True)
        why = translate(f" (since {written(found.reason)})") if found.reason else ""
        return f"{self.local(edge)}{self.equals}{written(found.tree)}{why}"

    def by_rule(self, left: str, rule: Rule, result: float) -> Line:
        """A rule with symbols, with numbers, what comes out, and why."""
        data = {name: v.data for name, v in rule.nodes.items()} | rule.known
        digits = self.enough(
            result, lambda cut: evaluate(rule.tree, {k: cut(x) for k, x in data.items()})
        )
        steps = [self.written(rule, rule.tree, digits, symbols) for symbols in (True, False)]
        why = rule.reason and self.written(rule, rule.reason, digits)
        end = self.since(why) if why else ""
        return self.line(left, steps if digits else steps[:1], result, end)

    def line(self, left: str, steps: Sequence[str], result: float, end: str = "") -> Line:
        """The steps to a result, none of them twice; NaN is no result, and nothing equals it."""
        written = self.number(result)
        if math.isnan(result):
            said = [step for step in steps[:1] if step != written]
            return Line(left, said, self.nothing(bool(said)))
        return Line(left, list(dict.fromkeys([*steps, written])), end)

    def enough(self, result: float, compute: Callable[[Callable[[float], float]], float]) -> int:
        """How many digits must be put in for the shown result: 1 − 1² is not 0.0002.

        0 if no number will do, as where the data changed after the gate had fired.
        """
        for digits in range(self.digits, 17, 2):
            try:
                found = compute(partial(_cut, digits))
            except (ArithmeticError, ValueError, NameError):
                return self.digits  # a part is not written out
            if math.isclose(found, result, rel_tol=2 * 10.0 ** (1 - self.digits)):
                return digits
        return 0

    def written(self, rule: Rule, tree: ast.expr, digits: int, symbols: bool = False) -> str:
        """A part of a rule, with names put in, or with numbers of so many digits."""
        put_in = {
            name: self.names[v] if symbols else self.number(v.data, digits)
            for name, v in rule.nodes.items()
        }
        if rule.called:
            return self.call(rule.called, list(put_in.values()))
        known = {name: self.number(x, digits) for name, x in rule.known.items()}
        return written(tree, self.language, names=put_in | known | {"…": self.dots})

    def call(self, gate: str, inputs: Sequence[str]) -> str:
        """``max(x, y)``."""
        shown = inputs if len(inputs) < FACTORS else [*inputs[:3], self.dots, inputs[-1]]
        return f"{gate}({', '.join(shown)})"

    def equation(self, line: Line, between: str = " = ") -> str:
        """All steps side by side, or with something else between them."""
        return line.left + self.equals * bool(line.steps) + between.join(line.steps) + line.end


class LaTeX(Text):
    """The same for the inside of an aligned environment."""

    language = "latex"
    equals = " &= "
    times = r" \cdot "
    dots = r"\dots"

    def symbols(self, names: Iterable[str]) -> dict[str, str]:
        """Letters with their indices, and words."""
        return typeset(names, latex_symbol, latex_words)

    def since(self, why: str) -> str:
        """At some distance."""
        return rf" \quad\text{{{translate('since')} }} {why}"

    def nothing(self, said: bool) -> str:
        """As text."""
        return rf" \text{{{translate(', which has no value' if said else ' has no value')}}}"

    def more(self, what: str) -> str:
        """As text."""
        return rf"\dots \text{{ ({what})}}"

    def number(self, x: float, digits: int = 0) -> str:
        """With infinity and powers of ten spelled out."""
        text = super().number(x, digits).replace("−", "-")
        text = text.replace("∞", r"\infty").replace("NaN", r"\mathrm{NaN}")
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else text

    def factor(self, x: float, digits: int = 0) -> str:
        """In brackets, if it needs them."""
        text = self.number(x, digits)
        return rf"\left({text}\right)" if text.startswith("-") or "cdot" in text else text

    def total(self, root: Value, v: Value) -> str:
        """A fraction with an upright d."""
        d = r"\mathrm{d} "
        return rf"\frac{{{d}{self.names[root]}}}{{{d}{self.names[v]}}}"

    def local(self, edge: Edge) -> str:
        """A fraction with ∂."""
        head, tail = self.names[edge.head], self.names[edge.tail]
        plain = rf"\frac{{\partial {head}}}{{\partial {tail}}}"
        slot = self.slot(edge, "{}")
        return rf"\left.{plain}\right|_{{{slot}}}" if slot else plain

    def call(self, gate: str, inputs: Sequence[str]) -> str:
        """The name in upright letters."""
        name = gate.replace("_", r"\_")
        return rf"\mathrm{{{name}}}\left({super().call('', inputs)[1:-1]}\right)"
