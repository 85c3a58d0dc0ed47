"""Save and load: parameters as safetensors, the architecture as text in the file's metadata.

Nothing is pickled, so a file from a stranger can be read without running anything of it.
"""

from __future__ import annotations

import glob
import inspect
import json
import math
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ..activations import Activation
from ..checks import count
from ..conv import Conv1D, Conv2D, Flatten
from ..layers import MLP, Layer
from ..module import Module
from ..normalisation import LayerNorm, RMSNorm
from ..optimisers import OPTIMISERS, Optimiser, Rate
from ..report.options import options
from ..sequential import Residual, Sequential
from ..transformer.attention import AttentionHead, SelfAttention
from ..transformer.block import Positionwise, TransformerBlock
from ..transformer.dropout import Dropout
from ..transformer.embedding import Embedding

__all__ = ["architecture", "build", "load", "load_optimiser", "save"]

FORMAT = "glassgrad 1"
ABANDONED = 3600.0  # seconds; a younger file beside the target may still be written
MODULES = 10_000  # more than any network has that is made of scalars
DEEP = 100  # modules within each other
OPTIMISER = "(optimiser)"  # no attribute is called so
DAMAGED = (
    AttributeError,
    IndexError,
    KeyError,
    OverflowError,
    RecursionError,
    TypeError,
    ValueError,
)
OTHERS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".npz", ".npy", ".json", ".h5", ".onnx")


def save(model: Module, path: str | os.PathLike[str], optimiser: Optimiser | None = None) -> None:
    """Write `model` to `path` ("....safetensors"), or leave the old file as it was.

    The file holds the state dict and, for a network made of this package's modules, its
    architecture, so that `load(path)` can rebuild it; the labels of its classes (as text, if they
    are neither text nor numbers); and, if it is given, the optimiser with its state, for
    `load_optimiser`. The new file is written beside the old one and then takes its place in one
    step: whatever happens, one of the two is there, whole.
    What a save that was killed has left beside it goes with the next one. A link stays a link.

    Raises ValueError for a name that promises another format, for a folder, a pipe or a device,
    and for a parameter that is not finite, which `load` would refuse.
    """
    from safetensors.numpy import save as to_bytes

    target = Path(os.path.realpath(_place(path, "save(model, path)")))
    if target.suffix in OTHERS:
        raise ValueError(
            f"the file is safetensors, and {target.name!r} has the suffix {target.suffix!r}: call "
            f"it {target.stem + '.safetensors'!r}"
        )
    if target.exists() and not target.is_file():
        raise ValueError(f"{os.fspath(path)!r} is no file; give the name of one")
    state = model.state_dict()
    if optimiser is not None:
        state[OPTIMISER] = optimiser.state
    if lost := [name for name, array in state.items() if not np.isfinite(array).all()]:
        raise ValueError(
            f"{lost[0]} contains a number that is not finite, so nothing was saved: the training "
            "diverged; load the last good file, or train anew with a smaller learning rate"
        )
    metadata = {"format": FORMAT}
    try:
        metadata["architecture"] = json.dumps(architecture(model), default=float)
    except ValueError:  # a class of the user's own: load(path, model) still works
        metadata["class"] = type(model).__name__
    if model.classes:
        kept = {"classes": model.classes, "counts": model.class_counts}
        metadata["classes"] = json.dumps(kept, default=str)
    if optimiser is not None:
        metadata["optimiser"] = json.dumps(_describe_optimiser(optimiser, model), default=float)
    data = to_bytes({name: array.copy() for name, array in state.items()}, metadata=metadata)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    for left in target.parent.glob(f".{glob.escape(target.name)}.{'[0-9a-f]' * 16}"):
        with suppress(FileNotFoundError):  # another thread's: it has just taken its place
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()
    try:
        with fresh.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, fresh)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def load(path: str | os.PathLike[str], model: Module | None = None) -> Module:
    """Rebuild the network that `save` wrote; or, if `model` is given, fill that one.

    Nothing is built that is larger than what the file holds, so a file from a stranger costs no
    more than its own size. Raises ValueError for whatever is wrong with a file: truncated or of
    another kind, names or shapes that do not fit (naming them), or no architecture where `model`
    is not given.
    """
    metadata, state = _read(path, "load(path, model)")
    state.pop(OPTIMISER, None)
    if model is None:
        model = _rebuild(metadata, os.fspath(path), sum(array.size for array in state.values()))
    try:
        model.load_state_dict(state)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from None
    if "classes" in metadata:
        try:
            kept = json.loads(metadata["classes"])
            model.classes, model.class_counts = tuple(kept["classes"]), tuple(kept["counts"])
        except DAMAGED as error:
            raise ValueError(f"{os.fspath(path)!r}: its classes cannot be read: {error}") from None
    return model


