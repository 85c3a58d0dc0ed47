"""The array program as NumPy source: one operation a line, names as one would choose them."""

from __future__ import annotations

import re

import numpy as np

from ..ir import (
    ROWS,
    Assign,
    Broadcast,
    Collected,
    Expr,
    Function,
    Number,
    Picked,
    Ref,
    View,
    arrays_in,
)
from .expressions import Expressions, is_mask
from .repeats.recurrence import rolled
from .tables import UNPACKED, literal
from .views import window


def numpy_source(function: Function, name: str, doc: str = "", loss: bool = True) -> str:
    """The text of a module that defines `name`(theta, X, ...).

    It returns (J, gradient), or with loss=False the outputs, one row per example.
    """
    return _Source(function, name, doc, loss).text()


class _Source:
    def __init__(self, function: Function, name: str, doc: str, loss: bool) -> None:
        self.function = function
        self.name = name
        self.doc = doc
        self.loss = loss
        self.numpy = Expressions(function)

    def text(self) -> str:
        function = self.function
        arguments = ", ".join(["theta", *(i.name for i in function.inputs)])
        body = ["", "# forward pass"] if function.forward else []
        body += [line for a in function.forward for line in self.assign(a)]
        if self.loss:
            body += self.cost()
            body += self.backward()
        else:
            body.append(f"return {self.numpy.expr(self.spread_output())}")
        body = rolled(body)
        body = [*self.prologue(body), *body]
        code = "\n".join(f"    {line}" if line else "" for line in body)
        doc = f'    """{self.doc}"""\n' if self.doc else ""
        numpy = self.numpy
        tables = "\n".join(f"{k} = {literal(k, v, numpy.typed)}" for k, v in numpy.tables.items())
        packed = "unpacked(" in tables
        helpers = [*numpy.helpers.values(), *[UNPACKED] * packed]
        head = "import base64\nimport zlib\n\n" * packed + "import numpy as np\n"
        head += "".join(f"\n\n{helper}" for helper in helpers)
        head += f"\n\n{tables}\n" if tables else ""
        return f"{head}\n\ndef {self.name}({arguments}):\n{doc}{code}\n"

    def prologue(self, body: list[str]) -> list[str]:
        """Sizes, inputs as matrices, parameters as windows into theta."""
        function = self.function
        assigned = [*function.forward, *function.backward]
        used = set(arrays_in(*(a.expr for a in assigned), function.output))
        columns = any(shape == () for shape in function.row_shapes)
        lines = []
        if columns or any(re.search(r"\bE\b", line) for line in body):
            lines.append(f"E = len({function.inputs[0].name})")
        for array, shape in zip(function.inputs, function.row_shapes, strict=True):
            if array in used and shape == ():
                lines.append(f"{array.name} = {array.name}.reshape(E, 1)  # a column")
        if function.parameters:
            lines.append("# parameters: windows into theta")
        for parameter in function.parameters:
            lines.append(f"{parameter.array.name} = {self.numpy.expr(parameter.expr)}")
        return lines

    def assign(self, assign: Assign) -> list[str]:
        name, numpy = assign.array.name, self.numpy
        if isinstance(assign.expr, Collected):
            zeros = numpy.expr(Broadcast(Number(0.0), assign.expr.shape))
            rows = f"{numpy.expr(assign.expr.at)}, {numpy.expr(assign.expr.array)}"
            return [f"{name} = {zeros}", f"np.add.at({name}, {rows})"]
        text = numpy.expr(assign.expr)
        if is_mask(assign.expr):
            text = f"({text}).astype({numpy.float})"
        line = f"{name} = {text}"
        return [f"{line}  # {assign.array.note}" if assign.array.note else line]

    def spread_output(self) -> Expr:
        output = self.function.output
        return output if ROWS in output.shape else Broadcast(output, (ROWS, *output.shape))

    def cost(self) -> list[str]:
        output = self.function.output
        mean = " / E" if ROWS in output.shape else ""
        return [f"J = {self.numpy.bound(output)}.sum(){mean}"]

    def backward(self) -> list[str]:
        function = self.function
        lines = ["", "# backward pass: d... is the derivative of J with respect to ..."]
        lines += [line for a in function.backward for line in self.assign(a)]
        lines += ["", "# the gradient, in the order of theta"]
        covered = np.zeros(function.theta_size, dtype=int)
        for parameter, _ in function.gradient:
            expr = parameter.expr
            assert isinstance(expr, View | Picked)
            np.add.at(covered, expr.indices().reshape(-1), 1)
        once = bool((covered == 1).all())
        made = "empty" if once else "zeros"
        lines.append(f"grad = np.{made}({function.theta_size}{self.numpy.typed})")
        for parameter, adjoint in function.gradient:
            bare = adjoint.array if isinstance(adjoint, Broadcast) else adjoint
            expr, text = parameter.expr, self.numpy.expr(bare)
            if isinstance(expr, View):
                target = window(expr, "grad", function.theta_size)
                same = isinstance(bare, Ref) and bare.shape == expr.shape
                if same and target.endswith(f".reshape{expr.shape}"):
                    target, text = target.partition(".")[0], f"{text}.ravel()"
                if not target.endswith("]"):
                    target += "[:]"
                lines.append(f"{target} {'=' if once else '+='} {text}")
            else:
                assert isinstance(expr, Picked)
                self.numpy.tables[expr.name] = expr.at
                if once:
                    lines.append(f"grad[{expr.name}] = {text}")
                else:
                    lines.append(f"np.add.at(grad, {expr.name}, {text})")
        return [*lines, "return J, grad"]
