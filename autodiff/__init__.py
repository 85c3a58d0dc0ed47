"""glassgrad's engine: scalar reverse-mode automatic differentiation on graphs of gates.

>>> from autodiff import Value
>>> x, y, z = Value(-2.0), Value(5.0), Value(-4.0)
>>> f = (x + y) * z
>>> f.backward()
>>> x.grad, y.grad, z.grad
(-4.0, -4.0, 3.0)

Gates are functions too, by name: abs, affine, cos, dot, erf, exp, gelu, leaky_relu, log, log1p,
logsumexp, maximum, mean, minimum, reciprocal, relu, sigmoid, sin, softmax, softplus, sqrt, sum,
tanh.

>>> from autodiff import dot, grad, sin
>>> grad(sin)(0.0), dot([x, y], [2.0, 1.0]).data
(1.0, 1.0)
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
from .watch.neighbours import ClashWarning, look_around
from .watch.no_grad import enable_grad, no_grad

if TYPE_CHECKING:
    from .compiler import BranchError, CompileError, Program, compile  # noqa: A004
    from .exports import __version__ as __version__

    # by name only: `import *` leaves Python's own abs and sum alone
    from .functions import abs as abs  # noqa: A004
    from .functions import affine as affine
    from .functions import cos as cos
    from .functions import dot as dot
    from .functions import erf as erf
    from .functions import exp as exp
    from .functions import gelu as gelu
    from .functions import leaky_relu as leaky_relu
    from .functions import log as log
    from .functions import log1p as log1p
    from .functions import logsumexp as logsumexp
    from .functions import maximum as maximum
    from .functions import mean as mean
    from .functions import minimum as minimum
    from .functions import reciprocal as reciprocal
    from .functions import relu as relu
    from .functions import sigmoid as sigmoid
    from .functions import sin as sin
    from .functions import softmax as softmax
    from .functions import softplus as softplus
    from .functions import sqrt as sqrt
    from .functions import sum as sum  # noqa: A004
    from .functions import tanh as tanh
    from .text.expression import ExpressionError, parse

__all__ = [
    "GATES",
    "AnomalyError",
    "BranchError",
    "Call",
    "ClashWarning",
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
    "enable_grad",
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
    "no_grad",
    "parse",
    "topological_order",
    "unfold",
    "value_and_grad",
    "vjp",
    "watching",
]

__getattr__, __dir__ = lazily(__name__)

look_around()
