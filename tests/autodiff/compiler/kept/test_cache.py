"""Machine code is kept, and nothing else is ever taken for it."""

import hashlib
import os
import pickle
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from autodiff import Value, compile  # noqa: A004
from autodiff.compiler.kept import cache
from autodiff.compiler.llvm.entry import Entry, entry
from autodiff.compiler.llvm.machine import assemble
from autodiff.compiler.version import forget

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
KEY = ["the answer", "float64"]
TEXT = "define double @answer() { ret double 42.0 }\n" + entry("answer", "double", [])


class Maker:
    """Makes the machine code of TEXT, and counts how often."""

    def __init__(self) -> None:
        self.code = assemble(TEXT)
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.code


@pytest.fixture
def make() -> Maker:
    return Maker()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def only_file(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def answer(code: bytes) -> object:
    return Entry(code, "answer").call()


def test_what_was_made_once_is_read(make: Maker, folder: Path) -> None:
    assert answer(cache.kept(KEY, make)) == answer(cache.kept(KEY, make)) == 42.0
    assert make.times == 1
    assert len(list(folder.iterdir())) == 1


def test_another_key_is_another_file(make: Maker, folder: Path) -> None:
    for key in (KEY, ["the answer", "float32"], ["the answerfloat64"], [*KEY, ""]):
        cache.kept(key, make)
    assert make.times == len(list(folder.iterdir())) == 4


def test_a_change_of_the_package_is_another_key(
    make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.kept(KEY, make)
    monkeypatch.setattr(cache, "_own_text", lambda: "edited")
    cache.kept(KEY, make)
    assert make.times == 2


# ── damaged and foreign files ────────────────────────────────────────────────────────────────


def test_no_byte_may_differ(make: Maker, folder: Path) -> None:
    """Each byte of the file flipped in turn: made anew, and the file is whole again."""
    make.code = make.code[:200]
    cache.kept(KEY, make)
    path = only_file(folder)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        assert cache.kept(KEY, make) == make.code
        assert path.read_bytes() == whole
    assert make.times == 1 + len(whole)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 200])
def test_a_truncated_file_is_made_anew(length: int, make: Maker, folder: Path) -> None:
    cache.kept(KEY, make)
    path = only_file(folder)
    path.write_bytes(path.read_bytes()[:length])
    assert cache.kept(KEY, make) == make.code
    assert make.times == 2


def test_the_file_of_another_key_is_not_taken(make: Maker, folder: Path) -> None:
    cache.kept(KEY, make)
    path = only_file(folder)
    cache.kept(["something else"], lambda: b"other code")
    (other,) = set(folder.iterdir()) - {path}
    shutil.copy(other, path)
    assert cache.kept(KEY, make) == make.code


