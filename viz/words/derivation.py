"""The chain rule of one node, written out with symbols and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from autodiff import Constant, Gate, Value, topological_order
from autodiff.graph import adjoints
from autodiff.watch.misuse import stale

from ..fold.cells import slots
from ..fold.variables import naming
from .symbols import Symbols

__all__ = ["Explanation", "explain"]

TERMS = 12  # terms of a sum that are written out
FACTORS = 8  # factors of a product that are written out


@dataclass(frozen=True, slots=True)
class Explanation:
    """`text` for a terminal, `latex` (the inside of an aligned environment), Markdown in Jupyter.

    value   the derivative that it arrives at
    """

    text: str
    latex: str
    markdown: str
    value: float

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text

    def _repr_markdown_(self) -> str:
        return self.markdown


class _Edge(NamedTuple):
    """`head` uses `tail` as the input `slot`."""

    tail: Value
    head: Value
    slot: str
    position: int
    local: float


def explain(
    v: Value,
    root: Value | None = None,
    *,
    paths: bool = False,
    names: Mapping[str, object] | None = None,
    terms: int = TERMS,
    digits: int = 4,
) -> Explanation:
    """The chain rule for ∂root/∂v, with symbols, formulas and numbers.

    With `root`: the sum over the wires that leave `v`, each with its upstream gradient times its
    local one; with ``paths=True`` the sum over all paths from `v` to `root`, each the product of
    its local gradients. At most `terms` of them are written out, and it is said how many are
    not. Without `root`: how `v`'s own gate computes, and its local gradients.

    Nothing is changed, and no `backward()` is needed.

    >>> from autodiff import Value
    >>> x, y, z = Value(-2, label="x"), Value(5, label="y"), Value(-4, label="z")
    >>> q = x + y
    >>> q.label = "q"
    >>> f = q * z
    >>> f.label = "f"
    >>> print(explain(x, f))
    ∂f/∂x = ∂f/∂q · ∂q/∂x
          = (−4) · 1
          = −4
    where
      q = x + y = 3, so ∂q/∂x = 1
    >>> explain(x, f).latex.splitlines()[0]
    '\\\\frac{\\\\partial f}{\\\\partial x} &= \\\\frac{\\\\partial f}{\\\\partial q} \\\\cdot \
\\\\frac{\\\\partial q}{\\\\partial x} \\\\\\\\'

    Raises ValueError if `root` does not depend on `v`.
    """
    if not isinstance(v, Value) or not (root is None or isinstance(root, Value)):
        raise TypeError(f"explain(v, root) takes Values, got {v!r} and {root!r}")
    order = topological_order(v if root is None else root)
    if root is not None and isinstance(v, Constant):
        raise ValueError(f"{v.describe()} is a constant: nothing is differentiated by it")
    if root is not None and v not in set(order):
        raise ValueError(f"{root.describe()} does not depend on {v.describe()}")
    symbols = Symbols(order, naming(names or {}), digits)
    if root is None or root is v:
        found = _gate(v, symbols)
    else:
        writer = _paths if paths else _edges
        found = writer(v, root, order, _between(v, order), symbols, terms)
    note = stale(v if root is None else root)
    if not note:
        return found
    text, markdown = f"{found.text}\nnote: {note}", f"{found.markdown}\n\nNote: {note}\n"
    return replace(found, text=text, markdown=markdown)


# ── gates ────────────────────────────────────────────────────────────────────────────────────


def _row_text(group: tuple[Value, ...], symbols: Symbols) -> str:
    names = [symbols.text(v) for v in group]
    return ", ".join(names if len(names) <= 4 else [names[0], names[1], "…", names[-1]])


def _value_text(v: Value, symbols: Symbols) -> str:
    """q = x + y = 3."""
    return f"{symbols.text(v)} = {_right_side(v, symbols)} = {symbols.figure(v.data)}"


def _right_side(v: Value, symbols: Symbols) -> str:
    gate = v.gate
    assert gate is not None
    named = gate.split(v.parents)
    if gate.rows:
        rows = "; ".join(
            f"[{_row_text(x, symbols)}]" if isinstance(x, tuple) else symbols.text(x)
            for x in named.values()
        )
        return f"{gate.name}({rows})"
    if gate.formula.has_cases:
        return f"{gate.name}({', '.join(symbols.text(x) for x in named.values())})"
    return gate.formula.on_values(**{name: symbols.text(x) for name, x in named.items()})


def _right_side_latex(v: Value, symbols: Symbols) -> str:
    gate = v.gate
    assert gate is not None
    named = gate.split(v.parents)
    if gate.rows:
        rows = [
            ", ".join(_ends([symbols.latex(p) for p in x]))
            if isinstance(x, tuple)
            else symbols.latex(x)
            for x in named.values()
        ]
        return rf"\mathrm{{{_word(gate)}}}\left({' ; '.join(rows)}\right)"
    return gate.formula.latex(**{name: symbols.latex(x) for name, x in named.items()})


def _word(gate: Gate) -> str:
    return gate.name.replace("_", r"\_")


def _ends(names: list[str]) -> list[str]:
    return names if len(names) <= 4 else [names[0], names[1], r"\dots", names[-1]]


def _partial_names(edge: _Edge, of: dict[Value, str]) -> dict[str, str]:
    """What the names in an edge's partial stand for; inside a row a name is one element."""
    gate, parents = edge.head.gate, edge.head.parents
    assert gate is not None
    _, index = gate.partial_at(edge.position, len(parents))
    named = gate.split(parents)
    names = {
        name: of[x[index if index is not None else 0]] if isinstance(x, tuple) else of[x]
        for name, x in named.items()
    }
    if gate.rows:
        names["n"] = str(len(next(x for x in named.values() if isinstance(x, tuple))))
    return names | {"out": of[edge.head]}


