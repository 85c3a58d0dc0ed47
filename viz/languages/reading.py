"""Texts from anywhere, whatever wrote them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from .translate import current

__all__ = ["text_of"]


def text_of(path: Path) -> str:
    """A text that was written anywhere: UTF-8, UTF-16 with its mark, else as Excel writes it where
    Chinese is spoken, else Western European."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    for encoding in ("utf-8-sig", *["gb18030"] * (current() == "zh")):
        with suppress(UnicodeDecodeError):
            return data.decode(encoding)
    return data.decode("cp1252", "replace")
