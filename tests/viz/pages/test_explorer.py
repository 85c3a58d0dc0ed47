"""The explorer, driven in a real browser."""

import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from autodiff import DomainError, Value, parse, topological_order
from nn import MLP, Layer, Positionwise, Sequential, TransformerBlock, losses
from tests.viz.pages.conftest import WIDTHS, Judge, Open
from viz import explore, random_circuit
from viz.pages.page import Page as Made
from viz.pages.scene import scene
from viz.words.names import Naming
from viz.words.numbers import number
from viz.words.symbols import text_symbol


def circuit(x: float = -2, y: float = 5, z: float = -4) -> tuple[Value, list[Value]]:
    leaves = [Value(v, label=label) for v, label in ((x, "x"), (y, "y"), (z, "z"))]
    return (leaves[0] + leaves[1]) * leaves[2], leaves


def network() -> tuple[Value, MLP]:
    model = MLP(2, [3, 1], activation="tanh", rng=random.Random(1))
    return losses.squared_error(model([Value(0.5, "x1"), Value(-1, "x2")]), 1.0), model


def unit(page: Page, text: str) -> Locator:
    return page.locator(".unit", has=page.locator(".text", has_text=re.compile(f"^{text}$")))


def shown(page: Page, text: str) -> tuple[str, str]:
    """What the diagram writes above and below a unit's wire."""
    found = unit(page, text)
    return found.locator(".value").inner_html(), found.locator(".grad").inner_html()


def exact(page: Page, text: str) -> tuple[float, float]:
    found = unit(page, text)
    value, grad = found.get_attribute("data-value"), found.get_attribute("data-grad")
    assert value
    assert grad
    return float(value), float(grad)


