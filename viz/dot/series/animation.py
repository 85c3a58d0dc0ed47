"""Both passes as one moving picture: an animated SVG or GIF."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

from autodiff import Value

from ...languages.translate import spoken, translate
from ..drawing import Drawing
from .frames import stills

__all__ = ["animate"]


@spoken
def animate(
    root: Value,
    path: str | os.PathLike[str],
    seconds: float = 1.2,
    *,
    lang: str | None = None,
    **options: Any,
) -> Path:
    """The steps as one moving picture that repeats: an animated .svg or .gif.

    seconds  how long each step stays
    options  detail, names, theme, direction, digits: those of `viz.draw`

    An animated SVG stands still, at its last frame, for readers who prefer reduced motion. GIFs
    need Pillow (``pip install pillow``).

    Raises ValueError for any other suffix.
    """
    target = Path(path)
    if not seconds > 0:
        raise ValueError(f"each step stays for a time of more than 0 s, got {seconds!r}")
    if target.suffix not in (".svg", ".gif"):
        raise ValueError(f"cannot animate into {target.name!r}: end the name in .svg or .gif")
    diagrams = [diagram for _, diagram in stills(root, **options)]
    if target.suffix == ".svg":
        drawings = [diagram.drawing for diagram in diagrams]
        target.write_text(_moving_svg(drawings, seconds), encoding="utf-8")
    else:
        _moving_gif([diagram.pipe("png") for diagram in diagrams], target, seconds)
    return target


def _moving_svg(drawings: list[Drawing], seconds: float) -> str:
    """The frames on top of each other, one visible at a time."""
    width, height = (max(getattr(d, side) for d in drawings) for side in ("width", "height"))
    n = len(drawings)
    layers = []
    for k, drawing in enumerate(drawings):
        inner = drawing.svg().partition("\n")[2].rstrip()
        inner = re.sub(r'="([\d.]+)pt"', r'="\1"', inner, count=2)  # in units of the viewBox
        layers.append(f'<g style="animation-delay: {k * seconds:g}s">{inner}</g>')
    shown = f"0%, {100 / n:.4f}% {{ visibility: visible }}"
    style = (
        f"@keyframes turn {{ {shown} {100 / n + 0.0001:.4f}%, 100% {{ visibility: hidden }} }}\n"
        f"g.turns > g {{ visibility: hidden; "
        f"animation: turn {n * seconds:g}s step-end infinite }}\n"
        "@media (prefers-reduced-motion: reduce) {\n"
        "  g.turns > g { animation: none }\n"
        "  g.turns > g:last-child { visibility: visible }\n"
        "}"
    )
    name = translate("Forward and backward pass, step by step")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width:g}pt" height="{height:g}pt" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="{name}">\n<style>{style}</style>\n'
        '<g class="turns">\n' + "\n".join(layers) + "\n</g>\n</svg>\n"
    )


def _moving_gif(pictures: list[bytes], target: Path, seconds: float) -> None:
    try:
        from PIL import Image
    except ImportError:
        raise ModuleNotFoundError(
            "a GIF is written by Pillow; install it (pip install pillow) or animate into .svg"
        ) from None
    images = [Image.open(io.BytesIO(picture)).convert("RGBA") for picture in pictures]
    width = max(image.width for image in images)
    height = max(image.height for image in images)
    canvases = []
    for image in images:
        canvas = image.crop((0, 0, 1, 1)).resize((width, height)).convert("RGB")
        canvas.paste(image, (0, 0), image)
        canvases.append(canvas.quantize(128))
    canvases[0].save(
        target,
        save_all=True,
        append_images=canvases[1:],
        duration=round(1000 * seconds),
        loop=0,
        optimize=True,
    )
