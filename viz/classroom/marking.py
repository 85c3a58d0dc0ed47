"""Marking: what students hand in, compared with their own variant, and the mistake behind it."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..languages.reading import text_of
from ..languages.translate import spoken, translate
from ..pages.worksheet.questions import GRID, Blank
from .assignment import PLAN, Assignment, plain

__all__ = ["Mark", "mark"]

NEAR = 10 * GRID  # three digits are enough
LINE = re.compile(r"(?m)^[ \t\xa0>|]*answers of (?P<student>.+?): (?P<given>.*)$")
EMPTY, SIGN, NO_NUMBER = "empty", "Check the sign.", "not a number"
UNKNOWN = "no known mistake"


class Mark(NamedTuple):
    """One student's: for every blank None where it is right, else the mistake."""

    student: str
    mistakes: dict[str, str | None]

    @property
    def right(self) -> int:
        """How many blanks are right."""
        return sum(mistake is None for mistake in self.mistakes.values())


@spoken
def mark(
    folder: str | os.PathLike[str],
    answers: Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str] | None = None,
    *,
    lang: str | None = None,
) -> list[Mark]:
    """Mark what came back for the assignment in `folder`.

    answers  text files (or folders of them) with the lines that "Copy my answers" gives, such as
             ``answers of Ada: 1A=-4; 1B=3``; of a student's lines the last one counts
    path     where to write the marks, as a CSV with a column for each blank

    Whoever handed in nothing has all blanks empty. What cannot be marked is warned of: a file
    without such a line, somebody who is not on the roster, a blank that the sheet has not. Raises
    ValueError for a folder without an assignment.
    """
    plan = Path(folder) / PLAN
    if not plan.is_file():
        raise ValueError(f"{os.fspath(folder)!r} has no {PLAN}; name the assignment's own folder")
    try:
        told = json.loads(plan.read_text(encoding="utf-8"))
        handed_out = Assignment(**told | {"students": tuple(told["students"])})
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f"{os.fspath(plan)!r} is not as it was written ({error}); answers cannot be marked "
            "without it"
        ) from None
    given = _read(answers, handed_out.students)
    marks = []
    for student in handed_out.students:
        questions = handed_out.questions(student)
        mine = given.get(student, {})
        if strange := [tag for tag in mine if tag and tag not in questions]:
            warnings.warn(f"{student}: the sheet has no blank {strange[0]}", stacklevel=2)
        found = {tag: judged(mine.get(tag, ""), blank) for tag, blank in questions.items()}
        marks.append(Mark(student, {tag: said and translate(said) for tag, said in found.items()}))
    if path is not None:
        _write(Path(path), marks)
    return marks


def judged(text: str, blank: Blank) -> str | None:
    """None for a right answer, else the mistake.

    >>> product = Blank("g0", "df/dx", -4.0, [], [(12.0, "upstream only")])
    >>> judged("-4", product), judged("4.0", product), judged("12", product), judged("", product)
    (None, 'Check the sign.', 'upstream only', 'empty')
    >>> judged("-3.999", product), judged("-8/2", product), judged("many", product)
    ('no known mistake', None, 'not a number')
    """
    if not text.strip():
        return EMPTY
    try:
        above, fraction, below = text.replace("−", "-").replace(" ", "").partition("/")
        answer = float(above) / float(below if fraction else 1)
    except (ValueError, ZeroDivisionError):
        return NO_NUMBER
    if not math.isfinite(answer):
        return NO_NUMBER
    if _agrees(answer, blank.truth):
        return None
    if _agrees(-answer, blank.truth):
        return SIGN
    return next((said for slip, said in blank.slips if _agrees(answer, slip)), UNKNOWN)


def _agrees(answer: float, truth: float) -> bool:
    """Whole numbers exactly, others to three digits."""
    if answer == truth or float(truth).is_integer() or not answer * truth > 0:
        return math.isclose(answer, truth, rel_tol=1e-9)
    return abs(math.log(abs(answer)) - math.log(abs(truth))) <= NEAR  # a quotient may be 0


def _read(
    answers: Iterable[str | os.PathLike[str]], students: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """What each student has given, by blank."""
    known = {plain(student): student for student in students}
    given: dict[str, dict[str, str]] = {}
    files = (sorted(p.rglob("*")) if p.is_dir() else [p] for p in map(Path, answers))
    for path in (path for several in files for path in several if not path.is_dir()):
        if path.exists() and not path.is_file():  # a pipe would be waited for
            warnings.warn(f"{path.name}: this is no file", stacklevel=3)
            continue
        try:
            lines = list(LINE.finditer(text_of(path)))
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            what = f"there is no file {os.fspath(path)!r}" if missing else str(error)
            warnings.warn(what, stacklevel=3)
            continue
        if not lines:
            warnings.warn(f"{path.name}: no line 'answers of ...' in it", stacklevel=3)
        for line in lines:
            student = known.get(plain(line["student"]))
            if student is None:
                what = f"{path.name}: {line['student'].strip()!r} is not on the roster"
                warnings.warn(what, stacklevel=3)
                continue
            pairs = (pair.partition("=") for pair in line["given"].split(";"))
            given[student] = {tag.strip(): text.strip() for tag, _, text in pairs}
    return given


def _write(path: Path, marks: list[Mark]) -> None:
    tags = list(dict.fromkeys(tag for each in marks for tag in each.mistakes))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*map(translate, ("name", "right", "of")), *tags])
        for each in marks:
            cells = [each.mistakes.get(tag) or "" for tag in tags]
            table.writerow([_cell(each.student), each.right, len(each.mistakes), *cells])


def _cell(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