def test_stepping_to_the_end_shows_the_numbers_of_cs231n(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    step = page.locator("#step")
    assert shown(page, "x") == ("−2", "")
    assert shown(page, r"\+") == ("", "")
    page.click("#next")
    expect(step).to_contain_text("v1 = x + y = −2 + 5 = 3")
    assert shown(page, r"\+") == ("3", "")
    page.click("#next")
    expect(step).to_contain_text("f = v1·z = 3·(−4) = −12")
    page.click("#next")
    expect(step).to_contain_text("df/df = 1")
    page.click("#next")
    expect(step).to_contain_text("∂f/∂z = v1 = 3")
    assert shown(page, "z") == ("−4", "3")
    assert shown(page, "x") == ("−2", "")
    page.click("#next")
    expect(step).to_contain_text("df/dx = df/dv1 · ∂v1/∂x = (−4) · 1 = −4")
    assert page.locator("#next").is_disabled()
    assert [shown(page, name) for name in ("x", "y", "z", r"\+", "×")] == [
        ("−2", "−4"), ("5", "−4"), ("−4", "3"), ("3", "−4"), ("−12", "1")
    ]  # fmt: skip
    page.click("#back")
    assert shown(page, "x") == ("−2", "")


def test_play_runs_to_the_end_and_can_be_paused(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    page.click("#play")
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#play")).to_have_text("Replay", timeout=15_000)
    expect(page.locator("#count")).to_have_text("step 5 of 5 · backward")


def test_a_slider_recomputes_what_python_computes(opened: Open) -> None:
    """Slider, number field: gradients as Python's to 1e-12."""
    page = opened(explore(circuit()[0]))
    page.locator("input[type=range][data-leaf]").nth(1).evaluate(
        "e => { e.value = 1.3; e.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    y = float(page.locator("input[type=range][data-leaf]").nth(1).input_value())
    page.locator("input[type=number][data-leaf]").nth(2).fill("0.0371")
    f, leaves = circuit(y=y, z=0.0371)
    f.backward()
    assert y != 5
    for name, leaf in zip("xyz", leaves, strict=True):
        assert exact(page, name) == pytest.approx((leaf.data, leaf.grad), rel=1e-12)
    assert exact(page, "×") == pytest.approx((f.data, 1.0), rel=1e-12)
    listed = page.locator(".slope[data-grad]").evaluate_all("es => es.map(e => +e.dataset.grad)")
    assert listed == pytest.approx([leaf.grad for leaf in leaves], rel=1e-12)
    page.click("#reset")
    assert exact(page, "y")[0] == 5


def test_leaves_with_equal_labels_and_with_none_are_told_apart(opened: Open) -> None:
    """As in the terminal: one symbol never stands for two numbers."""
    page = opened(explore(Value(2.0, label="x") * Value(3.0, label="x") + Value(4.0)))
    page.click("#last")
    slopes = page.locator(".slope").all_inner_texts()
    names = [text.partition(" = ")[0] for text in slopes]
    assert len(set(names)) == len(slopes) == 3


def test_the_numbers_of_unnamed_nodes_are_those_of_the_terminal(opened: Open) -> None:
    x = Value(0.5, label="x")
    root = x.sigmoid() * x.tanh() + x  # the first two could be unfolded
    page = opened(explore(root))
    names = page.locator(".unit.gate .name").all_text_contents()
    order = topological_order(root)
    name = Naming(order)
    assert sorted(names) == sorted(name(v) for v in order if v.gate)


def test_what_arrives_at_a_fork_is_added_as_it_comes(opened: Open) -> None:
    """f = x·y + x: x receives 1, then y."""
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    page = opened(explore(x * y + x))
    for _ in range(4):
        page.click("#next")
    expect(page.locator("#step")).to_contain_text("x has received 1 of 2: 1")
    assert unit(page, "x").locator(".count").inner_html() == "1/2"
    page.click("#next")
    expect(page.locator("#step")).to_contain_text("x has received 2 of 2: df/dx = 1 + (−4) = −3")
    assert shown(page, "x") == ("3", "−3")


def test_hovering_writes_out_the_sum_of_the_chain_rule(opened: Open) -> None:
    x, y = Value(3.0, label="x"), Value(-4.0, label="y")
    page = opened(explore(x * y + x))
    page.click("#last")
    unit(page, "x").hover()
    told = page.locator("#node")
    expect(told).to_contain_text("df/dv1 · ∂v1/∂x = 1 · (−4) = −4")
    expect(told).to_contain_text("∂f/∂x = 1")
    expect(told).to_contain_text("df/dx = 1 + (−4) = −3")


def test_what_has_not_been_reached_yet_is_not_given_away(opened: Open) -> None:
    """f = (x + y) z: no number that is to come, neither beside the diagram nor at a node."""
    page = opened(explore(circuit()[0]))
    told, slopes = page.locator("#node"), page.locator(".slope")
    unit(page, r"\+").hover()
    expect(told).to_contain_text("v1 has not fired yet")
    expect(told).to_contain_text("df/dv1 = ∂f/∂v1")
    assert not re.search(r"= [−\d]", told.inner_text())
    assert slopes.all_inner_texts() == ["", "", ""]
    for _ in range(4):  # + fires, × fires, the root's gradient, back through ×
        page.click("#next")
    expect(told).to_contain_text("df/dv1 = ∂f/∂v1 = −4")
    assert slopes.all_inner_texts() == ["", "", "df/dz = 3"]
    page.click("#next")
    assert slopes.all_inner_texts() == ["df/dx = −4", "df/dy = −4", "df/dz = 3"]


def test_arrows_of_the_backward_pass_point_backward(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    page.click("#next")

    def heads(kind: str) -> list[str]:
        style = f"e => getComputedStyle(e).{kind}"
        return [
            wire.evaluate(style) for wire in page.locator(".wire.forward, .wire.backward").all()
        ]

    assert heads("markerEnd") == ['url("#arrow-forward")'] * 2
    assert heads("markerStart") == ["none"] * 2
    page.click("#last")
    assert heads("markerStart") == ['url("#arrow-backward")'] * 2
    assert heads("markerEnd") == ["none"] * 2
    # turned round where a wire starts
    assert page.locator("marker#arrow-backward").get_attribute("orient") == "auto-start-reverse"


EQUATIONS = """() => [...document.querySelectorAll("#step .line, #node .line, .slope")]
  .map((line) => line.textContent.replace(/^upstream |^.*: /, "").replace(/ \\(.*$/, ""))"""


@pytest.mark.parametrize("seed", range(5))
def test_no_symbol_stands_for_two_numbers(opened: Open, seed: int) -> None:
    """Total derivatives df/dx and local ones ∂q/∂x: each has one number, in every sentence."""
    page = opened(explore(random_circuit("hard", seed)))
    page.click("#last")
    meant: dict[str, set[str]] = {}
    while True:
        for handle in page.locator(".unit .hit").all():
            handle.focus()
            for equation in page.evaluate(EQUATIONS):
                left, right = equation.split(" = ")[0], equation.split(" = ")[-1]
                if re.fullmatch(r"[d∂]\S+/[d∂]\S+", left) and re.fullmatch(r"−?[\d.]+", right):
                    meant.setdefault(left, set()).add(right)
        if "forward" in page.inner_text("#step .badge"):
            break
        page.click("#back")
    assert len(meant) > 8
    assert {left: found for left, found in meant.items() if len(found) > 1} == {}


def test_wires_keep_clear_of_boxes_and_numbers(opened: Open) -> None:
    """Of a network at the level of gates: no wire runs through a node, its name or its numbers."""
    page = opened(explore(network()[0]))
    page.click("#unfold")
    page.click("#last")
    crossed = page.evaluate(
        """() => {
          const kept = ".unit .body, .unit .name, .unit .value, .unit .grad";
          const boxes = [...document.querySelectorAll(kept)].map((e) => e.getBBox());
          return [...document.querySelectorAll(".wires > .wire")].filter((wire) => {
            const n = wire.getTotalLength();
            return boxes.some(({x, y, width, height}) => {
              for (let s = 4; s < n - 12; s += 2) {
                const at = wire.getPointAtLength(s);
                const inside = at.y > y + 2 && at.y < y + height - 2;
                if (inside && at.x > x + 2 && at.x < x + width - 2) return true;
              }
              return false;
            });
          }).length;
        }"""
    )
    assert crossed == 0


def test_a_neuron_and_its_gates_fold_and_unfold_in_place(opened: Open) -> None:
    loss, model = network()
    loss.backward()
    page = opened(explore(loss, fold=True))
    page.click("#last")
    folded = page.locator(".unit.group")
    assert folded.count() == 2
    before = exact(page, "x1")
    folded.first.click()  # a layer
    neurons = page.locator(".unit.group", has_text="neurons")
    assert neurons.count() == 3
    neurons.first.click()
    weight = model.layers[0].neurons[0].w[0]
    assert exact(page, re.escape(text_symbol(weight.label))) == pytest.approx(
        (weight.data, weight.grad), rel=1e-12
    )
    page.locator(".unit.gate", has_text="tanh").first.click()  # a coarse gate
    assert page.get_by_role("button", name="Fold tanh").count() == 1
    assert exact(page, "x1") == pytest.approx(before, rel=1e-9)
    page.get_by_role("button", name="Fold tanh").press("Enter")
    page.get_by_role("button", name="Fold neurons[0]").first.click()
    assert neurons.count() == 3
    assert exact(page, "x1") == before
    page.click("#unfold")
    assert page.locator(".unit.group").count() == 0
    page.click("#fold")
    assert page.locator(".unit.group").count() == 1


def test_every_coarse_gate_has_the_gradients_of_its_pieces(opened: Open) -> None:
    """Unfolding all gates leaves the inputs' gradients as they were."""
    x, y = Value(0.7, label="x"), Value(-0.4, label="y")
    root = (x * y).tanh() + x.sigmoid() * y.softplus() + (x - y).gelu() + (x + y).relu()
    root.backward()
    page = opened(explore(root))
    page.click("#last")
    page.click("#unfold")
    assert page.locator(".frame").count() >= 4
    assert exact(page, "x") == pytest.approx((x.data, x.grad), rel=1e-12)
    assert exact(page, "y") == pytest.approx((y.data, y.grad), rel=1e-12)


def test_gradient_steps_are_those_of_python(opened: Open) -> None:
    f, leaves = circuit()
    page = opened(explore(f))
    page.fill("#lr", "0.05")
    for _ in range(3):
        page.click("#descend")
        f, fresh = circuit(*(leaf.data for leaf in leaves))
        f.backward()
        leaves = [Value(v.data - 0.05 * v.grad, label=v.label) for v in fresh]
    f, leaves = circuit(*(leaf.data for leaf in leaves))
    f.backward()
    for name, leaf in zip("xyz", leaves, strict=True):
        assert exact(page, name) == pytest.approx((leaf.data, leaf.grad), rel=1e-12)
    expect(page.locator("#curve polyline")).to_have_count(1)
    expect(page.locator("#curve")).to_have_attribute("aria-label", re.compile("in 3 steps"))


def test_of_a_network_the_parameters_are_moved_and_not_the_inputs(opened: Open) -> None:
    loss, model = network()
    page = opened(explore(loss))
    expect(page.locator("#descent-note")).to_contain_text(f"Moves {len(model.parameters())} of 15")
    page.click("#last")
    before = exact(page, "x1")[0]
    page.click("#descend")
    assert exact(page, "x1")[0] == before


def test_the_keyboard_suffices(opened: Open) -> None:
    loss, _ = network()
    page = opened(explore(loss, fold=True))
    page.keyboard.press("End")
    expect(page.locator("#count")).to_contain_text("backward")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#count")).to_contain_text("step 1 of")
    page.keyboard.press(" ")
    expect(page.locator("#play")).to_have_text("Pause")
    page.keyboard.press(" ")
    page.locator(".unit [tabindex='0']").focus()
    while page.locator(".unit.group :focus").count() == 0:
        page.keyboard.press("ArrowUp")
    expect(page.locator("#node")).to_contain_text("∂")
    page.keyboard.press("Enter")
    expect(page.locator(".unit.group", has_text="neurons").first).to_be_visible()
    assert page.evaluate("document.activeElement.closest('svg.diagram') !== null")


def test_labels_with_markup_come_out_literally(opened: Open) -> None:
    bad = ["<b>bold</b>", "</script><script>alert(1)</script>", "p(x|y) & \"q\" 'r'", "变量"]
    root = Value(1.0, label=bad[0])
    for label in bad[1:]:
        root = root + Value(1.0, label=label)
    page = opened(explore(root, title="<img src=x onerror=alert(1)>"))
    texts = page.locator(".unit.leaf title").all_text_contents()
    assert [text.split("\n")[0] for text in texts] == bad
    expect(page.locator("h1")).to_have_text("<img src=x onerror=alert(1)>")
    assert page.locator("b b, img").count() == 0


def test_where_a_gate_has_no_value_the_page_says_so(opened: Open) -> None:
    x = Value(2.0, label="x")
    page = opened(explore(x.log() * x))
    page.locator("input[type=number][data-leaf]").fill("-1")
    with pytest.raises(DomainError, match=r"log: log\(a\) has no value at a = -1"):
        Value(-1.0).log()
    expect(page.locator("#fault")).to_have_text(
        "log: log(a) has no value at a = -1; it needs a > 0"
    )
    assert shown(page, "ln")[0] == "NaN"
    page.locator("input[type=number][data-leaf]").fill("2")
    expect(page.locator("#fault")).to_be_hidden()


def test_the_address_brings_the_state_back(opened: Open) -> None:
    page = opened(explore(network()[0]))
    page.locator("input[type=number][data-leaf]").first.fill("0.25")
    page.get_by_role("button", name="Fold neurons[1]").press("Enter")
    for _ in range(2):
        page.click("#back")
    expect(page).to_have_url(re.compile(r"#step=19&.*turn="))
    count = page.inner_text("#count")
    before = page.locator("svg.diagram").text_content()
    page.reload()
    expect(page.locator("#count")).to_have_text(count)
    assert exact(page, "x1")[0] == 0.25
    assert page.locator("svg.diagram").text_content() == before
    page.click("#reset")
    assert exact(page, "x1")[0] == 0.5


def test_an_address_of_something_else_does_no_harm(page: Page, tmp_path: Path) -> None:
    made = explore(circuit()[0]).save(tmp_path / "page.html")
    page.goto(f"{made.as_uri()}#step=-3&set=99:1,0:x,1&turn=7")
    expect(page.locator("#count")).to_have_text("step 0 of 5 · start")


@pytest.mark.parametrize("entry", ["", "-", "-1e999"])
def test_what_is_no_number_is_refused_in_words(opened: Open, entry: str) -> None:
    page = opened(explore(circuit()[0]))
    page.click("#last")
    box = page.locator("input[type=number][data-leaf]").first
    box.fill("")
    box.press_sequentially(entry)
    last = -1e99 if "e" in entry else -2.0  # on the way to −1e999 it is a number
    written = str(last).removesuffix(".0").replace("-", "−").replace("e+", "e")
    expect(page.locator("#refused")).to_have_text(f"x is a finite number; it stays {written}.")
    box.press("Tab")
    assert float(box.input_value()) == last
    assert exact(page, "x") == (last, -4)
    box.fill("3")
    expect(page.locator("#refused")).to_be_hidden()


@pytest.mark.parametrize("rate", ["-1", ""])
def test_a_learning_rate_below_0_is_refused_in_words(opened: Open, rate: str) -> None:
    page = opened(explore(circuit()[0]))
    page.fill("#lr", rate)
    page.click("#descend")
    expect(page.locator("#refused")).to_contain_text("The learning rate is a number from 0")
    assert exact_value(page, "x") == -2
    page.fill("#lr", "0.1")
    page.click("#descend")
    expect(page.locator("#refused")).to_be_hidden()
    assert exact_value(page, "x") != -2


def exact_value(page: Page, text: str) -> float:
    return float(unit(page, text).get_attribute("data-value") or "nan")


def test_the_diagram_is_saved_whole(opened: Open, page: Page, tmp_path: Path) -> None:
    opened(explore(network()[0]))
    page.click("#last")
    page.click("#in")
    texts = page.locator("svg.diagram .value").all_text_contents()
    saved = {}
    for kind in ("svg", "png"):
        with page.expect_download() as download:
            page.click(f"#save-{kind}")
        saved[kind] = tmp_path / f"diagram.{kind}"
        download.value.save_as(saved[kind])
        assert download.value.suggested_filename == f"diagram.{kind}"
    assert saved["png"].read_bytes().startswith(b"\x89PNG")
    page.goto(saved["svg"].as_uri())  # by itself: with its colours, and nothing cut off
    assert page.locator(".value").all_text_contents() == texts
    value = page.locator(".value").first
    assert value.evaluate("e => getComputedStyle(e).fill") == "rgb(26, 127, 55)"
    low, high = page.evaluate(
        """() => {
          const {x, y, width, height} = document.querySelector(".world").getBBox();
          const view = document.documentElement.viewBox.baseVal;
          return [Math.min(x - view.x, y - view.y),
                  Math.max(x + width - view.x - view.width, y + height - view.y - view.height)];
        }"""
    )
    assert low >= 0 >= high


def test_who_predicts_is_asked_before_each_number_is_shown(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    page.check("#predict")
    step = page.locator("#step")
    for name, given, said in (
        ("v1", "3", "You said 3: right."),
        ("f", "12", "You said 12; f = −12."),
        ("df/df", "1", "You said 1: right."),
        ("df/dv1", "", ""),
        ("df/dx", "−8/2", "You said −8/2: right."),
    ):
        page.keyboard.press("ArrowRight")
        expect(step).to_have_text(f"Predict: {name} =Reveal")
        page.keyboard.type(given)
        page.keyboard.press("Enter")
        expect(step).not_to_contain_text("Predict")
        assert step.locator(".verdict").all_inner_texts() == [said] * bool(said)
    expect(page.locator("#count")).to_have_text("step 5 of 5 · backward")


def test_local_gradients_stand_on_their_wires(opened: Open) -> None:
    """Each once its gate has fired, clear of boxes, numbers and each other; in the address too."""
    page = opened(explore(network()[0]))
    page.emulate_media(reduced_motion="reduce")
    page.click("#locals")
    expect(page.locator("#locals")).to_have_attribute("aria-pressed", "true")
    locals_ = page.locator("svg.diagram .local")
    assert set(locals_.all_text_contents()) == {""}
    page.click("#last")
    overlaps = page.evaluate(
        """() => {
          const boxes = (names) => [...document.querySelectorAll(names)]
            .filter((e) => e.textContent || e.matches("rect"))
            .map((e) => e.getBoundingClientRect());
          const own = boxes("svg.diagram .local");
          const rest = boxes(".unit .body, .unit .value, .unit .grad");
          const meet = (a, b) => a !== b && a.left + 2 < b.right && b.left + 2 < a.right
            && a.top + 4 < b.bottom && b.top + 4 < a.bottom;
          return own.filter((a) => [...own, ...rest].some((b) => meet(a, b))).length;
        }"""
    )
    assert overlaps == 0
    assert locals_.count() == 30
    expect(page).to_have_url(re.compile("step=23&locals=1"))  # written with a delay
    page.reload()
    expect(locals_.filter(has_text="0.7348")).to_have_count(1)  # 1 − tanh²
    page.click("#locals")
    expect(locals_).to_have_count(0)


def test_who_points_at_a_number_is_told_why(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    bubble = page.locator("#why")
    page.click("#last")
    unit(page, r"\+").locator(".value").hover()
    expect(bubble).to_have_text("v1 = x + y = −2 + 5 = 3")
    unit(page, "y").locator(".grad").hover()
    expect(bubble).to_have_text("df/dy = df/dv1 · ∂v1/∂y = (−4) · 1 = −4")
    page.click("#locals")
    page.locator(".local", has_text="−4").hover()
    expect(bubble).to_have_text("∂f/∂v1 = z = −4")
    page.locator("h1").hover()
    expect(bubble).to_be_hidden()
    unit(page, r"\+").locator(".hit").focus()  # by keyboard, beside the diagram
    expect(page.locator("#node")).to_contain_text("v1 = x + y = −2 + 5 = 3")


def test_pulses_travel_along_the_wires_that_work(opened: Open) -> None:
    page = opened(explore(circuit()[0]))
    page.click("#next")
    assert page.locator(".pulse.forward").count() == 2
    expect(page.locator(".pulse")).to_have_count(0)
    page.click("#last")
    page.click("#back")
    page.click("#next")
    assert page.locator(".pulse.backward").count() == 2
    page.emulate_media(reduced_motion="reduce")
    page.click("#first")
    page.click("#next")
    expect(page.locator(".pulse")).to_have_count(0)
    page.emulate_media(reduced_motion="no-preference")
    opened(explore(long_chain()))  # in a large graph, too
    page.click("#next")
    assert page.locator(".pulse.forward").count() == 2


def test_gates_and_constants_of_the_formula_are_exchanged(opened: Open) -> None:
    """f = (x + y) z becomes f = max(x, y) ÷ z: values and gradients as Python's, from the address
    too; and a constant of 2 becomes 3."""
    page = opened(explore(circuit()[0]))
    field = page.locator("#formula select")
    field.nth(0).select_option("max")
    field.nth(1).select_option("div")
    _, (x, y, z) = circuit()
    f = x.max(y) / z
    f.backward()
    for name, leaf in zip("xyz", (x, y, z), strict=True):
        assert exact(page, name) == pytest.approx((leaf.data, leaf.grad), rel=1e-12)
    expect(page.locator("h1")).to_have_text("A computational graph (changed)")
    expect(page).to_have_url(re.compile("gates=2%3Amax%2C4%3Adiv"))
    page.reload()
    assert exact(page, "÷") == (f.data, 1.0)
    x = Value(3.0, label="x")
    page = opened(explore(x**2))
    page.get_by_label("constant 2").fill("3")
    page.get_by_label("constant 2").press("Tab")
    assert exact(page, "x") == (3.0, 27.0)
    page.get_by_label("constant 3").fill("")
    page.get_by_label("constant 3").press("Tab")
    expect(page.locator("#refused")).to_have_text("A constant is a finite number; it stays 3.")


def test_where_python_holds_the_graph_its_gates_stay(page: Page, tmp_path: Path) -> None:
    x = Value(3.0, label="x")
    target = tmp_path / "live.html"
    target.write_text(explore(x**2 + x, live=True).page, encoding="utf-8")
    page.goto(target.as_uri())
    expect(page.locator("#formula")).to_have_text("f = x ^ 2 + x")
    assert page.locator("#formula select, #formula input").count() == 0
    expect(page.locator("#exchange")).to_be_hidden()


def test_a_coarse_gate_that_was_exchanged_unfolds_again_when_it_is_back(opened: Open) -> None:
    x = Value(0.5, label="x")
    page = opened(explore(x.sigmoid() * x))
    page.locator(".unit.gate", has_text="σ").click()
    assert page.locator(".frame").count() == 1
    field = page.locator("#formula select").first
    field.select_option("exp")
    assert page.locator(".frame").count() == 0
    page.click("#unfold")
    assert page.locator(".frame").count() == 0
    field.select_option("sigmoid")
    page.click("#unfold")
    assert page.locator(".frame").count() == 1


def test_descent_runs_by_itself_and_shows_its_path(opened: Open) -> None:
    """(x − 1)² + (y + 2)² is least at (1, −2)."""
    x, y = Value(4.0, label="x"), Value(3.0, label="y")
    page = opened(explore((x - 1) ** 2 + (y + 2) ** 2))
    expect(page.locator("#path")).to_be_hidden()
    page.fill("#lr", "0.3")
    page.click("#run")
    expect(page.locator("#run")).to_have_text("Stop")
    expect(page.locator("#run")).to_have_text("Run", timeout=30_000)
    assert exact(page, "x")[0] == pytest.approx(1)
    assert exact(page, "y")[0] == pytest.approx(-2)
    path = page.locator("#path")
    expect(path).to_have_attribute("aria-label", re.compile(r"from x = 4, y = 3 to x = 1, y = −2$"))
    assert path.locator(".band").count() > 300
    expect(page.locator("#curve")).to_have_attribute("aria-label", re.compile("from 34 to "))
    page.locator(".input [type=checkbox]").nth(1).uncheck()  # of x alone: its curve
    expect(path).to_be_hidden()
    page.locator("input[type=number][data-leaf]").first.fill("3")
    page.click("#descend")
    expect(path.locator(".level")).to_have_count(1)
    page.click("#run")
    page.click("#run")
    expect(page.locator("#run")).to_have_text("Run")


def test_it_opens_at_a_readable_size_with_the_root_in_view(opened: Open) -> None:
    for root in (circuit()[0], network()[0]):
        page = opened(explore(root))
        dot, stage = (page.locator(s).bounding_box() for s in (".unit .end", ".stage"))
        assert dot
        assert stage
        assert stage["x"] < dot["x"] < stage["x"] + stage["width"]
        assert stage["y"] < dot["y"] < stage["y"] + stage["height"]
        letters = page.locator(".unit .text").first.evaluate(
            "e => parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a"
        )
        assert letters >= 10


def test_on_paper_the_whole_diagram_is_seen(opened: Open) -> None:
    page = opened(explore(network()[0]))
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    outside = page.evaluate(
        """() => {
          const sheet = document.querySelector("svg.diagram").getBoundingClientRect();
          return [...document.querySelectorAll(".unit, .frame, .wire")].filter((e) => {
            const {left, right, top, bottom} = e.getBoundingClientRect();
            return left < sheet.left || right > sheet.right
              || top < sheet.top || bottom > sheet.bottom;
          }).length;
        }"""
    )
    assert outside == 0
    expect(page.locator("#play")).to_be_hidden()
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("svg.diagram").get_attribute("viewBox") is None


def test_it_works_inside_a_notebook(page: Page, tmp_path: Path) -> None:
    """As Jupyter shows it: a sandboxed frame inside another page."""
    host = tmp_path / "notebook.html"
    host.write_text(f"<!doctype html><title>n</title>{explore(circuit()[0])._repr_html_()}")
    page.goto(host.as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#last").click()
    expect(frame.locator("#count")).to_have_text("step 5 of 5 · backward")


def test_with_reduced_motion_nothing_is_animated(opened: Open, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(explore(network()[0], fold=True))
    page.locator(".unit.group").first.click()
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_no_serious_fault_of_accessibility(
    opened: Open, judge: Judge, scheme: str, width: int
) -> None:
    page = opened(explore(network()[0]), width)
    page.click("#last")
    page.locator(".unit.leaf .hit").first.focus()
    judge(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def long_chain() -> Value:
    """Five hundred gates in a row."""
    value = Value(1.0, label="x")
    others = [Value(0.5 + k / 10, label=f"a{k}") for k in range(10)]
    for k in range(250):
        value = (
            (value + others[k % 10]) * others[(k + 3) % 10]
            if k % 2
            else value * 0.5 + others[k % 10]
        )
    return value


def test_five_hundred_gates_open_and_step(opened: Open) -> None:
    page = opened(explore(long_chain()))
    assert page.locator(".unit.gate").count() == 500
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#count")).to_have_text("step 1000 of 1001 · backward")


DRAWN = """() => {
  const sheet = document.querySelector("svg.diagram").getBoundingClientRect();
  const drawn = {}, lacking = [];
  for (const unit of document.querySelectorAll(".unit")) {
    const {left, right, top, bottom} = unit.querySelector(".hit").getBoundingClientRect();
    const text = (kind) => unit.querySelector(kind)?.textContent ?? null;
    if (unit.querySelector(".text").getClientRects().length)
      drawn[unit.dataset.unit] = [text(".value"), text(".grad")];
    else if (left < sheet.right && right > sheet.left && top < sheet.bottom && bottom > sheet.top)
      lacking.push(unit.dataset.unit);
  }
  return [drawn, lacking];
}"""


def test_only_what_is_in_view_is_drawn_and_what_comes_into_view_is_up_to_date(
    opened: Open, tmp_path: Path
) -> None:
    """Stepped, dragged, zoomed, reached by key, on paper, in a file: the numbers are Python's."""
    root = long_chain()
    root.backward()
    constants = {v for v in topological_order(root) if not v.parents and not v.label}
    right = {
        f"n{k}": [None, None] if v in constants else [number(v.data), number(v.grad)]
        for v, k in scene(root).index.items()
    }
    page = opened(explore(root))
    seen: dict[str, list[str | None]] = {}

    def look() -> dict[str, list[str | None]]:
        drawn, lacking = page.evaluate(DRAWN)
        assert lacking == []
        assert drawn == {unit: right[unit] for unit in drawn}
        seen.update(drawn)
        return dict(drawn)

    page.click("#last")
    assert 0 < len(look()) < len(right) / 3
    for _ in range(3):
        page.mouse.move(850, 650)
        page.mouse.down()
        page.mouse.move(50, 650, steps=3)
        page.mouse.up()
        look()
    page.click("#out")
    look()
    page.locator(".unit .hit").nth(300).focus()
    look()
    page.set_viewport_size({"width": 700, "height": 900})
    expect(page.locator(".unit .end")).to_be_in_viewport()
    look()
    assert len(seen) < len(right)
    with page.expect_download() as download:
        page.click("#save-svg")
    download.value.save_as(tmp_path / "whole.svg")
    page.emulate_media(media="print")
    assert look() == right
    page.goto((tmp_path / "whole.svg").as_uri())
    assert page.evaluate(DRAWN.replace("svg.diagram", "svg").replace(".hit", ".text")) == [
        right,
        [],
    ]


def test_a_graph_beyond_a_page_is_refused(tmp_path: Path) -> None:
    x = Value(1.0)
    y = x
    for _ in range(5000):
        y = y + x
    with pytest.raises(ValueError, match="has 5001 nodes; a page holds up to 4000"):
        explore(y)
    with pytest.raises(TypeError, match="made of a Value"):
        explore(3.0)  # type: ignore[arg-type]


def test_equal_graphs_give_equal_pages_and_save_writes_them(tmp_path: Path) -> None:
    made = explore(network()[0], tmp_path / "a.html")
    assert isinstance(made, Made)
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == made.html
    assert explore(network()[0]).html == made.html
    assert "http://" not in made.html.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in made.html


def test_a_transformer_opens_at_its_model_and_unfolds_to_heads() -> None:
    """Block, attention, head and layer lie inside one another; at first the model alone is open."""
    block = TransformerBlock(4, 2, hidden=6, rng=0)
    model = Sequential(block, Positionwise(Layer(4, 3, rng=0)))
    rows = model([[1.0, 0.0, 0.5, 0.2], [0.0, 1.0, 0.1, 0.3]])
    made = scene(sum(v for row in rows for v in row))
    opened = [group for group in made.groups if group.open]
    assert len(opened) == 1
    assert opened[0].parent == -1
    head = next(group for group in made.groups if "AttentionHead" in group.title)
    around = []
    while head.parent >= 0:
        head = made.groups[head.parent]
        around.append(head.title)
    assert any("SelfAttention" in title for title in around)
    assert any("TransformerBlock" in title for title in around)


def test_a_neuron_of_eight_inputs_opens_within_its_frame(opened: Open) -> None:
    """On a telephone too: the frame is then as high as the neuron is."""
    numbers = [0.5, -1.0, 2.0, 0.25, -0.75, 1.5, -2.0, 1.0]
    root = parse("a = tanh(dot(w, x) + b)", w=numbers, x=numbers[::-1], b=0.1)
    page = opened(explore(root), width=390)
    frame = page.locator(".stage").bounding_box()
    places = [one.bounding_box() for one in page.locator("svg.diagram .unit .body").all()]
    assert frame
    assert len(places) > 18
    for place in places:
        assert place
        assert frame["x"] <= place["x"] <= frame["x"] + frame["width"] - place["width"]
        assert frame["y"] <= place["y"] <= frame["y"] + frame["height"] - place["height"]


def test_a_letter_that_stands_high_is_let_down_into_the_middle(opened: Open) -> None:
    page = opened(explore(parse("x ** y + y", x=2, y=3)))
    shifts = page.locator(".unit.gate .text").evaluate_all(
        "all => all.map(label => [label.textContent, label.getAttribute('dy')])"
    )
    assert shifts == [["^", ".3em"], ["+", None]]
