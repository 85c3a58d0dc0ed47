"""What a picture says: the names of its nodes, its numbers, and all of it in sentences."""

from __future__ import annotations

import math

from ..fold.picture import Node, Picture
from ..languages.translate import translate
from .names import Naming
from .numbers import number, span
from .symbols import text_symbol, typeset

__all__ = ["called", "constant_text", "describe", "figure"]

SENTENCES = 20  # of a description
INPUTS = 4  # of a gate that a sentence names


def figure(digits: int, *numbers: float) -> str:
    """A number, or the range of several; what is not finite catches the eye.

    >>> figure(4, -0.5), figure(4, 1.0, 3.0), figure(4, math.inf)
    ('−0.5', '1 … 3', '⚠ ∞')
    """
    text = span(numbers, digits)
    return text if all(map(math.isfinite, numbers)) else f"⚠ {text}"


def constant_text(node: Node) -> str:
    """A constant as somebody wrote it down, if that was short: 1.00001 is not 1."""
    (x,) = node.values
    exact = number(x, 8)
    short = len(exact) <= 8 and exact == number(x, 15)
    return node.text or (exact if short else number(x))


def called(picture: Picture) -> dict[str, str]:
    """What each node is called: its label, its title, or v1, v2, ... as everywhere."""
    single = [node for node in picture.nodes if node.kind in ("input", "gate")]
    order = [node.members[-1] for node in single]
    labels = {id(v): node.label for v, node in zip(order, single, strict=True)}
    naming = Naming(order, labels) if order else None
    written = typeset(naming(v) for v in order) if naming else {}
    found = {
        node.name: text_symbol(node.text) or translate("a row")
        for node in picture.nodes
        if node.kind != "constant"
    }
    found |= {node.name: constant_text(node) for node in picture.nodes if node.kind == "constant"}
    return found | {n.name: written[naming(n.members[-1])] for n in single if naming}


def describe(picture: Picture, digits: int) -> str:
    """A picture for those who do not see it.

    >>> from autodiff import parse
    >>> from viz import build
    >>> describe(build(parse("x * y", x=2, y=3)), 4)
    'x = 2. y = 3. f is × of x and y: 6.'
    """
    name_of = called(picture)
    inputs: dict[str, list[str]] = {}
    for edge in picture.edges:
        inputs.setdefault(edge.head, []).append(name_of[edge.tail])
    said = []
    for node in picture.nodes:
        if node.kind in ("row", "constant"):
            continue
        read = inputs.get(node.name, [])
        shown = translate(" and ").join(read if len(read) <= INPUTS else [*read[:3], "…", read[-1]])
        made = translate(f" is {node.text} of {shown}:") if node.kind == "gate" else ""
        made = made or (translate(f", made of {shown}:") if shown else " =")
        grad = translate(f", gradient {figure(digits, *node.grads)}") if node.grads else ""
        said.append(f"{name_of[node.name]}{made} {figure(digits, *node.values)}{grad}.")
    if len(said) > SENTENCES:
        said[SENTENCES // 2 : -SENTENCES // 2] = [translate(f"… ({len(said) - SENTENCES} more)")]
    return " ".join(said)
