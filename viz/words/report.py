"""Both passes through a graph as text: tables, one gate at a time, or data for machines.

>>> from autodiff import parse
>>> print(table(parse("(x + y) * z", x=-2, y=5, z=-4)))
forward       value
───────────────────
x                −2
y                 5
v1 = x + y        3
z                −4
f = v1 × z      −12
<BLANKLINE>
backward    upstream  local gradient   downstream
──────────────────────────────────────────────────────
f = v1 × z         1  ∂f/∂v1 = z = −4          −4 → v1
                      ∂f/∂z = v1 = 3            3 → z
v1 = x + y        −4  ∂v1/∂x = 1               −4 → x
                      ∂v1/∂y = 1               −4 → y
<BLANKLINE>
gradient
──────────────
∂f/∂x       −4
∂f/∂y       −4
∂f/∂z        3
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autodiff.gates import GATES, Gate
from autodiff.graph import Part, Step, adjoints, backward_steps, topological_order
from autodiff.value import Constant, Value

from .names import Naming
from .numbers import number as figure

__all__ = ["as_data", "gate_table", "steps", "table", "to_ascii"]

_SHOWN = 6  # inputs of a gate over a row that are written out
_ASCII = str.maketrans(
    {"∂": "d", "×": "*", "·": "*", "−": "-", "→": ">", "─": "-", "…": "...", "∞": "inf"}
)


def to_ascii(text: str) -> str:
    """The signs of calculus in a spelling that any terminal shows; labels stay as they are."""
    return text.translate(_ASCII)


def number(x: float) -> str:
    """At most six digits, all of them meaningful."""
    return figure(x, 6)


class _Names:
    """What the nodes of a graph are called: by their labels, numbers by themselves, else v1, v2."""

    def __init__(self, root: Value, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self.order = topological_order(root)
        name = Naming(self.order)
        self.of = {
            v: v.label or number(v.data) if isinstance(v, Constant) else name(v) for v in self.order
        }

    def inputs(self, node: Value, index: int | None = None) -> dict[str, str]:
        """Names for the formulas of a node's gate; `index` picks the element of its rows."""
        assert node.gate is not None
        named = {"out": self.of[node]}
        for name, parents in node.gate.split(node.parents).items():
            if not isinstance(parents, tuple):
                named[name] = self.of[parents]
            elif index is not None:
                named[name] = self.of[parents[index]]
                named["n"] = str(len(parents))
            else:
                named[name] = _listed([self.of[parent] for parent in parents])
        return named

    def equation(self, node: Value) -> str:
        """``v1 = x + y``."""
        return f"{self.of[node]} = {self.right_hand_side(node, self.inputs(node))}"

    def right_hand_side(self, node: Value, named: Mapping[str, str]) -> str:
        gate = node.gate
        assert gate is not None
        text = gate.formula.on_values(**named)
        if gate.rows or gate.formula.atoms or " if " in text:
            symbol = gate.symbol
            fits = symbol.isidentifier() and (symbol.isascii() or not self.ascii_only)
            name = symbol if fits else gate.name
            return f"{name}({', '.join(named[i] for i in gate.inputs)})"
        return text.replace(" * ", " × ")

    def in_numbers(self, node: Value) -> str:
        """``-2 + 5``."""
        assert node.gate is not None
        named: dict[str, str] = {}
        for name, parents in node.gate.split(node.parents).items():
            row = isinstance(parents, tuple)
            numbers = [number(p.data) for p in (parents if row else (parents,))]
            named[name] = _listed(numbers) if row else numbers[0]
        return self.right_hand_side(node, named)

    def rule(self, node: Value, position: int) -> str:
        """The local gradient as the table of gates has it, with this graph's names."""
        assert node.gate is not None
        partial, index = node.gate.partial_at(position, len(node.parents))
        if not partial.names or " if " in partial.text:
            return ""
        return partial.on_values(**self.inputs(node, index)).replace(" * ", " × ")

    def local(self, node: Value, position: int, local: float) -> str:
        """``∂f/∂v1 = z = -4``."""
        parent = node.parents[position]
        rule = self.rule(node, position)
        rule = f" = {rule}" if rule and rule != number(local) else ""
        return f"∂{self.of[node]}/∂{self.of[parent]}{rule} = {number(local)}"

    def varying(self, step: Step) -> list[tuple[int, Part]]:
        """The inputs of a gate that a gradient is handed to: all but plain numbers."""
        return [(i, p) for i, p in enumerate(step.parts) if not isinstance(p.parent, Constant)]

    def leaves(self) -> list[Value]:
        return [n for n in self.order if n.gate is None and not isinstance(n, Constant)]


