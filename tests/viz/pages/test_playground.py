"""The playground, trained and looked into in a real browser."""

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from autodiff import Value
from nn import MLP, losses
from nn.optimisers import SGD, Adam, Optimiser
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from tests.viz.pages.playing import exported, python, train, weights
from viz import playground
from viz.command.cli import main
from viz.pages.playground import given as from_python
from viz.plots.axes import COLOURS


def neuron(page: Page, label: str) -> dict[str, tuple[float, float]]:
    """Value and gradient of each node of a neuron's diagram, by label."""
    page.locator(f'button.neuron[aria-label^="{label},"]').click()
    found = page.evaluate(
        """() => [...document.querySelectorAll("#gates .unit")].map((unit) =>
          [unit.textContent, Number(unit.dataset.value), Number(unit.dataset.grad)])"""
    )
    return {text: (value, grad) for text, value, grad in found}


def test_moons_to_95_percent_and_the_python_code_has_the_same_output(
    opened: Open, tmp_path: Path
) -> None:
    page = opened(playground())
    train(page)
    names = python(page)
    assert weights(names["model"]) == weights(exported(page, tmp_path))
    shown = point(page)
    found = neuron(page, "logit")
    logit = next(value for text, (value, _) in found.items() if "logit" in text)
    x1, x2 = shown
    assert math.isclose(names["predict"](x1, x2), logit, rel_tol=1e-12, abs_tol=1e-12)


def point(page: Page) -> tuple[float, float]:
    """The chosen example, as a neuron of the first layer reads it."""
    found = neuron(page, "a1[0]") if page.locator("button.neuron").count() > 1 else {}
    values = {text[:2]: value for text, (value, _) in found.items() if text[:2] in ("x1", "x2")}
    return values["x1"], values["x2"]


@pytest.mark.parametrize("activation", ["tanh", "leaky ReLU", "softplus"])
def test_an_opened_neuron_has_the_gradients_of_python(
    opened: Open, tmp_path: Path, activation: str
) -> None:
    page = opened(playground())
    page.select_option("#activation", label=activation)
    page.fill("#widths", "3 2")
    page.locator("#widths").blur()
    for _ in range(5):
        page.click("#step")
    page.locator("#example").press("ArrowRight")  # number 1: of class 1
    expect(page.locator("#example-text")).to_contain_text("class 1")
    model = exported(page, tmp_path)
    x = [Value(number) for number in point(page)]
    losses.logistic(model(x), 1).backward()
    first = model.layers[0].neurons[1]
    found = neuron(page, "a1[1]")
    expected = {"x1": x[0], "x2": x[1], "w1[1,0]": first.w[0], "w1[1,1]": first.w[1]}
    for label, node in (expected | {"b1[1]": first.b}).items():
        value, grad = next(pair for text, pair in found.items() if text.startswith(label))
        assert value == node.data
        if label not in ("x1", "x2"):  # an input's gradient is this neuron's share
            assert math.isclose(grad, node.grad, rel_tol=1e-9, abs_tol=1e-12)


def test_a_table_of_ones_own(opened: Open, tmp_path: Path) -> None:
    rows = [f"{100 + k},{k % 7},{'yes' if k > 20 else 'no'}" for k in range(40)]
    table = tmp_path / "own.csv"
    table.write_text("\n".join(["height,weight,label", *rows]), encoding="utf-8")
    for given in (None, table):
        page = opened(playground(given))
        if given is None:
            page.set_input_files("#file", table)
        expect(page.locator("#shape")).to_have_value("own")
        train(page)
        predict = python(page)["predict"]
        assert predict(100, 1) < 0 < predict(139, 1)
    table.write_text("1,2,a\n3,oops,b\n", encoding="utf-8")
    page.set_input_files("#file", table)
    expect(page.locator("#fault")).to_contain_text("Row 2")
    with pytest.raises(ValueError, match=r"own\.csv: row 2"):
        playground(table)
    table.write_text("1,2,a\n3,4,b\n" * 1001, encoding="utf-8")
    page.set_input_files("#file", table)  # the same file once more
    expect(page.locator("#fault")).to_contain_text("2002 rows")
    with pytest.raises(ValueError, match=r"own.csv: 2002 rows, .* up to 2000; give fewer"):
        playground(table)


