"""One function for each attack. It makes something of a seed, hands it to the library, and raises
whatever is a defect: a wrong number, an exception of another kind than the documented one."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import os
import platform
import random
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock
from xml.etree import ElementTree as ET

import numpy as np

import viz
from autodiff import DomainError, Value, hessian, parse
from autodiff.text.composed import COMPOSED
from autodiff.text.expression import ExpressionError
from nn import MLP, Conv1D, Flatten, Layer, LayerNorm, Residual, Sequential, load, save
from nn.exchange.serialization import FORMAT, architecture
from tests.autodiff.compiler.test_equality import agree, split
from tests.fuzz.faults import full_disk, interrupts, kills
from tests.fuzz.threads import threads
from tests.random_graphs import BUILT_IN, Recipe, random_recipe
from viz.command.cli import main

__all__ = ["ATTACKS", "Attack"]


# ── numbers: against independent programs ────────────────────────────────────────────────────


def graphs(seed: int, folder: Path) -> None:
    """Values and gradients of a random graph, and the Hessian of a smaller one, equal PyTorch's."""
    from tests.autodiff.test_random_graphs import _slopes, close, on_torch, torch

    def theirs(recipe: Recipe, second: bool) -> list[float]:
        root, tensors = on_torch(recipe)
        slopes = torch.autograd.grad(root, tensors, create_graph=second, allow_unused=True)
        if second:
            return [entry for slope in slopes for entry in _slopes(slope, tensors)]
        return [root.item(), *(0.0 if slope is None else slope.item() for slope in slopes)]

    def compare(recipe: Recipe, ours: list[float], second: bool, digits: float) -> None:
        for k, (our, their) in enumerate(zip(ours, theirs(recipe, second), strict=True)):
            if not close(our, their, digits):  # as far as PyTorch's stays when last digits move
                moved = [
                    theirs(_moved(recipe, ulps), second)[k]
                    for ulps in range(-1_000_000, 1_000_001, 125_000)
                ]
                assert abs(our - their) <= max(moved) - min(moved), (our, their)

    torch.set_num_threads(1)
    recipe = random_recipe(seed)
    root, leaves = recipe.build()
    root.backward()
    compare(recipe, [root.data, *(leaf.grad for leaf in leaves)], False, 1e-10)
    small = random_recipe(seed, size=1 + seed % 12, leaves=1 + seed % 3)
    second = hessian(small.on_values)(*small.leaves)
    compare(small, [entry for row in second for entry in row], True, 1e-9)


def _moved(recipe: Recipe, ulps: int) -> Recipe:
    return Recipe(tuple(x + ulps * math.ulp(x) for x in recipe.leaves), recipe.steps)


def programs(seed: int, folder: Path) -> None:
    """Compiled for NumPy and to machine code, a random loss equals the eager engine."""
    rng = random.Random(seed)
    size = 3 + int(28 * rng.random() ** 4)  # machine code of many gates takes long to make
    recipe = random_recipe(seed, size, leaves=rng.randint(2, 5))
    f, _, X = split(recipe, rng.randint(1, len(recipe.leaves) - 1))
    for backend in ("numpy", "native"):
        agree(f, X, backend=backend)


def machine_code(seed: int, folder: Path) -> None:
    """Vectors of any width and any number of rows: machine code of a random program, or of a
    network in either precision, equals the one for NumPy."""
    from tests.autodiff.compiler.llvm.test_emit import (
        OLDER,
        WIDTHS,
        assert_agree,
        machine,
        recipe_as_loss,
    )

    rng = random.Random(seed)
    host, lanes = machine.host(), rng.choice(WIDTHS)
    if lanes > host.lanes or platform.machine() not in ("x86_64", "AMD64"):
        lanes = host.lanes
    rows = rng.choice([1, 2, 3, 7, 8, 9, 15, 16, 17, 33, 127, 128, 129, rng.randint(1, 300)])
    f, X = _network(rng) if seed % 2 else recipe_as_loss(seed)
    X = np.resize(X, (rows, *X.shape[1:]))
    X = X * (1 + 1e-6 * np.random.default_rng(seed).normal(size=X.shape))
    single = seed % 6 == 1  # random programs may lose all of its digits
    dtype, digits = ("float32", 1e-3) if single else ("float64", 1e-12)
    wide = host if lanes == host.lanes else machine.Processor(*OLDER[lanes])
    # the rows are not quite those for which the program was drawn: a gate may have no value there
    with mock.patch.object(machine, "host", return_value=wide), contextlib.suppress(DomainError):
        assert_agree(f, X, rows=(rows,), dtype=dtype, rtol=digits)


