"""Assignments: a variant for each student, all equally difficult, and no answers in them."""

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from viz import Assignment, assignment, mark
from viz.command.cli import main
from viz.languages.translate import speaking

CLASS = [f"Student {k:02}" for k in range(30)]


def roster(folder: Path, names: list[str] = CLASS) -> Path:
    path = folder / "class.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["number", "name"], *enumerate(names)])
    return path


def test_every_student_has_other_numbers_and_as_many_blanks(tmp_path: Path) -> None:
    made = assignment(roster(tmp_path), seed="spring", difficulty="medium", count=2)
    assert made.students == tuple(CLASS)
    truths, tags = set(), set()
    for student in CLASS:
        questions = made.questions(student)
        truths.add(tuple(blank.truth for blank in questions.values()))
        tags.add(tuple(questions))
    assert len(truths) == 30
    assert len(tags) == 1


def test_equal_seeds_give_equal_assignments_and_a_drawn_one_stands_in_the_plan(
    tmp_path: Path,
) -> None:
    path = roster(tmp_path, ["Ada", "Kurt"])
    first, again = (assignment(path, seed=7).questions("Ada") for _ in range(2))
    assert [b.truth for b in first.values()] == [b.truth for b in again.values()]
    drawn, other = assignment(path), assignment(path)
    assert drawn.seed != other.seed
    drawn.save(tmp_path / "out")
    plan = json.loads((tmp_path / "out" / "assignment.json").read_text("utf-8"))
    assert plan["seed"] == drawn.seed


