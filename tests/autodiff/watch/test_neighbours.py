"""Somebody else's nn or viz ahead of ours on the path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def imported(folder: Path, code: str = "import autodiff") -> str:
    """What Python says when it is started in that folder."""
    code = f"import sys; sys.path[1:1] = [{str(ROOT)!r}]; {code}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stderr


def test_a_file_of_ones_own_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "nn.py").write_text("", encoding="utf-8")
    (tmp_path / "viz").mkdir()
    (tmp_path / "viz" / "__init__.py").write_text("", encoding="utf-8")
    said = imported(tmp_path)
    assert f"ClashWarning: import nn finds {tmp_path.resolve() / 'nn.py'}" in said
    assert f"import viz finds {tmp_path.resolve() / 'viz' / '__init__.py'}" in said
    assert "rename the file or folder if it is yours" in said


def test_nothing_is_said_where_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "viz").mkdir()  # a folder without Python in it is no package
    assert imported(tmp_path) == ""
    assert imported(tmp_path, "import types; sys.modules['nn'] = None; import autodiff") == ""
