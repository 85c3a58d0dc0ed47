"""What stands beside a drawing: its title, its notes, the legend of gradient sizes."""

from __future__ import annotations

from collections.abc import Iterable

from .flow import WIDTHS, Flow
from .markup import cell, row, table, words
from .themes import Theme

__all__ = ["SMALL", "caption"]

SMALL = 11.0  # points of the letters beside the drawing


def caption(title: str, notes: Iterable[str], flow: Flow | None, theme: Theme) -> str:
    """Title, notes and the legend of `flow`, as markup; empty where there is nothing to say."""
    rows = []
    if title:
        rows.append(row(words(title, theme.ink, size=16, heavy=True, padding=3)))
    rows += [row(words(note, size=SMALL, padding=3)) for note in notes]
    if flow:
        rows.append(row(cell(_legend(flow, theme), ALIGN="LEFT")))
    return table(rows, CELLPADDING=3) if rows else ""


def _legend(flow: Flow, theme: Theme) -> str:
    """Swatches of the steps of gradient magnitude."""
    ranges = flow.ranges()
    low, high = (0, len(WIDTHS)) if len(ranges) > 1 else (2, 3)
    cells = [words("size of the gradient", size=SMALL)]
    for ink, thick, text in zip(theme.scale[low:high], WIDTHS[low:high], ranges, strict=True):
        swatch = cell("", BGCOLOR=ink, HEIGHT=round(thick) + 1, WIDTH=26, FIXEDSIZE="TRUE")
        bar = table([row(swatch)], CELLPADDING=0)
        cells += [cell("  "), cell(bar), words(text, size=SMALL)]
    return table([row(*cells)])
