"""Optimisers: how parameters move, given their gradients.

The rule of each optimiser is one function of two arrays, `update(theta, gradient)`, in NumPy.
`step()` applies it to the parameters' `.data` and `.grad`; a compiled training loop calls it on
its own arrays. The rules are PyTorch's, to the last bits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeAlias

from autodiff.misuse import check_gradients, spend
from autodiff.value import UNREACHED, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]

__all__ = ["SGD", "Adam", "Optimiser", "Rate", "cosine", "linear", "steps", "warmup"]

Schedule: TypeAlias = Callable[[int], float]
Rate: TypeAlias = float | Schedule


class Optimiser:
    """Base: subclass it and define `update`.

    lr is a number, or a schedule: a function from the step's number (0, 1, ...) to a number.
    """

    def __init__(self, parameters: Iterable[Value], lr: Rate, weight_decay: float = 0.0) -> None:
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
        self.lr = lr
        self.weight_decay = weight_decay
        self.steps = 0

    def update(self, theta: Array, gradient: Array) -> Array:
        """The parameters after one more step. Never changes its arguments."""
        raise NotImplementedError

    def next_rate(self) -> float:
        """The learning rate of the step that begins, which is counted."""
        rate = self.lr(self.steps) if callable(self.lr) else self.lr
        self.steps += 1
        return rate

    def step(self) -> None:
        """Move every parameter by its gradient. Raises RuntimeError before any backward pass."""
        import numpy as np

        if all(parameter.grad is UNREACHED for parameter in self.parameters):
            raise RuntimeError(
                f"{type(self).__name__}.step(): no parameter has a gradient yet; "
                "call backward() on the loss first"
            )
        theta = np.array([parameter.data for parameter in self.parameters])
        gradient = np.array([parameter.grad for parameter in self.parameters])
        first = self.steps == 0
        if first:
            check_gradients(self.parameters)
        moved = self.update(theta, gradient).tolist()
        for parameter, number in zip(self.parameters, moved, strict=True):
            parameter.data = number
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

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate = 0.01,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        _at_least("momentum", momentum, 0)
        if nesterov and not momentum:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        self.momentum = momentum
        self.nesterov = nesterov
        self.velocity: Array | None = None

    def update(self, theta: Array, gradient: Array) -> Array:
        """One step of gradient descent."""
        rate = self.next_rate()
        if self.weight_decay:
            gradient = gradient + self.weight_decay * theta
        if self.momentum:
            if self.velocity is None:
                self.velocity = gradient.copy()
            else:
                self.velocity = self.momentum * self.velocity + gradient
            gradient = gradient + self.momentum * self.velocity if self.nesterov else self.velocity
        return theta - rate * gradient


class Adam(Optimiser):
    """Adam: steps scaled by running means of the gradient (β₁) and of its square (β₂).

    >>> w = Value(1.0)
    >>> optimiser = Adam([w], lr=0.1)
    >>> (w * w).backward()
    >>> optimiser.step()
    >>> round(w.data, 6)
    0.9
    """

    def __init__(
        self,
        parameters: Iterable[Value],
        lr: Rate = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr, weight_decay)
        for beta in betas:
            if not 0 <= beta < 1:
                raise ValueError(f"Adam: betas must be in [0, 1), got {betas}")
        self.betas = betas
        self.eps = eps
        self.mean: Array | None = None
        self.square: Array | None = None

    def update(self, theta: Array, gradient: Array) -> Array:
        """One step of Adam."""
        import numpy as np

        rate = self.next_rate()
        beta1, beta2 = self.betas
        if self.weight_decay:
            gradient = gradient + self.weight_decay * theta
        if self.mean is None or self.square is None:
            self.mean = np.zeros_like(theta)
            self.square = np.zeros_like(theta)
        self.mean = self.mean + (1 - beta1) * (gradient - self.mean)
        self.square = beta2 * self.square + (1 - beta2) * gradient * gradient
        # both means started at 0; divide out what they still lack
        unbiased1 = 1 - beta1**self.steps
        unbiased2 = 1 - beta2**self.steps
        spread = np.sqrt(self.square) / math.sqrt(unbiased2) + self.eps
        moved: Array = theta - rate / unbiased1 * (self.mean / spread)
        return moved


def _at_least(name: str, number: float, low: float) -> None:
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
