"""What the tests of the pages share: opening a page, and axe-core to judge it."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import node_modules
from viz.pages.javascript import runtime
from viz.pages.page import Page as Made

HERE = Path(__file__).parent
WIDTHS = (1280, 400)

Open = Callable[..., Page]
Judge = Callable[[Page], None]
Run = Callable[[str, Any], Any]


@pytest.fixture
def opened(page: Page, tmp_path: Path) -> Open:
    """opened(made, width=1280): the page saved to disk and opened from there."""

    def opened(made: Made, width: int = 1280) -> Page:
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(made.save(tmp_path / "page.html").as_uri())
        return page

    return opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core."""
    modules = node_modules(HERE / "package.json")
    return (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def judge(axe: str) -> Judge:
    """judge(page): no serious or critical fault of accessibility by axe-core's rules."""

    def judge(page: Page) -> None:
        page.evaluate(axe)
        violations: list[dict[str, Any]] = page.evaluate("axe.run()")["violations"]
        grave = [
            f"{fault['id']} ({fault['impact']}): {node['html'][:150]} {node['failureSummary']}"
            for fault in violations
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"][:3]
        ]
        assert not grave, "\n".join(grave)

    return judge


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, page: Page) -> str:
    """Once with a light, once with a dark colour scheme."""
    page.emulate_media(color_scheme=request.param)
    scheme: str = request.param
    return scheme


@pytest.fixture(scope="session")
def run(node: str) -> Run:
    """run(body, input): what `body`, a JavaScript function of `input`, returns under Node."""

    def run(body: str, data: Any) -> Any:
        program = (
            f'"use strict";\n{runtime()}\n'
            f"function main(input) {{ {body} }}\n"
            "const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
            "const plain = (_, x) => typeof x === 'number' && !Number.isFinite(x) ? `${x}` : x;\n"
            "console.log(JSON.stringify(main(input), plain));\n"
        )
        done = subprocess.run(
            [node, "-e", program], input=json.dumps(data), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


__all__ = ["Browser", "Judge", "Open", "Run"]
