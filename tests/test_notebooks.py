"""The course: every notebook is whole, and every exercise tells right from wrong.

That they run is checked by `make run-notebooks`, which executes them from top to bottom.
"""

import ast
import json
import math
import random
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split

import autodiff
import nn
import viz
from autodiff import Value, grad, topological_order
from nn import MLP, Adam, Module, fit, losses
from tests.oracles import oracle

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
sys.path.insert(0, str(ROOT / "notebooks"))

import exercises  # noqa: E402

CHINESE = re.compile(r"[\u4e00-\u9fff]")
BUILDS_ITS_OWN = "04_build_the_engine"


def cells(path: Path, kind: str) -> list[dict[str, Any]]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def sources(path: Path, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in cells(path, kind)]


def code(path: Path) -> list[str]:
    """The code cells, without IPython's own commands."""
    return [re.sub(r"(?m)^%.*$", "", text) for text in sources(path, "code")]


# ── every notebook ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_notebooks_are_numbered_without_a_gap() -> None:
    numbers = [int(path.stem[:2]) for path in NOTEBOOKS]
    assert numbers == list(range(1, len(numbers) + 1))


def test_it_opens_with_what_the_reader_will_be_able_to_do(notebook: Path) -> None:
    first = sources(notebook, "markdown")[0]
    assert first.startswith(f"# {int(notebook.stem[:2])} · ")
    assert "After this notebook you" in first


def test_its_section_titles_are_also_in_chinese(notebook: Path) -> None:
    titles = re.findall(r"(?m)^##? .*$", "\n".join(sources(notebook, "markdown")))
    assert len(titles) > 4
    assert [title for title in titles if not re.search(r" · .*[\u4e00-\u9fff]", title)] == []


def test_it_was_run_from_top_to_bottom_and_its_outputs_are_kept(notebook: Path) -> None:
    code_cells = cells(notebook, "code")
    assert [cell["execution_count"] for cell in code_cells] == list(range(1, len(code_cells) + 1))
    kinds = [output["output_type"] for cell in code_cells for output in cell["outputs"]]
    assert "error" not in kinds
    assert len(kinds) > 3
    said = [o["text"] for c in code_cells for o in c["outputs"] if o.get("name") == "stderr"]
    assert said == []


def test_it_is_small_enough_to_be_read_and_kept(notebook: Path) -> None:
    assert notebook.stat().st_size < 500_000
    longest = max(len(text.split()) for text in sources(notebook, "markdown"))
    assert longest < 130, "no walls of text"


def test_its_claims_are_asserted(notebook: Path) -> None:
    statements = [node for text in code(notebook) for node in ast.walk(ast.parse(text))]
    assert sum(isinstance(node, ast.Assert) for node in statements) >= 8


def test_it_uses_the_library_and_does_not_redefine_it(notebook: Path) -> None:
    if notebook.stem == BUILDS_ITS_OWN:
        return
    library = {*autodiff.__all__, *nn.__all__, *viz.__all__}
    defined = {
        node.name
        for text in code(notebook)
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
    }
    assert defined & library == set()


def asked(path: Path) -> list[str]:
    """The exercises, in order."""
    return re.findall(r"check\(\s*['\"](\d+\.\d+)['\"]", "\n".join(code(path)))


def test_it_ends_with_exercises_that_are_left_to_the_reader(notebook: Path) -> None:
    number = int(notebook.stem[:2])
    titles = re.findall(r"(?m)^## .*$", "\n".join(sources(notebook, "markdown")))
    assert titles[-1] == "## Exercises · 练习"
    assert asked(notebook) == [f"{number}.{k}" for k in range(1, len(asked(notebook)) + 1)]
    for cell in cells(notebook, "code"):
        if 'check("' in "".join(cell["source"]):
            assert "not answered yet" in str(cell["outputs"])


def test_its_exercises_ask_for_more_than_numbers(notebook: Path) -> None:
    """Six or more, of every kind, with hints. Those of the first edition have three."""
    if len(asked(notebook)) == 3:
        return
    assert len(asked(notebook)) >= 6
    assert {exercises.KIND[number] for number in asked(notebook)} == set(exercises.KINDS)
    for number in asked(notebook):
        assert len(exercises.HINTS[number]) >= 2, number


def test_its_exercises_say_their_kind_and_their_grade(notebook: Path) -> None:
    """★ ★★ ★★★, all three; in brackets what is asked for."""
    if "★" not in "".join(sources(notebook, "markdown")):
        return
    titles = re.findall(
        r"(?m)^\*\*(\d+\.\d+)\*\* (★+) \(([\w ]+)\)", "\n".join(sources(notebook, "markdown"))
    )
    assert [number for number, _, _ in titles] == asked(notebook)
    assert {stars for _, stars, _ in titles} == {"★", "★★", "★★★"}
    for number, _, kind in titles:
        assert exercises.KIND[number] == {"find the bug": "bug"}.get(kind, kind), number


