"""What the plots have in common: colours, markers, a figure where none is given.

Every function of this folder draws into `ax` if one is given, else into a new figure, and returns
the axes. A style of the user's own, as `plt.style.use("ggplot")`, is followed. matplotlib comes
with the extra `demo` or `notebook`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from ..languages.translate import spoken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "COLOURS",
    "MARKERS",
    "axes_or_new",
    "colours",
    "have_letters",
    "ink",
    "letter",
    "plotted",
    "subplots",
    "tidy",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")

# Okabe and Ito's colours: told apart by any eye.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
MARKERS = "os^DvP*X"
HAN = re.compile("[\u4e00-\u9fff]")
# Fonts with Chinese letters, as systems call them.
FONTS = re.compile("CJK (SC|JP)|Source Han|YaHei|PingFang|Heiti|SimHei|WenQuanYi|Songti|Hiragino")


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


def plotted(make: Callable[_P, _T]) -> Callable[_P, _T]:
    """`spoken` for a plot: what it writes finds its letters, whatever font the user has chosen."""

    @wraps(make)
    def made(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        drawn: Any = spoken(make)(*args, **kwargs)
        for ax in drawn.ravel() if hasattr(drawn, "ravel") else [drawn]:
            letter(ax.figure)
        return drawn  # type: ignore[no-any-return]

    return made


def letter(figure: Any) -> None:
    """Look for Chinese letters in a font of this machine that has them, behind the text's own."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        if HAN.search(text.get_text()):
            text.set_fontfamily(_lettered(text.get_fontfamily()))


def have_letters() -> None:
    """The same for every figure to come: for a notebook that writes Chinese into its own."""
    import matplotlib as mpl

    mpl.rcParams["font.family"] = _lettered(mpl.rcParams["font.family"])


def _lettered(fonts: Sequence[str]) -> list[str]:
    """These fonts, and behind them one of this machine that has Chinese letters."""
    from matplotlib.font_manager import fontManager

    found = sorted({f.name for f in fontManager.ttflist if FONTS.search(f.name)})
    return list(dict.fromkeys([*fonts, *found[:1]]))


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
