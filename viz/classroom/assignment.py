"""Assignments: for each student of a class a worksheet of their own, all equally difficult."""

from __future__ import annotations

import csv
import json
import os
import re
import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from autodiff import Value

from ..languages.reading import text_of
from ..pages.scene import scene
from ..pages.worksheet.questions import Blank, blanks
from ..pages.worksheet.random_circuits import random_circuit
from ..pages.worksheet.worksheet import KINDS, TITLES, worksheet

__all__ = ["Assignment", "assignment"]

PLAN = "assignment.json"
HEADS = ("name", "姓名", "名字")  # what the column of names may be called
DEVICES = re.compile(r"(?i)con|prn|aux|nul|(com|lpt)\d")  # Windows writes no file of that name


@dataclass(frozen=True)
class Assignment:
    """What was handed out. From the seed alone every circuit and every answer can be made again.

    students    their names, as on the roster
    seed        a text that no student knows
    difficulty  of the circuits: "easy", "medium" or "hard"
    count       circuits for each student
    hide        what is to be found: "gradients", "values", "local" or "all"
    exam        sheets without hints, marks and score
    """

    students: tuple[str, ...]
    seed: str
    difficulty: str = "medium"
    count: int = 1
    hide: str = "gradients"
    title: str = ""
    exam: bool = False

    def __post_init__(self) -> None:
        if not all(isinstance(student, str) for student in self.students):
            raise ValueError(f"students are told apart by their names; got {self.students!r}")
        if not isinstance(self.count, int) or self.count < 1:
            raise ValueError(f"count is a whole number of at least 1; got {self.count!r}")
        if self.hide not in TITLES:
            raise ValueError(f"hide is one of {', '.join(map(repr, TITLES))}; got {self.hide!r}")
        random_circuit(self.difficulty)  # refuses what there is not

    def circuits(self, student: str) -> list[Value]:
        """The circuits of one student, each with as many blanks as everybody's."""
        return [self._circuit(student, k) for k in range(self.count)]

    def questions(self, student: str) -> dict[str, Blank]:
        """The blanks of one student by their tags, as "1A" for blank A of circuit 1."""
        return {
            f"{k}{blank.tag}": blank
            for k, root in enumerate(self.circuits(student), 1)
            for blank in self._blanks(root)
        }

    def save(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write the plan, and a sheet and a key for each student.

        Raises ValueError where another assignment lies: its answers could no longer be marked.
        """
        into = Path(folder)
        plan = json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"
        plan = plan.encode("utf-8", "backslashreplace").decode("utf-8")  # which is JSON's escape
        there = into / PLAN
        if there.exists() and there.read_text(encoding="utf-8", errors="replace") != plan:
            raise ValueError(
                f"{os.fspath(folder)!r} holds another assignment, and answers are marked by its "
                "plan; give another folder"
            )
        made = {into / PLAN: plan}
        for student, name in zip(self.students, _file_names(self.students), strict=True):
            title = f"{self.title or TITLES[self.hide]}: {student}"
            roots = self.circuits(student)
            sheet = worksheet(roots, self.hide, title=title, student=student, exam=self.exam)
            made[into / "sheets" / f"{name}.html"] = sheet.html
            made[into / "keys" / f"{name}.html"] = sheet.key.html
        for path, text in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(made)

    def _circuit(self, student: str, k: int) -> Value:
        wanted = None
        for root in self._candidates("", k):
            wanted = len(self._blanks(root))
            break
        return next(r for r in self._candidates(student, k) if len(self._blanks(r)) == wanted)

    def _candidates(self, student: str, k: int) -> Iterator[Value]:
        attempt = 0
        while True:
            text = f"{self.seed}/{student}/{k}/{attempt}"
            yield random_circuit(self.difficulty, int(sha256(text.encode()).hexdigest(), 16))
            attempt += 1

    def _blanks(self, root: Value) -> list[Blank]:
        kinds = KINDS if self.hide == "all" else (self.hide,)
        return blanks(root, kinds, scene(root, grouped=False).index)


def assignment(
    roster: str | os.PathLike[str],
    *,
    seed: str | int | None = None,
    difficulty: str = "medium",
    count: int = 1,
    hide: str = "gradients",
    title: str = "",
    exam: bool = False,
) -> Assignment:
    """An assignment for everybody on a roster.

    roster  a CSV; its first column, or the one that is called "name", has the students' names
    seed    equal seeds give equal assignments, so it is best kept from the class; without one
            it is drawn, and stands in the plan
    exam    sheets that give neither hints nor marks, and whose source knows no answer

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "class.csv").write_text("name\\nAda\\nKurt\\n")
    >>> homework = assignment(folder / "class.csv", seed="spring", difficulty="easy")
    >>> homework.students
    ('Ada', 'Kurt')
    >>> [path.relative_to(folder).as_posix() for path in homework.save(folder)][:3]
    ['assignment.json', 'sheets/Ada.html', 'keys/Ada.html']

    Raises ValueError for a roster without names, or with one twice, and for a `hide` or a
    `difficulty` that there is not.
    """
    given = secrets.token_hex(8) if seed is None else str(seed)
    return Assignment(tuple(_names(Path(roster))), given, difficulty, count, hide, title, exam)


def _names(roster: Path) -> list[str]:
    if not roster.is_file():
        raise FileNotFoundError(
            f"there is no roster {os.fspath(roster)!r}; give a CSV with a student in each row"
        )
    lines = text_of(roster).splitlines()
    comma = max(",;\t", key=lines[0].count) if lines else ","  # as Excel has it in Europe
    try:
        rows = [row for row in csv.reader(lines, delimiter=comma) if any(c.strip() for c in row)]
    except csv.Error as error:
        raise ValueError(f"{roster.name} cannot be read as a CSV: {error}") from None
    heads = [cell.strip().lower() for cell in rows[0]] if rows else []
    head = next((head for head in HEADS if head in heads), "")
    column = heads.index(head) if head else 0
    names = [row[column].strip() for row in rows[bool(head) :] if len(row) > column]
    if not names:
        raise ValueError(f"{roster.name} has no names; give a CSV with a student in each row")
    told = Counter(map(plain, names))
    if twice := [name for name in names if told[plain(name)] > 1]:
        raise ValueError(f"{roster.name} has {twice[0]!r} twice; add what tells them apart")
    if colons := [name for name in names if ": " in name]:
        raise ValueError(f"{roster.name}: a name cannot have a colon, as {colons[0]!r} has")
    return names


def plain(name: str) -> str:
    """A name as it is compared: capitals, blanks and how an é is written tell nobody apart."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _file_names(students: tuple[str, ...]) -> list[str]:
    """A name for each student that every file system takes."""
    short = []
    for student in students:
        name = re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFKC", student)).strip("-")[:60]
        short.append(f"student-{name}" if DEVICES.fullmatch(name) else name or "student")
    often = Counter(name.lower() for name in short)
    names: list[str] = []
    for k, name in enumerate(short, 1):
        wanted = name if often[name.lower()] == 1 else f"{name}-{k}"
        while wanted.lower() in map(str.lower, names):
            wanted += "-"
        names.append(wanted)
    return names
