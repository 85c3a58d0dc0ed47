"""A picture before it is written: what is drawn, without where and in which colours.

`viz.fold.detail` makes a `Picture` of a graph; `viz.dot` writes it as Graphviz text; a page
reads the same nodes and edges. Names (``n0``, ``n1``, ...) come from the topological order, so
equal graphs give equal pictures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from autodiff import Gate, Value

__all__ = ["Cluster", "Edge", "Kind", "Line", "Node", "Part", "Picture"]

Kind = Literal["input", "constant", "gate", "box", "row"]


class Part(NamedTuple):
    """What flows through one input of one gate: downstream = upstream × local.

    `slot` names the input ("a", "w[3]"). `upstream` and `downstream` are None where no backward
    pass has been.
    """

    slot: str
    parent: Value
    local: float
    upstream: float | None
    downstream: float | None


class Line(NamedTuple):
    """A line of a folded box: a few words, then the values and gradients that it sums up."""

    text: str
    values: tuple[float, ...]
    grads: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is drawn.

    kind       "input" (a leaf), "constant" (a number that met a Value), "gate", "box" (several
               nodes of the graph folded into one), "row" (a bus: one row that several gates read)
    text       what is written into it: a leaf's name, a gate's symbol, a box's title
    label      the name of the value that a gate puts on its wire
    values     the numbers that it hands on: one, or one per output of a box
    grads      droot/dvalue for each, or None where no backward pass has been
    members    the nodes of the graph that it stands for, in topological order
    leaf_grads the leaves among them and their gradients
    lines      what a folded box says of its inside
    """

    name: str
    kind: Kind
    text: str
    label: str = ""
    values: tuple[float, ...] = ()
    grads: tuple[float, ...] | None = None
    gate: Gate | None = None
    cluster: str | None = None
    members: tuple[Value, ...] = ()
    leaf_grads: dict[Value, float | None] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()

    @property
    def grad(self) -> float | None:
        """The gradient of its (first) value."""
        return self.grads[0] if self.grads else None


@dataclass(frozen=True, slots=True)
class Edge:
    """A wire from `tail` to `head` (names of nodes). Where one end is folded it stands for
    several: one `Part` each."""

    tail: str
    head: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """A frame around the nodes of one module call; frames nest (`parent`)."""

    name: str
    title: str
    parent: str | None
    module: object = None


@dataclass(frozen=True, slots=True)
class Picture:
    """Nodes in topological order, edges in the order of their heads' inputs, frames.

    root       name of the node that the picture is of
    detail     the level of detail that it shows
    reached    whether a backward pass has reached the root, so that there are gradients to show
    notes      what the reader must be told: what was folded, that there are no gradients yet
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    clusters: tuple[Cluster, ...]
    root: str
    detail: str
    reached: bool
    notes: tuple[str, ...] = ()

    def node(self, name: str) -> Node:
        """The node called `name`."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"no node {name!r} in this picture")

    def leaf_grads(self) -> dict[Value, float | None]:
        """Every leaf of the graph with its gradient, folded or not."""
        return {leaf: grad for node in self.nodes for leaf, grad in node.leaf_grads.items()}
