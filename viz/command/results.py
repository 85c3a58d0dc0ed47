"""What the command line gives back: tables, explanations, and the files that were asked for."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path

from autodiff.graph import topological_order
from autodiff.value import Constant, Value

from ..words.derivation import explain
from ..words.report import as_data, gate_table, steps, table, to_ascii
from ..words.symbols import typeset
from .arguments import Refused, near

__all__ = ["LOOKS", "gates", "pictures", "said", "save"]

# What `viz.draw` is told of a picture.
LOOKS = (
    *("style", "detail", "theme", "direction", "parts", "title"),
    *("width", "dpi", "scale", "flow", "highlight", "forward_only"),
)
_MOVING = ("detail", "theme", "direction", "digits")


def _speaks_unicode() -> bool:
    try:
        "∂×→─…σ−·²ᵢ√≤".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def said(root: Value, text: str, chosen: Namespace) -> Iterator[str]:
    """What is to be printed of a graph, in a spelling that this terminal has."""
    ascii_only = not _speaks_unicode()
    order = topological_order(root)
    nodes = {v.label: v for v in order if v.label and not isinstance(v, Constant)}
    written = typeset(nodes)
    if chosen.json:
        yield json.dumps(as_data(root, text), ensure_ascii=ascii_only, allow_nan=False)
    elif chosen.explain:
        for name in chosen.explain:
            label = next((k for k, text in written.items() if name in (k, text)), "")
            if not label:
                known = f"; there are {', '.join(nodes)}"
                raise Refused(f"cannot explain {name!r}{near(name, nodes) or known}")
            found = explain(nodes[label], root, paths=chosen.paths, digits=chosen.digits or 4)
            told = found.latex if chosen.latex else found.text
            yield to_ascii(told) if ascii_only else told
    elif chosen.steps:
        for told in steps(root, chosen.digits or 6):
            yield (to_ascii(told) if ascii_only else told) + "\n"
    else:
        yield table(root, chosen.digits or 6, ascii_only)


def gates() -> str:
    """The table of gates."""
    return gate_table(ascii_only=not _speaks_unicode())


def pictures(
    root: Value, title: str, chosen: Namespace
) -> Iterator[tuple[str, Callable[[Path], object]]]:
    """The files that were asked for, and what writes each of them."""
    if not (chosen.output or chosen.explore or chosen.animate or chosen.frames):
        return
    from ..dot.diagram import draw
    from ..dot.render import Diagram, render
    from ..dot.series.animation import animate
    from ..dot.series.change import draw_step
    from ..dot.series.frames import frames
    from ..pages.explorer.explorer import explore

    given = {
        name: look for name, look in vars(chosen).items() if look or type(look) in (int, float)
    }
    looks = {name: given[name] for name in (*LOOKS, "digits") if name in given}
    moving = {name: given[name] for name in _MOVING if name in given}

    def drawn() -> Diagram:
        if chosen.after_step is None:
            return draw(root, **looks)
        return draw_step(root, chosen.after_step, parameters=chosen.parameter or None, **looks)

    for path in chosen.output:
        if path == "-":
            yield path, lambda _: print(drawn().pipe("svg", encoding="utf-8"))
        else:
            yield path, lambda target: render(drawn(), target)
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
    except BrokenPipeError:
        raise
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        raise Refused(f"cannot write {path}: {error}") from None
