"""The texts of an array program, each written when it is first asked for, and kept.

The writers are imported then, too: a process that finds the texts of an earlier one needs none.
"""

from __future__ import annotations

from collections.abc import Callable

from ..ir import Function
from .cache import kept


def numpy_text(function: Function, loss: bool = True) -> str:
    """A module of NumPy that defines ``value_and_grad(theta, X, ...)``, which returns
    (J, gradient), or with loss=False ``outputs(theta, X, ...)``."""

    def write() -> bytes:
        from ..write.numpy_source import numpy_source

        name = "value_and_grad"
        doc = f"The mean of {function.name} over all rows, and its gradient."
        if not loss:
            name, doc = "outputs", f"{function.name} of every row."
        return numpy_source(function, name, doc, loss).encode()

    return _kept(function, f"numpy {loss}", write)


def loops_text(function: Function, loss: bool = True) -> str:
    """The loops that a machine reads; see `write.loops`."""

    def write() -> bytes:
        from ..write.loops import loops_source

        return loops_source(function, loss, readable=False).encode()

    return _kept(function, f"loops {loss}", write)


def _kept(function: Function, kind: str, write: Callable[[], bytes]) -> str:
    if kind not in function.texts:
        made = kept([function.key, kind], write) if function.key else write()
        function.texts[kind] = made.decode()
    return function.texts[kind]