def load_optimiser(
    path: str | os.PathLike[str], model: Module, lr: Rate | None = None
) -> Optimiser:
    """The optimiser that `save` wrote beside the network, to go on training `model` with.

    lr  takes the place of the saved rate; needed if that was a function

    >>> import tempfile
    >>> from nn import MLP, fit
    >>> X, Y = [[0.0], [1.0]], [0.0, 1.0]
    >>> model = MLP(1, [3, 1], rng=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     history = fit(model, X, Y, "mse", "adam", epochs=3, progress=False)
    ...     save(model, f"{folder}/m.safetensors", history.optimiser)
    ...     again = load(f"{folder}/m.safetensors")
    ...     optimiser = load_optimiser(f"{folder}/m.safetensors", again)
    >>> optimiser.steps, (optimiser.state == history.optimiser.state).all()
    (3, np.True_)

    Raises ValueError if the file has none, or if it does not fit the model.
    """
    metadata, state = _read(path, "load_optimiser(path, model)")
    if "optimiser" not in metadata:
        raise ValueError(
            f"{os.fspath(path)!r} holds no optimiser; write it with save(model, path, optimiser)"
        )
    try:
        return _build_optimiser(json.loads(metadata["optimiser"]), state[OPTIMISER], model, lr)
    except DAMAGED as error:
        raise ValueError(f"{os.fspath(path)!r}: its optimiser does not fit: {error}") from None


def _build_optimiser(
    described: Description, remembered: Any, model: Module, lr: Rate | None
) -> Optimiser:
    options = described["options"] | ({} if lr is None else {"lr": lr})
    if options["lr"] is None:
        raise ValueError("the saved lr was a function; give it as lr=")
    parameters, places = model.parameters(), described["parameters"]
    if min(places) < 0 or max(places) >= len(parameters):
        raise ValueError(f"it moves {len(places)} parameters, the network has {len(parameters)}")
    made = OPTIMISERS[described["class"]]([parameters[place] for place in places], **options)
    if not np.isfinite(remembered).all():
        raise ValueError("its state contains a number that is not finite")
    made.steps = count("steps", described["steps"], least=0)
    made.state[:] = remembered
    return made


def _describe_optimiser(optimiser: Optimiser, model: Module) -> Description:
    name = type(optimiser).__name__.lower()
    if type(optimiser) is not OPTIMISERS.get(name):
        raise ValueError(f"save: {type(optimiser).__name__} is not one of glassgrad's optimisers")
    place = {parameter: k for k, parameter in enumerate(model.parameters())}
    if not all(parameter in place for parameter in optimiser.parameters):
        raise ValueError("save: this optimiser moves parameters that are not the model's")
    names = [*inspect.signature(type(optimiser)).parameters][1:]
    given = {name: getattr(optimiser, name) for name in names}
    return {
        "class": name,
        "options": given | ({"lr": None} if callable(optimiser.lr) else {}),
        "steps": optimiser.steps,
        "parameters": [place[parameter] for parameter in optimiser.parameters],
    }


def _read(path: Any, call: str) -> tuple[dict[str, str], dict[str, Any]]:
    """The metadata and the arrays of a file."""
    from safetensors import SafetensorError, safe_open

    if not _place(path, call).is_file():
        raise FileNotFoundError(f"there is no file {os.fspath(path)!r}")
    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return file.metadata() or {}, arrays
    except SafetensorError as error:
        raise ValueError(
            f"{os.fspath(path)!r} is not a whole safetensors file ({error}); it may be truncated, "
            "or of another kind"
        ) from None
    except (AttributeError, TypeError) as error:  # a type of numbers that NumPy does not have
        raise ValueError(
            f"{os.fspath(path)!r} holds numbers of a type that NumPy has not ({error}); save them "
            "as float64 or float32"
        ) from None


def _place(path: Any, call: str) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{call}: path is a name such as 'm.safetensors', got {path!r}")
    return Path(path)


def _rebuild(metadata: dict[str, str], path: str, numbers: int) -> Module:
    if "architecture" not in metadata:
        saved = metadata.get("class")
        what = f"of a class of its own, {saved}" if saved else "without glassgrad's architecture"
        raise ValueError(
            f"{path!r} holds the parameters of a network {what}; build the network and give it "
            "as load(path, model)"
        )
    if metadata.get("format") != FORMAT:
        raise ValueError(
            f"{path!r} has the format {metadata.get('format')!r}; this version reads {FORMAT!r}"
        )
    try:
        return _Building(numbers).module(json.loads(metadata["architecture"]))
    except RecursionError:
        raise ValueError(f"{path!r}: its architecture is nested too deep") from None
    except DAMAGED as error:
        raise ValueError(f"{path!r}: its architecture cannot be rebuilt: {error!r}") from None


