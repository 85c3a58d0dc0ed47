"""In what a page says, a symbol is one number, and every equation holds in numbers."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

import viz
from autodiff import DomainError, Value
from tests.random_graphs import Ref, Step, random_recipe
from tests.viz.pages.conftest import Run
from tests.viz.words.test_notation import calculated, facts
from viz.pages.scene import scene
from viz.pages.worksheet.questions import blanks

PAGES = Path(viz.__file__).parent / "pages"

SAID = """
return input.map((scene) => {
  const model = new Model(scene), told = [];
  for (const i of model.order) {
    model.parents[i].forEach((p, k) => {
      if (model.nodes[p].kind === "constant") return;
      told.push(model.chainLine(i, k, model.graph.grad[i]).join(" = "));
    });
  }
  return told;
});
"""


def script() -> str:
    """What the explorer says, without its page."""
    texts = [(PAGES / "shared" / f"{name}.js").read_text("utf-8") for name in ("write", "model")]
    return "\n".join([*texts, SAID])


def drawn(seed: int) -> Value:
    """A random graph, whose numbers without a name are as long as they are written."""
    recipe = random_recipe(seed)

    def short(x: Any) -> Any:
        return tuple(map(short, x)) if isinstance(x, tuple) else x if type(x) is Ref else cut(x)

    def cut(x: float) -> float:
        return float(f"{x:.4g}")

    steps = tuple(Step(gate, tuple(map(short, inputs))) for gate, inputs in recipe.steps)
    try:
        return recipe._replace(steps=steps).build()[0]
    except DomainError:
        return recipe.build()[0]


@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_hints_and_captions_of_random_graphs(run: Run, first: int) -> None:
    """In 1,000 of them: each sum of a hint is the answer, each rule its number, each product of
    a caption its share."""
    roots = [drawn(seed) for seed in range(first, first + 250)]
    scenes = [scene(root, grouped=False) for root in roots]
    answers = run(script(), [made.data() for made in scenes])
    checked = 0
    for root, made, captions in zip(roots, scenes, answers, strict=True):
        symbols = {symbol: held.pop() for symbol, held in facts(root).items()}
        for caption in captions:
            checked += holds(caption, symbols)
        for blank in blanks(root, ("values", "local", "gradients"), made.index):
            assert close(symbols[blank.name], blank.truth), blank.name
            for line in (line for line in blank.hint if " = " in line):
                if line.split(" = ")[0] in symbols:
                    checked += holds(line, symbols)
    assert checked > 2000


def close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=4e-3, abs_tol=1e-6) or (math.isnan(a) and math.isnan(b))


def holds(equation: str, symbols: dict[str, float]) -> bool:
    """Whether all parts of it come to one number; False if one of them is not written out."""
    left, *steps = re.sub(r" \(since .*\)$", "", equation).split(" = ")
    if "…" in equation or "no value" in equation:
        return False
    expected = symbols[left] if left in symbols else calculated(left, symbols)
    for step in steps:
        assert close(calculated(step, symbols), expected), equation
    return True
