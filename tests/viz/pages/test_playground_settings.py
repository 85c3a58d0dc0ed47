"""The playground's network taken apart and put together in place, its settings, and its address."""

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Page, expect

from nn import MLP
from tests.viz.pages.conftest import Open
from tests.viz.pages.playing import exported, python, set_to, state, weights
from viz import playground

SPOTS = [(0.3, -0.7), (1.2, 0.4), (-1.0, 0.9)]


def outputs(page: Page) -> list[float]:
    predict = python(page)["predict"]
    return [predict(*spot) for spot in SPOTS]


def nearly(numbers: list[float]) -> Any:
    return pytest.approx(numbers, rel=1e-12, abs=1e-12)


@pytest.fixture
def trained(opened: Open) -> Page:
    page = opened(playground())
    set_to(page, widths="4, 3")
    for _ in range(5):
        page.click("#step")
    return page


def test_a_neuron_that_is_added_changes_no_output_and_learns(trained: Page, tmp_path: Path) -> None:
    before, old = outputs(trained), exported(trained, tmp_path)
    trained.get_by_role("button", name="one neuron more in hidden layer 1").press("Enter")
    expect(trained.locator("#widths")).to_have_value("5, 3")
    expect(trained.locator("#status")).to_contain_text("step 5 ")
    assert outputs(trained) == nearly(before)
    model = exported(trained, tmp_path)
    kept = weights(model)
    assert kept["0.weight"][:4] == weights(old)["0.weight"]
    assert [row[4] for row in kept["2.weight"]] == [0.0] * 3
    for _ in range(2):
        trained.click("#step")
    learnt = weights(exported(trained, tmp_path))
    assert learnt["0.weight"][4] != kept["0.weight"][4]


def test_a_neuron_that_is_taken_away_leaves_the_others(trained: Page, tmp_path: Path) -> None:
    old = weights(exported(trained, tmp_path))
    trained.get_by_role("button", name="one neuron fewer in hidden layer 2").click()
    new = weights(exported(trained, tmp_path))
    assert new["0.weight"] == old["0.weight"]
    assert new["2.weight"] == old["2.weight"][:2]
    assert new["4.weight"] == [old["4.weight"][0][:2]]


def test_layers_are_added_and_taken_away(trained: Page, tmp_path: Path) -> None:
    old = weights(exported(trained, tmp_path))
    for many in (3, 4, 5, 6):
        trained.click("#deeper")
        expect(trained.locator("#depth")).to_have_text(f"{many} hidden layers")
    expect(trained.locator("#deeper")).to_be_disabled()
    new = weights(exported(trained, tmp_path))
    assert all(
        new[f"{k}.{part}"] == old[f"{k}.{part}"] for k in (0, 2) for part in ("weight", "bias")
    )
    for _ in range(6):
        trained.click("#shallower")
    expect(trained.locator("#shallower")).to_be_disabled()
    expect(trained.locator("#depth")).to_have_text("0 hidden layers")
    assert exported(trained, tmp_path).layers[0].nin == 2
    trained.click("#step")
    expect(trained.locator("#status")).to_contain_text("step 6 ")


def test_a_feature_that_is_added_changes_no_output(trained: Page, tmp_path: Path) -> None:
    before = outputs(trained)
    for name in ("x1²", "x1·x2", "sin(x2)"):
        trained.get_by_label(name, exact=True).check()
        assert outputs(trained) == nearly(before)
    assert exported(trained, tmp_path).layers[0].nin == 5
    trained.click("#step")
    trained.get_by_label("x1", exact=True).first.uncheck()
    assert exported(trained, tmp_path).layers[0].nin == 4
    names = python(trained)
    assert names["inputs"](2.0, 3.0) == pytest.approx([3.0, 4.0, 6.0, 0.1411200080598672])


def test_one_feature_stays(opened: Open) -> None:
    page = opened(playground())
    for k in (0, 1):
        page.locator(f"#feature{k}").uncheck()
    expect(page.locator("#fault")).to_have_text("One input feature must stay.")


