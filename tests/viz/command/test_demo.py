"""`autodiff demo`: the circuits of note 003 with their published numbers, and real digits."""

import re
from pathlib import Path

import pytest

from autodiff import topological_order
from viz.command.cli import main
from viz.command.demo import CIRCUITS

PUBLISHED = {
    "circuit": (-12, {"x": -4, "y": -4, "z": 3}),
    "neuron": (
        0.7310585786300049,
        {
            "w0": -0.19661193324148185,
            "w1": -0.3932238664829637,
            "w2": 0.19661193324148185,
            "x0": 0.3932238664829637,
            "x1": -0.5898357997244456,
        },
    ),
    "patterns": (-20, {"x": -8, "y": 6, "z": 2, "w": 0}),
}


@pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.file)
def test_the_circuits_have_the_numbers_of_note_003(circuit) -> None:  # type: ignore[no-untyped-def]
    value, gradients = PUBLISHED[circuit.file.partition("-")[0]]
    root = circuit.graph()
    assert root.data == pytest.approx(value, rel=1e-12)
    leaves = [node for node in topological_order(root) if node.label and node.gate is None]
    got = {leaf.label: leaf.grad for leaf in leaves}
    assert got == pytest.approx(gradients, rel=1e-12)


def test_the_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawn by the wheel, as on a machine without a system Graphviz."""
    monkeypatch.setenv("GLASSGRAD_DOT", "wheel")
    folder = tmp_path / "made" / "here"
    assert main(["demo", "--quick", "--out", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert str(folder) in printed
    for circuit in CIRCUITS:
        assert (folder / f"{circuit.file}.png").read_bytes().startswith(b"\x89PNG")
        assert f"{circuit.file}.svg" in printed
    fine = (folder / "neuron-primitive.svg").read_text(encoding="utf-8")
    assert ">exp<" in fine
    assert ">exp<" not in (folder / "neuron.svg").read_text(encoding="utf-8")


def test_digits_are_read_with_95_percent_or_better(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sklearn")
    assert main(["demo", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    right, total = map(int, re.search(r"(\d+) of (\d+) held-out", printed.out).groups())  # type: ignore[union-attr]
    assert total == 360
    assert right / total >= 0.95
    assert "epoch" in printed.err  # the progress bar
    assert (tmp_path / "digits-training.png").is_file()


def test_without_scikit_learn_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "pip install glassgrad[demo]" in capsys.readouterr().out
