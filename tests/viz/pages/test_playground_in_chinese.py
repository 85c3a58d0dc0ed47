"""The playground in Chinese: whatever it says, no English sentence is left."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from nn import MLP
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from tests.viz.pages.playing import set_to
from viz import playground
from viz.languages.catalogue import catalogue

# What has no other name in Chinese: names of methods, formats, gates.
NAMES = r"SGD|Adam|leaky ReLU|ReLU|GELU|softplus|sigmoid|tanh|affine|safetensors|Python|CSV|English"
READ = """() => {
  const found = [], names = ["aria-label", "title", "label", "placeholder", "alt"];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_ALL);
  while (walk.nextNode()) {
    const node = walk.currentNode, element = node.nodeType === 1 ? node : node.parentElement;
    if (element.closest("script, style, textarea, [translate=no], [hidden]")) continue;
    if (node.nodeType === 3) found.push(node.data);
    else if (node.nodeType === 1) found.push(...names.map((name) => node.getAttribute(name) || ""));
  }
  return [...new Set(found)];
}"""


def english(page: Page) -> list[str]:
    """Texts with an English word that is no name of something."""
    return [
        text.strip()
        for text in page.evaluate(READ)
        if re.search(r"[A-Za-z]{3,}", re.sub(rf"({NAMES}|logit|dloss|sin)", "", text))
    ]


@pytest.fixture
def chinese(opened: Open) -> Page:
    return opened(playground(lang="zh"))


def test_everything_that_it_shows_is_chinese(chinese: Page) -> None:
    page = chinese
    assert english(page) == []
    for shape in ("moons", "hills", "digits", "clusters"):
        set_to(page, shape=shape, **({"many": 4} if shape == "clusters" else {}))
        page.click("#step")
        page.click("#step")
        page.locator("button.neuron").first.click()
        page.click("#backward")
        for chosen in (0, 3, 4, 9):  # of the test some, of training the others
            page.locator("#example").fill(str(chosen))
            assert english(page) == []
        page.locator("button.neuron").last.hover()
        assert english(page) == []
        if shape != "digits":
            page.locator("#net .grip").first.dispatch_event("pointerenter")
            page.check("#discrete")
            assert english(page) == []
            page.uncheck("#discrete")
        page.mouse.move(2, 2)
    expect(page.locator("#status")).to_contain_text("第 2 步")
    page.click("#show-python")
    page.click("#copy-link")
    page.click("#deeper")
    assert english(page) == []
    expect(page.locator("#depth")).to_have_text("3 个隐藏层")


def test_drawing_is_told_in_chinese(chinese: Page) -> None:
    set_to(chinese, shape="digits")
    for key in ("Delete", "ArrowUp", " ", "ArrowLeft"):
        chinese.locator("#pad").press(key)
        assert english(chinese) == []
    expect(chinese.locator("#example-text")).to_have_text("你画的图")
    expect(chinese.locator("#pad-text")).to_have_text("第 3 行，第 3 列：空白")


def test_refusals_are_chinese(chinese: Page, tmp_path: Path) -> None:
    page, told = chinese, chinese.locator("#fault")
    set_to(page, shape="clusters")

    def refused() -> None:
        expect(told).to_be_visible()
        expect(told).to_have_text(re.compile("[\u4e00-\u9fff]"))
        assert english(page) == []

    for field, text in {
        "seed": "-1", "share": "99", "many": "1", "lr": "0", "l1": "-1", "decay": "", "batch": "0",
        "widths": "8, zero",
    }.items():  # fmt: skip
        usual = page.input_value(f"#{field}")
        set_to(page, **{field: text})
        if told.is_hidden():
            page.click("#step")
        refused()
        set_to(page, **{field: usual})
        page.click("#step")
        expect(told).to_be_hidden()
    page.select_option("#shape", "own")
    refused()
    table = tmp_path / "own.csv"
    for text in ("1,2,a\n3,,b\n", "1,2,a\n3,4,a\n"):
        table.write_text(text)
        page.set_input_files("#file", table)
        refused()
    page.evaluate("location.hash = '#l1=x'")
    refused()
    page.locator("#feature0").uncheck()
    page.locator("#feature1").uncheck()
    refused()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((None, [[1, 2]], ["a"]), "playground：y 有 1 个类别，请给出 2 到 10 个"),
        ((None, [[1, 2], [1]], [0, 1]), "playground：X 的第 1 行是 [1.0]；请给出 2 个有限的数"),
        ((MLP(2, [3, 1]), [[1, 2]] * 3, [0, 1, 2]), "这个模型接收 2 个，给出 1 个"),
        ((MLP(2, [3, 1], output="tanh"),), "playground：模型的所有隐藏层应使用同一个激活函数"),
        (("none.csv",), "没有表格 'none.csv' 可用来开始；要把页面写入文件"),
    ],
)
def test_python_refuses_in_chinese_too(given: tuple[Any, ...], said: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        playground(*given)
    assert said in catalogue("zh")(str(caught.value))


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_is_accessible(chinese: Page, judge: Judge, scheme: str, width: int) -> None:
    chinese.set_viewport_size({"width": width, "height": 800})
    chinese.click("#step")
    assert chinese.evaluate("document.documentElement.scrollWidth <= innerWidth")
    judge(chinese)
