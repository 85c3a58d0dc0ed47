"""What the plots have in common: colours, markers, a figure where none is given.

Every function of this folder draws into `ax` if one is given, else into a new figure, and returns
the axes. A style of the user's own, as `plt.style.use("ggplot")`, is followed. matplotlib comes
with the extra `demo` or `notebook`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..languages.translate import translate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["COLOURS", "MARKERS", "axes_or_new", "colours", "ink", "said", "subplots", "tidy"]

# Okabe and Ito's colours: told apart by any eye.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = "os^DvP*X"
# Fonts with Chinese letters, as systems call them.
HAN = re.compile("CJK (SC|JP)|Source Han|YaHei|PingFang|Heiti|SimHei|WenQuanYi|Songti|Hiragino")


def subplots(rows: int, columns: int, width: float, height: float, **options: Any) -> Any:
    """The axes of a new figure, that wide and high in inches."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'plots need matplotlib; install it with: pip install "glassgrad[demo]"'
        ) from error
    options = {"figsize": (width, height), "layout": "constrained", **options}
    return plt.subplots(rows, columns, **options)[1]


def axes_or_new(ax: Axes | None, width: float, height: float) -> Axes:
    """`ax` if it is given, else that of a new figure."""
    return subplots(1, 1, width, height) if ax is None else ax


def said(text: str) -> str:
    """The text in the language that is spoken, in letters that this machine has."""
    told = translate(text)
    if not told.isascii():
        _have_letters()
    return told


def _have_letters() -> None:
    """Let matplotlib look for Chinese letters in a font that has them, behind the user's own."""
    import matplotlib as mpl
    from matplotlib.font_manager import fontManager

    there = sorted({font.name for font in fontManager.ttflist if HAN.search(font.name)})
    family = mpl.rcParams["font.family"]
    mpl.rcParams["font.family"] = list(dict.fromkeys([*family, *there[:1]]))


def colours() -> Sequence[str]:
    """Those of the user's style, if it has some of its own."""
    import matplotlib as mpl

    cycle = mpl.rcParams["axes.prop_cycle"]
    usual = cycle == mpl.rcParamsDefault["axes.prop_cycle"]
    return COLOURS if usual else cycle.by_key().get("color", COLOURS)


def ink() -> str:
    """The colour of lines and letters: white where the style is dark."""
    import matplotlib as mpl

    return str(mpl.rcParams["text.color"])


def tidy(ax: Axes) -> None:
    """No frame at the top and at the right, a faint grid behind everything."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
