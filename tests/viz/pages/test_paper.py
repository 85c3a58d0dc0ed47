"""Pages as PDF."""

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from viz import random_circuit, worksheet


@pytest.mark.browser
def test_thirty_sheets_are_thirty_pages_of_one_pdf(tmp_path: Path) -> None:
    made = worksheet([random_circuit("medium", k, topic="fork") for k in range(30)])
    paper = made.save(tmp_path / "sheets.pdf").read_bytes()
    assert paper.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 30


def test_without_a_browser_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viz.pages.paper.BROWSERS", ("no-such-browser",))
    with pytest.raises(ValueError, match=r"save the page as 'sheet\.html' and print it"):
        worksheet(random_circuit()).save(tmp_path / "sheet.pdf")
    assert not list(tmp_path.iterdir())


@pytest.mark.posix
def test_a_browser_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text("#!/bin/sh\necho cannot open display >&2\nexit 3\n")
    browser.chmod(0o755)
    monkeypatch.setattr("viz.pages.paper.BROWSERS", (str(browser),))
    with pytest.raises(ValueError, match="did not print: cannot open display"):
        worksheet(random_circuit()).save(tmp_path / "sheet.pdf")


@pytest.mark.posix
def test_what_a_browser_does_besides_printing_loses_no_pdf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns in no encoding, and its other processes go on writing into its profile."""
    browser = tmp_path / "browser"
    browser.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        "os.write(2, b'\\xff\\xfe')\n"
        "for word in sys.argv[1:]:\n"
        "    name, _, value = word.partition('=')\n"
        "    if name == '--user-data-dir':\n"
        "        os.makedirs(value)\n"
        "    if name == '--print-to-pdf':\n"
        "        open(value, 'wb').write(b'%PDF-1.4')\n"
    )
    browser.chmod(0o755)
    remove = os.rmdir

    def busy(path: str, **options: Any) -> None:
        if Path(path).name == "profile":
            raise OSError(39, "Directory not empty", path)
        remove(path, **options)

    monkeypatch.setattr(os, "rmdir", busy)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("viz.pages.paper.BROWSERS", (str(browser),))
    worksheet(random_circuit()).save(tmp_path / "sheet.pdf")
    assert (tmp_path / "sheet.pdf").read_bytes() == b"%PDF-1.4"
