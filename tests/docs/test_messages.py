"""The texts to translate are read from the code, all are translated, and none has gone stale."""

import sys
from pathlib import Path

import pytest

from viz.languages.catalogue import FOLDER, LANGUAGES

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs"))

import messages

OTHERS = [language for language in LANGUAGES if language != "en"]


def found(read: messages.Reader, code: str) -> list[str]:
    return [text.text for text in read("x", code) if text.needed]


def test_python_texts_are_read_with_their_holes() -> None:
    code = (
        '"""A docstring is none."""\n'
        "def f(x, name):\n"
        "    raise ValueError(f'{name}: got {x!r}, not ' 'a number')\n"
        "hint = f'; did you mean {near[0]}?' + ' or {what} else'.format(what=1)\n"
        "kind = 'key'\n"
        "formula = 'a if a > 0 else 0'\n"
        "said = translate('gate'), f'{\" (left out)\" if x else \"\"}'\n"
    )
    assert found(messages.in_python, code) == [
        "{0}: got {1}, not a number",
        "; did you mean {0}? or {1} else",
        "gate",
        "(left out)",
    ]


def test_scripts_are_read_with_templates_in_templates() -> None:
    code = (
        "// a comment's words\n"
        'const hint = html("p", {class: "very quiet"}, "Point at it.");\n'
        "count.textContent = `${k + 1} of ${all.map((x) => `node ${x} here`)} right`;\n"
        'const tidy = text.replace(/"[^"]+ quoted"/g, "");\n'
        'find("#list .row").title = "Hint"; if (key === "Two words") go("left");\n'
    )
    assert found(messages.in_javascript, code) == [
        "Point at it.",
        "node {0} here",
        "{0} of {1} right",
        "Hint",
    ]


def test_markup_is_read_by_sentences_with_elements_as_holes() -> None:
    code = (
        '<p title="A tip">Press\n <kbd>Space</kbd> to <b>run</b>.</p>'
        '<label>rate <input aria-label="learning rate"></label><script>let a = "b c"</script>'
    )
    assert set(found(messages.in_html, code)) == {
        "A tip",
        "Press {0} to {1}.",
        "run",
        "rate {0}",
        "learning rate",
    }


@pytest.mark.parametrize("language", OTHERS)
def test_each_text_of_the_code_is_translated_and_no_other_is(language: str) -> None:
    chosen, stale = messages.merged(language)
    assert [text for text, entry in chosen.items() if not entry.other] == []
    assert stale == []


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogues_are_as_make_messages_writes_them(language: str) -> None:
    written = messages.write(language)
    folder = FOLDER / language
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.po")}
    assert files == set(written)
    for name, text in written.items():
        assert (folder / name).read_text(encoding="utf-8") == text, f"{name}: run make messages"
