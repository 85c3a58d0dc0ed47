"""Moodle's XML, read back by a parser."""

import base64
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from autodiff import Value, parse
from viz import moodle
from viz.command.cli import main


def circuit() -> Value:
    return parse("q = x + y; f = q * z", x=-2, y=5, z=-4)


def test_every_blank_is_a_numerical_question_with_its_answer_and_known_mistakes() -> None:
    quiz = ET.fromstring(moodle([circuit()]))
    questions = quiz.findall("question")
    assert [q.get("type") for q in questions] == ["numerical"] * 4
    answers = {}
    for question in questions:
        text = question.findtext("questiontext/text") or ""
        name = text.partition("<p>d")[2].partition(" = ?")[0]
        by_fraction: dict[str, list[float]] = {"100": [], "0": []}
        for answer in question.findall("answer"):
            by_fraction[answer.attrib["fraction"]].append(float(answer.findtext("text") or "nan"))
            assert float(answer.findtext("tolerance") or "nan") >= 0
        answers[f"d{name}"] = by_fraction["100"]
        assert len(by_fraction["0"]) >= 2
        assert not set(by_fraction["0"]) & set(by_fraction["100"])
    assert answers == {"df/dq": [-4.0], "df/dx": [-4.0], "df/dy": [-4.0], "df/dz": [3.0]}


def test_the_picture_is_in_the_question_and_shows_no_gradient() -> None:
    quiz = ET.fromstring(moodle([circuit()]))
    text = quiz.findtext("question/questiontext/text") or ""
    data = text.partition("base64,")[2].partition('"')[0]
    picture = ET.fromstring(base64.b64decode(data))
    shown = {"".join(t.itertext()).strip() for t in picture.iter() if t.tag.endswith("text")}
    assert {"−12", "−4"} <= shown  # values of f and z
    assert "1" not in shown  # df/df


def test_hostile_labels_stay_text() -> None:
    x, y = Value(2.0, label="<script>x</script>"), Value(3.0, label="a & b")
    quiz = ET.fromstring(moodle([x * y]))
    assert "<script>" not in "".join(quiz.itertext())


@pytest.mark.parametrize("sign", ["\0", "\b", "\x7f", "\ud800", "a\udc80b", "\ufffe", "\uffff"])
def test_what_xml_cannot_hold_is_shown_by_another_sign(sign: str) -> None:
    x, y = Value(2.0, label=sign), Value(3.0, label="y")
    quiz = moodle([x * y], title=f"a{sign}b").encode("utf-8")
    told = [text.text for text in ET.fromstring(quiz).iter("text")]
    (data,) = set(re.findall(r"base64,([^\"]+)", "".join(filter(None, told))))
    ET.fromstring(base64.b64decode(data))


@pytest.mark.parametrize("hide", ["values", "all", "none"])
def test_what_the_picture_shows_is_not_asked(hide: str) -> None:
    with pytest.raises(ValueError, match="a quiz asks for 'gradients' or 'local'"):
        moodle([circuit()], hide)


def test_the_command_writes_it(tmp_path: Path) -> None:
    target = tmp_path / "quiz.xml"
    assert main(["worksheet", "--count", "3", "--seed", "1", "-o", str(target)]) == 0
    assert len(ET.parse(target).getroot()) > 6
    assert main(["worksheet", "--hide", "values", "-o", str(target)]) == 2
