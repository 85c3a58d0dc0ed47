"""A GPT over letters, gate by gate: it learns first names and then invents some.

    python examples/microgpt.py

The model of microgpt: 27 tokens (a to z, and one for where a name begins and ends), a width of
16, four heads, one layer, 4,192 parameters; Adam, its rate falling in a straight line. It is
written with scalars; what trains are the arrays that the compiler derives from one name.

names.txt holds the 5,163 first names of the United States' census of 1990, which as a work of
the government is in the public domain.
"""

import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autodiff import Value
from nn import (
    Adam,
    AttentionHead,
    Embedding,
    Layer,
    Module,
    Positionwise,
    Residual,
    RMSNorm,
    SelfAttention,
    fit,
    generate,
    losses,
)  # fmt: skip
from nn.optimisers import linear
from viz import draw, plot_attention

LETTERS, END = "abcdefghijklmnopqrstuvwxyz", 26
TOKENS, WIDTH, HEADS, LONGEST = 27, 16, 4, 16
NAMES = (Path(__file__).parent / "names.txt").read_text(encoding="utf-8").split()
LOSS = losses.OverPositions(losses.softmax_cross_entropy)


class GPT(Module):
    """Tokens in, for each the logits of what comes next."""

    def __init__(self, rng: random.Random) -> None:
        def weight(rng: Any) -> float:
            drawn: float = rng.gauss(0, 0.08)
            return drawn

        free: dict[str, Any] = {"bias": False, "init": weight, "rng": rng}

        def norm() -> RMSNorm:
            return RMSNorm(WIDTH, affine=False)

        self.token = Embedding(TOKENS, WIDTH, init=weight, rng=rng)
        self.place = Embedding(LONGEST, WIDTH, init=weight, rng=rng)
        self.norm = Positionwise(norm())
        self.attend = Residual(Positionwise(norm()), SelfAttention(WIDTH, HEADS, **free))
        self.think = Residual(
            Positionwise(norm(), Layer(WIDTH, 64, "relu", **free), Layer(64, WIDTH, **free))
        )
        self.logits = Positionwise(Layer(WIDTH, TOKENS, **free))

    def forward(self, tokens: Sequence[Any]) -> Any:
        """A list of logits for each position."""
        return self.logits(self.think(self.attend(self.embedded(tokens))))

    def embedded(self, tokens: Sequence[Any]) -> Any:
        """The row of each token and that of its place, added up."""
        places = self.place(list(range(len(tokens))))
        pairs = zip(self.token(tokens), places, strict=True)
        return self.norm([[a + b for a, b in zip(*pair, strict=True)] for pair in pairs])

    def looks(self, tokens: Sequence[int]) -> list[list[list[float]]]:
        """[head][position][position]: how much each takes of each."""
        norm, attention = self.attend.body.layers
        assert isinstance(attention, SelfAttention)
        return attention.weights(norm(self.embedded(tokens)))


def encoded(name: str, length: int) -> tuple[list[int], list[int]]:
    """Tokens, and for each the one that comes next; -100 behind the end of the name."""
    letters = [LETTERS.index(letter) for letter in name]
    unused = length - len(letters) - 1
    return [END, *letters] + [END] * unused, [*letters, END] + [-100] * unused


def main(folder: Path | None = None, epochs: int = 3) -> tuple[float, list[str]]:
    """Train, print invented names, draw into `folder`; the last loss and the names."""
    length = max(map(len, NAMES)) + 1
    X, Y = (np.array(table) for table in zip(*(encoded(n, length) for n in NAMES), strict=True))
    rng = random.Random(0)
    model = GPT(rng)
    print(model.summary(X[0]), "\n")
    steps = epochs * -(-len(X) // 16)
    adam = Adam(model.parameters(), lr=linear(0.01, 0.0, over=steps), betas=(0.85, 0.99))
    start = time.perf_counter()
    history = fit(model, X, Y, LOSS, adam, epochs=epochs, batch_size=16, metrics=[], rng=rng)
    print(f"\n{steps} steps of 16 names in {time.perf_counter() - start:.1f} s, {history.engine}")
    print(history.table(), "\n")

    invented = []
    for _ in range(20):
        tokens = generate(model, [END], LONGEST - 1, temperature=0.5, stop=END, rng=rng)
        invented.append("".join(LETTERS[token] for token in tokens))
    print(*invented)
    if folder is not None:
        pictures(model, "katherine", folder)
    return history.loss[-1], invented


def pictures(model: GPT, name: str, folder: Path) -> None:
    """What each head looks at in a name, and one head of two positions, gate by gate."""
    tokens, _ = encoded(name, len(name) + 1)
    axes = plot_attention(model.looks(tokens), f"·{name}")
    attention, head = folder / "attention.png", folder / "head.svg"
    axes[0].figure.savefig(attention, dpi=150)
    queries, keys, values = (
        [[Value(number, label=f"{letter}{t}")] for t, number in enumerate(numbers, start=1)]
        for letter, numbers in (("q", (1.0, 2.0)), ("k", (1.0, -1.0)), ("v", (3.0, 5.0)))
    )
    (_, (gathered,)) = AttentionHead()(queries, keys, values)
    gathered.backward()
    draw(gathered).render(outfile=head)
    print(f"wrote {attention} and {head}")


if __name__ == "__main__":
    loss, _ = main(Path.cwd())
    sys.exit(loss > 2.2)
