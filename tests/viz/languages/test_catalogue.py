"""The catalogues: forms of texts, and that each language is whole and says the same."""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from viz.languages.catalogue import FOLDER, LANGUAGES, Catalogue, Form, Message, messages, used_in

ENTRIES = [
    pytest.param(message, id=f"{path.stem}: {message.english[:40]}")
    for language in LANGUAGES
    if language != "en"
    for path in sorted((FOLDER / language).rglob("*.po"))
    for message in messages(path)
    if message.other
]
# What both sides have to have: options, calls, names with a dot or a line below, quoted words.
FORMULA = re.compile(
    r"--[a-z][\w-]+|\b[A-Za-z_][\w.]*\([^(){} ]*\)|\b\w+_\w+\b|\b[a-z]+\.[a-z]\w*(?=\W|$)|"
    r"'[\w.-]+'|\b\w+=|[×∂∇θ]"
)
NUMBER = re.compile(r"(?<![\w{])\d+(?:\.\d+)?(?:e-?\d+)?(?![\w}])")


def entry(path: Path, english: str) -> str:
    return next(message.other for message in messages(path) if message.english == english)


def test_a_po_file_is_read_as_babel_reads_it() -> None:
    pofile = pytest.importorskip("babel.messages.pofile")
    for path in sorted((FOLDER / "zh").rglob("*.po")):
        with path.open("rb") as file:
            theirs = {m.id: m.string for m in pofile.read_po(file) if m.id}
        assert {message.english: message.other for message in messages(path)} == theirs


def test_entries_over_several_lines_and_with_escapes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.po"
    path.write_text(
        'msgid ""\nmsgstr "Language: zh\\n"\n\n#: a.py b.py\nmsgid "say \\"{0}\\"\\n"\n"twice"\n'
        'msgstr ""\n"说“{0}”\\n"\n"两遍"\n',
        encoding="utf-8",
    )
    assert [*messages(path)] == [Message('say "{0}"\ntwice', "说“{0}”\n两遍", ("a.py", "b.py"))]


def test_the_most_specific_form_wins_whatever_the_order() -> None:
    pairs = [("{0} of {1}", "{1} 中的 {0}"), ("step {0} of {1}", "第 {0} 步，共 {1} 步")]
    for chosen in (pairs, pairs[::-1]):
        say = Catalogue(dict(chosen))
        assert say("step 2 of 9") == "第 2 步，共 9 步"
        assert say("x of y") == "y 中的 x"


def test_what_fills_a_hole_is_a_message_or_a_name() -> None:
    say = Catalogue({"cannot read {0}; {1}": "读不懂 {0}；{1}", "give {0} values": "请给 {0} 个值",
                     "loss": "损失"})  # fmt: skip
    assert say("cannot read 'x'; give 3 values") == "读不懂 'x'；请给 3 个值"
    assert say("cannot read loss; nothing known") == "读不懂 loss；nothing known"


def test_a_short_form_does_not_tear_prose_apart() -> None:
    say = Catalogue({"{0} and {1}": "{0} 和 {1}"})
    assert say("x and y") == "x 和 y"
    assert say("a slice of bread and butter") == "a slice of bread and butter"


def test_unknown_texts_are_translated_in_parts_and_lose_nothing() -> None:
    say = Catalogue({"no value here": "这里没有值", "look again": "再看一遍"})
    assert (
        say("no value here; look again. Something else") == "这里没有值；再看一遍。Something else"
    )
    assert say("  f = x·y\n    no value here") == "  f = x·y\n    这里没有值"
    assert say("name     no value here") == "name     这里没有值"


@given(st.text(alphabet="ab {}%.;,\n0", max_size=30))
def test_an_empty_catalogue_changes_nothing(text: str) -> None:
    assert Catalogue({})(text) == text


@given(st.lists(st.text(alphabet="xyz12'", max_size=5), min_size=3, max_size=3))
def test_values_of_any_kind_are_carried_over(values: list[str]) -> None:
    text = "row {0} has {1} inputs, not {2}"
    assert Form(text).match(text.format(*values)) == dict(zip("012", values, strict=True))


