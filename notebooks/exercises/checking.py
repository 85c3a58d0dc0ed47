"""How an answer is judged, and what the checkers of all chapters ask."""

import copy
import html
import math
import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from autodiff import Value
from viz.languages.catalogue import JOINTS

from .speech import said

Judge = Callable[[Any], str | None]  # the reason why an answer is wrong, or None

CHECKERS: dict[str, Judge] = {}
KINDS = ("number", "derivation", "code", "bug")  # what an exercise asks for
KIND: dict[str, str] = {}
HINTS: dict[str, tuple[str, ...]] = {}
TABLES: dict[str, dict[Any, str | None]] = {}  # of exercises that are one: answer -> reason
_told: dict[str, int] = {}


class Verdict:
    """What `check` thinks of an answer: true if it is right; shows itself in a notebook.

    `behind` is what a notebook shows only when asked, behind a fold.
    """

    def __init__(self, number: str, right: bool | None, reason: str, behind: str = "") -> None:
        self.number, self.right, self.reason = said(number), right, said(reason)
        self.colon = ": " if self.reason == reason else JOINTS[": "]
        self.behind = behind

    def __bool__(self) -> bool:
        return self.right is True

    def __str__(self) -> str:
        mark = {True: "✓", False: "✗", None: "○"}[self.right]
        return f"{mark} {self.number}{self.colon}{self.reason}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = {True: "#1a7f37", False: "#cf222e", None: "#6e7781"}[self.right]
        shown = f'<span style="color:{colour}">{html.escape(str(self))}</span>'
        if not self.behind:
            return shown
        return f"<details><summary>{shown}</summary>{html.escape(self.behind)}</details>"


def check(number: str, answer: Any) -> Verdict:
    """Judge the answer to exercise `number`; `...` is an answer that is still to be given."""
    if number not in CHECKERS:
        return Verdict(str(number), False, "there is no such exercise; its number is a text: '1.2'")
    if unanswered(answer):
        return Verdict(number, None, "not answered yet: put your answer in place of the dots")
    try:
        reason = CHECKERS[number](answer)
    except Wrong as wrong:
        reason = str(wrong)
    except Exception as error:
        reason = f"your answer raises {type(error).__name__}: {error}"
    return Verdict(number, reason is None, reason or "right")


def unanswered(answer: Any) -> bool:
    """Whether dots still stand in the place of the answer, or of a part of it."""
    parts = answer if isinstance(answer, list | tuple) else [answer]
    return any(part is ... for part in parts)


class Wrong(Exception):
    """Says why an answer is wrong."""


def exercise(
    number: str, kind: str = "code", hints: Sequence[str] = ()
) -> Callable[[Judge], Judge]:
    """Register the checker of exercise `number`."""

    def register(checker: Judge) -> Judge:
        CHECKERS[number] = checker
        KIND[number] = kind
        HINTS[number] = tuple(hints)
        return checker

    return register


def hint(number: str) -> Verdict:
    """The next hint for exercise `number`; after the last one, where its solution stands.

    >>> HINTS["0.0"] = ("count the wires",)
    >>> hint("0.0"), hint("0.0")
    (○ 0.0: count the wires, ○ 0.0: that was all; worked out in the folder solutions)
    """
    told = _told[number] = _told.get(number, 0) + 1
    steps = HINTS.get(number, ())
    last = "that was all; worked out in the folder solutions"
    return Verdict(number, None, steps[told - 1] if told <= len(steps) else last)


class Guess:
    """What the reader expects, beside what comes out: `guess(12).reveal(f.data)`."""

    def __init__(self, expected: Any) -> None:
        self.expected = expected

    def reveal(self, found: Any) -> Verdict:
        if unanswered(self.expected):
            reason = "put it in place of the dots; to see what comes out, click here"
            return Verdict("your guess", None, reason, behind=_shown(found))
        right = bool(same(array(self.expected), array(found)))
        reason = f"{_shown(self.expected)}, and it is {_shown(found)}"
        return Verdict("your guess", right, "right" if right else reason)


def guess(expected: Any = ...) -> Guess:
    """Say what will come out before it does."""
    return Guess(expected)


def _shown(found: Any) -> str:
    return f"{found:.6g}" if isinstance(found, float) else str(found)


# ── exercises that are a table of answers ────────────────────────────────────────────────────