def test_products_tell_the_circles_apart_without_a_hidden_layer(opened: Open) -> None:
    page = opened(playground())
    set_to(page, shape="circles", widths="", lr=1)
    for name in ("x1²", "x2²"):
        page.get_by_label(name, exact=True).check()
    page.click("#run")
    expect(page.locator("#status")).to_have_text(
        re.compile(r"accuracy (9[5-9]|100)"), timeout=30000
    )


def test_linear_neurons_stay_linear(opened: Open, tmp_path: Path) -> None:
    page = opened(playground())
    page.select_option("#activation", "linear")
    page.click("#step")
    f = python(page)["predict"]
    assert f(1, 2) + f(0, 0) == pytest.approx(f(1, 0) + f(0, 2))
    assert exported(page, tmp_path).layers[0].activation.function is None
    again = MLP(2, [3, 1], None, rng=0)
    page = opened(playground(again))
    expect(page.locator("#activation")).to_have_value("linear")
    assert weights(exported(page, tmp_path)) == weights(again)


def test_l1_makes_weights_that_carry_nothing_small(opened: Open, tmp_path: Path) -> None:
    """A column of noise beside one that decides: its weights shrink, with L1 next to nothing."""
    X = [[k % 2 - 0.5, (k * 7 % 11) / 10 - 0.5] for k in range(44)]
    page = opened(playground(None, X, ["a" if x[0] < 0 else "b" for x in X]))
    set_to(page, share=0, widths="", batch=44, l1=0.05)
    page.evaluate(
        "() => { for (let k = 0; k < 300; k++) document.querySelector('#step').click(); }"
    )
    (row,) = weights(exported(page, tmp_path))["0.weight"]
    assert row[0] > 0.5
    assert abs(row[1]) < 0.02


def test_the_speed_is_kept(opened: Open) -> None:
    """By a clock of the test's own: two steps a second are about six in three seconds."""
    page = opened(playground())
    set_to(page, speed=2)
    page.clock.install()
    page.click("#run")
    page.clock.run_for(3000)
    page.click("#run")
    steps = int(page.inner_text("#status").split()[1])
    assert 5 <= steps <= 8


def pixels(page: Page) -> list[list[int]]:
    """The different opacities and colours of the surface, of each kind once."""
    found: list[list[int]] = page.evaluate(
        """() => {
          const canvas = document.querySelector("#surface"), found = new Set();
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, 60);
          for (let k = 0; k < data.length; k += 4) found.add(data.slice(k, k + 4).join());
          return [...found].map((text) => text.split(",").map(Number));
        }"""
    )
    return found


def test_the_output_is_discretised(opened: Open) -> None:
    page = opened(playground())
    for _ in range(30):
        page.click("#step")
    assert len({alpha for *_, alpha in pixels(page)}) > 20
    page.check("#discrete")
    colours = pixels(page)
    assert {alpha for *_, alpha in colours} == {120}
    expect(page.locator("#key-text")).to_have_text("")


def test_test_points_are_shown_or_not(opened: Open) -> None:
    page = opened(playground())
    page.evaluate("""() => {
        const arc = CanvasRenderingContext2D.prototype.arc;
        CanvasRenderingContext2D.prototype.arc = function (...given) {
          window.drawn = (window.drawn || 0) + 1;
          arc.apply(this, given);
        };
    }""")
    counts = []
    for _ in range(2):
        page.evaluate("window.drawn = 0")
        page.locator("#show-test").click()
        counts.append(page.evaluate("window.drawn"))
    hidden, shown = counts
    assert shown - hidden == 40 * 3  # two discs, and the hole that marks the point


