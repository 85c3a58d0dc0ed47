"""A catalogue of messages: English texts with holes, and what they are in another language.

A language is a folder of ``.po`` files beside this module. A message such as "{0} of {1} right"
stands for all texts of that form; what fills its holes is carried over, and is itself translated
if it is a message of several words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from html import unescape
from pathlib import Path
from string import Formatter
from typing import NamedTuple

__all__ = ["LANGUAGES", "Catalogue", "Form", "Message", "catalogue", "messages", "used_in"]

FOLDER = Path(__file__).parent
LANGUAGES = ("en", *sorted(path.name for path in FOLDER.iterdir() if any(path.glob("*.po"))))
SENTENCES = {"; ": "；", ". ": "。"}  # what stands between them
JOINTS = SENTENCES | {": ": "：", ", ": "，", " = ": " = "}  # where unknown texts are taken apart
WEAK = 12  # letters up to which a form, as "{0} and {1}", fits too much: its holes hold no prose
PROSE = re.compile(r"[A-Za-z]+ [A-Za-z]+").search
# Code whose texts pages show.
PAGES = ("viz/pages/", "viz/words/", "viz/fold/", "autodiff/gates.py", "docs/studio/")
DEEP = 10  # messages inside one another that are looked for
CLOSED = "，。；：（、！？"  # full-width marks bring their own space
# No space stands between these two.
ENDS_WIDE = re.compile("[）\u4e00-\u9fff] ?$").search
BEGINS_WIDE = re.compile(" ?[\u4e00-\u9fff]").match


class Message(NamedTuple):
    """One entry of a ``.po`` file; `files` are those of the code that say it."""

    english: str
    other: str
    files: tuple[str, ...] = ()


def messages(path: Path) -> Iterator[Message]:
    """The entries of a ``.po`` file.

    >>> found = {message.english: message.other for message in messages(FOLDER / "zh/command.po")}
    >>> found["wrote {0}"]
    '已写入 {0}'
    """
    for entry in path.read_text(encoding="utf-8").split("\n\n"):
        said: dict[str, str] = {}
        files: list[str] = []
        key = ""
        for line in entry.splitlines():
            if line.startswith("#:"):
                files += line[2:].split()
            elif quoted := re.fullmatch(r'(msgid|msgstr)? *(".*")', line):
                key = quoted[1] or key
                said[key] = said.get(key, "") + ast.literal_eval(quoted[2])
        if said.get("msgid"):
            yield Message(said["msgid"], said["msgstr"], tuple(files))


class Form:
    """A text with numbered holes.

    >>> Form("{0} of {1} right").match("3 of 4 right")
    {'0': '3', '1': '4'}
    """

    def __init__(self, text: str) -> None:
        self.parts = [(literal, name) for literal, name, *_ in Formatter().parse(text)]
        self.literals = [literal for literal, _ in self.parts if literal]
        self.weight = sum(map(len, self.literals))
        self.longest = max(self.literals, key=len, default="")
        self.between = [""]  # what stands before, between and behind the holes
        for literal, name in self.parts:
            self.between[-1] += literal
            self.between += [""] * (name is not None)

    def match(self, text: str) -> dict[str, str] | None:
        """What fills the holes, if the text is of this form: each the least that fits.

        By one walk along the text, which anybody may have written: a pattern could go astray in it.
        """
        names = [name for _, name in self.parts if name is not None]
        first, *between = self.between
        if not text.startswith(first):
            return None
        if not between:
            return {} if text == first else None
        last, at, held = between.pop(), len(first), []
        for literal in between:
            end = text.find(literal, at)
            if end < 0:
                return None
            held.append(text[at:end])
            at = end + len(literal)
        end = len(text) - len(last)
        if end < at or not text.endswith(last):
            return None
        return dict(zip(names, [*held, text[at:end]], strict=True))


class Catalogue:
    """Translates texts; what is unknown stays as it is.

    >>> say = Catalogue({"{0} of {1} right": "{1} 题答对 {0} 题", "not yet": "还不对"})
    >>> say("3 of 4 right"), say("4 of 5 wrong"), say("not yet; 3 of 4 right")
    ('4 题答对 3 题', '4 of 5 wrong', '还不对；4 题答对 3 题')
    """

    def __init__(self, translations: Mapping[str, str]) -> None:
        self.exact: dict[str, str] = {}
        forms: list[tuple[Form, str]] = []
        for english, other in translations.items():
            form = Form(english)
            if any(name is not None for _, name in form.parts):
                forms.append((form, other))
            else:
                self.exact[english.format()] = other.format()
        self._known = lru_cache(4096)(self._said)
        self.forms = sorted(forms, key=lambda pair: -pair[0].weight)  # the most specific first

    def __call__(self, text: str, depth: int = 0) -> str:
        """The text in the other language; `depth` is in how many others it stands."""
        whole = text.strip()
        if not re.search(r"[A-Za-z]{2}", whole):
            return text
        found = self._known(whole, depth)
        at = text.index(whole)
        before, after = text[:at], text[at + len(whole) :]
        return before * (found[0] not in CLOSED) + found + after * (found[-1] not in CLOSED)

    def _said(self, text: str, depth: int) -> str:
        if text in self.exact:
            return self.exact[text]
        for joint in ("\n", "  "):  # lines, and then the cells of a table, each by itself
            if joint in text:
                cells = re.split(f"({joint}+)", text)
                formed = self._formed(text, depth, joint)
                return formed or "".join(self._hole(cell, depth) for cell in cells)
        for joint in SENTENCES:  # each a message by itself
            pieces = text.split(joint)
            if len(pieces) > 1:
                said = [self.exact.get(piece) or self._formed(piece, depth) for piece in pieces]
                if all(said):
                    return SENTENCES[joint].join(said)
        return self._formed(text, depth) or self._in_part(text, depth)

    def _formed(self, text: str, depth: int, having: str = "") -> str:
        for form, other in self.forms:
            if form.longest not in text:
                continue
            if having and not any(having in literal for literal in form.literals):
                continue
            if (holes := form.match(text)) is not None:
                said = {name: self._hole(held, depth) for name, held in holes.items()}
                prose = any(held == said[name] and PROSE(held) for name, held in holes.items())
                if form.weight > WEAK or not prose:
                    return _filled(other, said)
        return ""

    def _hole(self, text: str, depth: int) -> str:
        """A single word may be a name that the user gave, but "examples:" is a heading."""
        told = " " in text.strip() or text.endswith(":")
        return self(text, depth + 1) if depth < DEEP and told else text

    def _in_part(self, text: str, depth: int) -> str:
        """What is known of a text, which may begin with the mark in front of it."""
        for joint, other in JOINTS.items():
            first, *rest = text.split(joint)
            if rest:
                marked = [(joint + piece).strip() for piece in rest]
                known = [self.exact.get(each) or self._formed(each, depth) for each in marked]
                before = self._hole(first, depth)
                said = [self._hole(piece, depth) for piece in rest]
                changed = before != first or said != rest
                return before + "".join(
                    k or (other if changed else joint) + piece
                    for k, piece in zip(known, said, strict=True)
                )
        return text


def _filled(text: str, holes: Mapping[str, str]) -> str:
    filled = ""
    for literal, name, *_ in Formatter().parse(text):
        held = "" if name is None else holes[name]
        held = held.lstrip() if held.lstrip()[:1] in CLOSED else held
        for piece in (literal, held):
            wide = ENDS_WIDE(filled) and BEGINS_WIDE(piece)
            filled = filled.rstrip(" ") + piece.lstrip(" ") if wide else filled + piece
    return filled


@cache
def entries(language: str) -> tuple[Message, ...]:
    """All messages of a language that are translated."""
    paths: Iterable[Path] = sorted((FOLDER / language).rglob("*.po"))
    return tuple(found for path in paths for found in messages(path) if found.other)


@cache
def _forms(language: str) -> list[tuple[Message, list[str]]]:
    return [(found, Form(found.english).literals) for found in entries(language)]


def used_in(code: str, language: str) -> list[tuple[str, str]]:
    """The messages, all of whose literal parts stand in the text of a page."""
    plain = code.replace('\\"', '"').replace("\\u003c", "<").replace("\\n", " ")
    plain = " ".join(unescape(plain).split())
    words = set(re.findall(r"\w+", plain))

    def told(literal: str, alone: bool) -> bool:
        """Of a form, a hole of what stands there may be filled: then its words are there."""
        return literal.strip() in plain or not (alone or set(re.findall(r"\w+", literal)) - words)

    return [
        (found.english, found.other)
        for found, literals in _forms(language)
        if any(file.startswith(PAGES) for file in found.files)
        if all(told(literal, literals == [found.english]) for literal in literals)
    ]


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language."""
    return Catalogue({found.english: found.other for found in entries(language)})