def test_a_program_computes_the_same_whatever_became_of_its_file(folder: Path) -> None:
    """A damaged byte here and there; above, every byte in turn."""
    w = Value(3.0)

    def results() -> list[object]:
        program = compile(lambda x, y: (w * x - y) ** 2, backend="native")
        J, gradient = program.value_and_grad([3.0], [1.0, 2.0], [0.5, 1.5])
        return [J, *gradient]

    forget()
    right = results()
    files = {path: path.read_bytes() for path in folder.iterdir()}
    assert len(files) == 3  # what follows from the graph, its loops, the machine code
    for path, whole in files.items():
        for place in [*range(0, len(whole), len(whole) // 12), len(whole) - 1]:
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            forget()
            assert results() == right
            assert path.read_bytes() == whole
        path.write_bytes(whole[: len(whole) // 2])
        forget()
        assert results() == right


@pytest.mark.posix
@posix
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_can_write_to_is_not_taken(what: str, make: Maker, folder: Path) -> None:
    cache.kept(KEY, make)
    place = folder if what == "folder" else only_file(folder)
    place.chmod(0o777)
    cache.kept(KEY, make)
    assert make.times == 2


@pytest.mark.posix
@posix
def test_what_belongs_to_somebody_else_is_not_taken(
    make: Maker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.kept(KEY, make)
    before = only_file(folder).stat()
    monkeypatch.setattr(os, "geteuid", lambda: before.st_uid + 1)
    assert cache.kept(KEY, make) == make.code
    assert make.times == 2
    assert only_file(folder).stat() == before, "nor written to"


@pytest.mark.posix
@posix
def test_a_link_is_not_followed(make: Maker, folder: Path, tmp_path: Path) -> None:
    cache.kept(KEY, make)
    path = only_file(folder)
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    cache.kept(KEY, make)
    assert make.times == 2
    assert not path.is_symlink()


class Planted:
    """Unpickled, it leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.trace,)


def gradient() -> list[float]:
    """Through a program as a new process makes it."""
    forget()
    w = Value(3.0)
    program = compile(lambda x: (w * x) ** 2, backend="numpy")
    return [*program.value_and_grad([3.0], [1.0])[1].tolist()]


def plant(folder: Path, trace: Path) -> None:
    """In the place of every file a pickle, with the checksum that it should have."""
    code = pickle.dumps(Planted(trace))
    for path in folder.iterdir():
        path.write_bytes(cache._digest(path, code) + code)


@pytest.mark.posix
@posix
@pytest.mark.parametrize("way", ["folder", "linked folder", "file", "owner", "checksum"])
def test_a_planted_pickle_is_never_run(
    way: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the right name; and with the right checksum, where somebody else can write."""
    assert gradient() == [6.0]
    plant(folder, tmp_path / "ran")
    for path in folder.iterdir():
        path.chmod(0o666 if way == "file" else 0o600)
        if way == "checksum":
            path.write_bytes(bytes(32) + path.read_bytes()[32:])
    folder.chmod(0o777 if "folder" in way else 0o700)
    if way == "linked folder":
        (tmp_path / "link").symlink_to(folder)
        monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "link"))
    if way == "owner":
        stranger = folder.stat().st_uid + 1
        monkeypatch.setattr(os, "geteuid", lambda: stranger)
    assert gradient() == [6.0]
    assert not (tmp_path / "ran").exists()


@pytest.mark.posix
@posix
def test_what_is_ones_own_is_run(folder: Path, tmp_path: Path) -> None:
    """The other side of the test above: it is the rules that keep a planted file from running."""
    assert gradient() == [6.0]
    plant(folder, tmp_path / "ran")
    with suppress(AttributeError, TypeError, ValueError):
        gradient()
    assert (tmp_path / "ran").exists()
    forget()


# ── folders ──────────────────────────────────────────────────────────────────────────────────


@posix
def test_a_new_folder_is_private(make: Maker, folder: Path) -> None:
    cache.kept(KEY, make)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_without_a_folder_nothing_is_kept(
    make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a home that cannot be written to, also for the administrator."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "file" / "cache"))
    assert cache.kept(KEY, make) == cache.kept(KEY, make) == make.code
    assert make.times == 2


def test_without_a_home_nothing_is_kept(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("GLASSGRAD_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert cache.kept(KEY, make) == make.code


@pytest.mark.parametrize(
    ("platform", "name", "otherwise"),
    [("win32", "LOCALAPPDATA", ""), ("linux", "XDG_CACHE_HOME", ".cache")],
)
def test_the_folder_is_where_the_system_keeps_what_can_be_made_again(
    platform: str, name: str, otherwise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GLASSGRAD_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setenv(name, str(tmp_path / "chosen"))
    assert cache.folder() == tmp_path / "chosen" / "glassgrad"
    monkeypatch.delenv(name)
    assert cache.folder() == tmp_path / otherwise / "glassgrad"


def test_a_full_disk_leaves_no_draft(
    make: Maker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert cache.kept(KEY, make) == make.code
    assert list(folder.iterdir()) == []


def test_what_was_not_used_for_longest_is_thrown_away(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files that are ours by their names; what else lies in the folder stays."""
    content = b"c" * 1000
    for number in range(5):
        cache.kept([str(number)], lambda: content)
        for age, path in enumerate(sorted(folder.iterdir(), key=os.path.getmtime)):
            os.utime(path, (1000.0 + age, 1000.0 + age))
    (folder / "notes.txt").write_bytes(content * 9)
    (folder / "thesis.tmp").write_bytes(content * 9)
    crashed = folder / f"{name_of('new')}.crashed.tmp"
    crashed.write_bytes(content)
    os.utime(crashed, (1.0, 1.0))
    fail = pytest.fail
    assert cache.kept(["0"], fail) == content  # the oldest but for this
    monkeypatch.setattr(cache, "MOST", 3200)
    monkeypatch.setattr(cache, "SELDOM", "")
    cache.kept(["new"], lambda: content)
    kept = [key for key in "01234" if (folder / name_of(key)).exists()]
    assert kept == ["0", "4"]
    assert (folder / "notes.txt").exists()
    assert (folder / "thesis.tmp").exists()
    assert not crashed.exists()
    assert cache.kept(["new"], fail) == content


def test_what_a_crash_left_is_thrown_away_after_a_day(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also while there is room. A younger one is being written; old whole files are of use."""
    monkeypatch.setattr(cache, "SELDOM", "")
    cache.kept(["old"], lambda: b"c")
    crashed, written = (folder / f"{name_of('new')}.{word}.tmp" for word in ("crashed", "written"))
    for path in (crashed, written):
        path.write_bytes(b"half")
    for path in (crashed, folder / name_of("old")):
        os.utime(path, (1.0, 1.0))
    cache.kept(["other"], lambda: b"c")
    names = {written.name, name_of("old"), name_of("other")}
    assert {path.name for path in folder.iterdir()} == names


@pytest.mark.parametrize("chosen", ["~", "~/programs"])
def test_a_tilde_is_ones_home(
    chosen: str, make: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GLASSGRAD_CACHE", chosen)
    monkeypatch.chdir(tmp_path)
    cache.kept(KEY, make)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert cache.folder() == Path(chosen.replace("~", str(home)))
    assert len([*cache.folder().iterdir()]) == 1


def name_of(key: str) -> str:
    return hashlib.sha256(repr([cache._own_text(), key]).encode()).hexdigest()


RACE = """
import sys
from pathlib import Path
from autodiff import Value, compile  # noqa: A004
from autodiff.compiler.kept import cache
from tests.oracles import oracle

oracle("llvmlite")
folder = Path(sys.argv[1])
cache.MOST, cache.SELDOM = 70_000, ""
print("ready", flush=True)
sys.stdin.readline()
for turn in range(200):
    content = bytes([turn]) * 20_000
    assert cache.kept(["race", str(turn)], lambda: content) == content
    for file in list(folder.iterdir())[:1] if turn % 5 == 0 else []:
        file.unlink(missing_ok=True)
"""


def test_two_processes_may_write_at_once(folder: Path) -> None:
    """Both run through the same keys, throw files away on the way, and clear up when there are
    more than three."""
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-c", RACE, str(folder)]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert not list(folder.glob("*.tmp"))
    assert 0 < len(list(folder.iterdir())) <= 3
