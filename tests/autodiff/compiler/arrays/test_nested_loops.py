"""Random programs of nested loops: whatever axes are found, the numbers are the eager engine's."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodiff import GATES, Value
from tests.autodiff.compiler.test_equality import agree

Grid = list[list[Value]]  # positions, features


class Program:
    """Layers drawn at random; the same numbers give the same program."""

    def __init__(self, seed: int, layers: int) -> None:
        self.rng = random.Random(seed)
        self.length, self.width = self.rng.randint(2, 6), self.rng.choice([1, 2, 3, 4, 6])
        self.layers = [self.layer() for _ in range(layers)]

    def number(self) -> Value:
        return Value(self.rng.uniform(-1, 1))

    def matrix(self, m: int, n: int) -> Grid:
        return [[self.number() for _ in range(n)] for _ in range(m)]

    def __call__(self, x: Grid) -> Value:
        for layer in self.layers:
            x = layer(x)
        weights = iter(range(1, 1000))
        return sum(v * (0.1 * next(weights)) for row in x for v in row)  # type: ignore[return-value]

    def layer(self) -> Callable[[Grid], Grid]:
        kinds = ["linear", "each", "window", "triangle", "attention", "turn", "norm", "residual"]
        kind = self.rng.choice([*kinds, "reverse", "scan", "stride", "concatenate", "scale"])
        made: Callable[[Grid], Grid] = getattr(self, kind)()
        return made

    def linear(self) -> Callable[[Grid], Grid]:
        """A layer at every position, with weights in common or of its own."""
        out = self.rng.randint(1, 5)
        own, biased = self.rng.random() < 0.3, self.rng.random() < 0.5
        layers = [(self.matrix(out, 12), self.matrix(1, out)[0]) for _ in range(12 if own else 1)]

        def layer(x: Grid) -> Grid:
            result = []
            for t, row in enumerate(x):
                w, b = layers[t % len(layers)]
                z = [sum(wi * xi for wi, xi in zip(line, row, strict=False)) for line in w]
                result.append([zi + bi for zi, bi in zip(z, b, strict=True)] if biased else z)
            return result  # type: ignore[return-value]

        return layer

    def each(self) -> Callable[[Grid], Grid]:
        f = self.rng.choice([Value.tanh, Value.sigmoid, Value.relu, Value.sin, lambda v: v * v])
        return lambda x: [[f(v) for v in row] for row in x]

    def window(self) -> Callable[[Grid], Grid]:
        """Sums over neighbours, cut off or padded at the ends."""
        before, after = self.rng.randint(0, 2), self.rng.randint(0, 2)
        taps = [self.number() for _ in range(before + after + 1)]
        padded, backwards = self.rng.random() < 0.5, self.rng.random() < 0.3

        def layer(x: Grid) -> Grid:
            result = []
            for t in range(len(x)):
                near = [u for u in range(t - before, t + after + 1) if padded or 0 <= u < len(x)]
                near = near[::-1] if backwards else near
                zero = [Value(0.0)] * len(x[0])
                rows = [x[u] if 0 <= u < len(x) else zero for u in near]
                result.append(
                    [
                        sum(
                            taps[u - t + before] * row[c] for u, row in zip(near, rows, strict=True)
                        )
                        for c in range(len(x[0]))
                    ]
                )
            return result  # type: ignore[return-value]

        return layer

    def stride(self) -> Callable[[Grid], Grid]:
        step, size = self.rng.randint(1, 2), self.rng.randint(1, 2)
        taps = [self.number() for _ in range(size)]

        def layer(x: Grid) -> Grid:
            starts = range(0, max(1, len(x) - size + 1), step)
            columns = list(zip(*x, strict=True))
            cuts = [slice(t, t + size) for t in starts]
            return [[GATES["dot"](taps[: len(c[cut])], c[cut]) for c in columns] for cut in cuts]

        return layer

    def triangle(self) -> Callable[[Grid], Grid]:
        """Sums over all positions before, or after."""
        reduce = self.rng.choice(["sum", "logsumexp", "mean"])
        later = self.rng.random() < 0.4

        def layer(x: Grid) -> Grid:
            n = len(x)
            return [
                [GATES[reduce]([x[u][c] for u in (range(t, n) if later else range(t + 1))])
                 for c in range(len(x[0]))] for t in range(n)
            ]  # fmt: skip

        return layer

    def attention(self) -> Callable[[Grid], Grid]:
        """Positions mixed by how alike they are; by hand or with logsumexp, in heads or not."""
        kind = self.rng.choice(["full", "causal", "later", "band", "strict"])
        by_hand, heads = self.rng.random() < 0.4, self.rng.choice([1, 2])
        scale = self.number()

        def layer(x: Grid) -> Grid:
            n, width = len(x), len(x[0])
            parts = heads if width % heads == 0 else 1
            size = width // parts
            result = []
            for t in range(n):
                seen = {
                    "full": range(n),
                    "causal": range(t + 1),
                    "later": range(t, n),
                    "band": range(max(0, t - 1), t + 1),
                    "strict": range(max(t, 1)),
                }[kind]
                row: list[Value] = []
                for h in range(parts):
                    at = range(h * size, (h + 1) * size)
                    scores = [sum(x[t][i] * x[u][i] for i in at) * scale for u in seen]
                    if by_hand:
                        powers = [s.exp() for s in scores]  # type: ignore[union-attr]
                        total = sum(powers)
                        share = [p / total for p in powers]
                    else:
                        total = GATES["logsumexp"](scores)
                        share = [(s - total).exp() for s in scores]
                    row += [sum(a * x[u][i] for a, u in zip(share, seen, strict=True)) for i in at]  # type: ignore[misc]
                result.append(row)
            return result

        return layer

    def turn(self) -> Callable[[Grid], Grid]:
        return lambda x: [list(column) for column in zip(*x, strict=True)]

    def reverse(self) -> Callable[[Grid], Grid]:
        return lambda x: x[::-1]

    def norm(self) -> Callable[[Grid], Grid]:
        def layer(x: Grid) -> Grid:
            scales = [(GATES["mean"]([v * v for v in row]) + 1e-2) ** -0.5 for row in x]
            return [[v * s for v in row] for row, s in zip(x, scales, strict=True)]

        return layer

    def residual(self) -> Callable[[Grid], Grid]:
        inner = self.rng.choice([self.each, self.window, self.attention, self.norm])()
        return lambda x: [
            [a + b for a, b in zip(*rows, strict=True)] for rows in zip(x, inner(x), strict=True)
        ]

    def scan(self) -> Callable[[Grid], Grid]:
        """Each position is fed by the one before."""
        keep = self.number()

        def layer(x: Grid) -> Grid:
            result = [x[0]]
            for row in x[1:]:
                before = result[-1]
                result.append([(keep * b + a).tanh() for a, b in zip(row, before, strict=True)])
            return result

        return layer

    def concatenate(self) -> Callable[[Grid], Grid]:
        inner = self.rng.choice([self.each, self.reverse, self.scale])()
        down = self.rng.random() < 0.4

        def layer(x: Grid) -> Grid:
            other = inner(x)
            return x + other if down else [a + b for a, b in zip(x, other, strict=True)]

        return layer

    def scale(self) -> Callable[[Grid], Grid]:
        """Parameters, or constants, along positions or features."""
        constant, along = self.rng.random() < 0.4, self.rng.random() < 0.5
        numbers = [self.number() for _ in range(64)]
        if constant:
            numbers = [v.data for v in numbers]  # type: ignore[misc]
        return lambda x: [
            [v * numbers[(t if along else c) % 64] for c, v in enumerate(row)]
            for t, row in enumerate(x)
        ]


@given(seed=st.integers(0, 10**6), layers=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_programs_of_nested_loops(seed: int, layers: int) -> None:
    """Positions, heads, windows, strides, triangles, reversed orders, weights shared and not."""
    program = Program(seed, layers)
    rows = np.random.default_rng(seed).normal(size=(2, program.length, program.width))
    agree(program, rows)


def test_programs_of_nested_loops_as_machine_code() -> None:
    pytest.importorskip("llvmlite")
    for seed in range(20):
        program = Program(seed, 1 + seed % 3)
        rows = np.random.default_rng(seed).normal(size=(2, program.length, program.width))
        agree(program, rows, backend="native")
