"""One Chinese word for each term, in every catalogue: of the code, the site and the course."""

import csv
import re
from pathlib import Path

import pytest

from viz.languages.catalogue import FOLDER, entries, messages

ROOT = Path(__file__).resolve().parents[3]
with (FOLDER / "zh" / "glossary.csv").open(encoding="utf-8", newline="") as file:
    TERMS = [*csv.DictReader(file)]
CATALOGUES = sorted(
    path
    for folder in ("viz/languages", "docs/locale", "notebooks/locale")
    for path in (ROOT / folder).rglob("*.po")
)
# Names of the code, as gate names and arguments are, stay as they are.
CODE = re.compile(r"'[^']*'|`[^`]*`|--\w+|\w+\.\w+|\w*_\w+|\w+=|\w+\(")


def test_no_term_has_two_words_and_no_word_is_the_wrong_one_of_another() -> None:
    english = [row["english"] for row in TERMS]
    assert len(english) == len(set(english)) > 50
    assert english == sorted(english, key=str.casefold)
    chosen = {row["chinese"] for row in TERMS}
    assert chosen.isdisjoint(word for row in TERMS for word in row["never"].split())


def test_the_glossary_of_the_site_has_the_same_words() -> None:
    told = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    pairs = re.findall(r"^([\w -]+) · ([^ ]+)$", told, flags=re.MULTILINE)
    words = {row["english"]: row["chinese"] for row in TERMS}
    assert len(pairs) > 35
    assert {term: word for term, word in pairs if words.get(term) != word} == {}


@pytest.mark.parametrize(
    "path", CATALOGUES, ids=lambda path: path.relative_to(ROOT).as_posix().removesuffix(".po")
)
def test_no_catalogue_has_another_word_for_a_term(path: Path) -> None:
    never = {word: row["chinese"] for row in TERMS for word in row["never"].split()}
    assert [
        f"{word} in {message.other!r}: {chosen}"
        for message in messages(path)
        for word, chosen in never.items()
        if word in message.other
    ] == []


@pytest.mark.parametrize(
    "row", [row for row in TERMS if row["always"]], ids=lambda row: row["english"]
)
def test_the_term_is_translated_by_its_word(row: dict[str, str]) -> None:
    """Wherever the English text has it, unless it stands in the Chinese one too, as code does."""
    term = re.compile(rf"\b{row['english']}(es|s)?\b", re.IGNORECASE)
    word = row["chinese"].removesuffix("值")
    assert [
        (found.english, found.other)
        for found in entries("zh")
        if (hit := term.search(CODE.sub(" ", found.english)))
        and hit[0] not in found.other
        and word not in found.other
    ] == []
