"""What the studio's page asks of Python, and what it is told: what the command line gives, as data.

The page runs this in the browser, with the very package; everything it shows comes from here.

>>> told = answer({"expression": "x * y", "values": {"x": "2", "y": "3"}})
>>> told["value"], told["names"], told["command"]
('6', ['x', 'y'], "autodiff 'x * y' x=2 y=3")
>>> answer({"expression": "sigmod(y)"})["refused"].splitlines()[0]
"unknown function 'sigmod'; did you mean sigmoid?"
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from autodiff.graph import topological_order
from autodiff.text.expression import ExpressionError, parse
from autodiff.value import Constant, Value
from viz.command.arguments import Refused, graph
from viz.command.results import LOOKS
from viz.dot.diagram import draw
from viz.languages.translate import speaking, translate
from viz.pages.bug_zoo.bug_zoo import bug_zoo
from viz.pages.explorer.explorer import explore
from viz.pages.worksheet.worksheet import worksheet
from viz.words.derivation import explain
from viz.words.numbers import number
from viz.words.report import table

__all__ = ["answer", "answer_text"]

FIRST = "1"  # what a name stands for until the visitor says it


def answer_text(asked: str) -> str:
    """`answer`, in JSON."""
    return json.dumps(answer(json.loads(asked)))


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """What there is to show, or {"refused": why}.

    expression, values   as the visitor typed them; a name without a value is 1
    view                 "circuit", or a page: "explorer", "worksheet", "bug_zoo"
    look                 how the diagram looks: keywords of `viz.draw`
    chain, paths         the name whose chain rule is written out, and whether over all paths
    hide                 what the worksheet asks for
    lang                 the visitor's language
    """
    with speaking(asked.get("lang")):
        return _answer(asked)


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    try:
        expression = asked["expression"].strip()
        told["names"] = _names(expression)
        values = {name: asked.get("values", {}).get(name, FIRST) for name in told["names"]}
        given = [f"{name}={text}" for name, text in values.items()]
        text, root = graph([f" {expression}", *given])  # with a space "-" is no file
        root.backward()
        told |= {"values": values, "value": number(root.data), "command": _command(text, given)}
        view = asked.get("view", "circuit")
        told |= (
            _circuit(root, asked) if view == "circuit" else {"page": _page(view, text, root, asked)}
        )
    except (Refused, ValueError) as error:
        told["refused"] = translate(str(error))
    return told


def _names(expression: str) -> list[str]:
    """The names that need a value; none yet if the expression cannot be read."""
    try:
        parse(expression)
    except ExpressionError as error:
        return list(error.missing)
    return []


def _circuit(root: Value, asked: dict[str, Any]) -> dict[str, Any]:
    look = {name: how for name, how in asked.get("look", {}).items() if name in LOOKS and how}
    drawing = draw(root, **{"theme": "auto"} | look).drawing
    told: dict[str, Any] = {"svg": drawing.svg(), "tex": drawing.tikz(), "table": table(root)}
    nodes = topological_order(root)
    named = {v.label: v for v in nodes if v.label and not isinstance(v, Constant) and v is not root}
    told["chains"] = list(named)
    if named:
        chosen = asked.get("chain") if asked.get("chain") in named else next(iter(named))
        told["chain"] = chosen
        told["explained"] = explain(named[chosen], root, paths=bool(asked.get("paths"))).text
    return told


def _page(view: str, title: str, root: Value, asked: dict[str, Any]) -> str:
    if view == "explorer":
        return explore(root, title=title).html
    if view == "worksheet":
        return worksheet(root, asked.get("hide", "gradients"), title=title).html
    return bug_zoo(root, title=title).html


def _command(expression: str, given: list[str]) -> str:
    return shlex.join(["autodiff", expression, *given])
