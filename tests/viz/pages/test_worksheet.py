"""Worksheets and the bug zoo, filled in and read in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from autodiff import Constant, Value, topological_order
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from viz import bug_zoo, random_circuit, worksheet


def circuit() -> tuple[Value, list[Value]]:
    x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    return (x + y) * z, [x, y, z]


def fork() -> Value:
    """A fork inside (q is read twice) and one at a leaf (x is read three times)."""
    x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    q = x * y
    q.label = "q"
    return (q + z) * q + x * x


def question(page: Page, name: str) -> Locator:
    label = page.locator("label", has_text=re.compile(f"^{re.escape(name)} =$"))
    return page.locator(".question", has=label)


def answer(page: Page, name: str, text: str) -> Locator:
    row = question(page, name)
    row.locator("input").fill(text)
    row.locator("input").press("Enter")
    return row


def test_right_and_wrong_answers_are_told_apart_in_words(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    expect(page.locator("#count")).to_have_text("0 of 4 right")
    wrong = answer(page, "∂f/∂x", "4")
    expect(wrong.locator(".mark")).to_have_text("not yet")
    assert wrong.locator(".mark svg").count() == 1
    expect(wrong.locator("input")).to_have_attribute("aria-invalid", "true")
    expect(answer(page, "∂f/∂x", "four").locator(".mark")).to_have_text("not a number")
    right = answer(page, "∂f/∂x", " −4 ")
    expect(right.locator(".mark")).to_have_text("right")
    expect(right.locator("input")).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#count")).to_have_text("1 of 4 right")
    for name, text in (("y", "-4.0"), ("z", "6/2"), ("v1", "-4,0")):
        expect(answer(page, f"∂f/∂{name}", text).locator(".mark")).to_have_text("right")
    expect(page.locator("#count")).to_have_text("all 4 right, well done")
    question(page, "∂f/∂x").locator("input").fill("")
    expect(page.locator("#count")).to_have_text("3 of 4 right")


def test_what_is_right_appears_on_the_wire_and_the_rest_is_blank(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    drawing = page.locator("#sheets svg.diagram")
    grads = drawing.locator(".grad")
    assert sorted(grads.all_text_contents()) == ["", "", "", "", "1"]
    answer(page, "∂f/∂z", "3")
    assert sorted(grads.all_text_contents()) == ["", "", "", "1", "3"]
    handles = [h.get_attribute("aria-label") for h in drawing.locator(".hit").all()]
    assert "z, value −4, gradient 3" in handles
    assert "x, value −2, gradient blank 4" in handles


def test_a_hint_is_the_rule_of_the_gate_and_not_the_answer(opened: Open) -> None:
    page = opened(worksheet(fork(), "all"))
    for name, told in (
        ("∂f/∂q", ["∂f/∂q = ∂f/∂v1 · ∂v1/∂q + ∂f/∂v2 · ∂v2/∂q", "∂v2/∂q = v1", "adds up"]),
        ("∂q/∂x", ["Gate ×: a * b, by a: b", "∂q/∂x = y"]),
        ("q", ["q = x × y"]),
    ):
        row = question(page, name)
        button = row.get_by_role("button")
        expect(row.locator(".hint")).to_be_hidden()
        button.press("Enter")
        expect(button).to_have_attribute("aria-expanded", "true")
        for text in told:
            expect(row.locator(".hint")).to_contain_text(text)
    button.press("Enter")
    expect(row.locator(".hint")).to_be_hidden()


@pytest.mark.parametrize("hide", ["gradients", "values", "local", "all"])
def test_the_key_holds_the_numbers_of_python(opened: Open, hide: str) -> None:
    root = random_circuit("hard", 7)
    page = opened(worksheet(root, hide))
    root.backward()
    truth = page.locator("#keys li").evaluate_all(
        "es => es.map(e => [e.dataset.key, +e.dataset.truth])"
    )
    order = topological_order(root)
    inner = [v for v in order if v.gate]
    expected = {
        "v": sorted(v.data for v in inner),
        "l": sorted(local for v in inner for local in v.local_grads),
        "g": sorted(v.grad for v in order if v is not root and not isinstance(v, Constant)),
    }
    for kind, numbers in expected.items():
        asked = hide == "all" or {"v": "values", "l": "local", "g": "gradients"}[kind] == hide
        found = sorted(number for key, number in truth if key[0] == kind)
        assert found == (numbers if asked else [])


def test_every_answer_of_the_key_is_marked_right(opened: Open) -> None:
    page = opened(worksheet([random_circuit("medium", 1), random_circuit("hard", 2)], "all"))
    truths = page.locator("#keys li b").all_inner_texts()
    fields = page.locator(".question input")
    assert fields.count() == len(truths) > 20
    for field, text in zip(fields.all(), truths, strict=True):
        field.fill(text)
        field.press("Tab")
    expect(page.locator("#count")).to_have_text(f"all {len(truths)} right, well done")


def test_fractions_are_right_to_three_digits(opened: Open) -> None:
    x, y = Value(0.5, label="x"), Value(3.0, label="y")
    page = opened(worksheet((x * y).sigmoid(), "values"))
    expect(answer(page, "f", "0.8").locator(".mark")).to_have_text("not yet")
    expect(answer(page, "f", "0.818").locator(".mark")).to_have_text("right")


def test_the_key_is_hidden_until_it_is_asked_for(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    button = page.get_by_role("button", name="Show answer key")
    expect(page.locator("#keys")).to_be_hidden()
    button.press("Enter")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#keys")).to_contain_text("∂f/∂z = 3")
    page.get_by_role("button", name="Hide answer key").click()
    expect(page.locator("#keys")).to_be_hidden()


def pages_on_paper(page: Page) -> int:
    paper = page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", paper))


def test_on_paper_each_sheet_and_each_key_has_its_own_page(opened: Open) -> None:
    page = opened(worksheet([random_circuit("hard", 1), random_circuit("easy", 1)]))
    page.emulate_media(media="print")
    expect(page.locator("#keys")).to_be_visible()
    expect(page.locator("#print")).to_be_hidden()
    expect(page.locator(".question button").first).to_be_hidden()
    assert pages_on_paper(page) == 4
    opened(worksheet(random_circuit("hard", 1), "all"))
    assert pages_on_paper(page) == 2
    opened(worksheet(circuit()[0], "all"))
    assert pages_on_paper(page) == 2


def test_the_keyboard_suffices(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    page.locator(".question input").first.focus()
    for text in ("3", "-4", "-4", "-4"):  # Enter moves on to the next blank
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("all 4 right, well done")


def test_labels_with_markup_come_out_literally(opened: Open) -> None:
    bad = ["<b>bold</b>", "</script><script>alert(1)</script>", "a & 'b'"]
    root = Value(2.0, label=bad[0])
    for label in bad[1:]:
        root = root * Value(3.0, label=label)
    for made in (worksheet(root, title="<img src=x>"), bug_zoo(root, title="<img src=x>")):
        page = opened(made)
        expect(page.locator("h1")).to_have_text("<img src=x>")
        for label in bad:
            expect(page.locator("main")).to_contain_text(f"∂f/∂{label}")
        assert page.locator("img, b b, td b, label b").count() == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_no_serious_fault_of_accessibility(
    opened: Open, judge: Judge, scheme: str, width: int
) -> None:
    page = opened(worksheet(random_circuit("hard", 1), "all"), width)
    page.locator(".question input").first.fill("99")
    page.locator(".question button").first.click()
    page.click("#show-key")
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page = opened(bug_zoo(fork()), width)
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_zoo_puts_wrong_numbers_beside_the_right_ones(opened: Open) -> None:
    page = opened(bug_zoo(fork()))
    row = page.locator("tr[data-name=x] td")
    assert row.all_inner_texts() == ["−124", "✗ −54", "✗ −50", "✗ −248"]
    assert page.locator("tr[data-name=z] td").all_inner_texts() == ["−10", "−10", "−10", "✗ −20"]
    assert page.locator("td.wrong").count() == 2 + 3 + 3
    expect(page.locator("#bugs")).to_contain_text("2 of 8 gradients are wrong here")


def test_the_zoo_says_where_a_bug_goes_unnoticed(opened: Open) -> None:
    page = opened(bug_zoo(circuit()[0]))
    assert page.locator(".verdict", has_text="goes unnoticed").count() == 2


def test_they_work_inside_a_notebook(page: Page, tmp_path: Path) -> None:
    """As Jupyter shows them: sandboxed frames inside another page."""
    host = tmp_path / "notebook.html"
    shown = worksheet(circuit()[0])._repr_html_() + bug_zoo(fork())._repr_html_()
    host.write_text(f"<!doctype html><title>n</title>{shown}")
    page.goto(host.as_uri())
    sheet = page.frame_locator("iframe").first
    sheet.locator(".question input").first.fill("3")
    sheet.locator(".question input").first.press("Enter")
    expect(sheet.locator("#count")).to_have_text("1 of 4 right")
    page.locator("iframe").nth(1).scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").nth(1).locator("td.wrong")).to_have_count(8)