def test_neither_the_answers_nor_the_seed_stand_in_a_sheet(tmp_path: Path) -> None:
    """What is left is a seal that knows an answer when it sees one."""
    made = assignment(roster(tmp_path, ["Ada"]), seed="a seed that nobody guesses", hide="all")
    made.save(tmp_path)
    sheet = (tmp_path / "sheets" / "Ada.html").read_text("utf-8")
    key = (tmp_path / "keys" / "Ada.html").read_text("utf-8")
    assert made.seed not in sheet
    assert '"truth"' in key
    assert '"truth"' not in sheet
    data = json.loads(re.findall(r"const DATA = (.*);\n", sheet)[0])["sheets"][0]
    asked = {blank["key"] for blank in data["blanks"]}
    assert {key[0] for key in asked} == {"v", "l", "g"}
    for i, node in enumerate(data["scene"]["nodes"]):
        assert (node["data"] is None) == (f"v{i}" in asked)
        assert (node["grad"] is None) == (f"g{i}" in asked)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name\nAda\nAda\n", "has 'Ada' twice"),
        ("name\nAda\nada \n", "has 'Ada' twice"),  # marking could not tell them apart
        ("name\n", "has no names"),
        ("", "has no names"),
        ("name\nAda: B\n", ": a name cannot have a colon, as 'Ada: B'"),
        ("x" * 200_000, "cannot be read as a CSV: field larger"),
    ],
    ids=["twice", "capitals", "only a head", "empty", "colon", "long"],
)
def test_a_roster_that_does_not_tell_its_students_apart_is_refused(
    text: str, why: str, tmp_path: Path
) -> None:
    (tmp_path / "class.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"class\.csv ?{why}"):
        assignment(tmp_path / "class.csv")


@pytest.mark.parametrize(
    "text", ["name;mail\nJosé;a@b\n", "name\tmail\nJosé\ta@b\n", "mail,name\na@b,José\n"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_roster_is_read_as_spreadsheets_write_it(
    text: str, encoding: str, tmp_path: Path
) -> None:
    (tmp_path / "class.csv").write_bytes(text.encode(encoding))
    assert assignment(tmp_path / "class.csv").students == ("José",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_roster_is_read_as_spreadsheets_write_it(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "class.csv").write_bytes("学号,姓名\n1,王小明\n2,李华\n".encode(encoding))
    with speaking("zh"):
        assert assignment(tmp_path / "class.csv").students == ("王小明", "李华")


def test_an_assignment_is_not_written_over_another(tmp_path: Path) -> None:
    """Its plan is what answers are marked by."""
    path = roster(tmp_path, ["Ada"])
    assignment(path, seed=1, difficulty="easy").save(tmp_path / "out")
    assignment(path, seed=1, difficulty="easy").save(tmp_path / "out")
    with pytest.raises(ValueError, match="out' holds another assignment"):
        assignment(path, seed=2, difficulty="easy").save(tmp_path / "out")


def test_a_damaged_plan_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "assignment.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(ValueError, match="holds another assignment"):
        assignment(roster(tmp_path, ["Ada"]), seed=1, difficulty="easy").save(tmp_path)


def test_half_a_character_in_a_title_is_spelt_out(tmp_path: Path) -> None:
    """As a terminal of another encoding hands it over; a page spells it so, too."""
    made = assignment(roster(tmp_path, ["Ada"]), seed=1, difficulty="easy", title="a\udcff")
    made.save(tmp_path)
    made.save(tmp_path)
    assert json.loads((tmp_path / "assignment.json").read_text("utf-8"))["title"] == "a\udcff"
    assert r"a\udcff: Ada" in (tmp_path / "sheets" / "Ada.html").read_text("utf-8")


@pytest.mark.parametrize(
    "option", [{"hide": "nothing"}, {"difficulty": "nightmare"}, {"count": 0}, {"count": 1.5}]
)
def test_what_there_is_not_is_refused(option: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"(hide is one of|difficulty is|count is a whole)"):
        assignment(roster(tmp_path), **option)  # type: ignore[arg-type]


def test_names_become_files_that_every_system_takes(tmp_path: Path) -> None:
    names = ["Ada/Lovelace", "ada lovelace", "小明", "..", 'a"b?', "a b", "a/b", "a-b-6", "x" * 300]
    written = assignment(roster(tmp_path, names), seed=1, difficulty="easy").save(tmp_path / "out")
    sheets = [path.stem for path in written if path.parent.name == "sheets"]
    assert sheets[:4] == ["Ada-Lovelace-1", "ada-lovelace-2", "小明", "student"]
    assert sheets[4:] == ["a-b-5", "a-b-6", "a-b-7", "a-b-6-", "x" * 60]  # nobody gets another's


def test_no_name_becomes_a_device_of_windows(tmp_path: Path) -> None:
    """Con.html cannot be written there, COM¹.html neither."""
    names = ["Con", "nul", "AUX!", "prn", "COM1", "LPT\N{SUPERSCRIPT TWO}", "Conny", "com"]
    written = assignment(roster(tmp_path, names), seed=1, difficulty="easy").save(tmp_path / "out")
    sheets = [path.stem for path in written if path.parent.name == "sheets"]
    devices = ["Con", "nul", "AUX", "prn", "COM1", "LPT2"]
    assert sheets == [*(f"student-{name}" for name in devices), "Conny", "com"]


def test_the_commands_hand_out_and_mark(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "homework"
    options = ["--seed", "7", "--difficulty", "easy", "-o", str(out)]
    assert main(["assignment", "--roster", str(roster(tmp_path, ["Ada"])), *options]) == 0
    assert "for each of the students (1)" in capsys.readouterr().out
    plan = json.loads((out / "assignment.json").read_text("utf-8"))
    made = Assignment(**plan | {"students": tuple(plan["students"])})
    right = "; ".join(f"{tag}={b.truth}" for tag, b in made.questions("Ada").items())
    mail, marks = tmp_path / "mail.txt", tmp_path / "marks.csv"
    mail.write_text(f"Dear teacher,\nanswers of Ada: {right}\n", "utf-8")
    assert main(["mark", str(out), str(mail), "-o", str(marks)]) == 0
    with marks.open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["right"] == row["of"] == str(len(made.questions("Ada")))
    assert main(["assignment"]) == 2
    assert main(["mark", str(out)]) == 2
    assert "name what came back" in capsys.readouterr().err
    assert main(["mark", str(tmp_path), str(mail)]) == 2
    assert "has no assignment.json" in capsys.readouterr().err


@pytest.mark.browser
def test_what_the_sheet_copies_is_what_is_marked(page: Page, tmp_path: Path) -> None:
    made = assignment(roster(tmp_path, ["小明"]), seed=3, difficulty="easy", count=2)
    made.save(tmp_path)
    page.goto((tmp_path / "sheets" / "小明.html").as_uri())
    expect(page.locator(".who span").first).to_have_text("小明")
    fields = page.locator(".question input").all()
    for field, blank in zip(fields, made.questions("小明").values(), strict=True):
        field.fill(str(blank.truth))
        field.press("Enter")
    page.get_by_role("button", name="Copy my answers").click()
    (tmp_path / "line.txt").write_text(page.locator("#answers").input_value(), "utf-8")
    (result,) = mark(tmp_path, [tmp_path / "line.txt"])
    assert result.right == len(result.mistakes) == len(fields) > 0


def test_a_roster_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing = str(tmp_path / "nobody.csv")
    assert main(["assignment", "--roster", missing]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"autodiff: there is no roster {missing!r}; give a CSV")


def test_a_sheet_for_an_exam_knows_no_answer_and_says_nothing(page: Page, tmp_path: Path) -> None:
    made = assignment(roster(tmp_path, ["Ada"]), seed="spring", exam=True)
    made.save(tmp_path)
    path = tmp_path / "sheets" / "Ada.html"
    data = json.loads(re.findall(r"const DATA = (.*);\n", path.read_text("utf-8"))[0])
    assert {name for b in data["sheets"][0]["blanks"] for name in b} == {"key", "tag", "name"}
    page.goto(path.as_uri())
    first = page.locator(".question input").first
    first.fill("99")
    first.press("Enter")
    expect(page.locator(".question input").nth(1)).to_be_focused()
    assert page.locator("progress").is_hidden()
    assert page.locator(".mark, .hint, .slip, .question button, .wrong, .right").count() == 0
    page.get_by_role("button", name="Copy my answers").click()
    copied = page.locator("#answers").input_value()
    (tmp_path / "ada.txt").write_text(copied, encoding="utf-8")
    (marked,) = mark(tmp_path, [tmp_path / "ada.txt"])
    assert marked.right == 0
