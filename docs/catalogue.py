"""The catalogue of error messages: each with its cause, an example and the remedy.

Nothing in it can drift from the code. The message on the page is what the example raises while
the page is written; a test runs every example; and the list at the end of the page, of all other
messages, is read from the raise statements themselves.
"""

import ast
import io
import linecache
import re
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

from errors import SECTIONS, Entry
from messages import template

from viz.languages.catalogue import Form
from viz.languages.translate import translate

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("autodiff", "nn", "viz")


class Site(NamedTuple):
    """A raise statement (or a warning) in the code."""

    path: str
    function: str
    line: int
    kind: str
    message: str

    @property
    def where(self) -> str:
        """The module, and the function if it is one that a user calls."""
        module = self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        function = self.function.removesuffix(".__init__")
        inner = function.startswith("_") or "._" in function
        return module if inner or not function else f"{module}.{function}"


class Outcome(NamedTuple):
    """What an example raised, or warned of, and in which frames of the project."""

    kind: str
    message: str
    places: tuple[tuple[str, int], ...]


def run(entry: Entry) -> Outcome:
    """Run the example of `entry`. Raises AssertionError if nothing is raised or said."""
    code = compile(entry.example, "<example>", "exec")
    lines = entry.example.splitlines(keepends=True)
    linecache.cache["<example>"] = (len(entry.example), None, lines, "<example>")
    quiet, still = (to(io.StringIO()) for to in (redirect_stdout, redirect_stderr))
    with quiet, still, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            exec(code, {"__name__": "example"})
        except Exception as error:
            context = error.__context__  # what an outer message was made of
            places = tuple(place for e in (error, context) if e for place in _stopped_at(e))
            public = next(c for c in type(error).__mro__ if not c.__name__.startswith("_"))
            notes = "\n".join(getattr(error, "__notes__", []))
            message = re.sub(r" at 0x[0-9a-f]+", "", f"{error}\n{notes}".strip())
            return Outcome(public.__name__, message, places)
    assert said, f"{entry.title!r}: its example neither raises nor warns"
    return Outcome(said[-1].category.__name__, str(said[-1].message), ())


def _stopped_at(error: BaseException) -> list[tuple[str, int]]:
    """The innermost line of the project's own code."""
    frames = [
        (Path(f.filename).relative_to(ROOT).as_posix(), f.lineno or 0)
        for f in traceback.extract_tb(error.__traceback__)
        if any(Path(f.filename).is_relative_to(ROOT / package) for package in PACKAGES)
    ]
    return frames[-1:]


# ── what the code can raise ──────────────────────────────────────────────────────────────────


def sites() -> list[Site]:
    """Every ``raise SomeError("...")`` of the three packages, in the order of files and lines."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ast.parse(path.read_bytes())
            _collect(module, path.relative_to(ROOT).as_posix(), "", found)
    return found


def _collect(node: ast.AST, path: str, inside: str, found: list[Site]) -> None:
    for child in ast.iter_child_nodes(node):
        named = isinstance(child, ast.FunctionDef | ast.ClassDef)
        within = f"{inside}.{child.name}".lstrip(".") if named else inside
        if isinstance(child, ast.Raise) and isinstance(child.exc, ast.Call):
            kind = ast.unparse(child.exc.func)
            arguments = child.exc.args
            if kind[0].isupper() and kind not in INTERNAL and arguments:
                found.append(Site(path, within, child.lineno, kind, _template(arguments[0])))
        _collect(child, path, within, found)


INTERNAL = {
    "AssertionError",
    "AttributeError",
    "NotImplementedError",
    "StopIteration",
    "SystemExit",
}


def _template(message: ast.expr) -> str:
    """The text of a message with … for each value that is filled in."""
    parts = Form(template(message, [])).parts
    return "".join(text + "…" * (hole is not None) for text, hole in parts)


def covered(outcomes: list[Outcome]) -> set[Site]:
    """The sites at which the examples stopped."""
    stopped = {place for outcome in outcomes for place in outcome.places}
    by_line = {(site.path, line): site for site in sites() for line in _span(site)}
    return {by_line[place] for place in stopped if place in by_line}


def _span(site: Site) -> range:
    return range(site.line, site.line + 6)


# ── the page ─────────────────────────────────────────────────────────────────────────────────


def page(with_others: bool = True) -> str:
    """The page, with the messages as they are right now; those without an example if asked for."""
    outcomes = [run(entry) for section in SECTIONS.values() for entry in section]
    parts = [_HEAD]
    rest = iter(outcomes)
    for title, section in SECTIONS.items():
        parts.append(f"## {title}\n")
        for entry in section:
            outcome = next(rest)
            example = entry.example.strip()
            parts.append(
                f"### {entry.title}\n\n```python\n{example}\n```\n\n"
                f"```text\n{outcome.kind}: {both(outcome.message)}\n```\n\n"
                f"**Cause.** {entry.cause}\n\n**Remedy.** {entry.remedy}\n"
            )
    shown = covered(outcomes)
    others = [site for site in sites() if site not in shown]
    parts.append(_OTHERS)
    for package in PACKAGES if with_others else ():
        rows = [
            f"| `{s.where}` | {s.kind} | {_cell(both(s.message))} |"
            for s in others
            if s.path.startswith(package + "/")
        ]
        if rows:
            parts.append(f"### {package}\n\n| where | error | message |\n|---|---|---|")
            parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def both(message: str) -> str:
    """A message, and below it what it says in the language of the page."""
    told = translate(message)
    return message if told == message else f"{message}\n{told}"


def _cell(text: str) -> str:
    for character in "\\|*_`<[$":
        text = text.replace(character, "\\" + character)
    return text.replace("\n", "<br>")


_HEAD = """\
# Error messages · 错误信息

What the library says when something is wrong, why, and what to do. The examples below were run
when this page was built, and the messages are theirs. For a NaN whose origin is unclear run the
program inside `with autodiff.detect_anomaly():`, and for a network that does not learn print
`nn.diagnose(model, X, y)`.
"""
_OTHERS = """\
## All other messages · 其他信息

Read from the code: `…` stands for a value that is filled in. They say by themselves what was
given and what was expected.
"""
