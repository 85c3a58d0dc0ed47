"""The course for nbgrader: its own commands make, strip and grade the assignments."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "notebooks"))

import grading  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_is_a_solution_and_a_locked_check_worth_its_stars(path: Path) -> None:
    made = grading.assignment(path)
    MetadataValidator().validate_nb(made)
    marked = [cell for cell in made.cells if "nbgrader" in cell.metadata]
    answers, checks = marked[::2], marked[1::2]
    assert len(answers) == len(checks) == len(grading.solutions(path.stem)) > 0
    for answer, check in zip(answers, checks, strict=True):
        number = check.metadata.nbgrader.grade_id.removeprefix("check-").replace("-", ".")
        assert answer.metadata.nbgrader.solution
        assert answer.source.count("### BEGIN SOLUTION") == 1
        assert check.metadata.nbgrader.locked
        assert f'check("{number}"' in check.source
        text = "\n".join(c.source for c in made.cells if c.cell_type == "markdown")
        line = next(s for s in text.splitlines() if s.startswith(f"**{number}**"))
        assert check.metadata.nbgrader.points == max(1, line.count("★"))


@pytest.mark.slow
def test_nbgrader_hands_it_out_without_solutions_and_marks_what_comes_back(tmp_path: Path) -> None:
    """Two exercises answered, one of them wrongly; the others are left as they were handed out."""
    grading.save(tmp_path)
    name = "04_build_the_engine"
    run = [sys.executable, "-m", "nbgrader"]
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'glassgrad'\n"
    )

    def nbgrader(*command: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        subprocess.run([*run, *command], cwd=tmp_path, env=environment, check=True)

    nbgrader("generate_assignment", name)
    handed_out = tmp_path / "release" / name
    notebook = nbformat.read(handed_out / f"{name}.ipynb", 4)
    assert "BEGIN SOLUTION" not in json.dumps(notebook)
    for cell in notebook.cells:
        answer = {"answer-4-3": '"-o / b"', "answer-4-6": "[72, 72]"}
        if (found := cell.metadata.get("nbgrader", {}).get("grade_id")) in answer:
            cell.source = f"answer = {answer[found]}"
    submitted = tmp_path / "submitted" / "ada" / name
    shutil.copytree(handed_out, submitted)
    nbformat.write(notebook, submitted / f"{name}.ipynb")
    nbgrader("autograde", name)
    with sqlite3.connect(tmp_path / "gradebook.db") as book:
        marks = dict(
            book.execute(
                "select cell.name, grade.auto_score from grade "
                "join base_cell cell on cell.id = grade.cell_id"
            ).fetchall()
        )
    assert {name for name, score in marks.items() if score} == {"check-4-3"}
    assert marks["check-4-3"] == 2
    assert len(marks) == len(grading.solutions(name))
