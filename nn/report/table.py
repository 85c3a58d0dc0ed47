"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

from autodiff.text.source import width

__all__ = ["aligned"]


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Rows of cells in columns: the first `left` columns start, the others end, at one place."""
    columns = []
    for k, column in enumerate(zip(*rows, strict=True)):
        wide = max(map(width, column))
        pads = [" " * (wide - width(text)) for text in column]
        pairs = zip(column, pads, strict=True)
        columns.append([text + pad if k < left else pad + text for text, pad in pairs])
    return "\n".join("  ".join(row) for row in zip(*columns, strict=True))
