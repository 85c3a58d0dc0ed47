"""Drawing with either Graphviz: formats, labels that come out literally, nothing clipped."""

import html
import re
from pathlib import Path

import pytest

from autodiff import Value
from tests.viz.circuits import product_of_sum, small_network
from viz import NoProgram, draw, render
from viz.dot.render import find

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


def svg(diagram: object, program: str = "pure") -> str:
    diagram.program = program  # type: ignore[attr-defined]
    drawn: str = diagram.pipe("svg", encoding="utf-8")  # type: ignore[attr-defined]
    return drawn


@pytest.mark.parametrize("program", ["pure", pytest.param("system", marks=pytest.mark.system_dot)])
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


def test_text_stays_inside_its_box_where_the_wheel_does_not_know_the_letters() -> None:
    """The wheel takes every letter that it has no metrics for as a blank; we make room."""
    label = "中文标签" * 4
    drawn = svg(draw(Value(3.0, label=label) * 2.0, "record"))
    boxes = [
        [float(x) for x in re.findall(r"([-\d.]+),", points)]
        for points in re.findall(r'<polygon[^>]*points="([^"]*)"', drawn)
    ]
    widest = max(max(xs) - min(xs) for xs in boxes[1:] if len(xs) == 5)
    assert widest >= 16 * 14


def test_the_format_comes_from_the_suffix(tmp_path: Path) -> None:
    diagram = draw(product_of_sum())
    assert render(diagram, tmp_path / "f.svg", program="pure").read_text().count("<svg") == 1
    assert render(diagram, tmp_path / "f.png", program="pure").read_bytes()[:4] == b"\x89PNG"
    assert render(diagram, tmp_path / "f.gv").read_text().startswith("digraph")
    with pytest.raises(ValueError, match=r"cannot draw 'f.jpag'.*\.svg"):
        render(diagram, tmp_path / "f.jpag")


def test_a_diagram_is_a_digraph_that_saves_and_shows_itself(tmp_path: Path) -> None:
    diagram = draw(product_of_sum(), program="pure")
    path = diagram.render("f", directory=tmp_path, format="png", cleanup=True)
    assert Path(path).read_bytes()[:4] == b"\x89PNG"
    assert "<svg" in diagram._repr_mimebundle_()["image/svg+xml"]
    twin = diagram.copy()
    assert (twin.source, twin.program) == (diagram.source, "pure")


def test_the_wheel_writes_no_pdf_and_the_message_says_what_does(tmp_path: Path) -> None:
    with pytest.raises(NoProgram, match="PDF needs the system's Graphviz"):
        render(draw(product_of_sum()), tmp_path / "f.pdf", program="pure")


@pytest.mark.system_dot
def test_the_system_graphviz_writes_pdf(tmp_path: Path) -> None:
    path = render(draw(product_of_sum()), tmp_path / "f.pdf", program="system")
    assert path.read_bytes()[:4] == b"%PDF"


def test_works_without_a_system_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "<svg" in draw(product_of_sum()).pipe("svg", encoding="utf-8")
    with pytest.raises(NoProgram, match="dot is not on the PATH"):
        find("system")


@pytest.mark.system_dot
def test_the_system_graphviz_is_preferred_and_the_user_may_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Path(find()).name.startswith("dot")
    assert "pure" in Path(find("pure")).name
    monkeypatch.setenv("GLASSGRAD_DOT", "pure")
    assert "pure" in Path(find()).name
    with pytest.raises(ValueError, match="unknown program 'cairo'"):
        find("cairo")  # type: ignore[arg-type]


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    svg(draw(Value(1.0, label="中文") * 2))
    assert capfd.readouterr() == ("", "")
