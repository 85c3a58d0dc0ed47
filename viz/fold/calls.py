"""Which nodes belong to which module call, and to which term of a long sum.

A node that a module returned carries a `Call`; what belongs to the call is found by walking up
from there until the call's inputs. The terms of a long sum (the examples of a batch loss) are
found without any mark: a node belongs to a term if the root depends on it through that term only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

from autodiff import Call, Value
from nn import Module, Neuron

from .cells import Cell, Cells

__all__ = ["Frame", "Level", "frames", "level_of", "long_sums", "path", "shared", "term_frames"]

Level = Literal["model", "layer", "neuron", "term", "sum"]


@dataclass(eq=False, slots=True)
class Frame:
    """A module call, a term of a long sum, or a sum, that a picture can fold into one box.

    index, of   a term's number and how many there are
    """

    level: Level
    title: str
    parent: Frame | None = None
    module: Any = None
    inputs: frozenset[Value] = frozenset()
    index: int = 0
    of: int = 0


def path(frame: Frame | None) -> list[Frame]:
    """The frames from the outermost one to this."""
    found = []
    while frame is not None:
        found.append(frame)
        frame = frame.parent
    return found[::-1]


def shared(frames: Iterable[Frame | None], beyond: bool = False) -> Frame | None:
    """The innermost frame that is around all of these, or one of them.

    beyond  go on into frames that lie within all the others: a weight of a neuron that weight
            decay uses too belongs to the neuron
    """
    home: Frame | None = None
    for steps in (zip_longest if beyond else zip)(*map(path, frames)):
        different = {step for step in steps if step is not None}
        if len(different) > 1:
            break
        home = different.pop()
    return home


def level_of(module: Any) -> Level:
    """A neuron; a module with modules in it (a model); anything else counts as a layer."""
    if isinstance(module, Neuron):
        return "neuron"
    return "model" if isinstance(module, Module) and module.children() else "layer"


def title_of(module: Any, around: Frame | None, names: dict[int, str]) -> str:
    """What a frame is called: "model: MLP", "2: Layer(16, 1)" as in the repr, "neurons[3]"."""
    text = repr(module)
    if "\n" in text or len(text) > 48:
        text = type(module).__name__
    name = names.get(id(module), "")
    if not name and around is not None:
        name = _place(module, around.module)
        if name and level_of(module) == "neuron":  # its neighbours are all alike
            return name
    return f"{name}: {text}" if name else text


def _place(module: Any, owner: Any) -> str:
    """What `owner` calls `module`: its number or name in the repr and the state dict, or the
    attribute that holds it, as "neurons[3]"; "" if there is none."""
    for name, child in owner.children().items() if isinstance(owner, Module) else ():
        if child is module:
            return name
    for name, held in getattr(owner, "__dict__", {}).items():
        if held is module:
            return str(name)
        if isinstance(held, list | tuple):
            for i, element in enumerate(held):
                if element is module:
                    return f"{name}[{i}]"
    return ""


def frames(
    graph: Cells, base: dict[Value, Frame], names: dict[int, str]
) -> dict[Value, Frame | None]:
    """The innermost frame of every node; `base` says to which term of a sum it belongs."""
    found: dict[tuple[int, tuple[Value, ...]], Frame] = {}
    known: dict[tuple[int, int], tuple[Level, str]] = {}  # a batch calls the same modules
    inside: dict[Value, Frame | None] = {}
    summed: set[Frame | None] = {*base.values()}
    wanted: dict[Value, set[Frame | None]] = {v: set() for v in graph}
    for v in reversed(graph):
        users, term = wanted.pop(v), base.get(v)
        if term is not None:  # whoever uses it besides, it stays in its term
            users = {user for user in users if term in path(user)[:1]}
        elif v.call:  # what a module returned is no part of a sum over it
            users = {None if user in summed else user for user in users}
        frame = shared(users, beyond=True) or term
        call: Call | None = v.call
        while call is not None:
            module, inputs = call.module, tuple(call.inputs)
            key = (id(module), inputs)
            if key not in found:
                kind = (id(module), id(frame.module if frame else None))
                if kind not in known:
                    known[kind] = level_of(module), title_of(module, frame, names)
                found[key] = Frame(*known[kind], frame, module, frozenset(inputs))
            frame = found[key]
            call = call.inner
        inside[v] = frame
        for parent in graph[v].parents:
            entered = (step.parent for step in path(frame) if parent in step.inputs)
            wanted[parent].add(next(entered, frame))
    return inside


# ── the terms of a long sum ──────────────────────────────────────────────────────────────────

LONG = 8  # terms from which on a sum counts as long


def long_sums(graph: Cells) -> list[tuple[list[Value], list[Value]]]:
    """Gates over one long row, and chains of ``+``: [(nodes of the sum, its terms), ...]."""
    users = _users(graph)
    sums: list[tuple[list[Value], list[Value]]] = []
    links: set[Value] = set()
    for v, cell in reversed(graph.items()):
        if v in links or cell.gate is None:
            continue
        if cell.gate.inputs == cell.gate.rows and len(cell.gate.rows) == 1:
            terms, chain = list(cell.parents), [v]
        elif _adds(cell):
            terms, chain, stack = [], [], [v]
            while stack:
                node = stack.pop()
                if _adds(graph[node]) and (node is v or (len(users[node]) == 1 and not node.label)):
                    links.add(node)
                    chain.append(node)
                    stack.extend(reversed(graph[node].parents))
                else:
                    terms.append(node)
        else:
            continue
        terms = [t for t in terms if graph[t].gate is not None]
        if len(terms) >= LONG and len(set(terms)) == len(terms):
            sums.append((chain, terms))
    return sums


def _adds(cell: Cell) -> bool:
    return cell.gate is not None and cell.gate.formula.infix == "+"


def _users(graph: Cells) -> dict[Value, list[Value]]:
    users: dict[Value, list[Value]] = {v: [] for v in graph}
    for v, cell in graph.items():
        for parent in cell.parents:
            users[parent].append(v)
    return users


def term_frames(graph: Cells) -> dict[Value, Frame]:
    """For each node that only one term of a long sum uses: that term's frame.

    Of sums within sums only the outer one counts. Terms of less than three gates each share one
    frame. A sum inside of a module call is the module's affair, and so are terms that one call
    returned together (logits); what is done to them after the call (their squares) is not.
    """
    home: dict[Value, Frame] = {}
    if not (sums := long_sums(graph)):
        return home
    users, inside = _users(graph), frames(graph, {}, {})
    for chain, terms in sums:
        if any(t in home for t in terms) or any(inside[v] is not None for v in chain):
            continue
        claimed = _claimed(terms, users, set())
        if _cuts_through_a_call(graph, inside, claimed):
            if any(inside[t] for t in terms):
                continue
            claimed = _claimed(terms, users, {v for v, frame in inside.items() if frame})
        gates = sum(graph[v].gate is not None for v in claimed)
        summed = chain if len(chain) > 1 else []
        if gates >= 3 * len(terms):
            home |= claimed
            home |= dict.fromkeys(summed, Frame("sum", f"sum of {len(terms)} examples"))
        else:  # as in Σ p²: nothing to see in a single term
            title = f"{'sum of ' if summed else ''}{len(terms)} terms"
            home |= dict.fromkeys([*summed, *claimed], Frame("sum", title))
    return home


def _claimed(
    terms: list[Value], users: dict[Value, list[Value]], taken: set[Value]
) -> dict[Value, Frame]:
    """For each node that only one of the terms uses, and nobody has taken: that term's frame."""
    claimed = {
        t: Frame("term", f"example {i}", index=i, of=len(terms)) for i, t in enumerate(terms)
    }
    for v in reversed(users):
        owners = {claimed.get(u) for u in users[v]}
        if v not in claimed and v not in taken and len(owners) == 1 and (frame := owners.pop()):
            claimed[v] = frame
    return claimed


def _cuts_through_a_call(
    graph: Cells, inside: dict[Value, Frame | None], claimed: dict[Value, Frame]
) -> bool:
    """Whether gates of one module call would come into different terms, or into none."""
    owners: dict[Frame, set[Frame | None]] = {}
    for v, frame in inside.items():
        if frame is not None and graph[v].gate is not None:
            owners.setdefault(path(frame)[0], set()).add(claimed.get(v))
    return any(len(terms) > 1 for terms in owners.values())
