"""A drawing as TikZ: everything that the SVG shows, in LaTeX, which compiles."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autodiff import Value, parse
from nn import MLP, losses
from tests.viz.dot.test_render import HOSTILE
from viz import draw
from viz.command.cli import main
from viz.words.tex import tex


def network() -> Value:
    model = MLP(2, [2, 1], activation="tanh", rng=1)
    loss = losses.squared_error(model([Value(0.5, "x_1"), Value(-1, "x_2")]), 1.0)
    loss.backward()
    return loss


def hostile() -> Value:
    root = Value(1.0, label="x1")
    for label in [*HOSTILE, "Größe", "x_1^{(l)}", "a--b", "∂J/∂w ≤ 0", "", "two\nlines"]:
        if not re.search("中|😀", label):  # which pdfLaTeX has not
            root = root * Value(2.0, label=label)
            root.label = label and f"{label}!"
    root.backward()
    return root


@pytest.mark.parametrize("style", ["circuit", "record"])
def test_tikz_shows_what_the_svg_shows(style: str) -> None:
    loss = network()
    diagram = draw(loss, style, theme="dark", title="A network")
    svg, tikz = diagram.drawing.svg(), diagram.drawing.tikz()
    assert tikz.count(r"\node") == svg.count("<text")
    assert tikz.count(r"\draw[") == svg.count("<path")
    assert tikz.count(r"\fill[") == svg.count("<polygon")
    assert tikz.count(r"\path[") == svg.count("<rect") - 1  # the ground is the page's
    inks = {ink.upper() for ink in re.findall(r'(?:fill|stroke)="#(\w+)"', svg)}
    assert set(re.findall(r"\{HTML\}\{(\w+)\}", tikz)) == inks
    assert r"\definecolor{grad}{HTML}{FF7B72}" in tikz
    assert r"{$w_{0,1}^{(1)}$}" in tikz
    assert r"{A network}" in tikz


def test_numbers_and_symbols_are_mathematics_and_sentences_are_text() -> None:
    assert tex("−1.5e−7") == r"$-1.5\cdot 10^{-7}$"
    assert tex("× 3") == r"$\times  3$"
    assert tex("grad −0.5") == r"grad $-$0.5"
    assert tex("1 … ∞") == r"$1 \dots  \infty $"
    assert tex("-->") == r"-{}-$>$"


def test_letters_beyond_latin_ask_for_lualatex() -> None:
    named = draw(Value(1.0, label="变量") * 2.0).drawing.tikz()
    assert "变 and its like need LuaLaTeX" in named
    assert r"\usepackage{fontspec}" in named
    assert "fontspec" not in draw(network()).drawing.tikz()


def test_a_name_that_ends_in_tex_gets_tikz(tmp_path: Path) -> None:
    diagram = draw(parse("x * y", x=2, y=3))
    saved = Path(diagram.save("a.tex", directory=tmp_path)).read_text(encoding="utf-8")
    assert saved == diagram.drawing.tikz()
    assert saved.startswith("% The graph of f\n\\documentclass{article}\n")
    assert main(["x * y", "x=2", "y=3", "--quiet", "-o", str(tmp_path / "b.tex")]) == 0
    assert r"\begin{tikzpicture}" in (tmp_path / "b.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (network, {}),
        (network, {"style": "record", "direction": "TB", "theme": "dark", "title": "50% & more"}),
        (network, {"detail": "layer", "flow": True, "parts": "all"}),
        (hostile, {"title": " ".join(HOSTILE[:6])}),
    ],
)
def test_it_compiles_to_one_page_of_the_size_of_the_picture(
    make: object, options: dict[str, object], tmp_path: Path
) -> None:
    """With what the Debian packages texlive-latex-base and texlive-pictures bring."""
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("pdflatex is not installed")
    diagram = draw(make(), **options)  # type: ignore[operator]
    diagram.save("circuit.tex", directory=tmp_path)
    command = [latex, "-interaction=nonstopmode", "-halt-on-error", "-jobname=circuit"]
    command += [r"\pdfobjcompresslevel=0\input{circuit.tex}"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "(1 page," in done.stdout
    assert "Overfull" not in done.stdout
    made = (tmp_path / "circuit.pdf").read_bytes()
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", made)
    assert box
    sizes = diagram.drawing.width, diagram.drawing.height
    assert [float(side) for side in box.groups()] == pytest.approx(sizes, abs=0.2)