# ── the exercises ────────────────────────────────────────────────────────────────────────────


def is_order(nodes: list[Value]) -> bool:
    return all(p in nodes[:k] for k, node in enumerate(nodes) for p in node.parents)


def engine_backward(
    root: Value, order: Any, add: bool = True, clear: bool = True, start: float = 1.0
) -> None:
    for v in order(root):
        v.grad = 0.0 if clear or v.parents else v.grad
    root.grad = start
    for v in reversed(order(root)):
        for parent, local in zip(v.parents, v.local_grads, strict=True):
            parent.grad = (parent.grad if add else 0.0) + v.grad * local


class V(Value):
    """Stands for the reader's own class."""


def trained(model: Module, X: Any, Y: Any, loss: Any, **options: Any) -> Module:
    lr = options.pop("lr")
    fit(model, X, Y, loss, Adam(model.parameters(), lr=lr), rng=0, progress=False, **options)
    return model


def moons() -> Module:
    X, y = make_moons(300, noise=0.2, random_state=7)
    model = MLP(2, [16, 16, 1], rng=0)
    return trained(model, X, 2 * y - 1, losses.hinge, lr=0.02, epochs=100)


def digits(hidden: int = 26, epochs: int = 60) -> Module:
    data = load_digits()
    X, _, y, _ = train_test_split(data.data / 16, data.target, test_size=0.25, random_state=0)
    model = MLP(64, [hidden, 10], "gelu", rng=0)
    loss = losses.softmax_cross_entropy
    return trained(model, X, y, loss, lr=0.01, epochs=epochs, batch_size=32)


def turned_moons() -> Module:
    model = moons()
    for parameter in model.layers[-1].parameters():  # type: ignore[attr-defined]
        parameter.data *= -1
    return model


def too_few_digits() -> Module:
    return digits(hidden=8, epochs=1)


def cross_entropy(a: Value, y: int) -> Value:
    return -(y * a.log() + (1 - y) * (1 - a).log())


def twenty_doublings(x: Value, times: int = 20) -> Value:
    for _ in range(times):
        x = x + x
    return x


def heated(logits: list[float], temperature: float, top: float | None = None) -> list[float]:
    top = max(logits) if top is None else top
    powers = [math.exp((x - top) / temperature) for x in logits]
    return [power / sum(powers) for power in powers]


def xavier(nin: int, nout: int, rng: Any, six: float = 6.0) -> list[list[float]]:
    bound = math.sqrt(six / (nin + nout))
    return [[rng.uniform(-bound, bound) for _ in range(nin)] for _ in range(nout)]


def a_layer(
    nin: int, nout: int, seed: int | None, deviation: float | None = None
) -> list[list[float]]:
    rng, spread = random.Random(seed), deviation or nin**-0.5
    return [[rng.gauss(0, spread) for _ in range(nin)] for _ in range(nout)]


def fitted(layer: Any, X: Any, power: float = 0.5, centred: bool = False) -> None:
    z = np.array([[v.data for v in np.ravel(layer(x))] for x in X])
    for w in layer.parameters():
        w.data /= ((z - z.mean() * centred) ** 2).mean() ** power


def folds(n: int, k: int) -> list[tuple[Any, Any]]:
    return [([i for i in range(n) if i % k != f], range(f, n, k)) for f in range(k)]


def blocks(n: int, k: int) -> list[tuple[Any, Any]]:
    parts = np.array_split(np.arange(n), k)
    return [(np.setdiff1d(np.arange(n), part), part) for part in parts]


def along_by_gradient(f: Any, at: Any, along: Any) -> float:
    return sum(slope * rate for slope, rate in zip(grad(f)(*at), along, strict=True))


def moving(
    root: Value, rates: dict[Value, float], overwrite: bool = False, once: bool = False
) -> dict[Value, float]:
    dot: dict[Value, float] = {}
    for v in topological_order(root):
        dot[v] = rates.get(v, 0.0)
        wires = zip(v.parents, v.local_grads, strict=True)
        for parent, local in dict(wires).items() if once else wires:
            dot[v] = (0.0 if overwrite else dot[v]) + local * dot[parent]
    return dot


def softsign(partial: str = "1 / (1 + abs(a))**2") -> autodiff.Gate:
    return autodiff.gate("test_softsign", "a / (1 + abs(a))", a=partial)


def one_sided() -> autodiff.Gate:
    return softsign("1 / (1 + a)**2")


