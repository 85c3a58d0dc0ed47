"""What was made is kept in the user's cache folder, so that the next process starts warm.

GLASSGRAD_CACHE moves the folder. A file is trusted if it and its folder are ours, nobody else can
write to them, and it is whole: a checksum over key and content comes first. Any other file is
ignored, and written anew if that is possible. Where there is no such folder nothing is kept. What
was not used for longest is thrown away when all together is more than MOST bytes: that is looked at
now and then.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

MOST: Final = 64 * 2**20  # bytes: some thousand programs
SELDOM: Final = "00"  # how the names begin of those after which all are looked at: 1 of 256
DAY: Final = 86_400  # seconds; nobody writes for so long
_DIGEST = 32  # bytes
_OURS = re.compile(r"[0-9a-f]{64}(\..*\.tmp)?")  # names of files, whole or left behind by a crash


def kept(key: Iterable[str], make: Callable[[], bytes]) -> bytes:
    """What `make` gives, or gave in an earlier process for the same `key`.

    The key says all that it depends on, except the text of the compiler.
    """
    name = hashlib.sha256(repr([_own_text(), *key]).encode()).hexdigest()
    with suppress(OSError, RuntimeError):  # RuntimeError: nobody knows where home is
        return _read(folder() / name)
    made = make()
    with suppress(OSError, RuntimeError):
        _write(folder() / name, made)
    return made


def folder() -> Path:
    """Where the files lie; it may not exist yet."""
    if chosen := os.environ.get("GLASSGRAD_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "glassgrad"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassgrad"


def _read(path: Path) -> bytes:
    """The content of a file; OSError if it is missing, not to be trusted or damaged."""
    _check_ours(path.parent.stat())
    with open(path, "rb", opener=_open_itself) as file:
        _check_ours(os.fstat(file.fileno()))
        digest, content = file.read(_DIGEST), file.read()
    if digest != _digest(path, content):
        raise OSError(f"{path} is damaged")
    with suppress(OSError):
        os.utime(path)  # it is in use
    return content


def _write(path: Path, content: bytes) -> None:
    """In one move, since other processes may do the same."""
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_ours(path.parent.stat())
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(_digest(path, content) + content)
        os.replace(draft, path)
    except BaseException:
        os.unlink(draft)
        raise
    if path.name.startswith(SELDOM):
        _prune(path.parent)


def _prune(folder: Path) -> None:
    """Throw away what a crash left, and the oldest of our files while they are too many. Another
    process may do the same, or need one of them: then it makes it anew."""
    found, abandoned = [], time.time() - DAY
    with os.scandir(folder) as entries:
        for entry in entries:
            if _OURS.fullmatch(entry.name):
                with suppress(OSError):
                    about = entry.stat(follow_symlinks=False)
                    found.append((about.st_mtime, about.st_size, entry.path))
    total = sum(size for _, size, _ in found)
    for used, size, path in sorted(found):
        if total > MOST or (path.endswith(".tmp") and used < abandoned):
            with suppress(OSError):
                os.unlink(path)
            total -= size


def _open_itself(path: str, flags: int) -> int:
    """Not what a link leads to, and without waiting for the other end of a pipe."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _digest(path: Path, content: bytes) -> bytes:
    """Of the name too: the file of another program is not this one's."""
    return hashlib.sha256(path.name.encode() + content).digest()


def _check_ours(found: os.stat_result) -> None:
    if sys.platform == "win32":  # the profile's folders are private there
        return
    if found.st_uid != os.geteuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError("others can write there")


@cache
def _own_text() -> str:
    """A number for the text of the compiler and of what formulas are: another one makes other
    code."""
    compiler = Path(__file__).parents[1]
    walks = itertools.chain(os.walk(compiler), os.walk(compiler.parent / "formula"))
    files = sorted(f"{at}/{name}" for at, _, names in walks for name in names if name[-3:] == ".py")
    texts = hashlib.sha256()
    for file in files:
        with open(file, "rb", buffering=0) as text:
            texts.update(text.read())
    return texts.hexdigest()
