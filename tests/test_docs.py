"""The site: its catalogue of errors is true, its pages are whole, its links lead somewhere."""

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser

import autodiff
import nn
import viz
from autodiff import GATES
from tests.conftest import served
from tests.fuzz.attacks import ATTACKS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

import catalogue  # noqa: E402
import docstrings  # noqa: E402
import errors  # noqa: E402
import tables  # noqa: E402

ENTRIES = [entry for section in errors.SECTIONS.values() for entry in section]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.title)
def test_every_entry_of_the_catalogue_raises_what_the_page_shows(entry: errors.Entry) -> None:
    outcome = catalogue.run(entry)
    assert outcome.message
    assert outcome == catalogue.run(entry), "the same program, the same message"
    assert "0x" not in outcome.message
    assert entry.cause.endswith(".")
    assert entry.remedy.endswith(".")


def test_entries_show_different_messages() -> None:
    messages = [catalogue.run(entry).message for entry in ENTRIES]
    assert len(set(messages)) == len(messages)


def test_an_example_that_does_nothing_wrong_is_refused() -> None:
    fine = errors.Entry("fine", ".", ".", "1 + 1")
    with pytest.raises(AssertionError, match="neither raises nor warns"):
        catalogue.run(fine)


def test_the_page_of_errors_names_every_message_that_the_code_can_raise() -> None:
    page = catalogue.page()
    shown = catalogue.covered([catalogue.run(entry) for entry in ENTRIES])
    for site in catalogue.sites():
        assert site in shown or f"| `{site.where}` | {site.kind} |" in page


def test_sites_are_read_with_their_messages() -> None:
    found = {(site.path, site.function): site.message for site in catalogue.sites()}
    assert found["autodiff/value.py", "as_row"].startswith("…: the row … is empty")


def test_the_table_of_gates_has_a_row_for_each() -> None:
    page = tables.gates()
    for name in GATES:
        assert f"| **{name}** <br>" in page


def test_docstrings_become_restructured_text() -> None:
    text = (
        "What `it` does.\n\ndata   the number\ngrad   its\n       gradient\n\n>>> 1 + 1\n2\n\n"
        "a * b | c\n"
    )
    assert docstrings.convert(text.splitlines()) == [
        "What ``it`` does.",
        "",
        "``data``",
        "    the number",
        "``grad``",
        "    its",
        "    gradient",
        "",
        ">>> 1 + 1",
        "2",
        "",
        r"a \* b \| c",
        "",
    ]


def test_a_list_of_one_argument_is_a_list_and_two_spaces_after_a_sentence_are_none() -> None:
    assert docstrings.convert(["grads  what to show"]) == ["``grads``", "    what to show", ""]
    assert docstrings.convert(["A pair.  Used to copy."]) == ["A pair.  Used to copy.", ""]


def test_sources_are_linked_to_the_bibliography() -> None:
    told = docstrings.inline("mean: CS229 (7.8), note 002; `note 002`")
    assert told == (
        "mean: :ref:`CS229 (7.8) <cs229>`, :ref:`note 002 <lecturenotes>`; ``note 002``"
    )


def code_blocks() -> Iterator[Any]:
    for page in sorted(DOCS.glob("*.md")):
        if page.stem != "gallery":  # whose code is run to draw its pictures
            blocks = re.findall(r"(?ms)^```python\n(.*?)^```", page.read_text(encoding="utf-8"))
            for k, block in enumerate(blocks, start=1):
                yield pytest.param(block, id=f"{page.stem} {k}")


