"""A page is one HTML file, and is saved as one."""

from pathlib import Path

import pytest

from autodiff import Value
from viz import bug_zoo, explore, worksheet
from viz.pages.page import Page


@pytest.mark.parametrize("name", ["page.html", "PAGE.HTM", "page"])
def test_a_page_is_saved_as_html(tmp_path: Path, name: str) -> None:
    assert Page("<p>1", 10).save(tmp_path / name).read_text() == "<p>1"


@pytest.mark.parametrize("name", ["page.svg", "page.png"])
def test_a_name_that_promises_another_format_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"a page is HTML, and .* call it 'page.html'"):
        Page("<p>1", 10).save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("make", [explore, worksheet, bug_zoo])
def test_every_page_refuses_it(tmp_path: Path, make: object) -> None:
    root = Value(2.0, label="x") * Value(3.0, label="y")
    with pytest.raises(ValueError, match=r"'f.png' has the suffix '\.png'"):
        make(root, path=tmp_path / "f.png")  # type: ignore[operator]


@pytest.mark.parametrize("make", [explore, worksheet, bug_zoo])
def test_half_a_character_in_a_label_is_spelt_out(tmp_path: Path, make: object) -> None:
    """A label cut in the middle of an emoji is no text: it cannot be encoded as it is."""
    root = Value(2.0, label="x\ud83d") * Value(3.0, label="y")
    make(root, path=tmp_path / "page.html")  # type: ignore[operator]
    assert r"x\ud83d" in (tmp_path / "page.html").read_text(encoding="utf-8")
