"""Drawing with either Graphviz: formats, labels that come out literally, nothing clipped."""

import html
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from autodiff import Value
from tests.viz.circuits import product_of_sum, small_network
from viz import NoProgram, draw, render
from viz.dot.render import Diagram, Program, find, run

PROGRAMS = ["wheel", pytest.param("system", marks=pytest.mark.system_dot)]

HOSTILE = [
    "<b>bold</b>",
    "p(x|y)",
    'say "hello"',
    "a & b &amp; c",
    r"\N \G \n back\slash \\ twice",
    "{a|b}",
    "中文标签",
    "emoji 😀 and é",
    "<script>alert(1)</script>",
    "-->",
    "%3 $x_1$ `code`",
    " two  blanks ",
    "]]>",
]


def texts(svg: str) -> list[str]:
    """What the text elements of an SVG say, blanks as blanks."""
    found = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return [html.unescape(text).replace("\u00a0", " ") for text in found]


def svg(diagram: Diagram, program: str = "own") -> str:
    """Our own, or what a Graphviz makes of the text."""
    if program == "own":
        return str(diagram.pipe("svg", encoding="utf-8"))
    return run(diagram.source, program, "-Kdot", "-Tsvg").decode()  # type: ignore[arg-type]


@pytest.mark.parametrize("program", ["own", *PROGRAMS])
@pytest.mark.parametrize("style", ["circuit", "record"])
@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_comes_out_literally(label: str, style: str, program: str) -> None:
    x = Value(3.0, label=label)
    y = x * 2.0
    y.label = label
    y.backward()
    shown = texts(svg(draw(y, style, title=label), program))
    assert shown.count(label) == 3
    assert "<script" not in svg(draw(y, style), program)


def test_lines_of_a_label_are_lines_of_the_picture() -> None:
    x = Value(3.0, label="first\nsecond")
    shown = texts(svg(draw(x * x)))
    assert "first" in shown
    assert "second" in shown


def test_control_characters_are_shown_as_pictures() -> None:
    assert "a␀b␇" in texts(svg(draw(Value(3.0, label="a\x00b\x07") * 2)))


@pytest.mark.parametrize("style", ["circuit", "record"])
@pytest.mark.parametrize("theme", ["light", "dark", "print"])
@pytest.mark.parametrize("direction", ["LR", "TB"])
@pytest.mark.parametrize("detail", ["model", "layer", "neuron", "gate", "primitive"])
def test_every_look_can_be_drawn(style: str, theme: str, direction: str, detail: str) -> None:
    diagram = draw(
        small_network(), style, detail, theme=theme, direction=direction, flow=True, parts="all"
    )
    assert "loss" in texts(svg(diagram))


def test_a_box_is_as_wide_as_its_text_in_any_font() -> None:
    drawn = svg(draw(Value(3.0, label="中文标签" * 4) * 2.0, "record"))
    widths = [float(x) for x in re.findall(r'<rect [^>]* width="([\d.]+)"', drawn)]
    assert max(widths) >= 16 * 14


def test_the_format_comes_from_the_suffix(tmp_path: Path) -> None:
    diagram = draw(product_of_sum())
    assert render(diagram, tmp_path / "f.svg", program="wheel").read_text().count("<svg") == 1
    assert render(diagram, tmp_path / "f.png", program="wheel").read_bytes()[:4] == b"\x89PNG"
    assert render(diagram, tmp_path / "f.gv").read_text().startswith("digraph")
    with pytest.raises(ValueError, match=r"cannot draw 'f.jpag'.*\.svg"):
        render(diagram, tmp_path / "f.jpag")


def test_a_diagram_is_a_digraph_that_saves_and_shows_itself(tmp_path: Path) -> None:
    diagram = draw(product_of_sum(), program="wheel")
    path = diagram.render("f", directory=tmp_path, format="png")
    assert [found.name for found in tmp_path.iterdir()] == ["f.png"]
    assert Path(path).read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in diagram._repr_mimebundle_()["image/svg+xml"]
    diagram.render("f", directory=tmp_path, format="svg", cleanup=False)
    assert (tmp_path / "f").read_text() == diagram.source
    twin = diagram.copy()
    assert (twin.source, twin.program) == (diagram.source, "wheel")


