"""The chain rule of one node, written out with symbols and numbers down to the leaf."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from autodiff import Constant, Value, topological_order
from autodiff.graph import adjoints
from autodiff.watch.misuse import stale

from ..fold.variables import naming
from ..languages.translate import spoken, translate
from .notation import LaTeX, Line, Text
from .rules import Edge, edges_into

__all__ = ["Explanation", "explain"]

TERMS = 12  # terms of a sum, and gates of a chain, that are written out


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """`text` for a terminal, `latex` (the inside of an aligned environment), Markdown in Jupyter.

    value   the derivative that it arrives at
    """

    text: str
    latex: str
    markdown: str
    value: float

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.markdown


class _Sum(NamedTuple):
    """d root/dv as a sum over wires or paths, of which a `rest` is not written out.

    terms   each a product: of an upstream derivative (by which node, how much), where it does not
            begin at the root, and of edges, the one nearest to the root first
    """

    root: Value
    v: Value
    terms: list[tuple[list[tuple[Value, float]], list[Edge]]]
    value: float
    rest: float
    more: str

    def uses(self) -> list[Edge]:
        """The edges that are written out."""
        return [edge for _, edges in self.terms for edge in edges]

    def line(self, hand: Text, plus: str = " + ") -> Line:
        """The sum with symbols, with numbers, and its result."""
        symbols, products = [], []
        for upstream, edges in self.terms:
            names = [hand.total(self.root, node) for node, _ in upstream]
            symbols.append(hand.product([*names, *map(hand.local, edges)]))
            products.append([x for _, x in upstream] + [edge.local for edge in edges])
        if self.more:
            symbols.append(hand.more(self.more))
            products.append([self.rest])
        digits = hand.enough(
            self.value, lambda cut: sum(math.prod(map(cut, factors)) for factors in products)
        )
        numbers = [
            hand.product([hand.factor(x, digits or 17) for x in factors]) for factors in products
        ]
        steps = [plus.join(symbols), plus.join(numbers)]
        alone = len(self.terms) == 1 and self.terms[0] == ([], self.terms[0][1][:1])
        return hand.line(hand.total(self.root, self.v), steps[: 2 - alone], self.value)


class _Gate(NamedTuple):
    """How a gate computes, and its local derivatives by some inputs."""

    node: Value
    edges: list[Edge]

    def uses(self) -> list[Edge]:
        """The edges that are written out."""
        return self.edges


@spoken
def explain(
    v: Value,
    root: Value | None = None,
    *,
    paths: bool = False,
    names: Mapping[str, object] | None = None,
    terms: int = TERMS,
    digits: int = 4,
    lang: str | None = None,
) -> Explanation:
    """The chain rule for d root/dv, with symbols, formulas and numbers.

    With `root`: the sum over the wires that leave `v`, each with its upstream gradient times its
    local one, and where these come from, gate by gate up to the root; with ``paths=True`` the sum
    over all paths from `v` to `root`, each the product of its local gradients. At most `terms` of
    them are written out, and it is said how many are not. Without `root`: how `v`'s own gate
    computes, and its local gradients.

    `lang` is "zh" or "en"; see `viz.language`.

    d is total, through every path; ∂ is local to one gate. Nothing is changed, and no
    `backward()` is needed.

    >>> from autodiff import parse
    >>> f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
    >>> x = f.parents[0].parents[0]
    >>> print(explain(x, f))
    df/dx = df/dq · ∂q/∂x
          = (−4) · 1
          = −4
    where
      q = x + y = −2 + 5 = 3, so ∂q/∂x = 1
      df/dq = ∂f/∂q = −4
      f = q·z = 3·(−4) = −12, so ∂f/∂q = z = −4
    >>> print(explain(x, f).latex.splitlines()[0])
    \\frac{\\mathrm{d} f}{\\mathrm{d} x} &= \\frac{\\mathrm{d} f}{\\mathrm{d} q} \
\\cdot \\frac{\\partial q}{\\partial x} \\\\

    Raises ValueError if `root` does not depend on `v`.
    """
    if not isinstance(v, Value) or not (root is None or isinstance(root, Value)):
        raise TypeError(f"explain(v, root) takes Values, got {v!r} and {root!r}")
    order = topological_order(v if root is None else root)
    if root is not None and isinstance(v, Constant):
        raise ValueError(f"{v.describe()} is a constant: nothing is differentiated by it")
    if root is not None and v not in set(order):
        raise ValueError(f"{root.describe()} does not depend on {v.describe()}")
    variables = naming(names or {})
    text, latex = Text(order, variables, digits), LaTeX(order, variables, digits)
    gradient = adjoints(order, {order[-1]: 1.0})
    if v is order[-1]:
        blocks: list[_Sum | _Gate] = [_Gate(v, _varying(v)[:terms])]
    else:
        leaving = _between(v, order)
        way = _over_paths if paths else _over_wires
        blocks = list(way(v, order[-1], leaving, gradient, terms))
    said, aligned = _as_text(blocks, text), _as_latex(blocks, latex)
    shown = f"$$\n\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}\n$$"
    if key := text.key(edge for block in blocks for edge in block.uses()):
        said, shown = f"{said}\n{key}", f"{shown}\n\n{key}\n"
    if note := stale(order[-1]):
        said += "\n" + translate(f"note: {note}")
        shown += "\n\n" + translate(f"Note: {note}") + "\n"
    return Explanation(said, aligned, shown, gradient[v])


def _varying(head: Value) -> list[Edge]:
    """A gate's inputs that something can be differentiated by."""
    if head.gate is None:
        return []
    return [edge for edge in edges_into(head) if not isinstance(edge.tail, Constant)]


