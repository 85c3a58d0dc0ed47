"""What the command line is given: an expression, and what its names stand for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from autodiff.graph import topological_order
from autodiff.text.expression import ExpressionError, parse
from autodiff.value import Value

__all__ = ["Parser", "Refused", "add_expression", "graph", "name_root", "shielded"]


class Refused(Exception):
    """Bad input: what to say about it."""


class Parser(argparse.ArgumentParser):
    """Reports in one line, through `main`."""

    def error(self, message: str) -> NoReturn:
        """Refuse, with the way to help."""
        raise Refused(f"{message} (see: {self.prog} --help)")


def add_expression(parser: argparse.ArgumentParser, needed: bool = True) -> None:
    """Let `parser` take an expression and values."""
    parser.add_argument(
        "arguments",
        metavar="EXPRESSION name=value",
        nargs="+" if needed else "*",
        help="the expression, then what its names stand for: x=-2 y=1e-3 z=pi/2 w=1,2,3",
    )


def shielded(argv: list[str], parser: argparse.ArgumentParser) -> list[str]:
    """A space before arguments like ``-x*y``, or argparse would take them for options."""
    known = tuple(parser._option_string_actions)
    return [
        f" {word}" if len(word) > 1 and word[0] == "-" and not word.startswith(known) else word
        for word in argv
    ]


def graph(arguments: Sequence[str]) -> tuple[str, Value]:
    """The expression and its graph."""
    text, *pairs = arguments
    if text == "-":
        text = sys.stdin.read()
    text = text.strip()
    values: dict[str, float | list[float]] = {}
    for pair in pairs:
        name, equals, number = pair.strip().partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            hint = "give values as name=number without spaces, such as x=-2"
            if not values and "=" in text:
                hint += "; the expression comes first"
            raise Refused(f"cannot read {pair.strip()!r}; {hint}")
        if name in values:
            raise Refused(f"{name} is given twice")
        values[name] = _number(name, number)
    return text, parse(text, values)


def name_root(root: Value) -> None:
    """The result is called f, if that name is free."""
    if root.gate is not None and all(node.label != "f" for node in topological_order(root)):
        root.label = root.label or "f"


def _number(name: str, text: str) -> float | list[float]:
    """``-2``, ``1e-3``, ``pi/2`` or a row ``1,2,3``."""
    if not text.strip():
        raise Refused(f"{name} has no number; write {name}=-2, without spaces")
    if "," in text:
        elements = text.strip().removeprefix("[").removesuffix("]").rstrip(",").split(",")
        return [_single(name, element) for element in elements]
    return _single(name, text)


def _single(name: str, text: str) -> float:
    try:
        return parse(text).data
    except ExpressionError as error:
        raise Refused(f"the value of {name}: {error}") from None
