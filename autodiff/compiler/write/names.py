"""Names for the arrays of a program, as one would write them by hand: W1, b1, Z1, A1."""

from __future__ import annotations

import builtins
import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...formula.atoms import ATOMS

_RESERVED = {"np", "theta", "E", "J", "grad", "math", *ATOMS, *dir(builtins), *keyword.kwlist}


class Names:
    """Hands out every name once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = _RESERVED | set(taken)
        self.counts: dict[str, int] = {}
        self.layers = 0

    def unique(self, wish: str) -> str:
        """`wish`, or with a number behind it if that is taken."""
        name, k = wish, 1
        while name in self.taken or "d" + name in self.taken:
            k += 1
            name = f"{wish}_{k}" if wish[-1].isdigit() else f"{wish}{k}"
        self.taken.add(name)
        return name

    def numbered(self, stem: str) -> str:
        """stem1, stem2, ..."""
        self.counts[stem] = self.counts.get(stem, 0) + 1
        return self.unique(f"{stem}{self.counts[stem]}")

    def layer(self, labels: Sequence[str]) -> int:
        """The number of the next weight matrix; from its labels ("W3[0,1]") if they have one."""
        found = re.fullmatch(r"[Ww]_?(\d+)", stem(labels) or "")
        free = found is not None and f"Z{int(found[1])}" not in self.taken
        self.layers = int(found[1]) if found and free else self.layers + 1
        while f"Z{self.layers}" in self.taken:
            self.layers += 1
        return self.layers

    def parameter(self, labels: Sequence[str], usual: str) -> str:
        """From the labels of the parameters, if they have a word in common; else the usual name.

        Layers number their weights; one parameter by itself is called as it is labelled.
        """
        word = stem(labels)
        alone = len(labels) == 1 and usual.startswith("p")
        plain = not alone and (word or "").rstrip("0123456789_") in ("w", "W", "b", "p", "d")
        return self.unique(usual if plain or word is None else word)


def stem(labels: Sequence[str]) -> str | None:
    """What labels like "γ[0]", "γ[1]" or "w0", "w1" have in common, if it makes a name.

    >>> stem(["W1[0,0]", "W1[0,1]"]), stem(["w0", "w1"]), stem(["up", "down"])
    ('W1', 'w', None)
    """
    words = set()
    for label in labels:
        head, bracket, _ = label.partition("[")
        words.add(head if bracket or len(labels) == 1 else head.rstrip("0123456789").rstrip("_"))
        if len(words) > 1:
            return None
    word = words.pop() if words else ""
    ok = word.isidentifier() and not keyword.iskeyword(word) and not hasattr(builtins, word)
    return word if ok else None


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """X, Y, ... from the names of the function's arguments."""
    names: list[str] = []
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    fixed = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    given = fixed[:count] if len(fixed) >= count else ["x", "y", "u", "v"][:count]
    given += [f"x{k + 1}" for k in range(len(given), count)]
    for name in given:
        wish = name.strip("_").upper() if len(name.strip("_")) == 1 else name.strip("_")
        if re.fullmatch(r"[a-z]\d+", name):
            wish = name.upper()
        wish = wish if wish.isidentifier() and wish not in _RESERVED else f"X{len(names) + 1}"
        names.append(wish if wish not in names else f"{wish}_{len(names) + 1}")
    return names
