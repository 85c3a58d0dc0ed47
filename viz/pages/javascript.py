"""The gate table as JavaScript: what makes an exported page recompute itself without Python.

Every row of the table becomes one function ``fire($p, $d)``: it takes the parents' numbers,
writes the local gradients into `$d` and returns the value, as the eager engine does in Python.
Beside it stands ``show``, the shape of each formula, from which a page writes a gate's rule with
the numbers plugged in.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path

from autodiff import GATES, Formula, Gate
from autodiff.formula.atoms import ATOMS
from autodiff.formula.languages import LANGUAGES, OPERATORS

__all__ = ["gate_table", "literal", "runtime", "source"]

_ENGINE = Path(__file__).parent / "shared" / "engine.js"

# Words that are fine names in Python and none in JavaScript.
_RESERVED = re.compile(
    r"arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|"
    r"eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|"
    r"let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|"
    r"try|typeof|var|void|while|with|yield|Infinity|Math|NaN|Number|undefined"
)


def literal(data: object) -> str:
    """`data` as a JavaScript literal that is safe inside a ``<script>`` element.

    >>> literal({"label": "</script>"})
    '{"label": "\\\\u003c/script>"}'
    """
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _names(gate: Gate) -> dict[str, str]:
    """What the gate's inputs are called in JavaScript, where that differs."""
    renamed = {}
    for name in gate.inputs:
        if _RESERVED.fullmatch(name):
            if name in gate.rows:
                raise ValueError(
                    f"gate {gate.name!r}: its row {name!r} has the name of a JavaScript keyword; "
                    "rename the input to use the gate in a page"
                )
            renamed[name] = name + "_" * (1 + max(map(len, gate.inputs)))
    return renamed


def source(gate: Gate) -> str:
    """The function that fires `gate`, as JavaScript.

    >>> print(source(GATES["mul"]))
    fire($p, $d) {
      const a = $p[0], b = $p[1];
      const out = a * b;
      $d[0] = b;
      $d[1] = a;
      return out;
    }
    """
    names = _names(gate)
    rows, singles = gate.rows, gate.inputs[len(gate.rows) :]
    lines = []
    if rows:
        length = f"$p.length - {len(singles)}" if singles else "$p.length"
        lines.append(
            f"const n = ({length}) / {len(rows)};" if len(rows) > 1 else f"const n = {length};"
        )
    given = [f"{row} = $p.slice({_times(k)}, {_times(k + 1)})" for k, row in enumerate(rows)]
    places = [f"{_times(len(rows))} + {k}" if rows else str(k) for k in range(len(singles))]
    given += [f"{names.get(s, s)} = $p[{at}]" for s, at in zip(singles, places, strict=True)]
    lines += [f"const {', '.join(given)};", f"const out = {gate.formula.javascript(**names)};"]
    element = {row: f"{row}[$i]" for row in rows}  # inside a row a name means one element
    for k, partial in enumerate(gate.partials):
        if k < len(rows):
            at = f"{_times(k)} + $i" if k else "$i"
            local = partial.javascript(**names, **element)
            lines.append(f"for (let $i = 0; $i < n; $i++) $d[{at}] = {local};")
        else:
            lines.append(f"$d[{places[k - len(rows)]}] = {partial.javascript(**names)};")
    body = "\n".join(f"  {line}" for line in [*lines, "return out;"])
    return f"fire($p, $d) {{\n{body}\n}}"


def _times(k: int) -> str:
    return ("0", "n")[k] if k < 2 else f"{k} * n"


def shape(formula: Formula, gate: Gate) -> str:
    """The shape of a formula as a JavaScript literal, for a page to write out with numbers.

    A name is a string, a number a number, everything else a list that starts with a construct of
    `LANGUAGES`. A condition comes with a function that decides it, so that a page shows the case
    that applies.

    >>> shape(GATES["relu"].partials[0], GATES["relu"])
    '["if", ({a, out, n}) => a > 0, [">", "a", 0], 1.0, 0.0]'
    """
    names = _names(gate)
    arguments = ", ".join(f"{i}: {names[i]}" if i in names else i for i in gate.inputs)

    def decide(test: ast.expr) -> str:
        inputs = (*gate.inputs, "out", "n")
        condition = Formula(ast.unparse(test), inputs, formula.rows).javascript(**names)
        return f"({{{arguments}, out, n}}) => {condition}"

    def written(node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                return literal(name)
            case ast.Constant(value=value):
                return repr(value)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                parts = ", ".join(map(written, (test, body, orelse)))
                return f'["if", {decide(test)}, {parts}]'
            case ast.BinOp(left=left, op=op, right=right):
                construct, operands = OPERATORS[type(op)], [left, right]
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                construct, operands = OPERATORS[type(sign)], [left, right]
            case ast.UnaryOp(op=minus, operand=operand):
                construct, operands = OPERATORS[type(minus)], [operand]
            case ast.BoolOp(op=word, values=values):
                construct, operands = OPERATORS[type(word)], values
            case ast.Call(func=ast.Name(id=construct), args=operands):
                pass
            case _:
                raise AssertionError(node)  # Formula lets nothing else through
        return f"[{', '.join([literal(construct), *map(written, operands)])}]"

    return written(formula.tree)


def _row(gate: Gate) -> str:
    facts = {
        "name": gate.name,
        "symbol": gate.symbol,
        "word": gate.symbol if gate.symbol.isidentifier() else gate.name,
        "doc": gate.doc,
        "domain": gate.domain,
        "inputs": gate.inputs,
        "rows": len(gate.rows),
        "formula": gate.formula.text,
        "canFail": gate.formula.can_fail,
    }
    entries = [f"{key}: {literal(value)}" for key, value in facts.items()]
    shapes = ",\n    ".join(shape(f, gate) for f in (gate.formula, *gate.partials))
    entries.append(f"show: [\n    {shapes},\n  ]")
    entries.append(source(gate).replace("\n", "\n  "))
    return f"{literal(gate.name)}: {{\n  " + ",\n  ".join(entries) + ",\n}"


def gate_table(names: Iterable[str] | None = None) -> str:
    """``const GATES = {...}`` with the atoms it needs; `names` picks gates (default: all).

    Beside it ``BLACKBOARD``, by which formulas are written out.
    """
    gates = [GATES[name] for name in (GATES if names is None else dict.fromkeys(names))]
    formulas = [formula for gate in gates for formula in (gate.formula, *gate.partials)]
    called = {atom for formula in formulas for atom in formula.atoms}
    helpers = "".join(atom.javascript_helper for name, atom in ATOMS.items() if name in called)
    rows = ",\n".join(_row(gate) for gate in gates)
    blackboard = literal(LANGUAGES["blackboard"])
    return f"{helpers}const BLACKBOARD = {blackboard};\nconst GATES = {{\n{rows}\n}};\n"


def runtime(names: Iterable[str] | None = None) -> str:
    """The gate table and the engine: all that a page, or Node, needs to run a graph."""
    return gate_table(names) + _ENGINE.read_text(encoding="utf-8")
