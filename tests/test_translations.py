"""The course and README.md in other languages: whole, current, and the same in code and numbers."""

import ast
import doctest
import json
import re
import sys
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "notebooks"))

import translate  # noqa: E402

from viz.languages.translate import speaking  # noqa: E402

HELD = [
    pytest.param(document, language, id=f"{document.name}-{language}")
    for document in translate.documents()
    for language in translate.LANGUAGES
    if not document.is_page or document.catalogue(language).exists()
]
each = pytest.mark.parametrize(("document", "language"), HELD)


def test_the_examples_in_the_tool_are_right() -> None:
    assert doctest.testmod(translate).failed == 0


@each
def test_every_text_is_translated(document: translate.Document, language: str) -> None:
    """After a change: make messages, translate what is empty or fuzzy, make notebooks-zh."""
    held = translate.catalogue(document, language)
    assert [str(m.id) for m in held if m.id and (m.fuzzy or not m.string)] == []
    if not document.is_page:  # whose build says what is not translated
        texts = translate.messages(document)
        assert [str(m.id) for m in held if m.id] == texts


@each
def test_both_sides_have_the_same_code_formulas_and_numbers(
    document: translate.Document, language: str
) -> None:
    for text, other in translate.translations(document, language).items():
        english = re.sub(r" · [^·]*[\u4e00-\u9fff][^·]*$", "", text)  # a title in both languages
        assert translate.kept(other) in (translate.kept(english), translate.kept(text)), text


def flanks(before: str, after: str) -> bool:
    """CommonMark's left-flanking: what a run of asterisks must be to open emphasis."""
    inside_is_mark = unicodedata.category(after).startswith("P")
    outside_is_open = before.isspace() or unicodedata.category(before).startswith("P")
    return not after.isspace() and (not inside_is_mark or outside_is_open)


@each
def test_emphasis_begins_and_ends_where_markdown_sees_it(
    document: translate.Document, language: str
) -> None:
    """A ** between a full-width mark and a letter ends nothing: put the mark behind it."""
    for text, other in translate.translations(document, language).items():
        if text[0] != "<" and re.search(r"\*\S[^*]*\S\*", text):
            bare = f" {re.sub(r'`+[^`]*`+', '`', re.sub(r'[$][^$]*[$]', 'a', other))} "
            bare = bare.replace(r"\*", "")
            runs = list(re.finditer(r"(?<! )\*+|\*+(?! )", bare))
            assert len(runs) % 2 == 0, other
            for k, run in enumerate(runs):
                before, after = bare[run.start() - 1], bare[run.end()]
                assert flanks(before, after) if k % 2 == 0 else flanks(after, before), other


@each
def test_what_is_written_is_current(document: translate.Document, language: str) -> None:
    for target, text in translate.written(document, language):
        assert target.read_text(encoding="utf-8") == text, f"make notebooks-zh: {target}"


def skeleton(code: str) -> str:
    """The program without its comments, and without what its texts say."""
    tree = ast.parse(re.sub(r"(?m)^%", "#", code))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
        if isinstance(node, ast.JoinedStr):
            fields = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            node.values = sorted(fields, key=ast.dump)
    return ast.dump(tree)


@each
def test_the_code_is_the_same_but_for_its_words(
    document: translate.Document, language: str
) -> None:
    for source in document.sources:
        if source.suffix == ".ipynb":
            both = [source, document.target(source, language)]
            code = [
                [
                    "".join(cell["source"])
                    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
                    if cell["cell_type"] == "code"
                ]
                for path in both
            ]
            assert code[1].pop(0) == translate.SETUP.format(language=language)
            assert list(map(skeleton, code[0])) == list(map(skeleton, code[1]))


def test_the_readme_in_chinese_has_the_same_sections_pictures_and_programs() -> None:
    """The tests of README.md's code therefore hold for it as well."""
    both = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]
    for pattern in (
        r"(?m)^#+ ",
        r"!\[[^\]]*(\]\(.*\))",
        r"(?ms)^```(?:sh|console|powershell|text)$.*?^```$",
    ):
        assert re.findall(pattern, both[0]) == re.findall(pattern, both[1])
    programs = [re.findall(r"(?ms)^```python\n(.*?)^```", text) for text in both]
    assert list(map(skeleton, programs[0])) == list(map(skeleton, programs[1]))


def test_a_verdict_is_said_in_the_language_that_is_spoken() -> None:
    import exercises

    with speaking("zh"):
        assert exercises.check("1.1", ...).reason == "还没有作答：把你的答案写在省略号的位置"
        assert str(exercises.check("5.1", [4, 3])).startswith("✗ 5.1：那是笔记 000 的写法")
        assert exercises.check("1.1", 3).reason == "需要 4 个数的列表，而不是 3"
        assert exercises.guess(3).reveal(3).reason == "正确"
        assert str(exercises.guess(3).reveal(3)) == "✓ 你的猜测：正确"
        assert str(exercises.check("1.1", ...)) == "○ 1.1：还没有作答：把你的答案写在省略号的位置"
        assert str(exercises.Verdict("1.1", False, "so far said nowhere")).startswith("✗ 1.1: so")
    assert exercises.check("1.1", 3).reason == "a list of 4 numbers is wanted, not 3"
