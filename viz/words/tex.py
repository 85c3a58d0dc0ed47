"""What stands in a picture, for LaTeX: labels and numbers as mathematics, sentences as text."""

from __future__ import annotations

import re

from .symbols import GREEK, LOWERED, RAISED

__all__ = ["beyond", "tex"]

_SIGNS = {letter: rf"\{name} " for name, letter in GREEK.items()} | {
    "−": "-", "×": r"\times ", "·": r"\cdot ", "÷": r"\div ", "√": r"\surd ", "∞": r"\infty ",
    "∂": r"\partial ", "Σ": r"\Sigma ", "→": r"\to ", "≤": r"\le ", "≥": r"\ge ", "≠": r"\ne ",
    "…": r"\dots ", "ᵀ": r"^{\top}", "⚠": r"\triangle ", "^": r"\wedge ", "~": r"\sim ",
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\mathdollar ",
    "<": "<", ">": ">", "|": "|", "*": "*",
}  # fmt: skip
_ESCAPED = {c: "\\" + c for c in "#%&_"} | {"\u00a0": "~"}
_UNDER = {small: c for c, small in LOWERED.items()} | {",": ","}
_OVER = {small: c for c, small in RAISED.items()}
_LOW, _HIGH = (f"[{''.join(map(re.escape, table.values()))}]+" for table in (LOWERED, RAISED))
_SYMBOLS = re.compile(rf"((?:(?<!\w)[^\W\d_])?(?:{_LOW}|{_HIGH})(?:{_HIGH}|,?{_LOW})*)")
_PIECES = re.compile(
    rf"(?P<power>(?<=\d)e−?\d+)|(?P<digits>(?<=(?<!\w)[A-Za-z])\d+)|(?P<low>{_LOW}(?:,{_LOW})*)|(?P<high>{_HIGH})|(?P<one>.)",
    re.DOTALL,
)


def tex(text: str) -> str:
    r"""A line of text as LaTeX.

    >>> tex("w₁⁽²⁾ = −0.5"), tex("2e−7"), tex("exp"), tex("θ₀")
    ('$w_{1}^{(2)} = -0.5$', '$2\\cdot 10^{-7}$', 'exp', '$\\theta _{0}$')
    >>> tex("50% of x₁ → b")
    '50\\% of $x_{1}$ $\\to $ b'
    >>> tex("x1"), tex("x^2")
    ('$x_{1}$', '$x\\wedge 2$')
    """
    words = re.search(r"[^\W\d_]{2}", re.sub(rf"{_LOW}|{_HIGH}", "", text))
    if not words and (text in _SIGNS or re.search(r"\w", text)):
        return f"${_math(text)}$"
    parts = _SYMBOLS.split(text)
    return "".join(f"${_math(part)}$" if k % 2 else _words(part) for k, part in enumerate(parts))


def _math(text: str) -> str:
    return "".join(_piece(found) for found in _PIECES.finditer(text))


def _piece(found: re.Match[str]) -> str:
    text = found[0]
    if found["power"]:
        return rf"\cdot 10^{{{text[1:].replace('−', '-')}}}"
    if found["digits"]:
        return f"_{{{text}}}"
    if found["low"]:
        return f"_{{{''.join(map(_UNDER.__getitem__, text))}}}"
    if found["high"]:
        return f"^{{{''.join(map(_OVER.__getitem__, text))}}}"
    return _SIGNS.get(text) or _ESCAPED.get(text, text)


def beyond(text: str) -> str:
    """The first letter that pdfLaTeX has not, or nothing."""
    known = {*_SIGNS, *_UNDER, *_OVER, *"“”‘’–—ᵢ"}
    return next((c for c in text if ord(c) > 0x17F and c not in known), "")


def _words(text: str) -> str:
    pieces = (_ESCAPED.get(c) or (f"${_SIGNS[c]}$" if c in _SIGNS else c) for c in text)
    return "".join(pieces).replace("--", "-{}-")  # which is no dash
