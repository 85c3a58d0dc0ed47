"""What nodes and numbers are called in a derivation, as text and as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping

from autodiff import Constant, Value

from .names import Naming
from .numbers import number

__all__ = ["Symbols", "latex_symbol"]


class Symbols:
    """What nodes are called: by label, by variable, or by their place in the graph."""

    def __init__(self, order: list[Value], names: Mapping[int, str], digits: int) -> None:
        self.digits = digits
        name = Naming(order, names)
        self.texts = {
            v: self.figure(v.data) if isinstance(v, Constant) and not name.given[v] else name(v)
            for v in order
        }

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
        return f"({text})" if text.startswith("−") else text

    def number_latex(self, x: float) -> str:
        """A number in LaTeX."""
        text = self.figure(x).replace("−", "-")
        text = text.replace("∞", r"\infty").replace("NaN", r"\mathrm{NaN}")
        mantissa, _, exponent = text.partition("e")
        return rf"{mantissa} \cdot 10^{{{exponent}}}" if exponent else text

    def factor_latex(self, x: float) -> str:
        """A number as a factor behind another, in LaTeX."""
        text = self.number_latex(x)
        return rf"\left({text}\right)" if text.startswith("-") or "cdot" in text else text


_SYMBOL = re.compile(r"([A-Za-z]|[Α-ω])(\d*)(?:\[([\w,\s]+)\])?\Z")
# Outside of \text, since MathJax takes what is inside as it stands. A dollar, escaped or not, would
# end the formula in Markdown; the full-width one does not.
_ESCAPES = {c: "\\" + c for c in "#%&_{}"} | {
    "\\": r"\backslash ".strip(),
    "^": r"{\wedge}",
    "~": r"{\sim}",
    "$": r"\text{＄}",
}


_GREEK = re.compile(
    "(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi"
    "|chi|psi|omega|Gamma|Delta|Theta|Lambda|Sigma|Phi|Psi|Omega)"
)


def latex_symbol(text: str) -> str:
    r"""A label as a LaTeX symbol: letters and indices as such, anything else as words.

    >>> latex_symbol("x"), latex_symbol("w0"), latex_symbol("w1[0,2]"), latex_symbol("loss")
    ('x', 'w_{0}', '{w^{(1)}_{0,2}}', '\\mathrm{loss}')
    >>> latex_symbol("50%_x"), latex_symbol("σ")
    ('{\\text{50}\\%\\_\\text{x}}', 'σ')
    """
    if found := _SYMBOL.match(text):
        letter, digits, index = found.groups()
        if index is not None:  # of layer 1; the outer braces let it have a power
            layer = f"^{{({digits})}}" if digits else ""
            return f"{{{letter}{layer}_{{{index}}}}}"
        return f"{letter}_{{{digits}}}" if digits else letter
    if _GREEK.fullmatch(text):
        return f"\\{text}"
    if text.isascii() and text.isalnum():
        return rf"\mathrm{{{text}}}"
    pieces = re.split(r"([#%&_{}\\^~$])", text.replace("\n", " ").replace(" ", "\u00a0"))
    shown = "".join(_ESCAPES.get(piece, rf"\text{{{piece}}}") for piece in pieces if piece)
    return f"{{{shown}}}"
