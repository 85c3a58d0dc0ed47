"""Which texts there are to translate, read from the code; `make messages` refreshes the catalogues.

A text is a string of two words or more, with {0}, {1} for what is filled in; in a page also one
word with a capital, and all that stands between tags. Other strings of the code may stand in the
catalogue too, a single word that is shown, or a message with one of its holes filled.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from viz.languages.catalogue import FOLDER, Form, messages  # noqa: E402

# Where strings are code in some language: there only what is raised or warned of counts.
CODE = (
    *("autodiff/compiler/write/", "autodiff/compiler/llvm/", "autodiff/compiler/export/"),
    *("autodiff/formula/atoms", "autodiff/formula/languages", "autodiff/formula/firing"),
    *("autodiff/gate.py", "viz/dot/drawing.py", "viz/dot/series/animation.py", "viz/languages/"),
    *("viz/pages/javascript.py", "viz/pages/live.py", "viz/pages/playground/scripts/export.js"),
)
# What reads like a text and is none.
NONE = {
    *("upper left", "upper center", "center right", "same as", "leaves of the runs around"),
    *("[{0} for {1} in {2}]", "left: {0}%; top: {1}%", "background: {0}", "net {0}"),
    *("autodiff: {0}", "glassgrad {0}", "glassgrad.zip: {0}", "FOLDER ANSWERS"),
    *("script, style, code, kbd, pre, textarea, [translate=no]", "EXPRESSION name=value"),
    *("add set", "body shade", "text number", "text large", "mark small", "left: {0}%"),
    *(
        "data net export settings paint plane picture wiring neuron losses playground",
        "net {0} {1}",
    ),
    *("numpy {0}", "loops {0}", "compile", "{0} += {1}  for {2} in {3}", "<autodiff gate"),
}
SAYING = {"translate", "said", "_say", "Refused", "error", "warn"}  # are given texts
# Python's own words: argparse's, and those of arithmetic.
PYTHON = (
    "math domain error",
    "math range error",
    "float division by zero",
    "division by zero",
    "invalid syntax",
    "usage:",
    "options",
    "positional arguments",
    "show this help message and exit",
    "unrecognized arguments: {0}",
    "the following arguments are required: {0}",
    "argument {0}: expected one argument",
    "argument {0}: invalid int value: {1}",
    "argument {0}: invalid float value: {1}",
    "argument {0}: ignored explicit argument {1}",
)


class Text(NamedTuple):
    """A string of the code; `needed` if it has to be translated."""

    text: str
    path: str
    needed: bool
    holes: tuple[str, ...] = ()  # what fills {0}, {1}, ...


def escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def plain(template: str) -> str:
    """The text without its holes."""
    return "".join(Form(template).literals)


def is_sentence(template: str) -> bool:
    """Two words, that is letters, a space and a letter; and no markup."""
    said = re.sub(r"\{\d+\}", "0", template)
    words = re.search(r"([A-Za-z]{2,}[,;:.]?|\b[Aa]n?(?= [a-z]{2})) +[A-Za-z(0]", said)
    code = re.search(
        r"[<=]\w+ ?[>=]|=>|=\"\D|\"/|\{\{|\}\}|</|^<|;\n|^import |\\[a-z]|@media|:\n|"
        r" if .* else |^/|\w\|\w|^\w+\([\w, ]*\)$|^Callable|^(echo .*)?autodiff ",
        said,
    )
    return bool(words) and not code


# ── Python ───────────────────────────────────────────────────────────────────────────────────


def template(node: ast.expr, holes: list[str]) -> str:
    """The text that an expression makes, with a numbered hole for all that is not literal."""
    match node:
        case ast.Constant(value=str(text)):
            pieces = re.split(r"\{(\w*)\}", text)  # of str.format
            said = escaped(pieces[0])
            for name, piece in zip(pieces[1::2], pieces[2::2], strict=True):
                holes.append(name)
                said += f"{{{len(holes) - 1}}}" + escaped(piece)
            return said
        case ast.JoinedStr(values=parts):
            return "".join(template(part, holes) for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right) if written(node):
            return template(left, holes) + template(right, holes)
        case ast.Call(func=ast.Attribute(value=text, attr="format")) if written(text):
            return template(text, holes)
    holes.append(ast.unparse(node).strip("{}") if isinstance(node, ast.expr) else "")
    return f"{{{len(holes) - 1}}}"


def written(node: ast.AST) -> bool:
    """Whether it is text: a literal, or a sum with one."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Add) and (written(node.left) or written(node.right))
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def in_python(path: str, code: str) -> Iterator[Text]:
    """The strings of a module but its docstrings."""
    loud = not path.startswith(CODE)

    def walk(node: ast.AST, said: bool) -> Iterator[Text]:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if written(node):
            holes: list[str] = []
            text = template(node, holes)  # type: ignore[arg-type]
            word = said is True and re.fullmatch(r"\s*[A-Za-z ]{2,}\s*", text) and not holes
            needed = (said or loud) and is_sentence(text) and text.strip() not in NONE
            if text.count("\n") > 2:  # a table
                for cell in re.split(r"\n| {2,}", text):
                    if re.search("[A-Za-z]{2}", plain(cell)):
                        yield Text(cell, path, loud and is_sentence(cell), tuple(holes))
            elif re.search("[A-Za-z]{2}", plain(text)):
                yield Text(text.strip(), path, bool(needed or word), tuple(holes))
            for part in ast.walk(node):
                if isinstance(part, ast.FormattedValue):
                    yield from walk(part.value, False)
            return
        if isinstance(node, ast.Raise):
            said = True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            for child in (*node.args, *node.keywords):
                yield from walk(child, called in SAYING or (said and called[0].isupper()))
            yield from walk(node.func, said)
            return
        for child in ast.iter_child_nodes(node):
            yield from walk(child, said)

    yield from walk(ast.parse(code), False)


