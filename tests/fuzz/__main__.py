"""`python -m tests.fuzz --minutes 60`: every attack in turn, with a table at the end.

What is found is told with its attack and seed; put that line into kept.txt, mend the library, and
it stays a test. With `--table docs/attacks.md` the seeds go on where that page ends, so that its
counts grow from run to run, and what is found is put into kept.txt.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from tests.fuzz.attacks import ATTACKS, Attack
from tests.fuzz.table import Table, Tally, keep

MEMORY = 8 << 30  # bytes that nothing may exceed
SECONDS = 20  # that nothing may take


class _Hangs(BaseException):
    """Nobody catches it on the way."""


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):  # Windows
        yield
        return

    def over(*_: object) -> None:
        raise _Hangs

    limits = {  # of the processor's time, and much more by the clock for what only waits
        signal.SIGPROF: (signal.ITIMER_PROF, seconds),
        signal.SIGALRM: (signal.ITIMER_REAL, 10 * seconds),
    }
    old = {name: signal.signal(name, over) for name in limits}
    try:
        for timer, limit in limits.values():
            signal.setitimer(timer, limit)
        yield
    finally:
        for name, (timer, _) in limits.items():
            signal.setitimer(timer, 0)
            signal.signal(name, old[name])


def tried(attack: Attack, seed: int, folder: Path, seconds: int = SECONDS) -> str | None:
    """What is wrong with one case, in a line; None if it holds."""
    try:
        with _within(seconds), warnings.catch_warnings():
            warnings.simplefilter("error")
            attack.run(seed, folder)
    except _Hangs:
        return f"took more than {seconds} s"
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"{type(error).__name__}: {error}"[:300]
    return None


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long, all together (10)")
    parser.add_argument("--cases", type=int, help="at most so many of each attack")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument(
        "--only", nargs="*", choices=[a.name for a in ATTACKS], help="these attacks alone"
    )
    parser.add_argument(
        "--table", type=Path, help="go on where this page ends, up to its goals, and write it anew"
    )
    chosen = parser.parse_args()
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    os.environ["GLASSGRAD_CACHE"] = os.devnull  # thousands of programs that nobody needs again
    attacks = [a for a in ATTACKS if not chosen.only or a.name in chosen.only]
    page = Table(chosen.table) if chosen.table else None
    before = page.before if page else {}
    tallies = {a.name: before.get(a.name, Tally(0, 0.0)) for a in attacks}
    goals = {a.name: chosen.cases or (a.goal if page else sys.maxsize) for a in attacks}
    failed = 0
    end, written = time.monotonic() + 60 * chosen.minutes, time.monotonic()
    with tempfile.TemporaryDirectory() as folder, tqdm(unit=" cases", file=sys.stderr) as bar:
        for attack in attacks:  # imports what it needs, without a limit
            with contextlib.suppress(Exception):
                attack.run(chosen.first, Path(folder))
        while time.monotonic() < end:
            left = [a for a in attacks if tallies[a.name].cases < goals[a.name]]
            if not left:
                break
            attack = min(left, key=lambda a: tallies[a.name].seconds)  # equal time for each
            cases, seconds = tallies[attack.name]
            seed, start = chosen.first + cases, time.monotonic()
            wrong = tried(attack, seed, Path(folder))
            tallies[attack.name] = Tally(cases + 1, seconds + time.monotonic() - start)
            bar.update()
            if wrong:
                failed += 1
                bar.write(f"{attack.name}: {seed}  # {wrong}", file=sys.stdout)
                if page:
                    keep(attack, seed, wrong)
            if page and time.monotonic() > written + 60:  # whoever stops it loses a minute
                page.write(tallies, Path(folder))
                written = time.monotonic()
        if page:
            page.write(tallies, Path(folder))
    print("\n| attack | what must hold | cases | seconds |\n|---|---|--:|--:|")
    for attack in attacks:
        tally = tallies[attack.name]
        print(f"| {attack.name} | {attack.claim} | {tally.cases:,} | {tally.seconds:,.0f} |")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