def _network(rng: random.Random) -> tuple[Callable[[Any], Any], np.ndarray]:
    """Layers of all kinds one after the other, with a loss that has no kinks."""
    n = rng.randint(1, 40)
    model, width = Sequential(), n
    if n > 4 and rng.random() < 0.3:
        model = Sequential(Conv1D(1, 2, rng.randint(2, 4), "tanh", rng=rng), Flatten())
        width = len(model([0.0] * n))
    for _ in range(rng.randint(1, 3)):
        smooth = rng.choice(["tanh", "sigmoid", "softplus", "gelu", "softmax", None])
        more: list[Any] = [Layer(width, width := rng.randint(2, 40), smooth, rng=rng)]
        if rng.random() < 0.3:
            more.append(LayerNorm(width))
        if rng.random() < 0.3:
            more.append(Residual(Layer(width, width, "tanh", rng=rng)))
        model = Sequential(*model.layers, *more)
    X = np.random.default_rng(rng.randint(0, 999)).normal(size=(8, n))
    return lambda x: sum(z * z for z in model(x)) / width, X


# ── texts: only the documented error comes out ───────────────────────────────────────────────

_WORDS = [
    *BUILT_IN, *COMPOSED, *"xyzwbθσ√∂π∞", *"0123456789", *"+-*/^()[]{},;:=|.!?%&@#$~`'\"\\<>_ ",
    "**", "//", "2π", "x₁", "²", "⁻¹", "½", "e", "1e", "1e999", "0x1f", "1_000", "inf", "nan",
    "lambda", "__import__", "if", "else", "for", "import os", "x.data", "x[0]", "=", "==", ":=",
    "\n", "\t", "\0", "\x1b", "\ud800", "é", "（", "）", "×", "÷", "·", "−", "‮", "梯度", "🎈",
]  # fmt: skip
_SOUND = ["(x + y) * z", "σ(w*x + b)", "z = dot(w, x) + b; σ(z)", "x^2 / y", "max(x, y) - |z|",
          "softplus(x)", "log(x) + √y", "exp(-(x^2)) * 2π", "mean(w)",
          "y = x^2; y + σ(y)"]  # fmt: skip


def _text(rng: random.Random) -> str:
    """Noise, words at random, or a sound expression with a few changes."""
    kind = rng.random()
    if kind < 0.2:
        return "".join(chr(rng.randrange(0x11000)) for _ in range(rng.randint(0, 30)))
    if kind < 0.5:
        return "".join(rng.choice(_WORDS) for _ in range(rng.randint(1, 25)))
    if kind < 0.55:
        return rng.choice(["(", "-", "[", "σ(", "x+", "|", "√"]) * rng.choice([10, 1000, 20_000])
    text = rng.choice(_SOUND)
    for _ in range(rng.randint(0, 3)):
        k = rng.randrange(len(text) + 1)
        text = text[:k] + rng.choice(["", rng.choice(_WORDS)]) + text[k + rng.randint(0, 2) :]
    return text


def expressions(seed: int, folder: Path) -> None:
    """A text is a graph, with both passes, or an ExpressionError."""
    rng = random.Random(seed)
    values = {name: rng.choice([0.0, 1.0, -2.0, 0.5, 3.0, 1e-300, 1e300]) for name in "xyzb"}
    text = _text(rng)
    used = {name: value for name, value in values.items() if name in text}
    rows = {"w": [2.0, -3.0]} if "w" in text else {}
    with contextlib.suppress(ExpressionError):
        parse(text, {**used, **rows}).backward()


def command_lines(seed: int, folder: Path) -> None:
    """The command answers with an exit status, and says why in words."""
    rng = random.Random(seed)
    flags = [
        "--steps", "--explain", "--paths", "--latex", "--json", "--digits", "--quiet", "--style",
        "--parts", "--flow", "--title", "--scale", "--dpi", "--nonsense", "-x", "--", "-o", "-",
        "gates", "worksheet", "demo --quick", "playground", "--seed", "--count", "--version",
    ]  # fmt: skip
    words = rng.choice(flags[18:21]).split() if rng.random() < 0.1 else [_text(rng)]
    if words[0] in ("demo", "playground", "worksheet"):
        words += ["--help"]
    for _ in range(rng.randint(0, 5)):
        words.append(
            rng.choice(flags[:15])
            if rng.random() < 0.4
            else rng.choice("xyzwb")
            + "="
            + rng.choice(["1", "-2", "1,2", "pi/2", "1e999", "", "x"])
        )
    words = [word for word in words if "\0" not in word and word != "-"]
    said, refused = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(refused):
        status = main(words)
    assert status in (0, 1, 2), (words, status)
    assert bool(refused.getvalue()) == (status != 0) or status == 0, words
    assert "Traceback" not in refused.getvalue(), words


# ── files from others ────────────────────────────────────────────────────────────────────────

_MODELS: list[Callable[[], Any]] = [
    lambda: MLP(2, [3, 1], rng=0),
    lambda: Sequential(Layer(2, 3, "relu", rng=1), LayerNorm(3), Residual(Layer(3, 3, "tanh"))),
    lambda: Sequential(Conv1D(1, 2, 3, stride=2), Flatten(), Layer(4, 1)),
]
_ODD = [None, -1, 0, 1, 2, 10**9, 10**30, 1.5, "x", "relu", [], {}, [1, 2], True, "a" * 100,
        {"same as": 0}, {"same as": 99}, {"class": "Layer"}]  # fmt: skip


