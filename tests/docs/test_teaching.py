"""The teacher's guide says of each notebook what is in it."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
PAGES = {
    "explore": "explorer",
    "worksheet": "worksheet",
    "bug_zoo": "bug zoo",
    "playground": "playground",
}
ROWS = {
    int(cells[1]): [cell.strip() for cell in cells[2:-1]]
    for line in GUIDE.splitlines()
    if re.match(r"\| \d+ \|", line)
    for cells in [line.split("|")]
}


def text(path: Path, kind: str) -> str:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == kind)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_row_of_a_notebook_counts_its_exercises_and_names_its_pages(path: Path) -> None:
    idea, _, pages, *stars, minutes = ROWS[int(path.stem[:2])]
    graded = re.findall(r"(?m)^\*\*\d+\.\d+\*\* (★+) ", text(path, "markdown"))
    assert [int(n) for n in stars] == [graded.count("★" * k) for k in (1, 2, 3)]
    called = re.findall(r"\b(\w+)\(", text(path, "code"))
    assert pages == ", ".join(name for call, name in PAGES.items() if call in called)
    assert idea
    assert 30 <= int(minutes) <= 90


def test_every_notebook_has_a_row_and_every_syllabus_its_notebooks() -> None:
    assert sorted(ROWS) == [int(path.stem[:2]) for path in NOTEBOOKS]
    term = re.search(r"twelve weeks\.\*\* (.*?)\n[A-Z]", GUIDE, re.DOTALL)
    assert term
    assert sorted(map(int, re.findall(r"\d+", term[1]))) == sorted(ROWS)
    assert term[1].count("|") == 11
