"""Doors of a language: an argument, the notebook, the environment; and errors in it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

import nn
import viz
from autodiff import Value
from viz.languages import translate
from viz.languages.translate import known, of_reader, paged, speaking, spoken


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    hook = sys.excepthook
    yield
    viz.language(None)
    sys.excepthook = hook
    translate._hooks.clear()


@spoken
def wrote(path: str, *, lang: str | None = None) -> str:
    return translate.translate(f"wrote {path}")


def test_one_call_speaks_its_language_and_no_other_does() -> None:
    assert wrote("a.svg", lang="zh") == "已写入 a.svg"
    assert wrote("a.svg") == "wrote a.svg"


def test_a_whole_notebook_speaks_a_language_and_a_call_another() -> None:
    viz.language("zh")
    assert wrote("a.svg") == "已写入 a.svg"
    assert wrote("a.svg", lang="en") == "wrote a.svg"
    heard: list[str] = []
    thread = threading.Thread(target=lambda: heard.append(wrote("a.svg")))
    thread.start()
    thread.join()
    assert heard == ["已写入 a.svg"]


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="no language 'fr'; there are 'en', 'zh'"):
        viz.language("fr")
    with pytest.raises(ValueError, match="no language 'fr'"):
        wrote("a.svg", lang="fr")
    assert wrote("a.svg") == "wrote a.svg"


@pytest.mark.parametrize("name", ["zh", "zh_CN", "zh-Hans", "zh_CN.UTF-8", "ZH"])
def test_a_language_has_several_names(name: str) -> None:
    assert known(name) == "zh"


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, ""),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, ""),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "GLASSGRAD_LANG": "zh"}, "zh"),
        ({"LC_MESSAGES": "zh_TW", "LANG": "de_DE"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, ""),
    ],
)
def test_the_reader_is_known_by_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], lang: str
) -> None:
    for name in ("GLASSGRAD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert of_reader() == lang


def test_a_page_is_made_in_english_and_told_its_language() -> None:
    @paged
    def made(*, lang: str | None = None) -> tuple[str, str]:
        return wrote("a.svg"), translate.of_page()

    assert made() == ("wrote a.svg", "")
    assert made(lang="zh") == ("wrote a.svg", "zh")
    with speaking("zh"):
        assert made() == ("wrote a.svg", "zh")
    viz.language("zh")
    assert made() == ("wrote a.svg", "zh")


def test_an_error_is_followed_by_its_text_and_keeps_its_traceback() -> None:
    program = (
        "import viz\nfrom autodiff import parse\nviz.language('zh')\n"
        "viz.draw_step(parse('x * x', x=3.0), lr=-1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.endswith(
        "ValueError: a learning rate is above 0, got -1\n学习率必须大于 0，得到的是 -1\n"
    )


def test_a_notebook_shows_an_error_with_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactive.InteractiveShell.instance()
    try:
        shell.run_cell("import viz; from autodiff import parse; viz.language('zh')")
        shell.run_cell("viz.draw_step(parse('x * x', x=3.0), lr=-1)")
    finally:
        shell.set_custom_exc((), None)
        interactive.InteractiveShell.clear_instance()
    told = capsys.readouterr().out
    assert "Traceback" in told
    assert "a learning rate is above 0, got -1" in told
    assert "学习率必须大于 0，得到的是 -1" in told


def test_an_explanation_is_in_the_language_of_its_call() -> None:
    x = Value(3.0, label="x")
    assert str(viz.explain(x, lang="zh")) == "x = 3 是叶节点：它不是算出来的"
    assert str(viz.explain(x)) == "x = 3 is a leaf: it was not computed"


def test_the_table_of_a_training_is_said_in_the_language_that_is_spoken() -> None:
    """Its columns are as wide as what stands in them; `history["val_loss"]` stays a name."""
    history = nn.History()
    assert history.table() == "no epoch was finished"
    history.append(loss=0.7, val_loss=0.25)
    english = history.table()
    with speaking("zh"):
        assert history.table() == "轮  损失  验证损失\n 0   0.7      0.25"
        assert nn.History().table() == "一轮也没有完成"
        assert history["val_loss"] == [0.25]
    assert english == history.table() == "epoch  loss  val_loss\n    0   0.7      0.25"
