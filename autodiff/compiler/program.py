"""compile: a function of one example becomes a program over a batch."""

from __future__ import annotations

import functools
import math
import pickle
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..value import Value, assign
from ..watch.caller import warn_at
from ..watch.no_grad import enable_grad
from .captured import Captured, referred_parameters
from .checking import check
from .kept.texts import numpy_text
from .replay import refuse
from .trace import Trace
from .version import Report, Version, make_version
from .write.backends import choose, worth

if TYPE_CHECKING:
    from .tape import Tape

Floats = NDArray[np.float64]

_KEPT = 8  # compilations that a program remembers
_OPENED = 64  # shapes of calls that it remembers


@overload
def compile(  # noqa: A001
    function: Callable[..., Any], backend: str = ..., dtype: str = ...
) -> Program: ...
@overload
def compile(  # noqa: A001
    function: None = ..., backend: str = ..., dtype: str = ...
) -> Callable[[Callable[..., Any]], Program]: ...
def compile(  # noqa: A001
    function: Callable[..., Any] | None = None, backend: str = "auto", dtype: str = "float64"
) -> Program | Callable[[Callable[..., Any]], Program]:
    """Compile a function of ONE example, written with Values, to a program over a batch.

    function  takes one row of each argument, as a Value or a (nested) list of Values, and returns
              a Value (a loss) or a (nested) list of Values (a prediction). What it captures,
              Values or modules, are the parameters; they need not be listed. A module by itself
              predicts, also if it has just one output.
    backend   "numpy", "native" (machine code), or "auto": native if llvmlite is installed
              and the program has at most 100 array operations (equal steps of a recurrence count
              once) and 30,000 parameters
    dtype     what it computes in: "float64", or "float32" (half the memory; about 7 digits)

    >>> import autodiff
    >>> from autodiff import Value
    >>> w, b = Value(2.0, label="w"), Value(0.5, label="b")
    >>> @autodiff.compile(backend="numpy")
    ... def loss(x, y):
    ...     return (w * x + b - y) ** 2
    >>> loss([0.0, 1.0], [0.0, 2.0])  # the mean over both rows
    0.25
    >>> w.grad, b.grad
    (0.5, 1.0)
    >>> J, gradient = loss.value_and_grad(loss.theta(), [0.0, 1.0], [0.0, 2.0])
    >>> gradient
    array([0.5, 1. ])

    Raises BranchError, naming the line, if the function compares Values to decide what to
    compute; CompileError if the program disagrees with the eager engine on rows of the first
    batch (because the function draws random numbers, or looks at the `.data` of an argument or a
    parameter).

    What the function refers to by name may be bound anew, lists and attributes may change, a
    layer may be appended: the next call compiles again, and `parameters` follows. An array that
    is written into, what a method or a library looks up by itself, and the world outside (files,
    the clock) are not watched: make a new program where these change. A function that reads a
    `.data` is tried at other numbers when it is compiled: its parameters have these for a moment,
    in the eyes of other threads too.
    """
    if function is None:
        return functools.partial(Program, backend=backend, dtype=dtype)
    return Program(function, backend, dtype)