def test_a_long_text_that_almost_fits_is_read_in_one_walk() -> None:
    """A pattern tries every way to share the letters out among the holes: it would take weeks."""
    many = Form(", ".join(f"{{{k}}}" for k in range(15)) + "!")
    assert many.match("x, " * 5000 + "?") is None
    assert many.match("x, " * 14 + "y!") == {**{str(k): "x" for k in range(14)}, "14": "y"}


def test_messages_inside_one_another_end_somewhere() -> None:
    say = Catalogue({"the gradient of {0}": "{0} 的梯度"})
    assert say("the gradient of the gradient of x") == "x 的梯度的梯度"
    assert say("the gradient of " * 3000 + "x").count("的梯度") < 20


@given(st.lists(st.sampled_from(["", "a", "b", "ab"]), min_size=1, max_size=4), st.text("ab"))
def test_a_form_fits_what_its_pattern_fits(literals: list[str], text: str) -> None:
    form = Form("".join(f"{part}{{{k}}}" for k, part in enumerate(literals[:-1])) + literals[-1])
    pattern = "".join(f"{part}(.*?)" for part in literals[:-1]) + literals[-1]
    found = re.fullmatch(pattern, text)
    held = form.match(text)
    assert (held and [*held.values()]) == (found and [*found.groups()]) or held == {}


def test_a_page_carries_only_what_it_says() -> None:
    code = 'button.textContent = "Play"; count.textContent = `${n} of ${all} right`;'
    assert {english for english, _ in used_in(code, "zh")} >= {"Play", "{0} of {1} right"}
    assert "Pause" not in {english for english, _ in used_in(code, "zh")}


@pytest.mark.parametrize("message", ENTRIES)
def test_both_sides_have_the_same_holes_numbers_and_formulas(message: Message) -> None:
    holes = [
        Counter(name for _, name in Form(text).parts if name is not None)
        for text in (message.english, message.other)
    ]
    assert holes[0] == holes[1]
    assert Counter(NUMBER.findall(message.english)) == Counter(NUMBER.findall(message.other))
    if message.english.isidentifier():  # a word that is shown
        return
    assert Counter(FORMULA.findall(message.english)) == Counter(FORMULA.findall(message.other))


@pytest.mark.parametrize("message", ENTRIES)
def test_holes_without_a_text_between_them_stay_together(message: Message) -> None:
    """Where one ends and the next begins cannot be told."""
    together = re.findall(r"\{\d+\}(?:\{\d+\})+", message.english)
    assert [holes for holes in together if holes not in message.other] == []


@pytest.mark.parametrize("message", ENTRIES)
def test_chinese_has_chinese_punctuation(message: Message) -> None:
    """Full-width marks behind a Chinese character, half-width ones only within code."""
    assert not re.search(r"[\u4e00-\u9fff][,;:?!](?!\w)", message.other)
    assert not re.search(r"[\u4e00-\u9fff]\.(?!\w|\.)", message.other)
    assert "  " not in message.other.strip() or "  " in message.english


@pytest.mark.parametrize("message", ENTRIES)
def test_a_space_stands_between_chinese_and_latin(message: Message) -> None:
    bare = re.sub(r"\{\d+\}", "", message.other)
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", bare)


def test_no_space_is_left_between_chinese_and_what_fills_a_hole() -> None:
    say = Catalogue({"{0} is {1} here": "{0} 是 {1} 在此", "row {0}": "第 {0} 行"})
    assert say("row 3 is x here") == "第 3 行是 x 在此"
    assert say("x is row 3 here") == "x 是第 3 行在此"
    assert say("x is y here") == "x 是 y 在此"


def test_a_heading_of_one_word_is_translated_and_a_name_is_not() -> None:
    say = Catalogue({"functions:": "函数：", "functions": "函数"})
    assert say("functions:\n  functions, other") == "函数：\n  functions, other"
