"""What the command line is given: options, an expression, and what its names stand for."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn
from unicodedata import normalize

from autodiff.formula.spelling import FULL_WIDTH
from autodiff.graph import topological_order
from autodiff.text.expression import ExpressionError, parse
from autodiff.value import Value

from ..languages.translate import translate

__all__ = ["Parser", "Refused", "graph", "learning_rate", "near"]


class Refused(Exception):
    """Bad input: what to say about it."""


def near(word: str, known: Iterable[str]) -> str:
    """A question after something that is not known: "; did you mean --theme?", or nothing.

    >>> near("wroksheet", ["demo", "worksheet"])
    '; did you mean worksheet?'
    """
    found = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


class Parser(argparse.ArgumentParser):
    """The parser of one command; it reports in one line, through `main`."""

    def __init__(self, prog: str, expression: str = "", words: str = "", **options: Any) -> None:
        """`expression` says how many: "+" an expression, "*" perhaps one, "" none; "files" are
        something else, which `words` describes."""
        super().__init__(
            prog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            **options,
        )
        self.add_argument("--lang", metavar="LANG", help="the language: en or zh (the system's)")
        if expression == "files":
            self.add_argument("arguments", metavar="FOLDER ANSWERS", nargs="+", help=words)
        elif expression:
            about = "the expression, then what its names stand for: x=-2 y=1e-3 z=pi/2 w=1,2,3"
            self.add_argument(
                "arguments", metavar="EXPRESSION name=value", nargs=expression, help=about
            )

    def options(self, title: str, *rows: tuple[str, str, str]) -> None:
        """A group of options: flags, what follows (N, X: a number, ...: repeatedly), help.

        Without a title they stand beside --help.
        """
        group = self.add_argument_group(title) if title else self
        for flags, takes, text in rows:
            how: dict[str, Any] = {"metavar": takes.removesuffix(" ...")}
            if not takes:
                how = {"action": "store_true"}
            elif takes.endswith(" ..."):
                how |= {"action": "append", "default": []}
            elif takes in ("N", "X"):
                how |= {"type": int if takes == "N" else float}
            group.add_argument(*flags.split(), help=text, **how)

    def read(self, argv: Sequence[str]) -> argparse.Namespace:
        """The options and arguments; a space goes before what is like ``-x*y``, or argparse would
        take it for an option."""
        known = tuple(self._option_string_actions)

        def meant(word: str) -> bool:
            return word.startswith(known) or bool(word[:2] == "--" and near(word, known))

        shielded = [
            f" {word}" if word[:1] == "-" != word and not meant(word) else word for word in argv
        ]
        return self.parse_intermixed_args(shielded)

    def format_help(self) -> str:
        """The help, in the language that is spoken."""
        told: list[tuple[Any, str]] = [(self, "description"), (self, "epilog")]
        told += [(group, "title") for group in self._action_groups]
        told += [(action, "help") for action in self._actions]
        for thing, name in told:
            setattr(thing, name, translate(getattr(thing, name) or "") or None)
        return super().format_help().replace("usage: ", translate("usage: "), 1)

    def error(self, message: str) -> NoReturn:
        """Refuse, with the way to help."""
        word = message.split()[-1]
        hint = near(word, self._option_string_actions) if word.startswith("--") else ""
        raise Refused(f"{message}{hint} (see: {self.prog} --help)")


def graph(arguments: Sequence[str]) -> tuple[str, Value]:
    """The expression and its graph, whose root is called f if that name is free."""
    text, *pairs = arguments
    if text == "-":
        text = sys.stdin.read()
    text = text.strip()
    values: dict[str, float | list[float]] = {}
    for pair in pairs:
        name, equals, number = (part.strip() for part in pair.translate(FULL_WIDTH).partition("="))
        if not equals or not normalize("NFKC", name).isidentifier():
            hint = "give values as name=number without spaces, such as x=-2"
            if not values and "=" in text:
                hint += "; the expression comes first"
            raise Refused(f"cannot read {pair.strip()!r}; {hint}")
        if name in values:
            raise Refused(f"{name} is given twice")
        values[name] = _number(name, number)
    root = parse(text, values)
    if root.gate is not None and all(node.label != "f" for node in topological_order(root)):
        root.label = root.label or "f"
    return text, root


def learning_rate(text: str) -> float:
    """``0.1`` or ``lr=0.1``."""
    rate = _number("the learning rate", text.removeprefix("lr="))
    if isinstance(rate, list):
        raise Refused(f"the learning rate is one number, not {text}")
    return rate


def _number(name: str, text: str) -> float | list[float]:
    """``-2``, ``1e-3``, ``pi/2`` or a row ``1,2,3``."""
    if not text:
        raise Refused(f"{name} has no number; write {name}=-2, without spaces")
    elements = text.removeprefix("[").removesuffix("]").rstrip(",").split(",")
    try:
        row = [parse(element).data for element in (elements if "," in text else [text])]
    except ExpressionError as error:
        if error.missing:
            error.message = f"{error.missing[0]} is no number; such are -2, 1e-3, pi/2 and 1,2,3"
        raise Refused(f"the value of {name}: {error}") from None
    return row if "," in text else row[0]
