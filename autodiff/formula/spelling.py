"""What one writes on a blackboard, in Python's spelling: ``2πr²`` is ``2*pi*r**2``."""

from __future__ import annotations

import ast
import re

__all__ = ["FULL_WIDTH", "in_python", "spelled"]

# What a Chinese or Japanese keyboard writes: （x＋y）× z.
FULL_WIDTH = {code + 0xFEE0: code for code in range(ord("!"), ord("~")) if chr(code) not in "\\@"}

# "·" is a product of numbers or of rows; "√" becomes Python's other prefix operator.
_SPELLING = {"×": "*", "∗": "*", "·": "@", "⋅": "@", "÷": "/", "−": "-", "^": "**"}
_SPELLING |= {"√": "~", "π": "pi"}
_SPELLING |= {lowered: str(digit) for digit, lowered in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_RAISED = {raised: str(digit) for digit, raised in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {"⁻": "-"}

# A number right before what it multiplies; not in 1e5, and `++` never backtracks.
_PRODUCT = re.compile(
    r"(?<![\w.])(?:\d++(?:\.\d*+)?+|\.\d++)(?!e[-+]?\d|j\b)(?=[^\W\d_]|[(~])", re.IGNORECASE
)


def spelled(text: str) -> list[tuple[str, int]]:
    """Python's characters, each with the place in `text` that it comes from.

    After a division or a power a product without a sign stays as it is: 1/2x is no expression.

    >>> "".join(char for char, _ in spelled("2x² + |θ₀ − 3| · √y"))
    '2*x**2 + abs(θ0 - 3) @ ~y'
    """
    text = text.translate(FULL_WIDTH)
    found: list[tuple[str, int]] = []
    bars, last = 0, ""
    for i, char in enumerate(text):
        new = _SPELLING.get(char, char)
        if char in _RAISED:
            new = ("" if text[i - 1 : i] in _RAISED else "**") + _RAISED[char]
        elif char == "|":
            opens = bars == 0 or last in "+-*/@~,;=(["
            bars += 1 if opens else -1
            new = "abs(" if opens else ")"
        elif char == "π" and (text[i + 1 : i + 2].isalpha() or text[i + 1 : i + 2] in ("(", "√")):
            new = "pi*"
        found += [(part, i) for part in new]
        last = last if char.isspace() else new[-1:]
    line = "".join(char for char, _ in found)
    for product in reversed(list(_PRODUCT.finditer(line))):
        if not line[: product.start()].rstrip().endswith(("/", "**")):
            found.insert(product.end(), ("*", found[product.end()][1]))
    return found


class _Roots(ast.NodeTransformer):
    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        operand = self.visit(node.operand)
        if isinstance(node.op, ast.Invert):
            return ast.Call(ast.Name("sqrt", ast.Load()), [operand], [])
        return ast.UnaryOp(node.op, operand)


def in_python(text: str) -> str:
    """The text of a formula in Python's spelling; there are no rows to multiply.

    >>> in_python("√a · 2π"), in_python("a if a>0 else 0")
    ('sqrt(a) * 2 * pi', 'a if a>0 else 0')
    """
    line = "".join(char for char, _ in spelled(text)).replace("@", "*")
    if line == text or "~" in text or "@" in text:
        return text
    try:
        return ast.unparse(ast.fix_missing_locations(_Roots().visit(ast.parse(line, mode="eval"))))
    except (SyntaxError, ValueError):
        return line
