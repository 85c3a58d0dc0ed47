"""One compilation: a function of one example, for rows of given shapes, as runnable code."""

from __future__ import annotations

import marshal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..gates import GATES, Gate
from ..value import Value
from .arrays.roll import roll
from .arrays.scalars import Scalars, flatten, number
from .derivative import differentiate, forward_only
from .ir import Function, is_view
from .rewrite.inline import inline
from .trace import Trace, trace
from .write.backends import Runner, Unsupported, choose
from .write.names import argument_names
from .write.numpy_source import numpy_source


@dataclass
class Version:
    """What `Program` keeps for each tuple of row shapes."""

    shapes: tuple[tuple[int, ...], ...]
    theta_size: int
    shape: tuple[int, ...] | None  # of one example's outputs, None for a single Value
    source: str
    outputs_source: str
    backend: str
    report: dict[str, Any]
    function: Function
    trace: Trace | None = None
    names: tuple[str, ...] = ()  # of the arguments
    # both are given theta and the arrays
    gradient: Runner = field(init=False)  # (J, gradient); J is not finite if a number of it is not
    outputs: Runner = field(init=False)  # the outputs, one row per example

    def __getstate__(self) -> dict[str, Any]:
        """Text travels between processes; graphs and functions are made anew, or not needed."""
        state = {**self.__dict__, "trace": None}
        return {name: kept for name, kept in state.items() if name not in ("gradient", "outputs")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # the receiving process may be without llvmlite
        self.build("auto" if self.backend == "native" else self.backend)

    def on(self, backend: str) -> Version:
        """The same on another backend."""
        other = replace(self)
        other.build(backend)
        return other

    def build(self, backend: str) -> None:
        """Make the runners."""
        for name, source, loss in (
            ("value_and_grad", self.source, True),
            ("outputs", self.outputs_source, False),
        ):
            if not source:
                continue
            # a loss' outputs are only looked at in a check: not worth compiling
            aside = self.source and not loss
            wanted = choose("numpy" if aside else backend)
            for position, (kind, make) in enumerate(wanted):
                try:
                    runner = make(self.function, source, name, loss)
                except Unsupported:
                    if position == len(wanted) - 1:
                        raise
                    continue
                if not aside:
                    self.backend = kind
                setattr(self, "gradient" if loss else "outputs", runner)
                break


def make_version(
    function: Callable[..., Any],
    example: Sequence[NDArray[np.float64]],
    order: Callable[[Trace], Sequence[Value]],
    backend: str,
    predicts: bool | None,
    dtype: str = "float64",
) -> Version:
    """Trace, roll, differentiate, write the source.

    order     says in which order the trace's parameters lie in theta
    predicts  True: the outputs are wanted, not their mean; None: they are unless f returns a Value
    """
    times = {}
    start = time.perf_counter()

    def lap(what: str) -> None:
        nonlocal start
        now = time.perf_counter()
        times[what] = 1e3 * (now - start)
        start = now

    traced = trace(function, example)
    lap("trace")
    theta = order(traced)
    scalars = number(traced, theta)
    names = argument_names(function, len(example))
    shapes = [row.shape for row in example]
    shown = getattr(function, "__name__", type(function).__name__).replace("<lambda>", "f")
    loss = traced.shape is None and not predicts
    gates = [*GATES.values(), *filter(None, scalars.gate)]
    key = _all_of(scalars, theta), tuple(map(id, gates)), *names, *shapes, shown, loss, dtype
    lap("tape")
    found = _DERIVATIONS.pop(key, None)
    if found is None:
        rolled = roll(flatten(scalars), theta, shapes, names)
        lap("roll")
        program = differentiate(rolled) if loss else forward_only(rolled)
        inline(program)
        program.dtype = dtype
        lap("derivative")
        heading = f"The mean of {shown} over all rows, and its gradient."
        found = _Derivation(
            program,
            numpy_source(program, "value_and_grad", heading) if loss else "",
            numpy_source(program, "outputs", f"{shown} of every row.", loss=False),
            rolled.unrolled,
            gates,
        )
        lap("source")
    if len(scalars.gate) <= _LARGEST:
        _DERIVATIONS[key] = found
        while len(_DERIVATIONS) > _MOST:
            _DERIVATIONS.pop(next(iter(_DERIVATIONS)), None)
    version = Version(
        tuple(shapes),
        len(theta),
        traced.shape,
        found.source,
        found.outputs_source,
        backend,
        _report(traced, found, times),
        found.function,
        traced,
        tuple(names),
    )
    version.build(backend)
    lap("build")
    return version


class _Derivation(NamedTuple):
    """What follows from a graph alone, whoever its Values are: kept for the next equal one."""

    function: Function
    source: str
    outputs_source: str
    unrolled: list[str]
    gates: list[Gate]  # kept alive, since the key holds their ids


_DERIVATIONS: dict[Any, _Derivation] = {}
_MOST, _LARGEST = 32, 20_000  # graphs, and scalars in one


def forget() -> None:
    """Derive all anew, as in a new process."""
    _DERIVATIONS.clear()


def _all_of(scalars: Scalars, theta: Sequence[Value]) -> bytes:
    """Equal for equal graphs with equal labels, but for the gates themselves."""
    parts = {**vars(scalars), "gate": [gate is None for gate in scalars.gate]}
    return marshal.dumps([*parts.values(), [p.label for p in theta]], 2)


def _report(traced: Trace, found: _Derivation, times: dict[str, float]) -> dict[str, Any]:
    function = found.function
    return {
        "gates": traced.gates,
        "forward": sum(not is_view(a.expr) for a in function.forward),
        "backward": sum(not is_view(a.expr) for a in function.backward),
        "unrolled": list(found.unrolled),
        "milliseconds": times,
    }


@dataclass
class Report:
    """What compiling did: prints as a few lines; `versions` has the numbers, one dictionary per
    shapes of rows."""

    name: str
    versions: list[dict[str, Any]]

    def __str__(self) -> str:
        if not self.versions:
            return f"{self.name}: not compiled yet"
        lines = []
        for v in self.versions:
            shapes = ", ".join(str(s) for s in v["shapes"])
            times = v["milliseconds"]
            parts = ", ".join(f"{what} {t:.1f}" for what, t in times.items())
            lines += [
                f"{self.name} for rows of shape {shapes}, backend {v['backend']}",
                f"  {v['gates']} gates of one example -> {v['forward']} array operations forward, "
                f"{v['backward']} backward",
                f"  compiled in {sum(times.values()):.1f} ms ({parts})",
                f"  equal to the eager engine on rows {', '.join(map(str, v['checked rows']))}",
            ]
            lines += [f"  not rolled: {what}" for what in v["unrolled"]]
        return "\n".join(lines)

    __repr__ = __str__
