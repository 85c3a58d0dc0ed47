"""`python -m tests.fuzz --minutes 60`: every attack in turn, with a table at the end.

What is found is told with its attack and seed; put that line into kept.txt, mend the library, and
it stays a test.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from tests.fuzz.attacks import ATTACKS, Attack

MEMORY = 8 << 30  # bytes that nothing may exceed
SECONDS = 20  # that nothing may take


class _Hangs(BaseException):
    """Nobody catches it on the way."""


@contextlib.contextmanager
def _within(seconds: int) -> Iterator[None]:
    if not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return

    def over(*_: object) -> None:
        raise _Hangs

    old = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


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
    chosen = parser.parse_args()
    with contextlib.suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    attacks = [a for a in ATTACKS if not chosen.only or a.name in chosen.only]
    spent = dict.fromkeys((a.name for a in attacks), 0.0)
    cases: Counter[str] = Counter()
    found: list[str] = []
    seeds = {a.name: itertools.count(chosen.first) for a in attacks}
    end = time.monotonic() + 60 * chosen.minutes
    with tempfile.TemporaryDirectory() as folder, tqdm(unit=" cases", file=sys.stderr) as bar:
        while time.monotonic() < end:
            left = [a for a in attacks if chosen.cases is None or cases[a.name] < chosen.cases]
            if not left:
                break
            attack = min(left, key=lambda a: spent[a.name])  # equal time for each
            seed, start = next(seeds[attack.name]), time.monotonic()
            wrong = tried(attack, seed, Path(folder))
            spent[attack.name] += time.monotonic() - start
            cases[attack.name] += 1
            bar.update()
            if wrong:
                found.append(attack.name)
                bar.write(f"{attack.name}: {seed}  # {wrong}", file=sys.stdout)
    print("\n| attack | what must hold | cases | found |\n|---|---|--:|--:|")
    for attack in attacks:
        wrong_ones = found.count(attack.name)
        print(f"| {attack.name} | {attack.claim} | {cases[attack.name]:,} | {wrong_ones} |")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
