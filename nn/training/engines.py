"""Engines: what `fit` and `predict` ask to be computed, by graphs of Values or compiled.

Parameters travel as one array θ, in the order of the list that an engine was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autodiff import Value
from autodiff.value import assign

from ..checks import known
from ..losses import Loss, Weighted
from ..losses import cost as batch_cost
from ..module import flatten
from ..optimisers import Optimiser

__all__ = ["ENGINES", "Eager", "Engine", "choose_engine", "load", "read"]

Array: TypeAlias = NDArray[np.float64]
Model: TypeAlias = Callable[[Any], Any]


class Engine(Protocol):
    """What training needs. X and Y have one row per example."""

    name: str
    fallback: str  # why this is not the engine that "auto" prefers; "" if it is

    def cost_and_gradient(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J, the mean loss over the rows, and dJ/dθ."""
        ...

    def cost(self, theta: Array, X: Array, Y: Array) -> float:
        """J alone."""
        ...

    def outputs(self, theta: Array, X: Array) -> Array:
        """What the network returns: one row per example, one column per output."""
        ...

    def judge(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and the outputs."""
        ...


def read(parameters: Sequence[Value]) -> Array:
    """θ: a copy of the parameters' numbers."""
    return np.array([parameter.data for parameter in parameters])


def load(parameters: Sequence[Value], theta: Array) -> None:
    """Write θ into the parameters."""
    assign(parameters, theta.tolist())


class Eager:
    """Builds the graph of the whole batch anew at each step, and walks it back."""

    name, fallback = "eager", ""

    def __init__(self, model: Model, loss: Loss | None, parameters: Sequence[Value]) -> None:
        self.model = model
        self.loss = loss
        self.parameters = list(parameters)

    def cost_and_gradient(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and dJ/dθ by `backward()`."""
        load(self.parameters, theta)
        for parameter in self.parameters:
            parameter.grad = 0.0
        cost = self._build(X, Y)
        cost.backward()
        return cost.data, np.array([parameter.grad for parameter in self.parameters])

    def cost(self, theta: Array, X: Array, Y: Array) -> float:
        """J: the forward pass alone."""
        load(self.parameters, theta)
        return self._build(X, Y).data

    def _build(self, X: Array, Y: Array) -> Value:
        assert self.loss is not None
        return batch_cost(self.model, X.tolist(), Y.tolist(), self.loss)

    def outputs(self, theta: Array, X: Array) -> Array:
        """Row by row."""
        load(self.parameters, theta)
        return np.array([[v.data for v in flatten(self.model(x))] for x in X.tolist()])

    def judge(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and the outputs, one after the other."""
        return self.cost(theta, X, Y), self.outputs(theta, X)


class Compiled:
    """Runs the array programs that `autodiff.compile` derives from the graph of one example.

    judged  the program of the loss gives the outputs, too, for `judge`
    """

    name, fallback = "compiled", ""

    def __init__(
        self, model: Model, loss: Loss | None, parameters: Sequence[Value], judged: bool = False
    ) -> None:
        import autodiff

        self.parameters = list(parameters)
        self.predicting = _Placed(autodiff.compile(model, backend="numpy"), self.parameters)
        if loss is not None:
            program = autodiff.compile(_ExampleLoss(model, loss, judged), backend="numpy")
            self.training = _Placed(program, self.parameters)
            self.judging = program

    def prepare(self, theta: Array, X: Array, *Y: Array) -> None:
        """Compile for such rows: the cost if there are targets, else the outputs."""
        (self.training if Y else self.predicting).widen(theta, X, *Y)

    def is_worth(self, steps: int, *arrays: Array) -> bool:
        """Do so many steps repay the time to make machine code, if it can be made here?"""
        from autodiff.compiler.write.backends import has_native

        if not (steps and self.training.program.is_worth(steps, *arrays)):
            return False
        if not has_native():
            self.fallback = 'no llvmlite here to make machine code: pip install "glassgrad[native]"'
        return has_native()

    def cost_and_gradient(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and dJ/dθ of all rows at once."""
        full = self.training.widen(theta, X, Y)
        cost, gradient = self.training.program.value_and_grad(full, X, Y)
        return cost, self.training.narrow(gradient, theta)

    def cost(self, theta: Array, X: Array, Y: Array) -> float:
        """J: the forward pass alone."""
        return self.judge(theta, X, Y)[0]

    def judge(self, theta: Array, X: Array, Y: Array) -> tuple[float, Array]:
        """J and the outputs of all rows at once."""
        full = self.training.widen(theta, X, Y)
        found = self.judging.predict(X, Y, theta=full)
        return float(found[:, 0].mean()), found[:, 1:]

    def outputs(self, theta: Array, X: Array) -> Array:
        """All rows at once."""
        full = self.predicting.widen(theta, X)
        found: Array = self.predicting.program.predict(X, theta=full)
        return found.reshape(len(X), -1)


class Native(Compiled):
    """Programs of the engine before as machine code; whole epochs run without Python in the
    loop."""

    name = "native"

    def __init__(self, compiled: Compiled) -> None:
        self.__dict__.update(compiled.__dict__)
        self._descend: Callable[..., int] | None = None
        self._predicts = self._looked = False

    def outputs(self, theta: Array, X: Array) -> Array:
        """All rows at once."""
        self.predicting.widen(theta, X)
        if not self._predicts:
            self.predicting.program = self.predicting.program.on("native")
            self._predicts = True
        return super().outputs(theta, X)

    def run(
        self,
        theta: Array,
        X: Array,
        Y: Array,
        batches: Sequence[NDArray[np.intp]],
        optimiser: Optimiser,
        total: bool,
        l2: float,
    ) -> tuple[Array, list[float]] | None:
        """One step per batch: θ after them, and the cost before each. Fewer costs than batches if
        one was not finite; None if this cannot be run in one go: see `takes`."""
        if not self.takes(optimiser, theta, X, Y):
            return None
        assert self._descend is not None
        moved, costs = theta.copy(), np.empty(len(batches))
        done = self._descend(
            moved,
            [X, Y],
            np.concatenate(batches),
            len(batches[0]),
            total,
            l2,
            optimiser.state,
            np.array(optimiser.rates(len(batches)), dtype=np.float64),
            optimiser.steps,
            np.array(optimiser.settings, dtype=np.float64),
            costs,
        )
        optimiser.steps += done
        return moved, costs[:done].tolist()

    def takes(self, optimiser: Optimiser, theta: Array, X: Array, Y: Array) -> bool:
        """Can many steps be run in one go? Not if the optimiser clips, has its own `update` or a
        rule that is not compiled, or moves other parameters than the program has: then the gradient
        alone is machine code."""
        if self._looked:
            return self._descend is not None
        self._looked = True
        self.training.widen(theta, X, Y)
        program = self.training.program
        try:
            plain = type(optimiser).update is Optimiser.update and optimiser.clip is None
            if self.training.same and plain:
                self._descend = program.descent(optimiser.rule, X, Y)
                return True
        except NotImplementedError:
            pass
        self.training.program = program.on("native")
        return False


class _ExampleLoss:
    """The loss of one example: an object, so that the compiler sees what it refers to."""

    def __init__(self, model: Model, loss: Loss, judged: bool) -> None:
        self.model = model
        self.loss = loss
        self.judged = judged
        self.__name__ = getattr(loss, "__name__", "loss")  # for messages and the source

    def __call__(self, x: Any, y: Any) -> Any:
        from autodiff.compiler.trace import Judged

        output = self.model(x)
        loss = self.loss(output, y)
        return Judged(loss, output) if self.judged else loss


class _Placed:
    """A program, and where our parameters are among the program's.

    The program may know fewer, if the cost does not depend on some, or more, if the optimiser
    was given only some: those keep the numbers that they have.
    """

    def __init__(self, program: Any, parameters: list[Value]) -> None:
        self.program = program
        self.parameters = parameters
        self.same: bool | None = None

    def widen(self, theta: Array, *arrays: Array) -> Array:
        """The program's θ for ours; compiles at the first call."""
        if self.same is None:
            self._compile(theta, arrays)
        if self.same:
            return theta
        full: Array = self.rest.copy()
        full[self.theirs] = theta[self.ours]
        return full

    def narrow(self, gradient: Array, theta: Array) -> Array:
        """Our gradient from the program's."""
        if self.same:
            return gradient
        ours = np.zeros_like(theta)
        ours[self.ours] = gradient[self.theirs]
        return ours

    def _compile(self, theta: Array, arrays: tuple[Array, ...]) -> None:
        load(self.parameters, theta)
        few = [array[:1] for array in arrays]  # of many rows the whole engine is compared below
        known = self.program.prepare(*few).parameters
        place = {parameter: index for index, parameter in enumerate(self.parameters)}
        self.same = known == self.parameters
        self.theirs = [index for index, p in enumerate(known) if p in place]
        self.ours = [place[known[index]] for index in self.theirs]
        self.rest = self.program.theta()


ENGINES = ("eager", "compiled", "native")
MANY = 32  # targets that take more numbers than this are not classes
FEWEST = 8  # rows that the engines are compared on


def choose_engine(
    name: str,
    model: Model,
    loss: Loss | None,
    parameters: Sequence[Value],
    X: Array,
    Y: Any = None,
    steps: int = 0,
    optimiser: Optimiser | None = None,
    judged: int = 0,
) -> Engine:
    """An engine by name, compared with the eager one on some rows of the data. It will take so
    many `steps`, and will be asked so often to judge.

    "auto" is machine code where so many steps of training repay the time to make it (the rule of
    `Program.is_worth`), else the NumPy program; and the eager engine where there is none or where
    it gives other numbers: `fallback` of the engine then says why. Asked for by name, such a
    program is refused. "numpy", as `autodiff.compile` calls that backend, is "compiled".
    """
    name = "compiled" if name == "numpy" else name
    if name not in ("auto", *ENGINES):
        raise ValueError(f"unknown engine {name!r}; {known(name, ('auto', *ENGINES))}")
    eager = Eager(model, loss, parameters)
    if name == "eager":
        return eager
    compiled = chosen = Compiled(model, loss, parameters, judged > 0)
    rows = _sample(X, Y[:, :-1] if isinstance(loss, Weighted) else Y)
    theta = read(parameters)
    inputs = (X[rows],) if Y is None else (X[rows], Y[rows])
    try:
        compiled.prepare(theta, *inputs)
        if name == "native" or (name == "auto" and compiled.is_worth(steps, *inputs)):
            chosen = Native(compiled)
            if optimiser is not None:  # LLVM works while the engines are compared
                chosen.takes(optimiser, theta, *inputs)
            if compiled.is_worth(judged, *inputs):
                chosen.judging = compiled.judging.on("native", rows=True)
        _compare(compiled, eager, theta, *inputs)
    except ArithmeticError as error:  # the step that meets it says where
        eager.fallback = str(error)
    except Exception as error:
        if name != "auto":
            raise
        eager.fallback = f"{type(error).__name__}: {error}"
    return eager if name == "auto" and eager.fallback else chosen


def _sample(X: Array, Y: Array | None) -> NDArray[np.intp]:
    """Rows from all over the data, among them one of every class (or targets of all sizes)."""
    kinds: list[int] = []
    if Y is not None:
        flat = Y.reshape(len(Y), -1).tolist()
        kinds = [*{tuple(y): row for row, y in enumerate(flat)}.values()]
        if len(kinds) > MANY:  # numbers, not classes
            sizes = sorted(kinds, key=flat.__getitem__)
            kinds = [sizes[k * (len(sizes) - 1) // 7] for k in range(8)]
    more = max(2, FEWEST - len(kinds))
    return np.array(sorted({*kinds, *(k * (len(X) - 1) // (more - 1) for k in range(more))}))


def _compare(compiled: Engine, eager: Engine, theta: Array, *data: Array) -> None:
    """Raise unless both give the same numbers: the outputs, or the cost and its gradient."""
    from autodiff.compiler.checking import CompileError, close

    if len(data) == 1:
        found, expected = ([engine.outputs(theta, *data)] for engine in (compiled, eager))
    else:
        found, expected = (
            [np.asarray(part) for part in engine.cost_and_gradient(theta, *data)]
            for engine in (compiled, eager)
        )
    if not all(np.isfinite(numbers).all() for numbers in [*found, *expected]):
        raise ArithmeticError("a number is not finite, which the eager engine explains")
    if not all(map(close, found, expected)):
        raise CompileError(
            "compiled, this loss or model gives other numbers than it does row by row: targets "
            "are Values there, so a test such as y == 1, a look-up by y or its .data decides "
            "once for all rows; use engine='eager', or compute with the target, as in "
            "(1 + 19 * y) * losses.logistic(output, y)"
        )
