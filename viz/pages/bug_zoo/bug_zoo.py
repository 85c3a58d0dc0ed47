"""The bug zoo: what a circuit's gradients become when backpropagation is written wrongly.

The engine stays whole. Each bug is a walk of its own over values and local gradients, faulty in
one respect: a list of steps, which Python and the page play alike.
"""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from autodiff import Constant, DomainError, Value, parse, topological_order

from ...languages.translate import paged
from ..page import Page, page
from ..scene import Scene, scene

__all__ = ["Bug", "Exhibit", "Step", "bug_zoo", "bugs", "exhibits", "played", "right"]

MANY = 60  # nodes in one table


class Step(NamedTuple):
    """What a walk does next, told by node and number of the input, so that a page can do it too.

    seed    the gradient of `node` is 1
    add     += : `node` hands upstream × local to its input `slot`; the local gradient is that of
            the input `by` of another gate, where a walk confuses them
    set     the same with =
    clear   the gradient of `node` is 0 again
    change  `node`.data grows by 1, and the local gradients are computed from that
    """

    does: str
    node: Value
    slot: int = 0
    by: tuple[Value, int] | None = None


@dataclass(frozen=True)
class Bug:
    """A way to go wrong: its title, the line of code, one sentence why, and what it does."""

    title: str
    code: str
    why: str
    steps: list[Step]
    grads: dict[Value, float]


def played(root: Value, steps: Iterable[Step]) -> dict[Value, float]:
    """The gradients that a walk leaves.

    >>> x = Value(3.0)
    >>> f = x * x
    >>> played(f, [Step("seed", f), Step("add", f, 0), Step("set", f, 1)])[x]
    3.0
    """
    order = topological_order(root)
    grads = dict.fromkeys(order, 0.0)
    data = {v: v.data for v in order}
    local: dict[Value, tuple[float, ...]] = {v: tuple(v.local_grads) for v in order}
    for does, node, slot, by in steps:
        if does in ("seed", "clear"):
            grads[node] = float(does == "seed")
        elif does == "change":
            data[node] += 1.0
            local |= {v: _local(v, data) for v in order if node in v.parents}
        else:
            gate, k = by or (node, slot)
            parent, amount = node.parents[slot], grads[node] * local[gate][k]
            grads[parent] = amount if does == "set" else grads[parent] + amount
    return grads


def _local(v: Value, data: dict[Value, float]) -> tuple[float, ...]:
    """The local gradients of a gate, its inputs being so."""
    assert v.gate is not None
    given = v.gate.split(tuple(Value(data[p]) for p in v.parents)).values()
    try:
        made: Value = v.gate(*(list(x) if isinstance(x, tuple) else x for x in given))
    except DomainError:
        return (math.nan,) * len(v.parents)
    return tuple(made.local_grads)


# ── walks ────────────────────────────────────────────────────────────────────────────────────


def right(root: Value) -> list[Step]:
    """As it should be: a gate hands on when all that reads it has handed on.

    >>> x = Value(3.0)
    >>> f = x * x
    >>> played(f, right(f))[x]
    6.0
    """
    return [Step("seed", root), *_handed(reversed(topological_order(root)))]


def _handed(gates: Iterable[Value]) -> Iterator[Step]:
    for v in gates:
        yield from (Step("add", v, k) for k in range(len(v.parents)))


def unsorted(root: Value) -> list[Step]:
    """A gate hands on as soon as it is reached, not after all that read it.

    The stack stands for the calls of the recursion that is usually written here.

    >>> x = Value(3.0)
    >>> q = x * 2
    >>> f = q * 5 + q
    >>> played(f, unsorted(f))[x], played(f, right(f))[x]
    (10.0, 12.0)
    """
    steps = [Step("seed", root)]
    seen = {root}
    stack = [_handed([root])]
    while stack:
        step = next(stack[-1], None)
        if step is None:
            stack.pop()
            continue
        steps.append(step)
        parent = step.node.parents[step.slot]
        if parent not in seen:
            seen.add(parent)
            stack.append(_handed([parent]))
    return steps


