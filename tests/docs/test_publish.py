"""What is put beside a built site: the course in JupyterLite."""

import json
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import served

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))

import publish  # noqa: E402


def test_every_notebook_begins_by_installing_the_package(tmp_path: Path) -> None:
    publish.course(tmp_path / "course")
    made = sorted((tmp_path / "course").rglob("*.ipynb"))
    books = sorted((ROOT / "notebooks").glob("**/[0-9]*.ipynb"))
    assert [path.relative_to(tmp_path / "course") for path in made] == [
        path.relative_to(ROOT / "notebooks") for path in books
    ]
    for path in made:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        assert code[0] == publish.INSTALL
        assert code[0] not in code[1:]
    assert (tmp_path / "course" / "exercises" / "__init__.py").is_file()


@pytest.mark.slow
def test_the_first_notebook_opens_in_jupyterlite(chromium: Browser, tmp_path: Path) -> None:
    """As far as it goes without a network: the kernel's IPython comes from the web."""
    pytest.importorskip("jupyterlite_core")
    pytest.importorskip("jupyterlite_pyodide_kernel")
    publish.lite(tmp_path / "lite")
    index = json.loads((tmp_path / "lite" / "pypi" / "all.json").read_text(encoding="utf-8"))
    assert set(index) == {"glassgrad", "graphviz"}
    with served(tmp_path) as address:
        page = chromium.new_page()
        page.goto(f"{address}/lite/lab/index.html?path=01_gates_and_circuits.ipynb")
        page.locator(".jp-Notebook h1", has_text="Gates and circuits").wait_for(timeout=120_000)
        first = page.locator(".jp-Notebook .jp-CodeCell").first
        assert publish.INSTALL in first.inner_text()
        page.close()