def model_files(seed: int, folder: Path) -> None:
    """A damaged or forged file gives a network or a ValueError, and costs no more than itself."""
    from safetensors.numpy import save_file

    rng, path = random.Random(seed), folder / "model.safetensors"
    model = rng.choice(_MODELS)()
    if rng.random() < 0.5:
        save(model, path)
        data = bytearray(path.read_bytes())
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
    else:
        described = json.loads(json.dumps(architecture(model)))
        for _ in range(rng.randint(1, 3)):
            holder, key = rng.choice(list(_places(described)) or [({}, "class")])
            holder[key] = copy.deepcopy(rng.choice(_ODD))
        state = {name: np.asarray(array) for name, array in model.state_dict().items()}
        save_file(state, path, {"format": FORMAT, "architecture": json.dumps(described)})
    with contextlib.suppress(ValueError):
        load(path)


def _places(described: Any) -> Any:
    """Everything in nested data that can be replaced, as (holder, key)."""
    keys = described if isinstance(described, dict) else range(len(described))
    for key in list(keys):
        yield described, key
        if isinstance(described[key], dict | list):
            yield from _places(described[key])


def tables(seed: int, folder: Path) -> None:
    """A CSV for the playground becomes a page or a ValueError."""
    rng, path = random.Random(seed), folder / "table.csv"
    cells = ["1", "-2.5", "a", "b", "", "nan", "1e999", '"', "'", "x" * 200_000, "1,5", "é", "\0"]
    lines = [
        rng.choice([",", ";", "\t"]).join(rng.choice(cells[: rng.randint(2, len(cells))])
                                          for _ in range(rng.choice([2, 3, 3, 3, 4])))
        for _ in range(rng.randint(0, 8))
    ]  # fmt: skip
    data = (
        rng.choice(["\n", "\r\n", "\r"])
        .join(lines)
        .encode(rng.choice(["utf-8", "utf-16", "latin-1"]), "replace")
    )
    path.write_bytes(data)
    with contextlib.suppress(ValueError):
        viz.playground(csv=path)


# ── labels: nothing of them becomes markup ───────────────────────────────────────────────────

_LABELS = [
    "<script>alert(1)</script>", "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>', "]]>", "<!--", "-->", "${7*7}", "{{7*7}}", "`", "\\", "\\N", "\n",
    "p(x|y)", "<b>", "&amp;", "&#60;", "%s", "javascript:alert(1)", "x" * 500, "\u202e", "\ud800",
    "梯度", "🎈", "\0", "\x07", "'", '"', "//evil.example/x.js", "\u2028", "--!>",
]  # fmt: skip


class _Markup(HTMLParser):
    """The elements of a page, its event handlers, and what it would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] + [
            f"{tag} {name}" for name, _ in attrs if re.match("on|src|href", name)
        ]


def labels(seed: int, folder: Path) -> None:
    """Pages and pictures have the same elements whatever the labels say."""
    rng = random.Random(seed)

    def graph(*names: str) -> Value:
        a, b, c = (Value(k - 1.5, label=name) for k, name in enumerate(names[:3]))
        (product := a * b).label = names[3]
        return product.sigmoid() + c

    hostile = graph(*("".join(rng.choices(_LABELS, k=rng.randint(1, 3))) for _ in range(4)))
    plain = graph("a", "b", "c", "d")
    make = rng.choice([viz.explore, viz.worksheet, viz.bug_zoo])
    assert _Markup(make(hostile).html).found == _Markup(make(plain).html).found, make.__name__
    style = rng.choice(["circuit", "record"])
    path = folder / "picture"
    drawn = viz.draw(hostile, style).render(path, format="svg")
    root = ET.parse(drawn).getroot()  # well-formed, first of all
    for element in root.iter():
        tag = str(element.tag).rpartition("}")[2]
        assert tag in _ELEMENTS, tag
        assert not [name for name in element.attrib if name.lower().startswith("on")]
    viz.explain(hostile.parents[0], hostile)


_ELEMENTS = {"svg", "title", "desc", "g", "path", "polygon", "polyline", "ellipse", "text", "a",
             "style", "defs", "rect", "line", "circle", "tspan"}  # fmt: skip


class Attack(NamedTuple):
    """A name, what must hold, how it is tried, how many cases a run of the tests tries, and how
    many the page in the docs asks for."""

    name: str
    run: Callable[[int, Path], None]
    cases: int
    goal: int

    @property
    def claim(self) -> str:
        return str(self.run.__doc__).replace("\n    ", " ")


ATTACKS = [
    Attack("graphs", graphs, 20, 100_000),
    Attack("programs", programs, 5, 100_000),
    Attack("machine code", machine_code, 10, 5_000),
    Attack("expressions", expressions, 300, 1_000_000),
    Attack("command lines", command_lines, 50, 100_000),
    Attack("model files", model_files, 100, 10_000),
    Attack("tables", tables, 50, 10_000),
    Attack("labels", labels, 5, 1_000),
    Attack("interrupts", interrupts, 50, 10_000),
    Attack("threads", threads, 8, 1_000),
]
if hasattr(os, "fork"):
    ATTACKS += [Attack("kills", kills, 10, 5_000), Attack("full disk", full_disk, 10, 5_000)]