def _local_text(edge: _Edge, symbols: Symbols) -> str:
    """q = x + y = 3, so ∂q/∂x = 1."""
    gate = edge.head.gate
    assert gate is not None
    partial, _ = gate.partial_at(edge.position, len(edge.head.parents))
    of = {v: symbols.text(v) for v in (*edge.head.parents, edge.head)}
    figure = symbols.figure(edge.local)
    steps = [figure]
    if partial.number is None and not partial.has_cases:
        formula = partial.on_values(**_partial_names(edge, of))
        steps = list(dict.fromkeys([formula, figure]))
    return f"{_value_text(edge.head, symbols)}, so {_ratio(edge, symbols)} = {' = '.join(steps)}"


def _local_latex(edge: _Edge, symbols: Symbols) -> str:
    gate = edge.head.gate
    assert gate is not None
    partial, _ = gate.partial_at(edge.position, len(edge.head.parents))
    nodes = (*edge.head.parents, edge.head)
    steps = []
    if partial.number is None and not partial.has_cases:
        steps.append(partial.latex(**_partial_names(edge, {v: symbols.latex(v) for v in nodes})))
        figures = {v: symbols.number_latex(v.data) for v in nodes}
        steps.append(partial.latex(**_partial_names(edge, figures)))
    steps.append(symbols.number_latex(edge.local))
    shown = " = ".join(dict.fromkeys(steps))
    return f"{_ratio_latex(edge, symbols)} = {shown}"


def _twice(edge: _Edge) -> bool:
    return sum(parent is edge.tail for parent in edge.head.parents) > 1


def _ratio(edge: _Edge, symbols: Symbols) -> str:
    """∂q/∂x; where a gate uses x twice, the input is added: ∂q/∂x|a."""
    slot = f"|{edge.slot}" if _twice(edge) else ""
    return f"∂{symbols.text(edge.head)}/∂{symbols.text(edge.tail)}{slot}"


def _fraction(top: Value, bottom: Value, symbols: Symbols) -> str:
    return rf"\frac{{\partial {symbols.latex(top)}}}{{\partial {symbols.latex(bottom)}}}"


def _ratio_latex(edge: _Edge, symbols: Symbols) -> str:
    plain = _fraction(edge.head, edge.tail, symbols)
    if not _twice(edge):
        return plain
    return rf"\left.{plain}\right|_{{{edge.slot}}}"


