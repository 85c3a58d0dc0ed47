"""The command `autodiff worksheet`."""

from pathlib import Path

import pytest

from viz.command.cli import main


def test_a_sheet_of_an_expression(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "sheet.html"
    command = ["worksheet", "(x + y) * z", "x=-2", "y=5", "z=-4", "--hide", "all"]
    assert main([*command, "-o", str(target)]) == 0
    key = tmp_path / "sheet-key.html"
    assert capsys.readouterr().out == f"wrote {target}\nwrote {key}\n"
    assert "<title>Answer key: (x + y) * z</title>" in key.read_text(encoding="utf-8")
    assert "<title>(x + y) * z</title>" in target.read_text(encoding="utf-8")


def test_random_sheets_are_seeded(tmp_path: Path) -> None:
    def made(name: str, *options: str) -> str:
        target = tmp_path / name
        assert main(["worksheet", "--difficulty", "hard", *options, "-o", str(target)]) == 0
        return target.read_text(encoding="utf-8")

    assert made("a", "--seed", "3", "--count", "2") == made("b", "--seed", "3", "--count", "2")
    assert made("a", "--seed", "3") != made("b", "--seed", "4")


def test_the_bug_zoo_of_an_expression(tmp_path: Path) -> None:
    target = tmp_path / "zoo.html"
    assert main(["worksheet", "x * x", "x=3", "--bugs", "-o", str(target)]) == 0
    assert "no topological sort" in target.read_text(encoding="utf-8")


def test_spare_circuits_come_along_and_the_key_goes_where_it_is_sent(tmp_path: Path) -> None:
    sheet, key = tmp_path / "a.html", tmp_path / "answers" / "b.html"
    key.parent.mkdir()
    assert main(["worksheet", "--spare", "2", "-o", str(sheet), "--key", str(key)]) == 0
    assert '"spare": [{' in sheet.read_text(encoding="utf-8")
    assert key.read_text(encoding="utf-8").count('"scene": ') == 3
    assert main(["worksheet", "--spare", "0", "-o", str(sheet), "--key", str(key)]) == 0
    assert '"spare": []' in sheet.read_text(encoding="utf-8")
    circuit = ["(x + y) * z", "x=-2", "y=5", "z=-4"]  # with other numbers
    assert main(["worksheet", *circuit, "--spare", "3", "-o", str(sheet), "--key", str(key)]) == 0
    assert key.read_text(encoding="utf-8").count('"scene": ') == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["x*y", "x=1", "y=2", "--seed", "1"], "--seed is for random circuits"),
        (["--count", "0"], "--count is from 1 to 50, not 0"),
        (["--spare", "51"], "--spare is from 0 to 50, not 51"),
        (["--difficulty", "evil"], "there is no 'evil'"),
        (["--hide", "nothing"], "hide is one of"),
        (["--bugs", "--count", "2"], "--bugs shows one circuit"),
        (["x", "x=1"], "there is nothing to find"),
        (["x +"], "autodiff: "),
    ],
)
def test_bad_requests_end_with_one_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["worksheet", *options, "-o", str(tmp_path / "a.html")]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1 or options == ["x +"]


def test_circuits_on_a_topic_and_before_a_class(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "talk.html"
    options = ["--present", "--topic", "max", "--count", "2"]
    assert main(["worksheet", *options, "-o", str(target)]) == 0
    assert capsys.readouterr().out == f"wrote {target}\n"
    assert 'id="question"' in target.read_text(encoding="utf-8")
    assert main(["worksheet", "x*x", "x=3", "--topic", "max"]) == 2
    assert "--topic is for random circuits" in capsys.readouterr().err
    assert main(["worksheet", "--present", "--bugs"]) == 2
    assert "--bugs and --present are two pages" in capsys.readouterr().err
