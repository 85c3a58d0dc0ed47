"""What the nodes of a graph are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from autodiff import Value

__all__ = ["Naming", "listed", "means"]

LISTED = 12


def means(wish: object, name: str) -> bool:
    """Whether somebody who says `wish` means what is called `name`; a row means its elements.

    >>> means("w", "w"), means("w", "w[0]"), means("w", "ww")
    (True, True, False)
    """
    return isinstance(wish, str) and (name == wish or name.startswith(f"{wish}["))


def listed(names: Iterable[str]) -> str:
    """What can be asked for; a row by its name.

    >>> listed(["w[0]", "w[1]", "b"])
    'there are w, b'
    """
    whole = list(dict.fromkeys(name.partition("[")[0] for name in names if name))
    more = ", ..." if len(whole) > LISTED else ""
    return f"there are {', '.join(whole[:LISTED])}{more}" if whole else "nothing in it has a name"


class Naming:
    """What the nodes of a graph are called: by a label or variable of their own, else f, v1, v2.

    The last node of `order` is the root: f, if that name is free. `variables` are names by
    identity, as `viz.fold.variables.naming` gives them.

    >>> x = Value(3.0, label="x")
    >>> squared = x * x
    >>> f = squared + 1.0
    >>> name = Naming([x, squared, f])
    >>> name(squared), name(f), name(x)
    ('v1', 'f', 'x')
    """

    def __init__(self, order: Sequence[Value], variables: Mapping[int, str] | None = None) -> None:
        self.root = order[-1]
        self.given = {v: v.label or (variables or {}).get(id(v), "") for v in order}
        self.counts = Counter(self.given.values())
        self.found: dict[Value, str] = {}
        self.unnamed = 0

    def __call__(self, v: Value) -> str:
        """The name of a node; the same one each time."""
        if v not in self.found:
            self.found[v] = self._find(v)
        return self.found[v]

    def _find(self, v: Value) -> str:
        name = self.given.get(v, v.label)
        if name and self.counts[name] < 2:
            return name
        if v is self.root and not name and "f" not in self.counts:
            return "f"
        while True:
            self.unnamed += 1
            if (name := f"v{self.unnamed}") not in self.counts:
                return name
