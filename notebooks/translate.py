"""The course, README.md and the site in other languages.

``python notebooks/translate.py messages|write [NAME ...]``

A catalogue ``locale/LANGUAGE/NAME.po`` holds the texts of one notebook and of its solutions: a
paragraph, a list item, a row of a table, a comment or a text of the code is one entry. `messages`
brings the catalogues up to date and keeps their translations; `write` makes the notebook and the
solutions in each language from the English ones and the catalogue. README.md is treated likewise;
of the site's pages, which Sphinx translates, and of what the exercises say, the catalogues are
brought up to date.
"""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT / "docs"))

from messages import in_python

TEMPLATES = ROOT / "build" / "gettext"  # what `make messages` has Sphinx write
PAGES = {"zh": ROOT / "docs" / "locale" / "zh_CN" / "LC_MESSAGES"}
LANGUAGES = sorted(path.name for path in (HERE / "locale").glob("*") if path.is_dir())

WORDS = ("right", "click here")  # that the exercises say, alone
Translate = Callable[[str], str]


# ── the texts of Python code ─────────────────────────────────────────────────────────────────

_LITERAL = re.compile(r"""(?s)([A-Za-z]{0,2})("{3}|'{3}|"|')((?:\\.|(?!\2).)*)\2""")
_WORDS = re.compile(r"[A-Za-z][a-z'’]+[,.:;!?]?\s+[A-Za-z][a-z]+")  # two that stand together
_SHOWN = {"print", "title", "text", "annotate", "suptitle"} | {"xlabel", "ylabel"}


class Span(NamedTuple):
    """A comment or a text within code, and what surrounds it there."""

    start: int
    end: int
    before: str
    text: str
    after: str


def spans(code: str) -> list[Span]:
    """The comments and texts of a cell that are words, in order.

    >>> [span.text for span in spans('print(f"loss {x:.2f}")  # it falls')]
    ['loss {x:.2f}', 'it falls']
    >>> spans("f = gates['mul']  # lambda a: ...")
    []
    """
    masked = re.sub(r"(?m)^(\s*)[%!]", r"\1#", code)  # IPython's own commands
    found = [*_comments(code, masked), *_literals(code, masked)]
    return sorted(found)


def _comments(code: str, masked: str) -> Iterator[Span]:
    starts = _line_starts(code)
    for token in tokenize.generate_tokens(io.StringIO(masked).readline):
        if token.type == tokenize.COMMENT:
            start = starts[token.start[0] - 1] + token.start[1]
            text = token.string.lstrip("#").strip()
            if code[start] == "#" and re.search("[A-Za-z]{2}", text) and not _is_code(text):
                end = start + len(token.string)
                at = start + token.string.index(text)
                yield Span(at, at + len(text), "", text, code[at + len(text) : end])


def _is_code(comment: str) -> bool:
    try:
        body = ast.parse(comment).body
    except SyntaxError:
        return False
    return not (isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Name))


def _literals(code: str, masked: str) -> Iterator[Span]:
    starts = _line_starts(code)
    lines = code.splitlines(keepends=True)

    def offset(line: int, column: int) -> int:  # ast counts bytes
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    def visit(node: ast.AST, shown: bool) -> Iterator[Span]:
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text or isinstance(node, ast.JoinedStr):
            assert isinstance(node, ast.expr)
            assert node.end_lineno is not None and node.end_col_offset is not None
            start = offset(node.lineno, node.col_offset)
            end = offset(node.end_lineno, node.end_col_offset)
            parts = list(_LITERAL.finditer(code[start:end]))
            prefix = max((part[1] for part in parts), key=len)
            body = "".join(part[3] for part in parts)
            loose = shown or isinstance(node, ast.JoinedStr)
            if re.search("[A-Za-z]{2}", _plain(body)) if loose else _WORDS.search(body):
                quote = parts[0][2]
                yield Span(start, end, prefix + quote, body, quote)
            return
        for name, value in ast.iter_fields(node):
            seen = isinstance(node, ast.Call) and name == "args" and _called(node) in _SHOWN
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from visit(child, seen)

    yield from visit(ast.parse(masked), False)


