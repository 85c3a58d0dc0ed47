"""What the playground learns besides two classes: more of them, values, pictures of digits."""

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autodiff import Value
from nn import MLP, losses
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from tests.viz.pages.playing import exported, python, set_to, weights
from viz import playground
from viz.pages.page import source
from viz.pages.playground.given import CLASSES
from viz.plots.axes import COLOURS


def until(page: Page, told: str) -> None:
    page.click("#run")
    expect(page.locator("#status")).to_have_text(re.compile(told), timeout=60000)
    page.click("#run")


def mean_loss(page: Page) -> float:
    return float(page.inner_text("#status").split("loss ")[1].split(" ")[0])


@pytest.mark.parametrize("shape", ["circles", "clusters", "spiral"])
def test_generated_classes_may_be_many(opened: Open, shape: str) -> None:
    page = opened(playground())
    set_to(page, shape=shape, many=5)
    assert page.locator("#class option").all_text_contents() == [*"01234"]
    assert page.locator("#bars li").count() == 5
    assert page.locator("#key .swatch").count() == 5
    page.click("#step")
    expect(page.locator("#status")).to_contain_text("step 1 ")
    set_to(page, many=11)
    expect(page.locator("#fault")).to_contain_text("a whole number from 2 to 10; “11” is not")


def test_three_classes_have_the_loss_and_the_gradients_of_python(
    opened: Open, tmp_path: Path
) -> None:
    """Softmax cross entropy over all points, and one step of gradient descent on it."""
    rows = [(k % 5, k % 3 - 0.1 * k, ["a", "b", "c"][k % 3]) for k in range(15)]
    table = tmp_path / "own.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    page = opened(playground(csv=table))
    set_to(page, share=0, widths=4, batch=15, lr=0.5)
    model, inputs = exported(page, tmp_path), python(page)["inputs"]
    terms = [
        losses.softmax_cross_entropy(model(inputs(x1, x2)), "abc".index(name))
        for x1, x2, name in rows
    ]
    mean = sum(terms, Value(0.0)) / len(rows)
    assert math.isclose(mean_loss(page), mean.data, rel_tol=5e-3)
    mean.backward()
    page.click("#step")
    found = exported(page, tmp_path)
    assert found.classes == ("a", "b", "c")
    for after, before in zip(found.parameters(), model.parameters(), strict=True):
        assert math.isclose(after.data, before.data - 0.5 * before.grad, abs_tol=1e-12)


def test_the_bars_are_the_softmax_of_the_logits(opened: Open, tmp_path: Path) -> None:
    page = opened(playground(None, [[0, 1], [1, 0], [1, 1]], ["red", "blue", "red|green"]))
    set_to(page, share=0)
    page.click("#step")
    logits = python(page)["predict"](0, 1)
    whole = sum(map(math.exp, logits))
    bars = page.locator("#bars li").all_inner_texts()
    for name, z, bar in zip(["blue", "red", "red|green"], logits, bars, strict=True):
        assert bar.split("\n")[0].startswith(name)
        assert f"{100 * math.exp(z) / whole:.1f} %" in bar


def test_all_ten_classes_have_colours_of_their_own_the_plots_first(
    opened: Open, scheme: str
) -> None:
    page = opened(playground())
    found = page.evaluate(
        """(many) => Array.from({length: many}, (_, k) =>
          getComputedStyle(document.documentElement).getPropertyValue(`--class${k}`).toUpperCase())""",
        CLASSES,
    )
    assert len(set(found)) == CLASSES
    if scheme == "light":
        assert tuple(found[: len(COLOURS)]) == COLOURS


@pytest.mark.parametrize("shape", ["plane", "hills", "waves"])
def test_regression_explains_most_of_the_variance(opened: Open, shape: str) -> None:
    page = opened(playground())
    set_to(page, shape=shape, optimiser="adam", noise=0)
    until(page, r"· R² (0\.9[0-9]*|1) ")
    expect(page.locator("#output-title")).to_have_text("Surface of values")
    expect(page.locator("#example-text")).to_contain_text("y = ")


