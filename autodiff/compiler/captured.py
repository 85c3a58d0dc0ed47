"""What a function refers to by name: its parameters, and whether all that is as it was."""

from __future__ import annotations

import dis
import functools
import operator
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..value import Constant, Value
from ..watch.changes import Counting

_LIBRARY = ("autodiff", "nn")
_WITHOUT_PARTS = (Value, float, int, str, types.NoneType)  # most of what there is
_CONTENTS = operator.attrgetter("cell_contents")
_DATA = operator.attrgetter("data")


def referred_parameters(function: Callable[..., Any]) -> list[Value]:
    """Parameters of the modules, and the Values, that a function refers to by name.

    They are found in closures, globals, defaults, bound objects and lists, in that order; a
    module gives its own order. Leaves only, each once.
    """
    found: dict[Value, None] = {}
    for thing in _reached(function, _referred):
        if isinstance(thing, Value) and thing.gate is None and not isinstance(thing, Constant):
            found[thing] = None
    return list(found)


class Captured:
    """What a function referred to when it was compiled; `changed` says if it no longer does.

    Looked at are the variables that it names, the attributes of the objects and the items of the
    lists and dictionaries that are found there, and so on; and, if its code reads a `.data`, the
    numbers of the Values among them that are not `parameters` of the program. An array that is
    written into is not noticed.

    >>> rates = [0.5, 2.0]
    >>> captured = Captured(functools.partial(max, rates), [])
    >>> captured.changed()
    False
    >>> rates[0] = 0.25
    >>> captured.changed()
    True
    """

    def __init__(self, function: Callable[..., Any], parameters: Sequence[Value]) -> None:
        self.count = Counting.changes
        reached = _reached(function, _inside)
        things = [thing for thing in reached if not isinstance(thing, _WITHOUT_PARTS)]
        functions = [
            thing
            for thing in things
            if isinstance(thing, types.FunctionType) and not _is_library(thing)
        ]
        self.reads_data = any("data" in _names(one, "LOAD_ATTR") for one in functions)
        objects = [thing for thing in things if _has_attributes(thing)]
        collections = [thing for thing in things if isinstance(thing, list | dict | set)]
        collections += [vars(one) for one in objects if not isinstance(one, Counting)]
        # what may change, each beside what was in it; the last only when the count has moved
        self.variables = [(read, of, read(of)) for one in functions for read, of in _reads(one)]
        if self.reads_data:
            known = set(parameters)
            leaves = [one for one in reached if isinstance(one, Value) and one not in known]
            self.variables += [(_DATA, leaf, leaf.data) for leaf in leaves]
        self.collections, self.held = collections, [one.copy() for one in collections]
        self.counting = [vars(one) for one in objects if isinstance(one, Counting)]
        self.counted = [one.copy() for one in self.counting]

    def changed(self) -> bool:
        """Is anything bound to something else?"""
        try:
            for read, of, was in self.variables:
                now = read(of)
                if now is not was and now != was:
                    return True
            if self.collections != self.held:
                return True
            if self.count != (count := Counting.changes):
                if self.counting != self.counted:
                    return True
                self.count = count
            return False
        except ValueError:  # an array in the place of another, or a variable that was deleted
            return True


def _reads(function: types.FunctionType) -> Iterator[tuple[Callable[[Any], Any], Any]]:
    """Its variables, each as a function and the argument that gives what it is bound to."""
    for cell in _cells(function):
        yield _CONTENTS, cell
    for name in _names(function, "LOAD_GLOBAL"):
        yield function.__globals__.get, name


def _reached(function: Any, parts: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """`function`, its parts, their parts and so on, depth first, each once."""
    seen: dict[int, Any] = {}
    stack: list[Any] = [function]
    while stack:
        thing = stack.pop()
        if id(thing) not in seen:
            seen[id(thing)] = thing  # kept, so that no id is used twice
            if not isinstance(thing, _WITHOUT_PARTS):
                stack.extend(reversed(list(parts(thing))))
    return list(seen.values())


def _referred(thing: Any) -> Iterable[Any]:
    """What parameters are looked for in; a module gives its own."""
    if callable(getattr(type(thing), "parameters", None)):  # a property would be asked at once
        return list(thing.parameters())
    return _inside(thing)


def _inside(thing: Any) -> Iterable[Any]:
    """What a function names, an object has as attributes, a collection holds."""
    if isinstance(thing, dict):
        return list(thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return list(thing)
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, types.MethodType):
        return [thing.__self__, thing.__func__]
    if isinstance(thing, types.FunctionType):
        defaults = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        return [] if _is_library(thing) else [*(read(of) for read, of in _reads(thing)), *defaults]
    if _has_attributes(thing):
        return [getattr(thing, "__wrapped__", None), *vars(thing).values()]
    return []


def _has_attributes(thing: Any) -> bool:
    """Is it an object whose attributes may matter: of a class that is neither Python's own nor
    the engine's, as a program that is kept beside its model?"""
    if isinstance(thing, type | types.ModuleType | Value) or not hasattr(thing, "__dict__"):
        return False
    home = type(thing).__module__.partition(".")[0]
    if home == "autodiff" and not isinstance(thing, Counting):
        return False
    return home not in sys.stdlib_module_names or isinstance(thing, types.SimpleNamespace)


def _is_library(function: types.FunctionType) -> bool:
    return (function.__module__ or "").partition(".")[0] in _LIBRARY


def _cells(function: types.FunctionType) -> list[types.CellType]:
    """Its free variables, as far as they are assigned."""
    cells = []
    for cell in function.__closure__ or ():
        try:
            cell.cell_contents  # noqa: B018
        except ValueError:
            continue
        cells.append(cell)
    return cells


def _names(function: types.FunctionType, instruction: str) -> tuple[str, ...]:
    """The names that its code, and that of functions inside it, uses in this way."""
    return _names_in(function.__code__, instruction)


@functools.lru_cache(maxsize=256)
def _names_in(code: types.CodeType, instruction: str) -> tuple[str, ...]:
    names: dict[str, None] = {}
    codes = [code]
    while codes:
        code = codes.pop()
        found = (i.argval for i in dis.get_instructions(code) if i.opname == instruction)
        names.update(dict.fromkeys(found))
        codes.extend(c for c in code.co_consts if isinstance(c, types.CodeType))
    return tuple(names)
