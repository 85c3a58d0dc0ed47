"""One compilation: a function of one example, for rows of given shapes, as runnable code."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..value import Value
from .arrays.roll import roll
from .arrays.rolled import Rolled
from .arrays.scalars import flatten, number
from .derivative import differentiate, forward_only
from .ir import Function, is_view
from .rewrite.inline import inline
from .trace import Trace, trace
from .write.backends import Runner, Unsupported, choose, guarded, may_warn, numpy_runner
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
    may_warn: bool
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
                    if kind == "numpy":
                        plain = numpy_runner(source, name)
                        runner = guarded(plain, self.may_warn) if loss else plain
                    else:
                        runner = make(self.function, name, "", loss)
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
    scalars = flatten(number(traced, theta))
    lap("tape")
    names = argument_names(function, len(example))
    rolled = roll(scalars, theta, [row.shape for row in example], names)
    lap("roll")
    loss = traced.shape is None and not predicts
    program = differentiate(rolled) if loss else forward_only(rolled)
    inline(program)
    program.dtype = dtype
    lap("derivative")
    shown = getattr(function, "__name__", type(function).__name__).replace("<lambda>", "f")
    source = ""
    if loss:
        source = numpy_source(
            program, "value_and_grad", f"The mean of {shown} over all rows, and its gradient."
        )
    outputs_source = numpy_source(program, "outputs", f"{shown} of every row.", loss=False)
    lap("source")
    version = Version(
        tuple(row.shape for row in example),
        len(theta),
        traced.shape,
        source,
        outputs_source,
        backend,
        _report(traced, rolled, program, times),
        may_warn(program),
        program,
        traced,
        tuple(names),
    )
    version.build(backend)
    lap("build")
    return version


def _report(
    traced: Trace, rolled: Rolled, function: Function, times: dict[str, float]
) -> dict[str, Any]:
    return {
        "gates": traced.gates,
        "forward": sum(not is_view(a.expr) for a in function.forward),
        "backward": sum(not is_view(a.expr) for a in function.backward),
        "unrolled": list(rolled.unrolled),
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
