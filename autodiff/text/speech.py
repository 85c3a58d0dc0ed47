"""What is reported to a reader passes through here: a higher floor may put it in other words."""

from collections.abc import Callable

__all__ = ["said", "speakers"]

speakers: list[Callable[[str], str]] = []


def said(text: str) -> str:
    """A text as it is to be shown: as it stands, where nobody speaks for it."""
    for speak in speakers:
        text = speak(text)
    return text
