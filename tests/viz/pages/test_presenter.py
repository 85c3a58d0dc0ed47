"""The presenter: question, rule, answer, by the keys of a slide show."""

import re

import pytest
from playwright.sync_api import Page, expect

from autodiff import Value, topological_order
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from viz import present, random_circuit


def shown(page: Page) -> str:
    return page.locator("#question").inner_text()


def test_each_number_is_asked_explained_and_answered(opened: Open) -> None:
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    root = x * y
    root.label = "f"
    page = opened(present(root, "gradients"))
    told = []
    for _ in range(6):
        page.keyboard.press("PageDown")
        told.append((shown(page), page.locator("#rule").inner_text()))
    questions = [q for q, _ in told]
    assert questions[:2] == ["df/dy = ?", "df/dy = ?"]
    assert questions[2] == "df/dy = 3"
    assert questions[5] == "df/dx = −4"
    assert told[0][1] == ""
    assert "= x" in told[1][1]
    expect(page.locator("#on")).to_be_disabled()


def test_the_answers_are_the_gradients_in_the_diagram(opened: Open) -> None:
    root = random_circuit("medium", 4)
    page = opened(present(root))
    assert page.locator(".blank.filled").count() == 0
    page.keyboard.press("End")
    root.backward()
    expected = {f"{v.grad:g}".replace("-", "−") for v in topological_order(root)}
    assert expected <= set(page.locator("svg.diagram .grad").all_text_contents())
    assert page.locator(".blank:not(.filled)").count() == 0
    page.keyboard.press("Home")
    assert page.locator(".blank.filled").count() == 0


def test_a_step_back_takes_the_answer_away(opened: Open) -> None:
    page = opened(present(random_circuit("easy", 1)))
    for key in (" ", "ArrowRight", "PageDown"):
        page.keyboard.press(key)
    answered = shown(page)
    assert "?" not in answered
    page.keyboard.press("PageUp")
    assert shown(page) == re.sub(r"= .*", "= ?", answered)


def test_the_next_circuit_begins_anew(opened: Open) -> None:
    page = opened(present([random_circuit("easy", k) for k in range(3)]))
    page.keyboard.press("End")
    page.keyboard.press("n")
    assert shown(page) == "Circuit 2 of 3"
    assert page.locator(".blank.filled").count() == 0
    page.get_by_role("button", name="Previous circuit").click()
    assert shown(page) == "Circuit 1 of 3"
    page.get_by_role("button", name="Back").is_disabled()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("topic", ["fork", "matrix", "sigmoid"])
def test_it_can_be_read_and_fits(opened: Open, judge: Judge, width: int, topic: str) -> None:
    page = opened(present(random_circuit("hard", 2, topic=topic)), width)
    for _ in range(5):
        page.keyboard.press("PageDown")
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator("#on")).to_be_in_viewport()


def test_it_refuses_what_a_worksheet_refuses() -> None:
    with pytest.raises(ValueError, match="at least one root; got none"):
        present([])
    with pytest.raises(ValueError, match=r"hide is one of 'gradients'.*; got 'slopes'"):
        present(random_circuit(), "slopes")