def test_values_of_a_table_come_back_in_their_own_units(opened: Open, tmp_path: Path) -> None:
    """The exported code gives what the page computes; R² is that of its predictions."""
    rows = [(k, 7 * k % 11, 1000 + 3.5 * k - 2 * (7 * k % 11)) for k in range(40)]
    table = tmp_path / "own.csv"
    table.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    page = opened(playground(csv=table))
    set_to(page, share=0, widths="", lr=0.1)
    for _ in range(40):
        page.click("#step")
    predict = python(page)["predict"]
    mean = sum(y for *_, y in rows) / len(rows)
    rest = sum((predict(*x) - y) ** 2 for *x, y in rows)
    explained = 1 - rest / sum((y - mean) ** 2 for *_, y in rows)
    assert explained > 0.9
    told = float(page.inner_text("#status").split("R² ")[1].split(" ")[0])
    assert math.isclose(told, explained, abs_tol=5e-3)
    expect(page.locator("#example-text")).to_contain_text("y = 1000")
    set_to(page, y=900, x1=0, x2=0)
    page.click("#add")
    expect(page.locator("#example-text")).to_contain_text("y = 900")


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        ([3, 1, 2] * 4, ["1", "2", "3"]),
        (["10", "9", "2"] * 4, ["2", "9", "10"]),
        ([True, False] * 6, ["False", "True"]),
        ([0.5, 1.0] * 6, None),
        (list(range(12)), None),
    ],
)
def test_labels_are_classes_or_values(
    opened: Open, tmp_path: Path, labels: list[object], kind: list[str] | None
) -> None:
    """Whole numbers, up to ten different ones, and names are classes; in a table as in Python."""
    X = [[k, k % 5] for k in range(12)]
    page = opened(playground(None, X, labels))
    table = tmp_path / "own.csv"
    table.write_text("\n".join(f"{a},{b},{y}" for (a, b), y in zip(X, labels, strict=True)))
    for _ in range(2):
        assert page.locator("#class option").all_text_contents() == (kind or [])
        expect(page.locator("#status")).to_contain_text("accuracy" if kind else "R²")
        page.set_input_files("#file", table)


def test_a_model_of_three_classes_starts_the_page(opened: Open, tmp_path: Path) -> None:
    model = MLP(2, [5, 3], "relu", rng=1)
    page = opened(playground(model))
    expect(page.locator("#many")).to_have_value("3")
    assert weights(exported(page, tmp_path)) == weights(model)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────


def test_the_digits_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    data, many = datasets.load_digits(), dict.fromkeys(range(10), 0)
    expected = []
    for x, y in zip(data.data, data.target, strict=True):
        many[y] += 1
        if many[y] <= 50:
            expected.append(f"{y} " + "".join("0123456789abcdefg"[int(ink)] for ink in x))
    assert source("playground", "digits.txt").splitlines() == expected


@pytest.fixture
def reader(opened: Open) -> Page:
    """A page that has learnt to read digits."""
    page = opened(playground())
    set_to(page, shape="digits", widths=16, optimiser="adam", lr=0.01)
    until(page, r"step \d+ · loss 0\.00")
    return page


def draw(page: Page, strokes: list[list[tuple[float, float]]]) -> None:
    page.click("#clear")
    page.evaluate("scrollTo(0, 0)")  # else the bar on top may lie on it
    box = page.locator("#pad").bounding_box()
    assert box is not None
    for stroke in strokes:
        spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*spots[0])
        page.mouse.down()
        for spot in spots[1:]:
            page.mouse.move(*spot)
        page.mouse.up()


def arc(x: float, y: float, wide: float, high: float, *ends: float) -> list[tuple[float, float]]:
    """Points of an ellipse between two angles in degrees, clockwise from the right."""
    start, end = map(math.radians, ends)
    angles = [start + (end - start) * k / 24 for k in range(25)]
    return [(x + wide * math.cos(t), y + high * math.sin(t)) for t in angles]


DRAWINGS = {
    "0": [arc(0.5, 0.5, 0.26, 0.4, -90, 270)],
    "1": [[(0.4, 0.25), (0.52, 0.1), (0.52, 0.9)]],
    "3": [arc(0.45, 0.3, 0.22, 0.2, -150, 90), arc(0.45, 0.7, 0.25, 0.2, -90, 150)],
    "7": [[(0.2, 0.1), (0.8, 0.1), (0.4, 0.9)]],
}


