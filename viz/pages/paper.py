"""A page on paper: printed into a PDF by a browser that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["print_into"]

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
    "brave-browser",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
SECONDS = 120


def print_into(html: str, target: Path) -> None:
    """Print a page as its own button would.

    Raises ValueError where no browser of Chromium's family is found, or where it does not print.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise ValueError(
            f"a PDF is printed by Chromium, Chrome or Edge, and none was found; save the page as "
            f"{target.stem + '.html'!r} and print it from your own browser"
        )
    # a browser's other processes may still write there when it is done
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        page, made = Path(folder, "page.html"), Path(folder, "page.pdf")
        page.write_text(html, encoding="utf-8")
        command = [browser, "--headless", "--disable-gpu", "--no-pdf-header-footer"]
        command += ["--blink-settings=preferredColorScheme=1", f"--user-data-dir={folder}/profile"]
        command += [f"--print-to-pdf={made}", page.as_uri()]
        if getattr(os, "geteuid", lambda: 1)() == 0:
            command.insert(1, "--no-sandbox")  # which Chromium asks of root
        try:
            done = subprocess.run(
                command, capture_output=True, errors="replace", timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            raise ValueError(f"{browser} did not print within {SECONDS} seconds") from None
        if not made.exists():
            said = done.stderr.strip().splitlines()[-1:]
            raise ValueError(f"{browser} did not print: {said[0] if said else done.returncode}")
        shutil.copyfile(made, target)