def bump(partial: str = "-2 * a * out") -> autodiff.Gate:
    return autodiff.gate("test_bump", "exp(-a * a)", a=partial)


def flat_bump() -> autodiff.Gate:
    return bump("-a * out")


def torch_gradient(numbers: list[float], factor: float = 1.0) -> list[float]:
    import torch

    x = torch.tensor(numbers, requires_grad=True)
    (x**3).sum().backward()
    assert x.grad is not None
    found: list[float] = (factor * x.grad).tolist()
    return found


def translate(model: Any, activation: str = "Tanh") -> Any:
    import torch

    hidden, out = model.layers
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 4), getattr(torch.nn, activation)(), torch.nn.Linear(4, 1)
    )
    for layer, linear in ((hidden, network[0]), (out, network[2])):
        linear.weight.data = torch.tensor([[w.data for w in n.w] for n in layer.neurons])
        linear.bias.data = torch.tensor([n.b.data for n in layer.neurons])
    return network


RIGHT: dict[str, list[Any]] = {
    "1.1": [[2, 2, 3, -3], (2.0, 2.0, 3.0, -3.0)],
    "1.2": [[0, 3]],
    "1.4": [[1000, 1, 1]],
    "1.7": [lambda x, y: (3 * x + 5) * y, lambda x, y: 3 * x * y + 5 * y],
    "2.1": [0.25, Value(0.25)],
    "2.3": [4.6],
    "2.7": [lambda z: 2 * (2 * z).sigmoid() - 1],
    "3.2": ["abcde", "acbde", list("abcde")],
    "3.3": [24],
    "3.5": [[10, 32]],
    "4.1": [V],
    "4.4": [is_order],
    "4.6": [[72, 54]],
    "4.7": [engine_backward],
    "5.1": [(3, 4)],
    "5.4": [lambda dZ, A: dZ.T @ A],
    "5.5": [lambda dZ: dZ.sum(axis=0), lambda dZ: dZ.sum(axis=0, keepdims=True)],
    "6.2": [-0.032, (0.8 - 1) * 0.8 * 0.2],
    "6.3": [lambda W, delta, slope: (W.T @ delta) * slope],
    "6.6": [cross_entropy, losses.cross_entropy],
    "7.1": [16],
    "7.2": [1.33],
    "7.3": [moons],
    "8.1": [12060],
    "8.2": [math.log(10), 2.30, 2.303],
    "8.3": [digits],
    "9.1": [0.25**20],
    "9.2": [4],
    "9.3": [lambda z: 0.7 * z.tanh() + 0.03 * z, lambda z: z / (1 + abs(z))],
    "10.5": [xavier],
    "10.6": [a_layer],
    "10.7": [fitted],
    "11.7": [folds],
    "12.1": [0.8],
    "12.2": [[-1 / 3**0.5, -1 / 3**0.5, -1 / 3**0.5, 3**0.5], [-0.577, -0.577, -0.577, 1.732]],
    "12.3": [lambda w, m: sum(w[k] * np.eye(m, k=k - 1) for k in range(3))],
    "14.1": [2000, 1_000_001 * 0.002],
    "14.2": [8],
    "14.3": [twenty_doublings],
    "17.1": [torch_gradient],
    "17.2": [12],
    "17.3": [translate],
    "13.1": [0.75, 3 / 4],
    "13.2": [288],
    "13.3": [heated],
    "15.1": [5, 5.0],
    "15.2": [9, np.array(9.0)],
    "15.3": ["a*(1-a)*c", "c*a - c*a^2", "a c (1 - a)".replace(" ", "*", 2)],
    "15.4": ["c/b - a*d/b**2", "(c*b - a*d)/b^2", "(c - a/b*d)/b"],
    "15.5": [along_by_gradient],
    "15.6": [moving],
    "16.1": [7],
    "16.2": [13],
    "16.3": ["o*(1-o)", "o - o^2"],
    "16.4": ["2*a*b", "b*a + a*b"],
    "16.5": [softsign],
    "16.6": [bump],
    **{f"18.{k}": [] for k in (*range(1, 11), 13)},  # the solutions are right answers
    "18.11": [1e-4, 0.0001],
    "18.12": ["3*x^2 + h^2", "((x+h)^3 - (x-h)^3) / (2*h)"],
}
# Made when their test runs.
MADE = (moons, digits, turned_moons, too_few_digits, softsign, one_sided, bump, flat_bump)


def moved(sign: float, factor: float = 1.0) -> Any:
    def step(parameters: list[Value], lr: float) -> None:
        for p in parameters:
            p.data += sign * p.grad * (lr if factor == 1.0 else factor)

    return step


