"""glassgrad's engine: scalar reverse-mode automatic differentiation on graphs of gates.

>>> from autodiff import Value
>>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
>>> f = (x + y) * z
>>> f.backward()
>>> x.grad, y.grad, z.grad
(-4.0, -4.0, 3.0)
"""

from .eager import DomainError, unfold, watching
from .formula import Formula, FormulaError
from .functional import grad, gradcheck, gradient_graph, hessian, jacobian, value_and_grad, vjp
from .gates import GATES, Gate, gate
from .graph import Part, Step, backward_steps, is_topological, topological_order
from .value import Call, Constant, Row, Value

__all__ = [
    "GATES",
    "Call",
    "Constant",
    "DomainError",
    "Formula",
    "FormulaError",
    "Gate",
    "Part",
    "Row",
    "Step",
    "Value",
    "backward_steps",
    "gate",
    "grad",
    "gradcheck",
    "gradient_graph",
    "hessian",
    "is_topological",
    "jacobian",
    "topological_order",
    "unfold",
    "value_and_grad",
    "vjp",
    "watching",
]
