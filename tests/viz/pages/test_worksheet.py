"""Worksheets and the bug zoo, filled in and read in a real browser."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from autodiff import Constant, Value, topological_order
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from viz import bug_zoo, random_circuit, worksheet
from viz.pages.bug_zoo.bug_zoo import bugs, exhibits, played, right
from viz.pages.worksheet.worksheet import Worksheet
from viz.words.notation import Text
from viz.words.numbers import number


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
    wrong = answer(page, "df/dx", "4")
    expect(wrong.locator(".mark")).to_have_text("not yet")
    assert wrong.locator(".mark svg").count() == 1
    expect(wrong.locator("input")).to_have_attribute("aria-invalid", "true")
    expect(answer(page, "df/dx", "four").locator(".mark")).to_have_text("not a number")
    right = answer(page, "df/dx", " −4 ")
    expect(right.locator(".mark")).to_have_text("right")
    expect(right.locator("input")).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#count")).to_have_text("1 of 4 right")
    for name, text in (("y", "-4.0"), ("z", "6/2"), ("v1", "-4,0")):
        expect(answer(page, f"df/d{name}", text).locator(".mark")).to_have_text("right")
    expect(page.locator("#count")).to_have_text("all 4 right, well done")
    question(page, "df/dx").locator("input").fill("")
    expect(page.locator("#count")).to_have_text("3 of 4 right")


def test_what_is_right_appears_on_the_wire_and_the_rest_is_blank(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    drawing = page.locator("#sheets svg.diagram")
    grads = drawing.locator(".grad")
    assert sorted(grads.all_text_contents()) == ["", "", "", "", "1"]
    answer(page, "df/dz", "3")
    assert sorted(grads.all_text_contents()) == ["", "", "", "1", "3"]
    handles = [h.get_attribute("aria-label") for h in drawing.locator(".hit").all()]
    assert "z, value −4, gradient 3" in handles
    assert "x, value −2, gradient blank D" in handles


def test_a_hint_is_the_rule_of_the_gate_and_not_the_answer(opened: Open) -> None:
    page = opened(worksheet(fork(), "all"))
    for name, told in (
        ("df/dq", ["df/dq = df/dv1 · ∂v1/∂q + df/dv2 · ∂v2/∂q", "∂v2/∂q is blank", "adds up"]),
        ("∂q/∂x", ["Product: swaps its inputs.", "∂q/∂x = y"]),
        ("∂v3/∂x|a", ["∂v3/∂x|a = x"]),
        ("q", ["q = x·y"]),
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


@pytest.mark.parametrize("hide", ["gradients", "all"])
@pytest.mark.parametrize("seed", range(3))
def test_no_hint_holds_the_answer_of_another_blank(opened: Open, hide: str, seed: int) -> None:
    page = opened(worksheet(random_circuit("hard", seed, kinks=True), hide))
    names = [text.removesuffix(" =") for text in page.locator(".question label").all_inner_texts()]
    assert len(set(names)) == len(names)
    for row in page.locator(".question").all():
        row.get_by_role("button").click()
        own = row.locator("label").inner_text().removesuffix(" =")
        for text in row.locator(".hint p").all_inner_texts():
            for left, number_ in re.findall(r"(\S+) = (−?[\d.]+)(?=$| \()", text):
                assert left == own or left not in names, (text, number_)
            if hide == "all":  # a comparison is told in symbols, not in values that are blanks
                assert not re.search(r"since .*\d (>|<|≤)", re.sub(r"\b[a-z]\d+", "v", text))


def test_at_a_tie_the_hint_says_that_a_convention_decides(opened: Open) -> None:
    x, y = Value(-4.0, label="x"), Value(-4.0, label="y")
    page = opened(worksheet(x.max(y) * x, "local"))
    row = question(page, "∂v1/∂y")
    row.get_by_role("button").click()
    expect(row.locator(".hint")).to_contain_text("∂v1/∂y = 0 (since y ≤ x)")
    expect(row.locator(".hint")).to_contain_text("is a convention")
    other = question(page, "∂f/∂v1")
    other.get_by_role("button").click()
    expect(other.locator(".hint")).not_to_contain_text("convention")


def test_blanks_carry_letters(opened: Open) -> None:
    page = opened(worksheet(random_circuit("hard", 1), "all"))
    tags = page.locator("#sheets .slot + .tag").all_text_contents()
    assert len(tags) == page.locator(".question").count() > 26
    assert {"A", "Z", "AA", "AB"} <= set(tags)
    assert all(re.fullmatch("[A-Z]{1,2}", tag) for tag in tags)


@pytest.mark.parametrize("hide", ["gradients", "all"])
def test_no_wire_passes_behind_a_blank(opened: Open, hide: str) -> None:
    """But the blank of a local gradient may lie on its own wire."""
    page = opened(worksheet([random_circuit("hard", seed) for seed in range(30)], hide))
    crossed = page.evaluate(
        """() => [...document.querySelectorAll("#sheets svg.diagram")].flatMap((sheet) => {
          const wires = [...sheet.querySelectorAll(".wires > .wire")].map((wire) =>
            Array.from({length: wire.getTotalLength()}, (_, s) => wire.getPointAtLength(s)));
          return [...sheet.querySelectorAll(".slot")].map((slot) => {
            const {x, y, width, height} = slot.getBBox();
            const behind = (at) => at.x > x && at.x < x + width && at.y > y && at.y < y + height;
            const own = slot.matches(".value-slot, .grad-slot") ? 0 : 1;
            return wires.filter((wire) => wire.some(behind)).length - own;
          });
        })"""
    )
    assert len(crossed) > 200
    assert max(crossed) <= 0


def test_a_wrong_answer_is_diagnosed(opened: Open) -> None:
    """f = (q + z) q + x², q = x y: at x the paths bring back −120 and −2 and −2."""
    page = opened(worksheet(fork(), "all"))
    for name, text, said in (
        ("df/dz", "10", "Check the sign."),
        ("df/dq", "−14", "A path is missing"),
        ("df/dv1", "7", ""),
        ("df/dy", "−2", "That is the local gradient"),
        ("df/dy", "−24", "That is what comes back to the gate"),
        ("df/dy", "−26", "are multiplied, not added"),
        ("df/dy", "5", "That is the value"),
        ("∂q/∂x", "−2", "That is the slope by another input"),
        ("∂q/∂x", "7", ""),
    ):
        row = answer(page, name, text)
        expect(row.locator(".mark")).to_have_text("not yet")
        expect(row.locator(".slip")).to_contain_text(said)
        assert bool(row.locator(".slip").inner_text()) == bool(said)
    expect(answer(page, "df/dy", "48").locator(".slip")).to_be_hidden()


@pytest.mark.parametrize("hide", ["gradients", "values", "local", "all"])
def test_the_key_holds_the_numbers_of_python(opened: Open, hide: str) -> None:
    root = random_circuit("hard", 7)
    page = opened(worksheet(root, hide).key)
    root.backward()
    truth = page.locator(".answers li").evaluate_all(
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
    made = worksheet([random_circuit("medium", 1), random_circuit("hard", 2)], "all")
    truths = opened(made.key).locator(".answers li b").all_inner_texts()
    page = opened(made)
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


def told(made: Worksheet) -> dict[str, Any]:
    """What a page is about, from its source."""
    found = re.search(r"^const DATA = (.*);$", made.html, re.MULTILINE)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


@pytest.mark.parametrize("hide", ["gradients", "values", "local", "all"])
def test_the_answers_are_not_in_the_page(hide: str) -> None:
    """What is asked is left out of the circuit; a blank has no number that could be read."""
    root = random_circuit("hard", 3)
    made = worksheet(root, hide, spare=[random_circuit("hard", 4)])
    data = told(made)
    for sheet in data["sheets"] + data["spare"]:
        nodes = sheet["scene"]["nodes"]
        for blank in sheet["blanks"]:
            assert set(blank) == {"key", "tag", "name", "salt", "seal", "negated", "hint", "slips"}
            kind, place = blank["key"][0], blank["key"][1:]
            if kind in "vg":
                assert nodes[int(place)]["data" if kind == "v" else "grad"] is None
            else:
                assert not {"local", "locals"} & set(nodes[int(place.partition("/")[0])])
            assert len(set(blank["slips"]) | {blank["seal"]}) >= 1
    seals = [blank["seal"] for sheet in data["sheets"] for blank in sheet["blanks"]]
    assert len(set(seals)) == len(seals)  # equal answers have unequal seals
    assert "truth" in told(made.key)["sheets"][0]["blanks"][0]


def test_answers_are_typed_in_the_diagram_itself(opened: Open) -> None:
    page = opened(worksheet(circuit()[0]))
    field = page.get_by_label("blank D: df/dx, in the diagram")
    field.fill("4")
    field.press("Enter")
    expect(question(page, "df/dx").locator(".slip")).to_have_text("Check the sign.")
    expect(page.locator(".verdict")).to_have_text("D, df/dx: not yet · Check the sign.")
    expect(question(page, "df/dx").locator("input")).to_have_value("4")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("-4")
    field.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(page.locator("#count")).to_have_text("1 of 4 right")
    assert sorted(page.locator(".grad").all_text_contents()) == ["", "", "", "1", "−4"]
    answer(page, "df/dz", "3")  # and the other way round
    expect(page.get_by_label("df/dz, in the diagram")).to_have_value("3")
    box = field.bounding_box()
    slot = page.locator(".blank.filled .slot").first.bounding_box()
    assert box
    assert slot
    assert box["width"] > 30
    page.get_by_label("df/dv1, in the diagram").focus()
    for text in ("-4", "3", "-4"):  # Enter goes on to the next letter
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    expect(page.locator("#count")).to_have_text("all 4 right, well done")


def test_a_button_brings_a_new_circuit(opened: Open) -> None:
    roots = [random_circuit("easy", seed) for seed in range(3)]
    made = worksheet(roots[0], spare=roots[1:])
    keys = opened(made.key).locator(".sheet")
    truths = [sheet.locator("b").all_inner_texts() for sheet in keys.all()]
    page = opened(made)
    for k in (0, 1, 2, 0):
        expect(page.locator(".sheet h2")).to_have_text(f"Circuit {k + 1}")
        expect(page.locator("#count")).to_have_text(f"0 of {len(truths[k])} right")
        for field, text in zip(page.locator(".question input").all(), truths[k], strict=True):
            field.fill(text)
            field.press("Enter")
        expect(page.locator("#count")).to_contain_text("well done")
        page.get_by_role("button", name="New circuit").press("Enter")
        assert page.evaluate("document.activeElement.matches('.inside')")
    opened(worksheet(roots[0]))
    expect(page.locator("#new")).to_be_hidden()


def pages_on_paper(page: Page) -> int:
    paper = page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", paper))


def test_on_paper_each_sheet_and_each_key_has_its_own_page(opened: Open) -> None:
    page = opened(worksheet([random_circuit("hard", 1), random_circuit("easy", 1)]))
    page.emulate_media(media="print")
    expect(page.locator("#print")).to_be_hidden()
    expect(page.locator(".question button").first).to_be_hidden()
    assert pages_on_paper(page) == 2
    for made in (worksheet(random_circuit("hard", 1), "all"), worksheet(circuit()[0], "all")):
        opened(made)
        assert pages_on_paper(page) == 1
        opened(made.key)
        assert pages_on_paper(page) == 1


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
            expect(page.locator("main")).to_contain_text(f"df/d{label}")
        assert page.locator("img, b b, td b, label b").count() == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_no_serious_fault_of_accessibility(
    opened: Open, judge: Judge, scheme: str, width: int
) -> None:
    page = opened(worksheet(random_circuit("hard", 1), "all"), width)
    page.locator(".question input").first.fill("99")
    page.locator(".question button").first.click()
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page = opened(worksheet(random_circuit("hard", 1), "all").key, width)
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page = opened(bug_zoo(fork()), width)
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_zoo_puts_wrong_numbers_beside_the_right_ones(opened: Open) -> None:
    page = opened(bug_zoo(fork()))
    mine = page.locator("#exhibit-1")
    row = mine.locator("tr[data-name=x] td")
    assert row.all_inner_texts()[:4] == ["−124", "✗ −54", "✗ −50", "✗ −248"]
    assert mine.locator("tr[data-name=z] td").all_inner_texts()[:4] == [
        "−10",
        "−10",
        "−10",
        "✗ −20",
    ]
    mine.get_by_role("button", name="no topological sort").click()
    expect(mine.locator(".verdict")).to_contain_text("2 of 8 gradients are wrong here")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_page_plays_every_walk_as_python_does(opened: Open, seed: int) -> None:
    root = random_circuit("hard", seed)
    page = opened(bug_zoo(root))
    for k, (shown, walks) in enumerate(
        [(root, bugs(root)), *((one.root, one.bugs) for one in exhibits())], start=1
    ):
        table = page.locator(f"#exhibit-{k} tbody")
        names = Text(topological_order(shown)).names
        for v in topological_order(shown):
            if isinstance(v, Constant):
                continue
            cells = table.locator(f"tr[data-name='{names[v]}']")
            told = cells.locator("td").all_inner_texts()
            grads = [played(shown, right(shown))[v], *(bug.grads[v] for bug in walks)]
            assert [text.removeprefix("✗ ") for text in told] == [number(x) for x in grads]


def test_a_bug_is_followed_step_by_step(opened: Open) -> None:
    """f = x·y + x, with = instead of +=: x first gets 1, then y in its place."""
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    page = opened(bug_zoo(x * y + x))
    zoo = page.locator("#exhibit-1")
    zoo.get_by_role("button", name="= instead of +=").press("Enter")
    told, count = zoo.locator(".told"), zoo.locator("output")
    expect(count).to_have_text("step 0 of 5")
    on = zoo.get_by_role("button", name="One step on")
    for said in (
        "f.grad = 1: here the backward pass begins.",
        "f → v1: v1.grad = 1 · 1 = 1",
        "f → x: x.grad = 1 · 1 = 1",
        "v1 → x: x.grad = 1 · (−4) = −4; the 1 that stood there is lost",
        "v1 → y: y.grad = 1 · 3 = 3",
    ):
        on.press("Enter")
        expect(told).to_have_text(said)
    expect(on).to_be_disabled()
    assert zoo.locator(".grad.wrong").all_text_contents() == ["✗ −4"]
    zoo.get_by_role("button", name="One step back").click()
    expect(count).to_have_text("step 4 of 5")
    assert zoo.locator(".grad.wrong").count() == 0
    assert zoo.locator(".wire.backward").count() == 1


def test_the_zoo_takes_inputs_of_the_reader(opened: Open) -> None:
    page = opened(bug_zoo(fork()))
    zoo = page.locator("#exhibit-1")
    zoo.get_by_label("x =").fill("0")
    x, y, z = Value(0.0), Value(5.0), Value(-4.0)
    q = x * y
    f = (q + z) * q + x * x
    f.backward()
    assert zoo.locator("tr[data-name=x] td").first.inner_text() == number(x.grad)
    assert zoo.locator("tr[data-name=q] td").first.inner_text() == number(q.grad)
    zoo.get_by_label("x =").fill("")
    expect(zoo.get_by_label("x =")).to_have_attribute("aria-invalid", "true")


def test_the_zoo_says_where_a_bug_goes_unnoticed(opened: Open) -> None:
    page = opened(bug_zoo(circuit()[0]))
    zoo = page.locator("#exhibit-1")
    for bug, unnoticed in (("no topological sort", True), ("no zero_grad", False)):
        zoo.get_by_role("button", name=bug).click()
        found = zoo.locator(".verdict", has_text="goes unnoticed").count()
        assert bool(found) is unnoticed


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
    expect(page.frame_locator("iframe").nth(1).locator("td.wrong").first).to_be_visible()