def training(zero: str) -> Any:
    def train(model: Module, loss: Any, steps: int, lr: float) -> None:
        for _ in range(steps):
            if zero == "before":
                model.zero_grad()
            loss().backward()
            if zero == "after":
                model.zero_grad()
            for p in model.parameters():
                p.data -= lr * p.grad

    return train


def cost_of_rows(model: Any, X: Any, y: Any) -> list[Value]:
    return [(model(x) - t) ** 2 for x, t in zip(X, y, strict=True)]


def share(scores: list[float], labels: list[int]) -> int:
    return sum((a > 0) == (b > 0) for a, b in zip(scores, labels, strict=True))


def by_itself(table: Any) -> Any:
    return (table - table.mean(axis=0)) / table.std(axis=0)


def together(train: Any, test: Any) -> Any:
    both = np.concatenate([train, test])
    return tuple((t - both.mean(axis=0)) / both.std(axis=0) for t in (train, test))


def walked(node: Value) -> set[Value]:
    return {node}.union(*map(walked, node.parents))


WORKSHOP: dict[str, list[tuple[Any, str]]] = {
    "18.1": [
        (moved(1.0), "uphill"),
        (moved(-1.0, 0.0), "has not moved"),
        (moved(-1.0, 1.001), "not to -1.002"),
        (3.0, "a function is wanted"),
    ],
    "18.2": [
        (training("never"), "still added up"),
        (training("after"), "nothing has moved"),
        (lambda model, loss, steps, lr: training("before")(model, loss, 1, lr), "w is 0.392"),
    ],
    "18.3": [
        (lambda model, x, y: Value((model(x).data - y) ** 2), "does not arrive"),
        (lambda model, x, y: (model(x).data - y) ** 2, "return a Value"),
        (lambda model, x, y: (model(x) - y) ** 2 / 2, "(output - target)² is"),
        (lambda model, x, y: (model(x) - y) * (model(x).data - y), "its gradient is not"),
    ],
    "18.4": [
        (lambda model, X, y: cost_of_rows(model, X, y)[-1] / 3, "only the last row"),
        (lambda model, X, y: sum(cost_of_rows(model, X, y), Value(0.0)), "that is the sum"),
        (lambda model, X, y: 0.5, "return a Value"),
        (lambda model, X, y: cost_of_rows(model, X, y)[0], "the mean is"),
    ],
    "18.5": [
        (
            lambda scores, labels: (
                sum((a > 0) == b for a, b in zip(scores, labels, strict=True)) / len(scores)
            ),
            "never count",
        ),
        (share, "the share was asked for"),
        (lambda scores, labels: 1.0, "the share is 0.5"),
    ],
    "18.6": [
        (lambda m, n, rng: [[Value(rng.gauss(0, 1))] * m] * n, "share one row"),
        (lambda m, n, rng: [[Value(rng.gauss(0, 1))] * m for _ in range(n)], "several times"),
        (lambda m, n, rng: [[Value(0.0) for _ in range(m)] for _ in range(n)], "must differ"),
        (lambda m, n, rng: [[rng.gauss(0, 1) for _ in range(m)] for _ in range(n)], "are Values"),
    ],
    "18.7": [
        (lambda z: heated(z, 1.0, top=0.0), "raises OverflowError"),
        (lambda z: [x / sum(z) for x in z], "the first share is"),
        (lambda z: [math.exp(x - max(z)) for x in z], "add up to"),
    ],
    "18.8": [
        (lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / h, "twice too large"),
        (lambda f, x, h=1e-5: (f(x + h) - f(x - h)) / (4 * h), "half of it"),
        (lambda f, x, h=1e-5: (f(x + h) - f(x)) / h, "is 6, not 6.00001"),
        (lambda f, x, h=1e-5: (f(x + 1e-5) - f(x - 1e-5)) / 2e-5, "the step h that is given"),
    ],
    "18.9": [
        (lambda gradients, lr, m: -lr * sum(gradients), "still forgets"),
        (lambda gradients, lr, m: 0.411, "uphill"),
        (lambda gradients, lr, m: -lr * 1.21, "v is 1, then 1.9"),
    ],
    "18.10": [
        (lambda train, test: (by_itself(train), by_itself(test)), "by themselves"),
        (together, "have a say in it"),
        (lambda train, test: train, "return both"),
        (lambda train, test: (by_itself(train), test), "the test rows are not"),
    ],
    "18.13": [
        (lambda root, all_: [p for p in all_ if not p.grad], "x has the gradient 0"),
        (lambda root, all_: [], "yours finds 0"),
        (lambda root, all_: [p for p in all_ if p not in walked(root)], "too deep for recursion"),
        (lambda root, all_: 1, "a list of the parameters"),
    ],
}
# For every exercise wrong answers, each with a word of the reason that is given.
WRONG: dict[str, list[tuple[Any, str]]] = {
    "1.1": [
        ([3, 3, 2, -2], "swaps"),
        ([2, 2, 3, 3], "turns the sign"),
        ([2, 5, 3, -3], "df/db is not 5"),
        ([2, 2, 3], "a list of 4 numbers"),
    ],
    "1.2": [
        ([3, 0], "larger input"),
        ([1.5, 1.5], "what add does"),
        ([0, 1], "multiplies what flows back"),
        ([1, 2], "one input gets all"),
    ],
    "1.4": [
        ([2000, 0.5, 1], "those are the gradients themselves"),
        ([1000, 1000, 1000], "not every gradient grows"),
        ([1, 1000, 1], "the other way round"),
        ([1000, 2, 1], "w has not changed"),
        ([1000, 1, 1000], "gradient of b is 1"),
        ([2, 1, 1], "1000 times as large"),
    ],
    "1.7": [
        (lambda x, y: 3 * x * y, "y alone must add 5"),
        (lambda x, y: 3 * x * y + 5, "y alone must add 5"),
        (lambda x, y: 3 * (x + y), "is df/dx = 3.000"),
        (lambda x, y: 3 * x * y + y, "is df/dy"),
        (lambda x, y: 1.0, "must return a Value"),
        (5, "a function is wanted"),
        (lambda x: x, "raises TypeError"),
    ],
    "2.1": [(0.5, "σ(0) itself"), (1, "σ · (1 - σ)"), ("a", "a number is wanted")],
    "2.3": [(2.0, "not yet below"), (7, "come closer"), (-4.6, "come closer")],
    "2.7": [
        (lambda z: 2 * z.sigmoid() - 1, "twice its input"),
        (lambda z: z.sigmoid(), "but tanh is"),
        (lambda z: z.tanh(), "tanh gate itself"),
        (lambda z: 1.0, "return a Value"),
    ],
    "3.2": [("edcba", "before"), ("abdce", "d comes before c"), ("abc", "each once")],
    "3.3": [(8, "four wires"), (16, "2a³"), (4, "how fast does that grow")],
    "3.5": [
        ([5, 32], "those are the gates"),
        ([10, 10], "they multiply"),
        ([32, 10], "wires come first"),
        ([10, 16], "the fifth doubling"),
        ([10, 25], "after one gate there are two"),
        ([32, 32], "visits each wire once"),
    ],
    "4.1": [(V(1.0), "the class itself"), (int, "raises"), (object, "no __sub__")],
    "4.4": [
        (lambda nodes: True, "reversed order"),
        (lambda nodes: False, "is refused"),
        (lambda nodes: all(p in nodes for n in nodes for p in n.parents), "reversed order"),
    ],
    "4.6": [
        ([54, 72], "the other way round"),
        ([27, 27], "one pass"),
        ([72, 72], "start anew"),
        ([45, 54], "second pass alone"),
        ([54, 54], "keeps its 3"),
        ([81, 54], "slope 27"),
    ],
    "4.7": [
        (lambda root, order: None, "all gradients are 0"),
        (lambda root, order: engine_backward(root, order, add=False), "a fork adds up"),
        (lambda root, order: engine_backward(root, lambda r: order(r)[::-1]), "root goes first"),
        (lambda root, order: engine_backward(root, order, clear=False), "called again"),
        (lambda root, order: engine_backward(root, order, start=2.0), "x.grad = 50, not 25"),
    ],
    "5.1": [((4, 3), "note 000"), ((10, 3), "summed over"), ((1, 1), "one row for each neuron")],
    "5.4": [
        (lambda dZ, A: A.T @ dZ, "its transpose"),
        (lambda dZ, A: dZ.T @ A / 6, "in dZ already"),
        (lambda dZ, A: dZ * 2, "has the shape"),
        (lambda dZ, A: dZ.T @ A * 2, "the numbers are not"),
        (lambda dZ, A: "x", "an array of numbers"),
        (lambda dZ, A: dZ @ A, "raises ValueError"),
    ],
    "5.5": [
        (lambda dZ: dZ.mean(axis=0), "a second time"),
        (lambda dZ: dZ.sum(axis=1), "axis 0"),
        (lambda dZ: dZ, "sum the rows"),
    ],
    "6.2": [
        (-0.2, "dJ/dz"),
        (0.032, "mind the sign"),
        (0.16, "σ' alone"),
        (1, "∂J/∂a = a - y"),
    ],
    "6.3": [
        (lambda W, delta, slope: (W @ delta) * slope, "transposed"),
        (lambda W, delta, slope: W.T @ delta, "σ' is missing"),
        (lambda W, delta, slope: delta * slope, "element by element"),
    ],
    "6.6": [
        (lambda a, y: 0.5 * (a - y) ** 2, "σ' besides"),
        (lambda a, y: -cross_entropy(a, y), "sign is wrong"),
        (lambda a, y: (a - y).abs(), "instead of"),
        (lambda a, y: a.data - y, "return a Value"),
    ],
    "7.1": [(15, "last 40"), (15.625, "whole"), (64, "how many batches")],
    "7.2": [(1.6, "without momentum"), (1.42, "added whole"), (5, "first step")],
    "7.3": [
        (MLP(2, [4, 1], rng=0), "of 200 right, 186"),
        (turned_moons, "wrong way round"),
        (MLP(2, [4, 2]), "one output"),
        (0.97, "a model is wanted"),
    ],
    "8.1": [
        (11900, "a bias, too"),
        (64, "one weight for each input"),
        (12114, "one weight for each input"),
    ],
    "8.2": [(0.1, "-ln of it"), (-math.log(10), "not negative"), (1, "natural"), (5, "1/10")],
    "8.3": [
        (MLP(64, [40, 10]), "3010 parameters"),
        (too_few_digits, "train longer"),
        (0.97, "a model is wanted"),
    ],
    "9.1": [
        (0.5**20, "σ(0)"),
        (4**20, "larger the end"),
        (5, "multiplied along a chain"),
        (0.1, "there are twenty"),
    ],
    "9.2": [(0.25, "other way round"), (1, "a quarter at every link"), (2, "must be 1")],
    "9.3": [
        (lambda z: z.tanh(), "its slope is only"),
        (lambda z: 0.5 * z, "beyond ±1"),
        (lambda z: 0.1 * z + 0.2, "instead of 0"),
        (lambda z: 0.1 * z.data, "return a Value"),
    ],
    "10.5": [
        (lambda nin, nout, rng: xavier(nin, nout, rng, 2.0), "a uniform number's is b/√3"),
        (lambda nin, nout, rng: xavier(nout, nin, rng), "a row for each neuron"),
        (lambda nin, nout, rng: a_layer(nin, nout, 0, (2 / 80) ** 0.5), "has no bound"),
        (lambda nin, nout, rng: [xavier(nin, 1, rng)[0]] * nout, "would stay one"),
        (lambda nin, nout, rng: abs(np.array(xavier(nin, nout, rng))), "not from 0"),
        (lambda nin, nout, rng: xavier(nin, nout, rng, 12.0), "times what it should be"),
    ],
    "10.6": [
        (lambda nin, nout, seed: [a_layer(nin, 1, seed)[0]] * nout, "starts the generator anew"),
        (lambda nin, nout, seed: a_layer(nin, nout, None), "equal seeds"),
        (lambda nin, nout, seed: a_layer(nin, nout, 0), "no effect"),
        (lambda nin, nout, seed: a_layer(nin, nout, seed, 1 / nin), "1/√nin"),
        (lambda nin, nout, seed: a_layer(nout, nin, seed), "30 rows of 40"),
    ],
    "10.7": [
        (lambda layer, X: fitted(layer, X, 1.0), "divide by its root"),
        (lambda layer, X: None, "in place"),
        (lambda layer, X: fitted(layer, X, centred=True), "the outputs' mean, too"),
        (lambda layer, X: [fitted(n, X, 0.3) for n in layer.neurons], "one number for all"),
    ],
    "11.7": [
        (lambda n, k: [(part, train) for train, part in folds(n, k)], "first the rows"),
        (lambda n, k: [(list(range(n)), part) for _, part in folds(n, k)], "is in both"),
        (lambda n, k: [folds(n, k)[0]] * k, "exactly once"),
        (lambda n, k: folds(n, k)[1:], "3 pairs, not 2"),
        (lambda n, k: blocks(n, k), "i mod 3"),
        (lambda n, k: [(train[1:], part) for train, part in folds(n, k)], "loses row"),
    ],
    "12.1": [
        (-0.2, "adds its 1"),
        (1, "differentiate z + f(z)"),
        (1.2, "differentiate z + f(z)"),
    ],
    "12.2": [
        ([-0.5, -0.5, -0.5, 1.5], "m - 1"),
        ([-1, -1, -1, 3], "the standard deviation"),
        ([-1 / 3, -1 / 3, -1 / 3, 1], "its root"),
        ([1, 1, 1, 5], "add up to 0"),
        ([-2, -2, -2, 6], "variance (1 + 1 + 1 + 9)"),
    ],
    "12.3": [
        (lambda w, m: sum(w[k] * np.eye(m, k=1 - k) for k in range(3)), "turns the window round"),
        (lambda w, m: np.eye(m - 1), "has the shape"),
        (
            lambda w, m: sum(w[k] * np.roll(np.eye(m), k - 1, axis=1) for k in range(3)),
            "comes in again",
        ),
        (lambda w, m: w[1] * np.eye(m), "w₂ stands on the diagonal"),
    ],
    "14.1": [(0.004, "backward()"), (2e6, "in seconds"), (5, "one forward pass for each")],
    "14.2": [(4, "two wires"), (5, "two gates; count wires"), (1, "two gates ×")],
    "14.3": [
        (lambda x: twenty_doublings(x, 21), "it fires 21 gates"),
        (lambda x: twenty_doublings(x, 10), "1,024 paths"),
        (lambda x: 3.0, "return a Value"),
    ],
    "17.1": [
        (lambda numbers: torch_gradient(numbers, 2), "3x²"),
        (lambda numbers: None, "returns nothing"),
        (lambda numbers: np.array(numbers), ".tolist()"),
    ],
    "17.2": [(6, "accumulate"), (3, "two passes"), (9, "2t is 6 at 3")],
    "17.3": [
        (lambda model: translate(model, "ReLU"), "outputs differ"),
        (lambda model: translate(model, "Sigmoid"), "outputs differ"),
        (lambda model: model, "return a torch.nn.Module"),
    ],
    "13.1": [(0.25, "the first"), (math.log(3), "the score"), (0.5, "divides by their sum")],
    "13.2": [(256, "8 biases too"), (216, "a fourth"), (576, "share the width"), (64, "four")],
    "13.3": [
        (lambda logits, t: heated(logits, t, top=0.0), "subtract the largest"),
        (lambda logits, t: heated(logits, 1.0), "temperature 0.5"),
        ([0.5, 0.5], "a function is wanted"),
    ],
    "15.3": [
        ("a*(1-a)", "the local gradient"),
        ("c*a", "not a itself"),
        ("c*a*(1+a)", "mind the sign"),
        ("c", "hand the rate on"),
        ("c*x", "x is not given"),
        ("a +* c", "a formula is wanted"),
        ("a + c", "a·(1 − a)"),
    ],
    "15.4": [
        ("c/b + a*d/b^2", "mind the sign"),
        ("c/d", "quotient of the rates"),
        ("c/b - d/b^2", "the a is missing"),
        ("(c*b - a*d)/b", "is squared"),
        ("c*d", "add up"),
    ],
    "15.5": [
        (lambda f, at, along: sum(grad(f)(*at)), "weigh each slope"),
        (lambda f, at, along: f(*map(Value, at)), "the value of f"),
        (
            lambda f, at, along: max(g * v for g, v in zip(grad(f)(*at), along, strict=True)),
            "all inputs move at once",
        ),
        (lambda f, at, along: 0.0, "it is 23"),
        (0.5, "a function is wanted"),
    ],
    "15.6": [
        (lambda root, rates: moving(root, rates, overwrite=True), "x + y moves at 1 + 5 = 6"),
        (lambda root, rates: moving(root, rates, once=True), "both wires count"),
        (lambda root, rates: moving(root, dict.fromkeys(rates, 1.0)), "x + y moves at 1 + 5 = 6"),
        (lambda root, rates: 6.0, "as a dictionary"),
    ],
    "16.5": [
        (one_sided, "at a = -0.5 its slope is 0.4444, your row says 4"),
        (autodiff.GATES["tanh"], "its value is 0.3333, yours is 0.4621"),
        (lambda a: a / (1 + abs(a)), "hand over the gate"),
        (autodiff.GATES["mul"], "yours has a, b"),
    ],
    "16.6": [
        (flat_bump, "its slope is -0.7788, your row says -0.3894"),
        (autodiff.GATES["exp"], "its value is 0.7788"),
        ("-2 * a * out", "hand over the gate"),
    ],
    **WORKSHOP,
}


