"""Thirty variants, marked: every mistake that was planted is named."""

import csv
import os
import random
from pathlib import Path

import pytest

from tests.viz.classroom.test_assignment import CLASS, roster
from viz import Mark, assignment, mark
from viz.classroom.marking import EMPTY, NO_NUMBER, SIGN, UNKNOWN, judged
from viz.pages.worksheet.questions import Blank


def planted(blank: Blank, rng: random.Random) -> tuple[str, str | None]:
    """An answer, and what is to be said of it."""
    truth = blank.truth
    slips = [(number, said) for number, said in blank.slips if number not in (truth, -truth)]
    kinds: list[tuple[str, str | None]] = [(f"{truth:g}", None), ("", EMPTY), ("π", NO_NUMBER)]
    if truth:
        kinds.append((f"{-truth:g}".replace("-", "−"), SIGN))
    if slips:
        number, _ = rng.choice(slips)
        kinds.append((f"{number:g}", next(said for slip, said in slips if slip == number)))
    return rng.choice(kinds)


@pytest.mark.parametrize("hide", ["gradients", "local"])
def test_thirty_variants_with_planted_mistakes(hide: str, tmp_path: Path) -> None:
    rng = random.Random(0)
    made = assignment(roster(tmp_path), seed="autumn", difficulty="hard", hide=hide)
    made.save(tmp_path / "homework")
    expected, lines = {}, []
    for student in CLASS:
        chosen = {tag: planted(blank, rng) for tag, blank in made.questions(student).items()}
        given = "; ".join(f"{tag}={text}" for tag, (text, _) in chosen.items())
        lines.append(f"answers of {student}: {given}")
        expected[student] = {tag: said for tag, (_, said) in chosen.items()}
    (tmp_path / "all.txt").write_text("\n".join(lines), "utf-8")

    marks = mark(tmp_path / "homework", [tmp_path / "all.txt"], tmp_path / "marks.csv")
    assert {each.student: each.mistakes for each in marks} == expected
    assert len({said for each in marks for said in each.mistakes.values()}) > 5

    with (tmp_path / "marks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["right"]) for row in rows] == [each.right for each in marks]
    assert {tag: rows[0][tag] or None for tag in expected[CLASS[0]]} == expected[CLASS[0]]


def test_whoever_hands_in_nothing_has_all_empty_and_the_last_line_counts(tmp_path: Path) -> None:
    made = assignment(roster(tmp_path, ["Ada", "Kurt"]), seed=1, difficulty="easy")
    made.save(tmp_path)
    right = "; ".join(f"{tag}={b.truth}" for tag, b in made.questions("Ada").items())
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("answers of Ada: 1A=99\n", "utf-8")
    (tmp_path / "in" / "b.txt").write_text(f"> hello\n  answers of Ada: {right}\n", "utf-8")
    ada, kurt = mark(tmp_path, [tmp_path / "in"])
    assert ada.right == len(ada.mistakes)
    assert kurt == Mark("Kurt", dict.fromkeys(ada.mistakes, EMPTY))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("answers of Eve: 1A=1", r"in\.txt: 'Eve' is not on the roster"),
        ("Dear teacher, I was ill.", r"in\.txt: no line 'answers of \.\.\.' in it"),
        ("answers of Ada: 7Z=1", "Ada: the sheet has no blank 7Z"),
        ("\n" * 200_000, r"in\.txt: no line"),  # and does not take minutes
    ],
)
def test_what_cannot_be_marked_is_said_and_stops_nobody(
    text: str, said: str, tmp_path: Path
) -> None:
    made = assignment(roster(tmp_path, ["Ada", "Kurt"]), seed=1, difficulty="easy")
    made.save(tmp_path)
    right = "; ".join(f"{tag}={b.truth}" for tag, b in made.questions("Kurt").items())
    (tmp_path / "in" / "Kurt").mkdir(parents=True)  # as a learning platform unpacks it
    (tmp_path / "in" / "in.txt").write_text(text, "utf-8")
    (tmp_path / "in" / "Kurt" / "a.txt").write_text(f"> answers of  KURT: {right}", "utf-16")
    with pytest.warns(UserWarning, match=said):
        _, kurt = mark(tmp_path, [tmp_path / "in"], tmp_path / "marks.csv")
    assert kurt.right == len(kurt.mistakes)
    assert (tmp_path / "marks.csv").exists()


