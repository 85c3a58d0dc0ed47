"""The commands for a class: `autodiff assignment` and `autodiff mark`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from ..languages.translate import translate
from .arguments import Parser, Refused

__all__ = ["assign", "hand_back"]


def assign(argv: Sequence[str]) -> int:
    """`autodiff assignment`: hand out; the exit status."""
    parser = Parser(
        "autodiff assignment",
        description="Write a worksheet for each student of a class, all equally difficult, and\n"
        "the keys. What comes back is marked by: autodiff mark FOLDER ANSWERS ...",
    )
    parser.options(
        "",
        ("--roster", "CLASS.csv", "the students: a column called name, or the first one"),
        ("-o --output", "FOLDER", "where to write (assignment)"),
        ("--seed", "TEXT", "equal seeds give equal assignments; drawn if left out"),
        ("--difficulty", "LEVEL", "easy, medium or hard (medium)"),
        ("--count", "N", "circuits for each student (1)"),
        ("--hide", "WHAT", "gradients, values, local or all (gradients)"),
        ("--title", "TITLE", "a heading"),
        ("--exam", "", "neither hints nor marks on the sheets"),
    )
    chosen = parser.read(argv)
    if not chosen.roster:
        parser.error("say who the students are: --roster CLASS.csv")
    from ..classroom.assignment import assignment

    folder = chosen.output or "assignment"
    given = {
        name: getattr(chosen, name) for name in ("seed", "difficulty", "count", "hide", "title")
    }
    try:
        made = assignment(
            chosen.roster, exam=chosen.exam, **{k: v for k, v in given.items() if v is not None}
        )
        written = made.save(folder)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from None
    print(translate(f"wrote {len(written)} files into {folder}: a sheet and a key"))
    rest = f"for each of the students ({len(made.students)}), and the plan, for the teacher alone"
    print(translate(rest))
    return 0


def hand_back(argv: Sequence[str]) -> int:
    """`autodiff mark`: mark and hand back; the exit status."""
    parser = Parser(
        "autodiff mark",
        "files",
        "the assignment's folder, then what came back: text files, or folders of them",
        usage="autodiff mark FOLDER ANSWERS ... [-o MARKS.csv]",
        description="Mark what came back for an assignment: text files, or folders of them, with\n"
        "the lines that the button 'Copy my answers' gives.",
    )
    parser.options("", ("-o --output", "MARKS.csv", "a row for each student (marks.csv)"))
    chosen = parser.read(argv)
    from ..classroom.marking import mark

    folder, *answers = chosen.arguments
    if not answers:
        parser.error("name what came back: text files, or folders of them")
    output = chosen.output or "marks.csv"
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            marks = mark(folder, answers, output)
    except (OSError, ValueError) as error:
        raise Refused(str(error)) from None
    for warning in said:
        print(f"autodiff: {translate(str(warning.message))}", file=sys.stderr)
    for each in marks:
        print(f"{each.student}: " + translate(f"{each.right} of {len(each.mistakes)} right"))
    print(translate(f"wrote {output}"))
    return 0
