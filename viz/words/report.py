"""Both passes through a graph as text: tables, one gate at a time, or data for machines.

>>> from autodiff import parse
>>> print(table(parse("(x + y) * z", x=-2, y=5, z=-4)))
forward     value
─────────────────
x              −2
y               5
v1 = x + y      3
z              −4
f = v1·z      −12
<BLANKLINE>
backward    upstream  local gradient   downstream
───────────────────────────────────────────────────────
f = v1·z           1  ∂f/∂v1 = z = −4          −4  → v1
                      ∂f/∂z = v1 = 3            3  → z
v1 = x + y        −4  ∂v1/∂x = 1               −4  → x
                      ∂v1/∂y = 1               −4  → y
<BLANKLINE>
gradient
────────────
df/dx     −4
df/dy     −4
df/dz      3
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from autodiff.formula.writers import written
from autodiff.gates import GATES
from autodiff.graph import adjoints, backward_steps, topological_order
from autodiff.text.source import width
from autodiff.value import Constant, Value

from ..languages.translate import translate
from .names import Naming
from .notation import Text
from .rules import edges_into
from .symbols import GREEK, LOWERED, RAISED

__all__ = ["as_data", "gate_table", "steps", "table", "to_ascii"]

DIGITS = 6
_ASCII: dict[str, str | int | None] = {
    "∂": "@", "×": "*", "·": "*", "−": "-", "→": ">", "─": "-", "…": "...", "∞": "inf", "Σ": "sum",
    "√": "sqrt ", "π": "pi", "β": "beta", "γ": "gamma", "ᵢ": "_i", "≤": "<=", "≥": ">=",
    "≠": "!=",
}  # fmt: skip
_ASCII |= {letter: name for name, letter in GREEK.items()}
_ASCII |= {small: plain for figures in (RAISED, LOWERED) for plain, small in figures.items()}
_LOW = f"[{''.join(LOWERED.values())}]+"
_FIGURES = re.compile(f"([{''.join(RAISED.values())}]+)|{_LOW}(,{_LOW})*")
_ASCII |= {g.symbol: g.name for g in GATES.values() if len(g.symbol) == 1 and g.symbol.isalpha()}


def to_ascii(text: str) -> str:
    """The signs of calculus in a spelling that any terminal shows.

    >>> to_ascii("∂y/∂x = 2·x⁻¹")
    '@y/@x = 2*x^-1'
    >>> to_ascii("θ₀ + w₁⁽²⁾")
    'theta_0 + w_1^(2)'
    >>> to_ascii("hₜ₋₁")
    'h_{t-1}'
    """
    return _FIGURES.sub(_figures, text).translate(str.maketrans(_ASCII))


def _figures(found: re.Match[str]) -> str:
    text = found[0]
    if found[1]:
        return f"^{text}"
    return f"_{text}" if text.isdigit() or len(text) == 1 else f"_{{{text}}}"


# ── tables ───────────────────────────────────────────────────────────────────────────────────


def table(root: Value, digits: int = DIGITS, ascii_only: bool = False) -> str:
    """Forward pass, backward pass and the inputs' gradients, gate by gate."""
    order = topological_order(root)
    hand = Text(order, digits=digits)
    gradients = adjoints(order, {root: 1.0})
    made = {v: hand.made(v) for v in order if v is root or not isinstance(v, Constant)}
    forward = [(text, hand.number(v.data)) for v, text in made.items()]
    parts = [_grid([_titles("forward", "value"), *forward], "<>", ascii_only)]
    backward = list(_backward_rows(root, hand, made))
    if backward:
        title = _titles("backward", "upstream", "local gradient", "downstream", "")
        parts.append(_grid([title, *backward], "<><><", ascii_only))
        edges = (edge for node in order for edge in edges_into(node) if edge.tail in made)
        parts[-1] += f"\n{hand.key(edges)}".rstrip()
    if leaves := [v for v in made if v.gate is None and not isinstance(v, Constant)]:
        rows = [(hand.total(root, leaf), hand.number(gradients[leaf])) for leaf in leaves]
        parts.append(_grid([_titles("gradient", ""), *rows], "<>", ascii_only))
    return "\n\n".join(parts)


def _titles(*words: str) -> tuple[str, ...]:
    return tuple(map(translate, words))


def _backward_rows(root: Value, hand: Text, made: dict[Value, str]) -> Iterator[tuple[str, ...]]:
    for node, upstream, parts in backward_steps(root):
        first = (made[node], hand.number(upstream))
        for edge, part in zip(edges_into(node), parts, strict=True):
            if not isinstance(edge.tail, Constant):
                local = hand.equation(hand.partial(edge))
                yield (*first, local, hand.number(part.downstream), f"→ {hand.names[edge.tail]}")
                first = ("", "")


def _grid(rows: Sequence[Sequence[str]], align: str, ascii_only: bool) -> str:
    """Columns set side by side under a ruled heading."""
    if ascii_only:
        rows = [[to_ascii(text) for text in row] for row in rows]
    columns = []
    for column, side in zip(zip(*rows, strict=True), align, strict=True):
        wide = max(map(width, column))
        pads = [" " * (wide - width(text)) for text in column]
        pairs = zip(column, pads, strict=True)
        columns.append([pad + text if side == ">" else text + pad for text, pad in pairs])
    lines = ["  ".join(row).rstrip() for row in zip(*columns, strict=True)]
    rule = ("-" if ascii_only else "─") * max(map(width, lines))
    return "\n".join([lines[0], rule, *lines[1:]])


