"""Which nodes belong to which module call, and to which term of a long sum.

A node that a module returned carries a `Call`; what belongs to the call is found by walking up
from there until the call's inputs. The terms of a long sum (the examples of a batch loss) are
found without any mark: a node belongs to a term if the root depends on it through that term only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from autodiff import Call, Value
from nn import Module, Neuron

from .cells import Cell, Cells

__all__ = ["Frame", "Level", "frames", "level_of", "long_sums", "term_frames"]

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

    def path(self) -> list[Frame]:
        """The frames from the outermost one to this."""
        path = [self]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        return path[::-1]


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
    wanted: dict[Value, set[Frame | None]] = {v: set() for v in graph}
    for v in reversed(graph):
        users, term = wanted.pop(v), base.get(v)
        if term is not None:  # whoever uses it besides, it stays in its term
            users = {user for user in users if user is not None and user.path()[0] is term}
        frame = _common(users) or term
        call: Call | None = v.call
        while call is not None:
            key = (id(call.module), tuple(call.inputs))
            if key not in found:
                around = None if frame is None else frame.module
                if (kind := (id(call.module), id(around))) not in known:
                    title = title_of(call.module, frame, names)
                    known[kind] = level_of(call.module), title
                level, title = known[kind]
                found[key] = Frame(
                    level,
                    title,
                    frame,
                    call.module,
                    frozenset(call.inputs),
                )
            frame = found[key]
            call = call.inner
        inside[v] = frame
        for parent in graph[v].parents:
            outside = frame
            step = frame
            while step is not None:
                if parent in step.inputs:
                    outside = step.parent
                step = step.parent
            wanted[parent].add(outside)
    return inside


def _common(wanted: set[Frame | None]) -> Frame | None:
    """Where a node lives that is used in several frames.

    Inside a frame if all other uses are around it; outside of frames that part from each other
    (a parameter that a hundred calls share).
    """
    paths = [frame.path() for frame in wanted if frame is not None]
    if len(paths) == 1:
        return paths[0][-1]
    home: Frame | None = None
    for depth in range(max(map(len, paths), default=0)):
        step = {path[depth] for path in paths if len(path) > depth}
        if len(step) > 1:
            break
        home = step.pop()
    return home


# ── the terms of a long sum ──────────────────────────────────────────────────────────────────

LONG = 8  # terms from which on a sum counts as long


def long_sums(graph: Cells) -> list[tuple[list[Value], list[Value]]]:
    """Gates over one long row, and chains of ``+``: [(nodes of the sum, its terms), ...]."""
    uses = dict.fromkeys(graph, 0)
    for cell in graph.values():
        for parent in cell.parents:
            uses[parent] += 1
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
                if _adds(graph[node]) and (node is v or (uses[node] == 1 and not node.label)):
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


def term_frames(graph: Cells) -> dict[Value, Frame]:
    """For each node that only one term of a long sum uses: that term's frame.

    Of sums within sums only the outer one counts. Terms of less than three gates each share one
    frame. A sum inside of a module call is the module's affair, and so are terms that one call
    returned together (logits).
    """
    home: dict[Value, Frame] = {}
    sums = long_sums(graph)
    if not sums:
        return home
    users: dict[Value, list[Value]] = {v: [] for v in graph}
    for v, cell in graph.items():
        for parent in cell.parents:
            users[parent].append(v)
    inside = frames(graph, {}, {})
    for chain, terms in sums:
        if any(t in home for t in terms) or any(inside[v] is not None for v in chain):
            continue
        own = {t: Frame("term", "", None, index=i, of=len(terms)) for i, t in enumerate(terms)}
        claimed: dict[Value, Frame] = {}
        start = set(terms)
        for v in reversed(graph):
            if v in start:
                claimed[v] = own[v]
                continue
            owners = {claimed.get(u) for u in users[v]}
            if len(owners) == 1 and (frame := owners.pop()) is not None:
                claimed[v] = frame
        if _cuts_through_a_call(graph, inside, claimed):
            continue
        gates = sum(graph[v].gate is not None for v in claimed)
        if gates >= 3 * len(terms):
            for frame in own.values():
                frame.title = f"example {frame.index}"
            home.update(claimed)
            if len(chain) > 1:
                home.update(dict.fromkeys(chain, Frame("sum", f"sum of {len(terms)} examples")))
        else:  # as in Σ p²: nothing to see in a single term
            whole = [*chain, *claimed] if len(chain) > 1 else claimed
            title = f"sum of {len(terms)} terms" if len(chain) > 1 else f"{len(terms)} terms"
            home.update(dict.fromkeys(whole, Frame("sum", title)))
    return home


def _cuts_through_a_call(
    graph: Cells, inside: dict[Value, Frame | None], claimed: dict[Value, Frame]
) -> bool:
    """Whether gates of one module call would come into different terms, or into none."""
    owners: dict[Frame, set[Frame | None]] = {}
    for v, frame in inside.items():
        if frame is not None and graph[v].gate is not None:
            owners.setdefault(frame.path()[0], set()).add(claimed.get(v))
    return any(len(terms) > 1 for terms in owners.values())
