"""The native backend: the loops of `loops.py`, compiled by Numba (the extra `native`).

The text is written to a file in the user's cache folder, under a name made from its content, so
that Numba can keep the machine code beside it: the next process starts warm. Set GLASSGRAD_CACHE
to move the folder; where it cannot be written, everything works without it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atoms import ATOMS, CONSTANTS
from .ir import Function
from .loops import BLOCK, Loops, lower

Floats = NDArray[np.float64]

# Sums may be taken in another order (several at once) and a·b + c rounded once. NaN, inf and the
# sign of what is compared keep their meaning: "nnan" and "ninf" are not among the flags.
_OPTIONS = 'fastmath={"reassoc", "contract", "nsz", "arcp"}, error_model="numpy"'


def build(function: Function, name: str, doc: str, loss: bool) -> Callable[..., Any]:
    """A runner, as `backends` describes it."""
    purpose = "gradient" if loss else "outputs"
    loops = lower(function, purpose)
    alone = [array.size == 1 for array in function.inputs]  # one number per row
    native = getattr(_module(_text(loops, alone, purpose)), purpose)
    room = threading.local()  # buffers are not shared between threads
    count = function.theta_size
    width = 0 if loss else function.output.shape[-1]

    def run(theta: Floats, *arrays: Floats) -> Any:
        try:
            block, single = room.buffers
        except AttributeError:
            block, single = np.empty((loops.lines, BLOCK)), np.empty(loops.singles)
            room.buffers = block, single
        tables = map(_contiguous, arrays, alone)
        if loss:
            gradient = np.empty(count)
            J = native(theta, *tables, gradient, block, single)
            return J, gradient
        out = np.empty((len(arrays[0]), width))
        native(theta, *tables, out, block, single)
        return out

    run.__name__, run.__doc__ = name, doc
    return run


def _contiguous(array: Floats, alone: bool) -> Floats:
    """One row of numbers per example, or one number."""
    if array.ndim == 2 - alone and array.flags.c_contiguous:
        return array
    return np.ascontiguousarray(array.reshape(-1) if alone else array.reshape(len(array), -1))


# ── the module's text ────────────────────────────────────────────────────────────────────────


def _text(loops: Loops, alone: list[bool], purpose: str) -> str:
    """A module that Numba compiles as it is imported."""
    table, vector = "float64[:, ::1]", "float64[::1]"
    result = vector if purpose == "gradient" else table
    returns = "float64" if purpose == "gradient" else "none"
    signature = ", ".join(
        [vector, *(vector if one else table for one in alone), result, table, vector]
    )
    head = [
        "import math",
        "from math import *",
        "",
        "import numpy as np",
        "from numba import njit",
        "",
        *(f"{name} = math.{name}" for name in CONSTANTS),
        *(f"{name} = np.array({values.tolist()})" for name, values in loops.tables.items()),
        "",
    ]
    helpers = [
        f"@njit({_OPTIONS})\n{inspect.getsource(atom.python)}\n"
        for name, atom in ATOMS.items()
        if inspect.isfunction(atom.python) and not atom.row and _calls(loops.source, name)
    ]
    decorator = f'@njit("{returns}({signature})", nogil=True, cache=True, {_OPTIONS})\n'
    return "\n".join(head) + "\n" + "\n".join(helpers) + "\n" + decorator + loops.source


def _calls(source: str, name: str) -> bool:
    return re.search(rf"\b{name}\(", source) is not None


def _module(text: str) -> ModuleType:
    """Import the text, from the cache folder if there can be one."""
    name = f"glassgrad_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    if name in sys.modules:
        return sys.modules[name]
    path = _stored(name, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _stored(name: str, text: str) -> Path:
    """Where the text lies; written in one move, since other processes may be doing the same."""
    for folder in (_cache_folder(), Path(tempfile.gettempdir()) / f"glassgrad-{os.getpid()}"):
        path = folder / f"{name}.py"
        try:
            if not path.exists():
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(
                    "w", dir=folder, suffix=".tmp", delete=False, encoding="utf-8"
                ) as file:
                    file.write(text)
                os.replace(file.name, path)
            if os.access(folder, os.W_OK):
                return path
        except OSError:
            continue
    raise OSError("no folder to write compiled programs to; set GLASSGRAD_CACHE to one")


def _cache_folder() -> Path:
    if chosen := os.environ.get("GLASSGRAD_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "glassgrad"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "glassgrad"
