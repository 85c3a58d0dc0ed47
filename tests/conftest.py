"""What all tests share: Hypothesis profiles, a browser that reports every fault, Node."""

import contextlib
import functools
import getpass
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

os.environ.setdefault("MPLBACKEND", "Agg")  # plots are drawn to files, never to a window

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# A page that keeps to itself asks for nothing outside of these.
LOCAL_SCHEMES = {"file", "data", "blob", "about"}


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever uses the browser, so that `-m "not browser"` is complete; skip what a system
    has not."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if sys.platform == "win32" and "posix" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="not on Windows"))


def missing(program: str) -> NoReturn:
    """Skip the test for want of `program`; under CI fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"{program} is not installed", pytrace=False)
    pytest.skip(f"{program} is not installed")


def node_modules(manifest: Path) -> Path:
    """What a package.json depends on, installed by npm into a folder that later runs find again."""
    key = hashlib.sha256(manifest.read_bytes()).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"glassgrad-npm-{key}-{getpass.getuser()}"
    if folder.is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        missing("npm")
    with tempfile.TemporaryDirectory(dir=folder.parent) as fresh:
        shutil.copy(manifest, fresh)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", fresh]
        done = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"npm cannot install {manifest}: {done.stderr}", pytrace=False)
            pytest.skip("npm cannot install what the test needs")
        with contextlib.suppress(OSError):  # another test process was first
            Path(fresh, "node_modules").rename(folder)
    return folder


def chromium_path() -> str:
    """The system's Chromium."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        missing("Chromium")
    return path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address under which this machine serves a folder."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# Playwright keeps an event loop running in its thread, which nbclient and asyncio.run cannot
# bear: the browser therefore lives for one module, not for the whole session.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page, 1280 by 800; the test fails if it logs an error, throws, or asks the network."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"console error: {message.text}")

    def on_request(request: Request) -> None:
        if urlsplit(request.url).scheme not in LOCAL_SCHEMES:
            faults.append(f"network request: {request.url}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    page.on("request", on_request)
    context.set_offline(True)
    yield page
    context.close()
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node: the system's, else the one that Playwright's package ships."""
    import playwright

    shipped = Path(playwright.__file__).parent / "driver" / "node"
    path = shutil.which("node") or shutil.which(shipped)
    if path is None:
        missing("Node")
    return path
