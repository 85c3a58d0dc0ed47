"""What the command line gives back: tables, explanations, and the files that were asked for."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from autodiff.graph import topological_order
from autodiff.value import Value

from ..words.derivation import explain
from ..words.report import as_data, gate_table, steps, table, to_ascii
from .arguments import Refused

__all__ = [
    "LOOKS",
    "pictures",
    "print_explanations",
    "print_gates",
    "print_json",
    "print_steps",
    "print_table",
    "save",
]

# What `viz.draw` is told of a picture.
LOOKS = ("style", "detail", "theme", "direction", "parts", "title")
_MOVING_LOOKS = ("detail", "theme", "direction")


def _speaks_unicode() -> bool:
    try:
        "∂×→─…σ−·²ᵢ√≤".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def say(text: str) -> None:
    """Print, in a spelling that this terminal has."""
    print(text if _speaks_unicode() else to_ascii(text))


def print_json(root: Value, text: str) -> None:
    """Everything, for machines."""
    print(json.dumps(as_data(root, text), ensure_ascii=not _speaks_unicode(), allow_nan=False))


def print_table(root: Value) -> None:
    """Both passes, gate by gate."""
    say(table(root, ascii_only=not _speaks_unicode()))


def print_gates() -> None:
    """The table of gates."""
    say(gate_table(ascii_only=not _speaks_unicode()))


def print_steps(root: Value) -> None:
    """One gate at a time; at a terminal it waits for the reader."""
    asking = sys.stdin.isatty() and sys.stdout.isatty()
    for text in steps(root):
        say(text)
        if not asking:
            print()
        elif _asked("[Enter: next gate, q: stop] ") == "q":
            break


def print_explanations(root: Value, names: Sequence[str]) -> None:
    """The chain rule for each of these names."""
    nodes = {node.label: node for node in topological_order(root) if node.label}
    for name in names:
        if name not in nodes:
            raise Refused(f"cannot explain {name!r}; there are {', '.join(nodes)}")
        say(explain(nodes[name], root).text)


def _asked(question: str) -> str:
    try:
        return input(question).strip().lower()
    except EOFError:  # Ctrl-D
        return "q"


def pictures(
    root: Value, title: str, chosen: argparse.Namespace
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """The files that were asked for, and what writes each of them."""
    looks = {name: look for name in LOOKS if (look := getattr(chosen, name)) is not None}
    moving = {name: look for name, look in looks.items() if name in _MOVING_LOOKS}
    if not (chosen.output or chosen.explore or chosen.animate or chosen.frames):
        return
    from ..dot.animation import animate
    from ..dot.diagram import draw
    from ..dot.frames import frames
    from ..dot.render import render
    from ..pages.explorer.explorer import explore

    for path in chosen.output:
        yield path, lambda target: render(draw(root, **looks), target)
    if chosen.explore:
        yield chosen.explore, lambda target: explore(root, target, title=title)
    if chosen.animate:
        yield chosen.animate, lambda target: animate(root, target, **moving)
    if chosen.frames:
        yield chosen.frames, lambda target: frames(root, target, **moving)


def save(path: str, write: Callable[[Path], object]) -> None:
    """Write a file; what cannot be drawn or written is bad input, not a crash."""
    target = Path(path)
    if not target.parent.is_dir():
        raise Refused(f"cannot write {path}: there is no folder {str(target.parent)!r}")
    try:
        write(target)
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise Refused(f"cannot write {path}: {error}") from None