def test_a_drawn_digit_is_read(reader: Page, tmp_path: Path) -> None:
    """Whatever its size and place; and the probabilities are those of the exported code."""
    for digit, strokes in DRAWINGS.items():
        draw(reader, strokes)
        expect(reader.locator("#bars .best")).to_have_text(re.compile(f"^{digit}"))
        draw(reader, [[(0.1 + x / 3, 0.5 + y / 3) for x, y in stroke] for stroke in strokes])
        expect(reader.locator("#bars .best")).to_have_text(re.compile(f"^{digit}"))
    expect(reader.locator("#example-text")).to_have_text("your drawing")
    seen = reader.evaluate(
        """() => Array.from(document.querySelector("#seen canvas").getContext("2d")
          .getImageData(0, 0, 8, 8).data.filter((_, k) => k % 4 === 3), (a) => a / 255)"""
    )
    names = python(reader)
    assert names["classify"](seen) == "7"
    assert names["model"].state_dict().keys() == exported(reader, tmp_path).state_dict().keys()
    reader.click("#clear")
    expect(reader.locator("#example-text")).to_contain_text("class 0")


def test_a_picture_is_drawn_by_keyboard_and_learnt(opened: Open) -> None:
    page = opened(playground())
    set_to(page, shape="digits")
    pad = page.locator("#pad")
    pad.press("Delete")
    pad.press("ArrowRight")
    for _ in range(3):
        pad.press(" ")
        expect(page.locator("#pad-text")).to_contain_text("column 5: ink")
        pad.press(" ")
        expect(page.locator("#pad-text")).to_contain_text("row 4, column 5: paper")
    pad.press("Enter")
    page.select_option("#class", "4")
    page.click("#add")
    expect(page.locator("#example")).to_have_value("500")
    expect(page.locator("#example-text")).to_have_text("class 4")
    page.click("#step")
    expect(page.locator("#status")).to_contain_text("step 1 ")


def test_pictures_and_a_model_of_ones_own(opened: Open, tmp_path: Path) -> None:
    """Where a neuron of the first layer is pointed at, its weights are seen."""
    model = MLP(64, [3, 1], "tanh", rng=2)
    X = [[float(i == k) for i in range(64)] for k in range(6)]
    page = opened(playground(model, X, ["left", "right"] * 3))
    assert weights(exported(page, tmp_path)) == weights(model)
    assert page.locator("#bars li").count() == 2
    expected = model(X[1]).data
    assert python(page)["predict"](X[1]) == expected
    page.locator("button.neuron").first.hover()
    expect(page.locator("#output-title")).to_have_text("a1[0]: what each pixel adds")
    page.locator("button.neuron").first.click()
    expect(page.get_by_label("w1[0,63]", exact=True)).to_have_value(
        f"{model.layers[0].neurons[0].w[63].data:.4g}"
    )
    expect(page.locator("#gates")).to_be_hidden()


@pytest.mark.parametrize("width", WIDTHS)
def test_each_kind_of_task_is_accessible_and_fits(
    opened: Open, judge: Judge, scheme: str, width: int
) -> None:
    page = opened(playground(), width)
    set_to(page, shape="clusters", many=4)
    for shape in ("digits", "hills", "clusters"):
        set_to(page, shape=shape)
        page.click("#step")
        page.locator("button.neuron").first.click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        judge(page)


@pytest.mark.parametrize(
    ("shape", "printed"),
    [("moons", "[01]"), ("spiral", "[0-2]"), ("waves", r"-?\d\.\d+"), ("digits", r"\d")],
)
def test_the_python_file_runs_by_itself_and_computes_what_the_page_does(
    opened: Open, tmp_path: Path, shape: str, printed: str
) -> None:
    page = opened(playground())
    set_to(page, shape=shape)
    if shape == "spiral":
        set_to(page, many=3)
        for k in range(7):
            page.locator(f"#feature{k}").check()
    page.click("#step")
    with page.expect_download() as download:
        page.click("#save-python")
    path = tmp_path / "model.py"
    download.value.save_as(path)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, check=True)
    assert re.fullmatch(printed, done.stdout.strip())
    names: dict[str, Any] = {"__name__": "exported"}
    exec(path.read_text(encoding="utf-8"), names)
    if shape == "digits":
        return  # its example is no pair of numbers; a drawn digit is compared above
    found = []
    for button in page.locator("button.neuron").all()[-3 if shape == "spiral" else -1 :]:
        button.click()
        unit = page.locator("#gates .unit").last
        found.append(float(unit.get_attribute("data-value") or "nan"))
    page.locator("button.neuron").first.click()
    units = page.locator("#gates .unit").evaluate_all(
        "units => units.map((u) => [u.textContent.slice(0, 2), Number(u.dataset.value)])"
    )
    x = [next(value for text, value in units if text == name) for name in ("x1", "x2")]
    predicted = names["predict"](*x)
    assert found == pytest.approx(predicted if shape == "spiral" else [predicted], rel=1e-12)
