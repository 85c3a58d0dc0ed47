"""Which Graphviz draws: the system's ``dot`` where there is one, else the wheel graphviz-pure.

`Diagram` is a `graphviz.Digraph` that looks for its renderer itself, so that saving, other
formats and the notebook display work with no system Graphviz installed.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import graphviz
from graphviz.backend import dot_command

__all__ = ["Diagram", "NoProgram", "Program", "find", "render"]

Program: TypeAlias = Literal["auto", "system", "pure"]

PURE = "graphviz-pure"
ONLY_SYSTEM = ("pdf", "ps", "eps")


class NoProgram(RuntimeError):
    """No program is installed that can draw this format."""


def find(program: Program = "auto", kind: str = "svg") -> str:
    """The path of the program that draws the format `kind`.

    program    "system" for the ``dot`` on the PATH, "pure" for the one installed as a wheel, or
               "auto": the system's where present, else the wheel's; the environment variable
               ``GLASSGRAD_DOT`` (the same words) says what "auto" prefers

    Both write SVG in which any label comes out right. A PNG by the wheel has the letters of its
    own fonts only (Latin, Greek, Cyrillic): for Chinese or emoji in a PNG take the system's.

    Raises `NoProgram`, saying what to install, if there is none.
    """
    if program == "auto":
        program = os.environ.get("GLASSGRAD_DOT", "auto")  # type: ignore[assignment]
    if program not in ("auto", "system", "pure"):
        raise ValueError(f"unknown program {program!r}; choose 'auto', 'system' or 'pure'")
    system, pure = shutil.which("dot"), _pure()
    only_system = kind.lower() in ONLY_SYSTEM
    if program in ("auto", "system") and system:
        return system
    if program in ("auto", "pure") and pure and not only_system:
        return pure
    if only_system:
        raise NoProgram(
            f"{kind.upper()} needs the system's Graphviz (the program dot), which is not "
            "installed or not chosen; write SVG or PNG, or install it: https://graphviz.org/download"
        )
    missing = "dot is not on the PATH" if program == "system" else f"{PURE} is not installed"
    raise NoProgram(f"{missing}; install the wheel with: pip install {PURE}")


def _pure() -> str | None:
    """The wheel's program lies beside the interpreter, which need not be on the PATH."""
    beside = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", _user_scheme())]
    for folder in beside:
        if found := shutil.which(PURE, path=folder):
            return found
    return shutil.which(PURE)


def _user_scheme() -> str:
    return sysconfig.get_preferred_scheme("user")


@contextmanager
def _program(path: str) -> Iterator[None]:
    """Let the package `graphviz` run another program than ``dot``."""
    before = dot_command.DOT_BINARY
    dot_command.DOT_BINARY = path
    try:
        yield
    finally:
        dot_command.DOT_BINARY = before


class Diagram(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph`: `.source`, `.render("file", format="png")`, `.pipe("svg")`, `.save()`,
    and the picture itself in a notebook. `program` says which Graphviz draws (see `find`)."""

    def __init__(self, *arguments: Any, program: Program = "auto", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.program: Program = program

    def copy(self) -> Diagram:
        """A copy that is drawn by the same program."""
        twin: Diagram = super().copy()
        twin.program = self.program
        return twin

    # The two places where the package runs a program. Its warnings (about characters that the
    # wheel's fonts lack) are kept from the screen; errors still raise.

    def _pipe_future(self, kind: str | None = None, **options: Any) -> Any:
        options["quiet"] = True
        with _program(find(self.program, kind or self.format)):
            return super()._pipe_future(kind, **options)

    def _render(self, engine: str, kind: str, *arguments: Any, **options: Any) -> Any:
        options["quiet"] = True
        with _program(find(self.program, kind)):
            return super()._render(engine, kind, *arguments, **options)


def render(
    diagram: Diagram, path: str | os.PathLike[str], *, program: Program | None = None
) -> Path:
    """Draw into a file; the format comes from the suffix (.svg, .png, .pdf, .gv ...).

    Returns the path. Raises ValueError for a suffix that Graphviz does not know, `NoProgram` for
    a format that no installed Graphviz writes (PDF is written by the system's only).
    """
    target = Path(path)
    kind = target.suffix.removeprefix(".").lower()
    if kind in ("gv", "dot"):
        target.write_text(diagram.source, encoding="utf-8")
        return target
    if kind not in graphviz.FORMATS:
        raise ValueError(
            f"cannot draw {target.name!r}: end the name in .svg, .png, .pdf, .gv or another "
            "format of Graphviz"
        )
    chosen = diagram
    if program is not None:
        chosen = diagram.copy()
        chosen.program = program
    target.write_bytes(chosen.pipe(kind))
    return target
