"""A network in a file of its own, without this library: in C, JavaScript, Python or NumPy."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ...formula.atoms import ATOMS
from ..kept.texts import numpy_text
from ..version import Version
from ..write.descent import step_source
from ..write.elements import name_of
from ..write.loops import SAYS, loops_source
from .translate import Translator, spelled

__all__ = ["Network", "Training", "text_of"]

LANGUAGES = ("c", "javascript", "python", "numpy")

_TABLE = re.compile(r"^(\w+) = (.*(?:\n[^\w@].*)*)", re.MULTILINE)

# what JavaScript's Math has not, and Python has built in
_MISSING = {
    name
    for name, atom in ATOMS.items()
    if atom.javascript_helper and not inspect.isfunction(atom.python)
}
_SAYS = {
    "gradient": SAYS["gradient"],
    "train": "One step of the optimiser: fills grad and moves theta. Returns the mean loss before "
    "it.",
}


class Training(NamedTuple):
    """A loss' program, and an optimiser's rule with its settings if steps are wanted."""

    loss: Version
    rule: Callable[..., None] | None = None
    settings: Sequence[float] = ()


class Network(NamedTuple):
    """What a file is made of: its parameters, and the program of the outputs, or of a loss, or
    both."""

    title: str
    theta: NDArray[Any]
    outputs: Version | None = None
    training: Training | None = None

    @property
    def sizes(self) -> tuple[int, int]:
        """How many numbers one example has, and its outputs."""
        assert self.outputs is not None
        function = self.outputs.function
        return sum(array.size for array in function.inputs), function.output.shape[-1]

    @property
    def arguments(self) -> list[str]:
        """What `predict` calls those of one example."""
        assert self.outputs is not None
        names = [spelled(name_of(array)) for array in self.outputs.function.inputs]
        return names if len(names) > 1 else ["x"]

    @property
    def lengths(self) -> list[tuple[str, int]]:
        """How many numbers each of them has."""
        assert self.outputs is not None
        sizes = [array.size for array in self.outputs.function.inputs]
        return list(zip(self.arguments, sizes, strict=True))


def text_of(network: Network, language: str) -> str:
    """The text of a file: `predict` gives one example's outputs, `gradient` the mean loss of E
    examples and its gradient, `train` makes a step of the optimiser."""
    if language not in LANGUAGES:
        raise ValueError(f"language must be one of {', '.join(LANGUAGES)}; got {language!r}")
    says = [network.title, f"Parameters: {network.theta.size}. Written by glassgrad."]
    sources = []
    dtype = "float64"
    if network.outputs is not None:
        dtype = network.outputs.function.dtype
        sources.append(loops_source(network.outputs.function, loss=False))
        says.append(
            "predict: the numbers of one example in ({}), those of its outputs out ({}).".format(
                *network.sizes
            )
        )
    if network.training is not None:
        version, rule, settings = network.training
        dtype = version.function.dtype
        sources.append(loops_source(version.function))
        says.append("gradient: E examples, one after the other in each array.")
        if rule is not None:
            text, memory = step_source(version.function, rule, settings)
            sources.append(text)
            says.append(f"train: state has {memory} numbers, 0 at first." * (memory > 0))
    if language == "numpy":
        return _numpy(network, "\n".join(says[:2]))
    what, body = "\n".join(filter(None, says)), _merged(sources)
    write = _python if language == "python" else _braces
    return write(network, what, body, language, dtype)


def _apart(sources: Iterable[str]) -> list[str]:
    """The texts of several modules, with names apart for tables that share a name and no more."""
    taken: dict[str, str] = {}
    found = []
    for source in sources:
        own: dict[str, str] = {}
        for name, value in _TABLE.findall(source):
            own[name] = name
            while taken.setdefault(own[name], value) != value:
                own[name] += "_"
        found.append(_renamed(source, own))
    return found


def _renamed(source: str, names: Mapping[str, str]) -> str:
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), source)


def _merged(sources: Iterable[str]) -> list[ast.stmt]:
    """The statements of several modules, each once."""
    nodes = (node for source in _apart(sources) for node in ast.parse(source).body)
    return list({ast.unparse(node): node for node in nodes}.values())


def _braces(network: Network, what: str, body: list[ast.stmt], language: str, dtype: str) -> str:
    """A file in C or JavaScript."""
    out = Translator(language)
    out.put("comment", what.replace("*/", "* /"))
    out.put("head", {"float64": "double", "float32": "float"}[dtype])
    out.lines.append("")
    out.table("parameters", "parameters", network.theta.tolist())
    out.lines.append("")
    called = {n.id for node in body for n in ast.walk(node) if isinstance(n, ast.Name)}
    if language == "javascript":
        out.lines += [ATOMS[atom].javascript_helper for atom in sorted(called & _MISSING)]
    out.module(body, _SAYS)
    if network.outputs is not None:
        names = network.arguments
        arrays = ", ".join(map(out.say["array"].format, names))
        checks = "".join(f'    expect("{a}", {a}, {size});\n' for a, size in network.lengths)
        out.put("predict", arrays, ", ".join(names), network.sizes[1], checks)
    return out.text()


def _python(network: Network, what: str, body: list[ast.stmt], *_: str) -> str:
    """A file in Python that imports `math` alone."""
    numbers = _numbers(network)
    ahead = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    parts = [f"{_hashes(what)}\n", *map(ast.unparse, ahead), f"\nparameters = {numbers}"]
    for node in body[len(ahead) :]:
        says = _SAYS.get(getattr(node, "name", ""), "")
        comment = _hashes(says) + "\n" if says else ""
        parts.append(
            f"\n\n{comment}{ast.unparse(node)}".removeprefix("\n" * isinstance(node, ast.Assign))
        )
    if network.outputs is not None:
        names = ", ".join(network.arguments)
        checks = "".join(
            f"    if len({a}) != {size}:\n"
            f'        raise ValueError(f"{a} has {{len({a})}} numbers, expected {size}")\n'
            for a, size in network.lengths
        )
        parts.append(
            f"\n\ndef predict({names}):\n{checks}    out = [0.0] * {network.sizes[1]}\n"
            f"    outputs(parameters, {names}, out)\n    return out"
        )
    return "\n".join(parts) + "\n"


def _hashes(what: str) -> str:
    """Lines of comment, whatever is in them."""
    return "\n".join(f"# {line}" for line in what.splitlines())


def _numbers(network: Network) -> str:
    """The parameters as a list."""
    text = ", ".join(map(repr, network.theta.tolist()))
    wrapped = textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="    ")
    return f"[\n{wrapped}\n]"


def _numpy(network: Network, what: str) -> str:
    """A file with the array programs; `predict` and `value_and_grad` take all rows at once."""
    sources = []
    if network.outputs is not None:
        sources.append(numpy_text(network.outputs.function, loss=False))
    if network.training is not None:
        sources.append(numpy_text(network.training.loss.function))
    head = "import numpy as np\n"
    blocks = dict.fromkeys(b for s in _apart(sources) for b in s.split("\n\n\n"))  # each once
    body = "\n\n\n".join(block.strip("\n") for block in blocks if block.strip() != head.strip())
    numbers = _numbers(network)
    made = f"parameters = np.array({numbers}, dtype=np.{network.theta.dtype})"
    text = f"{_hashes(what)}\n\n{head}\n{made}\n\n\n{body}\n"
    if network.outputs is not None:
        arrays = ", ".join(array.name for array in network.outputs.function.inputs)
        text += f"\n\ndef predict({arrays}):\n    return outputs(parameters, {arrays})\n"
    return text
