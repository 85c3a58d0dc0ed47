"""The command line in Chinese: by --lang, by the environment; help, tables, refusals, pictures."""

import re
from pathlib import Path

import pytest

import viz
from autodiff import parse
from viz.command.cli import main

CIRCUIT = ["(x + y) * z", "x=-2", "y=5", "z=-4"]
COMMANDS = ("", "assignment", "mark", "demo", "playground", "gates", "worksheet")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_no_english_sentence_left(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command.split(), "--help", "--lang", "zh"]) == 0
    told = capsys.readouterr().out
    assert told.startswith("用法：autodiff")
    prose = re.sub(r"(?m)^ *(autodiff|echo|-|usage).*?(  |$)|^用法.*(\n +\[.*)*", "", told)
    functions = prose.partition("函数：")[0]
    assert re.findall(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b", functions) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["log(x)", "x=-1"],
            "log：log(a) 在 a = -1.0（标签 'x'）处没有值；要求 a > 0（超出定义域）",
        ),
        (["x*y", "x=2"], "y 没有值；请给出 y=..."),
        (["foo(x)", "x=1"], "未知的函数 'foo'；已知的有："),
        (
            ["x*y", "x=2", "y=3", "--digits", "z"],
            "参数 --digits：不是整数：'z'（参见 autodiff --help）",
        ),
        (["worksheeet"], "worksheeet 没有值，也没有这个命令；您是不是想写 worksheet？"),
        ([], "请给出一个表达式（参见 autodiff --help）"),
    ],
)
def test_bad_input_is_refused_in_chinese(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--lang=zh"]) == 2
    assert re.sub(r"\s*处", "处", capsys.readouterr().err).startswith(f"autodiff: {told}")


def test_the_environment_chooses_and_an_option_overrules_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    main(CIRCUIT)
    assert capsys.readouterr().out.startswith("前向")
    main([*CIRCUIT, "--lang", "en"])
    assert capsys.readouterr().out.startswith("forward")


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*CIRCUIT, "--lang", "fr"]) == 2
    assert capsys.readouterr().err == "autodiff: --lang is one of en, zh, not fr\n"


def test_numbers_and_names_are_the_same_in_both_languages(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Equal tables but for the words in their heads."""
    main(CIRCUIT)
    english = capsys.readouterr().out
    main([*CIRCUIT, "--lang", "zh"])
    chinese = capsys.readouterr().out
    numbers = re.compile(r"−?\d+|→ \w+|∂\w+/∂\w+|d\w/d\w")
    assert numbers.findall(english) == numbers.findall(chinese)


def test_captions_are_chinese_and_labels_stay() -> None:
    root = parse("value = x + y; loss = value * value", x=1.0, y=2.0)
    root.backward()
    texts = [getattr(m, "text", "") for m in viz.draw(root, parts="all", lang="zh").drawing.marks]
    assert "连线上：上游梯度 × 局部梯度 = 下游梯度" in texts
    assert any(text.startswith("value") for text in texts)
    assert "loss" in texts


def test_plots_find_chinese_letters(recwarn: pytest.WarningsRecorder, tmp_path: Path) -> None:
    from matplotlib.font_manager import fontManager

    from viz.plots.axes import FONTS

    ax = viz.plot_history({"loss": [0.9, 0.5], "val_accuracy": [0.5, 0.6]}, lang="zh")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("轮", "损失")
    if any(FONTS.search(font.name) for font in fontManager.ttflist):
        ax.figure.savefig(tmp_path / "history.png")
        assert not [w for w in recwarn if "missing from font" in str(w.message)]
