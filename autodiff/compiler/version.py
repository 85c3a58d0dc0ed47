"""One compilation: a function of one example, for rows of given shapes, as runnable code."""

from __future__ import annotations

import hashlib
import marshal
import pickle
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..gates import GATES, Gate
from ..text.speech import said
from ..value import Value
from .arrays.scalars import Scalars, number
from .ir import ROWS, Concatenate, Function, is_view, spread
from .kept.cache import kept
from .trace import Trace, trace
from .write.backends import Runner, Unsupported, choose
from .write.names import argument_names


@dataclass
class Version:
    """What `Program` keeps for each tuple of row shapes."""

    shapes: tuple[tuple[int, ...], ...]
    theta_size: int
    shape: tuple[int, ...] | None  # of one example's outputs, None for a single Value
    loss: bool  # is there a gradient?
    backend: str
    report: dict[str, Any]
    function: Function
    rows: Function  # of a loss: what it is for each row, and what else is wanted
    trace: Trace | None = None
    names: tuple[str, ...] = ()  # of the arguments
    # given theta and the arrays: (J, gradient) of a loss, where J is not finite if a number of it
    # is not; else the outputs
    runner: Runner = field(init=False)

    def __getstate__(self) -> dict[str, Any]:
        """Text travels between processes; graphs and functions are made anew, or not needed."""
        state = {**self.__dict__, "trace": None}
        return {name: held for name, held in state.items() if name not in ("runner", "outputs")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        # the receiving process may be without llvmlite
        self.build("auto" if self.backend == "native" else self.backend)

    def on(self, backend: str, rows: bool = False) -> Version:
        """The same on another backend; or only what a loss is for each row."""
        other = replace(self, function=self.rows, loss=False) if rows else replace(self)
        other.build(backend)
        return other

    def build(self, backend: str) -> None:
        """Make the runner."""
        wanted = choose(backend)
        for position, (kind, make) in enumerate(wanted):
            try:
                self.runner, self.backend = make(self.function, self.loss), kind
                break
            except Unsupported:
                if position == len(wanted) - 1:
                    raise

    def gradient(self, theta: NDArray[Any], *arrays: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """J and its gradient, of a loss."""
        return self.runner(theta, *arrays)  # type: ignore[no-any-return]

    @cached_property
    def outputs(self) -> Runner:
        """The outputs, one row per example; those of a loss are seldom looked at."""
        return self.on("numpy", rows=True).runner if self.loss else self.runner


def make_version(
    function: Callable[..., Any],
    example: Sequence[NDArray[np.float64]],
    order: Callable[[Trace], Sequence[Value]],
    backend: str,
    predicts: bool | None,
    dtype: str = "float64",
) -> Version:
    """Trace, roll, differentiate; what a backend runs is written when it is built.

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
    lap("tape")
    found = _derivation(_Graph(scalars, theta, shapes, names, shown, loss, dtype))
    lap("derivation")
    version = Version(
        tuple(shapes),
        len(theta),
        (len(traced.outputs),) if traced.beside else traced.shape,
        loss,
        backend,
        _report(traced, found, times),
        found.function,
        found.rows,
        traced,
        tuple(names),
    )
    version.build(backend)
    lap("build")
    return version


class _Graph(NamedTuple):
    """What is compiled: the graph of one example."""

    scalars: Scalars
    theta: Sequence[Value]
    shapes: list[tuple[int, ...]]
    names: list[str]
    shown: str
    loss: bool
    dtype: str

    def contents(self) -> tuple[Any, ...]:
        """Equal for equal graphs with equal labels, but for the gates themselves."""
        scalars = {**vars(self.scalars), "gate": [gate is None for gate in self.scalars.gate]}
        parts = marshal.dumps([*scalars.values(), [p.label for p in self.theta]], 2)
        return (parts, *self.names, *self.shapes, self.shown, self.loss, self.dtype)


class _Derivation(NamedTuple):
    """What follows from a graph alone, whoever its Values are: kept for the next equal one."""

    function: Function
    rows: Function
    unrolled: list[str]


# beside each the gates, which keep the ids in the key from being given again
_DERIVATIONS: dict[Any, tuple[_Derivation, list[Gate]]] = {}
_MOST, _LARGEST = 32, 20_000  # graphs, and scalars in one


def forget() -> None:
    """Derive all anew, as in a new process."""
    _DERIVATIONS.clear()


def _derivation(graph: _Graph) -> _Derivation:
    """As it was found in this process, or in one before, for an equal graph; else found now."""
    if len(graph.scalars.gate) > _LARGEST:
        return _derive(graph)
    used = [*filter(None, graph.scalars.gate)]
    gates = list(dict.fromkeys([*GATES.values(), *used]))
    contents = graph.contents()
    key = (*map(id, gates), *map(id, used), *contents)
    found, _ = _DERIVATIONS.pop(key, (None, None))
    if found is None:
        place = {gate: k for k, gate in enumerate(gates)}
        table = [f"{gate!r} {gate.rows}" for gate in gates]
        parts: Any = sys.version, np.__version__, table, [place[gate] for gate in used], contents
        digest = hashlib.sha256(marshal.dumps(parts, 2)).hexdigest()

        def make() -> bytes:
            nonlocal found
            found = _derive(graph, digest)
            return pickle.dumps(found)

        data = kept([digest], make)
        found = found or pickle.loads(data)
    _DERIVATIONS[key] = found, gates
    while len(_DERIVATIONS) > _MOST:
        _DERIVATIONS.pop(next(iter(_DERIVATIONS)), None)
    return found


def _derive(graph: _Graph, key: str = "") -> _Derivation:
    # imported here, since a process that finds what it needs goes without them
    from .arrays.roll import in_order_of_use, roll
    from .arrays.scalars import flatten
    from .derivative import differentiate, forward_only
    from .rewrite.inline import inline

    rolled = roll(flatten(graph.scalars), graph.theta, graph.shapes, graph.names)
    output, beside = rolled.output, rolled.beside
    program = rows = forward_only(rolled)
    if beside is not None:
        columns = [spread(e, (ROWS, e.shape[-1])) for e in (output, beside)]
        rows.output = Concatenate(tuple(columns))
    if graph.loss:
        program = differentiate(replace(rolled, steps=in_order_of_use(rolled.steps, output)))
        rows = program if beside is None else rows
    for one in {program, rows}:
        inline(one)
        one.dtype, one.name = graph.dtype, graph.shown
        one.key = key and f"{key} {one is rows}"
    return _Derivation(program, rows, list(rolled.unrolled))


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
            return said(f"{self.name}: not compiled yet")
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
        return said("\n".join(lines))

    __repr__ = __str__
