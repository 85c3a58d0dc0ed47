"""glassgrad's engine: scalar reverse-mode automatic differentiation on graphs of gates.

>>> from autodiff import Value
>>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
>>> f = (x + y) * z
>>> f.backward()
>>> x.grad, y.grad, z.grad
(-4.0, -4.0, 3.0)
"""

from typing import TYPE_CHECKING

from .exports import lazily
from .formula.firing import DomainError
from .formula.grammar import Formula, FormulaError
from .formula.on_values import unfold
from .functional import (
    grad,
    gradient_graph,
    hessian,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from .gates import GATES, Gate, gate
from .gradcheck import gradcheck
from .graph import Part, Step, backward_steps, is_topological, topological_order
from .value import Call, Constant, Row, Value
from .watch.anomaly import AnomalyError, detect_anomaly
from .watch.hooks import watching
from .watch.misuse import MisuseWarning, mutated

if TYPE_CHECKING:
    from .compiler import BranchError, CompileError, Program, compile  # noqa: A004
    from .text.expression import ExpressionError, parse

__all__ = [
    "GATES",
    "AnomalyError",
    "BranchError",
    "Call",
    "CompileError",
    "Constant",
    "DomainError",
    "ExpressionError",
    "Formula",
    "FormulaError",
    "Gate",
    "MisuseWarning",
    "Part",
    "Program",
    "Row",
    "Step",
    "Value",
    "backward_steps",
    "compile",
    "detect_anomaly",
    "gate",
    "grad",
    "gradcheck",
    "gradient_graph",
    "hessian",
    "is_topological",
    "jacobian",
    "jvp",
    "linearize",
    "mutated",
    "parse",
    "topological_order",
    "unfold",
    "value_and_grad",
    "vjp",
    "watching",
]

__getattr__, __dir__ = lazily(__name__)