def gate_table(ascii_only: bool = False) -> str:
    """Every gate: what it is called, its formula, and its local gradient for each input.

    >>> print(*gate_table().splitlines()[6:8], sep="\\n")
    mul          a·b                             ∂/∂a = b
                                                 ∂/∂b = a
    """
    rows = [_titles("gate", "formula", "local gradients")]
    for gate in GATES.values():
        symbol = gate.symbol if gate.symbol.isidentifier() and gate.symbol != gate.name else ""
        name = f"{gate.name}, {symbol}" if symbol and not ascii_only else gate.name
        first = (name, gate.formula.blackboard())
        for input_name, partial in zip(gate.inputs, gate.partials, strict=True):
            by = written(ast.Name(input_name), "blackboard")
            rows.append((*first, f"∂/∂{by} = {partial.blackboard()}"))
            first = ("", "")
    return _grid(rows, "<<<", ascii_only)


# ── one gate at a time ───────────────────────────────────────────────────────────────────────


def steps(root: Value, digits: int = DIGITS) -> Iterator[str]:
    """Each step of the forward and then of the backward pass, with the numbers put in.

    >>> from autodiff import parse
    >>> print(*steps(parse("x * x", x=3)), sep="\\n")
    forward 1 of 1
      f = x·x
        = 3·3
        = 9
    backward 1 of 1: f = x·x, upstream df/df = 1
      df/df · ∂f/∂x|a = 1 · 3 = 3, with ∂f/∂x|a = x = 3
      df/df · ∂f/∂x|b = 1 · 3 = 3, with ∂f/∂x|b = x = 3; so far 3 + 3 = 6
    |a, |b: the input of the gate that is meant
    """
    order = topological_order(root)
    hand = Text(order, digits=digits)
    gates = [node for node in order if node.gate is not None]
    for k, node in enumerate(gates, 1):
        line = hand.value(node)
        pad = " " * len(line.left)
        written = f"\n  {pad} = ".join(line.steps)
        head = translate(f"forward {k} of {len(gates)}")
        yield f"{head}\n  {line.left} = {written}{line.end}"
    sums: dict[Value, float] = {}
    for k, (node, upstream, parts) in enumerate(passes := backward_steps(root), 1):
        above = hand.total(root, node)
        came = hand.equation(hand.line(above, [], upstream))
        head = f"backward {k} of {len(passes)}: {hand.made(node)}, upstream {came}"
        lines = [translate(head)]
        for edge, part in zip(edges_into(node), parts, strict=True):
            if isinstance(edge.tail, Constant):
                continue
            rule = hand.partial(edge)
            product = hand.product([hand.factor(upstream), hand.factor(edge.local)])
            known = [product] if part.downstream == part.downstream else []  # not NaN
            said = hand.line(f"{above} · {rule.left}", known, part.downstream)
            text = f"  {hand.equation(said)}"
            if len(rule.steps) != 1 or rule.end:
                text += translate(f", with {hand.equation(rule)}")
            before, total = sums.get(edge.tail), sums.get(edge.tail, 0.0) + part.downstream
            if before is not None:
                sum_ = hand.equation(hand.addition(before, part.downstream))
                text += translate(f"; so far {sum_}")
            sums[edge.tail] = total
            lines.append(text)
        if k == len(passes):
            lines.append(hand.key(edge for gate in gates for edge in edges_into(gate)))
        yield "\n".join(filter(None, lines))


# ── for machines ─────────────────────────────────────────────────────────────────────────────


def as_data(root: Value, expression: str = "") -> dict[str, Any]:
    """The whole graph and its backward pass, ready for `json.dumps`.

    Numbers keep all their digits; NaN and the infinities, which JSON lacks, are text.

    >>> from autodiff import parse
    >>> data = as_data(parse("x * y", x=2, y=3))
    >>> data["value"], data["gradients"]
    (6.0, {'x': 3.0, 'y': 2.0})
    """
    order = topological_order(root)
    name = Naming(order)
    gradients = adjoints(order, {root: 1.0})
    # the name of a plain number is not unique
    constants: list[Value] = [node for node in order if isinstance(node, Constant)]
    key = {node: f"c{k}" for k, node in enumerate(constants, 1)}
    key |= {node: name(node) for node in order if node not in key}
    return {
        "expression": expression,
        "root": key[root],
        "value": _json(root.data),
        "gradients": {
            key[node]: _json(gradients[node])
            for node in order
            if node.gate is None and not isinstance(node, Constant)
        },
        "nodes": [
            {
                "name": key[node],
                "gate": None if node.gate is None else node.gate.name,
                "constant": isinstance(node, Constant),
                "parents": [key[parent] for parent in node.parents],
                "value": _json(node.data),
                "local_gradients": [_json(x) for x in node.local_grads],
                "gradient": _json(gradients.get(node, 0.0)),
            }
            for node in order
        ],
        "backward": [
            {
                "node": key[step.node],
                "gate": str(step.node.gate),
                "upstream": _json(step.upstream),
                "parts": [
                    {
                        "parent": key[part.parent],
                        "local": _json(part.local),
                        "downstream": _json(part.downstream),
                    }
                    for part in step.parts
                ],
            }
            for step in backward_steps(root)
        ],
    }


def _json(x: float) -> float | str:
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
