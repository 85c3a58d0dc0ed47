"""Docstrings are written to be read in an editor; here they become reStructuredText.

Paragraphs stay paragraphs, `name` becomes code, examples stay examples, and a list of
aligned ``name   what it is`` lines becomes a definition list.
"""

import re

# What is cited, and the part of the bibliography that says what it is.
_CITED = re.compile(
    r"(?P<cs229>CS229(?: \([\d.]+\))?)|(?P<courses>CS231n)|(?P<lecturenotes>[Nn]otes? 00\d)"
)
_TERM = re.compile(r"^(\S(?:[^\n]*?[^\s.])?)\s{2,}(\S.*)$")  # not two spaces after a sentence


def blocks(lines: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line.rstrip())
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


def is_list(block: list[str]) -> bool:
    """Lines of a term, two spaces or more, and its meaning; further lines are indented."""
    terms = [line for line in block if not line.startswith(" ")]
    return bool(terms) and all(_TERM.match(line) for line in terms)


def cited(text: str, link: str) -> str:
    """The text with its sources as links, written in this form."""
    return _CITED.sub(lambda found: link.format(found[0], found.lastgroup), text)


def inline(text: str) -> str:
    """`code` as code, sources as links to the bibliography, everything else as plain text."""
    pieces = re.split(r"(``.+?``|`[^`]+`)", text)
    return "".join(
        f"``{piece.strip('`')}``"
        if piece.startswith("`")
        else cited(re.sub(r"([\\*|_`])", r"\\\1", piece), ":ref:`{0} <{1}>`")
        for piece in pieces
    )


def definition_list(block: list[str]) -> list[str]:
    out: list[str] = []
    for line in block:
        match = _TERM.match(line)
        if match and not line.startswith(" "):
            out += [f"``{match[1]}``", f"    {inline(match[2])}"]
        else:
            out.append(f"    {inline(line.strip())}")
    return out


def convert(lines: list[str]) -> list[str]:
    out: list[str] = []
    for block in blocks(lines):
        if block[0].lstrip().startswith((">>>", "===")):  # examples, tables
            out += block
        elif out and block[0].startswith("    "):
            out += [
                "::",
                "",
                *(line if line.startswith("    ") else f"    {line}" for line in block),
            ]
        elif is_list(block):
            out += definition_list(block)
        elif all(line.startswith(("- ", "  ")) for line in block):
            out += [inline(line) for line in block]
        else:
            out += [inline(line.strip()) for line in block]
        out.append("")
    return out


def process(
    _app: object, _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    lines[:] = convert(lines)
