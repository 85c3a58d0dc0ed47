"""What the exercises say, in the language that is spoken: see ``viz.language``."""

from functools import cache
from pathlib import Path

from viz.languages.catalogue import Catalogue, entries, messages
from viz.languages.translate import current

FOLDER = Path(__file__).resolve().parents[1] / "locale"


@cache
def _catalogue(language: str) -> Catalogue:
    own = messages(FOLDER / language / "exercises.po")
    return Catalogue({m.english: m.other for m in (*entries(language), *own) if m.other})


def said(text: str) -> str:
    """`text`, English with whatever is filled in, as it is said now."""
    return text if current() == "en" else _catalogue(current())(text)
