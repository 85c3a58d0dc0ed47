"""Text and tables in Graphviz's HTML-like labels."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["bold", "cell", "colour", "label", "literal", "row", "table", "width", "words"]


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


# Widths in hundredths of the size, of the widest sans serif that a viewer may put in Helvetica's
# place (DejaVu Sans); a letter that is not here has 64.
_WIDTHS = {
    c: width
    for width, letters in {
        29: "'IJijl\u2019",
        34: " ,./:;|\\f·",
        40: "()[]-tr!",
        53: '*_`scz?"∂',
        60: "akvxyoeFLTPY",
        78: "ABCDGHNOQRUVXK&",
        84: "#+<=>^~w×−∞",
        100: "%@MWm…",
    }.items()
    for c in letters
}
_BOLD = 1.12


def width(text: str, size: float, bold: bool = False) -> int:
    """Room for a text, in points, whichever font a viewer has.

    Graphviz measures with the fonts that it knows, and takes what they lack for blanks; a browser
    then writes with the fonts that it has. Cells of this width hold the text everywhere.

    >>> width("0.7311", 14), width("0.7311", 14, bold=True), width("中文", 14), width("", 14)
    (51, 57, 29, 0)
    """
    longest = max((_ems(line) for line in text.split("\n")), default=0.0)
    return round(longest * size * (_BOLD if bold else 1.0)) + 1 if longest else 0


def _ems(line: str) -> float:
    total = 0.0
    for c in line:
        if c.isascii() or c in _WIDTHS:
            total += _WIDTHS.get(c, 64) / 100
        elif unicodedata.combining(c) or c in "\u200d\ufe0f":
            continue
        elif unicodedata.east_asian_width(c) in "WF":
            total += 1.35 if ord(c) > 0x1F000 else 1.0
        else:
            total += 0.7
    return total


def colour(markup: str, ink: str, size: float = 0) -> str:
    """Coloured markup, of another size if one is given."""
    given = (f' COLOR="{ink}"' if ink else "") + (f' POINT-SIZE="{size:g}"' if size else "")
    return f"<FONT{given}>{markup}</FONT>"


def bold(markup: str) -> str:
    """Bold markup."""
    return f"<B>{markup}</B>"


def cell(markup: str = "", **attributes: object) -> str:
    """One table cell; attributes of None are left out."""
    given = "".join(f' {name}="{value}"' for name, value in attributes.items() if value is not None)
    return f"<TD{given}>{markup}</TD>"


def words(
    text: str,
    ink: str = "",
    *,
    size: float = 14,
    heavy: bool = False,
    padding: int = 1,
    align: str = "LEFT",
    **attributes: object,
) -> str:
    """A cell with one run of text, as wide as the text may get; `padding` is the cell's own.

    >>> words("x", heavy=True)
    '<TD ALIGN="LEFT" WIDTH="12"><B>x</B></TD>'
    """
    shown = literal(text) if text else " "
    if heavy and text:
        shown = bold(shown)
    if text and (ink or size != 14):
        shown = colour(shown, ink, 0 if size == 14 else size)
    room = width(text, size, heavy)
    wide = room + 2 * padding if room else None
    return cell(shown, ALIGN=align, WIDTH=wide, **attributes)


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
