"""What belongs to the whole process, and to every user of it."""

from __future__ import annotations

import os
import random
import sys
import warnings
from typing import Any

import numpy as np

import nn
from autodiff import GATES, Value
from autodiff.watch import anomaly, hooks

__all__ = ["shared"]


def shared() -> dict[str, Any]:
    """As it is now, to be compared with later."""
    return {
        "watchers": list(hooks.WATCHERS),
        "branchers": list(hooks.BRANCHERS),
        "anomalies": list(anomaly._WATCHES),
        "methods": (Value.backward, Value.__dict__["grad"], nn.Module.__call__),
        "gates": dict(GATES),
        "NumPy's errors": np.geterr(),
        "filters": list(warnings.filters),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
        "hooks of the interpreter": (sys.excepthook, sys.displayhook, sys.gettrace()),
        "depth": sys.getrecursionlimit(),
        "random": random.getstate(),
    }
