"""A drawing as a `graphviz.Digraph`, and which Graphviz writes it: the system's ``dot`` where there
is one, else the wheel pygraphviz.

Everything has its place before Graphviz sees it, and SVG needs no Graphviz at all: notebooks and
browsers show the same picture on every machine.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal, TypeAlias

import graphviz
from graphviz.backend.dot_command import command

from .drawing import FONT, Drawing

__all__ = ["Diagram", "NoProgram", "Program", "find", "render", "run"]

Program: TypeAlias = Literal["auto", "system", "wheel"]

WHEEL = "pygraphviz"
PIXELS = ("png", "gif", "jpg", "jpeg", "jpe", "bmp", "webp", "tif", "tiff")
DRAWN = graphviz.FORMATS - {"gv", "dot", "xdot", "canon"} | {
    "tex"
}  # what is a picture, not its text
MOST = 32_767  # pixels on each side, for what draws in Graphviz
DPI = 192  # two pixels for each of a screen's


class NoProgram(RuntimeError):
    """No program is installed that can draw."""


def find(program: Program = "auto") -> list[str]:
    """The command that draws.

    program    "system" for the ``dot`` on the PATH, "wheel" for the Graphviz in the package
               pygraphviz, or "auto": the system's where present, else the wheel's; the environment
               variable ``GLASSGRAD_DOT`` (the same words) says what "auto" prefers

    Pictures made of pixels, and PDF, are written with the fonts of the machine; where it has none
    at all (as some containers), write SVG.

    Raises `NoProgram`, saying what to install, if there is none.
    """
    if program == "auto":
        program = os.environ.get("GLASSGRAD_DOT", "auto")  # type: ignore[assignment]
    if program not in ("auto", "system", "wheel"):
        raise ValueError(f"unknown program {program!r}; choose 'auto', 'system' or 'wheel'")
    if program != "wheel" and (system := shutil.which("dot")):
        return [system]
    if program == "system":
        raise NoProgram("dot is not on the PATH; install Graphviz: https://graphviz.org/download")
    if importlib.util.find_spec(WHEEL) is None:
        raise NoProgram(
            f"{WHEEL} is not installed: pip install {WHEEL}; where it has no wheel, install the "
            "system's Graphviz (https://graphviz.org/download), or write SVG, which needs none"
        )
    return [sys.executable, str(Path(__file__).with_name("wheel.py"))]


def run(text: str, program: Program, *flags: str) -> bytes:
    """What Graphviz makes of DOT text. Its warnings are kept from the screen.

    Raises RuntimeError with its own words if it fails, `NoProgram` if there is none.
    """
    done = subprocess.run([*find(program), *flags], input=text.encode(), capture_output=True)
    if done.returncode:
        raise RuntimeError(f"Graphviz failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


class Diagram(graphviz.Digraph):  # type: ignore[misc]
    """A `graphviz.Digraph`: `.source`, `.render("file", format="png")`, `.pipe("svg")`, `.save()`,
    and the picture itself in a notebook.

    program  which Graphviz draws (see `find`)
    dpi      dots per inch of pictures made of pixels
    """

    def __init__(
        self, drawing: Drawing, *, program: Program = "auto", dpi: float = DPI, **options: Any
    ) -> None:
        if not dpi > 0:
            raise ValueError(f"dpi is more than 0, got {dpi!r}")
        size = f"0,0,{drawing.width:.1f},{drawing.height:.1f}"
        look = {
            "layout": "nop2",
            "bb": size,
            "pad": "0",
            "margin": "0",
            "bgcolor": drawing.theme.paper,
        }
        super().__init__(
            "glassgrad",
            graph_attr=look,
            node_attr={"shape": "plain", "fontname": FONT},
            edge_attr={"arrowsize": "0.65"},
            body=drawing.dot(),
            **options,
        )
        self.drawing = drawing
        self.program: Program = program
        self.dpi = dpi

    def copy(self) -> Diagram:
        """A copy that is drawn in the same way."""
        return Diagram(self.drawing, program=self.program, dpi=self.dpi)

    def save(self, filename: Any = None, directory: Any = None, **options: Any) -> str:
        """Write the text; under a name like "circuit.png", the picture itself."""
        path = Path(directory or self.directory, filename or "")
        if path.suffix[1:].lower() not in DRAWN:
            return super().save(filename, directory=directory, **options)  # type: ignore[no-any-return]
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fspath(render(self, path))

    def render(self, filename: Any = None, *arguments: Any, **options: Any) -> str:
        """As `graphviz.Digraph.render`; a name like "circuit.png" is the picture's own, and the
        text is kept beside it only with cleanup=False."""
        if len(arguments) < 3:  # of directory, view, cleanup
            options.setdefault("cleanup", True)
        if Path(filename or "").suffix[1:].lower() in DRAWN and not {"format", "outfile"} & {
            *options
        }:
            filename, options["outfile"] = None, filename
        return super().render(filename, *arguments, **options)  # type: ignore[no-any-return]

    # The two places where the package graphviz runs a program.

    def _pipe_future(
        self,
        kind: str | None = None,
        *,
        engine: str | None = None,
        encoding: str | None = None,
        quiet: bool = True,
        **options: Any,
    ) -> Any:
        kind = kind or self.format
        if kind == "svg":
            drawn = self.drawing.svg()
            return drawn.encode() if encoding is None else drawn
        _, *flags = command(engine or self.engine, kind, **options)
        dots = (
            [f"-Gdpi={self.dpi * self.drawing.scale:g}"] if kind.partition(":")[0] in PIXELS else []
        )
        if dots:
            scale = self.dpi * self.drawing.scale / 72
            wide, high = (round(side * scale) for side in (self.drawing.width, self.drawing.height))
            if max(wide, high) > MOST:
                raise ValueError(
                    f"this picture would be {wide:,} by {high:,} pixels, and {kind} holds "
                    f"{MOST:,} a side; draw less of it (detail='auto', or an inner node), set it "
                    "in lines with width=, give a smaller dpi, or write SVG or PDF"
                )
        made = run(self.source, self.program, *flags, *dots)
        return made if encoding is None else made.decode(encoding)

    def _render(
        self, engine: str, kind: str, source: str, *, outfile: Any = None, **options: Any
    ) -> str:
        path = Path(outfile or f"{source}.{kind}")
        if options.pop("raise_if_result_exists") and path.exists():
            raise FileExistsError(f"output file exists: {str(path)!r}")
        del options["overwrite_filepath"]
        path.write_bytes(self._pipe_future(kind, engine=engine, **options))
        return os.fspath(path)


def render(
    diagram: Diagram, path: str | os.PathLike[str], *, program: Program | None = None
) -> Path:
    """Draw into a file; the format comes from the suffix (.svg, .png, .pdf, .tex, .gv ...).

    Returns the path. Raises ValueError for a suffix that Graphviz does not know, `NoProgram` where
    no Graphviz is installed.
    """
    target = Path(path)
    kind = target.suffix.removeprefix(".").lower()
    if kind in ("gv", "dot", "tex"):
        text = diagram.drawing.tikz() if kind == "tex" else diagram.source
        target.write_text(text, encoding="utf-8")
        return target
    if kind not in graphviz.FORMATS:
        raise ValueError(
            f"cannot draw {target.name!r}: end the name in .svg, .png, .pdf, .tex, .gv or "
            "another format of Graphviz"
        )
    chosen = diagram.copy()
    chosen.program = program or diagram.program
    target.write_bytes(chosen.pipe(kind))
    return target