def _listed(names: Sequence[str]) -> str:
    shown = [*names[:_SHOWN], "…"] if len(names) > _SHOWN else names
    return f"[{', '.join(shown)}]"


# ── tables ───────────────────────────────────────────────────────────────────────────────────


def table(root: Value, ascii_only: bool = False) -> str:
    """Forward pass, backward pass and the inputs' gradients, gate by gate."""
    names = _Names(root, ascii_only)
    passes = backward_steps(root)
    gradients = adjoints(names.order, {root: 1.0})
    head = names.of[root]
    forward = [
        (names.of[node] if node.gate is None else names.equation(node), number(node.data))
        for node in names.order
        if not isinstance(node, Constant)
    ]
    parts = [_grid([("forward", "value"), *forward], "<>")]
    backward = list(_backward_rows(names, passes))
    if backward:
        title = ("backward", "upstream", "local gradient", "downstream", "")
        parts.append(_grid([title, *backward], "<><><"))
    if leaves := names.leaves():
        rows = [(f"∂{head}/∂{names.of[leaf]}", number(gradients[leaf])) for leaf in leaves]
        parts.append(_grid([("gradient", ""), *rows], "<>"))
    text = "\n\n".join(parts)
    return to_ascii(text) if ascii_only else text


def _backward_rows(names: _Names, passes: Sequence[Step]) -> Iterator[tuple[str, ...]]:
    for step in passes:
        first = (names.equation(step.node), number(step.upstream))
        for i, part in names.varying(step):
            local = names.local(step.node, i, part.local)
            yield (*first, local, number(part.downstream), f"→ {names.of[part.parent]}")
            first = ("", "")


def _grid(rows: Sequence[Sequence[str]], align: str) -> str:
    """Columns set side by side under a ruled heading; a last column without one clings to its
    neighbour."""
    from autodiff.text.source import width

    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    gaps = ["  "] * (len(widths) - 1) + [""]
    if align == "<>":
        gaps[0] = "    "
    if len(align) == 5:
        gaps[-2] = " "
    lines = []
    for row in rows:
        cells = []
        for text, wide, side, gap in zip(row, widths, align, gaps, strict=True):
            pad = " " * (wide - width(text))
            cells.append((pad + text if side == ">" else text + pad) + gap)
        lines.append("".join(cells).rstrip())
    rule = "─" * max(map(width, lines))
    return "\n".join([lines[0], rule, *lines[1:]])


# ── one gate at a time ───────────────────────────────────────────────────────────────────────


def steps(root: Value, ascii_only: bool = False) -> Iterator[str]:
    """Each step of the forward and then of the backward pass, with the numbers plugged in.

    >>> from autodiff import parse
    >>> print(*steps(parse("x * x", x=3)), sep="\\n")
    forward 1 of 1
      f = x × x
        = 3 × 3
        = 9
    backward 1 of 1: f = x × x, upstream ∂f/∂f = 1
      ∂f/∂f · ∂f/∂x = 1 × x = 1 × 3 = 3
      ∂f/∂f · ∂f/∂x = 1 × x = 1 × 3 = 3; with what came before, ∂f/∂x = 3 + 3 = 6
    """
    names = _Names(root, ascii_only)
    head = names.of[root]
    gates = [node for node in names.order if node.gate is not None]
    texts = []
    for k, node in enumerate(gates, 1):
        left = names.of[node]
        lines = [
            f"forward {k} of {len(gates)}",
            f"  {names.equation(node)}",
            f"  {' ' * len(left)} = {names.in_numbers(node)}",
            f"  {' ' * len(left)} = {number(node.data)}",
        ]
        texts.append("\n".join(lines))
    passes = backward_steps(root)
    total: dict[Value, float] = {}
    for k, step in enumerate(passes, 1):
        texts.append(_backward_step(names, head, step, total, f"{k} of {len(passes)}"))
    for text in texts:
        yield to_ascii(text) if ascii_only else text


