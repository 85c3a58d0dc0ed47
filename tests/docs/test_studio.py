"""The studio: Python in the page gives what Python gives here, a link brings its state back, and
nothing is asked of a network.
"""

import doctest
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.conftest import CHROMIUM_FLAGS, chromium_path, node_modules, served

DOCS = Path(__file__).parents[2] / "docs"
sys.path.insert(0, str(DOCS))

from studio import answer as studio_answer  # noqa: E402
from studio import build  # noqa: E402

answer = studio_answer.answer
LOADING = 120_000  # milliseconds for Python to start, on a machine with other things to do

ANSWERED = {
    "(x + y) * z": "x=-2 y=5 z=-4",
    "σ(w0*x0 + w1*x1 + w2)": "w0=2 x0=-1 w1=-3 x1=-2 w2=-3",
    "2 * (x*y + max(z, w))": "x=3 y=-4 z=2 w=-1",
    "z = dot(w, x) + b; tanh(z)": "w=2,-3,1 x=-1,-2,0.5 b=-3",
    "L = logsumexp(z) - z[0]": "z=2,1,-1",
    "y = x^2; y + σ(y)": "x=0.5",
    "log(p)": "p=1e-3",
    "sin(x) / x": "x=pi/2",
    "|x| + √y": "x=-3 y=2",
    "softplus(-z)": "z=-0.95",
}
REFUSED = {
    "x + sigmod(y)": "x=1 y=2",
    "x.real": "x=1",
    "[x, y]": "x=1 y=2",
    "dot([x, y], [x])": "x=1 y=2",
    "x * y": "x=2 y=two",
}


def pairs(values: str) -> dict[str, str]:
    return {name: text for name, _, text in (pair.partition("=") for pair in values.split())}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The studio as the site has it, served by this machine."""
    folder = tmp_path_factory.mktemp("site")
    build.build(folder / "studio")
    pyodide = node_modules(DOCS / "studio" / "package.json") / "pyodide"
    shutil.copytree(pyodide, folder / "studio" / "pyodide")
    with served(folder) as where:
        yield f"{where}/studio/index.html"


@pytest.fixture(scope="module")
def studio(address: str) -> Iterator[Page]:
    """The page with Python in it, in a browser that finds no other machine."""
    flags = [*CHROMIUM_FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on(
            "request",
            lambda asked: (
                faults.append(asked.url)
                if urlsplit(asked.url).scheme == "http" and not asked.url.startswith(address[:20])
                else None
            ),
        )
        page.goto(address)
        assert page.locator("#loading").is_visible(), "a sign of life"
        page.wait_for_selector("body[data-answered]", timeout=LOADING)
        assert not page.locator("#loading").is_visible()
        yield page
        browser.close()
    assert faults == []


def visit(page: Page, **state: str) -> None:
    """Open a link to the studio, and wait for Python's answer."""
    page.evaluate("delete document.body.dataset.answered")
    page.evaluate("address => { location.hash = address }", urlencode(state))
    page.wait_for_selector("body[data-answered]", timeout=LOADING)


@pytest.mark.browser
@pytest.mark.parametrize("expression", ANSWERED)
def test_it_tells_what_python_tells_here(studio: Page, expression: str) -> None:
    values = pairs(ANSWERED[expression])
    visit(studio, e=expression, v=ANSWERED[expression])
    told = answer({"expression": expression, "values": values})
    assert studio.locator("#refused").is_hidden()
    assert studio.locator("#result").inner_text() == f"= {told['value']}"
    assert studio.locator("#table").text_content() == told["table"]
    assert studio.locator("#explained").text_content() == told["explained"]
    assert studio.locator("#command").text_content() == told["command"]
    fields = studio.locator("#values label")
    assert fields.evaluate_all("all => all.map(one => one.dataset.name)") == told["names"]
    drawn = studio.locator("#diagram svg text").all_text_contents()
    assert drawn == [part.split("<")[0] for part in told["svg"].split('xml:space="preserve">')[1:]]


@pytest.mark.browser
@pytest.mark.parametrize("expression", REFUSED)
def test_it_refuses_in_the_words_of_the_command_line(studio: Page, expression: str) -> None:
    visit(studio, e=expression, v=REFUSED[expression])
    told = answer({"expression": expression, "values": pairs(REFUSED[expression])})
    assert studio.locator("#refused").text_content() == told["refused"]
    assert studio.locator("#expression").get_attribute("aria-invalid") == "true"


@pytest.mark.browser
def test_what_is_typed_is_answered_and_kept_in_the_address(studio: Page, address: str) -> None:
    visit(studio, e="x * y", v="x=2 y=3")
    studio.locator("#expression").fill("x * y + k")
    studio.locator("#values [data-name=k] input").wait_for()
    studio.locator("#values [data-name=x] input").press("ArrowUp")
    studio.locator("#result", has_text="= 10").wait_for()
    studio.locator("[data-look=style]").select_option("record")
    studio.locator("#chain").select_option("y")
    studio.locator("#explained", has_text="df/dy").wait_for()
    link = studio.evaluate("location.href")
    shown = studio.locator("#diagram").inner_html()

    visit(studio, e="a")
    studio.evaluate("delete document.body.dataset.answered")
    studio.evaluate("link => { location.href = link }", link)
    studio.wait_for_selector("body[data-answered]", timeout=LOADING)
    assert studio.locator("#expression").input_value() == "x * y + k"
    assert studio.locator("#values [data-name=x] input").input_value() == "3"
    assert studio.locator("[data-look=style]").input_value() == "record"
    assert studio.locator("#chain").input_value() == "y"
    assert studio.locator("#diagram").inner_html() == shown
    assert studio.evaluate("location.href") == link