def overwritten(root: Value) -> list[Step]:
    """What arrives replaces what had arrived before."""
    first, *rest = right(root)
    return [first, *(step._replace(does="set") for step in rest)]


def not_zeroed(root: Value) -> list[Step]:
    """Two backward passes with no zero_grad between: what leaves hold is added to."""
    once = right(root)
    gates = [Step("clear", v) for v in topological_order(root) if v.gate]
    return [*once, *gates, *once]


def changed(root: Value) -> list[Step]:
    """An input is changed in place between the passes; the first one of which it can be told."""
    truth = played(root, right(root))
    found: list[Step] = []
    for v in topological_order(root):
        if v.gate is None and not isinstance(v, Constant):
            steps = [Step("change", v), *right(root)]
            found = found or steps
            if any(differ(x, truth[u]) for u, x in played(root, steps).items()):
                return steps
    return found or right(root)


def detached(root: Value) -> list[Step]:
    """A gate reads the data of a result and not the result: first of one that is read twice."""
    steps = right(root)
    inner = [step for step in steps[1:] if step.node.parents[step.slot].gate]
    many = Counter(step.node.parents[step.slot] for step in inner)
    forks = [step for step in inner if many[step.node.parents[step.slot]] > 1]
    cut = (forks or inner)[-1:]
    return [step for step in steps if step not in cut]


def bugs(root: Value) -> list[Bug]:
    """Every bug that any circuit may have, run on the graph of `root`.

    >>> x = Value(3.0)
    >>> [bug.grads[x] for bug in bugs(x * x)]
    [6.0, 3.0, 12.0, 8.0, 6.0]
    """
    return [
        _bug(
            root,
            unsorted(root),
            "no topological sort",
            "recursion instead of reversed(order)",
            "A node that is read twice hands its gradient on when only a part of it has arrived; "
            "what comes later stays behind.",
        ),
        _bug(
            root,
            overwritten(root),
            "= instead of +=",
            "parent.grad = upstream * local",
            "At a fork the contributions have to add up; here the last one wipes out the others.",
        ),
        _bug(
            root,
            not_zeroed(root),
            "no zero_grad",
            "backward() a second time",
            "Parameters and inputs keep the gradient of the pass before, so that two passes over "
            "the same circuit leave twice the gradient.",
        ),
        _bug(
            root,
            changed(root),
            "data changed in place",
            "x.data += 1 before backward()",
            "Local gradients that are computed only now belong to another input than the values "
            "do. An engine that keeps them from the forward pass, as this one, is safe.",
        ),
        _bug(
            root,
            detached(root),
            "detached",
            "q.data instead of q",
            "A gate that reads a number instead of the node sends nothing back along that wire.",
        ),
    ]


def _bug(root: Value, steps: list[Step], title: str, code: str, why: str) -> Bug:
    return Bug(title, code, why, steps, played(root, steps))


# ── circuits of their own ────────────────────────────────────────────────────────────────────


class Exhibit(NamedTuple):
    """A circuit, and the bugs that are shown on it."""

    title: str
    root: Value
    bugs: list[Bug]