def test_every_exercise_has_a_checker_and_every_checker_is_tried() -> None:
    expected = sorted(number for path in NOTEBOOKS for number in asked(path))
    assert sorted(exercises.CHECKERS) == expected
    assert set(expected) == {*RIGHT, *exercises.TABLES} == {*WRONG, *exercises.TABLES}


def test_every_checker_is_tried_with_three_wrong_answers_or_more() -> None:
    assert [number for number, tried in WRONG.items() if len(tried) < 3] == []


@pytest.mark.parametrize("number", exercises.TABLES)
def test_an_exercise_that_is_a_table_accepts_the_first_and_explains_the_others(number: str) -> None:
    right, *wrong = exercises.TABLES[number].items()
    assert right[1] is None
    assert len(wrong) >= 3
    assert exercises.check(number, right[0])
    for answer, reason in wrong:
        assert exercises.check(number, answer).reason == reason
    others: dict[type, Any] = {str: "a + 12345", int: 12345.678, float: 12345.678}
    otherwise = others.get(type(right[0]), lambda *given: 12345.678)
    verdict = exercises.check(number, otherwise)
    assert verdict.right is False
    assert "raises" not in verdict.reason


def case(number: str, *values: Any) -> Any:
    marks = [pytest.mark.torch] if number in ("17.1", "17.3") else []
    return pytest.param(number, *values, marks=marks)


