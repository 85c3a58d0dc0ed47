"""Trace: run a function of one example once, and keep the graph that it built.

What depends on the arguments is data; a leaf that existed before the call is a parameter; a leaf
born during the call is a constant. A comparison of Values that decides what is built next would
make the graph depend on the data, so it is refused, with the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..functional import flat, map_nested
from ..graph import topological_order
from ..value import Constant, Value, as_float
from ..watch.caller import Line, users_frame
from ..watch.hooks import branching, watching


class BranchError(TypeError):
    """The function decides by a Value's data what to compute; one program cannot do both."""


class Judged(NamedTuple):
    """What a function may return: a loss, and what else is wanted of every row, without a
    gradient."""

    loss: Value
    beside: Any  # a Value or a (nested) list of Values


@dataclass
class Run:
    """What a call of a function on one example built."""

    arguments: list[list[Value]]  # of each argument all Values, flattened
    outputs: list[Value]  # flattened; first the loss of one who is `Judged`
    shape: tuple[int, ...] | None  # of the outputs, None for a single Value
    beside: int  # how many outputs are beside the loss
    made: dict[Value, int]  # the nodes born during the call, in order


@dataclass
class Trace(Run):
    """One example's graph."""

    nodes: list[Value]  # all that outputs depend on, each after its parents, as they were made
    parameters: list[Value]  # in the order in which the graph reaches them
    constants: set[Value]  # leaves that are neither data nor parameters

    @property
    def gates(self) -> int:
        """How many gates there are."""
        return sum(node.gate is not None for node in self.nodes)


def trace(function: Callable[..., Any], example: Sequence[NDArray[np.float64]]) -> Trace:
    """`run` the function, and sort what its outputs depend on."""
    ran = run(function, example)
    made = ran.made
    data = {v for values in ran.arguments for v in values}
    order = topological_order(*ran.outputs)
    older = [node for node in order if node not in made]
    newer = sorted((node for node in order if node in made), key=made.__getitem__)
    leaves = [node for node in order if node.gate is None and node not in data]
    fixed = {leaf for leaf in leaves if leaf in made or isinstance(leaf, Constant)}
    parameters = [leaf for leaf in leaves if leaf not in fixed]
    return Trace(**vars(ran), nodes=[*older, *newer], parameters=parameters, constants=fixed)


def run(function: Callable[..., Any], example: Sequence[NDArray[np.float64]]) -> Run:
    """Call `function` on one row of each argument, as (nested lists of) Values.

    Raises BranchError if it compares Values that depend on data or parameters.
    """
    made: dict[Value, int] = {}
    nested = [map_nested(Value, np.asarray(row).tolist()) for row in example]
    arguments = [flat(values) for values in nested]
    data = {v for values in arguments for v in values}

    def note(node: Value) -> None:
        made[node] = len(made)

    def varies(one: Value) -> bool:
        fixed = one in made or isinstance(one, Constant)
        return one.gate is None and (one in data or not fixed)

    def decide(*sides: Value) -> None:
        firsts = [next(filter(varies, topological_order(side)), None) for side in sides]
        if leaves := [leaf for leaf in dict.fromkeys(firsts) if leaf is not None]:
            raise _branch(function, [(leaf, leaf in data) for leaf in leaves])

    result: Any
    with watching(note), branching(decide):
        result = function(*nested)
    beside: list[Value] = []
    if isinstance(result, Judged):
        beside, _ = _outputs(function, result.beside)
        result = result.loss
    outputs, shape = _outputs(function, result)
    return Run(arguments, [*outputs, *beside], shape, len(beside), made)


def _outputs(
    function: Callable[..., Any], result: Any
) -> tuple[list[Value], tuple[int, ...] | None]:
    """The returned Values, flattened, and the shape in which they were returned."""
    if isinstance(result, Value):
        return [result], None
    if hasattr(result, "tolist"):
        result = result.tolist()
    if isinstance(result, int | float):
        return [Constant(as_float(result))], None
    if not isinstance(result, list | tuple) or not result:
        raise TypeError(
            f"{_name(function)} returned {result!r}; a compiled function returns a Value or a "
            "(nested) list of Values"
        )
    parts = [_outputs(function, part) for part in result]
    shapes = {shape for _, shape in parts}
    flat = [value for values, _ in parts for value in values]
    if len(shapes) > 1:
        raise TypeError(
            f"{_name(function)} returned a list whose parts have different shapes; "
            "all parts must be alike to fit into one array"
        )
    (shape,) = shapes
    return flat, (len(parts), *(shape or ()))


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


def _branch(function: Callable[..., Any], leaves: list[tuple[Value, bool]]) -> BranchError:
    """For a comparison whose sides depend on these leaves, each with whether it is data."""
    frame = users_frame()
    where = ""
    if frame is not None:
        line = Line.of(frame)
        where = f"\n  {line.place}, in {frame.f_code.co_name}\n    {line.text}".rstrip()
    on = " and ".join(
        f"{'its data' if is_data else 'a parameter'} ({leaf.describe()})"
        for leaf, is_data in leaves
    )
    does = "detaches" if ".detach(" in where else "compares"
    sides = "Values that depend" if leaves[1:] else "a Value that depends"
    return BranchError(
        f"{_name(function)} {does} {sides} on {on} and so builds a different graph for different "
        f"numbers; a compiled program is one graph for all."
        f"{where}\n"
        "Write the choice as a gate, as a.max(b), a.min(b), a.relu() or abs(a), or do without "
        "compiling."
    )
