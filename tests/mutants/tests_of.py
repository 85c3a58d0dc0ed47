"""Which tests run a line: the coverage of one run of the suite, test by test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.mutants.places import PACKAGES, ROOT

QUICK = "not browser and not slow and not system_dot"
COMMAND = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")


class Coverage:
    """The tests of each line, and the seconds that each of them takes."""

    def __init__(self, folder: Path) -> None:
        self.data, self.seconds = folder / "coverage", folder / "seconds.json"

    def record(self, jobs: int) -> None:
        """Run the suite once, and keep what each test ran."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        settings = self.data.with_name("settings.ini")  # pytest-cov clears up coverage.*
        settings.write_text(f"[run]\nsource = {','.join(PACKAGES)}\ndata_file = {self.data}\n")
        said = subprocess.run(
            [
                *(*COMMAND, "-n", str(jobs), "-m", QUICK, "--durations=0", "-vv"),
                *("--cov", f"--cov-config={settings}", "--cov-context=test", "--cov-report="),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        self.seconds.write_text(json.dumps(durations(said)), encoding="utf-8")

    def tests(self, path: str, line: int) -> list[str]:
        """The tests that run this line, those of its own test file first, then the quick ones.

        What runs while a module is imported belongs to no test: then all that run any line of it,
        or all of the nearest test file.
        """
        from coverage import CoverageData

        data = CoverageData(str(self.data))
        data.read()
        by_line = data.contexts_by_lineno(str(ROOT / path))
        names = {name for name in by_line.get(line, []) if name}
        if not names:
            names = {name for held in by_line.values() for name in held if name}
        if not names:
            return [nearest(path)]  # its slow tests may run the line
        seconds = json.loads(self.seconds.read_text(encoding="utf-8"))
        tests = {name.split("|")[0] for name in names}
        return sorted(tests, key=lambda t: (not mirrors(t, path), seconds.get(t, 0.0), t))


def mirrors(test: str, path: str) -> bool:
    """Whether `test` stands in the test file of the module `path`, or in its docstrings."""
    return test.split("::")[0] in (path, mirrored(path))


def mirrored(path: str) -> str:
    """The test file of a module.

    >>> mirrored("nn/losses.py")
    'tests/nn/test_losses.py'
    """
    module = Path(path)
    return f"tests/{module.parent.as_posix()}/test_{module.name}"


def nearest(path: str) -> str:
    """The test file of a module, or of its folder, or the tests of that folder.

    >>> nearest("autodiff/compiler/llvm/vector_math/polynomials.py")
    'tests/autodiff/compiler/llvm/test_vector_math.py'
    """
    folder = Path(path).parent
    return next(
        place
        for place in (mirrored(path), mirrored(f"{folder}.py"), f"tests/{folder}", "tests")
        if (ROOT / place).exists()
    )


def durations(said: str) -> dict[str, float]:
    """The seconds of each test in pytest's own table.

    >>> durations("0.25s call     tests/test_a.py::test_b[c d]")
    {'tests/test_a.py::test_b[c d]': 0.25}
    """
    found: dict[str, float] = {}
    for line in said.splitlines():
        words = line.split(maxsplit=2)
        if len(words) == 3 and words[1] == "call" and words[0].endswith("s"):
            found[words[2]] = float(words[0].removesuffix("s"))
    return found