@pytest.mark.browser
@pytest.mark.parametrize("view", ["explorer", "worksheet", "bug_zoo"])
def test_the_pages_that_python_makes_open_in_it(studio: Page, view: str) -> None:
    visit(studio, e="q = x + y; f = q * z", v="x=-2 y=5 z=-4", view=view)
    studio.locator("#frame iframe[data-loaded]").wait_for()
    assert studio.frame_locator("#frame iframe").locator("svg.diagram").first.is_visible()


@pytest.mark.browser
def test_a_link_brings_the_explorer_back_to_its_step(studio: Page) -> None:
    visit(studio, e="x * y", v="x=2 y=3", view="explorer")
    studio.locator("#frame iframe[data-loaded]").wait_for()
    explorer = studio.frame_locator("#frame iframe")
    explorer.locator("#next").click()
    explorer.locator("#next").click()
    step = explorer.locator("#count").inner_text()
    studio.wait_for_url("**step%3D2**")
    link = studio.evaluate("location.href")
    visit(studio, e="x")
    studio.evaluate("delete document.body.dataset.answered")
    studio.evaluate("link => { location.href = link }", link)
    studio.locator("#frame iframe[data-loaded]").wait_for()
    assert studio.frame_locator("#frame iframe").locator("#count").inner_text() == step


@pytest.mark.browser
def test_every_example_is_answered(studio: Page) -> None:
    visit(studio, e="x")
    options = studio.locator("#examples option")
    assert options.count() > 10
    for k in range(1, options.count()):
        studio.evaluate("delete document.body.dataset.answered")
        studio.locator("#examples").select_option(index=k)
        studio.wait_for_selector("body[data-answered]", timeout=LOADING)
        assert studio.locator("body").get_attribute("data-answered") == "circuit", k


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["svg", "png", "tex"])
def test_the_diagram_is_saved(studio: Page, kind: str) -> None:
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "tex": b"%"}
    visit(studio, e="q = x + y; f = q * z", v="x=-2 y=5 z=-4")
    with studio.expect_download() as saved:
        studio.locator(f"#save-{kind}").click()
    assert saved.value.suggested_filename == f"circuit.{kind}"
    drawn = Path(saved.value.path()).read_bytes()
    assert drawn.startswith(begins[kind])
    if kind == "tex":
        assert rb"\begin{tikzpicture}" in drawn


@pytest.mark.browser
@pytest.mark.parametrize("view", ["circuit", "worksheet"])
def test_axe_finds_nothing_wrong(studio: Page, view: str) -> None:
    visit(studio, e="q = x + y; f = q * z", v="x=-2 y=5 z=-4", view=view)
    modules = node_modules(DOCS.parent / "tests" / "viz" / "pages" / "package.json")
    studio.evaluate((modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8"))
    for scheme in ("light", "dark"):
        studio.emulate_media(color_scheme=scheme)
        found = studio.evaluate("axe.run(document, {iframes: false})")
        assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []
    studio.emulate_media(color_scheme="light")


@pytest.mark.browser
def test_nothing_is_cut_off_on_a_telephone(studio: Page) -> None:
    visit(studio, e="(x + σ(y)) / (σ(x) + (x + y)^2)", v="x=3 y=-4")
    studio.set_viewport_size({"width": 390, "height": 800})
    wide = studio.evaluate("document.documentElement.scrollWidth")
    studio.set_viewport_size({"width": 1280, "height": 900})
    assert wide <= 390


def test_the_answers_examples_are_true() -> None:
    assert doctest.testmod(studio_answer) == (0, 3)


def test_a_name_without_a_value_stands_for_one() -> None:
    told = answer({"expression": "x + y", "values": {"x": "2"}})
    assert told["values"] == {"x": "2", "y": "1"}
    assert told["value"] == "3"


def test_an_expression_that_is_a_dash_is_no_file() -> None:
    assert "refused" in answer({"expression": "-"})


def test_an_answer_is_in_the_visitors_language() -> None:
    told = answer({"expression": "sigmod(y)", "lang": "zh"})
    assert told["refused"].startswith("未知的函数 'sigmod'；您是不是想写 sigmoid？")
    assert answer({"expression": "x * y", "lang": "zh"})["table"].startswith("前向")
    assert answer({"expression": "x * y"})["table"].startswith("forward")


def test_the_studio_speaks_chinese_and_python_with_it(studio: Page) -> None:
    visit(studio, e="x * y", v="x=2 y=3")
    studio.get_by_role("button", name="中文").click()
    studio.locator("#table", has_text="上游梯度").wait_for()  # in the table, from Python
    assert studio.get_by_role("heading", name="两遍", exact=True).count() == 1
    studio.get_by_role("button", name="English").click()
    studio.locator("#table", has_text="upstream").wait_for()
