"""What ``autodiff demo`` (and ``make demo``) runs: pictures of three circuits, a page to step
through, and a network trained on real handwritten digits. It says what it wrote and where."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from autodiff.text.expression import parse
from autodiff.value import Value

from ..dot.diagram import draw
from ..dot.render import render
from ..dot.series.animation import animate
from ..languages.translate import translate
from ..pages.explorer.explorer import explore
from ..plots.axes import letter
from ..plots.training import plot_history
from ..words.numbers import number
from ..words.report import as_data

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nn import History

    Array = NDArray[np.float64]

Written: TypeAlias = tuple[str, str]  # names of files, and what is in them

__all__ = ["CIRCUITS", "Circuit", "demo"]


class Circuit(NamedTuple):
    """An expression worth drawing, with the numbers that lectures use for it."""

    file: str
    what: str
    expression: str
    values: dict[str, float]
    detail: str = "gate"

    def graph(self) -> Value:
        """Its graph, after the backward pass."""
        root = parse(self.expression, self.values)
        root.backward()
        return root


_NEURON = "f = σ(w0·x0 + w1·x1 + w2)"
_WEIGHTS = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}

CIRCUITS = (
    Circuit("circuit", "the first circuit", "f = (x + y) · z", {"x": -2.0, "y": 5.0, "z": -4.0}),
    Circuit("neuron", "a sigmoid neuron", _NEURON, _WEIGHTS),
    Circuit(
        "neuron-primitive", "the same neuron in primitive gates", _NEURON, _WEIGHTS, "primitive"
    ),
    Circuit(
        "patterns",
        "add, max and mul gates",
        "f = 2·(x·y + max(z, w))",
        {"x": 3.0, "y": -4.0, "z": 2.0, "w": -1.0},
    ),
)


def demo(out: Path, train: bool = True) -> int:
    """Write everything into the folder `out`; return the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    written = _circuits(out)
    written += _page(out)
    status = 0
    if train:
        try:
            written += _digits(out)
        except ModuleNotFoundError as missing:
            _say(f"Training skipped: {missing}. Install it with: pip install glassgrad[demo]")
            status = 1
    _say(f"\nWritten to {out.resolve()}:")
    wide = max(len(names) for names, _ in written)
    for names, what in written:
        print(f"  {names:<{wide}}  {translate(what)}")
    return status


def _say(text: str) -> None:
    print(translate(text))


def _circuits(out: Path) -> list[Written]:
    _say("Drawing circuits, values in green and gradients in red")
    written = []
    for circuit in CIRCUITS:
        root = circuit.graph()
        _say(f"  {circuit.expression}   at {_listed(circuit.values)}")
        _say(f"    gives {number(root.data)}, gradients {_listed(as_data(root)['gradients'])}")
        diagram = draw(root, detail=circuit.detail)
        names = [f"{circuit.file}.{suffix}" for suffix in ("svg", "png")]
        for name in names:
            render(diagram, out / name)
        written.append((", ".join(names), f"{circuit.what}: {circuit.expression}"))
    return written


def _listed(numbers: dict[str, float]) -> str:
    return ", ".join(f"{name} = {number(x)}" for name, x in numbers.items())


def _page(out: Path) -> list[Written]:
    first = CIRCUITS[0]
    explore(first.graph(), out / "explorer.html", title=first.expression)
    animate(first.graph(), out / "circuit-steps.svg")
    return [
        ("circuit-steps.svg", "both passes through the first circuit, as a moving picture"),
        ("explorer.html", "step through it yourself, and move its inputs, in a browser"),
    ]


# ── handwritten digits ───────────────────────────────────────────────────────────────────────


def _digits(out: Path) -> list[Written]:
    """Train on four fifths of scikit-learn's 1,797 digits and judge on the rest."""
    import numpy as np
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    import nn

    X, labels = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, labels, test_size=0.2, stratify=labels, random_state=0
    )
    model = nn.MLP(64, [64, 10], rng=0)
    _say(
        f"\nTraining an MLP, 64-64-10 with {len(model.parameters()):,} parameters, on "
        f"{len(X_train):,} handwritten digits of 8 × 8 pixels"
    )
    sys.stdout.flush()
    start = time.perf_counter()
    history = nn.fit(
        model,
        X_train,
        y_train,
        nn.losses.softmax_cross_entropy,
        nn.Adam(model.parameters(), lr=0.003),
        epochs=30,
        batch_size=16,
        l2=1e-4,
        validation=(X_test, y_test),
        rng=0,
    )
    seconds = time.perf_counter() - start
    decided = nn.predict(model, X_test, nn.losses.softmax_cross_entropy)
    right = int(np.sum(decided == y_test))
    _say(
        f"{right} of {len(y_test)} held-out digits read correctly "
        f"({right / len(y_test):.1%}), after {seconds:.1f} s; engine: {history.engine}"
    )
    if history.stopped:
        _say(f"stopped: {history.stopped}")
    if not len(history):  # Ctrl-C in the first epoch
        return []
    written = [(_plot(history, X_test, y_test, decided, out), "how training went, and the misread")]
    nn.save(model, out / "digits.safetensors")
    return [*written, ("digits.safetensors", "the trained network, for nn.load")]


def _plot(history: History, X: Array, labels: Array, decided: Array, out: Path) -> str:
    """Learning curves, and held-out digits with what the network took them for."""
    import numpy as np
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 4), layout="constrained")
    curves, tiles = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.15, 1])[0]
    plot_history(history, ax=curves.subplots())
    wrong = np.flatnonzero(decided != labels)
    shown = np.concatenate([wrong, np.flatnonzero(decided == labels)])[:24]
    for tile, row in zip(tiles.subplots(4, 6).flat, shown, strict=True):
        tile.imshow(X[row].reshape(8, 8), cmap="gray_r")
        ok = decided[row] == labels[row]
        text = f"{labels[row]:.0f}" if ok else translate(f"{labels[row]:.0f} as {decided[row]:.0f}")
        tile.set_title(text, fontsize=9, color="#1a7f37" if ok else "#cf222e", pad=3)
        tile.axis("off")
    tiles.suptitle(
        translate(f"all {len(wrong)} misread (red), and some read correctly"), fontsize=10
    )
    letter(figure)
    name = "digits-training.png"
    figure.savefig(out / name, dpi=130)
    return name
