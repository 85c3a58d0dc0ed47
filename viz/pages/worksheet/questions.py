"""What is asked of a circuit: each blank with its answer, its hint, and the mistakes it knows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from autodiff import Constant, DomainError, Value, gradcheck, topological_order
from autodiff.graph import adjoints

from ...words.notation import Text
from ...words.rules import Edge, edges_into

__all__ = ["Blank", "at_kink", "blanks", "sealed", "token"]

GRID = math.log(1.0005)  # a cell of numbers, whose middle and ends nobody tells apart on paper
CONVENTION = "Here the slopes on both sides differ: which of them counts is a convention."
LOST = "A path is missing: add up what comes back along every wire."
NOT_LOCAL = "That is what comes back to the input; the local gradient is the gate's alone."
OTHER = "That is the slope by another input of the gate."
NO_SLOPE = "That is the value of the gate, not its slope."
ONLY_LOCAL = "That is the local gradient; multiply it by what comes back to the gate."
ONLY_UPSTREAM = "That is what comes back to the gate; multiply it by the local gradient."
ADDED = "Upstream and local gradient are multiplied, not added."
VALUE = "That is the value, which stands above the wire; here the gradient is asked."


@dataclass
class Blank:
    """A number to be found.

    key    where it stands: v3, g3, l3/0 (value, gradient, local gradient by input 0 of node 3)
    hint   in symbols, so that it gives no other blank away
    slips  the numbers that a mistake gives, and what to say of it
    """

    key: str
    name: str
    truth: float
    hint: list[str]
    slips: list[tuple[float, str]] = field(default_factory=list)
    tag: str = ""

    def data(self, salt: str, known: bool) -> dict[str, Any]:
        """For a page, with the answer or with its seal."""
        told: dict[str, Any] = {"key": self.key, "tag": self.tag, "name": self.name}
        if known:
            return told | {"truth": self.truth}
        salt = f"{salt}/{self.key}"
        slips: dict[str, str] = {}
        for number, said in self.slips:
            slips.setdefault(sealed(salt, number), said)
        return told | {
            "salt": salt,
            "seal": sealed(salt, self.truth),
            "negated": sealed(salt, -self.truth) if self.truth else "",
            "hint": self.hint,
            "slips": slips,
        }


def token(x: float) -> str:
    """What two numbers share that are one answer: a whole number, or a cell of the grid.

    `agrees` of viz/pages/worksheet/worksheet.js tries the cells around.

    >>> token(-4.0), token(0.5), token(-0.5)
    ('-4', '+-1387', '--1387')
    """
    if math.isnan(x) or math.isinf(x):
        return ""
    if abs(x - round(x)) <= 1e-9 * max(1.0, abs(x)):
        return str(round(x))
    return f"{'-' if x < 0 else '+'}{math.floor(math.log(abs(x)) / GRID)}"


def sealed(salt: str, x: float) -> str:
    """A number that can be recognised and not read.

    >>> sealed("circuit", 3.0)
    'af3f359295a8'
    """
    return hashlib.sha256(f"{salt}/{token(x)}".encode()).hexdigest()[:12]


def letters(k: int) -> str:
    """A, B … Z, AA, AB …: letters, since a number in a blank reads as an answer."""
    return (chr(64 + k // 26) if k >= 26 else "") + chr(65 + k % 26)


def blanks(
    root: Value, kinds: Sequence[str], index: dict[Value, int], lettered: bool = True
) -> list[Blank]:
    """The blanks of these kinds, "values", "local" and "gradients"; `index` numbers the nodes.

    A hint names other blanks by their letters, or if they are not `lettered`, says their rules.
    """
    sheet = _Sheet(root, index, lettered and "local" in kinds)
    makers = {"values": sheet.values, "local": sheet.local, "gradients": sheet.gradients}
    found = [blank for kind in makers if kind in kinds for blank in makers[kind]()]
    for k, blank in enumerate(found):
        blank.tag = letters(k)
    tags = {blank.key: f"{blank.name} is blank {blank.tag}" for blank in found}
    for blank in found:
        blank.hint = [tags.get(line, line) for line in blank.hint]
    return found


class _Sheet:
    def __init__(self, root: Value, index: dict[Value, int], local_asked: bool) -> None:
        self.root = root
        self.local_asked = local_asked
        self.index = index
        self.order = topological_order(root)
        self.hand = Text(self.order)
        self.grad = adjoints(self.order, {root: 1.0})
        self.readers: dict[Value, list[Edge]] = {v: [] for v in self.order}
        for v in self.order:
            for edge in edges_into(v):
                self.readers[edge.tail].append(edge)

    def values(self) -> Iterator[Blank]:
        """The value of each gate."""
        for v in self.order:
            if v.gate is not None:
                key, name = f"v{self.index[v]}", self.hand.names[v]
                yield Blank(key, name, v.data, [v.gate.doc, self.hand.made(v)])

    def local(self) -> Iterator[Blank]:
        """The local gradient on each wire into a gate."""
        for v in self.order:
            for edge in edges_into(v):
                if v.gate is None or isinstance(edge.tail, Constant):
                    continue
                slips = [(self.grad[v] * edge.local, NOT_LOCAL)]
                slips += [(x, OTHER) for x in v.local_grads]
                slips.append((v.data, NO_SLOPE))
                hint = [v.gate.doc, self.hand.rule(edge), *([CONVENTION] if at_kink(v) else [])]
                yield Blank(self.key(edge), self.hand.local(edge), edge.local, hint, slips)

    def gradients(self) -> Iterator[Blank]:
        """The gradient of each node but the root."""
        hand = self.hand
        for v in reversed(self.order):
            if v is self.root or isinstance(v, Constant):
                continue
            ways, truth = self.readers[v], self.grad[v]
            total = hand.total(self.root, v)
            hint = [f"{total} = {' + '.join(map(self.share, ways))}"]
            if self.local_asked:
                hint += map(self.key, ways)  # which names the blank
            else:
                hint += [f"with {hand.rule(edge)}" for edge in ways]
                hint += [CONVENTION] if any(at_kink(edge.head) for edge in ways) else []
            if len(ways) > 1:
                hint.append(f"{hand.names[v]} is read {len(ways)} times: what comes back adds up")
            slips: list[tuple[float, str]] = []
            for edge in ways:
                back, up = self.grad[edge.head] * edge.local, self.grad[edge.head]
                if len(ways) > 1:
                    slips += [(back, LOST), (truth - back, LOST)]
                slips += [(edge.local, ONLY_LOCAL), (up, ONLY_UPSTREAM), (up + edge.local, ADDED)]
            slips.append((v.data, VALUE))
            yield Blank(f"g{self.index[v]}", total, truth, hint, slips)

    def share(self, edge: Edge) -> str:
        """What comes back along a wire: df/dq · ∂q/∂x."""
        local = self.hand.local(edge)
        if edge.head is self.root:
            return local
        return f"{self.hand.total(self.root, edge.head)} · {local}"

    def key(self, edge: Edge) -> str:
        return f"l{self.index[edge.head]}/{edge.position}"


def at_kink(v: Value) -> bool:
    """Whether the slopes on both sides of what a gate was given differ.

    >>> x = Value(0.0)
    >>> at_kink(x.relu()), at_kink(x.tanh())
    (True, False)
    """
    assert v.gate is not None
    given = v.gate.split(tuple(p.data for p in v.parents)).values()
    try:
        found = gradcheck(v.gate, [list(x) if isinstance(x, tuple) else x for x in given])
    except DomainError:  # at the edge of what the gate takes
        return True
    return any(check.kink for check in found.inputs)
