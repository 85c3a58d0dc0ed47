"""The course for nbgrader: `python notebooks/grading.py FOLDER` writes FOLDER/source/….

Each notebook becomes an assignment: the cell of an exercise holds its worked solution between
nbgrader's marks, which `nbgrader generate_assignment` takes out, and below it a locked cell, worth
as many points as the exercise has stars, lets the course's own checker judge.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import nbformat

HERE = Path(__file__).resolve().parent
NUMBER = r"\d+\.\d+"


def solutions(stem: str) -> dict[str, str]:
    """The code of each worked solution, which leaves its result in `answer`."""
    text = (HERE / "solutions" / f"{stem}.md").read_text(encoding="utf-8")
    found = {}
    for number, body in re.findall(rf"(?ms)^\*\*({NUMBER})\*\*(.*?)(?=^\*\*{NUMBER}\*\*|\Z)", text):
        code = "\n\n".join(re.findall(r"(?s)```python\n(.*?)```", body)).rstrip()
        last = ast.parse(code).body[-1]
        assert isinstance(last, ast.Expr), f"{stem}, {number}: it ends with no check(...)"
        assert isinstance(last.value, ast.Call), f"{stem}, {number}: it ends with no check(...)"
        lines = code.splitlines()[: last.lineno - 1]
        answer = ast.get_source_segment(code, last.value.args[1])
        found[number] = "\n".join([*lines, f"answer = {answer}"]).strip()
    return found


def assignment(path: Path) -> Any:
    """The notebook with nbgrader's marks, without outputs."""
    notebook: Any = nbformat.read(path, 4)
    solved, stars, cells = solutions(path.stem), {}, []
    for cell in notebook.cells:
        for number, rated in re.findall(rf"(?m)^\*\*({NUMBER})\*\* *(★*)", cell.source):
            stars[number] = max(1, len(rated))
        exercise = re.search(rf'(?m)^check\("({NUMBER})", ', cell.source)
        if cell.cell_type != "code" or not exercise:
            cells.append(cell)
            continue
        number = exercise[1]
        given = [f"# {line}" for line in cell.source[: exercise.start()].rstrip().splitlines()]
        marked = ["### BEGIN SOLUTION", solved[number], "### END SOLUTION"]
        cells.append(_cell("\n".join([*given, *marked]), f"answer-{number}", solution=True))
        # popped, so that no exercise is judged by the answer to the one before
        test = f'verdict = check("{number}", globals().pop("answer", ...))\nassert verdict, verdict'
        cells.append(_cell(test, f"check-{number}", points=stars.get(number, 1)))
    for cell in cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells = cells
    return notebook


def _cell(source: str, name: str, solution: bool = False, points: int = 0) -> Any:
    marks = {"schema_version": 3, "grade_id": name.replace(".", "-"), "task": False}
    marks |= {"solution": solution, "grade": not solution, "locked": not solution}
    cell: Any = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = marks if solution else marks | {"points": points}
    return cell


def save(folder: Path) -> list[Path]:
    """An assignment for each notebook, each with the checkers and the data that it reads."""
    made = []
    for path in sorted(HERE.glob("[0-9]*.ipynb")):
        into = folder / "source" / path.stem
        into.mkdir(parents=True, exist_ok=True)
        for part in ("exercises", "data"):
            shutil.copytree(
                HERE / part,
                into / part,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        made.append(into / path.name)
        nbformat.write(assignment(path), made[-1])
    return made


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("say where to write: python notebooks/grading.py FOLDER")
    for written in save(Path(sys.argv[1])):
        print(f"wrote {written}")
