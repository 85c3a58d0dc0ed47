"""`python -m tests.mutants --sample 400`: change one line, and see whether a test notices.

Each mutant runs in a copy of the tree, against the tests that run the changed line. What survives
is written to build/mutants/survivors.md with its change; survivors that are known, with the reason
why no test can or need notice, stand in tests/mutants/known.md.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from tqdm import tqdm

from tests.mutants.places import ROOT, Mutant, sample
from tests.mutants.tests_of import COMMAND, Coverage, mirrors

FOLDER = ROOT / "build" / "mutants"
AT_ONCE = 200  # tests of one call of pytest, after those of the module's own test file
SECONDS = 600  # that a mutant may take; one that hangs is noticed


class Result(NamedTuple):
    """What became of a mutant, and which test killed it."""

    mutant: Mutant
    killer: str | None
    seconds: float

    def told(self) -> str:
        """The place and the change."""
        old = (ROOT / self.mutant.path).read_text(encoding="utf-8").splitlines()
        new = self.mutant.source().splitlines()
        changed = [
            line
            for line in difflib.unified_diff(old, new, n=0, lineterm="")
            if not line.startswith(("---", "+++", "@@"))
        ]
        return (
            f"### {self.mutant.path}:{self.mutant.line}\n```diff\n" + "\n".join(changed) + "\n```"
        )


def killer(mutant: Mutant, tree: Path, tests: list[str]) -> str | None:
    """The first test that fails with `mutant` in `tree`, None if it survives all.

    A test of another module must not fail alike without the mutant: some fail by chance, and all
    are out of time when the time is over.
    """
    own = sum(mirrors(test, mutant.path) for test in tests)
    starts = [0, *range(own, len(tests), AT_ONCE)]
    batches = [tests[a:b] for a, b in itertools.pairwise([*starts, len(tests)]) if a < b]
    end = time.monotonic() + SECONDS
    for batch in batches:
        while batch:
            left = max(1.0, end - time.monotonic())
            with changed(tree / mutant.path, mutant.source()):
                failed = failure(tree, batch, left)
            if failed is None:
                break
            if mirrors(failed, mutant.path):
                return failed
            named = [failed] if failed in batch else batch
            if failure(tree, named, left) != failed:
                return failed
            batch = [test for test in batch if test not in named]  # fails without the mutant too
    return None


def failure(tree: Path, tests: list[str], seconds: float) -> str | None:
    """The first of `tests` that fails in `tree`, or how pytest ended; None if all pass."""
    names = tree / "chosen-tests.txt"
    names.write_text("\n".join(tests), encoding="utf-8")
    try:
        done = subprocess.run(
            [*COMMAND, "-x", "--no-header", f"@{names.name}"],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": str(tree), "GLASSGRAD_NO_TORCH": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "(out of time)"
    said = [s for s in done.stdout.splitlines() if s.startswith(("FAILED ", "ERROR "))]
    if not done.returncode:
        return None
    return said[0].split(" ", 1)[1].split(" - ")[0] if said else f"(exit {done.returncode})"


@contextlib.contextmanager
def changed(module: Path, text: str) -> Iterator[None]:
    """`module` with another text for a while."""
    original = module.read_text(encoding="utf-8")
    _replace(module, text)
    try:
        yield
    finally:
        _replace(module, original)


def _replace(module: Path, text: str) -> None:
    """Write it, and throw away what was compiled: texts of one second may be of one length."""
    module.write_text(text, encoding="utf-8")
    for compiled in module.parent.glob(f"__pycache__/{module.stem}.*"):
        compiled.unlink()


def main() -> int:
    """Draw the mutants, run each, tell what survived."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=400, help="how many mutants")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="mutants of modules whose path has this in it")
    parser.add_argument("--again", action="store_true", help="take the last run's survivors only")
    asked = parser.parse_args()

    coverage = Coverage(FOLDER)
    if not coverage.data.exists():
        print("Running the tests once, to see which lines each of them runs ...")
        coverage.record(asked.jobs)
    log = FOLDER / f"seed-{asked.seed}.jsonl"
    chosen = [m for m in sample(asked.sample, asked.seed) if asked.only in m.path]
    before = {}
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            held = json.loads(line)
            before[held["place"]] = Result(chosen[0], held["killer"], held["seconds"])

    trees: SimpleQueue[Path] = SimpleQueue()
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=ROOT, text=True).strip()
    for job in range(asked.jobs):
        tree = FOLDER / f"tree-{job}"
        if not tree.exists():
            subprocess.run(["git", "worktree", "prune"], cwd=ROOT, check=True)
            subprocess.run(
                ["git", "worktree", "add", "--detach", str(tree)],
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
        subprocess.run(["git", "checkout", "-q", "-f", "--detach", head], cwd=tree, check=True)
        trees.put(tree)

    def run(mutant: Mutant) -> Result:
        place = f"{mutant.path}:{mutant.line}:{mutant.column}:{mutant.operator}"
        known = before.get(place)
        if known is not None and not (asked.again and known.killer is None):
            return Result(mutant, known.killer, known.seconds)
        tree, start = trees.get(), time.monotonic()
        try:
            died = killer(mutant, tree, coverage.tests(mutant.path, mutant.line))
        finally:
            trees.put(tree)
        result = Result(mutant, died, time.monotonic() - start)
        with log.open("a", encoding="utf-8") as file:
            line = {"place": place, "killer": died, "seconds": result.seconds}
            file.write(json.dumps(line) + "\n")
        return result

    with ThreadPoolExecutor(asked.jobs) as pool:
        results = list(tqdm(pool.map(run, chosen), total=len(chosen), unit="mutant"))
    alive = [r for r in results if r.killer is None]
    report = FOLDER / "survivors.md"
    report.write_text("\n\n".join(r.told() for r in alive) + "\n", encoding="utf-8")
    killed = len(results) - len(alive)
    print(f"{killed} of {len(results)} mutants killed ({killed / len(results):.1%}); {report}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
