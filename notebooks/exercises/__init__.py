"""The exercises of the course check themselves: ``check("1.2", answer)``.

A right answer is confirmed, a wrong one is told why it is wrong. Each checker is a function of
the answer that returns None if it is right, else the reason; tests feed it both.
"""

from . import engine, further, networks
from .checking import CHECKERS, Verdict, check

__all__ = ["CHECKERS", "Verdict", "check", "engine", "further", "networks"]
