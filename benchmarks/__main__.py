"""Run every benchmark, or those named: `python -m benchmarks eager million_gates`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

OTHERS = {"__main__", "harness", "polynomials"}


def main(wanted: list[str]) -> None:
    """Run the benchmarks called `wanted`, all of them if none is named."""
    known = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if m.name not in OTHERS]
    if unknown := sorted(set(wanted) - set(known)):
        sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(known)}")
    for name in wanted or known:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
