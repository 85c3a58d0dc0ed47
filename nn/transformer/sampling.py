"""Sampling: the next token drawn from what a network says of it, again and again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from autodiff import Value

from ..initialisation import generator

__all__ = ["generate", "sample"]


def sample(logits: Sequence[Value | float], temperature: float = 1.0, rng: Any = None) -> int:
    """An index, drawn with the probabilities softmax(logits / temperature).

    A temperature below 1 prefers the likely ones; at 0 it is always the likeliest.

    >>> sample([0.0, 5.0, 1.0], temperature=0)
    1
    """
    if not temperature >= 0:
        raise ValueError(f"a temperature is a number of at least 0, got {temperature!r}")
    numbers = [x.data if isinstance(x, Value) else float(x) for x in logits]
    top = max(numbers)
    if temperature == 0:
        return numbers.index(top)
    weights = [math.exp((x - top) / temperature) for x in numbers]
    return generator(rng).choices(range(len(numbers)), weights)[0]


def generate(
    model: Callable[[Any], Any],
    start: Sequence[int],
    length: int,
    *,
    temperature: float = 1.0,
    stop: int | None = None,
    context: int | None = None,
    rng: Any = None,
) -> list[int]:
    """The tokens that follow `start`, at most `length` of them.

    model    from a list of tokens to a list of logits for each position: what comes after it
    stop     the token that ends a text; it is not returned
    context  how many of the last tokens the model is given; None: all

    >>> def counts(tokens):  # after t comes t + 1
    ...     return [[9.0 if k == (t + 1) % 5 else 0.0 for k in range(5)] for t in tokens]
    >>> generate(counts, [1], length=10, temperature=0, stop=0)
    [2, 3, 4]
    """
    tokens, rng = list(start), generator(rng)
    for _ in range(length):
        seen = tokens if context is None else tokens[-context:]
        token = sample(model(seen)[-1], temperature, rng)
        if token == stop:
            break
        tokens.append(token)
    return tokens[len(start) :]
