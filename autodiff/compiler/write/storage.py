"""Compiled text as modules: where it lies, and how it is loaded once.

Numba keeps machine code beside a file, so the text is written to the user's cache folder, under a
name made from its content: the next process starts warm. Set GLASSGRAD_CACHE to move the folder.
What lies there is trusted only if nobody else can write to it; otherwise, and where it cannot be
written, a folder of this process alone takes its place.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

_LOCK = threading.RLock()  # one text at a time: Numba's level is one for the whole process
_READY: dict[str, ModuleType] = {}  # those that have run to their end


def module(text: str) -> ModuleType:
    """Run the text as a module, or give the one that has run already."""
    name = f"glassgrad_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    with _LOCK:
        if name not in _READY:
            made = ModuleType(name)
            made.__file__ = str(stored(name, text))
            sys.modules[name] = made  # Numba looks there while it loads machine code
            try:
                with _quick_compilation():
                    exec(compile(text, made.__file__, "exec"), made.__dict__)
            except BaseException:
                del sys.modules[name]
                raise
            _READY[name] = made
        return _READY[name]


@contextmanager
def _quick_compilation() -> Iterator[None]:
    """LLVM's level 2 instead of 3: loops of this kind run as fast and compile in half the time."""
    import numba

    config: Any = numba.config
    level = config.OPT
    try:
        config.OPT = type(level)(2)
        yield
    finally:
        config.OPT = level


def stored(name: str, text: str) -> Path:
    """A file with exactly this text; written in one move, since other processes may do the same."""
    folder = _cache_folder()
    try:
        return _write(folder, name, text)
    except OSError:
        return _write(_own_folder(), name, text)


def _write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _private(folder):
        raise PermissionError(f"others can write to {folder}")
    path = folder / f"{name}.py"
    if not path.is_file() or path.read_bytes() != text.encode():
        handle, draft = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with open(handle, "wb") as file:
            file.write(text.encode())
        os.replace(draft, path)
    return path


def _private(folder: Path) -> bool:
    """Is it ours, and can nobody but us write to it?"""
    if sys.platform == "win32":  # the profile's folders are private there
        return os.access(folder, os.W_OK)
    found = folder.stat()
    mine = found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return mine and os.access(folder, os.W_OK)


@cache
def _own_folder() -> Path:
    """A folder with a name that nobody can foresee, removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="glassgrad-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _cache_folder() -> Path:
    if chosen := os.environ.get("GLASSGRAD_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "glassgrad"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "glassgrad"
