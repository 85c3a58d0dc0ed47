"""Pages in Chinese are whole: no English sentence is left, whatever is done in them."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from autodiff import parse
from nn import MLP
from tests.viz.pages.conftest import Open
from viz import bug_zoo, explore, random_circuit, worksheet
from viz.pages.page import Page as Made

LEFT = """() => {
  const found = new Set(), code = "script, style, code, kbd, pre, textarea, [translate=no]";
  const names = ["aria-label", "title", "placeholder", "alt", "aria-description", "aria-valuetext"];
  for (const element of document.querySelectorAll("*")) {
    if (element.closest(code)) continue;
    for (const name of names) if (element.hasAttribute(name)) found.add(element.getAttribute(name));
    for (const node of element.childNodes) if (node.nodeType === 3) found.add(node.data.trim());
  }
  return [...found, document.title];
}"""
WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|[A-Za-z]{4,}")
NAMES = re.compile(
    r"\d: Layer\(.*|neurons|model: MLP|tanh|sigmoid|softplus|[rR]e[lL][uU]|GELU|zero_grad|\.grad|"
    r"axis|glassgrad|Python|English"
)


def english(page: Page) -> list[str]:
    """The texts of a page with words of English, other than names."""
    texts: list[str] = page.evaluate(LEFT)
    return sorted({text for text in texts if WORDS.search(NAMES.sub("", text))})


def stepped(page: Page) -> None:
    page.locator("#locals").click()
    page.locator("#position").fill("0")
    for _ in range(4):
        page.locator("#next").click()
    for name in ("first", "play", "play", "next"):
        page.locator(f"#{name}").click()
    page.locator("#descend").click()
    page.locator("#predict").check()
    page.locator("#first").click()
    page.locator("#next").click()


def pointed(page: Page) -> None:
    page.locator("#last").click()
    page.locator("svg.diagram .grad:not(:empty)").first.hover()
    page.locator(".unit").last.hover()


def refused(page: Page) -> None:
    page.locator("#lr").fill("-1")
    page.locator("#descend").click()
    page.locator("input[type=number][data-leaf]").first.fill("")


def answered(page: Page) -> None:
    for box in page.locator(".question input").all():
        for text in ("1", "-4", "word"):
            box.fill(text)
            box.press("Tab")
    for hint in page.locator(".question button").all():
        hint.click()
    page.locator("#new").click()


def walked(page: Page) -> None:
    for walk in page.locator("select").first.locator("option").all():
        page.locator("select").first.select_option(walk.get_attribute("value"))
        for _ in range(3):
            page.get_by_role("button", name="前进一步").first.click()
        page.get_by_role("button", name="走到结尾").first.click()


def fork() -> Made:
    return explore(parse("q = x*y + σ(x); f = q / log(y)", x=2, y=3), lang="zh")


PAGES: dict[str, tuple[Callable[[], Made], list[Callable[[Page], None]]]] = {
    "explorer": (fork, [pointed, stepped, refused]),
    "explorer of a network": (
        lambda: explore(MLP(2, [3, 2, 1], "tanh", rng=0)([1.0, 2.0]), lang="zh", fold=True),
        [stepped],
    ),
    "worksheet": (
        lambda: worksheet([random_circuit("hard", k) for k in (1, 2)], "all", spare=1, lang="zh"),
        [answered],
    ),
    "key": (lambda: worksheet(random_circuit("hard", 3), lang="zh").key, []),
    "bug zoo": (lambda: bug_zoo(parse("q = x*y; f = q*q + x", x=2, y=3), lang="zh"), [walked]),
}


@pytest.mark.parametrize("name", PAGES)
def test_no_english_sentence_is_left(opened: Open, name: str) -> None:
    make, done = PAGES[name]
    page = opened(make())
    left = english(page)
    for act in done:
        act(page)
        page.wait_for_timeout(50)
        left += english(page)
    assert left == []


def test_the_step_and_its_pass_are_said_as_one_says_them(opened: Open) -> None:
    page = opened(fork())
    assert page.locator("#count").inner_text() == "第 0 步，共 11 步 · 开始"
    page.locator("#last").click()
    assert page.locator("#count").inner_text() == "第 11 步，共 11 步 · 反向"
    told = page.locator("#position").get_attribute("aria-valuetext")
    assert told == "第 11 步，共 11 步；反向传播"