def _called(call: ast.Call) -> str:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return str(name).removeprefix("set_")


def _line_starts(code: str) -> list[int]:
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def translated_code(code: str, translate: Translate) -> str:
    """The code with its comments and texts translated.

    >>> translated_code("x = 3  # nothing happens", str.upper)
    'x = 3  # NOTHING HAPPENS'
    """
    try:
        found = spans(code)
    except SyntaxError:  # a piece of a program
        return code
    for span, new in reversed([(span, translate(span.text)) for span in found]):
        if new != span.text:
            code = code[: span.start] + span.before + new + span.after + code[span.end :]
    return code


# ── the texts of Markdown ────────────────────────────────────────────────────────────────────

_MARK = re.compile(r"\s*(?:#{1,6} |[-*] |\d+\. |> |\*\*\d+\.\d+\*\* )")
_RULE = re.compile(r"[\s|:-]+")


def _plain(text: str) -> str:
    """A text without code, formulas, fields, tags and addresses."""
    return re.sub(r"`+[^`]*`+|\$[^$]*\$|\{[^{}]*\}|<[^<>]*>|\]\([^()\s]*\)|https?://\S+", " ", text)


def translated_markdown(text: str, translate: Translate) -> str:
    """The text with its paragraphs, list items, rows of tables and code translated one by one.

    >>> print(translated_markdown("# Gates\\n\\n- a gate\\n  again\\n\\n$$ab = c$$", str.upper))
    # GATES
    <BLANKLINE>
    - A GATE AGAIN
    <BLANKLINE>
    $$ab = c$$
    """
    out: list[str] = []
    held: list[str] = []

    def flush() -> None:
        if held:
            joined = " ".join([held[0], *(line.strip() for line in held[1:])])
            mark = _MARK.match(joined)
            start = mark.end() if mark else len(joined) - len(joined.lstrip())
            body = joined[start:].rstrip()
            worded = re.search(r"[A-Za-z]{2}", _plain(body))
            out.append(joined[:start] + translate(body) if worded else "\n".join(held))
            held.clear()

    lines = iter(text.split("\n"))
    for line in lines:
        bare = line.strip()
        if bare.startswith(("```", "$$")):
            flush()
            out.append(_block(line, lines, translate))
        elif not bare or (bare.startswith("<") and not _plain(bare).strip()):
            flush()
            out.append(line)
        elif bare.startswith("|"):
            flush()
            out.append(line if _RULE.fullmatch(bare) else _row(line, translate))
        else:
            if _MARK.match(line) or (held and held[0].startswith("#")):
                flush()
            held.append(line)
    flush()
    return "\n".join(out)


def _formula(formula: str, translate: Translate) -> str:
    r"""A displayed formula with the words in it translated.

    >>> print(_formula(r"a &= b && \text{as above, } x", str.upper))
    a &= b && \text{AS ABOVE, } x
    """

    def words(found: re.Match[str]) -> str:
        said = found[1].strip()
        return (
            found[0].replace(said, translate(said)) if re.search("[A-Za-z]{2}", said) else found[0]
        )

    return re.sub(r"\\text\{([^{}]*)\}", words, formula)


def _block(first: str, lines: Iterator[str], translate: Translate) -> str:
    """Everything up to the end of fenced code or of a displayed formula."""
    fence = first.strip()
    closing = "$$" if fence.startswith("$$") else "```"
    if closing == "$$" and len(fence) > 2 and fence.rstrip(".,").endswith("$$"):
        return _formula(first, translate)
    body = []
    for line in lines:
        if line.strip().startswith(closing) or (closing == "$$" and line.rstrip().endswith("$$")):
            code = "\n".join(body)
            if fence == "```python":
                code = translated_code(code, translate)
            whole = "\n".join([first, *([code] if body else []), line])
            return _formula(whole, translate) if closing == "$$" else whole
        body.append(line)
    return "\n".join([first, *body])


