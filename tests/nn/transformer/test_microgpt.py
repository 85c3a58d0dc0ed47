"""microgpt: the published model, trained from the published start, has the published losses."""

import random
from typing import Any

import numpy as np
import pytest

from nn import (
    Adam,
    Embedding,
    Layer,
    Module,
    Positionwise,
    Residual,
    RMSNorm,
    SelfAttention,
    Sequential,
    losses,
)
from nn.optimisers import linear
from nn.training.engines import Compiled, read

NAMES = 32_033  # in the list of names that the model was published with
FIRST = ["yuheng", "diondre", "xavien", "jori", "juanluis", "erandi", "phia", "samatha",
         "phoenix"]  # fmt: skip
LOSSES = [3.3660, 3.4243, 3.1778, 3.0664, 3.2209, 2.9452, 3.2894, 3.3245, 2.8990]
BOUNDARY, TOKENS, WIDTH, HEADS, POSITIONS = 26, 27, 16, 4, 16


class GPT(Module):
    """One layer, without biases and gains."""

    def __init__(self) -> None:
        free: dict[str, Any] = {"bias": False, "init": "zeros"}
        self.token = Embedding(TOKENS, WIDTH, init="zeros")
        self.position = Embedding(POSITIONS, WIDTH, init="zeros")
        self.attention = SelfAttention(WIDTH, HEADS, **free)
        self.wide = Layer(WIDTH, 4 * WIDTH, "relu", **free)
        self.narrow = Layer(4 * WIDTH, WIDTH, **free)
        self.logits = Positionwise(Layer(WIDTH, TOKENS, **free))

        def norm() -> RMSNorm:
            return RMSNorm(WIDTH, affine=False)

        self.body = Sequential(
            Positionwise(norm()),
            Residual(Positionwise(norm()), self.attention),
            Residual(Positionwise(norm(), self.wide, self.narrow)),
        )

    def forward(self, tokens: Any) -> Any:
        """The logits of what comes next, for each position."""
        placed = zip(self.token(tokens), self.position(list(range(len(tokens)))), strict=True)
        return self.logits(
            self.body([[a + b for a, b in zip(*two, strict=True)] for two in placed])
        )

    def draw(self, rng: random.Random) -> None:
        """The published order of random numbers: matrix by matrix, row by row."""
        attention = self.attention
        for holder in (self.token, self.position, self.logits, attention.query, attention.key,
                       attention.value, attention.out_proj, self.wide, self.narrow):  # fmt: skip
            for parameter in holder.parameters():
                parameter.data = rng.gauss(0, 0.08)


@pytest.fixture
def model() -> GPT:
    rng = random.Random(42)
    rng.shuffle(list(range(NAMES)))  # the names were shuffled first
    made = GPT()
    made.draw(rng)
    return made


LOSS = losses.OverPositions(losses.softmax_cross_entropy)


def adam(model: GPT) -> Adam:
    rate = linear(0.01, 0.0, over=1000)
    return Adam(model.parameters(), lr=rate, betas=(0.85, 0.99), eps=1e-8)


def test_the_first_nine_losses_are_the_published_ones(model: GPT) -> None:
    """To all four digits that were published; a name a step."""
    assert len(model.parameters()) == 4192
    optimiser, found = adam(model), []
    for name in FIRST:
        letters = [ord(letter) - ord("a") for letter in name]
        node = LOSS(model([BOUNDARY, *letters]), [*letters, BOUNDARY])
        optimiser.zero_grad()
        node.backward()
        optimiser.step()
        found.append(round(node.data, 4))
    assert found == LOSSES


def test_the_compiled_program_has_them_too(model: GPT) -> None:
    """One program for all names: what lies behind a name's end does not count."""
    optimiser, found = adam(model), []
    engine = Compiled(model, LOSS, optimiser.parameters)
    theta = read(optimiser.parameters)
    for name in FIRST:
        letters = [ord(letter) - ord("a") for letter in name]
        unused = 8 - len(letters)
        X = np.array([[BOUNDARY, *letters] + [BOUNDARY] * unused], dtype=float)
        Y = np.array([[*letters, BOUNDARY] + [-100] * unused], dtype=float)
        cost, gradient = engine.cost_and_gradient(theta, X, Y)
        theta = optimiser.update(theta, gradient)
        found.append(round(cost, 4))
    assert found == LOSSES
