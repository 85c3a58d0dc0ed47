"""The site: `make docs` builds it into build/site, without a network and with every warning fatal,
and in Chinese (``-D language=zh_CN``, the catalogues in `locale/`) into build/site/zh; `make site`
puts Pyodide beside the studio, which needs npm.

What can be read from the code is generated from it: the gate table, the error catalogue, the API
reference. The notebooks are shown with the outputs that they were committed with; CI runs them.
"""

import json
import re
import sys
import tomllib
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from docutils.nodes import Element, Text, document, entry, raw
from sphinx.application import Sphinx
from sphinx.util.logging import getLogger

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(HERE)]

import catalogue  # noqa: E402
import commands  # noqa: E402
import docstrings  # noqa: E402
import live  # noqa: E402
import search  # noqa: E402
import tables  # noqa: E402
from studio import build as studio  # noqa: E402

from viz.languages.translate import speaking  # noqa: E402

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
project = PROJECT["name"]
author = copyright = PROJECT["authors"][0]["name"]
release = version = PROJECT["version"]

logger = getLogger(__name__)

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx_copybutton",
    "sphinx-mathjax-offline",
]
exclude_patterns = ["_build", "generated/parts"]

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
nb_render_markdown_format = "myst"  # with formulas

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "undoc-members": False}
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

gettext_compact = False
locale_dirs = ["locale"]
smartquotes = False  # "" is an empty text, not a pair of quotation marks
html_search_language = search.Search.lang
html_theme = "furo"
templates_path = ["_templates"]
html_title = "glassgrad"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False


def write(path: Path, text: str) -> None:
    """Write a generated page, but leave it alone if nothing changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def folder(language: str) -> str:
    """Where the site of a language stands, below that in English."""
    return "" if language == "en" else language.partition("_")[0]


def generate(app: Sphinx) -> None:
    if app.builder.name == "gettext":  # markup is read there, and translated by `translate_raw`
        app.config.gettext_additional_targets = ["raw"]
    generated = HERE / "generated"
    translated = ROOT / "notebooks" / folder(app.config.language)
    write(generated / "gates.md", tables.gates())
    with speaking(folder(app.config.language) or "en"):
        write(generated / "errors.md", catalogue.page(with_others=app.builder.name != "gettext"))
        write(generated / "command-line.md", commands.page())
    course = generated / "course"
    course.mkdir(parents=True, exist_ok=True)
    wanted = {path.name: path for path in (ROOT / "notebooks").glob("[0-9]*.ipynb")}
    wanted |= {path.name: path for path in translated.glob("[0-9]*.ipynb")}
    for old in course.glob("*.ipynb"):
        if old.name not in wanted:
            old.unlink()
    for name, path in wanted.items():
        write(course / name, linked(path.read_text(encoding="utf-8")))


def linked(notebook: str) -> str:
    """The notebook with links from its texts to the sources that they name."""
    held = json.loads(notebook)
    for cell in held["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = docstrings.cited("".join(cell["source"]), "[{0}](#{1})")
    return json.dumps(held, ensure_ascii=False)


def skip(
    _app: Sphinx, _what: str, _name: str, member: object, is_skipped: bool, _options: object
) -> bool:
    """Leave out the fields of named tuples, which their class describes, and what is inherited
    from scikit-learn, which has its own pages."""
    of_others = str(getattr(member, "__module__", "")).startswith("sklearn.")
    return is_skipped or of_others or type(member).__name__ == "_tuplegetter"


def beside(app: Sphinx, failed: Exception | None) -> None:
    """The pages that are no documents: they run."""
    if failed is None and app.builder.format == "html":
        with speaking(folder(app.config.language) or "en"):
            live.build(Path(app.outdir) / "live")
        if not folder(app.config.language):
            studio.build(Path(app.outdir) / "studio")


def level(
    app: Sphinx, page: str, _template: str, context: dict[str, object], _tree: object
) -> None:
    """Captions in the theme's navigation are headings, and headings have a level; and every page
    has itself in the other language."""
    tree = str(context.get("furo_navigation_tree", ""))
    context["furo_navigation_tree"] = tree.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    here = folder(app.config.language)
    up = "../" * (page.count("/") + bool(here))
    address = f"{up}{page}.html" if here else f"{up}zh/{page}.html"
    tag, name = ("en", "English") if here else ("zh", "中文")
    context["other"] = {"address": address, "tag": tag, "name": name}
    alternate = f'<link rel="alternate" hreflang="{tag}" href="{address}" />'
    context["metatags"] = str(context.get("metatags", "")) + alternate


def translate_raw(app: Sphinx, doctree: document) -> None:
    """The doors of pages, which are HTML: Sphinx would read their translation as Markdown."""
    if folder(app.config.language):
        catalogues = HERE / "locale" / app.config.language / "LC_MESSAGES"
        path = catalogues / f"{app.env.current_document.docname}.po"
        held = read_po(path.open("rb")) if path.exists() else Catalog()
        for node in doctree.findall(raw):
            message = held.get(node.astext()) or held.get(node.astext().strip())
            node["translated"] = bool(message and message.string)
            if message and message.string:
                node.children[:] = [Text(str(message.string))]


def untranslated(app: Sphinx, doctree: document, page: str) -> None:
    """Warn, which ends the build, of a text that has no translation."""
    if folder(app.config.language) and not page.startswith(
        ("generated/course/", "generated/errors", "attacks")  # its numbers change
    ):
        for node in doctree.findall(Element):
            of_room = page == "generated/errors" and isinstance(node.parent, entry)
            if node.get("translated") is not False or of_room:  # the room has the messages
                continue
            text = node.rawsource or node.astext()
            plain = re.sub(r"`+[^`]*`+|\$[^$]*\$|<[^<>]*>|\]\([^()]*\)", "", text)
            if re.search("[A-Za-z]{2}", plain) and not re.search("[\u4e00-\u9fff]", text):
                logger.warning("not translated: %r", text, location=node)


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", generate)
    app.connect("autodoc-skip-member", skip)
    app.connect("autodoc-process-docstring", docstrings.process)
    app.connect("html-page-context", level, priority=900)
    app.add_search_language(search.Search)
    app.connect("doctree-read", translate_raw)
    app.connect("doctree-resolved", untranslated)
    app.connect("build-finished", beside)
