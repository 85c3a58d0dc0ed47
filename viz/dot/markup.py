"""Text in Graphviz's HTML-like labels, and the room that it needs."""

from __future__ import annotations

import html
import re
import unicodedata

from ..words.symbols import LOWERED, RAISED

__all__ = ["broken", "label", "literal", "visible", "width"]


def literal(text: str) -> str:
    r"""`text` such that exactly it is seen: no markup, no escapes; a newline breaks the line.

    >>> print(literal('<b>a|b</b> & "c"'))
    &lt;b&gt;a|b&lt;/b&gt; &amp; &quot;c&quot;
    """
    # Graphviz replaces \N and its like even here; two backslashes come out as one
    escaped = html.escape(visible(text)).replace("\\", "\\\\").replace("&#x27;", "&#39;")
    # several spaces, or one at an end, would be taken for layout
    kept = re.sub(r"^ | $| (?= )|(?<= ) ", "\u00a0", escaped, flags=re.MULTILINE)
    return "<BR/>".join(kept.split("\n"))


def visible(text: str) -> str:
    """`text` with signs in the place of what cannot be written."""
    return "".join(map(_visible, text))


_UNWRITABLE = re.compile("[\x7f\ud800-\udfff\ufffe\uffff]").match


def _visible(c: str) -> str:
    if c == "\n" or (c >= " " and not _UNWRITABLE(c)):
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
        46: "".join([*LOWERED.values(), *RAISED.values()]),
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


def broken(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """A text in lines of at most `room` points, broken at blanks.

    >>> broken("one two three", 14, 60)
    ['one two', 'three']
    """
    lines: list[str] = []
    for word in text.split(" "):
        if lines and width(f"{lines[-1]} {word}", size, bold) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


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


def label(text: str, ink: str, size: float, bold: bool = False, anchor: str = "middle") -> str:
    """A text as a label; what does not stand in the middle is as wide as it may get in any font."""
    shown = f"<B>{literal(text)}</B>" if bold else literal(text)
    shown = f'<FONT COLOR="{ink}" POINT-SIZE="{size:g}">{shown}</FONT>'
    if anchor == "middle":
        return f"<{shown}>"
    align = "LEFT" if anchor == "start" else "RIGHT"
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'
    cell = f'<TD ALIGN="{align}" WIDTH="{width(text, size, bold)}" BALIGN="{align}">'
    return f"<{table}<TR>{cell}{shown}</TD></TR></TABLE>>"