def test_a_number_that_no_memory_holds_is_none() -> None:
    """Exponents of nine digits, by which a fraction would be written out."""
    blank = Blank("g0", "df/dx", -4.0, [], [])
    for text in ("1e999999999", "-1e-999999999", "9" * 5_000, "nan", "inf", "1/0", "1/inf/2"):
        assert judged(text, blank) in (NO_NUMBER, UNKNOWN)


def test_the_smallest_number_is_a_wrong_answer() -> None:
    """Divided by the right one it is 0, which has no logarithm."""
    blank = Blank("g0", "df/dx", 12.5, [], [(float("inf"), "overflow")])
    assert judged("5e-324", blank) == UNKNOWN
    assert judged("-5e-324", blank) == UNKNOWN
    assert judged("12.4999", blank) is None


def test_what_is_half_a_text_stops_nobody(tmp_path: Path) -> None:
    assignment(roster(tmp_path, ["Ada"]), seed=1, difficulty="easy").save(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.bin").write_bytes(b"\xff\xfeabc")
    (tmp_path / "in" / "b.txt").symlink_to("nowhere")
    with pytest.warns(UserWarning, match="no line|there is no file") as said:
        mark(tmp_path, [tmp_path / "in"])
    assert len(said) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system with named pipes")
def test_what_is_no_file_stops_nobody(tmp_path: Path) -> None:
    """Who reads a pipe waits for somebody who writes to it."""
    made = assignment(roster(tmp_path, ["Ada"]), seed=1, difficulty="easy")
    made.save(tmp_path)
    (tmp_path / "in" / "folder.txt").mkdir(parents=True)
    os.mkfifo(tmp_path / "in" / "a.txt")
    right = "; ".join(f"{tag}={b.truth}" for tag, b in made.questions("Ada").items())
    (tmp_path / "in" / "b.txt").write_text(f"answers of Ada: {right}", "utf-8")
    with pytest.warns(UserWarning, match=r"a\.txt: this is no file"):
        (ada,) = mark(tmp_path, [tmp_path / "in"])
    assert ada.right == len(ada.mistakes)


@pytest.mark.parametrize(
    "plan",
    ["{", "[]", "null", "{}", "[" * 100_000, '{"students": ["Ada"]}',
     '{"students": [1], "seed": 1}', '{"students": 5, "seed": 1}',
     '{"students": ["Ada"], "seed": 1, "colour": 2}',
     '{"students": ["Ada"], "seed": 1, "hide": "nothing"}',
     '{"students": ["Ada"], "seed": 1, "hide": []}',
     '{"students": ["Ada"], "seed": 1, "difficulty": []}',
     '{"students": ["Ada"], "seed": 1, "count": "2"}'],
)  # fmt: skip
def test_a_plan_that_was_changed_is_one_clear_error(plan: str, tmp_path: Path) -> None:
    (tmp_path / "assignment.json").write_text(plan, "utf-8")
    with pytest.raises(ValueError, match=r"assignment\.json' is not as it was written"):
        mark(tmp_path, [])


def test_an_accent_may_be_written_in_one_sign_or_two(tmp_path: Path) -> None:
    """A Mac writes the second, and hands back the same student."""
    one, two = "Jos\N{LATIN SMALL LETTER E WITH ACUTE}", "Jose\N{COMBINING ACUTE ACCENT}"
    made = assignment(roster(tmp_path, [one]), seed=1, difficulty="easy")
    made.save(tmp_path)
    right = "; ".join(f"{tag}={b.truth}" for tag, b in made.questions(one).items())
    (tmp_path / "a.txt").write_text(f"answers of {two}: {right}", "utf-8")
    (jose,) = mark(tmp_path, [tmp_path / "a.txt"])
    assert jose.right == len(jose.mistakes)
    with pytest.raises(ValueError, match="twice"):
        assignment(roster(tmp_path, [one, two]))


def test_no_name_becomes_a_formula(tmp_path: Path) -> None:
    """A spreadsheet would compute what stands in the marks."""
    names = ["=HYPERLINK(A1)", "@SUM(A1)", "+1", "-1", "Ada"]
    assignment(roster(tmp_path, names), seed=1, difficulty="easy").save(tmp_path)
    mark(tmp_path, [], tmp_path / "marks.csv")
    rows = (tmp_path / "marks.csv").read_text("utf-8").splitlines()[1:]
    assert [row[:2] for row in rows] == ["'=", "'@", "'+", "'-", "Ad"]