def _row(line: str, translate: Translate) -> str:
    """A row of a table is one entry; a bar within code or a formula is no border."""
    bare = line.strip()
    body = bare.removeprefix("|").removesuffix("|").strip()
    return f"| {translate(body)} |" if re.search("[A-Za-z]{2}", _plain(body)) else line


# ── catalogues ───────────────────────────────────────────────────────────────────────────────


class Document(NamedTuple):
    """A name and its sources: Markdown, a notebook, Python that speaks by its catalogue, or the
    template that Sphinx made of a page."""

    name: str
    sources: tuple[Path, ...]

    @property
    def is_page(self) -> bool:
        return self.sources[0].suffix == ".pot"

    def catalogue(self, language: str) -> Path:
        folder = PAGES[language] if self.is_page else HERE / "locale" / language
        return folder / f"{self.name}.po"

    def target(self, source: Path, language: str) -> Path:
        if source.parent == ROOT:
            return source.with_suffix(f".{language}{source.suffix}")
        return source.parent / language / source.name


def documents() -> list[Document]:
    """README.md, the exercises, each notebook with its solutions, and the pages of the site."""
    found = [
        Document("README", (ROOT / "README.md",)),
        Document("exercises", tuple(sorted((HERE / "exercises").glob("*.py")))),
    ]
    for path in sorted(HERE.glob("[0-9]*.ipynb")):
        solutions = HERE / "solutions" / f"{path.stem}.md"
        found.append(Document(path.stem, (path, *([solutions] if solutions.exists() else []))))
    written = {
        str(path.relative_to(folder).with_suffix(""))
        for folder in (TEMPLATES, *PAGES.values())
        for path in folder.rglob("*.po*")
    }
    pages = sorted(name for name in written if not name.startswith("generated/course/"))
    return found + [Document(name, (TEMPLATES / f"{name}.pot",)) for name in pages]


def template(path: Path) -> list[str]:
    """The texts of a page, as Sphinx found them."""
    with path.open("rb") as file:
        return [
            str(m.id) for m in read_po(file) if m.id and re.search("[A-Za-z]{2}", _plain(str(m.id)))
        ]


def translated(source: Path, translate: Translate) -> str | dict[str, Any]:
    """The source with every text translated: Markdown, or a notebook."""
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".md":
        return translated_markdown(text, translate)
    notebook: dict[str, Any] = json.loads(text)
    for cell in notebook["cells"]:
        by = translated_markdown if cell["cell_type"] == "markdown" else translated_code
        cell["source"] = by("".join(cell["source"]), translate)
    return notebook


def messages(document: Document) -> list[str]:
    """Every text of a document, once, in order."""
    found: dict[str, None] = {}

    def note(text: str) -> str:
        found[text] = None
        return text

    if document.is_page:
        return template(document.sources[0])
    for source in document.sources:
        if source.suffix == ".py":
            code = source.read_text(encoding="utf-8")
            texts = in_python(source.name, code)
            found |= {t.text: None for t in texts if t.needed or t.text in WORDS}
        else:
            translated(source, note)
    return list(found)


