"""The exercises of the course check themselves: ``check("1.2", answer)``.

A right answer is confirmed, a wrong one is told why it is wrong. Each checker is a function of
the answer that returns None if it is right, else the reason; tests feed it both. ``hint("1.2")``
helps on, step by step; ``guess(3).reveal(f.data)`` is for saying first what will come out.
"""

from . import beyond, engine, further, networks, practice, workshop
from .checking import CHECKERS, HINTS, KIND, KINDS, TABLES, Verdict, check, guess, hint

__all__ = [
    "CHECKERS",
    "HINTS",
    "KIND",
    "KINDS",
    "TABLES",
    "Verdict",
    "beyond",
    "check",
    "engine",
    "further",
    "guess",
    "hint",
    "networks",
    "practice",
    "workshop",
]