def _backward_step(
    names: _Names, head: str, step: Step, total: dict[Value, float], which: str
) -> str:
    node, upstream = step.node, number(step.upstream)
    above = f"∂{head}/∂{names.of[node]}"
    lines = [f"backward {which}: {names.equation(node)}, upstream {above} = {upstream}"]
    for i, part in names.varying(step):
        below = names.of[part.parent]
        rule = names.rule(node, i)
        symbols = f" = {upstream} × {_bracketed(rule)}" if rule else ""
        result = f"{upstream} × {number(part.local)} = {number(part.downstream)}"
        line = f"  {above} · ∂{names.of[node]}/∂{below}{symbols} = {result}"
        if part.parent in total:
            before, after = total[part.parent], total[part.parent] + part.downstream
            line += (
                f"; with what came before, ∂{head}/∂{below}"
                f" = {number(before)} + {number(part.downstream)} = {number(after)}"
            )
        total[part.parent] = total.get(part.parent, 0.0) + part.downstream
        lines.append(line)
    return "\n".join(lines)


def _bracketed(rule: str) -> str:
    return f"({rule})" if " " in rule or rule[0] in "-−" else rule


def gate_table(ascii_only: bool = False) -> str:
    """Every gate: what it is called, its formula, and its local gradient for each input.

    >>> print(*gate_table().splitlines()[6:8], sep="\\n")
    mul          a * b                           ∂/∂a = b
                                                 ∂/∂b = a
    """
    rows = [("gate", "formula", "local gradients")]
    for gate in GATES.values():
        symbol = gate.symbol if gate.symbol.isidentifier() and gate.symbol != gate.name else ""
        name = f"{gate.name}, {symbol}" if symbol and not ascii_only else gate.name
        first = (name, gate.formula.text)
        for input_name, partial in zip(gate.inputs, gate.partials, strict=True):
            rows.append((*first, f"∂/∂{input_name} = {partial.text}"))
            first = ("", "")
    text = _grid(rows, "<<<")
    return to_ascii(text) if ascii_only else text


# ── for machines ─────────────────────────────────────────────────────────────────────────────


def as_data(root: Value, expression: str = "") -> dict[str, Any]:
    """The whole graph and its backward pass, ready for `json.dumps`.

    Numbers keep all their digits; NaN and the infinities, which JSON lacks, are text.

    >>> from autodiff import parse
    >>> data = as_data(parse("x * y", x=2, y=3))
    >>> data["value"], data["gradients"]
    (6.0, {'x': 3.0, 'y': 2.0})
    """
    names = _Names(root)
    passes = backward_steps(root)
    gradients = adjoints(names.order, {root: 1.0})
    key: dict[Value, str] = {}
    constants = 0
    for node in names.order:  # the name of a plain number is not unique
        constants += isinstance(node, Constant)
        key[node] = f"c{constants}" if isinstance(node, Constant) else names.of[node]
    return {
        "expression": expression,
        "root": names.of[root],
        "value": _json(root.data),
        "gradients": {names.of[leaf]: _json(gradients[leaf]) for leaf in names.leaves()},
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
            for node in names.order
        ],
        "backward": [
            {
                "node": key[step.node],
                "gate": _gate_name(step.node.gate),
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
            for step in passes
        ],
    }


def _gate_name(gate: Gate | None) -> str:
    return "" if gate is None else gate.name


def _json(x: float) -> float | str:
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
