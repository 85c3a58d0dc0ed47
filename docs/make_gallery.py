"""Run the code of gallery.md and write the picture of each block to docs/images.

    python docs/make_gallery.py [name ...]     # without names: all pictures

A block's last line is an expression; its value is drawn into the file that the next image of the
page names. Diagrams come out the same on every machine.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))


class Picture(NamedTuple):
    """A block of code and the file that its picture goes to."""

    code: str
    path: Path


def pictures(page: Path = HERE / "gallery.md") -> list[Picture]:
    """The blocks of the page, in order."""
    pattern = re.compile(r"```python\n(.*?)```\s+!\[[^\]]*\]\(([^)]+)\)", re.DOTALL)
    return [
        Picture(code, page.parent / name)
        for code, name in pattern.findall(page.read_text(encoding="utf-8"))
    ]


def drawn(page: Path = HERE / "gallery.md") -> Iterator[tuple[Path, Any]]:
    """Run block after block in one namespace; yield each file's path and what belongs into it."""
    names: dict[str, Any] = {"__name__": "gallery"}
    for code, path in pictures(page):
        *statements, last = ast.parse(code).body
        assert isinstance(last, ast.Expr), f"the block of {path.name} must end in an expression"
        body = ast.Module(statements, type_ignores=[])
        exec(compile(body, str(path), "exec"), names)
        yield path, eval(compile(ast.Expression(last.value), str(path), "eval"), names)


def svg(picture: Any) -> str:
    """A diagram or a plot as SVG, equal on every run."""
    import io

    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import numpy as np

    if hasattr(picture, "pipe"):
        text: str = picture.pipe("svg", encoding="utf-8")
        return text
    axes = picture.ravel()[0] if isinstance(picture, np.ndarray) else picture
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "glassgrad"}):
        axes.figure.savefig(buffer, format="svg", metadata={"Date": None})
    plt.close(axes.figure)
    return re.sub(r"[ \t]+$", "", buffer.getvalue(), flags=re.MULTILINE)


def main(wanted: list[str]) -> None:
    """Write the pictures whose names are `wanted`, or all."""
    import matplotlib as mpl

    mpl.use("Agg")
    known = [path.stem for _, path in pictures()]
    if unknown := set(wanted) - set(known):
        sys.exit(f"no picture {sorted(unknown)[0]!r}; there are {', '.join(known)}")
    for path, picture in drawn():
        if not wanted or path.stem in wanted:
            path.parent.mkdir(exist_ok=True)
            path.write_text(svg(picture), encoding="utf-8")
            print(f"{path.stat().st_size / 1024:7.1f} KB  {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main(sys.argv[1:])
