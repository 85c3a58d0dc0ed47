"""What README.md shows is so: its Python runs, its commands exist and print what it says."""

import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest

from viz.command.cli import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    lines += [line[2:] for b in blocks("console") for line in b.splitlines() if line[:2] == "$ "]
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


def test_every_block_says_its_language() -> None:
    fences = re.findall(r"^```(.*)$", README, flags=re.MULTILINE)
    assert set(fences[::2]) <= {"python", "sh", "console", "powershell", "text"}
    assert set(fences[1::2]) == {""}


def test_the_python_runs_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one namespace; a comment after a line that ends in a name or a call is its value."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "readme"}
    assert blocks("python")
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
        for expression, shown in re.findall(r"^(?!\w+ = )(\S.*?)  # → (.*)$", block, re.MULTILINE):
            assert str(eval(expression, names)) == shown, expression
    printed = capsys.readouterr().out.splitlines()
    (source,) = blocks("text")
    assert not set(source.splitlines()) - set(printed)


def test_the_commands_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of glassgrad run, but for the long ones; those of others are known."""
    monkeypatch.chdir(tmp_path)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in commands():
        program, *words = shlex.split(command)
        if program == "make":
            assert re.search(rf"^{words[0]}:", makefile, flags=re.MULTILINE), command
        elif program == "autodiff":
            long = words[0] in ("demo", "playground")
            assert main([*words, "--help"] if long else words) == 0, command
        else:
            assert program in ("cd", "git", "python3", ".venv/bin/pip"), command


def test_the_output_of_commands_is_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks("console"):
        command, _, shown = block.removeprefix("$ ").partition("\n")
        assert main(shlex.split(command)[1:]) == 0
        assert capsys.readouterr().out.split() == shown.split()


def test_extras_and_commands_for_windows_exist() -> None:
    for extra in re.findall(r"\.\[([\w,]+)\]|glassgrad\[([\w,]+)\]", README):
        assert set("".join(extra).split(",")) <= set(EXTRAS)
    for line in "".join(blocks("powershell")).splitlines():
        assert line.startswith(("py ", ".venv\\Scripts\\")), line


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_links_and_pictures_lead_somewhere(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", text):
        path = "".join(target).partition("#")[0]
        if path and "://" not in path:
            assert (ROOT / path).exists(), path


def test_what_is_claimed_was_measured() -> None:
    measured = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    for row, pattern in {
        "glassgrad, same gates": r"([\d,]+) × faster with the same gates",
        "glassgrad, default MLP": r"([\d,]+) × with `nn.MLP`",
    }.items():
        (claim,) = re.findall(pattern, README)
        ratio = re.search(rf"^\| {row} \|[^|]*\| ([\d,.]+) × \|", measured, flags=re.MULTILINE)
        assert ratio
        assert float(ratio[1].replace(",", "")) > float(claim.replace(",", ""))
    moons = measured[measured.index("### Moons") : measured.index("### Smooth")]
    times = {
        name: float(ratio)
        for name, ratio in re.findall(
            r"^\| ([^|]+) \|[^|]*\| ([\d.]+) × \|", moons, flags=re.MULTILINE
        )
    }
    for peer, pattern in {
        "NumPy by hand": r"(\d+) × faster than NumPy written by hand",
        "JAX, jit": r"(\d+) × faster than JAX",
        "PyTorch, eager": r"(\d+) × than PyTorch",
    }.items():
        (claim,) = re.findall(pattern, README)
        assert times[peer] / times["glassgrad, native"] > float(claim)
    for memory in re.findall(r"\d+ B\b", README):
        assert memory in measured