def number_exercise(
    number_: str,
    right: float,
    wrong: Mapping[float, str],
    otherwise: str,
    hints: Sequence[str] = (),
    within: float = 1e-6,
) -> None:
    """One number is asked; `wrong` says what each likely mistake gives and what it is."""
    table = TABLES[number_] = {right: None, **wrong}

    @exercise(number_, "number", hints)
    def _(answer: Any) -> str | None:
        found = number(answer)
        for value, reason in table.items():
            if math.isclose(found, value, rel_tol=within, abs_tol=1e-9):
                return reason
        return otherwise


def derivation(
    number_: str,
    right: str,
    wrong: Mapping[str, str],
    otherwise: str,
    hints: Sequence[str] = (),
) -> None:
    """A formula is asked, as text or as SymPy's; every equivalent one is right.

    `right` and the likely mistakes in `wrong` are formulas in SymPy's language.
    """
    table = TABLES[number_] = {right: None, **wrong}

    @exercise(number_, "derivation", hints)
    def _(answer: Any) -> str | None:
        found = formula(answer)
        if unknown := found.free_symbols - formula(right).free_symbols:
            allowed = ", ".join(sorted(map(str, formula(right).free_symbols)))
            return f"{unknown.pop()} is not given here; use {allowed}"
        for text, reason in table.items():
            if equal_formulas(found, formula(text)):
                return reason
        return otherwise


def function_exercise(
    number_: str,
    right: Callable[..., Any],
    cases: Sequence[tuple[Any, ...]],
    wrong: Mapping[Callable[..., Any], str],
    hints: Sequence[str] = (),
    kind: str = "bug",
) -> None:
    """A function is asked: it must do as `right` does for all `cases`, which are its arguments.

    `wrong` has functions that make a likely mistake, and what it is; the program whose bug is to
    be found is one of them.
    """
    TABLES[number_] = {right: None, **wrong}

    @exercise(number_, kind, hints)
    def _(answer: Any) -> str | None:
        with calling(answer):
            found = [_outcome(answer, case) for case in cases]
            for function, reason in {right: None, **wrong}.items():
                expected = [_outcome(function, case) for case in cases]
                if all(map(_equal, found, expected)):
                    return reason
            for case, got in zip(cases, found, strict=True):
                if not _equal(got, expected := _outcome(right, case)):
                    given = ", ".join(map(str, case))
                    return f"for {given} it is {_shown(expected)}, not {_shown(got)}"
        return None


def _outcome(function: Callable[..., Any], case: tuple[Any, ...]) -> Any:
    """What a function makes of arguments of its own; the name of the error that it raises."""
    try:
        return function(*copy.deepcopy(case))
    except Exception as error:
        return type(error).__name__


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, str) or isinstance(b, str) or a is None:
        return type(a) is type(b) and bool(a == b)
    return bool(same(array(a), array(b)))


def formula(answer: Any) -> Any:
    """Text as a SymPy expression in real symbols; σ and ^ mean what they mean on paper."""
    import sympy

    text = str(answer).replace("^", "**").replace("σ", "sigma").replace("−", "-")
    text = re.sub("[²³⁴⁵]", lambda found: f"**{unicodedata.digit(found[0])}", text)
    names = {name: sympy.Symbol(name, real=True) for name in "abcdefghijklmnopqrstuvwxyz"}
    names["sigma"] = sympy.Lambda(names["z"], 1 / (1 + sympy.exp(-names["z"])))
    try:
        return sympy.sympify(text, locals=names)
    except (sympy.SympifyError, SyntaxError, TypeError, AttributeError):
        raise Wrong(f"a formula is wanted, such as 'a * (1 - a)', not {answer!r}") from None


def equal_formulas(found: Any, right: Any) -> bool:
    """Whether two formulas are one function: compared at random points, for a simplifier may
    fail where an answer is right."""
    rng = random.Random(0)
    symbols = sorted(found.free_symbols | right.free_symbols, key=str)
    for _ in range(8):
        point = {symbol: rng.uniform(0.2, 0.9) for symbol in symbols}
        a, b = (complex(side.evalf(30, subs=point)) for side in (found, right))
        if not abs(a - b) <= 1e-9 * (1 + abs(b)):
            return False
    return True


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
    if hasattr(answer, "tolist"):
        answer = answer.tolist()
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
