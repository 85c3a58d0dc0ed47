"""The page of gates, written from the table of gates."""

import docstrings

from autodiff import GATES, Gate


def gates() -> str:
    head = """\
# The gate table · 门的一览表

Every gate that the library knows, written from `autodiff/gates.py` by the machine that reads it
for the engine, the compiler and the pictures. *f* stands for the gate's own value, *Finer:* for
what a coarse gate can be unfolded to.

| gate | value *f* | local gradients |
|---|---|---|
"""
    return head + "\n".join(_row(gate) for gate in GATES.values()) + "\n"


def _row(gate: Gate) -> str:
    sub = {name: name if len(name) == 1 else rf"\{name}" for name in gate.inputs}
    sub |= {name: f"{name}_i" for name in gate.rows}
    value = gate.formula.latex(**sub)
    partials = " <br> ".join(
        rf"$\frac{{\partial f}}{{\partial {sub[name]}}} = {partial.latex(**sub, out='f')}$"
        for name, partial in zip(gate.inputs, gate.partials, strict=True)
    )
    about = [f"**{gate.name}**", docstrings.cited(gate.doc, "[{0}](#{1})")]
    if gate.domain:
        about.append(f"*Where:* {gate.domain}")
    if isinstance(gate.decompose, str):
        about.append(f"*Finer:* `{gate.decompose}`")
    cells = [" <br> ".join(about), f"${value}$", partials]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"
