"""The pages that live in the site: made by Python when the site is built, each one offline file."""

from collections.abc import Callable
from pathlib import Path

from autodiff import parse
from viz import bug_zoo, explore, playground, random_circuit, worksheet
from viz.pages.page import Page


def _explorer() -> Page:
    f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
    return explore(f, title="f = (x + y) · z")


def _neuron() -> Page:
    neuron = parse("neuron = σ(w0*x0 + w1*x1 + w2)", w0=2, x0=-1, w1=-3, x1=-2, w2=-3)
    return explore(neuron, title="A sigmoid neuron")


def _worksheet() -> Page:
    return worksheet(
        random_circuit("easy", 3), spare=[random_circuit("medium", k) for k in range(9)]
    )


def _zoo() -> Page:
    f = parse("q = x * y; r = q + x; f = r * q", x=3, y=-4)
    f.label = "f"
    return bug_zoo(f, title="Backpropagation, written wrongly")


PAGES: dict[str, Callable[[], Page]] = {
    "explorer": _explorer,
    "neuron": _neuron,
    "worksheet": _worksheet,
    "bug_zoo": _zoo,
    "playground": playground,
}


def build(folder: Path) -> None:
    """Write every page into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        make().save(folder / f"{name}.html")
