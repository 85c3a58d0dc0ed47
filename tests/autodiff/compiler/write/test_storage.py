"""Compiled text as modules: complete before anybody sees it, and read from nobody else's file."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autodiff.compiler.write import storage
from tests.oracles import oracle

numba = oracle("numba")
posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_two_threads_get_the_same_complete_module() -> None:
    """The first stands still in the middle of running; the second must not see half of it."""
    began, go_on = threading.Event(), threading.Event()
    gates = {"began": began, "go_on": go_on}
    sys.modules["storage_test_gates"] = type(sys)("storage_test_gates")
    vars(sys.modules["storage_test_gates"]).update(gates)
    text = (
        "from storage_test_gates import began, go_on\n"
        "began.set()\nassert go_on.wait(10)\nlast = 1\n"
    )
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(storage.module, text)
        assert began.wait(10)
        second = pool.submit(lambda: storage.module(text).last)
        go_on.set()
        assert second.result(10) == first.result(10).last == 1
    del sys.modules["storage_test_gates"]


def test_a_module_that_fails_leaves_nothing_behind() -> None:
    level = numba.config.OPT
    before = set(sys.modules)
    with pytest.raises(ZeroDivisionError):
        storage.module("1 / 0  # no module\n")
    assert numba.config.OPT == level
    assert not {name for name in set(sys.modules) - before if name.startswith("glassgrad_")}


@pytest.mark.parametrize("found", ["", "x = ", "x = 2\n"])
def test_a_truncated_or_foreign_file_is_written_anew(found: str, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / "some_name.py").write_text(found)
    path = storage.stored("some_name", "x = 1\n")
    assert path == folder / "some_name.py"
    assert path.read_text() == "x = 1\n"


@posix
def test_a_folder_that_others_can_write_to_is_not_used(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    path = storage.stored("some_name", "x = 1\n")
    assert path.parent != folder
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_text() == "x = 1\n"
    assert list(folder.iterdir()) == []


@posix
def test_a_new_cache_folder_is_private(folder: Path) -> None:
    storage.stored("some_name", "x = 1\n")
    assert folder.stat().st_mode & 0o777 == 0o700
