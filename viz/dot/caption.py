"""What stands beside a drawing: its title, its notes, the legend of gradient sizes."""

from __future__ import annotations

from typing import NamedTuple

from ..fold.picture import Picture
from .flow import WIDTHS, Flow
from .markup import cell, row, table, words
from .themes import Theme

__all__ = ["PARTS", "SMALL", "Options", "caption"]

PARTS = ("upstream", "local", "downstream")
SMALL = 11.0  # points of the letters beside the drawing


class Options(NamedTuple):
    """How a picture is to look; see `viz.draw`."""

    parts: tuple[str, ...] | None
    flow: bool
    theme: Theme
    direction: str
    digits: int
    title: str


def caption(picture: Picture, options: Options, flow: Flow) -> str:
    """Title, notes and legend, as markup; empty where there is nothing to say."""
    rows = []
    if options.title:
        rows.append(row(words(options.title, options.theme.ink, size=16, heavy=True, padding=3)))
    notes = list(picture.notes)
    if options.parts and picture.reached:
        notes.append("on the wires: " + _reading(options.parts))
    rows += [row(words(note, size=SMALL, padding=3)) for note in notes]
    if options.flow and picture.reached:
        rows.append(row(cell(_legend(options.theme, flow), ALIGN="LEFT")))
    return table(rows, CELLPADDING=3) if rows else ""


def _legend(theme: Theme, flow: Flow) -> str:
    """Swatches of the steps of gradient magnitude."""
    ranges = flow.ranges()
    low, high = (0, len(WIDTHS)) if len(ranges) > 1 else (2, 3)
    cells = [words("size of the gradient", size=SMALL)]
    for ink, thick, text in zip(theme.scale[low:high], WIDTHS[low:high], ranges, strict=True):
        swatch = cell("", BGCOLOR=ink, HEIGHT=round(thick) + 1, WIDTH=26, FIXEDSIZE="TRUE")
        bar = table([row(swatch)], CELLPADDING=0)
        cells += [cell("  "), cell(bar), words(text, size=SMALL)]
    return table([row(*cells)])


def _reading(parts: tuple[str, ...]) -> str:
    """How the numbers on a wire are to be read: "upstream × local = downstream"."""
    if set(parts) == set(PARTS):
        return "upstream × local = downstream"
    return ", ".join(f"{part} gradient" for part in PARTS if part in parts)
