"""Optimisers: how parameters move, given their gradients.

Each optimiser is one function of arrays, its `rule`, written so that NumPy runs it and that it
can be compiled. `step()` applies it to the parameters' `.data` and `.grad`, `fit` to its own
arrays, step by step or, natively, to a whole epoch. The rules are PyTorch's, to the last bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autodiff.value import UNREACHED, Value, assign
from autodiff.watch.misuse import check_gradients, spend

from .checks import Array, known
from .module import TABLES, flatten

__all__ = [
    "OPTIMISERS",
    "SCHEDULES",
    "SGD",
    "Adam",
    "Optimiser",
    "Rate",
    "cosine",
    "linear",
    "resolve_optimiser",
    "resolve_schedule",
    "steps",
    "warmup",
]

Schedule: TypeAlias = Callable[[int], float]
Rate: TypeAlias = float | Schedule


class Optimiser:
    """Base: subclass it and define `rule`, with `settings` and the `memory` that it needs.

    lr is a number, or a schedule: a function from the step's number (0, 1, ...) to a number.
    clip is the longest gradient that the rule gets: a longer one is shortened to it, all of its
    numbers by the same factor, as PyTorch's `clip_grad_norm_` does; None: none is.
    """

    memory: ClassVar[int] = 0  # arrays as long as θ that the rule keeps from step to step

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate,
        weight_decay: float = 0.0,
        clip: float | None = None,
    ) -> None:
        self.parameters = list(dict.fromkeys(parameters))  # a shared one moves once
        if not self.parameters:
            raise ValueError(f"{type(self).__name__}: got no parameters to move")
        for parameter in self.parameters:
            if not isinstance(parameter, Value) or parameter.gate is not None:
                raise TypeError(
                    f"{type(self).__name__}: parameters are leaf Values, got {parameter!r}"
                )
        if not callable(lr):
            _at_least("lr", lr, 0)
        _at_least("weight_decay", weight_decay, 0)
        if clip is not None:
            _at_least("clip", clip, 0)
        self.lr = lr
        self.weight_decay = weight_decay
        self.clip = clip
        self.steps = 0
        self._state: Array | None = None

    @staticmethod
    def rule(
        theta: Array, gradient: Array, state: Array, rate: float, step: int, settings: Array
    ) -> None:
        """Move `theta` by one step, and `state` [memory, len(theta)], both in place; `gradient`
        may be used up."""
        raise NotImplementedError

    @property
    def settings(self) -> tuple[float, ...]:
        """The numbers that the rule is given besides the rate."""
        return (self.weight_decay,)

    @property
    def state(self) -> Array:
        """What the rule remembers; zeros at the start."""
        if self._state is None:
            self._state = np.zeros((self.memory, len(self.parameters)))
        return self._state

    def rates(self, count: int) -> list[float]:
        """The learning rates of the next `count` steps."""
        rate = self.lr
        if not callable(rate):
            return [rate] * count
        return [rate(self.steps + k) for k in range(count)]

    def update(self, theta: Array, gradient: Array) -> Array:
        """The parameters after one more step. Never changes its arguments."""
        (rate,) = self.rates(1)
        moved, gradient = np.array(theta), np.array(gradient)
        if self.clip is not None and (length := float(np.linalg.norm(gradient))) > self.clip:
            gradient *= self.clip / length
        self.rule(moved, gradient, self.state, rate, self.steps, np.array(self.settings))
        self.steps += 1
        return moved

    def step(self) -> None:
        """Move every parameter by its gradient. Raises RuntimeError before any backward pass."""
        if all(parameter.grad is UNREACHED for parameter in self.parameters):
            raise RuntimeError(
                f"{type(self).__name__}.step(): no parameter has a gradient yet; "
                "call backward() on the loss first"
            )
        theta = np.array([parameter.data for parameter in self.parameters])
        gradient = np.array([parameter.grad for parameter in self.parameters])
        first = self.steps == 0
        if first:
            rows = {p for table in TABLES for p in flatten(table.weight)}  # not all are picked
            check_gradients([p for p in self.parameters if p not in rows])
        assign(self.parameters, self.update(theta, gradient).tolist())
        if first:  # a zero_grad() that is missing is missing from the first step on
            spend(self.parameters)

    def zero_grad(self) -> None:
        """Forget all gradients, as before the first backward pass."""
        for parameter in self.parameters:
            parameter.grad = UNREACHED


class SGD(Optimiser):
    """θ := θ - lr · v, with v := momentum · v + ∇J + weight_decay · θ: CS229 (7.8)-(7.10).

    Plain gradient descent with the defaults; whether it is stochastic depends on which examples
    J was computed from.

    >>> w = Value(1.0)
    >>> optimiser = SGD([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> w.data
    0.8
    """

    memory = 1

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        clip: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, clip)
        _at_least("momentum", momentum, 0)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def settings(self) -> tuple[float, ...]:
        """Weight decay, momentum, and whether Nesterov's."""
        return self.weight_decay, self.momentum, float(self.nesterov)

    @staticmethod
    def rule(
        theta: Array, gradient: Array, state: Array, rate: float, step: int, settings: Array
    ) -> None:
        """One step of gradient descent; the state is the velocity."""
        weight_decay, momentum, nesterov = settings[0], settings[1], settings[2]
        if weight_decay != 0:
            gradient += weight_decay * theta
        if momentum != 0:
            velocity = state[0]
            if step == 0:
                velocity[:] = gradient
            else:
                velocity[:] = momentum * velocity + gradient
            if nesterov != 0:
                gradient += momentum * velocity
            else:
                gradient[:] = velocity
        theta -= rate * gradient


class Adam(Optimiser):
    """Adam: steps scaled by running means of the gradient (β₁) and of its square (β₂).

    >>> w = Value(1.0)
    >>> optimiser = Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> round(w.data, 6)
    0.9
    """

    memory = 2

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        clip: float | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay, clip)
        for beta in betas:
            if not 0 <= beta < 1:
                raise ValueError(f"Adam: betas must be in [0, 1), got {betas}")
        self.betas = betas
        self.eps = eps

    @property
    def settings(self) -> tuple[float, ...]:
        """Weight decay, β₁, β₂ and ε."""
        return self.weight_decay, *self.betas, self.eps

    @staticmethod
    def rule(
        theta: Array, gradient: Array, state: Array, rate: float, step: int, settings: Array
    ) -> None:
        """One step of Adam; the state is both running means."""
        weight_decay, beta1, beta2, eps = settings[0], settings[1], settings[2], settings[3]
        if weight_decay != 0:
            gradient += weight_decay * theta
        mean, square = state[0], state[1]
        mean += (1 - beta1) * (gradient - mean)
        square[:] = beta2 * square + (1 - beta2) * gradient * gradient
        # both means started at 0; divide out what they still lack
        unbiased1 = 1 - beta1 ** (step + 1)
        unbiased2 = 1 - beta2 ** (step + 1)
        spread = square**0.5 / unbiased2**0.5 + eps
        theta -= rate / unbiased1 * (mean / spread)


OPTIMISERS: dict[str, Callable[..., Optimiser]] = {"sgd": SGD, "adam": Adam}


def resolve_optimiser(
    chosen: Any, parameters: Iterable[Value], lr: Rate | None, clip: float | None
) -> Optimiser:
    """An optimiser as it is, or made of these parameters: of a class, by its name, or Adam."""
    if isinstance(chosen, Optimiser):
        if lr is not None or clip is not None:
            raise ValueError(
                f"lr= and clip= go with an optimiser by name; give them to the one that you made, "
                f"as {type(chosen).__name__}(model.parameters(), lr=0.01)"
            )
        return chosen
    if isinstance(chosen, str):
        if chosen.lower() not in OPTIMISERS:
            raise ValueError(f"unknown optimiser {chosen!r}; {known(chosen, OPTIMISERS)}")
        chosen = OPTIMISERS[chosen.lower()]
    if not (chosen is None or (callable(chosen) and hasattr(chosen, "rule"))):
        raise TypeError(
            f"optimiser is a name ({', '.join(OPTIMISERS)}) or one of nn's, as "
            f"Adam(model.parameters(), lr=0.01); got {chosen!r}"
        )
    made: Optimiser = (chosen or Adam)(parameters, lr=0.01 if lr is None else lr, clip=clip)
    return made


def _at_least(name: str, number: float, low: float) -> None:
    if not isinstance(number, float | int) and not hasattr(number, "__float__"):
        raise TypeError(f"{name} must be a number, got {number!r}")
    if not number >= low or math.isinf(number):
        raise ValueError(f"{name} must be a number of at least {low}, got {number!r}")


# ── learning-rate schedules: functions of the step's number ──────────────────────────────────


def linear(start: float, end: float, over: int) -> Schedule:
    """From `start` at step 0 in a straight line to `end` at step `over`, then constant.

    >>> rate = linear(1.0, 0.1, over=100)  # micrograd's demo
    >>> rate(0), rate(50), rate(200)
    (1.0, 0.55, 0.1)
    """
    return lambda k: start + (end - start) * k / over if k < over else end


def cosine(start: float, over: int, end: float = 0.0) -> Schedule:
    """From `start` at step 0 along half a cosine to `end` at step `over`, then constant."""
    return lambda k: end + (start - end) * (1 + math.cos(math.pi * min(k, over) / over)) / 2


def steps(start: float, every: int, factor: float = 0.1) -> Schedule:
    """`start`, multiplied by `factor` after each `every` steps.

    >>> rate = steps(0.5, every=10, factor=0.1)
    >>> rate(9), rate(10)
    (0.5, 0.05)
    """
    return lambda k: start * factor ** (k // every)


def warmup(over: int, then: Rate) -> Schedule:
    """Growing in a straight line during the first `over` steps; `then` is the rate, or the
    schedule, that goes on from there."""
    return lambda k: (then(k) if callable(then) else then) * min(1.0, (k + 1) / over)


# name -> (rate at the start, number of steps) -> a schedule over that many steps
SCHEDULES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda lr, over: lambda k: lr,
    "linear": lambda lr, over: linear(lr, 0.0, over),
    "cosine": cosine,
    "steps": lambda lr, over: steps(lr, every=max(1, -(-over // 3))),
    "warmup": lambda lr, over: warmup(max(1, over // 10), cosine(lr, over)),
}


def resolve_schedule(chosen: Any, lr: Rate, over: int) -> Schedule:
    """A schedule by its name, which starts at `lr` and ends after `over` steps; or as it is."""
    if callable(chosen):
        return chosen  # type: ignore[no-any-return]
    if chosen not in SCHEDULES:
        raise ValueError(f"unknown schedule {chosen!r}; {known(str(chosen), SCHEDULES)}")
    if callable(lr):
        raise ValueError(f"the optimiser's lr is a schedule already; leave out {chosen!r}")
    return SCHEDULES[chosen](lr, over)
