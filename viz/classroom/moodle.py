"""A worksheet as a quiz for Moodle: XML that its question bank imports."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from autodiff import Value

from ..dot.diagram import draw
from ..dot.markup import visible
from ..languages.translate import spoken, translate
from ..pages.scene import scene
from ..pages.worksheet.questions import Blank, blanks
from ..pages.worksheet.worksheet import TITLES

__all__ = ["moodle"]


@spoken
def moodle(
    roots: Iterable[Value], hide: str = "gradients", *, title: str = "", lang: str | None = None
) -> str:
    """Questions of the kind "numerical", one for each blank, in Moodle's XML.

    Each shows the circuit with its values, and answers a known mistake with what it is. `hide` is
    "gradients" or "local": a picture without its values cannot ask for them.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> quiz = moodle([x * y])
    >>> quiz.count("<question type=\\"numerical\\">")
    2

    Raises ValueError for another `hide`.
    """
    if hide not in ("gradients", "local"):
        raise ValueError(f"a quiz asks for 'gradients' or 'local', not for {hide!r}")
    quiz = ET.Element("quiz")
    named = title or translate(TITLES[hide])
    for k, root in enumerate(roots, 1):
        picture = base64.b64encode(draw(root, forward_only=True).pipe(format="svg")).decode()
        for blank in blanks(root, (hide,), scene(root, grouped=False).index):
            quiz.append(_question(blank, f"{named}, {k}{blank.tag}", picture))
    ET.indent(quiz)
    return ET.tostring(quiz, encoding="unicode", xml_declaration=True)


def _question(blank: Blank, name: str, picture: str) -> ET.Element:
    question = ET.Element("question", type="numerical")
    _text(ET.SubElement(question, "name"), name)
    asked = ET.SubElement(question, "questiontext", format="html")
    image = f'<img alt="{translate("the circuit")}" src="data:image/svg+xml;base64,{picture}">'
    _text(asked, f"<p>{image}</p><p>{html.escape(blank.name)} = ?</p>")
    _text(
        ET.SubElement(question, "generalfeedback", format="html"),
        html.escape("; ".join(map(translate, blank.hint))),
    )
    told: dict[float, str] = {}
    for number, said in [(-blank.truth, "Check the sign."), *blank.slips]:
        if number != blank.truth:
            told.setdefault(number, translate(said))
    for number, fraction, said in [(blank.truth, "100", "")] + [
        (x, "0", s) for x, s in told.items()
    ]:
        answer = ET.SubElement(question, "answer", fraction=fraction, format="moodle_auto_format")
        ET.SubElement(answer, "text").text = repr(number)
        ET.SubElement(answer, "tolerance").text = repr(abs(number) * 0.005)
        _text(ET.SubElement(answer, "feedback", format="html"), html.escape(said))
    return question


def _text(parent: ET.Element, text: str) -> None:
    ET.SubElement(parent, "text").text = visible(text)