def _between(v: Value, order: list[Value]) -> dict[Value, list[Edge]]:
    """For each node on a way from `v` to the root: the edges that leave it towards the root."""
    leaving: dict[Value, list[Edge]] = {v: []}
    for node in order:
        if node is not v and any(parent in leaving for parent in node.parents):
            leaving[node] = []
            for edge in edges_into(node):
                if edge.tail in leaving:
                    leaving[edge.tail].append(edge)
    return leaving


def _over_wires(
    v: Value,
    root: Value,
    leaving: dict[Value, list[Edge]],
    gradient: dict[Value, float],
    most: int,
) -> Iterator[_Sum | _Gate]:
    """The sum over the wires that leave `v`, then gate by gate where its parts come from."""
    for node in [v, *list(leaving)[1 : most + 1]]:
        if node is not v:
            yield _Gate(node, [edge for edge in _varying(node) if edge.tail in leaving][:most])
        if node is not root:
            edges, hidden = leaving[node][:most], leaving[node][most:]
            terms = [([(e.head, gradient[e.head])] * (e.head is not root), [e]) for e in edges]
            rest = sum((gradient[e.head] * e.local for e in hidden), start=0.0)
            more = translate(f"{len(hidden)} more wires") if hidden else ""
            yield _Sum(root, node, terms, gradient[node], rest, more)


def _over_paths(
    v: Value,
    root: Value,
    leaving: dict[Value, list[Edge]],
    gradient: dict[Value, float],
    most: int,
) -> Iterator[_Sum | _Gate]:
    """The sum over all paths, then the gates that they go through."""
    count = {root: 1}
    for node, edges in reversed(leaving.items()):
        if node is not root:
            count[node] = sum(count[edge.head] for edge in edges)
    found = list(islice(_all_paths(v, root, leaving), most))
    rest = gradient[v] - sum(math.prod(edge.local for edge in path) for path in found)
    more = translate(f"{count[v] - len(found)} more paths") if count[v] > len(found) else ""
    terms: list[tuple[list[tuple[Value, float]], list[Edge]]] = [([], p[::-1]) for p in found]
    yield _Sum(root, v, terms, gradient[v], rest, more)
    through: dict[Value, list[Edge]] = {}
    for edge in list(dict.fromkeys(edge for path in found for edge in path))[: 2 * most]:
        through.setdefault(edge.head, []).append(edge)
    yield from map(_Gate, *zip(*through.items(), strict=True))


def _all_paths(v: Value, root: Value, leaving: dict[Value, list[Edge]]) -> Iterator[list[Edge]]:
    """Every path, first edges first; iterative, so that its length does not matter."""
    path: list[Edge] = []
    stack: list[Iterator[Edge]] = [iter(leaving[v])]
    while stack:
        edge = next(stack[-1], None)
        if edge is None:
            stack.pop()
            if path:
                path.pop()
        elif edge.head is root:
            yield [*path, edge]
        else:
            path.append(edge)
            stack.append(iter(leaving[edge.head]))


# ── written out ──────────────────────────────────────────────────────────────────────────────


def _as_text(blocks: list[_Sum | _Gate], hand: Text) -> str:
    first, *others = blocks
    if isinstance(first, _Gate):
        leaf = translate(" is a leaf: it was not computed") if first.node.gate is None else ""
        lines = [hand.equation(hand.value(first.node)) + leaf]
        return "\n  ".join([*lines, *(hand.equation(hand.partial(e)) for e in first.edges)])
    pad = " " * len(hand.total(first.root, first.v))
    line = first.line(hand, f"\n{pad} + " if len(first.terms) > 3 else " + ")
    lines = [f"{line.left} = {line.steps[0]}", *(f"{pad} = {step}" for step in line.steps[1:])]
    lines = ["\n".join(lines) + line.end, translate("where")]
    for block in others:
        if isinstance(block, _Sum):
            lines.append(f"  {hand.equation(block.line(hand))}")
        else:
            partials = translate(" and ").join(
                hand.equation(hand.partial(edge)) for edge in block.edges
            )
            lines.append(translate(f"  {hand.equation(hand.value(block.node))}, so {partials}"))
    return "\n".join(lines)


def _as_latex(blocks: list[_Sum | _Gate], hand: LaTeX) -> str:
    rows: list[str] = []
    for block in blocks:
        if isinstance(block, _Sum):
            plus = " \\\\\n&\\quad + " if len(block.terms) > 3 else " + "
            rows.append(hand.equation(block.line(hand, plus), between=" \\\\\n&= "))
        else:
            rows += map(hand.equation, [hand.value(block.node), *map(hand.partial, block.edges)])
    return " \\\\\n".join(rows)