@pytest.mark.parametrize(
    ("number", "answer"),
    [case(number, answer) for number, all_ in RIGHT.items() for answer in all_],
)
def test_a_right_answer_is_accepted(number: str, answer: Any) -> None:
    if number in ("17.1", "17.3"):
        oracle("torch")
    answer = answer() if answer in MADE else answer
    verdict = exercises.check(number, answer)
    assert verdict, verdict
    assert str(verdict) == f"✓ {number}: right"


@pytest.mark.parametrize(
    ("number", "answer", "why"),
    [case(number, answer, why) for number, all_ in WRONG.items() for answer, why in all_],
)
def test_a_wrong_answer_is_told_why(number: str, answer: Any, why: str) -> None:
    if number in ("17.1", "17.3"):
        oracle("torch")
    answer = answer() if answer in MADE else answer
    verdict = exercises.check(number, answer)
    assert verdict.right is False
    assert why in verdict.reason


@pytest.mark.parametrize("number", exercises.CHECKERS)
def test_no_answer_is_neither_right_nor_wrong(number: str) -> None:
    verdict = exercises.check(number, ...)
    assert verdict.right is None
    assert not verdict
    assert exercises.check(number, [..., 3]).right is None


def test_a_number_of_no_exercise_is_said() -> None:
    assert "no such exercise" in exercises.check("9.99", 3).reason
    assert "no such exercise" in exercises.check(1.1, 3).reason  # type: ignore[arg-type]