# ── pages ────────────────────────────────────────────────────────────────────────────────────

_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/"
    r"|(?P<regex>(?<=[(,=:\[!&|?{};\n]) ?/(?![/*])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[\n])+/[a-z]*)"
    r"|(?P<text>'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")|(?P<tick>`)|(?P<open>\{)|(?P<close>\})",
    re.DOTALL,
)
_STYLE = re.compile(r"^[.#\[*]\w|\w[>+~]\w| [>~] |^\w+(\.\w+)+( |$)|--|\d(px|em|deg)\b|[;{]$")
# Where strings are names of classes, selectors or styles.
_NO_TEXT = re.compile(
    r"(class(Name)?\"?[:=] |(matches|closest|querySelector(All)?|matchMedia|toggle|add|remove)\(|"
    r"(style\.\w+|cssText) = |import |===? )$"
)


def in_javascript(path: str, code: str) -> Iterator[Text]:
    """The strings and template literals of a script, those inside of others too."""
    at, found = 0, []

    def literal() -> None:  # from behind a back tick to behind the next
        nonlocal at
        text, holes, start = "", [], at - 1
        while code[at] != "`":
            if code[at] == "\\":
                text += escaped(ast.literal_eval(f'"{code[at : at + 2]}"'))
                at += 2
            elif code.startswith("${", at):
                inner = at = at + 2
                block()
                text += f"{{{len(holes)}}}"
                holes.append(code[inner : at - 1])
            else:
                text += escaped(code[at])
                at += 1
        at += 1
        keep(text, tuple(holes), start)

    def keep(text: str, holes: tuple[str, ...], start: int) -> None:
        if not _NO_TEXT.search(code, max(start - 40, 0), start):
            found.append((text, holes))

    def block() -> None:  # to behind the brace that closes it
        nonlocal at
        depth = 1
        while depth and (token := _TOKEN.search(code, at)):
            at = token.end()
            if token["tick"]:
                literal()
            elif token["text"]:
                keep(escaped(_string(token["text"])), (), token.start())
            depth += bool(token["open"]) - bool(token["close"])
        if depth:
            at = len(code)

    while at < len(code):
        block()
    for text, holes in found:
        shown = " ".join(text.split())
        if re.search("[A-Za-z]{2}", plain(shown)) and not path.startswith(CODE):
            word = re.fullmatch(r"[A-Z][a-z]{2,}[.:?!…]?", shown) and shown not in KEYS
            css = re.search(
                r"^[.#\[*]\w|\w[>+~]\w| [>~] |^\w+(\.\w+)+( |$)|--|\d(px|em|deg)\b|[;{]$", shown
            )
            needed = word or (is_sentence(shown) and not css and shown not in NONE)
            yield Text(shown, path, bool(needed), holes)


KEYS = {"Enter", "Escape", "Home", "End", "Space", "Tab", "Delete", "Infinity", "Backspace"}


def _string(quoted: str) -> str:
    text = re.sub(r"\\u\{(\w+)\}", lambda hit: chr(int(hit[1], 16)), quoted)
    return str(ast.literal_eval(text.replace("\\/", "/")))


class Markup(HTMLParser):
    """The texts of an element, with a hole for each element inside; names and titles too."""

    CODE = ("code", "kbd", "samp", "pre")
    VOID = ("input", "br", "img", "meta", "hr", "link", "col", "path", "use")
    NAMES = ("aria-label", "label", "title", "placeholder", "alt", "aria-description")

    def __init__(self, code: str) -> None:
        super().__init__()
        self.open: list[list[str]] = [[]]
        self.found: list[str] = []
        self.code = 0
        self.feed(re.sub(r"(?s)<(script|style).*?</\1>|<!--.*?-->", "", code))
        self.handle_endtag("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in self.NAMES and value]
        self.open[-1].append("")
        if tag not in self.VOID:
            self.open.append([])
            self.code += tag in self.CODE

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        parts = self.open.pop()
        holes = iter(range(len(parts)))
        text = "".join(escaped(part) if part else f"{{{next(holes)}}}" for part in parts)
        if tag in self.CODE:
            self.code -= 1
        elif not self.code:
            self.found.append(" ".join(text.split()))

    def handle_data(self, data: str) -> None:
        self.open[-1].append(data)


def in_html(path: str, code: str) -> Iterator[Text]:
    for text in Markup(code).found:
        if re.search("[A-Za-z]{2}", plain(text)):
            yield Text(text, path, True)


# ── all of it ────────────────────────────────────────────────────────────────────────────────

Reader = Callable[[str, str], Iterator[Text]]
READERS: dict[str, Reader] = {".py": in_python, ".js": in_javascript, ".html": in_html}
PLACES = ("autodiff", "nn", "viz", "docs/studio")


def texts() -> Iterator[Text]:
    """Every string of the code with letters in it."""
    yield from (Text(text, "viz/command/arguments.py", True) for text in PYTHON)
    for place in PLACES:
        for path in sorted((ROOT / place).rglob("*")):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in READERS and "node_modules" not in name:
                yield from READERS[path.suffix](name, path.read_text(encoding="utf-8"))


def domain(path: str) -> str:
    """The catalogue that a file's texts stand in."""
    package, *inner = path.split("/")
    if path.startswith("docs/studio"):
        return "pages/studio"
    if path.startswith("viz/pages"):
        return f"pages/{inner[1]}" if len(inner) > 2 else "pages/shared"
    return inner[0] if package == "viz" and len(inner) > 1 else package


class Entry(NamedTuple):
    """A message as it stands in a catalogue."""

    domain: str
    other: str
    files: tuple[str, ...]
    holes: tuple[str, ...]


def merged(language: str) -> tuple[dict[str, Entry], list[str]]:
    """The catalogue as it has to be: what the code needs, with the translations that there are,
    and what else is translated and still in the code; then what has gone stale."""
    known = {m.english: m.other for p in (FOLDER / language).rglob("*.po") for m in messages(p)}
    needed: dict[str, Entry] = {}
    others: dict[str, Entry] = {}
    for text, path, required, holes in texts():
        into = needed if required else others
        _, other, files, _ = into.get(text, ("", known.get(text, ""), (), ()))
        into[text] = Entry("", other, tuple(dict.fromkeys([*files, path])), holes)
    every = others | needed
    forms = [(Form(text), entry) for text, entry in every.items() if entry.holes]
    stale = []
    for text in (text for text, other in known.items() if other and text not in needed):
        home = every.get(text) or next(
            (e for f, e in forms if f.weight > 3 and f.match(text)), None
        )
        if home:
            needed[text] = Entry("", known[text], home.files, ())
        else:
            stale.append(text)
    chosen = {t: e._replace(domain=min(map(domain, e.files), key=_rank)) for t, e in needed.items()}
    return chosen, stale


def _rank(name: str) -> tuple[bool, bool, str]:
    """What several pages say stands in the catalogue of what they share."""
    return "/" in name, name != "pages/shared", name


def write(language: str) -> dict[str, str]:
    """The texts of the catalogues' files, by their names."""
    found, _ = merged(language)
    files: dict[str, list[str]] = {}
    for text, entry in sorted(found.items(), key=lambda pair: pair[1].files[0]):
        lines = [f"#. {{{k}}}: {hole}" for k, hole in enumerate(entry.holes) if "\n" not in hole]
        lines += [f"#: {path}" for path in entry.files]
        lines += [f"msgid {_quoted(text)}", f"msgstr {_quoted(entry.other)}"]
        files.setdefault(entry.domain, []).append("\n".join(lines))
    head = (
        'msgid ""\nmsgstr ""\n"Language: ' + language + '\\n"\n'
        '"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"'
    )
    return {f"{name}.po": "\n\n".join([head, *entries]) + "\n" for name, entries in files.items()}


def _quoted(text: str) -> str:
    for sign, escape in {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}.items():
        text = text.replace(sign, escape)
    return f'"{text}"'


def main() -> None:
    for folder in sorted(path for path in FOLDER.iterdir() if any(path.glob("*.po"))):
        made, (found, stale) = write(folder.name), merged(folder.name)
        for name, text in made.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        for path in folder.rglob("*.po"):
            if path.relative_to(folder).as_posix() not in made:
                path.unlink()
        missing = sum(not entry.other for entry in found.values())
        print(f"{folder.name}: {len(found)} messages, {missing} to translate; gone: {stale}")


if __name__ == "__main__":
    main()
