"""Objects that count how often their attributes are set: who has looked at them needs to look
again only when the count has moved."""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["Counting"]


class Counting:
    """Base class of such objects; one count for all of them, as it is read far more often.

    >>> class Model(Counting):
    ...     pass
    >>> before = Counting.changes
    >>> model = Model()
    >>> model.rate = 0.1
    >>> del model.rate
    >>> Counting.changes - before
    2
    """

    changes: ClassVar[int] = 0

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        Counting.changes += 1

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        Counting.changes += 1