@pytest.mark.parametrize("block", list(code_blocks()))
def test_the_code_on_the_pages_runs(
    block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # for the files that it writes
    namespace = {"X": [[0.5, 1.0], [-1.0, 0.3]], "y": [1.0, -1.0]}
    if "  # raises " not in block:
        exec(block, namespace)
        return
    kind = block.partition("  # raises ")[2].split()[0]
    with pytest.raises(getattr(autodiff, kind)):
        exec(block, namespace)


def headings(text: str) -> Iterator[str]:
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced and re.match(r"#{1,2} ", line):
            yield line


@pytest.mark.parametrize(
    "page", [*sorted(DOCS.glob("*.md")), *sorted((DOCS / "api").glob("*.md"))], ids=lambda p: p.stem
)
def test_section_titles_are_also_in_chinese(page: Path) -> None:
    if page.stem in {"index", "gallery"}:
        return
    titles = [*headings(page.read_text(encoding="utf-8"))]
    assert titles
    assert [title for title in titles if not CHINESE.search(title)] == []


def test_generated_titles_are_also_in_chinese() -> None:
    titles = [*headings(catalogue.page()), *headings(tables.gates())]
    assert [title for title in titles if not CHINESE.search(title)] == []


def test_every_term_of_the_glossary_is_in_both_languages() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^(\w.*?)$", text.partition(":::{glossary}")[2], flags=re.MULTILINE)
    assert len(terms) > 35
    assert [term for term in terms if not re.match(r"[\w =-]+ · .*[\u4e00-\u9fff]", term)] == []
    assert terms == sorted(terms, key=str.casefold)


class Links(HTMLParser):
    """The addresses that a page refers to, and the anchors that it offers."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.targets: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.targets.add(value)
            elif name == "id" and value:
                self.anchors.add(value)


# Pages of the site with pages in them that run, and something that each of those shows.
LIVE = {
    "index": "#next",
    "explorer": "#next",
    "playground": "#run",
    "worksheets": "svg.diagram",
    "bug-zoo": "svg.diagram",
    "studio": "#expression",
}


def check_live_pages(chromium: Browser, address: str) -> None:
    """Each runs in its frame without a fault, and asks no other machine for anything."""
    faults: list[str] = []
    page = chromium.new_page(color_scheme="dark")
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("request", lambda asked: faults.append(asked.url) if outside(asked.url) else None)

    def outside(url: str) -> bool:
        return url.startswith("http") and not url.startswith(address)

    for name, shown in LIVE.items():
        page.goto(f"{address}/{name}.html")
        page.frame_locator("iframe.live").locator(shown).first.wait_for()
    page.close()
    assert faults == []


@pytest.mark.slow
def test_the_site_builds_without_a_warning_or_a_broken_link(
    chromium: Browser, tmp_path: Path
) -> None:
    for module in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(module)
    for language, folder in (("en", "site"), ("zh_CN", "site/zh")):
        command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-D"]
        places = ["-d", str(tmp_path / language), "docs", str(tmp_path / folder)]
        done = subprocess.run(
            [*command, f"language={language}", *places],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    pages = {
        path.resolve(): Links(path.read_text(encoding="utf-8"))
        for path in (tmp_path / "site").rglob("*.html")
        if "_static" not in path.parts
    }
    assert len(pages) > 8
    broken = []
    for path, links in pages.items():
        for target in links.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or "lite/" in parts.path:  # made by make site
                continue
            file = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[file].anchors if file in pages else set()
            state = "=" in parts.fragment  # of the studio
            lost = parts.fragment and not state and unquote(parts.fragment) not in anchors
            if not file.exists() or lost:
                broken.append(f"{path.name} -> {target}")
    assert broken == []
    for package in (autodiff, nn, viz):
        told = pages[(tmp_path / "site" / "api" / f"{package.__name__}.html").resolve()].anchors
        names = {f"{package.__name__}.{name}" for name in package.__all__}
        assert [n for n in sorted(names) if not {n, f"module-{n}"} & told] == []
    with served(tmp_path / "site") as address:
        check_live_pages(chromium, address)


def test_the_page_of_security_names_tests_that_there_are() -> None:
    page = (DOCS / "security.md").read_text("utf-8")
    named = re.findall(r"`((?:tests|\.ci)/[\w/.]+)(?:::(\w+))?`", page)
    assert len(named) > 8
    for path, function in named:
        assert (ROOT / path).is_file(), path
        assert function in (ROOT / path).read_text("utf-8")
    attacks = {attack.name for attack in ATTACKS}
    told = {name for found in re.findall(r"attacks? ((?:\*[\w ]+\*(?: and )?)+)", page)
            for name in re.findall(r"\*([\w ]+)\*", found)}  # fmt: skip
    assert told <= attacks
    assert len(told) > 6