class Program:
    """A compiled function; see `compile`. It compiles when it first sees rows of some shapes.

    Programs may be called from several threads at once, and they pickle. A call, `theta` and
    `predict` read the parameters all before or all after a `load`, and gradients are added whole.
    """

    def __init__(
        self, function: Callable[..., Any], backend: str = "auto", dtype: str = "float64"
    ) -> None:
        if not callable(function):
            raise TypeError(f"compile takes a function of one example, got {function!r}")
        choose(backend)
        if dtype not in ("float64", "float32"):
            raise ValueError(f"dtype must be 'float64' or 'float32', got {dtype!r}")
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._function: Callable[..., Any] | None = function
        self._name = getattr(function, "__name__", None) or type(function).__name__
        self.__doc__ = getattr(function, "__doc__", None)
        self._backend = backend
        # a module by itself is a model: it predicts, also if it has just one output
        self._predicts = True if hasattr(function, "parameters") else None
        self._parameters: list[Value] | None = None
        self._captured: Captured | None = None
        self._versions: dict[tuple[tuple[int, ...], ...], Version] = {}
        self._opened: dict[tuple[tuple[int, ...], ...], Version] = {}  # by the shapes of a call
        self._dropped: set[tuple[tuple[int, ...], ...]] = set()  # versions no longer remembered
        self._last: Version | None = None
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        shapes = ", ".join(str(shapes) for shapes in self._versions) or "nothing yet"
        return f"<compiled {self._name}: {shapes}>"

    # ── running ──────────────────────────────────────────────────────────────────────────────

    def __call__(self, *arrays: ArrayLike) -> Any:
        """A loss: J, the mean over rows; dJ/dp is added to p.grad of every parameter.
        A prediction: an array (rows, outputs).

        Every argument has one row per example: shape (rows,), (rows, n), (rows, n, m) ...
        Raises ValueError for shapes that do not fit, TypeError for what are not real numbers,
        and DomainError, naming gate and row, where the cost or the gradient is not finite: then no
        .grad is touched.
        """
        version, checked = self._open(arrays)
        if not version.loss:
            return self._predict(version, checked)
        parameters = self._known()
        J, gradient = self._value_and_grad(version, self._numbers(parameters), checked)
        with self._lock:
            for parameter, slope in zip(parameters, gradient.tolist(), strict=True):
                parameter.grad += slope
        return J

    def value_and_grad(self, theta: ArrayLike, *arrays: ArrayLike) -> tuple[float, Floats]:
        """J and dJ/dtheta at `theta`, float64[n_params]; no Value is read or written.

        Raises the errors that a call raises.
        """
        version, checked = self._open(arrays)
        if not version.loss:
            raise TypeError(f"{self._name} predicts: it has no loss to differentiate")
        return self._value_and_grad(version, self._checked_theta(theta), checked)

    def predict(self, *arrays: ArrayLike, theta: ArrayLike | None = None) -> Floats:
        """The outputs of every row (of a loss: every row's loss), with the parameters as they are
        now, or at `theta`."""
        version, checked = self._open(arrays)
        return self._predict(
            version, checked, None if theta is None else self._checked_theta(theta)
        )

    def prepare(self, *arrays: ArrayLike) -> Program:
        """Compile for arrays of these shapes without running; returns the program itself."""
        self._open(arrays)
        return self

    def descent(self, rule: Callable[..., None], *arrays: ArrayLike) -> Callable[..., int]:
        """Many steps of an optimiser in one call of machine code; `llvm.native.descent` says
        how `rule` is written and what the result takes. Needs llvmlite."""
        choose("native")  # is it there?
        from .llvm.native import descent

        return descent(self._open(arrays)[0].function, rule)

    def is_worth(self, steps: int, *arrays: ArrayLike) -> bool:
        """Does machine code repay the time to make it in so many steps? It is the rule of
        backend="auto", which counts on 1,000 calls: at most 100 array operations and 30,000
        parameters."""
        return worth(self._open(arrays)[0].function, steps)

    def on(self, backend: str, rows: bool = False) -> Program:
        """The same program on another backend, or of a loss what it is for each of the `rows`;
        what was traced is not traced again."""
        versions = {at: version.on(backend, rows) for at, version in self._versions.items()}
        last = next(reversed(versions.values()), None)
        own = {"_backend": backend, "_versions": versions, "_opened": {}, "_last": last}
        other = Program.__new__(Program)
        other.__dict__ = self.__dict__ | own
        return other

    def _value_and_grad(
        self, version: Version, theta: Floats, arrays: Sequence[Floats]
    ) -> tuple[float, Floats]:
        J, gradient = version.gradient(theta, *arrays)
        if not math.isfinite(J):
            refuse(self._name, version, self._known(), theta, arrays, loss=True)
        if version.theta_size < theta.size:  # parameters that only other shapes reach
            gradient = np.concatenate([gradient, np.zeros(theta.size - version.theta_size)])
        return J, gradient

    def _predict(
        self, version: Version, arrays: Sequence[Floats], theta: Floats | None = None
    ) -> Floats:
        theta = self._numbers(self._known()) if theta is None else theta
        rows: Floats = np.array(version.outputs(theta, *arrays))
        if not np.isfinite(rows).all():
            refuse(self._name, version, self._known(), theta, arrays, loss=False)
        return rows.reshape(len(rows), *(version.shape or (1,)))

    # ── parameters ───────────────────────────────────────────────────────────────────────────

    @property
    def parameters(self) -> list[Value]:
        """The captured parameters, in the order of theta: modules in the order in which the
        function names them, each in its own order (a layer neuron by neuron, weights then bias);
        then single Values as the graph reaches them."""
        self._forget_if_changed()
        return list(self._known())

    def theta(self) -> Floats:
        """The parameters' numbers now, as a new array."""
        return self._numbers(self.parameters)

    def _known(self) -> list[Value]:
        with self._lock:
            if self._parameters is None:
                self._parameters = referred_parameters(self._need_function())
            return self._parameters

    def _numbers(self, parameters: Sequence[Value]) -> Floats:
        with self._lock:
            return np.array([p.data for p in parameters], dtype=self._dtype)

    def _forget_if_changed(self) -> None:
        """Drop what was compiled if the function refers to something else now."""
        if self._captured is not None and self._captured.changed():
            with self._lock:
                self._captured = self._parameters = self._last = None
                self._versions.clear()
                self._opened.clear()
                self._dropped.clear()

    def load(self, theta: ArrayLike) -> None:
        """Write the numbers in `theta` into the parameters."""
        numbers = self._checked_theta(theta).tolist()
        with self._lock:
            assign(self.parameters, numbers)

    def _order(self, traced: Trace) -> list[Value]:
        """Known parameters keep their places; the first trace drops those that it never reaches."""
        reached = set(traced.parameters)
        if self._parameters is None:
            referred = referred_parameters(self._need_function())
            self._parameters = [p for p in referred if p in reached]
        known = set(self._parameters)
        self._parameters += [p for p in traced.parameters if p not in known]
        return self._parameters

    def _checked_theta(self, theta: ArrayLike) -> Floats:
        checked = self._real(theta)
        count = len(self._parameters if self._parameters is not None else self._known())
        if checked.shape != (count,):
            raise ValueError(
                f"theta has shape {checked.shape}, but {self._name} has {count} parameters: "
                f"it must be ({count},), as program.theta() gives it"
            )
        return checked

    # ── looking inside ───────────────────────────────────────────────────────────────────────

    @property
    def source(self) -> str:
        """The program as NumPy source that runs by itself (for the shapes used last)."""
        return numpy_text(self.version.function, self.version.loss)

    @property
    def loops(self) -> str:
        """The same as plain loops over numbers, in Python that runs by itself: what the native
        backend compiles.

        >>> import autodiff
        >>> from autodiff import Value
        >>> w = Value(2.0)
        >>> square = autodiff.compile(lambda x: (w * x) ** 2, backend="numpy")
        >>> print(square.prepare([1.0, 3.0]).loops)
        from math import *
        <BLANKLINE>
        <BLANKLINE>
        # Returns the mean loss of the E examples and fills grad with its gradient.
        # check is 0, or NaN if a number of the gradient is not finite: 0 * inf is NaN.
        def gradient(theta, X, grad):
            E = len(X)
            t1 = [0.0] * 1
            J = 0.0
            for p in range(1):
                grad[p] = 0.0
            for r in range(E):
                mul1 = theta[0] * X[r]
                L = mul1 * mul1
                J += L
                t1[0] += mul1 * X[r]
            dp1 = 2.0 * t1[0] / E
            grad[0] += dp1
            check = 0.0
            for p in range(1):
                check += 0.0 * grad[p]
            return J / E + check
        <BLANKLINE>
        """
        from .write.loops import loops_source

        return loops_source(self.version.function, self.version.loss)

    def code(self, language: str) -> str:
        """The text of a file that needs no library: "c", "javascript", "python", or "numpy".

        It holds the parameters' numbers, and `gradient` of a loss (in NumPy `value_and_grad`) or
        `predict` of a model. `nn.export` puts a network, its loss and an optimiser's step into
        one file.

        >>> import autodiff
        >>> w = Value(2.0)
        >>> line = autodiff.compile(lambda x: [w * x], backend="numpy")
        >>> print(line.prepare([1.0, 3.0]).code("c"))
        /* <lambda>
        Parameters: 1. Written by glassgrad.
        predict: the numbers of one example in (1), those of its outputs out (1). */
        #include <math.h>
        <BLANKLINE>
        typedef double real;
        <BLANKLINE>
        real parameters[1] = {2.0};
        <BLANKLINE>
        static void outputs(const real *theta, const real *X, real *out, int E) {
            real L[1] = {0};
            for (int r = 0; r < E; r++) {
                L[0] = theta[0] * X[r];
                out[r] = L[0];
            }
        }
        <BLANKLINE>
        void predict(const real *x, real *out) {
            outputs(parameters, x, out, 1);
        }
        <BLANKLINE>
        """
        from .export.files import Network, Training, text_of

        version, theta = self.version, self.theta()
        if version.loss:
            return text_of(Network(self._name, theta, training=Training(version)), language)
        return text_of(Network(self._name, theta, version), language)

    @property
    def tape(self) -> Tape:
        """One example's graph as a Wengert list with its adjoints; print it."""
        from .tape import Tape

        version = self.version
        if version.trace is None:
            raise RuntimeError(f"{self._name} came out of a pickle; its tape stayed behind")
        return Tape(version.trace, self.parameters, version.names)

    def report(self) -> Report:
        """Gates in, operations out, what did not roll, and the time it took."""
        return Report(
            self._name,
            [
                v.report | {"backend": v.backend, "shapes": v.shapes}
                for v in self._versions.values()
            ],
        )

    @property
    def version(self) -> Version:
        """What was compiled for the shapes of the last call."""
        if self._last is None:
            raise RuntimeError(
                f"{self._name} has not been compiled yet, since the shapes of its rows are not "
                "known; call it, or program.prepare(X, ...)"
            )
        return self._last

    def _need_function(self) -> Callable[..., Any]:
        if self._function is None:
            raise RuntimeError(
                f"{self._name} came out of a pickle without its function, and knows only rows of "
                f"shapes {', '.join(map(str, self._versions))}"
            )
        return self._function

    # ── at the door ──────────────────────────────────────────────────────────────────────────

    def _open(self, arrays: Sequence[Any]) -> tuple[Version, Sequence[Floats]]:
        """Arrays of float64 with equally many rows, and the version for their shapes."""
        self._forget_if_changed()
        ready = self._dtype
        checked = [
            a if a.__class__ is np.ndarray and a.dtype is ready else self._real(a, k)
            for k, a in enumerate(arrays, 1)
        ]
        version = self._opened.get(tuple([a.shape for a in checked]))
        self._last = version = version or self._version_for(checked)
        return version, checked

    def _version_for(self, checked: Sequence[Floats]) -> Version:
        """The version for rows of these shapes, if there are equally many of each."""
        shapes = tuple(a.shape for a in checked)
        rows = {shape[0] if shape else 0 for shape in shapes}
        if len(rows) != 1 or 0 in rows:
            raise ValueError(
                f"{self._name}: every argument needs one row per example, and at least one row; "
                f"got shapes {', '.join(map(str, shapes)) or 'nothing'}"
            )
        key = tuple(shape[1:] for shape in shapes)
        with self._lock:
            version = self._versions.get(key) or self._compile(key, checked)
            if len(self._opened) >= _OPENED:
                self._opened.clear()
            self._opened[shapes] = version
        return version

    def _real(self, data: Any, place: int = 0) -> Floats:
        """An array of the program's dtype, or an error that says what it is instead: the argument
        at this place, or theta."""
        if data.__class__ is np.ndarray and data.dtype is self._dtype:
            ready: Floats = data
            return ready
        what = f"argument {place}" if place else "theta"
        try:
            array = np.asarray(data)
        except ValueError as error:
            raise ValueError(f"{what} is not a rectangular array: {error}") from None
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{what} has dtype {array.dtype}; it must hold real numbers")
        return array.astype(self._dtype)

    @enable_grad()
    def _compile(self, key: tuple[tuple[int, ...], ...], arrays: Sequence[Floats]) -> Version:
        function = self._need_function()
        example = [a[0] for a in arrays]
        version = make_version(
            function, example, self._order, self._backend, self._predicts, self._dtype.name
        )
        assert self._parameters is not None
        self._captured = Captured(function, self._parameters)
        version.report["checked rows"] = check(
            self._name, function, version, self._parameters, arrays, self._captured.reads_data
        )
        if key in self._dropped:
            warn_at(
                f"{self._name} is called with rows of more than {_KEPT} shapes in turn, so that "
                "what it compiled is forgotten and compiled again; pad the rows to fewer lengths",
                RuntimeWarning,
            )
        while len(self._versions) >= _KEPT:
            oldest = next(iter(self._versions))
            del self._versions[oldest]
            self._dropped.add(oldest)
            self._opened.clear()
        self._versions[key] = version
        return version

    # ── pickling ─────────────────────────────────────────────────────────────────────────────

    def __getstate__(self) -> dict[str, Any]:
        """Compiled code travels as text; the function comes along only if it must, or if it is
        an object that brings its own parameters."""
        state = dict(self.__dict__)
        del state["_lock"]
        state["_captured"], state["_opened"] = None, {}
        state["_parameters"] = self.parameters if self._versions else self._parameters
        if self._versions and not hasattr(self._function, "parameters"):
            state["_function"] = None
        elif self._versions:
            try:
                pickle.dumps(self._function)
            except Exception:  # whatever its attributes raise
                state["_function"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()
