"""How an answer is judged, and what the checkers of all chapters ask."""

import html
import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autodiff import Value

CHECKERS: dict[str, Callable[[Any], str | None]] = {}


class Verdict:
    """What `check` thinks of an answer: true if it is right; shows itself in a notebook."""

    def __init__(self, number: str, right: bool | None, reason: str) -> None:
        self.number, self.right, self.reason = number, right, reason

    def __bool__(self) -> bool:
        return self.right is True

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "○"}[self.right]
        return f"{mark} {self.number}: {self.reason}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = {True: "#1a7f37", False: "#cf222e", None: "#6e7781"}[self.right]
        return f'<span style="color:{colour}">{html.escape(str(self))}</span>'


def check(number: str, answer: Any) -> Verdict:
    """Judge the answer to exercise `number`; `...` is an answer that is still to be given."""
    parts = answer if isinstance(answer, list | tuple) else [answer]
    if any(part is ... for part in parts):
        return Verdict(number, None, "not answered yet: put your answer in place of the dots")
    try:
        reason = CHECKERS[number](answer)
    except Wrong as wrong:
        reason = str(wrong)
    except Exception as error:
        reason = f"your answer raises {type(error).__name__}: {error}"
    return Verdict(number, reason is None, reason or "right")


class Wrong(Exception):
    """Says why an answer is wrong."""


def exercise(number: str) -> Callable[[Callable[[Any], str | None]], Callable[[Any], str | None]]:
    """Register the checker of exercise `number`."""

    def register(checker: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
        CHECKERS[number] = checker
        return checker

    return register


# ── what checkers ask ────────────────────────────────────────────────────────────────────────


def close(a: Any, b: float) -> bool:
    """Whether a number (or a Value) is b, up to rounding."""
    return math.isclose(number(a), b, rel_tol=1e-6, abs_tol=1e-9)


def number(a: Any) -> float:
    """The answer as a number."""
    if isinstance(a, Value):
        return a.data
    if isinstance(a, bool) or not hasattr(a, "__float__"):
        raise Wrong(f"a number is wanted, not {a!r}")
    return float(a)


def numbers(answer: Any, count: int) -> list[float]:
    """The answer as a list of so many numbers."""
    if not isinstance(answer, Sequence) or isinstance(answer, str) or len(answer) != count:
        raise Wrong(f"a list of {count} numbers is wanted, not {answer!r}")
    return [number(a) for a in answer]


@contextmanager
def calling(answer: Any) -> Iterator[None]:
    """Refuse what is no function."""
    if not callable(answer):
        raise Wrong(f"a function is wanted, not {answer!r}")
    yield


def points(count: int, dimensions: int, scale: float = 2.0) -> list[list[float]]:
    """Always the same points to try a function at."""
    rng = random.Random(0)
    return [[rng.uniform(-scale, scale) for _ in range(dimensions)] for _ in range(count)]


def array(answer: Any) -> Any:
    """The answer as an array of numbers."""
    import numpy as np

    try:
        return np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"an array of numbers is wanted, not {answer!r}") from None


def same(found: Any, right: Any) -> bool:
    """Whether two arrays agree in shape and, up to rounding, in numbers."""
    import numpy as np

    return found.shape == right.shape and bool(np.allclose(found, right))


def matrices(*shapes: tuple[int, ...]) -> list[Any]:
    """Always the same arrays of these shapes."""
    import numpy as np

    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]
