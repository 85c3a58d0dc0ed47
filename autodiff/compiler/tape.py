"""The Wengert list: one example's graph as a student would write it out, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..formula.grammar import Formula
from ..gates import GATES, Gate
from ..graph import topological_order
from ..value import Value
from .simplify import Contraction, Factors, contraction, factors, simplify
from .trace import Trace
from .write.expressions import UNARY, binding

_SHOWN = 4  # elements of a row that are written out


class Entry(NamedTuple):
    """name = text, which is `value`; the adjoint lines hand its adjoint on to its inputs."""

    name: str
    text: str
    value: float | None
    adjoint: tuple[str, ...]


class Tape:
    """A Wengert list: every gate of one example in the order in which gates fire, then the
    adjoints in reverse. v̄ stands for dL/dv.

    entries  the lines, each an `Entry`
    root     the Value that the graph ends in; `viz.draw(tape.root)` draws it
    gates    how many gates there are

    >>> import autodiff
    >>> w, b = autodiff.Value(2.0, label="w"), autodiff.Value(1.0, label="b")
    >>> program = autodiff.compile(lambda x, y: (w * x + b - y) ** 2, backend="numpy")
    >>> print(program.prepare([3.0], [5.0]).tape)
    v1 = w * x      # 6.0
    v2 = v1 + b     # 7.0
    v3 = v2 - y     # 2.0
    v4 = v3 ** 2    # 4.0
    <BLANKLINE>
    v̄4 = 1
    v̄3 += v̄4 * 2 * v3
    v̄2 += v̄3
    ȳ += -v̄3
    v̄1 += v̄2
    b̄ += v̄2
    w̄ += v̄1 * x
    x̄ += v̄1 * w
    """

    def __init__(
        self, traced: Trace, parameters: Sequence[Value], arguments: Sequence[str]
    ) -> None:
        self.outputs = traced.outputs
        self.root = traced.outputs[0]
        self.gates = traced.gates
        self.constants = traced.constants
        self.names = _leaf_names(traced, parameters, arguments)
        self.entries = list(self._entries(topological_order(*traced.outputs)))

    def _entries(self, order: list[Value]) -> Iterator[Entry]:
        names = self.names
        number = 0
        for node in order:
            if node.gate is None:
                names.setdefault(node, f"{node.data:g}")
                continue
            gate, given = node.gate, node.gate.split(node.parents)
            found = _split(gate)
            texts = {k: _row(v, names) if k in gate.rows else names[v] for k, v in given.items()}
            known = {
                k: v.data for k, v in given.items() if isinstance(v, Value) and v in self.constants
            }
            number += 1
            name = f"v{number}"
            step = _Step(gate, given, texts, known, names)
            if found is not None and found.rest.text != "product":  # w·x + b: a dot, then a sum
                left, right = texts[found.left], texts[found.right]
                yield Entry(
                    name, f"{_dot().name}({left}, {right})", None, tuple(step.of_dot(found, name))
                )
                number += 1
                product, name = name, f"v{number}"
                adjoint = (step.of_product(found, product, name), *step.of_singles(name))
                text = found.rest.on_values(**texts, product=product)
            else:
                text = f"{gate.name}({', '.join(texts.values())})"
                if gate.formula.infix:
                    text = f" {gate.formula.infix} ".join(texts.values())
                adjoint = (*step.of_rows(name), *step.of_singles(name))
            names[node] = name
            yield Entry(name, text, node.data, adjoint)

    def __str__(self) -> str:
        width = max((len(e.name) + 3 + len(e.text) for e in self.entries), default=0)
        lines = []
        for e in self.entries:
            left = f"{e.name} = {e.text}"
            known = f"# {e.value!r}" if e.value is not None else ""
            lines.append(f"{left:{width + 4}}{known}".rstrip())
        if len(self.outputs) == 1 and self.entries:
            lines += ["", f"{bar(self.entries[-1].name)} = 1"]
            lines += [line for e in reversed(self.entries) for line in e.adjoint]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<tape of {self.gates} gates; print it>"

    def __len__(self) -> int:
        return len(self.entries)


def bar(name: str) -> str:
    """The adjoint's name: a bar over the first letter.

    >>> bar("v12"), bar("W1[0,2]")
    ('v̄12', 'W̄1[0,2]')
    """
    return f"{name[0]}̄{name[1:]}" if not _is_number(name) else name


def _is_number(text: str) -> bool:
    return text[:1].isdigit() or text[:1] == "-"


def _split(gate: Gate) -> Contraction | None:
    """How to write it as a dot product and the rest, if one adjoint serves both rows."""
    found = contraction(gate)
    if found is None:
        return None
    above = []
    for row, other in ((found.left, found.right), (found.right, found.left)):
        parts = factors(gate.partials[gate.inputs.index(row)])
        texts = [f.text for f in parts.factors if f.text != other]
        above.append((parts.coefficient, texts, [f.text for f in parts.divisors]))
    return found if above[0] == above[1] else None


def _dot() -> Gate:
    """The table's plain sum of products, found by its formula."""
    return next(
        g for g in GATES.values() if (f := contraction(g)) is not None and f.rest.text == "product"
    )