def test_the_page_reads_quoted_classes_as_python_does(opened: Open, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    with own.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([k, k % 3, ("a, b", 'say "c"')[k % 2]] for k in range(12))
    page = opened(playground())
    page.set_input_files("#file", own)
    expect(page.locator("#shape")).to_have_value("own")
    read: Any = exported(page, tmp_path)
    assert [*read.classes] == from_python.table(own)["classes"] == ["a, b", 'say "c"']


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_is_read_as_spreadsheets_write_it(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes("x,y,class\r\n1,2,né\r\n3,4,b\r\n".encode(encoding))
    found = from_python.table(tmp_path / "own.csv")
    assert (found["X"], found["classes"]) == ([[1, 2], [3, 4]], ["b", "né"])


def test_a_row_of_many_cells_makes_no_long_message(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("1," * 100_000 + "1\n")
    with pytest.raises(ValueError, match=r"own\.csv: row 1 is \['1', '1', .{1,99}give two") as told:
        from_python.table(tmp_path / "own.csv")
    assert len(str(told.value)) < 200


def test_the_name_of_a_page_in_the_place_of_a_table_is_answered_with_what_to_type() -> None:
    with pytest.raises(FileNotFoundError, match=r"no table 'p\.html'.*playground\(\)\.save\("):
        playground("p.html")


@pytest.mark.parametrize("shape", ["moons", "circles", "xor", "spiral"])
def test_equal_seeds_train_alike(opened: Open, shape: str) -> None:
    page = opened(playground())
    seen = []
    for _ in range(2):
        page.select_option("#shape", shape)
        page.click("#reset")
        for _ in range(3):
            page.click("#step")
        seen.append(page.inner_text("#status"))
    assert seen[0] == seen[1]
    assert "step 3 " in seen[0]


def test_backward_view_and_bad_widths(opened: Open) -> None:
    page = opened(playground())
    page.focus("#backward")
    page.keyboard.press("Enter")
    expect(page.locator("#backward")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("button.neuron").first).to_have_attribute(
        "aria-label", re.compile("gradient")
    )
    page.fill("#widths", "8, zero")
    page.locator("#widths").blur()
    expect(page.locator("#fault")).to_contain_text("1 to 16 neurons")


def test_own_csv_without_a_file_is_answered_in_words(opened: Open) -> None:
    page = opened(playground())
    page.select_option("#shape", "own")
    expect(page.locator("#fault")).to_contain_text("Choose a CSV file first")
    page.select_option("#shape", "xor")
    expect(page.locator("#fault")).to_be_hidden()


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("lr", "-1", "The learning rate is a number above 0; “-1” is not."),
        ("lr", "", "The learning rate is a number above 0; “an empty field” is not."),
        ("decay", "-0.1", "L2 is a number from 0"),
        ("batch", "2.5", "The batch size is a whole number from 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    opened: Open, field: str, text: str, said: str
) -> None:
    page = opened(playground())
    before = page.input_value(f"#{field}")
    page.fill(f"#{field}", text)
    for button in ("#step", "#run"):
        page.click(button)
        expect(page.locator("#fault")).to_contain_text(said)
        expect(page.locator("#run")).to_have_text("Run")
    expect(page.locator("#status")).to_contain_text("step 0 ")
    page.fill(f"#{field}", before)
    page.click("#step")
    expect(page.locator("#status")).to_contain_text("step 1 ")
    expect(page.locator("#fault")).to_be_hidden()


def test_the_python_code_that_is_shown_is_that_of_the_network_as_it_is(
    opened: Open, tmp_path: Path
) -> None:
    page = opened(playground())
    page.click("#show-python")
    page.click("#step")
    names: dict[str, Any] = {"__name__": "exported"}
    exec(page.input_value("#code"), names)
    assert weights(names["model"]) == weights(exported(page, tmp_path))


def test_colours_are_those_of_the_plots_and_told_in_both_passes(opened: Open) -> None:
    page = opened(playground())
    classes = page.evaluate(
        """() => ["--class0", "--class1"].map((name) =>
          getComputedStyle(document.documentElement).getPropertyValue(name).toUpperCase())"""
    )
    assert tuple(classes) == COLOURS[:2]  # as plot_decision_boundary draws classes 0 and 1
    for button in ("#backward", "#forward"):
        page.click(button)
        expect(page.locator("#legend")).to_contain_text("Orange is positive, blue negative.")


def test_no_text_is_tiny_or_cut_off(opened: Open) -> None:
    page = opened(playground(), 390)
    page.click("#backward")
    page.locator("button.neuron").first.click()
    small = page.evaluate(
        """() => [...document.querySelectorAll(".neuron span, #gates text")].filter((e) => {
          const box = e.getBoundingClientRect(), own = e.closest(".neuron");
          const wide = own && e.scrollWidth > own.clientWidth;
          const scale = e.ownerSVGElement ? e.getScreenCTM().a : 1;
          return wide || (box.width && parseFloat(getComputedStyle(e).fontSize) * scale < 8);
        }).map((e) => e.textContent)"""
    )
    assert small == []


def test_losses_of_training_and_test_points_are_drawn_with_axes(
    opened: Open, tmp_path: Path
) -> None:
    """The loss of the held-back points is that which Python finds for them."""
    table = tmp_path / "own.csv"
    rows = [(k % 7, k % 5, int(k % 7 > 3)) for k in range(35)]
    table.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    page = opened(playground(table))
    page.fill("#share", "40")
    page.locator("#share").blur()
    for _ in range(3):
        page.click("#step")
    curve = page.locator("#curve")
    expect(curve).to_have_attribute("aria-label", re.compile("training.*test loss.*in 3 steps"))
    assert curve.locator("polyline").count() == 2
    assert set("0123") <= set(curve.locator("text").all_text_contents())
    parts = {"training": [], "test": []}  # type: dict[str, list[float]]
    predict = python(page)["predict"]
    for x1, x2, label in rows:
        page.locator("#example").fill(str(sum(map(len, parts.values()))))
        test = page.inner_text("#example-text").endswith("test point")
        loss = losses.logistic(Value(predict(x1, x2)), label).data
        parts["test" if test else "training"].append(loss)
    assert len(parts["test"]) == 14
    for name, found in parts.items():
        expect(curve).to_contain_text(f"{name} {sum(found) / len(found):.3g}")
    page.fill("#share", "100")
    page.locator("#share").blur()
    expect(page.locator("#fault")).to_contain_text("a number from 0 to 90")
    page.fill("#share", "0")
    page.locator("#share").blur()
    page.click("#step")
    assert curve.locator("polyline").count() == 1


@pytest.mark.parametrize(
    ("label", "optimiser"),
    [
        ("SGD", lambda p: SGD(p, lr=0.3)),
        ("SGD, momentum 0.9", lambda p: SGD(p, lr=0.05, momentum=0.9)),
        ("Adam", lambda p: Adam(p, lr=0.02)),
    ],
)
def test_three_steps_of_an_optimiser_are_those_of_nn(
    opened: Open, tmp_path: Path, label: str, optimiser: Callable[[list[Value]], Optimiser]
) -> None:
    """On all points at once, with L1 and L2 on the weights."""
    table = tmp_path / "own.csv"
    rows = [(k % 4 + 0.02 * k * k, k % 3 - 0.2 * k, int(k % 4 > 2)) for k in range(12)]
    table.write_text("\n".join(",".join(map(str, row)) for row in rows), encoding="utf-8")
    page = opened(playground(table))
    for field, text in {"share": "0", "widths": "3", "batch": "12"}.items():
        page.fill(f"#{field}", text)
    for field, text in {"decay": "0.01", "l1": "0.002"}.items():
        page.fill(f"#{field}", text)
        page.locator(f"#{field}").blur()
    page.select_option("#optimiser", label=label)
    model, inputs = exported(page, tmp_path), python(page)["inputs"]
    pulled = [w for layer in model.layers for neuron in layer.neurons for w in neuron.w]
    used = optimiser(model.parameters())
    for _ in range(3):
        page.click("#step")
        loss = sum((w**2 * 0.005 + abs(w) * 0.002 for w in pulled), Value(0.0))
        for *x, y in rows:
            loss += losses.logistic(model(inputs(*x)), y) / 12
        used.zero_grad()
        loss.backward()
        used.step()
    found = exported(page, tmp_path)
    for a, b in zip(found.parameters(), model.parameters(), strict=True):
        assert math.isclose(a.data, b.data, rel_tol=1e-9, abs_tol=1e-12)


def test_points_are_added_by_click_and_by_keyboard_and_taken_away(opened: Open) -> None:
    page = opened(playground())
    page.click("#step")
    page.select_option("#class", "1")
    box = page.locator("#surface").bounding_box()
    assert box is not None
    page.locator("#surface").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(page.locator("#example")).to_have_value("200")
    shown = page.locator("#example-text")
    expect(shown).to_have_text(re.compile(r"^x1 = .*, x2 = .*, class 1$"))
    assert all(abs(x) < 0.05 for x in point(page))  # the middle of the plane
    page.select_option("#class", "0")
    page.fill("#x1", "5")
    page.fill("#x2", "-0.5")
    page.press("#add", "Enter")
    expect(shown).to_have_text("x1 = 5, x2 = −0.5, class 0")
    expect(page.locator("#status")).to_contain_text("step 1 ")  # the network is as it was
    page.click("#reset")
    expect(page.locator("#status")).to_contain_text("step 0 ")
    expect(shown).to_have_text("x1 = 5, x2 = −0.5, class 0")  # and the point stays
    page.press("#remove", "Enter")
    expect(page.locator("#example")).to_have_value("200")
    expect(shown).to_contain_text("class 1")
    page.fill("#x1", "")
    page.click("#add")
    expect(page.locator("#fault")).to_have_text("A point has two numbers, x1 and x2.")


def test_one_point_to_train_on_stays(opened: Open, tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("1,2,a\n3,4,b\n")
    page = opened(playground(table))
    page.click("#remove")
    page.click("#remove")
    expect(page.locator("#fault")).to_have_text("One point to train on must stay.")
    page.click("#step")
    expect(page.locator("#status")).to_contain_text("step 1 ")


def test_the_classes_of_a_table_keep_their_names(opened: Open, tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    rows = [f"{k},{k % 3}," + ("été <b>" if k > 20 else '"hiver,null"') for k in range(40)]
    table.write_text("\n".join(rows), encoding="utf-8")
    page = opened(playground(table))
    names = ["hiver,null", "été <b>"]
    for name in names:
        expect(page.locator("#key")).to_contain_text(f"class {name}")
    assert page.locator("#class option").all_text_contents() == names
    expect(page.locator("#example-text")).to_contain_text("class hiver,null")
    train(page)
    assert exported(page, tmp_path).classes == tuple(names)
    classify = python(page)["classify"]
    assert [classify(1, 1), classify(39, 1)] == names


@pytest.mark.parametrize("hidden", [[], [3, 2]])
def test_a_model_and_points_of_python_start_the_page_and_come_back(
    opened: Open, tmp_path: Path, hidden: list[int]
) -> None:
    model = MLP(2, [*hidden, 1], "sigmoid", rng=3)
    X, y = [[170.0, 2.0], [150.0, 0.0], [160.0, 1.0]], ["yes", "no", "yes"]
    page = opened(playground(model, X, y))
    expect(page.locator("#widths")).to_have_value(", ".join(map(str, hidden)))
    expect(page.locator("#example-text")).to_contain_text("x1 = 170, x2 = 2, class yes")
    state = weights(model)
    assert weights(exported(page, tmp_path)) == state
    predict = python(page)["predict"]
    assert all(predict(*x) == model(x).data for x in X)
    page.click("#step")
    model = exported(page, tmp_path)  # and back
    assert weights(model) != state
    assert python(page)["predict"](*X[0]) == model(X[0]).data
    page.click("#reset")
    assert weights(exported(page, tmp_path)) == state
    page.fill("#seed", "1")
    page.locator("#seed").blur()
    assert weights(exported(page, tmp_path)) != state


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (MLP(3, [4, 1]), "this one takes 3 and gives 1"),
        (MLP(2, [4, 2]), "takes 2 and gives 2"),
        (MLP(2, [17, 1]), r"the widths \[17, 1\]"),
        (MLP(2, [4, 4, 1], ["relu", "tanh"]), "one activation in all hidden layers"),
        (MLP(2, [4, 1], output="sigmoid"), "none in the last"),
        (MLP(2, [4, 1], "leaky_relu(0.2)"), r"got 'leaky_relu\(0.2\)'"),
    ],
)
def test_a_model_that_the_page_cannot_draw_is_refused(model: MLP, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        playground(model)


def test_points_that_the_page_cannot_draw_are_refused() -> None:
    model = MLP(2, [4, 1])
    with pytest.raises(TypeError, match=r"an nn\.MLP, got int"):
        playground(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="X together with y"):
        playground(model, [[1, 2]])
    with pytest.raises(ValueError, match="row 1 of X is"):
        playground(model, [[1, 2], [1]], [0, 1])
    with pytest.raises(ValueError, match="y has 1 classes, give 2 to 10"):
        playground(model, [[1, 2], [2, 2]], ["a", "a"])
    with pytest.raises(ValueError, match="takes 2 numbers and gives 3; this one takes 2 and give"):
        playground(model, [[1, 2], [2, 2], [3, 2]], [0, 1, 2])
    with pytest.raises(ValueError, match="1 points and 2 labels"):
        playground(model, [[1, 2]], [0, 1])


def test_a_weight_is_edited_by_hand(opened: Open, tmp_path: Path) -> None:
    """By a click on its wire, and by the keyboard in the fields of its neuron."""
    page = opened(playground(MLP(2, [2, 1], "tanh", rng=0)))
    before = page.inner_text("#status")
    wire = page.locator("#net .grip").nth(1)  # from x2 to a1[0]
    wire.dispatch_event("click")
    field = page.get_by_label("w1[0,1]", exact=True)
    expect(field).to_be_focused()
    page.keyboard.type("-2.5")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).not_to_have_text(before)
    page.locator("#net .grip").nth(4).click()  # from a1[0] to the logit
    expect(page.get_by_label("w2[0,0]", exact=True)).to_be_focused()
    page.locator("button.neuron").last.press("Enter")
    page.get_by_label("b2[0]", exact=True).fill("0.75")
    page.get_by_label("b2[0]", exact=True).press("Enter")
    state = weights(exported(page, tmp_path))
    assert (state["0.weight"][0][1], state["2.bias"]) == (-2.5, [0.75])
    expect(page.locator("#gate-text")).to_contain_text("0.75")
    page.get_by_label("b2[0]", exact=True).fill("")
    page.get_by_label("b2[0]", exact=True).press("Enter")
    expect(page.locator("#fault")).to_have_text("b2[0] is a number; “an empty field” is not.")
    assert weights(exported(page, tmp_path)) == state
    page.click("#step")
    assert weights(exported(page, tmp_path)) != state


@pytest.mark.parametrize("width", WIDTHS)
def test_is_accessible_and_fits(opened: Open, judge: Judge, scheme: str, width: int) -> None:
    page = opened(playground(), width)
    page.click("#step")
    page.locator("button.neuron").first.click()
    page.click("#show-python")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    judge(page)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "page.html"
    assert main(["playground", "-o", str(path)]) == 0
    assert "Playground" in path.read_text(encoding="utf-8")
    assert main(["playground", "--csv", str(tmp_path / "none.csv")]) == 2
    assert "none.csv" in capsys.readouterr().err


def test_the_ring_of_the_example_is_drawn_on_top_of_the_dots(opened: Open) -> None:
    """The first example is the first dot; its ring, of radius 12, is drawn last all the same."""
    page = opened(playground())
    page.evaluate("""() => {
        const paint = CanvasRenderingContext2D.prototype, arc = paint.arc;
        window.radii = [];
        paint.arc = function (x, y, radius, ...rest) {
          window.radii.push(radius);
          arc.call(this, x, y, radius, ...rest);
        };
    }""")
    page.click("#step")
    expect(page.locator("#status")).to_contain_text("step 1 ")
    expect(page.locator("#curve")).to_have_attribute("aria-label", re.compile("in 1 step$"))
    radii = page.evaluate("window.radii")
    assert len(radii) > 100
    assert radii[-1] == max(radii) == 12


def test_a_field_too_long_for_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("1,2," + "a" * 200_000)
    with pytest.raises(ValueError, match=r"own\.csv: this is no table \(field larger than"):
        playground(csv=tmp_path / "own.csv")
