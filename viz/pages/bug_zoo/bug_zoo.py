"""The bug zoo: what a circuit's gradients become when backpropagation is written wrongly.

The engine stays whole. Each bug is a small walk of its own over values and local gradients,
faulty in one respect, so that its numbers can be put beside the right ones.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass

from autodiff import Constant, Value, topological_order
from autodiff.graph import adjoints

from ...words.numbers import number
from ..page import Page, page
from ..scene import scene

__all__ = ["Bug", "bug_zoo", "bugs"]

MANY = 60  # nodes in one table


@dataclass(frozen=True)
class Bug:
    """A way to go wrong: its title, one sentence why, and the gradients it leaves."""

    title: str
    code: str
    why: str
    grads: dict[Value, float]


def right(root: Value) -> dict[Value, float]:
    """The gradients as they should be.

    >>> x = Value(3.0)
    >>> right(x * x)[x]
    6.0
    """
    return adjoints(topological_order(root), {root: 1.0})


def unsorted(root: Value) -> dict[Value, float]:
    """A gate hands on as soon as it is reached, not after all that read it.

    The stack stands for the calls of the recursion that is usually written here.

    >>> x = Value(3.0)
    >>> q = x * 2
    >>> unsorted(q * 5 + q)[x], right(q * 5 + q)[x]
    (10.0, 12.0)
    """
    grads = dict.fromkeys(topological_order(root), 0.0)
    grads[root] = 1.0
    seen = {root}
    stack = [zip(root.parents, root.local_grads, strict=True)]
    walked = [root]
    while stack:
        for parent, local in stack[-1]:
            grads[parent] += grads[walked[-1]] * local
            if parent not in seen:
                seen.add(parent)
                walked.append(parent)
                stack.append(zip(parent.parents, parent.local_grads, strict=True))
                break
        else:
            stack.pop()
            walked.pop()
    return grads


def overwritten(root: Value) -> dict[Value, float]:
    """What arrives replaces what had arrived before.

    >>> x = Value(3.0)
    >>> overwritten(x * x)[x]
    3.0
    """
    grads = dict.fromkeys(topological_order(root), 0.0)
    grads[root] = 1.0
    for node in reversed(topological_order(root)):
        for parent, local in zip(node.parents, node.local_grads, strict=True):
            grads[parent] = grads[node] * local
    return grads


def not_zeroed(root: Value) -> dict[Value, float]:
    """Two backward passes with no zero_grad between: what leaves hold is added to.

    >>> x = Value(3.0)
    >>> not_zeroed(x * x)[x]
    12.0
    """
    once = right(root)
    return {node: grad if node.gate else grad + grad for node, grad in once.items()}


_BUGS: tuple[tuple[str, str, str, Callable[[Value], dict[Value, float]]], ...] = (
    (
        "no topological sort",
        "recursion instead of reversed(order)",
        "A node that is read twice hands its gradient on when only a part of it has arrived; "
        "what comes later stays behind.",
        unsorted,
    ),
    (
        "= instead of +=",
        "parent.grad = upstream * local",
        "At a fork the contributions have to add up; here the last one wipes out the others.",
        overwritten,
    ),
    (
        "no zero_grad",
        "backward() a second time",
        "Parameters and inputs keep the gradient of the pass before, so that two passes over "
        "the same circuit leave twice the gradient.",
        not_zeroed,
    ),
)


def bugs(root: Value) -> list[Bug]:
    """Every bug of the zoo, run on the graph of `root`.

    >>> x = Value(3.0)
    >>> [bug.grads[x] for bug in bugs(x * x)]
    [6.0, 3.0, 12.0]
    """
    return [Bug(title, code, why, run(root)) for title, code, why, run in _BUGS]


def bug_zoo(root: Value, path: str | os.PathLike[str] | None = None, *, title: str = "") -> Page:
    """A page: the circuit of `root`, its right gradients, and beside them those of each bug.

    The graph itself is not touched. path: where to save the page; None only returns it.

    >>> x, y = Value(3, label="x"), Value(-4, label="y")
    >>> bug_zoo(x * y + x, title="A fork")
    <A fork: ... kB of HTML; .save(path)>

    Raises ValueError for a graph of more nodes than a table can show.
    """
    made = scene(root, grouped=False)
    if len(made.nodes) > MANY:
        raise ValueError(
            f"the graph of {root.describe()} has {len(made.nodes)} nodes; the zoo's table holds "
            f"up to {MANY}. Give a smaller root"
        )
    truth, zoo = right(root), bugs(root)
    rows = []
    for i, (shown, v) in enumerate(zip(made.nodes, made.values, strict=True)):
        if v is None or isinstance(v, Constant):
            continue
        cells = [_cell(bug.grads[v], truth[v]) for bug in zoo]
        rows.append({"node": i, "name": shown["name"], "right": truth[v], "cells": cells})
    named = title or (f"Bug zoo: {root.label}" if root.label else "Bug zoo")
    data = {
        "title": named,
        "scene": made.data(),
        "rows": rows[::-1],  # as the backward pass meets them
        "bugs": [
            {"title": bug.title, "code": bug.code, "why": bug.why, "wrong": _wrong(bug, truth)}
            for bug in zoo
        ],
    }
    return page(
        "bug_zoo",
        named,
        data,
        ["write", "model", "diagram", "drawing", "bug_zoo"],
        gates=made.gates(),
        path=path,
    )


def _cell(got: float, truth: float) -> dict[str, object]:
    return {"text": number(got), "wrong": _differ(got, truth)}


def _wrong(bug: Bug, truth: dict[Value, float]) -> int:
    """How many of its gradients are wrong."""
    return sum(
        _differ(bug.grads[v], grad) for v, grad in truth.items() if not isinstance(v, Constant)
    )


def _differ(got: float, truth: float) -> bool:
    both_nan = math.isnan(got) and math.isnan(truth)
    return not both_nan and not math.isclose(got, truth, rel_tol=1e-9, abs_tol=1e-12)
