"""Labels set as mathematics, everywhere alike; the labels stay as they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodiff import Value
from viz import draw, explain
from viz.command.cli import main
from viz.pages.scene import scene
from viz.words.report import table, to_ascii
from viz.words.symbols import latex_symbol, latex_words, text_symbol, typeset


def circuit() -> Value:
    w, t = Value(2.0, label="w_1^{(2)}"), Value(0.5, label="theta_0")
    f = w**2 * Value(3.0, label="x[0]") + t
    f.label = "h_{t-1}"
    f.backward()
    return f


@pytest.mark.parametrize(
    ("label", "text", "latex"),
    [
        ("w_1^{(2)}", "w₁⁽²⁾", "{w^{(2)}_{1}}"),
        ("w^(2)_1", "w₁⁽²⁾", "{w^{(2)}_{1}}"),
        ("theta", "θ", r"\theta"),
        ("θ0", "θ₀", r"\theta_{0}"),
        ("a_i^{(l)}", "aᵢ⁽ˡ⁾", "{a^{(l)}_{i}}"),
        ("x[1, 2]", "x₁,₂", "x_{1,2}"),
        ("W_q", "W_q", "W_{q}"),  # text has no small q
        ("x1", "x1", "x_{1}"),
        ("xi", "xi", r"\mathrm{xi}"),
        ("w_1_2", "w_1_2", r"{\text{w}\_\text{1}\_\text{2}}"),
        ("x^2", "x^2", r"{\text{x}{\wedge}\text{2}}"),  # that would be read as a power
        ("x_max", "x_max", r"{\text{x}\_\text{max}}"),
        ("", "", "{}"),
    ],
)
def test_a_symbol_is_set_and_a_word_is_not(label: str, text: str, latex: str) -> None:
    assert text_symbol(label) == text
    assert latex_symbol(label) == latex


LABELS = st.text("wx1_[]{}^()θ,0", max_size=8) | st.sampled_from(["theta", "θ", "x_1", "x[1]"])


@given(st.lists(LABELS, unique=True, max_size=12))
def test_no_two_labels_look_the_same(labels: list[str]) -> None:
    for write, plain in ((text_symbol, str), (latex_symbol, latex_words)):
        written = typeset(labels, write, plain)
        assert len(set(written.values())) == len(labels)


def test_pictures_pages_and_terminal_set_them_alike() -> None:
    f = circuit()
    w = f.parents[0].parents[0].parents[0]
    drawn = draw(f).pipe("svg", encoding="utf-8")
    names = [node["name"] for node in scene(f).nodes]
    for text in ("w₁⁽²⁾", "θ₀", "x₀", "hₜ₋₁"):
        assert f">{text}</text>" in drawn
        assert f">{text}</text>" in draw(f, style="record").pipe("svg", encoding="utf-8")
        assert text in names
        assert text in table(f)
    assert "v1 = (w₁⁽²⁾)² = 2² = 4, so ∂v1/∂w₁⁽²⁾ = 2·w₁⁽²⁾ = 2·2 = 4" in explain(w, f).text
    assert r"{w^{(2)}_{1}}" in explain(w, f).latex
    assert (w.label, f.label) == ("w_1^{(2)}", "h_{t-1}")
    draw(f, highlight=["w_1^{(2)}", "θ₀"])


def test_labels_that_would_look_the_same_stay_apart_in_a_picture() -> None:
    f = Value(1.0, label="w_1") * Value(2.0, label="w[1]")
    drawn = draw(f).pipe("svg", encoding="utf-8")
    assert ">w_1</text>" in drawn
    assert ">w[1]</text>" in drawn


def test_a_terminal_without_small_figures_gets_the_spelling_back() -> None:
    for label in ("w_1^(2)", "theta_0", "x_{0,2}", "h_{t-1}"):
        assert to_ascii(text_symbol(label)) == label


def test_the_command_line_knows_both_spellings_and_machines_get_the_label(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["theta_0 * x_1", "theta_0=2", "x_1=3"]
    for name in ("theta_0", "θ₀"):
        assert main([*command, "--explain", name]) == 0
        assert capsys.readouterr().out.startswith("df/dθ₀ = ∂f/∂θ₀")
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gradients"] == {"theta_0": 3, "x_1": 2}
