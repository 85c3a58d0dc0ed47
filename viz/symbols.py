"""What nodes and numbers are called in a derivation, as text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping

from autodiff import Constant, Value

from .digits import number

__all__ = ["Symbols", "latex_symbol"]


class Symbols:
    """What nodes are called: by label, by variable, or by their place in the graph."""

    def __init__(self, order: list[Value], names: Mapping[int, str], digits: int) -> None:
        self.digits = digits
        self.texts: dict[Value, str] = {}
        unnamed = 0
        for v in order:
            text = v.label or names.get(id(v), "")
            if not text and isinstance(v, Constant):
                text = self.figure(v.data)
            elif not text:
                unnamed += 1
                text = f"v{unnamed}"
            self.texts[v] = text

    def text(self, v: Value) -> str:
        """The name of a node."""
        return self.texts[v]

    def latex(self, v: Value) -> str:
        """The name of a node in LaTeX."""
        if isinstance(v, Constant) and not v.label:
            return self.number_latex(v.data)
        return latex_symbol(self.texts[v])

    def figure(self, x: float) -> str:
        """A number."""
        return number(x, self.digits)

    def factor(self, x: float) -> str:
        """A number as a factor behind another."""
        text = self.figure(x)
        return f"({text})" if text.startswith("-") else text

    def number_latex(self, x: float) -> str:
        """A number in LaTeX."""
        text = self.figure(x).replace("∞", r"\infty").replace("NaN", r"\mathrm{NaN}")
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else text

    def factor_latex(self, x: float) -> str:
        """A number as a factor behind another, in LaTeX."""
        text = self.number_latex(x)
        return rf"\left({text}\right)" if text.startswith("-") or "cdot" in text else text


_SYMBOL = re.compile(r"([A-Za-z]|[Α-ω])(\d*)(?:\[([\w,\s]+)\])?\Z")
_ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {
    "\\": r"\backslash{}",
    "^": r"\hat{}",
    "~": r"\sim{}",
}


def latex_symbol(text: str) -> str:
    r"""A label as a LaTeX symbol: letters and indices as such, anything else as words.

    >>> latex_symbol("x"), latex_symbol("w0"), latex_symbol("w1[0,2]"), latex_symbol("loss")
    ('x', 'w_{0}', 'w1_{0,2}', '\\mathrm{loss}')
    >>> latex_symbol("50% of $x_1"), latex_symbol("σ")
    ('\\text{50\\%~of~\\$x\\_1}', 'σ')
    """
    if found := _SYMBOL.match(text):
        letter, digits, index = found.groups()
        if index is not None:
            return f"{letter}{digits}_{{{index}}}"
        return f"{letter}_{{{digits}}}" if digits else letter
    if text.isascii() and text.isalnum():
        return rf"\mathrm{{{text}}}"
    escaped = "".join(_ESCAPES.get(c, "~" if c in " \n" else c) for c in text)
    return rf"\text{{{escaped}}}"