def exhibits() -> list[Exhibit]:
    """Bugs that need a circuit of their own, small enough to be followed gate by gate.

    >>> for shown in exhibits():
    ...     print(shown.title, "|", shown.bugs[0].code)
    A layer: z = W x | dX = dZ @ W.T
    Two examples share w and b | db = dZ[0]
    Examples less their mean | x - x.mean().data
    """
    layer = parse(
        "z_0 = w_00*x_0 + w_01*x_1; z_1 = w_10*x_0 + w_11*x_1; f = z_0*z_1",
        w_00=1, w_01=2, w_10=-3, w_11=1, x_0=2, x_1=1,
    )  # fmt: skip
    named = {v.label: v for v in topological_order(layer)}
    read = {f"w_{i}{j}": named[f"z_{i}"].parents[j] for i in (0, 1) for j in (0, 1)}
    turned = {read["w_01"]: read["w_10"], read["w_10"]: read["w_01"]}
    wrong = [
        step._replace(by=(turned[step.node], 1)) if step.node in turned and step.slot else step
        for step in right(layer)
    ]
    transpose = _bug(
        layer,
        wrong,
        "wrong transpose",
        "dX = dZ @ W.T",
        "Forward, weight w_ij leads from input j to output i; backward it leads back from i to j. "
        "With the transpose it leads from j to i. Of a square W no shape gives that away.",
    )
    batch = parse(
        "z_1 = w*x_1 + b; z_2 = w*x_2 + b; f = (z_1^2 + z_2^2) / 2", w=2, b=-1, x_1=1, x_2=3
    )
    second = next(v for v in topological_order(batch) if v.label == "z_2")
    alone = [step for step in right(batch) if not (step.node is second and step.slot == 1)]
    summed = _bug(
        batch,
        alone,
        "no sum over the batch",
        "db = dZ[0]",
        "Every example reads b, so what comes back from all of them adds up: dZ.sum(axis=0).",
    )
    centred = parse(
        "m = (x_1 + x_2) / 2; a_1 = x_1 - m; a_2 = x_2 - m; f = a_1^2 + 3*a_2", x_1=1, x_2=3
    )
    first, *rest = right(centred)
    kept = [first, *(step for step in rest if step.node.parents[step.slot].label != "m")]
    mean = _bug(
        centred,
        kept,
        "detached mean",
        "x - x.mean().data",
        "The mean depends on every x; who takes its number sends nothing back through it. So go "
        "normalisations wrong that are written by hand.",
    )
    return [
        Exhibit("A layer: z = W x", layer, [transpose]),
        Exhibit("Two examples share w and b", batch, [summed]),
        Exhibit("Examples less their mean", centred, [mean]),
    ]


@paged
def bug_zoo(
    root: Value,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "",
    lang: str | None = None,
) -> Page:
    """A page: the circuit of `root`, its right gradients, and beside them those of each bug.

    Every bug can be followed step by step, with inputs of the reader's own; bugs that need a layer
    or a batch have circuits of their own below. The graph itself is not touched. path: where to
    save the page; None only returns it.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> bug_zoo(x * y + x, title="A fork")
    <A fork: ... kB of HTML; .save(path)>

    Raises ValueError for a graph of more nodes than a table can show.
    """
    named = title or (f"Bug zoo: {root.label}" if root.label else "Bug zoo")
    shown = [Exhibit("", root, bugs(root)), *exhibits()]
    scenes = [scene(exhibit.root, grouped=False) for exhibit in shown]
    if len(scenes[0].nodes) > MANY:
        raise ValueError(
            f"the graph of {root.describe()} has {len(scenes[0].nodes)} nodes; the zoo's table "
            f"holds up to {MANY}. Give a smaller root"
        )
    data = {
        "title": named,
        "exhibits": [_data(exhibit, made) for exhibit, made in zip(shown, scenes, strict=True)],
    }
    return page(
        "bug_zoo",
        named,
        data,
        ["write", "model", "diagram", "drawing", "bug_zoo"],
        gates=[gate for made in scenes for gate in made.gates()],
        path=path,
    )


def _data(exhibit: Exhibit, made: Scene) -> dict[str, Any]:
    """For the page: nodes by their numbers, rows as the backward pass meets them."""
    index = made.index

    def told(steps: list[Step]) -> list[list[Any]]:
        return [
            [does, index[node], slot, *([index[by[0]], by[1]] if by else [])]
            for does, node, slot, by in steps
            if does not in ("add", "set") or not isinstance(node.parents[slot], Constant)
        ]

    return {
        "title": exhibit.title,
        "scene": made.data(),
        "rows": [i for v, i in index.items() if not isinstance(v, Constant)][::-1],
        "right": told(right(exhibit.root)),
        "bugs": [
            {"title": bug.title, "code": bug.code, "why": bug.why, "steps": told(bug.steps)}
            for bug in exhibit.bugs
        ],
    }


def differ(got: float, truth: float) -> bool:
    """Whether a gradient is wrong; NaN is NaN."""
    both_nan = math.isnan(got) and math.isnan(truth)
    return not both_nan and not math.isclose(got, truth, rel_tol=1e-9, abs_tol=1e-12)
