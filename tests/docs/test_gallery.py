"""The gallery's code runs, and the pictures in the repository are what it draws."""

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import matplotlib.pyplot as plt
import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_up_to_date(gallery: ModuleType) -> None:
    """After a change that is meant: python docs/make_gallery.py, and look at them."""
    stale = []
    for path, picture in gallery.drawn():
        if hasattr(picture, "pipe"):  # plots depend on matplotlib's version
            if path.read_text(encoding="utf-8") != gallery.svg(picture):
                stale.append(path.name)
        else:
            assert path.is_file()
    plt.close("all")
    assert not stale, stale


def test_every_image_of_the_page_belongs_to_a_block(gallery: ModuleType) -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    named = [picture.path.stem for picture in gallery.pictures()]
    assert len(named) == len(set(named)) == page.count("```python")
    assert set(re.findall(r"\(images/([\w-]+)\.svg\)", page)) == set(named)


def test_thirteen_pictures_stand_beside_what_they_were() -> None:
    page = (DOCS / "gallery.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\[!\[.*\]\(images/(.*)\.svg\)\]\(images/\1\.svg\)$", page, re.MULTILINE)
    assert len(shown) == 26
    for before, now in zip(shown[::2], shown[1::2], strict=True):
        assert before == f"before/{now}"
        assert (DOCS / "images" / f"{before}.svg").is_file()


def test_examples_in_text_are_right() -> None:
    failed, tried = doctest.testfile(str(DOCS / "gallery.md"), module_relative=False)
    assert (failed, tried) == (0, 6)