# ── the architecture as plain data ───────────────────────────────────────────────────────────

Description = dict[str, Any]

_HOLDERS = (Sequential, MLP, Residual, Positionwise)  # of modules
_OTHERS = (Layer, LayerNorm, RMSNorm, Activation, Flatten, Conv1D, Conv2D, Embedding,
           AttentionHead, SelfAttention, TransformerBlock, Dropout)  # fmt: skip
_KINDS: dict[str, type[Module]] = {kind.__name__: kind for kind in (*_HOLDERS, *_OTHERS)}


def architecture(model: Module) -> Description:
    """The network as plain data: classes by name, with what their constructors are given.

    >>> architecture(Sequential(Layer(2, 1, "tanh"))) == {
    ...     "class": "Sequential",
    ...     "modules": [{"class": "Layer", "nin": 2, "nout": 1, "activation": "tanh"}],
    ... }
    True

    Raises ValueError for a class that is not this package's, and for an activation without a
    name. A module that occurs twice is written "same as" its first place, and stays one module.
    """
    return _describe(model, {})


def _describe(module: Module, seen: dict[Module, int]) -> Description:
    if module in seen:
        return {"same as": seen[module]}
    seen[module] = len(seen)
    name = type(module).__name__
    if type(module) is not _KINDS.get(name):
        raise ValueError(f"{name} is not one of glassgrad's modules")
    if type(module) in _HOLDERS:
        parts: list[Module] = getattr(module, "body", module).layers  # type: ignore[union-attr]
        return {"class": name, "modules": [_describe(part, seen) for part in parts]}
    given = options(module)
    if unnamed := [value for value in given.values() if callable(value)]:
        raise ValueError(f"the activation {unnamed[0]!r} has no name")
    return {"class": name} | given


def build(description: Description) -> Module:
    """The network that `architecture` described, with all weights 0."""
    return _Building(math.inf).module(description)


class _Building:
    """Modules made of descriptions, up to as many parameters as a file has numbers.

    A module counts as often as it stands in the network, and so do its parameters: a short text
    that says "same as" over and over would otherwise name more than any memory holds.
    """

    def __init__(self, numbers: float) -> None:
        self.numbers = numbers
        self.left = numbers + MODULES
        self.built: list[tuple[Module, float] | None] = []  # and what each has cost
        self.heights: dict[Module, int] = {}

    def module(self, description: Description) -> Module:
        given = dict(description)
        self.spend(1)
        if "same as" in given:
            return self.same(given["same as"])
        name, place, before = given.pop("class"), len(self.built), self.left
        self.built.append(None)
        if name not in _KINDS:
            raise ValueError(f"unknown module {name!r}; known: {', '.join(_KINDS)}")
        kind = _KINDS[name]
        if kind in _HOLDERS:
            parts = [self.module(part) for part in given["modules"]]
            height = 1 + max((self.heights.get(part, 0) for part in parts), default=0)
            if height > DEEP:
                raise ValueError(f"its modules are nested more than {DEEP} deep")
            module = _hold(kind, parts)
            self.heights[module] = height
        elif "init" in inspect.signature(kind).parameters:
            module = kind(**given | {"init": self.zero})
        else:
            self.spend(given.get("n", 0) if given.get("affine", True) else 0)
            module = kind(**given)
        self.built[place] = module, before - self.left
        return module

    def same(self, place: Any) -> Module:
        if not (isinstance(place, int) and 0 <= place < len(self.built)):
            raise ValueError(f"there is no module {place!r} before this one")
        shared = self.built[place]
        if shared is None:
            raise ValueError("a module cannot contain itself")
        self.spend(shared[1])
        return shared[0]

    def zero(self, _random: Any) -> float:
        self.spend(1)
        return 0.0

    def spend(self, cost: float) -> None:
        self.left -= cost
        if self.left < 0:
            raise ValueError(
                f"it describes more than the {self.numbers} parameters that the file holds"
            )


def _hold(kind: type[Module], parts: list[Module]) -> Module:
    if kind is not MLP:
        return kind(*parts)
    layers = [part for part in parts if isinstance(part, Layer)]
    *hidden, output = [layer.activation.name for layer in layers]
    return MLP(layers[0].nin, [layer.nout for layer in layers], hidden, output, init="zeros")
