"""In which language things are said: for one call, for the process, or as the reader's system is.

Functions that make words, pages or pictures are `spoken`: they take ``lang="zh"`` and pass it to
nobody; what they say goes through `translate`. ``viz.language("zh")`` is for a whole notebook.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from autodiff.text.speech import speakers

from .catalogue import LANGUAGES, catalogue

__all__ = [
    "explained",
    "known",
    "language",
    "of_page",
    "of_reader",
    "paged",
    "speaking",
    "spoken",
    "translate",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_of_process = ""
_of_call: ContextVar[str] = ContextVar("language", default="")
_of_page: ContextVar[str] = ContextVar("language of the page", default="")


def asked() -> str:
    """The language that was asked for; "" if none was."""
    return _of_call.get() or _of_process or _tag(os.environ.get("GLASSGRAD_LANG", ""))


def current() -> str:
    """The language that is spoken now."""
    return asked() or "en"


def translate(text: str) -> str:
    """`text`, an English text of the code, in the language that is spoken now.

    >>> with speaking("zh"):
    ...     translate("wrote circuit.svg")
    '已写入 circuit.svg'
    >>> translate("wrote circuit.svg")
    'wrote circuit.svg'
    """
    lang = current()
    return text if lang == "en" else catalogue(lang)(text)


@contextmanager
def speaking(lang: str | None) -> Iterator[None]:
    """Speak `lang` inside; None or "" changes nothing.

    Raises ValueError for a language that there is not.
    """
    token = _of_call.set(known(lang) if lang else _of_call.get())
    try:
        yield
    finally:
        _of_call.reset(token)


def spoken(make: Callable[_P, _T]) -> Callable[_P, _T]:
    """Give a function with a parameter ``lang`` its language; the function need not look at it."""

    @wraps(make)
    def made(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        lang: Any = kwargs.get("lang")
        with speaking(lang):
            return make(*args, **kwargs)

    return made


def paged(make: Callable[_P, _T]) -> Callable[_P, _T]:
    """`spoken` for what makes a page: that is written in English and translates itself."""

    @wraps(make)
    def made(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        lang: Any = kwargs.get("lang")
        token = _of_page.set(known(lang) if lang else _of_page.get() or asked())
        try:
            with speaking("en"):
                return make(*args, **kwargs)
        finally:
            _of_page.reset(token)

    return made


def of_page() -> str:
    """The language of the page that is being made; "" leaves it to its reader."""
    return _of_page.get()


def known(lang: str) -> str:
    """The language that is meant: "zh" also by the names zh_CN, zh-Hans and zh_CN.UTF-8.

    Raises ValueError for a language that there is not.
    """
    found = _tag(lang) if isinstance(lang, str) else ""
    if not found:
        raise ValueError(f"no language {lang!r}; there are {', '.join(map(repr, LANGUAGES))}")
    return found


def _tag(name: str) -> str:
    tag = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    return tag if tag in LANGUAGES else ""


def of_reader() -> str:
    """The language of the environment, GLASSGRAD_LANG or else the locale's; "" if it says none."""
    names = ("GLASSGRAD_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    value = next(filter(None, map(os.environ.get, names)), "")
    return _tag(value)


def language(lang: str | None) -> None:
    """Speak `lang` from now on: in words, pictures and pages, and behind errors.

    lang   "en" or "zh"; None is as it was at first: English, and pages as their readers have it

    An error is raised in English, and is shown with its traceback and then its text in `lang`.

    >>> from autodiff import Value
    >>> import viz
    >>> x = Value(3.0, label="x")
    >>> viz.language("zh")
    >>> print(viz.explain(x))
    x = 3 是叶节点：它不是算出来的
    >>> viz.language(None)

    Raises ValueError for a language that there is not.
    """
    global _of_process
    _of_process = known(lang) if lang else ""
    if sys.excepthook is not _hook:
        _hooks.append(sys.excepthook)
        sys.excepthook = _hook
    if shell := _ipython():
        shell.set_custom_exc((Exception,), _in_notebook)


def explained(error: BaseException) -> None:
    """Note behind an error what it says in the language that is spoken."""
    text = str(error)
    told = translate(text)
    if told != text and told not in getattr(error, "__notes__", ()):
        error.add_note(told)


_hooks: list[Callable[[type[BaseException], BaseException, TracebackType | None], Any]] = []


def _hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    explained(error)
    _hooks[-1](kind, error, trace)


def _ipython() -> Any:
    if "IPython" not in sys.modules:
        return None
    from IPython.core.getipython import get_ipython

    return get_ipython()


def _in_notebook(
    shell: Any, kind: type[BaseException], error: BaseException, trace: Any, tb_offset: Any = None
) -> None:
    explained(error)
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


speakers.append(translate)  # for what the floors below report
