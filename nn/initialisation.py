"""How weights start. Everything random comes from one generator, so equal seeds repeat a run."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from autodiff import Value

from .activations import Nonlinearity
from .checks import known

__all__ = ["SCHEMES", "Generator", "Init", "generator", "initialiser"]


Generator: TypeAlias = random.Random
Draw: TypeAlias = Callable[[Generator], float]
Init: TypeAlias = "str | Draw | None"


def generator(rng: Any) -> Generator:
    """A source of random numbers from a seed, a `random.Random`, a NumPy generator, or None.

    None is the module `random` itself, so that `random.seed(1337)` does what one expects.

    >>> generator(7).uniform(0, 1) == generator(random.Random(7)).uniform(0, 1)
    True
    """
    if rng is None:
        return cast("Generator", random)  # it has the same functions
    if isinstance(rng, int) and not isinstance(rng, bool):
        return random.Random(rng)
    if hasattr(rng, "integers"):  # numpy.random.Generator
        return random.Random(int(rng.integers(2**63)))
    if hasattr(rng, "gauss") and hasattr(rng, "sample"):
        return cast("Generator", rng)
    raise TypeError(f"rng must be a seed, a random.Random or a NumPy generator, got {rng!r}")


# name -> (fan in, fan out) -> how to draw one weight
SCHEMES: dict[str, Callable[[int, int], Draw]] = {
    "uniform": lambda nin, nout: lambda rng: rng.uniform(-1, 1),  # micrograd's
    "he": lambda nin, nout: _normal(math.sqrt(2 / nin)),
    "he_uniform": lambda nin, nout: _uniform(math.sqrt(6 / nin)),
    "xavier": lambda nin, nout: _normal(math.sqrt(2 / (nin + nout))),
    "xavier_uniform": lambda nin, nout: _uniform(math.sqrt(6 / (nin + nout))),
    "lecun": lambda nin, nout: _normal(math.sqrt(1 / nin)),
    "normal": lambda nin, nout: _normal(1.0),
    "zeros": lambda nin, nout: lambda rng: 0.0,
}


OUTPUT = 0.3  # the weights of an MLP's last layer, relative to what keeps a signal's size


def _normal(deviation: float) -> Draw:
    return lambda rng: rng.gauss(0.0, deviation)


def _uniform(bound: float) -> Draw:
    return lambda rng: rng.uniform(-bound, bound)


def initialiser(init: Init, activation: Nonlinearity, nin: int, nout: int) -> Draw:
    """How to draw the weights of a layer of `nout` neurons with `nin` inputs each.

    None draws from a normal distribution of variance gain² / nin, where the gain makes up for
    what the activation takes away (see `gain`): He's rule for ReLU and its kin, Xavier's (for
    fan-in) for the rest.
    """
    if init is None:
        return fan_in(nin, activation)
    if callable(init):
        return init
    if init not in SCHEMES:
        raise ValueError(f"unknown init {init!r}; {known(str(init), ['None', *SCHEMES])}")
    return SCHEMES[init](nin, nout)


def fan_in(nin: int, activation: Nonlinearity, scale: float = 1.0) -> Draw:
    """Normal, of variance (scale · gain)² / nin."""
    return _normal(scale * gain(activation) / math.sqrt(nin))


def gain(activation: Nonlinearity) -> float:
    """By how much an activation shrinks what passes, read off its slopes far out.

    A gate with slopes s₋ and s₊ at the two ends keeps (s₋² + s₊²)/2 of a symmetric signal's mean
    square: ReLU half of it, so its gain is √2. One that levels off has gain 1.

    >>> from nn.activations import resolve
    >>> gain(resolve("relu")), gain(resolve("tanh")), gain(resolve(None))
    (1.4142135623730951, 1.0, 1.0)
    """
    function = activation.function
    if function is None or activation.row:
        return 1.0
    far = 10.0
    try:
        kept = sum((function(Value(end)).data / far) ** 2 for end in (-far, far)) / 2
    except (ArithmeticError, ValueError):  # not defined on one side: nothing to go by
        return 1.0
    # √2 for slopes 0 and 1: rounded, since GELU and softplus reach their slopes only at infinity
    return round(kept, 3) ** -0.5 if 0.1 < kept < 10 else 1.0