def _gate(v: Value, symbols: Symbols) -> Explanation:
    """A node's own gate: its value and its local gradients."""
    name, latex = symbols.text(v), symbols.latex(v)
    if v.gate is None:
        text = f"{name} = {symbols.figure(v.data)} is a leaf: it was not computed"
        return Explanation(text, f"{latex} &= {symbols.number_latex(v.data)}", text, 1.0)
    edges = [edge for edge in _edges_into(v) if not isinstance(edge.tail, Constant)]
    shown = list(dict.fromkeys(_ratio(e, symbols) for e in edges))
    lines = [_value_text(v, symbols)]
    forward = f"{latex} &= {_right_side_latex(v, symbols)} = {symbols.number_latex(v.data)}"
    equations = [forward]
    for edge in edges[:TERMS]:
        lines.append("  " + _local_text(edge, symbols).partition(", so ")[2])
        equations.append(_local_latex(edge, symbols).replace(" = ", " &= ", 1))
    if len(shown) > TERMS:
        lines.append(f"  … and {len(edges) - TERMS} more inputs")
    joined = " \\\\\n".join(equations)
    markdown = f"The gate **{v.gate.symbol}**:\n\n{_display(joined)}"
    return Explanation("\n".join(lines), joined, markdown, 1.0)


def _display(aligned: str) -> str:
    return f"$$\n\\begin{{aligned}}\n{aligned}\n\\end{{aligned}}\n$$"


# ── sums ─────────────────────────────────────────────────────────────────────────────────────


def _edges_into(v: Value) -> list[_Edge]:
    assert v.gate is not None
    names = slots(v.gate, len(v.parents))
    return [
        _Edge(parent, v, slot, i, local)
        for i, (parent, slot, local) in enumerate(zip(v.parents, names, v.local_grads, strict=True))
    ]


def _between(v: Value, order: list[Value]) -> dict[Value, list[_Edge]]:
    """For each node on a way from `v` to the root: the edges that leave it towards the root."""
    leaving: dict[Value, list[_Edge]] = {v: []}
    for node in order:
        if node.gate is not None and node is not v and any(p in leaving for p in node.parents):
            leaving[node] = []
            for edge in _edges_into(node):
                if edge.tail in leaving:
                    leaving[edge.tail].append(edge)
    return leaving


def _edges(
    v: Value,
    root: Value,
    order: list[Value],
    leaving: dict[Value, list[_Edge]],
    symbols: Symbols,
    terms: int,
) -> Explanation:
    gradient = adjoints(order, {root: 1.0})
    edges = leaving[v]
    products: list[_Product] = []
    for edge in edges[:terms]:
        last = edge.head is root
        upstream = gradient[edge.head]
        products.append(
            _Product(
                [] if last else [f"∂{symbols.text(root)}/∂{symbols.text(edge.head)}"],
                [] if last else [_fraction(root, edge.head, symbols)],
                [] if last else [upstream],
                edge,
                symbols,
            )
        )
    rest = sum((gradient[e.head] * e.local for e in edges[terms:]), start=0.0)
    hidden = len(edges) - len(products)
    note = f"{hidden} more wires" if hidden else ""
    return _written(v, root, products, rest, note, gradient[v], edges[:terms], symbols)


def _shortened(factors: list[str], dots: str) -> list[str]:
    return factors if len(factors) <= FACTORS else [*factors[:3], dots, *factors[-3:]]


class _Product:
    """One term: some factors, and a last edge's local gradient."""

    def __init__(
        self,
        texts: list[str],
        latex: list[str],
        numbers: list[float],
        edge: _Edge,
        symbols: Symbols,
    ) -> None:
        figures = [*numbers, edge.local]
        self.text = " · ".join(_shortened([*texts, _ratio(edge, symbols)], "…"))
        self.latex = r" \cdot ".join(_shortened([*latex, _ratio_latex(edge, symbols)], r"\dots"))
        self.figures = " · ".join(_shortened([symbols.factor(x) for x in figures], "…"))
        self.figures_latex = r" \cdot ".join(
            _shortened([symbols.factor_latex(x) for x in figures], r"\dots")
        )
        self.value = 1.0
        for x in figures:
            self.value *= x


