"""Labels set as mathematics; the labels themselves stay as they are.

A symbol is one letter, or the name of a Greek one, with indices: w_1^{(2)}, theta_0, x[3]. Text
has small figures for them, LaTeX has its own. All other labels are words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple

__all__ = ["GREEK", "LOWERED", "RAISED", "latex_symbol", "latex_words", "text_symbol", "typeset"]


def _called(letter: str) -> str:
    """Unicode says "GREEK SMALL LETTER LAMDA"."""
    name = unicodedata.name(letter).split()[-1].lower().replace("lamda", "lambda")
    return name if letter.islower() else name.title()


# Without xi, which is more often the i-th x than ξ.
GREEK = {_called(letter): letter for letter in "αβγδεζηθκλμνπρστφχψωΓΔΘΛΣΦΨΩ"}
_NAMES = {letter: name for name, letter in GREEK.items()}
LOWERED = dict(zip("0123456789+-aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
RAISED = dict(zip("0123456789-()ijklmnt", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁽⁾ⁱʲᵏˡᵐⁿᵗ", strict=True))

_LETTER = re.compile(rf"({'|'.join(GREEK)}|[A-Za-zΑ-ω])(\d*)")
_MARKS = re.compile(
    r"_(?P<low>\d+|[^\W\d_]|\{[\w,+-]+\})|\[(?P<place>[\w, ]+)\]|\^\{?(?P<layer>\(\w+\))\}?"
)


class Symbol(NamedTuple):
    """A letter with an index, and with a layer in brackets above it."""

    letter: str
    low: str
    layer: str


def _symbol(label: str) -> Symbol | None:
    """What a label stands for: "w1[0,2]" is an element of the first layer's w."""
    begin = _LETTER.match(label)
    if begin is None:
        return None
    letter, digits = begin.groups()
    marks: dict[str, list[str]] = {"low": [digits] * bool(digits), "place": [], "layer": []}
    at = begin.end()
    while found := _MARKS.match(label, at):
        at, kind = found.end(), found.lastgroup or ""
        marks[kind].append(found[kind].strip("{}").replace(" ", ""))
    low, place, layer = marks.values()
    if low and place and not layer:
        low, place, layer = place, [], [f"({low[0]})"]
    if at < len(label) or len(low + place) > 1 or len(layer) > 1:
        return None
    return Symbol(letter, "".join(low + place), "".join(layer))


def text_symbol(label: str) -> str:
    """A label with small figures, if it is a symbol and there are figures for it.

    x1 is as legible as x₁, and is what many call it: a Latin letter keeps its digits beside it.

    >>> [text_symbol(label) for label in ("w_1^{(2)}", "theta_0", "x[3]", "w1[0,2]", "h_{t-1}")]
    ['w₁⁽²⁾', 'θ₀', 'x₃', 'w₀,₂⁽¹⁾', 'hₜ₋₁']
    >>> [text_symbol(label) for label in ("x1", "loss", "W_q", "x_hat", "ws[0]")]
    ['x1', 'loss', 'W_q', 'x_hat', 'ws[0]']
    """
    if " … " in label:  # a row, by its ends
        return " … ".join(map(text_symbol, label.split(" … ")))
    found = _symbol(label)
    if found is None or re.fullmatch(r"[A-Za-z]\d*", label):
        return label
    letter, low, layer = found
    try:
        small = [c if c == "," else LOWERED[c] for c in low] + [RAISED[c] for c in layer]
    except KeyError:  # there is no small q
        return label
    return GREEK.get(letter, letter) + "".join(small)


# Outside of \text, since MathJax takes what is inside as it stands. A dollar, escaped or not, would
# end the formula in Markdown; the full-width one does not.
_ESCAPES = {c: "\\" + c for c in "#%&_{}"}
_ESCAPES |= {"\\": "\\backslash", "^": r"{\wedge}", "~": r"{\sim}", "$": r"\text{＄}"}


def latex_symbol(label: str) -> str:
    r"""A label as a LaTeX symbol: letters and indices as such, anything else as words.

    >>> latex_symbol("x"), latex_symbol("w0"), latex_symbol("w1[0,2]"), latex_symbol("loss")
    ('x', 'w_{0}', '{w^{(1)}_{0,2}}', '\\mathrm{loss}')
    >>> latex_symbol("theta_0"), latex_symbol("50%_x"), latex_symbol("σ")
    ('\\theta_{0}', '{\\text{50}\\%\\_\\text{x}}', '\\sigma')
    """
    found = _symbol(label)
    if found is None:
        return latex_words(label)
    name = found.letter if found.letter in GREEK else _NAMES.get(found.letter)
    letter = f"\\{name}" if name else found.letter
    index = f"_{{{found.low}}}" if found.low else ""
    if not found.layer:
        return letter + index
    return f"{{{letter}^{{{found.layer}}}{index}}}"  # the outer braces let it have a power


def latex_words(label: str) -> str:
    """A label as LaTeX, letter by letter."""
    if label.isascii() and label.isalnum():
        return rf"\mathrm{{{label}}}"
    pieces = re.split(r"([#%&_{}\\^~$])", label.replace("\n", " ").replace(" ", "\u00a0"))
    shown = "".join(_ESCAPES.get(piece, rf"\text{{{piece}}}") for piece in pieces if piece)
    return f"{{{shown}}}"


def typeset(
    labels: Iterable[str],
    write: Callable[[str], str] = text_symbol,
    plain: Callable[[str], str] = str,
) -> dict[str, str]:
    """How each label is written; those that would look the same, here or in LaTeX, are `plain`.

    >>> typeset(["w_1", "b", "w[1]", "theta"])
    {'w_1': 'w_1', 'b': 'b', 'w[1]': 'w[1]', 'theta': 'θ'}
    """
    found = {label: write(label) for label in labels}
    looks = {label: {text, latex_symbol(label)} for label, text in found.items()}
    many = Counter(look for each in looks.values() for look in each)
    alike = {label for label, each in looks.items() if any(many[look] > 1 for look in each)}
    return {label: plain(label) if label in alike else text for label, text in found.items()}
