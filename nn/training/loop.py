"""fit, predict, evaluate: training on tables of numbers."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from autodiff import Value, topological_order
from autodiff.text.speech import said

from ..activations import softmax
from ..checks import Array, count, is_whole, known
from ..initialisation import generator
from ..losses import Loss, checked
from ..module import Module
from ..optimisers import Optimiser, Rate, resolve_optimiser, resolve_schedule
from ..transformer.dropout import dropouts, training
from .callbacks import callbacks_of, tell
from .data import Data, batches, classes_of, examples, keep_classes, output_shape, prepare
from .engines import Engine, Model, Native, choose_engine, load, read
from .history import History
from .labels import as_labels
from .metrics import Metric, judge, resolve_metrics
from .nonfinite import NonFiniteError, explain
from .tasks import resolve_loss, task_of

__all__ = ["evaluate", "fit", "predict", "predict_proba"]

ELSEWHERE = {"learning_rate": "lr", "random_state": "rng", "seed": "rng", "verbose": "progress"}


def fit(
    model: Module,
    X: Any,
    Y: Any,
    loss: str | Loss | None = None,
    optimiser: str | Optimiser | type[Optimiser] | None = None,
    *,
    optimizer: str | Optimiser | type[Optimiser] | None = None,
    lr: Rate | None = None,
    schedule: str | Callable[[int], float] | None = None,
    clip: float | None = None,
    epochs: int = 100,
    batch_size: int | None = None,
    sampling: str = "epochs",
    reduction: str = "mean",
    l2: float = 0.0,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    metrics: Sequence[Any] | None = None,
    class_weight: Any = None,
    sample_weight: Any = None,
    callbacks: Any = (),
    rng: Any = None,
    progress: bool = True,
    engine: str = "auto",
    **unknown: NoReturn,
) -> History:
    """Train `model` so that the loss of model(X[i]) and Y[i] becomes small.

    X, Y        lists, arrays or data frames, one row per example. Y: numbers (regression), ±1
                (hinge), 0/1 (logistic), classes 0 ... K-1 (softmax cross entropy), or the classes'
                labels as they are: strings, bools, pandas categories, one-hot rows. The model
                keeps them as `model.classes`, in the order of its outputs; `predict` gives them
                back
    loss        a function of `nn.losses`, its name ("mse" and the like too), or one of your own:
                (output, target) -> Value
    optimiser   "adam" (the default) or "sgd", with `lr` (0.01 unless given); or one that you made,
                which moves the parameters it was given and goes on where it stopped;
                `optimizer` is the same
    schedule    how lr falls over the steps: "linear" or "cosine" to 0, "steps" (to a tenth at each
                third), "warmup" (growing in the first tenth, then cosine), or a function of the
                step's number
    clip        the longest gradient; a longer one is shortened to it
    epochs      how often to go through the data
    batch_size  examples per step; None: all (gradient descent, CS229 (7.8))
    sampling    "epochs": each epoch shuffles and takes every example once; "independent": each
                step draws its batch anew, without replacement (CS229 (7.9) with 1, (7.10) with B)
    reduction   "mean" over the examples of a batch (note 000), or their "sum" (note 004)
    l2          adds l2 · Σθ² to the cost
    validation  a share of the rows to hold out (0.2), or a pair (X, Y)
    patience    stop when the loss after an epoch has not improved for so many epochs, and go back
                to the parameters of the best one. It is the loss of the validation rows; without
                any, that of the training rows, which then is the history's "loss"
    metrics     "accuracy", "precision", "recall", "f1", "r2", "rmse", "mae", or functions
                (decisions, targets) -> number: of the training rows, and of the validation rows
                as "val_accuracy", ...
    class_weight   "balanced" (each class counts as much as the others), a dict by label, or a
                list: how much the loss of a class's rows counts
    sample_weight  the same for each row; the mean weight is made 1, unless `reduction` is "sum"
    callbacks   functions of the history (or one), called after each epoch; training stops where
                one returns True. An object may have `on_train_begin`, `on_epoch_end` and
                `on_train_end` instead, each called with the history
    rng         seed or generator for the split and the batches
    progress    show a progress bar
    engine      "eager": graphs of Values; "compiled": the array program of `autodiff.compile`, in
                NumPy (as a backend it is called "numpy", which may be said here too); "native": the
                same as machine code (the extra `native`), whole epochs at a time; "auto": "native"
                if there are at least 1,000 steps to repay the tenth of a second that it takes to
                make, and the program has at most 100 array operations and 30,000 parameters, else
                "compiled"; "eager" where that gives other numbers on some rows (one of every class
                among them). `history.engine` says what ran, and `history.fallback` why it was not
                compiled. A `loss` that tests its target (y == 1) is not compiled

    Ctrl-C ends training early: the model keeps the last complete step, and the history says so.

    Raises ValueError for data that do not fit (naming the row) and for a loss that depends on
    none of the optimiser's parameters, and `NonFiniteError` as soon as
    the cost or a gradient is not finite, naming the step and the gate; the model then holds the
    parameters from before that step, and the error the history.

    >>> from nn import MLP, losses
    >>> model = MLP(1, [4, 1], "tanh", rng=0)
    >>> X = [[x / 10] for x in range(-10, 11)]
    >>> squares = [x * x for x, in X]
    >>> history = fit(model, X, squares, losses.squared_error, epochs=300, progress=False)
    >>> history.loss[-1] < 0.01
    True
    """
    for word in unknown:
        options = [*inspect.signature(fit).parameters][4:-1]
        raise TypeError(
            f"fit: unknown option {word!r}; {known(ELSEWHERE.get(word, word), options)}"
        )
    if optimiser is not None and optimizer is not None:
        raise TypeError("fit: optimiser and optimizer are the same option; give one of them")
    if not isinstance(model, Module):
        raise TypeError(f"fit: the model is a Module, as MLP(2, [16, 1]); got {model!r}")
    random, called = generator(rng), callbacks_of(callbacks)
    epochs = count("epochs", epochs, least=0)
    _check_options(reduction, patience)
    optimiser = resolve_optimiser(optimiser or optimizer, model.parameters(), lr, clip)
    data = prepare(
        model,
        X,
        Y,
        resolve_loss(loss),
        validation,
        random,
        class_weight=class_weight,
        sample_weight=sample_weight,
        total=reduction == "sum",
        anew=True,
    )
    loss, chosen = data.loss, resolve_metrics(metrics, data.task, data.classes)
    parameters = optimiser.parameters
    _check_reached(model, loss, parameters, data)
    keep_classes(model, data)
    size = int(batch_size) if is_whole(batch_size) and batch_size > 0 else len(data.X)
    steps = epochs * -(-len(data.X) // size)
    random_layers = dropouts(model)
    with training(*random_layers):
        computing = choose_engine(
            engine, model, loss, parameters, data.X, data.Y, steps, optimiser, epochs * bool(chosen)
        )
    stepper = _Stepper(computing, model, loss, reduction, l2)

    theta = best = read(parameters)
    history = History()
    history.engine, history.fallback = computing.name, computing.fallback
    history.optimiser, rate = optimiser, optimiser.lr
    if schedule is not None:
        optimiser.lr = _from(optimiser.steps, resolve_schedule(schedule, rate, steps))
    tell(called, "on_train_begin", history)
    bar = _progress_bar(epochs, progress)
    try:
        for epoch in range(epochs):
            plan = list(batches(len(data.X), batch_size, random, sampling))
            first = len(history.steps)
            with training(*random_layers):
                for moved, cost in stepper.steps(theta, data, plan, optimiser, first):
                    theta = moved
                    history.steps.append(cost)
            costs = history.steps[first:]  # of the batches; the epoch's is their mean or sum
            total = sum(cost * len(rows) for cost, rows in zip(costs, plan, strict=True))
            mean = total / sum(map(len, plan))
            numbers = {"loss": sum(costs) if reduction == "sum" else mean}
            if patience is not None and not data.held_out:
                numbers["loss"] = stepper.objective(theta, data.X, data.Y)
            numbers |= _judge(stepper.engine, theta, data, chosen)
            history.append(**numbers)
            bar.set_postfix({k: f"{v:.4g}" for k, v in numbers.items()}, refresh=False)
            bar.update()
            if patience is not None:
                judged = history["val_loss" if data.held_out else "loss"]
                if history.best_epoch is None or judged[-1] < judged[history.best_epoch]:
                    best, history.best_epoch = theta, epoch
                elif epoch - history.best_epoch >= patience:
                    history.stopped = f"no improvement for {patience} epochs"
                    break
            if called:
                load(parameters, theta)  # for who looks at the model, or saves it
            if who := tell(called, "on_epoch_end", history):
                history.stopped = f"stopped by {who}"
                break
    except KeyboardInterrupt:
        history.stopped = f"interrupted in epoch {len(history)}, step {len(history.steps)}"
    except NonFiniteError as error:
        history.stopped = str(error)
        error.history = history
        raise
    finally:
        optimiser.lr = rate
        load(parameters, theta if history.best_epoch is None else best)
        bar.close()
    tell(called, "on_train_end", history)
    return history


def predict(model: Model, X: Any, loss: str | Loss | None = None, *, engine: str = "auto") -> Array:
    """What `model` returns for each row of X: an array [rows, outputs].

    With a `loss` the decisions that belong to it, [rows]: the classes' labels, as `fit` met them
    (without: 0 ... K-1 for softmax cross entropy, 0/1 for the logistic loss, ±1 for the hinge
    loss); for regression still the outputs; for softmax cross entropy over positions a class for
    each, [rows, positions].

    >>> from nn import MLP
    >>> model = MLP(2, [3], init="zeros")
    >>> predict(model, [[1, 2], [3, 4]], "softmax_cross_entropy")
    array([0, 0])
    >>> model.classes = ("ant", "bee", "cat")
    >>> predict(model, [[1, 2], [3, 4]], "softmax_cross_entropy").tolist()
    ['ant', 'ant']
    """
    outputs, shape = _outputs(model, X, engine)
    if loss is None:
        return outputs
    task = task_of(resolve_loss(loss), *shape)
    decided: Array = task.decide(outputs)
    return as_labels(classes_of(model, task))[decided] if task.codes else decided


def predict_proba(model: Model, X: Any, loss: str | Loss, *, engine: str = "auto") -> Array:
    """The probability of each class, [rows, classes], in the order of `model.classes`; of a loss
    over positions [rows, positions, classes].

    >>> from nn import MLP
    >>> predict_proba(MLP(2, [1], init="zeros"), [[1, 2], [3, 4]], "logistic")
    array([[0.5, 0.5],
           [0.5, 0.5]])

    Raises ValueError for a loss that says nothing of probabilities, as hinge or squared error.
    """
    outputs, shape = _outputs(model, X, engine)
    loss = resolve_loss(loss)
    task = task_of(loss, *shape)
    if task.logits is None:
        raise ValueError(
            f"predict_proba: {getattr(loss, '__name__', loss)!r} makes no probabilities of the "
            "outputs; train with logistic or softmax_cross_entropy"
        )
    found: Array = softmax(task.logits(outputs))
    return found


def _outputs(model: Model, X: Any, engine: str) -> tuple[Array, tuple[int, ...]]:
    """[rows, outputs], and the shape of what is returned for one row."""
    X = examples(model, X)
    parameters = model.parameters() if isinstance(model, Module) else []
    computing = choose_engine(engine, model, None, parameters, X)
    return computing.outputs(read(parameters), X), output_shape(model, X)


def evaluate(
    model: Model,
    X: Any,
    Y: Any,
    loss: str | Loss,
    metrics: Sequence[Any] | None = None,
    *,
    engine: str = "auto",
) -> dict[str, float]:
    """The mean loss and the metrics on a data set, as {"loss": ..., "accuracy": ...}.

    >>> from nn import MLP
    >>> evaluate(MLP(2, [1], init="zeros"), [[1, 2], [3, 4]], [0, 1], "squared_error", ["rmse"])
    {'loss': 0.25, 'rmse': 0.7071067811865476}
    """
    data = prepare(model, X, Y, resolve_loss(loss))
    loss, chosen = data.loss, resolve_metrics(metrics, data.task, data.classes)
    parameters = model.parameters() if isinstance(model, Module) else []
    judged = bool(chosen)
    computing = choose_engine(engine, model, loss, parameters, data.X, data.Y, judged=judged)
    cost, outputs = computing.judge(read(parameters), data.X, data.Y)
    return {"loss": cost} | judge(chosen, data.task, outputs, data.Y)


# ── the parts of fit ─────────────────────────────────────────────────────────────────────────


class _Stepper(NamedTuple):
    """Takes the steps of an epoch; costs and gradients are finite, or an error."""

    engine: Engine
    model: Model
    loss: Loss
    reduction: str
    l2: float

    def steps(
        self,
        theta: Array,
        data: Data,
        plan: list[NDArray[np.intp]],
        optimiser: Optimiser,
        first: int,
    ) -> Iterator[tuple[Array, float]]:
        """(θ after the step, cost before it) for each batch of the plan."""
        done = 0
        if isinstance(self.engine, Native):
            total = self.reduction == "sum"
            ran = self.engine.run(theta, data.X, data.Y, plan, optimiser, total, self.l2)
            if ran is not None:
                theta, costs = ran
                yield from ((theta, cost) for cost in costs)
                done = len(costs)  # what it stopped at is taken step by step, and explained
        for step, rows in enumerate(plan[done:], start=first + done):
            cost, gradient = self.compute(theta, data.X[rows], data.Y[rows], step)
            theta = optimiser.update(theta, gradient)
            yield theta, cost

    def compute(self, theta: Array, X: Array, Y: Array, step: int) -> tuple[float, Array]:
        """The cost of one batch and its gradient."""
        try:
            cost, gradient = self.engine.cost_and_gradient(theta, X, Y)
        except ArithmeticError as error:
            raise NonFiniteError(f"step {step}: {error}") from error
        except ValueError as error:  # a loss refused an output, as one of 0 to a logarithm
            error.add_note(f"at step {step} of training")
            raise
        cost = self._total(cost, theta, len(X))
        if self.reduction == "sum":
            gradient = gradient * len(X)
        if self.l2:
            gradient = gradient + 2 * self.l2 * theta
        if not (np.isfinite(cost) and np.isfinite(gradient).all()):
            where = explain(lambda x, y: self.loss(self.model(x), y), X, Y)
            raise NonFiniteError(f"step {step}: cost {cost:g}; {where}")
        return cost, gradient

    def objective(self, theta: Array, X: Array, Y: Array) -> float:
        """What the steps make small, of these rows; infinite where it has no value."""
        try:
            return self._total(self.engine.cost(theta, X, Y), theta, len(X))
        except (ArithmeticError, ValueError):  # the next step explains it
            return float("inf")

    def _total(self, mean: float, theta: Array, rows: int) -> float:
        cost = mean * rows if self.reduction == "sum" else mean
        return cost + self.l2 * float(np.vdot(theta, theta)) if self.l2 else cost


def _check_reached(model: Model, loss: Loss, parameters: Sequence[Value], data: Data) -> None:
    """Refuse to train what the loss does not depend on in any row."""
    moved = set(parameters)
    try:
        for x, y in zip(data.X, data.Y, strict=True):
            if not moved.isdisjoint(
                topological_order(checked(loss, model(x.tolist()), y.tolist()))
            ):
                return
    except (ArithmeticError, ValueError):
        return  # the step that meets it says where
    own = set(model.parameters()) if isinstance(model, Module) else moved
    if own.isdisjoint(moved):
        raise ValueError(
            f"the optimiser moves {len(parameters)} parameters, and none is of this model; make "
            f"it of the model's own, as Adam(model.parameters())"
        )
    raise ValueError(
        f"the loss depends on none of the {len(parameters)} parameters that the optimiser moves; "
        "compute it from the network's output by gates, not from .data and not in a new Value"
    )


def _check_options(reduction: str, patience: int | None) -> None:
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r}")
    if patience is not None and (not is_whole(patience) or patience < 1):
        raise ValueError(f"patience is a number of epochs of at least 1, got {patience!r}")


def _judge(
    engine: Engine, theta: Array, data: Data, metrics: dict[str, Metric]
) -> dict[str, float]:
    """Metrics of the training rows; loss and metrics of the held-out ones, if there are any."""
    results: dict[str, float] = {}
    for prefix, rows in (("", (data.X, data.Y)), ("val_", data.held_out)):
        if rows is None:
            continue
        X, Y = rows
        if prefix or metrics:
            cost, outputs = engine.judge(theta, X, Y)
            results |= {"val_loss": cost} if prefix else {}
            results |= judge(metrics, data.task, outputs, data.targets(Y), prefix)
    return results


def _from(first: int, schedule: Callable[[int], float]) -> Callable[[int], float]:
    """A schedule whose step 0 is the optimiser's step `first`."""
    return lambda k: schedule(k - first)


def _progress_bar(epochs: int, progress: bool) -> Any:
    """tqdm's bar: of text in a terminal, a widget in a notebook that has them."""
    if importlib.util.find_spec("ipywidgets") is None:  # without it tqdm.auto would warn
        from tqdm.std import tqdm
    else:
        from tqdm.auto import tqdm

    return tqdm(total=epochs, unit=said("epoch"), disable=not progress)
