"""The text of an expression: its characters, where each came from, and how to point at one.

What one writes on a blackboard is put into Python's spelling here, what no parser should see
(10,000 parentheses, quotes) is refused, and every later complaint finds its way back to the
column of the text as it was typed.
"""

from __future__ import annotations

import ast
import re
import unicodedata
from keyword import kwlist

from ..formula.spelling import spelled

__all__ = ["ExpressionError", "Source", "width"]

_LONGEST = 50_000  # characters
_DEEPEST = 100  # parentheses inside parentheses; Python's parser gives up at 200
_WIDEST = 72  # characters of the text that an error message shows

# A line that ends like this is continued by the next one; an empty line has said nothing.
_GOES_ON = (";", "=", "+", "-", "*", "/", "@", "~", ",")

# Python takes 2x for a mistyped number, 0xF and 1j for real ones, and warns of 1if. `++` never
# backtracks.
_PRODUCT = re.compile(
    r"((?:(?<![\w.])\d[\d_]*+(?:\.[\d_]*+)?+|\.\d[\d_]*+)(?:e[-+]?\d[\d_]*+)?+)(?=[^\W\d_])",
    re.I,
)

# A word of Python's where a name stands.
_KEYWORD = re.compile(rf"(?<![\w.])({'|'.join(kwlist)})(?= *(?:[-+*/)=,;]|$))")

# A name or number, and a name beside it.
_BESIDE = re.compile(r"(?<![\w.])([^\W_][\w.]*+) ++([^\W\d]\w*+)")


class ExpressionError(ValueError):
    """An expression that cannot be read or computed; says what, and points at the place.

    message  what is wrong, in one line
    text     the whole expression
    column   where, counted from 1 in the whole text; None if there is no single place
    missing  the names that have no value

    >>> from autodiff import parse
    >>> parse("x + sigmod(y)", x=1, y=2)
    Traceback (most recent call last):
        ...
    autodiff.text.source.ExpressionError: unknown function 'sigmod'; did you mean sigmoid?
      x + sigmod(y)
          ^~~~~~~~~
    """

    def __init__(
        self, message: str, text: str = "", start: int | None = None, end: int | None = None
    ) -> None:
        super().__init__(message, text, start, end)  # the arguments, so that it pickles
        self.message = message
        self.text = text
        self.column = None if start is None else start + 1
        self.missing: tuple[str, ...] = ()
        self._start, self._end = start, end

    def __str__(self) -> str:
        if self._start is None:
            return self.message
        return f"{self.message}\n{_pointer(self.text, self._start, self._end)}"


def _pointer(text: str, start: int, end: int | None) -> str:
    """The line of `text` that holds position `start`, and a line that points at it."""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    stop = max(start + 1, min(end or 0, last))
    low, high = first, last
    if high - low > _WIDEST:
        low = max(first, min(start - _WIDEST // 3, last - _WIDEST))
        high = low + _WIDEST
    shown = "".join(c if c.isprintable() else " " for c in text[low:high])
    before = ("…" if low > first else "") + shown[: start - low]
    under = "~" * (width(text[start : min(stop, high)]) - 1)
    return f"  {'…' * (low > first)}{shown}{'…' * (high < last)}\n  {' ' * width(before)}^{under}"


def width(text: str) -> int:
    """Columns that it takes in a terminal: Chinese characters take two."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


class Source:
    """The text on one line in Python's spelling, and where each of its characters came from."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.origin: list[int] = []
        line = ""
        opened: list[tuple[str, int]] = []
        before = ";"  # the last character that is not blank
        if len(text) > _LONGEST:
            raise ExpressionError(
                f"the expression has {len(text)} characters; at most {_LONGEST} are read"
            )
        without_comments = re.sub(r"[#＃﹟][^\n]*", lambda comment: " " * len(comment[0]), text)
        for char, i in spelled(without_comments):
            new = " " if char.isspace() else char
            if char == "\n":
                new = " " if opened or before in _GOES_ON else ";"
            elif char in "([{":
                opened.append((char, i))
                if len(opened) > _DEEPEST:
                    raise self.error(f"parentheses are nested more than {_DEEPEST} deep", i)
            elif char in ")]}":
                if not opened or "([{".index(opened[-1][0]) != ")]}".index(char):
                    raise self.error(f"nothing is open that this {text[i]!r} would close", i)
                opened.pop()
            elif char in "\"'`":
                raise self.error("text in quotes has no place in an expression", i)
            elif not char.isprintable() or text[i] in "\\~@":
                raise self.error(f"the character {text[i]!r} has no place in an expression", i)
            line += new
            before = before if new == " " else new
            self.origin.append(i)
        if opened:
            place = opened[-1][1]
            raise self.error(f"this {text[place]!r} is never closed", place)
        indent = len(line) - len(line.lstrip())
        self.line = line.strip()
        self.origin = self.origin[indent : indent + len(self.line)]
        if not self.line:
            raise ExpressionError("the expression is empty")

    def error(self, message: str, start: int, end: int | None = None) -> ExpressionError:
        """Point at a place of the text as it was given."""
        return ExpressionError(message, self.text, start, end)

    def error_at(self, message: str, start: int, end: int | None = None) -> ExpressionError:
        """Point at a place of `line`."""
        last = len(self.origin) - 1
        end = None if end is None else self.origin[max(0, min(end - 1, last))] + 1
        return self.error(message, self.origin[max(0, min(start, last))], end)

    def error_of(self, message: str, piece: ast.AST) -> ExpressionError:
        """Point at a piece of syntax. `ast` counts columns in bytes of UTF-8."""
        line = self.line.encode()
        columns = piece.col_offset, piece.end_col_offset  # type: ignore[attr-defined]
        start, end = (len(line[:column].decode(errors="ignore")) for column in columns)
        return self.error_at(message, start, end)

    def parse(self) -> list[ast.stmt]:
        """The statements, as Python's parser sees them."""
        product = _PRODUCT.search(self.line)
        if product:
            number = product[1][:20]
            how = f"write a product as {number} * ..., in parentheses if all of it is meant"
            raise self.error_at(how, *product.span())
        try:
            return ast.parse(self.line).body
        except SyntaxError as error:
            at = min((error.offset or 1) - 1, len(self.line) - 1)
            if self.line[at] == "!":
                raise self.error_at("there is no factorial; write the product, 3*2", at) from None
            if error.msg.startswith("cannot assign to function call"):
                how = "write f = ..., and give the names in it their values"
                raise self.error_at(f"functions are not defined here; {how}", at) from None
            if word := _KEYWORD.search(self.line):
                other = "λ" if word[1] == "lambda" else f"{word[1]}_"
                how = f"{word[1]} is a word of Python's, and no name; call it {other}"
                raise self.error_at(how, *word.span()) from None
            for beside in _BESIDE.finditer(self.line):
                left, right = beside.groups()
                near = beside.start() <= max(at, (error.end_offset or 0) - 1) and at <= beside.end()
                if near and not {left, right} & set(kwlist):
                    call = "" if left[0].isdigit() else f"{left}({right}) for a function, "
                    how = f"write {call}{left}*{right} for a product"
                    message = f"{left} and {right} stand side by side; {how}"
                    raise self.error_at(message, *beside.span()) from None
            reason = error.msg.partition(". Perhaps")[0].partition(" (<")[0]
            raise self.error_at(f"this is not an expression ({reason})", at) from None
        except (ValueError, RecursionError, MemoryError):
            raise ExpressionError(
                "the expression is too long or nested too deeply to be read; "
                "name intermediate results, as in q = x + y; f = q * z",
                self.text,
                0,
            ) from None
