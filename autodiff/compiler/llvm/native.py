"""The native backend: the loops of a program as machine code (the extra `native`, llvmlite)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..ir import Function
from ..kept.cache import kept
from ..kept.texts import loops_text
from ..write.backends import LONGEST, Unsupported
from ..write.descent import Rule, descent_source
from . import machine
from .builder import REAL
from .entry import HEAD, Entry, entry

Floats = NDArray[np.float64]

INLINED = 20  # calls of vector functions: a tenth faster, for a millisecond or more each
_MOST = 32  # pieces of code of each kind that are kept for equal programs
_ALIGNED = 64  # bytes: a line of the cache, and the widest vector
_SIZE = 8  # bytes that say how much memory the code behind them wants


@lru_cache(maxsize=_MOST)
def build(function: Function, loss: bool) -> Callable[..., Any]:
    """A runner, as `backends` describes it."""
    _check(function)
    dtype = function.dtype
    kinds = [*["array"] * (len(function.inputs) + 2), "ptr", "rows"]
    main, result = ("gradient", REAL[dtype]) if loss else ("outputs", "void")
    code = _Code(loops_text(function, loss), main, result, kinds, dtype)
    count = function.theta_size
    width = 0 if loss else function.output.shape[-1]

    def run(theta: Floats, *arrays: Floats) -> Any:
        out = np.empty(count if loss else (len(arrays[0]), width), dtype)
        J = code.call(theta, *arrays, out, code.scratch())
        if J is False:  # rows that do not lie one after the other
            J = code.call(*map(np.ascontiguousarray, (theta, *arrays)), out, code.scratch())
        return (J, out) if loss else out

    return run


@lru_cache(maxsize=_MOST)
def descent(function: Function, rule: Rule) -> Callable[..., int]:
    """Many steps of an optimiser in one call, so that Python is not in the loop.

    rule(theta, gradient, state, rate, step, settings) moves theta and state, in place; it is
    written as `write.descent` says. The result is called as

        descend(theta, arrays, order, size, scale, l2, state, rates, step, settings, costs)

    and takes ``len(costs)`` steps: step k on the rows ``order[k*size : (k+1)*size]`` (on all rows
    as they are if `size` is their number), at the rate ``rates[k]``. Cost and gradient are
    multiplied by the number of rows if `scale`, and belong to J + l2·Σθ². It fills `costs`, and
    returns how many steps it took: it stops before a step whose cost or gradient is not finite.
    """
    _check(function)
    dtype, count = function.dtype, function.theta_size
    kinds = [*["array"] * (2 * len(function.inputs) + 7), *["i64"] * 6, REAL[dtype], "ptr"]
    source, memory, given = descent_source(function, rule)
    code = _Code(source, "descend", "i64", kinds, dtype)

    def descend(
        theta: Floats,
        arrays: Sequence[Floats],
        order: NDArray[np.intp],
        size: int,
        scale: bool,
        l2: float,
        state: Floats,
        rates: Floats,
        step: int,
        settings: Floats,
        costs: Floats,
    ) -> int:
        if theta.shape != (count,) or state.shape[1:] != (count,) or len(state) < memory:
            raise ValueError(
                f"theta is of shape {theta.shape} and the state of {state.shape}; there are "
                f"{count} parameters, and the rule uses {memory} rows of the state"
            )
        if not theta.dtype == state.dtype == costs.dtype == dtype:
            raise TypeError(
                f"theta, state and costs are of {theta.dtype}, {state.dtype} and {costs.dtype}; "
                f"the program computes in {dtype}"
            )
        if len(settings) < given or len(rates) < len(costs):
            raise ValueError(
                f"{len(settings)} settings and {len(rates)} rates for {len(costs)} steps; the "
                f"rule uses {given} settings"
            )
        tables, numbers = (
            [np.ascontiguousarray(a, dtype) for a in several]
            for several in (arrays, (rates, settings))
        )
        rows = len(tables[0])
        picked = size != rows
        batches = [np.empty((size, *a.shape[1:]), dtype) for a in tables] if picked else tables
        objects = [theta, *batches, np.empty(count, dtype), *tables]
        objects += [np.ascontiguousarray(order, np.int64), state, *numbers, costs]
        wholes = size, len(order), len(costs), step, int(scale), int(picked)
        done = code.call(*objects, *wholes, l2, code.scratch())
        if done is False:
            raise ValueError("theta, state and costs must be contiguous arrays")
        return int(done)

    return descend


class _Code:
    """The machine code of a text, and memory for it to write to, one for each thread.

    LLVM makes it in a thread of its own while Python goes on; the first call waits for it.
    """

    def __init__(
        self, source: str, name: str, result: str, kinds: Sequence[str], dtype: str
    ) -> None:
        self.name, self.room = name, threading.local()
        self.made = b""
        self.make = partial(_machine_code, source, name, result, kinds, dtype)
        python = threading.Lock()  # taken while it is needed; an Event does not bear Ctrl-C
        python.acquire()

        def make() -> None:
            with suppress(BaseException):  # `call` tries again and raises it, where it is seen
                self.made = self.make(python.release)
            if python.locked():
                python.release()

        self.maker = threading.Thread(target=make, name="glassgrad-llvm")
        self.maker.start()
        python.acquire()

    @cached_property
    def call(self) -> Callable[..., Any]:
        """The function as Python calls it."""
        self.maker.join()
        self.made = self.made or self.make(lambda: None)
        return Entry(self.made[_SIZE:], self.name).call

    def scratch(self) -> int:
        """The address of this thread's memory."""
        try:
            return self.room.address  # type: ignore[no-any-return]
        except AttributeError:
            size = int.from_bytes(self.made[:_SIZE], "little")
            self.room.memory = np.empty(size + _ALIGNED, np.uint8)
            self.room.address = -(-self.room.memory.ctypes.data // _ALIGNED) * _ALIGNED
            return self.room.address  # type: ignore[no-any-return]


def _machine_code(
    source: str,
    name: str,
    result: str,
    kinds: Sequence[str],
    dtype: str,
    emitted: Callable[[], None],
) -> bytes:
    """How much memory it wants, and the code: new, or from an earlier process. `emitted` is
    called when all that is left to do is LLVM's."""
    import llvmlite

    host = machine.host()

    def make() -> bytes:
        from . import vector_math  # not before something is compiled anew
        from .emit import emit

        lanes = host.lanes * (2 if dtype == "float32" else 1)
        text = emit(source, lanes, dtype, wide=host.lanes == 8)
        inline = name != "descend" and text.text.count(" @gg.") <= INLINED
        whole = text.text + vector_math.definitions(text.functions) + entry(name, result, kinds)
        emitted()
        return text.scratch.to_bytes(_SIZE, "little") + machine.assemble(whole, inline=inline)

    key = [source, dtype, host.cpu, host.features, llvmlite.__version__, sys.platform, str(HEAD)]
    return kept(key, make)


def _check(function: Function) -> None:
    operations = len(function.forward) + len(function.backward)
    if operations > LONGEST:
        raise Unsupported(
            f"{operations} array operations: the native backend takes up to {LONGEST}, so that it "
            'never compiles for long; take backend="numpy" or "auto"'
        )