def _all_paths(v: Value, root: Value, leaving: dict[Value, list[_Edge]]) -> Iterator[list[_Edge]]:
    """Every path, first edges first; iterative, so that its length does not matter."""
    path: list[_Edge] = []
    stack: list[Iterator[_Edge]] = [iter(leaving[v])]
    while stack:
        edge = next(stack[-1], None)
        if edge is None:
            stack.pop()
            if path:
                path.pop()
            continue
        if edge.head is root:
            yield [*path, edge]
        else:
            path.append(edge)
            stack.append(iter(leaving[edge.head]))


def _paths(
    v: Value,
    root: Value,
    order: list[Value],
    leaving: dict[Value, list[_Edge]],
    symbols: Symbols,
    terms: int,
) -> Explanation:
    count = {root: 1}
    for node in reversed(order):
        if node in leaving and node is not root:
            count[node] = sum(count[edge.head] for edge in leaving[node])
    products: list[_Product] = []
    seen: dict[tuple[int, int], _Edge] = {}
    total = 0.0
    for path in _all_paths(v, root, leaving):
        if len(products) == terms:
            break
        backwards = path[::-1]  # from the root down, as the chain rule is written
        product = _Product(
            [_ratio(e, symbols) for e in backwards[:-1]],
            [_ratio_latex(e, symbols) for e in backwards[:-1]],
            [e.local for e in backwards[:-1]],
            backwards[-1],
            symbols,
        )
        products.append(product)
        total += product.value
        seen.update({(id(e.head), e.position): e for e in path})
    gradient = adjoints(order, {root: 1.0})[v]
    hidden = count[v] - len(products)
    note = f"{hidden} more paths" if hidden else ""
    chosen = list(seen.values())[: 2 * terms]
    return _written(v, root, products, gradient - total, note, gradient, chosen, symbols)


def _written(
    v: Value,
    root: Value,
    products: list[_Product],
    rest: float,
    note: str,
    value: float,
    edges: list[_Edge],
    symbols: Symbols,
) -> Explanation:
    """The sum: with symbols, with numbers, its result; then where the local gradients are from."""
    left = f"∂{symbols.text(root)}/∂{symbols.text(v)}"
    left_latex = _fraction(root, v, symbols)
    pad = " " * len(left)
    between = f"\n{pad} + " if len(products) > 3 else " + "
    between_latex = " \\\\\n&\\quad + " if len(products) > 3 else " + "
    text = [p.text for p in products] + ([f"… ({note})"] if note else [])
    figures = [p.figures for p in products] + ([symbols.factor(rest)] if note else [])
    latex = [p.latex for p in products] + ([rf"\dots \text{{ ({note})}}"] if note else [])
    figures_latex = [p.figures_latex for p in products]
    figures_latex += [symbols.factor_latex(rest)] if note else []
    lines = [f"{left} = {between.join(text)}", f"{pad} = {between.join(figures)}"]
    aligned = [
        f"{left_latex} &= {between_latex.join(latex)}",
        f"&= {between_latex.join(figures_latex)}",
    ]
    if lines[0] == f"{left} = {left}":  # one wire, straight to the root: nothing to multiply
        lines = [f"{left} = {figures[0]}"]
        aligned = [f"{left_latex} &= {figures_latex[0]}"]
    result = symbols.figure(value)
    if not lines[-1].endswith(f" = {result}"):
        lines.append(f"{pad} = {result}")
        aligned.append(f"&= {symbols.number_latex(value)}")
    lines.append("where")
    lines += [f"  {_local_text(edge, symbols)}" for edge in edges]
    joined = " \\\\\n".join(aligned)
    where = "\n".join(
        f"- ${symbols.latex(e.head)} = {_right_side_latex(e.head, symbols)}"
        f" = {symbols.number_latex(e.head.data)}$, so ${_local_latex(e, symbols)}$"
        for e in edges
    )
    return Explanation("\n".join(lines), joined, f"{_display(joined)}\n\nwhere\n\n{where}\n", value)
