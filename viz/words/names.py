"""Names for Values and modules, from the variables that hold them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from autodiff import Value

__all__ = ["Naming", "naming"]


def naming(names: Mapping[str, object]) -> dict[int, str]:
    """Names by identity, as from ``locals()``: of Values and modules, and of Values in lists.

    >>> x, row = Value(1.0), [Value(2.0), Value(3.0)]
    >>> found = naming({"x": x, "row": row, "_": x})
    >>> found[id(x)], found[id(row[1])]
    ('x', 'row[1]')
    """
    found: dict[int, str] = {}
    for name, held in names.items():
        if name.startswith("_"):  # a notebook's _, _1, _i2 ...
            continue
        found.setdefault(id(held), name)
        if isinstance(held, list | tuple):
            for i, element in enumerate(held):
                if isinstance(element, Value):
                    found.setdefault(id(element), f"{name}[{i}]")
    return found


class Naming:
    """What the nodes of a graph are called: by a label or variable of their own, else f, v1, v2.

    The last node of `order` is the root: f, if that name is free. `variables` are names by
    identity, as `naming` gives them.

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