@pytest.mark.parametrize("program", PROGRAMS)
def test_pdf_is_written(program: Program, tmp_path: Path) -> None:
    """A page of the picture's own size, without margins."""
    diagram = draw(product_of_sum())
    made = render(diagram, tmp_path / "f.pdf", program=program).read_bytes()
    assert made[:4] == b"%PDF"
    wide, high = diagram.drawing.width, diagram.drawing.height
    if box := re.search(rb"/MediaBox ?\[ ?0 0 ([\d.]+) ([\d.]+)", made):  # unless compressed
        assert float(box[1]) == pytest.approx(wide, abs=1)
        assert float(box[2]) == pytest.approx(high, abs=1)


def size(png: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(png)) as image:
        return image.size


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_png_has_two_pixels_for_each_of_a_screens(program: Program) -> None:
    diagram = draw(product_of_sum(), program=program)
    inches = [float(x) / 72 for x in re.findall(r'="([\d.]+)pt"', svg(diagram))]
    assert size(diagram.pipe("png")) == pytest.approx([192 * x for x in inches], abs=3)
    small = draw(product_of_sum(), program=program, dpi=96)
    assert size(small.pipe("png")) == pytest.approx([96 * x for x in inches], abs=3)
    assert svg(small) == svg(diagram)


@pytest.mark.parametrize("name", ["b.png", "b.svg", "b.pdf"])
def test_what_is_saved_under_a_pictures_name_is_a_picture(name: str, tmp_path: Path) -> None:
    """Not its text, and not a b.png.pdf beside it."""
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[name[2:]]
    diagram = draw(product_of_sum())
    for written in (
        diagram.save(tmp_path / "save" / name),
        diagram.save(name, directory=tmp_path / "there"),
        diagram.render(tmp_path / "render" / name),
    ):
        assert Path(written).read_bytes().startswith(begins)
        assert len(list(Path(written).parent.iterdir())) == 1
    assert Path(diagram.save(tmp_path / "b.gv")).read_text().startswith("digraph")


def test_works_without_a_system_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert draw(product_of_sum()).pipe("png").startswith(b"\x89PNG")
    with pytest.raises(NoProgram, match="dot is not on the PATH"):
        find("system")


@pytest.mark.system_dot
def test_the_system_graphviz_is_preferred_and_the_user_may_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Path(find()[0]).name.startswith("dot")
    assert "wheel.py" in find("wheel")[1]
    monkeypatch.setenv("GLASSGRAD_DOT", "wheel")
    assert "wheel.py" in find()[1]
    with pytest.raises(ValueError, match="unknown program 'cairo'"):
        find("cairo")  # type: ignore[arg-type]


def test_without_any_graphviz_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("viz.dot.render.WHEEL", "no_such_package")
    with pytest.raises(
        NoProgram, match=r"pip install .*graphviz.org/download.*SVG, which needs none"
    ):
        draw(product_of_sum()).pipe("png")


def test_pictures_and_pages_need_no_graphviz_at_all(tmp_path: Path) -> None:
    """As on musl or in a browser: pygraphviz cannot be imported, and no program is there."""
    script = f"""
import sys
sys.modules["pygraphviz"] = None
from pathlib import Path
from autodiff import parse
import viz
f = parse("(x + y) * z", x=-2, y=5, z=-4)
f.backward()
out = Path({str(tmp_path)!r})
viz.draw(f).save(out / "a.svg")
viz.draw_step(f).render(out / "b.svg")
viz.render(viz.draw(f, "record", width=2), out / "c.svg")
viz.explore(f, out / "d.html")
assert "image/svg+xml" in f._repr_mimebundle_()
try:
    viz.draw(f).pipe("png")
except viz.NoProgram as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "write SVG, which needs none" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"a.svg", "b.svg", "c.svg", "d.html"}


def test_the_wheel_is_asked_for_where_there_is_one() -> None:
    """The marker of the dependency, on platforms by their machine."""
    text = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    marker = re.findall(r'"pygraphviz[^;]*;([^"]*)"', text)[0]
    for machine, has_wheel in (
        *(("x86_64", True), ("AMD64", True), ("aarch64", True), ("arm64", True)),
        *(("wasm32", False), ("ARM64", False), ("armv7l", False), ("ppc64le", False)),
    ):
        assert eval(marker, {"platform_machine": machine}) is has_wheel


def test_what_graphviz_refuses_is_an_error_in_its_own_words() -> None:
    diagram = draw(product_of_sum(), program="wheel")
    diagram.body.append("[")
    with pytest.raises(RuntimeError, match="syntax error"):
        diagram.pipe("png")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    draw(Value(1.0, label="中文") * 2, program="wheel").pipe("png")
    assert capfd.readouterr() == ("", "")