class _Step(NamedTuple):
    """One gate's adjoint lines; `texts` says what its inputs are called."""

    gate: Gate
    given: dict[str, Any]
    texts: dict[str, str]
    known: dict[str, float]
    names: dict[Value, str]

    def of_dot(self, found: Contraction, product: str) -> Iterator[str]:
        for mine, other in ((found.left, found.right), (found.right, found.left)):
            yield f"{self.bar(mine)} += {bar(product)} * {self.texts[other]}"

    def of_product(self, found: Contraction, product: str, name: str) -> str:
        """∂/∂product: what ∂/∂row is, but for the factor that is the other row."""
        parts = factors(self.partial(found.left))
        above = tuple(f for f in parts.factors if f.text != found.right)
        return f"{bar(product)} += {self.times(name, parts._replace(factors=above), {})}"

    def of_rows(self, name: str) -> Iterator[str]:
        for row in self.gate.rows:
            parts = factors(self.partial(row))
            used = {f.text for f in (*parts.factors, *parts.divisors)}
            if used <= {*self.gate.rows} and not parts.divisors:
                yield f"{self.bar(row)} += {self.times(name, parts, {})}"
            else:
                element = {r: r for r in self.gate.rows}
                each = ", ".join(element)
                rows = ", ".join(self.texts[r] for r in self.gate.rows)
                yield f"{bar(row)} += {self.times(name, parts, element)}  for {each} in {rows}"

    def of_singles(self, name: str) -> Iterator[str]:
        for k in self.gate.inputs[len(self.gate.rows) :]:
            parts = factors(self.partial(k))
            if parts.coefficient != 0.0 and not _is_number(self.texts[k]):
                yield f"{self.bar(k)} += {self.times(name, parts, {})}"

    def partial(self, name: str) -> Formula:
        known = dict(self.known)
        if self.gate.rows:
            known["n"] = float(len(self.given[self.gate.rows[0]]))
        return simplify(self.gate.partials[self.gate.inputs.index(name)], known)

    def bar(self, name: str) -> str:
        if name in self.gate.rows:
            return _row(self.given[name], self.names, bar)
        return bar(self.texts[name])

    def times(self, name: str, parts: Factors, element: dict[str, str]) -> str:
        """v̄ · coefficient · factors / divisors."""
        texts = {**self.texts, **element, "out": name}
        written = [f.on_values(**texts) for f in parts.factors]
        below = [f.on_values(**texts) for f in parts.divisors]
        size = abs(parts.coefficient)
        numbers = [f"{size:.12g}"] if size != 1 else []
        text = " * ".join([bar(name), *numbers, *(_closed(t) for t in written)])
        text += "".join(f" / {_closed(t)}" for t in below)
        return f"-{text}" if parts.coefficient < 0 else text


def _closed(text: str) -> str:
    return text if "…" in text or binding(text) >= UNARY else f"({text})"


def _leaf_names(
    traced: Trace, parameters: Sequence[Value], arguments: Sequence[str]
) -> dict[Value, str]:
    names: dict[Value, str] = {}
    for argument, values in zip(arguments, traced.arguments, strict=True):
        stem = argument.lower() if len(argument) == 1 else argument
        for k, value in enumerate(values):
            names[value] = stem if len(values) == 1 else f"{stem}[{k}]"
    for k, parameter in enumerate(parameters):
        names[parameter] = parameter.label or f"θ[{k}]"
    return names


def _row(values: object, names: dict[Value, str], change: object = None) -> str:
    """[a, b, c, d] or [a, b, …, z]."""
    assert isinstance(values, tuple)
    shown = [names[v] for v in values]
    if callable(change):
        shown = [change(text) for text in shown]
    if len(shown) > _SHOWN:
        shown = [*shown[: _SHOWN - 2], "…", shown[-1]]
    return f"[{', '.join(shown)}]"
