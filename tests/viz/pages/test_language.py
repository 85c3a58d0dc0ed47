"""Pages in the reader's language: by an argument, by the browser, by a switch, by the address."""

from pathlib import Path

from playwright.sync_api import Browser, Page

import viz
from autodiff import parse


def sheet(folder: Path, **options: str) -> str:
    path = folder / "page.html"
    viz.worksheet(parse("(x + y) * z", x=-2, y=5, z=-4), path=path, spare=1, **options)  # type: ignore[arg-type]
    return path.as_uri()


def test_a_page_made_in_chinese_is_chinese(page: Page, tmp_path: Path) -> None:
    page.goto(sheet(tmp_path, lang="zh"))
    assert page.locator("#print").inner_text() == "打印"
    assert page.locator("#new").inner_text() == "换一个电路"
    assert page.locator("html").get_attribute("lang") == "zh"
    assert page.title() == "手算反向传播"


def test_the_browser_chooses_where_nothing_was_said(chromium: Browser, tmp_path: Path) -> None:
    address = sheet(tmp_path)
    for locale, printing in (("zh-CN", "打印"), ("en-GB", "Print"), ("de-DE", "Print")):
        context = chromium.new_context(locale=locale)
        page = context.new_page()
        page.goto(address)
        assert page.locator("#print").inner_text() == printing
        context.close()


def test_a_switch_leads_there_and_back_and_stays_in_the_address(page: Page, tmp_path: Path) -> None:
    page.goto(sheet(tmp_path))
    english = page.locator("body").inner_text()
    page.get_by_role("button", name="中文").click()
    assert page.locator("#print").inner_text() == "打印"
    assert page.locator(".who").inner_text().split() == ["姓名", "日期"]
    assert "lang=zh" in page.url
    page.reload()
    assert page.locator("#print").inner_text() == "打印"
    page.get_by_role("button", name="English").click()
    assert page.locator("body").inner_text() == english


def test_what_a_script_writes_later_is_translated_and_numbers_are_carried_over(
    page: Page, tmp_path: Path
) -> None:
    page.goto(sheet(tmp_path, lang="zh"))
    blanks = page.locator(".question input")
    assert page.locator("#count").inner_text() == f"{blanks.count()} 题中答对 0 题"
    blanks.first.fill("99")
    blanks.first.press("Enter")
    assert page.locator(".question .mark").first.inner_text() == "还不对"
    page.get_by_role("button", name="English").click()
    assert page.locator(".question .mark").first.inner_text() == "not yet"
    assert page.locator("#count").inner_text() == f"0 of {blanks.count()} right"


def test_elements_stand_where_the_other_language_sets_them(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    viz.explore(parse("x * y", x=2, y=3), path, lang="zh")
    page.goto(path.as_uri())
    assert page.locator("label:has(#lr)").inner_text().strip() == "学习率"
    page.locator("#predict").check()  # the box that moved is the box that the page listens to
    assert page.locator("label:has(#predict)").inner_text().strip() == "先预测"
