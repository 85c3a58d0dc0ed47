"""The site's search finds Chinese words within longer ones, and English ones by their stems."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.conftest import served

pytest.importorskip("sphinx")
DOCS = Path(__file__).resolve().parents[2] / "docs"
sys.path.insert(0, str(DOCS))

import search  # noqa: E402

CONF = f"""
import sys
sys.path.insert(0, {str(DOCS)!r})
import search
html_search_language = "zh"
def setup(app):
    app.add_search_language(search.Search)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("source")
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    pages = {
        "index": "门\n==\n\n.. toctree::\n\n   slope\n   rate\n",
        "slope": "斜率\n====\n\n每个门都知道自己的局部梯度。Gradients add up.\n",
        "rate": "速度\n====\n\n学习率决定一步走多远；梯形与度量。\n",
    }
    for name, text in pages.items():
        (source / f"{name}.rst").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(source / "built")]
    subprocess.run(command, check=True)
    return source / "built"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("梯度", ["斜率"]),
        ("局部梯度", ["斜率"]),
        ("gradient", ["斜率"]),
        ("学习率", ["速度"]),
        ("每个门 gradients", ["斜率"]),
        ("导数", []),
    ],
)
def test_a_question_finds_the_pages_that_answer_it(
    chromium: Browser, site: Path, asked: str, found: list[str]
) -> None:
    with served(site) as address:
        page = chromium.new_page()
        page.goto(f"{address}/search.html?q={asked}")
        page.wait_for_function("document.querySelector('#search-results p')?.innerText.length > 20")
        assert page.locator("#search-results li a").all_inner_texts() == found
        page.close()


def test_chinese_is_split_into_pairs_and_english_into_words() -> None:
    assert search.terms("局部梯度 of 门") == ["局部", "部梯", "梯度", "of", "门"]
