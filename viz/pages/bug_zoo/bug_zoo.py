"""The bug zoo: what a circuit's gradients become when backpropagation is written wrongly.

The engine stays whole. Each bug is a small walk of its own over values and local gradients,
faulty in one respect, so that its numbers can be put beside the right ones.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from autodiff import Constant, Value, topological_order
from autodiff.graph import adjoints

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
    stack = [(root, zip(root.parents, root.local_grads, strict=True))]
    while stack:
        node, rest = stack[-1]
        step = next(rest, None)
        if step is None:
            stack.pop()
            continue
        parent, local = step
        grads[parent] += grads[node] * local
        if parent not in seen:
            seen.add(parent)
            stack.append((parent, zip(parent.parents, parent.local_grads, strict=True)))
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


def bugs(root: Value) -> list[Bug]:
    """Every bug of the zoo, run on the graph of `root`.

    >>> x = Value(3.0)
    >>> [bug.grads[x] for bug in bugs(x * x)]
    [6.0, 3.0, 12.0]
    """
    return [
        Bug(
            "no topological sort",
            "recursion instead of reversed(order)",
            "A node that is read twice hands its gradient on when only a part of it has arrived; "
            "what comes later stays behind.",
            unsorted(root),
        ),
        Bug(
            "= instead of +=",
            "parent.grad = upstream * local",
            "At a fork the contributions have to add up; here the last one wipes out the others.",
            overwritten(root),
        ),
        Bug(
            "no zero_grad",
            "backward() a second time",
            "Parameters and inputs keep the gradient of the pass before, so that two passes over "
            "the same circuit leave twice the gradient.",
            not_zeroed(root),
        ),
    ]


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
    rows = [
        {
            "node": i,
            "right": truth[v],
            "cells": [[bug.grads[v], _differ(bug.grads[v], truth[v])] for bug in zoo],
        }
        for v, i in made.index.items()
        if not isinstance(v, Constant)
    ]
    named = title or (f"Bug zoo: {root.label}" if root.label else "Bug zoo")
    data = {
        "title": named,
        "scene": made.data(),
        "rows": rows[::-1],  # as the backward pass meets them
        "bugs": [{"title": bug.title, "code": bug.code, "why": bug.why} for bug in zoo],
    }
    return page(
        "bug_zoo",
        named,
        data,
        ["write", "model", "diagram", "drawing", "bug_zoo"],
        gates=made.gates(),
        path=path,
    )


def _differ(got: float, truth: float) -> bool:
    both_nan = math.isnan(got) and math.isnan(truth)
    return not both_nan and not math.isclose(got, truth, rel_tol=1e-9, abs_tol=1e-12)