def catalogue(document: Document, language: str) -> Catalog:
    path = document.catalogue(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def refresh(document: Document, language: str) -> Catalog:
    """The catalogue with an entry for each text; a changed text keeps its translation as fuzzy."""
    template = Catalog()
    for text in messages(document):
        template.add(text)
    held = catalogue(document, language)
    held.update(template)
    held.obsolete.clear()
    return held


def save(held: Catalog, path: Path) -> None:
    """Write a catalogue whose text depends on its entries alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for message in held:
        message.flags.discard("python-brace-format")  # said of every formula
    file = io.BytesIO()
    write_po(file, held, width=0, omit_header=True)
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    path.write_text(head + file.getvalue().decode(), encoding="utf-8")


def translations(document: Document, language: str) -> dict[str, str]:
    """What is translated, and is not merely a guess."""
    return {
        str(m.id): str(m.string)
        for m in catalogue(document, language)
        if m.id and m.string and not m.fuzzy
    }


# ── what a translation keeps ─────────────────────────────────────────────────────────────────


def kept(text: str) -> Counter[str]:
    """What both sides must have alike: code, formulas, fields, addresses and numbers.

    >>> kept("3 gates of `f` at $x^2$") == kept("在 $x^2$ 处 `f` 的 3 个门")
    True
    """
    pieces = r"`+[^`]*`+|\$[^$]*\$|\{[^{}]*\}|\]\([^()\s]*\)|https?://[^\s)]+|\\n|\d+(?:[.,]\d+)*"
    text = re.sub(r"notebooks/zh/", "notebooks/", re.sub(r"\]\(README(\.zh)?\.md\)", "]", text))
    # Roles, of a docstring and of its translation, which is Markdown.
    text = re.sub(r"(?::(?:ref|doc|class):|\{(?:ref|doc|class)\})`\D*([^`]*)`", r"\1", text)
    found = Counter(re.findall(pieces, text))
    return Counter({re.sub(r"\\(?:text|mathrm)\{[^}]*\}", "", key): n for key, n in found.items()})


# ── writing ──────────────────────────────────────────────────────────────────────────────────

# Behind the title of a translated notebook, which lies one folder below exercises and data.
SETUP = """\
import os

import viz
from viz.plots.axes import have_letters

if not os.path.isdir("exercises"):
    os.chdir("..")
viz.language("{language}")
have_letters()"""


def written(document: Document, language: str) -> Iterator[tuple[Path, str]]:
    """The files of a document in a language; a notebook keeps the outputs of unchanged code."""
    held = translations(document, language)
    for source in (path for path in document.sources if path.suffix in (".md", ".ipynb")):
        made = translated(source, lambda text: held.get(text, text))
        target = document.target(source, language)
        if isinstance(made, str):
            yield target, made
            continue
        setup = {"cell_type": "code", "execution_count": None, "id": "language", "metadata": {}}
        setup |= {"outputs": [], "source": SETUP.format(language=language)}
        made["cells"].insert(1, setup)
        yield target, _with_outputs(made, target)


def _with_outputs(made: dict[str, Any], target: Path) -> str:
    """A notebook as text, with the outputs that it had if all its code is what it was."""
    had = json.loads(target.read_text(encoding="utf-8"))["cells"] if target.exists() else []
    code = [cell for cell in made["cells"] if cell["cell_type"] == "code"]
    ran = [cell for cell in had if cell["cell_type"] == "code"]
    same = [cell["source"] for cell in code] == ["".join(cell["source"]) for cell in ran]
    for k, cell in enumerate(code):
        cell["outputs"] = ran[k]["outputs"] if same else []
        cell["execution_count"] = ran[k]["execution_count"] if same else None
    for cell in made["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def execute(path: Path) -> None:
    """Run a notebook from top to bottom where it lies."""
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--log-level=WARN"]
    subprocess.run([*command, "--execute", "--inplace", str(path)], check=True)


def main(command: str, *names: str) -> None:
    for document in documents():
        for language in LANGUAGES:
            if names and not any(document.name.startswith(name) for name in names):
                continue
            if command == "messages" and document.sources[0].exists():
                held = refresh(document, language)
                save(held, document.catalogue(language))
                left = sum(bool(m.id) and (m.fuzzy or not m.string) for m in held)
                print(f"{document.name}: {left} of {len(held)} texts to be translated")
            elif command == "write" and document.catalogue(language).exists():
                write(document, language)


def write(document: Document, language: str) -> None:
    """Write the files of a document; a notebook whose code is new is run."""
    for target, text in list(written(document, language)):
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(target.relative_to(ROOT))
        if target.suffix == ".ipynb" and '"execution_count": null' in text:
            execute(target)
            write(document, language)  # without what the machine adds


if __name__ == "__main__":
    main(*sys.argv[1:])