def test_formulas_and_arrays_are_taken_as_people_write_them() -> None:
    assert exercises.check("1.5", "2*a²*x + 2*a*b")
    assert exercises.check("1.1", np.array([2, 2, 3, -3]))


def test_an_answer_cannot_inject_markup() -> None:
    assert "<b>" not in exercises.check("1.1", "<b>")._repr_html_()


# ── hints, guesses, solutions ────────────────────────────────────────────────────────────────

SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.md"))


def test_hints_come_one_by_one_and_end_with_where_the_solution_is() -> None:
    steps = exercises.HINTS["15.4"]
    told = [exercises.hint("15.4").reason for _ in range(len(steps) + 1)]
    assert told[:-1] == list(steps)
    assert "solutions" in told[-1]


def test_a_guess_is_compared_with_what_comes_out() -> None:
    assert exercises.guess(2).reveal(2.0)
    assert exercises.guess([1, 2]).reveal(np.array([1.0, 2.0]))
    assert str(exercises.guess(3).reveal(2.5)) == "✗ your guess: 3, and it is 2.5"
    assert exercises.guess([..., ...]).reveal([2.5, 3]).right is None


def test_what_comes_out_is_folded_away_until_it_was_guessed() -> None:
    verdict = exercises.guess().reveal(2.5)
    assert "2.5" not in str(verdict)
    shown, _, folded = verdict._repr_html_().partition("</summary>")
    assert "2.5" not in shown
    assert "2.5" in folded


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=[pytest.mark.torch] * ("torch" in p.stem)) for p in SOLUTIONS],
    ids=lambda path: path.stem,
)
def test_a_solution_passes_its_own_checker(path: Path) -> None:
    """Every exercise of a notebook that has solutions is worked out, with more words than code."""
    notebook = next(book for book in NOTEBOOKS if book.stem == path.stem)
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"(?s)```python\n(.*?)```", text)
    verdicts: list[exercises.Verdict] = []

    def check(number: str, answer: Any) -> exercises.Verdict:
        verdicts.append(exercises.check(number, answer))
        return verdicts[-1]

    space: dict[str, Any] = {
        **{name: getattr(library, name) for library in (autodiff, nn) for name in library.__all__},
        "np": np,
        "math": math,
        "check": check,
        "make_moons": make_moons,
        "load_digits": load_digits,
        "train_test_split": train_test_split,
    }
    if "torch" in text:
        space["torch"] = oracle("torch")
    for block in blocks:
        exec(block, space)
    assert [verdict.number for verdict in verdicts] == asked(notebook)
    assert all(verdicts), [str(verdict) for verdict in verdicts if not verdict]


def test_every_notebook_with_six_exercises_has_its_solutions() -> None:
    wanted = [path.stem for path in NOTEBOOKS if len(asked(path)) > 3]
    assert [path.stem for path in SOLUTIONS] == wanted
