"""Save and load: parameters as safetensors, the architecture as text in the file's metadata.

Nothing is pickled, so a file from a stranger can be read without running anything of it.
"""

from __future__ import annotations

import inspect
import json
import os
import secrets
import shutil
from pathlib import Path
from typing import Any

from ..activations import Activation
from ..conv import Conv1D, Conv2D, Flatten
from ..layers import MLP, Layer
from ..module import Module
from ..normalisation import LayerNorm, RMSNorm
from ..report.options import options
from ..sequential import Residual, Sequential
from ..transformer.attention import AttentionHead, SelfAttention
from ..transformer.block import Positionwise, TransformerBlock
from ..transformer.dropout import Dropout
from ..transformer.embedding import Embedding

__all__ = ["architecture", "build", "load", "save"]

FORMAT = "glassgrad 1"
OTHERS = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".npz", ".npy", ".json", ".h5", ".onnx")


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write `model` to `path` ("....safetensors"), or leave the old file as it was.

    The file holds the state dict and, for a network made of this package's modules, its
    architecture, so that `load(path)` can rebuild it. The new file is written beside the old one
    and then takes its place in one step: whatever happens, one of the two is there, whole.

    Raises ValueError for a name that promises another format.
    """
    from safetensors.numpy import save as to_bytes

    target = _place(path, "save(model, path)")
    if target.suffix in OTHERS:
        raise ValueError(
            f"the file is safetensors, and {target.name!r} has the suffix {target.suffix!r}: call "
            f"it {target.stem + '.safetensors'!r}"
        )
    state = model.state_dict()
    metadata = {"format": FORMAT}
    try:
        metadata["architecture"] = json.dumps(architecture(model))
    except ValueError:  # a class of the user's own: load(path, model) still works
        metadata["class"] = type(model).__name__
    data = to_bytes({name: array.copy() for name, array in state.items()}, metadata=metadata)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
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

    Raises ValueError for a file that is truncated or of another kind, for names or shapes that
    do not fit (naming them), and if `model` is needed because the file has no architecture.
    """
    from safetensors import SafetensorError, safe_open

    if not _place(path, "load(path, model)").is_file():
        raise FileNotFoundError(f"there is no file {os.fspath(path)!r}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(
            f"{os.fspath(path)!r} is not a whole safetensors file ({error}); it may be truncated, "
            "or of another kind"
        ) from None
    if model is None:
        model = _rebuild(metadata, os.fspath(path))
    try:
        model.load_state_dict(state)
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}: {error}") from None
    return model


def _place(path: Any, call: str) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{call}: path is a name such as 'm.safetensors', got {path!r}")
    return Path(path)


def _rebuild(metadata: dict[str, str], path: str) -> Module:
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
        return build(json.loads(metadata["architecture"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path!r}: its architecture cannot be rebuilt: {error}") from None


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
    return _build(description, [])


def _build(description: Description, built: list[Module | None]) -> Module:
    given = dict(description)
    if "same as" in given:
        shared: Module | None = built[given["same as"]]
        if shared is None:
            raise ValueError("a module cannot contain itself")
        return shared
    name = given.pop("class")
    place = len(built)
    built.append(None)
    if name not in _KINDS:
        raise ValueError(f"unknown module {name!r}; known: {', '.join(_KINDS)}")
    kind = _KINDS[name]
    if kind in _HOLDERS:
        module = _hold(kind, [_build(part, built) for part in given["modules"]])
    else:
        random = "init" in inspect.signature(kind).parameters
        module = kind(**given, **({"init": "zeros"} if random else {}))
    built[place] = module
    return module


def _hold(kind: type[Module], parts: list[Module]) -> Module:
    if kind is not MLP:
        return kind(*parts)
    layers = [part for part in parts if isinstance(part, Layer)]
    activation = layers[0].activation.name if len(layers) > 1 else None
    return MLP(layers[0].nin, [layer.nout for layer in layers], activation, init="zeros")
