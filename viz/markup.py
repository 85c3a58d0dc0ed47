"""Text and tables in Graphviz's HTML-like labels."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["bold", "cell", "colour", "label", "literal", "row", "table"]


def literal(text: str) -> str:
    r"""`text` such that exactly it is seen: no markup, no escapes; a newline breaks the line.

    >>> print(literal('<b>a|b</b> & "c"'))
    &lt;b&gt;a|b&lt;/b&gt; &amp; &quot;c&quot;
    """
    shown = "".join(_visible(c) for c in text)
    # Graphviz replaces \N and its like even here; two backslashes come out as one
    escaped = html.escape(shown).replace("\\", "\\\\").replace("&#x27;", "&#39;")
    # several spaces, or one at an end, would be taken for layout
    kept = re.sub(r"^ | $| (?= )|(?<= ) ", "\u00a0", escaped, flags=re.MULTILINE)
    return "<BR/>".join(kept.split("\n"))


def _visible(c: str) -> str:
    if c in "\n" or (c >= " " and c != "\x7f" and not "\ud800" <= c <= "\udfff"):
        return c
    return chr(0x2400 + ord(c)) if c < " " else "\ufffd"


def width(text: str, size: float) -> int:
    """Least width in points of a text with characters whose metrics a Graphviz may not know;
    0 for plain ASCII, which every Graphviz measures."""
    if text.isascii():
        return 0
    longest = 0.0
    for line in text.split("\n"):
        ems = 0.0
        for c in line:
            if unicodedata.combining(c) or c in "\u200d\ufe0f":
                continue
            wide = unicodedata.east_asian_width(c) in "WF"
            ems += (1.35 if ord(c) > 0x1F000 else 1.0) if wide else 0.6
        longest = max(longest, ems)
    return round(longest * size) + 2


def colour(markup: str, ink: str, size: float = 0) -> str:
    """Coloured markup, of another size if one is given."""
    points = f' POINT-SIZE="{size:g}"' if size else ""
    return f'<FONT COLOR="{ink}"{points}>{markup}</FONT>'


def bold(markup: str) -> str:
    """Bold markup."""
    return f"<B>{markup}</B>"


def cell(markup: str = "", **attributes: object) -> str:
    """One table cell; attributes of None are left out."""
    given = "".join(f' {name}="{value}"' for name, value in attributes.items() if value is not None)
    return f"<TD{given}>{markup}</TD>"


def row(*cells: str) -> str:
    """One table row."""
    return f"<TR>{''.join(cells)}</TR>"


def table(rows: Iterable[str], **attributes: object) -> str:
    """A table without borders, unless `attributes` say otherwise."""
    plain: dict[str, object] = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 0, "CELLPADDING": 1}
    given = "".join(f' {name}="{value}"' for name, value in (plain | attributes).items())
    return f"<TABLE{given}>{''.join(rows)}</TABLE>"


def label(markup: str) -> str:
    """Marks a label as HTML-like, as the package `graphviz` wants it."""
    return f"<{markup}>"
