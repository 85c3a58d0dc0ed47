"""The live pages in the programs that they are made for: JupyterLab, and marimo.

Both are started on this machine, with a kernel of their own; the browser finds no other machine.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect, sync_playwright

from autodiff import Constant, Value, topological_order
from nn import MLP, SGD
from tests.conftest import CHROMIUM_FLAGS, chromium_path

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 120  # seconds for a server and its kernel, on a machine with other things to do
HERE_ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"

EXAMPLE = [0.5, -1.0]
JUPYTER = [
    "from autodiff import Value; from nn import MLP, SGD; from viz import explore, watch\n"
    'x, y = Value(2.0, label="x"), Value(3.0, label="y"); f = (x * y).tanh() + x; f.label = "f"\n'
    "explore(f, live=True)",
    "print('in the kernel', x.data, f.data, x.grad, y.grad)",
    "x.data = -1.5",
    "model = MLP(2, [3, 1], 'tanh', rng=0); sgd = SGD(model.parameters(), lr=0.1)\n"
    "watch(model, [0.5, -1.0])",
    "(model([0.5, -1.0]) - 2.0).__pow__(2).backward(); sgd.step(); sgd.zero_grad()",
]

MARIMO = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    from autodiff import Value
    from viz import draw, explore
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = x * y
    f.backward()
    return draw, explore, f, mo, x, y

@app.cell
def _(f):
    f

@app.cell
def _(draw, f):
    draw(f, style="record")

@app.cell
def _(f, x):
    [x, f]

@app.cell
def _(explore, f, mo):
    live = mo.ui.anywidget(explore(f, live=True))
    live
    return live,

@app.cell
def _(f, live, x, y):
    live.value
    f"in the kernel {x.data} {f.data} {x.grad} {y.grad}"
"""


@contextmanager
def running(command: list[str], up: Callable[[], bool], folder: Path) -> Iterator[None]:
    """A server that is asked whether it is up, and ended afterwards with all that it started."""
    own = ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "IPYTHONDIR", "XDG_CONFIG_HOME")
    own += ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR", "XDG_STATE_HOME")
    env = os.environ | {name: str(folder / name) for name in own} | {"PYTHONPATH": str(ROOT)}
    said = folder / "said"
    with said.open("w") as log:
        server = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)
    try:
        last = time.monotonic() + PATIENCE
        while not up():
            assert server.poll() is None, said.read_text()
            assert time.monotonic() < last, said.read_text()
            time.sleep(0.2)
        yield
    finally:
        server.terminate()
        server.wait(30)


@contextmanager
def visited(address: str) -> Iterator[Page]:
    """The address in a browser; asking another machine is a fault."""
    asked: list[str] = []
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, HERE_ALONE]
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        yield page
        browser.close()
    here = ("http://localhost", "http://127.0.0.1", "ws://", "data:", "blob:", "about:")
    assert [url for url in asked if not url.startswith(here)] == []


def output(model: MLP) -> str:
    """What the model makes of the example, as the page writes numbers."""
    return str(model(EXAMPLE).data)


def nodes(model: MLP) -> list[list[float]]:
    """Value and gradient of every node of the model's graph on the example."""
    root = model([Value(x) for x in EXAMPLE])
    root.backward()
    found = [[v.data, v.grad] for v in topological_order(root) if not isinstance(v, Constant)]
    model.zero_grad()
    return found


def unit(frame: FrameLocator, name: str) -> Locator:
    return frame.locator(".unit", has=frame.locator(".name").get_by_text(name, exact=True)).last


def fresh(x: float, y: float) -> str:
    """What the kernel should hold after x and y were moved in the page."""
    a, b = Value(x), Value(y)
    f = (a * b).tanh() + a
    f.backward()
    return f"in the kernel {x} {f.data} {a.grad} {b.grad}"


@pytest.mark.browser
@pytest.mark.slow
def test_in_jupyterlab_page_and_kernel_move_each_other(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("jupyterlab")
    cells = [nbformat.v4.new_code_cell(source) for source in JUPYTER]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, tmp_path / "live.ipynb")
    runtime = tmp_path / "JUPYTER_RUNTIME_DIR"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.port=0", "--IdentityProvider.token=known", "--LabApp.news_url="]
    with running(command, lambda: any(runtime.glob("jpserver-*.json")), tmp_path):
        (started,) = runtime.glob("jpserver-*.json")
        url = json.loads(started.read_text())["url"]
        with visited(f"{url}lab/tree/live.ipynb?token=known") as page:

            def run(cell: int) -> Locator:
                place = page.locator(".jp-Notebook .jp-CodeCell").nth(cell)
                place.locator(".cm-content").click()
                page.keyboard.press("Control+Enter")
                return place

            page.get_by_text(re.compile(r"^Python 3 .*\| Idle$")).first.wait_for()
            frame = run(0).frame_locator("iframe")
            box = frame.get_by_role("spinbutton", name="x, number", exact=True)
            box.fill("0.25")
            box.press("Enter")
            expect(unit(frame, "f")).to_have_attribute("data-value", fresh(0.25, 3.0).split()[4])
            expect(run(1).locator(".jp-OutputArea-output")).to_have_text(fresh(0.25, 3.0) + "\n")

            run(2)
            expect(box).to_have_value("-1.5")
            value = fresh(-1.5, 3.0).rsplit(" ", 2)[0]
            expect(run(1).locator(".jp-OutputArea-output")).to_contain_text(value)

            watched = run(3).frame_locator("iframe")
            watched.locator("#last").click()
            model = MLP(2, [3, 1], "tanh", rng=0)
            rule = SGD(model.parameters(), lr=0.1)
            for trained in (0, 1, 2):
                if trained:  # by the same step there and here
                    run(4)
                    (model(EXAMPLE) - 2.0).__pow__(2).backward()
                    rule.step()
                    rule.zero_grad()
                expect(watched.locator(".unit").last).to_have_attribute("data-value", output(model))
                pairs = watched.locator(".unit").evaluate_all(
                    "all => all.map(unit => [unit.dataset.value, unit.dataset.grad].map(Number))"
                )
                assert sorted(pairs) == [pytest.approx(pair) for pair in sorted(nodes(model))]


@pytest.mark.browser
@pytest.mark.slow
def test_in_marimo_everything_shows_itself_and_moves(tmp_path: Path) -> None:
    pytest.importorskip("marimo")
    (tmp_path / "live.py").write_text(MARIMO, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "run", "live.py", "--headless", "--no-token"]

    def up() -> bool:
        with socket.socket() as door:
            return door.connect_ex(("127.0.0.1", port)) == 0

    with (
        running([*command, "--port", str(port)], up, tmp_path),
        visited(f"http://127.0.0.1:{port}") as page,
    ):
        drawn = page.locator("svg").get_by_text("6", exact=True)
        expect(drawn.or_(page.locator("svg").get_by_text("data 6"))).to_have_count(3)
        expect(page.get_by_text("Value(2.0, grad=3.0, label='x')")).to_be_visible()
        box = page.frame_locator("iframe").get_by_role("spinbutton", name="x, number")
        box.fill("0.25")
        box.press("Enter")
        expect(page.get_by_text("in the kernel 0.25 0.75 3.0 0.25")).to_be_visible()
