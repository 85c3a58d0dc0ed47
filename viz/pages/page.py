"""A page: one HTML file that needs nothing else, neither files beside it nor a network.

Its sources lie in a folder of its own, what pages have in common in ``shared``; here they become
one text. Colours come from the themes of the pictures, so that a page and a drawing look alike.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from ..dot.themes import THEMES, Theme
from ..languages.catalogue import LANGUAGES, used_in
from ..languages.translate import of_page
from .javascript import literal, runtime
from .paper import print_into

__all__ = ["Page", "colours", "page", "source", "spoken"]

# Green and red are the pictures' colours; these two are told apart by any eye.
SAFE = {"light": ("#0062a8", "#b24500"), "dark": ("#67b7ff", "#ffa657")}


class Page:
    """A finished page. `html` is its text; a notebook shows it in place.

    >>> from viz.pages.page import Page
    >>> Page("<p>hello</p>", 300)._repr_html_()[:46]
    '<iframe srcdoc="&lt;p&gt;hello&lt;/p&gt;" titl'
    """

    def __init__(self, text: str, height: int, title: str = "") -> None:
        # Half a character, as a label cut in the middle has, cannot be written: it is spelt out.
        self.html = text.encode("utf-8", "backslashreplace").decode("utf-8")
        self.height = height
        self.title = title

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the page into a file and return its path; a .pdf is what its printing gives.

        Raises ValueError for a name that promises another format, and for a PDF where there is no
        Chromium, Chrome or Edge to print it.
        """
        target = Path(path)
        if target.suffix.lower() == ".pdf":
            print_into(self.html, target)
            return target
        if target.suffix.lower() not in ("", ".html", ".htm"):
            raise ValueError(
                f"a page is HTML, and {target.name!r} has the suffix {target.suffix!r}: call it "
                f"{target.stem + '.html'!r}; for a picture in another format use viz.draw"
            )
        target.write_text(self.html, encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        # A frame of its own: the notebook's styles stay out, the page's scripts stay in.
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="{html.escape(self.title)}" '
            f'sandbox="allow-scripts allow-downloads allow-modals" loading="lazy" '
            f'style="width: 100%; height: {self.height}px; border: 0"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<{self.title or 'page'}: {len(self.html) // 1024} kB of HTML; .save(path)>"


def page(
    name: str,
    title: str,
    data: object,
    scripts: Iterable[str],
    *,
    gates: Iterable[str] | None = None,
    height: int = 760,
    path: str | os.PathLike[str] | None = None,
) -> Page:
    """Put a page together from the folder ``pages/{name}`` and the named scripts.

    `data` is what the page is about, `DATA` in its scripts; `gates` names the rows of the gate
    table that it needs; `path` says where to save it.
    """
    sources = [runtime(gates), f"const DATA = {literal(data)};\n"]
    sources += [source(name, f"{script}.js") for script in scripts]
    body = source(name, f"{name}.html")
    sources.insert(0, spoken("\n".join([title, body, *sources])))
    styles = [colours(), source(name, "base.css"), source(name, f"{name}.css")]
    parts = {
        "title": html.escape(title),
        "style": "\n".join(styles),
        "body": body,
        "script": '"use strict";\n(() => {\n' + "\n".join(sources) + "})();",
    }
    text = source(name, "frame.html")
    for key, part in parts.items():
        text = text.replace(f"<!--{key}-->", part, 1)
    made = Page(text, height, title)
    if path is not None:
        made.save(path)
    return made


def spoken(code: str) -> str:
    """The script that translates a page of this text, with the messages that it needs."""
    said = {lang: used_in(code, lang) for lang in LANGUAGES if lang != "en"}
    held = f"const LANGUAGE = {literal(of_page())}, MESSAGES = {literal(said)};\n"
    return held + source("shared", "language.js")


def source(name: str, file: str) -> str:
    """A source of the page `name`: from its own folder, or from what all pages share."""
    folder = Path(__file__).parent
    own = folder / name / file
    path = own if own.is_file() else folder / "shared" / file
    return path.read_text(encoding="utf-8")


def colours() -> str:
    """The themes as custom properties: light, dark, and for both a pair safe for any eye."""

    def block(selector: str, row: Theme) -> str:
        names = [f.name for f in fields(row) if f.name not in ("name", "clusters", "scale")]
        lines = [f"--{name.replace('_', '-')}: {getattr(row, name)};" for name in names]
        lines += [f"--cluster{k}: {row.clusters[k % len(row.clusters)]};" for k in range(3)]
        return f"{selector} {{ {' '.join(lines)} }}"

    def safe(name: str) -> str:
        value, grad = SAFE[name]
        return f":root[data-colours=safe] {{ --value: {value}; --grad: {grad}; }}"

    dark = "@media screen and (prefers-color-scheme: dark)"
    return "\n".join(
        [
            block(":root", THEMES["light"]),
            safe("light"),
            f"{dark} {{ {block(':root', THEMES['dark'])} {safe('dark')} }}",
        ]
    )
