"""The explorer bound to Values, in both directions."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from autodiff import Value
from nn import MLP, SGD, fit
from viz import explore, watch
from viz.pages.live import _FRAME, Live


def bound() -> tuple[Live, Value, Value, Value]:
    x, y = Value(2.0, label="x"), Value(3.0, label="y")
    f = (x * y).tanh() + x
    f.label = "f"
    return explore(f, live=True), f, x, y


def fresh(x: float, y: float) -> tuple[float, float, float]:
    """f and its gradient, built anew."""
    a, b = Value(x), Value(y)
    f = (a * b).tanh() + a
    f.backward()
    return f.data, a.grad, b.grad


def test_what_is_moved_in_the_page_moves_the_values() -> None:
    view, f, x, y = bound()
    view.numbers = dict.fromkeys(view.numbers, 0.25)
    assert (x.data, y.data) == (0.25, 0.25)
    assert (f.data, x.grad, y.grad) == fresh(0.25, 0.25)
    assert f.parents[0].local_grads == Value(0.0625).tanh().local_grads


def test_what_is_moved_in_python_moves_the_page() -> None:
    view, f, x, y = bound()
    x.data = -1.0
    view.update()
    assert sorted(view.numbers.values()) == [-1.0, 3.0]
    assert f.data == fresh(-1.0, 3.0)[0]
    f.backward()
    assert (f.data, x.grad, y.grad) == fresh(-1.0, 3.0)


def test_looking_on_changes_no_training() -> None:
    """The page follows after each cell; the gradients are those of the loss, not of the page."""
    watched, alone = MLP(2, [3, 1], "tanh", rng=0), MLP(2, [3, 1], "tanh", rng=0)
    view = watch(watched, [0.5, -1.0])
    for model in (watched, alone):
        rule = SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            ((model([0.5, -1.0]) - 2.0) ** 2).backward()
            rule.step()
            rule.zero_grad()
            view.update()
    assert [p.data for p in watched.parameters()] == [p.data for p in alone.parameters()]


def test_gates_with_rows_fire_anew() -> None:
    model = MLP(2, [3, 2], "tanh", rng=0)
    view = watch(model, [0.5, -1.0])
    for parameter in model.parameters():
        parameter.data *= 2
    view.update()
    outputs = model([0.5, -1.0])
    assert view.order[-1].data == pytest.approx(outputs[0].data + outputs[1].data, rel=1e-15)


def test_the_page_follows_fit_from_epoch_to_epoch() -> None:
    model = MLP(1, [2, 1], "tanh", rng=0)
    view = watch(model, [0.5])
    seen = []
    view.observe(lambda change: seen.append(change["new"]), "numbers")
    X, Y = [[0.0], [0.5], [1.0]], [0.0, 0.25, 1.0]
    rule = SGD(model.parameters(), lr=0.1)
    fit(model, X, Y, "squared_error", rule, epochs=3, callbacks=view, progress=False)
    assert len(seen) == 3
    assert view.order[-1].data == pytest.approx(model([0.5]).data, rel=1e-15)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "viz.pages.live", None)
    with pytest.raises(ImportError, match=r"pip install 'glassgrad\[widgets\]'"):
        explore(Value(1.0) + 1, live=True)


NOTEBOOK = """<!doctype html><meta charset=utf-8><body><script type="module">
const state = %s, heard = [];
window.model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; if (name === "numbers") heard.forEach((f) => f()); },
  save_changes: () => { window.saved = state.numbers; },
  on: (_, f) => heard.push(f),
  off: () => {},
};
%s
widget.render({model: window.model, el: document.body});
</script>"""


def test_numbers_travel_both_ways_in_a_browser(page: Page, tmp_path: Path) -> None:
    """anywidget's part is played by a few lines; `test_in_notebooks.py` drives JupyterLab."""
    view, f, x, _ = bound()
    state = {name: getattr(view, name) for name in ("title", "page", "height", "numbers")}
    shown = tmp_path / "notebook.html"
    literal = json.dumps(state).replace("</", "<\\/")
    shown.write_text(NOTEBOOK % (literal, _FRAME.replace("export default", "const widget =")))
    page.goto(shown.as_uri())
    frame = page.frame_locator("iframe")
    box = frame.locator("input[type=number][data-leaf]").first
    expect(box).to_have_value("2")

    box.fill("0.5")
    page.wait_for_function("window.saved")
    view.numbers = page.evaluate("window.saved")
    assert x.data == 0.5

    x.data = -1.0
    view.update()
    page.evaluate("numbers => window.model.set('numbers', numbers)", view.numbers)
    expect(box).to_have_value("-1")
    root = frame.locator(".unit", has=frame.locator(".name", has_text="f")).last
    expect(root).to_have_attribute("data-value", str(f.data))
