"""Colours. A theme is data; nothing else in the package names a colour."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

__all__ = ["THEMES", "Theme", "theme", "tint"]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one picture, as ``#rrggbb``.

    paper, ink     background; text
    value, grad    forward value and gradient (green and red, as in CS231n)
    wire, faint    wires; captions and cluster frames
    gate, input, box   fills of gates, of record cells of leaves, of folded boxes
    clusters       fills of nested module boxes, outermost first; the last for all within
    scale          five steps of gradient magnitude, small to large, told apart by any eye
    mark           what is highlighted
    """

    name: str
    paper: str
    ink: str
    value: str
    grad: str
    wire: str
    faint: str
    gate: str
    gate_edge: str
    input: str
    box: str
    clusters: tuple[str, ...]
    scale: tuple[str, ...]
    mark: str = "#bf5af2"

    def marked(self) -> Theme:
        """For what is to catch the eye."""
        fill = tint(self.mark, self.paper)
        here = replace(self, ink=self.mark, gate_edge=self.mark, wire=self.mark)
        return replace(here, gate=fill, box=fill, input=fill)

    def colours(self) -> list[str]:
        """All of them, each at its place."""
        rows = [getattr(self, f.name) for f in fields(self)[1:]]
        told = [c for row in rows for c in (row if isinstance(row, tuple) else (row,))]
        return [*told, tint(self.mark, self.paper)]


THEMES: dict[str, Theme] = {
    row.name: row
    for row in (
        Theme(
            name="light",
            paper="#ffffff",
            ink="#1f2328",
            value="#1a7f37",
            grad="#cf222e",
            wire="#57606a",
            faint="#6e7781",
            gate="#e8f0fe",
            gate_edge="#3b5b92",
            input="#f6f8fa",
            box="#fff8e6",
            clusters=("#f6f8fa", "#eef1f5", "#e6eaf0", "#dde3eb", "#d4dce6"),
            # viridis, read from its yellow end; the palest step is darkened to stay visible
            scale=("#b8bf2a", "#5ec962", "#21918c", "#3b528b", "#440154"),
        ),
        Theme(
            name="dark",
            paper="#0d1117",
            ink="#e6edf3",
            value="#56d364",
            grad="#ff7b72",
            wire="#8b949e",
            faint="#9198a1",
            gate="#1f2d47",
            gate_edge="#79a6f2",
            input="#161b22",
            box="#2b2412",
            clusters=("#151b23", "#1c232d", "#232b37", "#2b3442", "#333e4e"),
            scale=("#5c4a8a", "#3f77a8", "#21a087", "#6fd05f", "#fde725"),
        ),
        Theme(
            name="print",
            paper="#ffffff",
            ink="#000000",
            value="#000000",
            grad="#000000",
            wire="#000000",
            faint="#404040",
            gate="#ffffff",
            gate_edge="#000000",
            input="#ffffff",
            box="#ffffff",
            clusters=("#ffffff",) * 5,
            scale=("#c4c4c4", "#9a9a9a", "#707070", "#404040", "#000000"),
            mark="#000000",
        ),
    )
}


# Blue and orange, which any eye tells apart.
THEMES["safe"] = replace(THEMES["light"], name="safe", value="#0062a8", grad="#b24500")


def tint(ink: str, paper: str, share: float = 0.25) -> str:
    """A light tint of `ink` on `paper`."""
    pairs = ((int(ink[k : k + 2], 16), int(paper[k : k + 2], 16)) for k in (1, 3, 5))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def theme(name: str | Theme) -> Theme:
    """The theme called `name`; a `Theme` of your own passes through.

    >>> theme("dark").paper
    '#0d1117'
    >>> theme("sepia")
    Traceback (most recent call last):
        ...
    ValueError: unknown theme 'sepia'; choose one of light, dark, print, safe, or 'auto'
    """
    if isinstance(name, Theme):
        return name
    if name not in THEMES:
        raise ValueError(f"unknown theme {name!r}; choose one of {', '.join(THEMES)}, or 'auto'")
    return THEMES[name]