def test_the_map_of_a_neuron_is_shown_large(opened: Open) -> None:
    """While the pointer, or the keyboard, is on it; with a key of its own."""
    page = opened(playground())
    title, key = page.locator("#output-title"), page.locator("#key")
    expect(title).to_have_text("Decision surface")
    expect(key).to_contain_text("class 0")
    page.locator("button.neuron").nth(2).hover()
    expect(title).to_have_text("a1[2] over the plane")
    expect(key).to_contain_text("≥ 1")
    page.mouse.move(2, 2)
    expect(title).to_have_text("Decision surface")
    page.locator("#net .head button").last.focus()
    page.keyboard.press("Tab")
    expect(title).to_have_text("a2[0] over the plane")
    page.locator("#run").focus()
    expect(title).to_have_text("Decision surface")


# ── the address ──────────────────────────────────────────────────────────────────────────────

SETTINGS = {
    "shape": "spiral", "many": 3, "noise": 0.05, "share": 30, "widths": "6, 5", "seed": 7,
    "activation": "ReLU", "optimiser": "adam", "lr": 0.03, "batch": 10, "l1": 0.001,
    "decay": 0.01, "speed": 10,
}  # fmt: skip


def test_a_link_brings_the_settings_and_the_same_training_back(opened: Open) -> None:
    page = opened(playground())
    assert "#" not in page.url
    for field, wish in SETTINGS.items():
        set_to(page, **{field: wish})
    page.get_by_label("x1·x2", exact=True).check()
    page.check("#discrete")
    page.click("#deeper")
    page.click("#reset")
    for _ in range(3):
        page.click("#step")
    link, before = page.url, state(page)
    assert "step 3 " in before[0]
    page.goto("about:blank")
    page.goto(link)
    for field, wish in (SETTINGS | {"widths": "6, 5, 4"}).items():
        expect(page.locator(f"#{field}")).to_have_value(str(wish))
    expect(page.get_by_label("x1·x2", exact=True)).to_be_checked()
    expect(page.locator("#discrete")).to_be_checked()
    for _ in range(3):
        page.click("#step")
    assert state(page) == before
    page.evaluate("location.hash = '#data=hills'")  # a link that is followed in the page
    expect(page.locator("#shape")).to_have_value("hills")
    expect(page.locator("#widths")).to_have_value("8, 8")
    expect(page.locator("#status")).to_contain_text("R²")


def test_an_address_that_asks_for_what_there_is_not_is_answered(opened: Open) -> None:
    page = opened(playground())
    page.evaluate("location.hash = '#data=cubes&noise=soft&seed=3'")
    expect(page.locator("#fault")).to_contain_text("what there is not: data=cubes, noise=soft.")
    expect(page.locator("#shape")).to_have_value("moons")
    expect(page.locator("#seed")).to_have_value("3")
    page.evaluate("location.hash = '#lr=-1'")
    expect(page.locator("#lr")).to_have_value("-1")
    page.click("#step")
    expect(page.locator("#fault")).to_contain_text("a number above 0")


def test_the_links_of_the_site_ask_for_what_there_is(opened: Open) -> None:
    told = (Path(__file__).parents[3] / "docs" / "playground.md").read_text(encoding="utf-8")
    links = [html.unescape(link) for link in re.findall(r'href="live/playground.html(#.*?)"', told)]
    page = opened(playground())
    assert len(links) == 4
    for link in links:
        page.evaluate("link => { location.hash = link; }", link)
        page.click("#step")
        expect(page.locator("#fault")).to_be_hidden()
        wishes = dict(parse_qsl(link[1:]))
        expect(page.locator("#shape")).to_have_value(wishes.pop("data"))
        for name, wish in wishes.items():
            field = page.locator(f'[name="{name}"]')
            found = field.evaluate("e => e.type === 'checkbox' ? String(+e.checked) : e.value")
            assert found == wish


def test_points_of_ones_own_are_not_in_the_address(opened: Open) -> None:
    page = opened(playground(None, [[0, 1], [1, 0]], ["a", "b"]))
    set_to(page, seed=4)
    assert page.url.endswith("#seed=4")
