"""Embeddings, attention, dropout, sampling and losses over positions, and `fit` on sequences."""

import contextlib
import copy
import math
import random
import statistics
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import Value
from nn import (
    SGD,
    Adam,
    AttentionHead,
    Dropout,
    Embedding,
    Layer,
    LayerNorm,
    Module,
    Positionwise,
    Residual,
    SelfAttention,
    Sequential,
    TransformerBlock,
    fit,
    generate,
    load,
    losses,
    predict,
    sample,
    save,
)
from nn.exchange.serialization import architecture
from nn.module import flatten
from nn.transformer.dropout import dropouts, training


def numbers(nested: Any) -> list[float]:
    return [node.data for node in flatten(nested)]


def test_an_embedding_of_data_is_the_row_that_a_number_picks() -> None:
    table = Embedding(4, 3, rng=0)
    for token in range(4):
        assert numbers(table(Value(token))) == numbers(table(token)) == numbers(table.weight[token])
    assert numbers(table([[0, 1], [2, 3]])) == numbers(table.weight)


def test_embeddings_are_drawn_with_variance_1_unless_told_otherwise() -> None:
    """As in PyTorch, however many tokens there are; a layer's would shrink with its inputs."""
    assert statistics.pvariance(numbers(Embedding(50, 20, rng=0).weight)) == pytest.approx(
        1, rel=0.1
    )
    assert numbers(Embedding(2, 2, init=lambda random: 0.25).weight) == [0.25] * 4


@pytest.mark.parametrize("token", [-1, 4, 1.5])
def test_a_token_that_there_is_not_is_refused(token: float) -> None:
    with pytest.raises(ValueError, match="is not one of the whole numbers 0 to 3"):
        Embedding(4, 2)(token)


def test_attention_looks_back_only() -> None:
    """What comes later changes nothing of what was said before."""
    attention = SelfAttention(4, 2, rng=0)
    rng = random.Random(1)
    z = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(5)]
    before = [numbers(row) for row in attention(z[:3])]
    assert [numbers(row) for row in attention(z)][:3] == before
    open_to_all = SelfAttention(4, 2, causal=False, rng=0)
    assert [numbers(row) for row in open_to_all(z)][:3] != before


def test_attention_weights_are_shares() -> None:
    attention = SelfAttention(6, 3, rng=0)
    rng = random.Random(2)
    weights = np.array(attention.weights([[rng.gauss(0, 1) for _ in range(6)] for _ in range(4)]))
    assert weights.shape == (3, 4, 4)
    np.testing.assert_allclose(weights.sum(axis=-1), 1.0, rtol=1e-15)
    assert (np.triu(weights, 1) == 0).all()


def test_a_head_by_hand() -> None:
    """Scores 1/√1 and 0: weights σ(1) and 1 - σ(1)."""
    head = AttentionHead(causal=False)
    (row,) = head([[1.0]], [[1.0], [0.0]], [[10.0], [20.0]])
    share = 1 / (1 + math.exp(-1))
    assert numbers(row) == pytest.approx([10 * share + 20 * (1 - share)], rel=1e-15)


def test_what_does_not_fit_attention_is_refused() -> None:
    with pytest.raises(ValueError, match="a width of 6 cannot be shared out among 4 heads"):
        SelfAttention(6, 4)
    with pytest.raises(ValueError, match="expects a list of positions, each a row of 4"):
        SelfAttention(4)([1.0, 2.0, 3.0, 4.0])
    with pytest.raises(ValueError, match="expects 4 inputs, got 3"):
        SelfAttention(4)([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("width", [1, 4])
def test_a_block_keeps_the_shape(width: int) -> None:
    block = TransformerBlock(width, dropout=0.5, norm="rms", rng=0)
    rows = block([[0.5] * width] * 3)
    assert [len(row) for row in rows] == [width] * 3
    with pytest.raises(ValueError, match="norm is 'layer' or 'rms', got 'batch'"):
        TransformerBlock(4, norm="batch")


def test_modules_show_themselves() -> None:
    model = Sequential(
        Embedding(5, 4), TransformerBlock(4, 2, hidden=6), Positionwise(Layer(4, 5, bias=False))
    )
    assert repr(model.layers[0]) == "Embedding(5, 4)"
    assert repr(SelfAttention(4, 2, causal=False, bias=False)) == (
        "SelfAttention(4, heads=2, causal=False, bias=False)"
    )
    assert repr(model.layers[1]) == "TransformerBlock(4, heads=2, hidden=6)"
    table = model.summary([1, 2, 3])
    assert table.total == 20 + 4 * 20 + (4 * 6 + 6) + (6 * 4 + 4) + 16 + 20
    assert "Layer(4, 5, bias=False)" in repr(table)


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    model = Sequential(
        Embedding(5, 4, rng=0),
        TransformerBlock(4, 2, hidden=6, nonlinearity="gelu", dropout=0.1, rng=1),
        Residual(Positionwise(LayerNorm(4)), SelfAttention(4, bias=False, rng=2), Dropout(0.2)),
        Positionwise(Layer(4, 5, bias=False, rng=3)),
    )
    save(model, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert architecture(again) == architecture(model)
    assert numbers(again([1, 0, 4])) == numbers(model([1, 0, 4]))


# ── dropout ──────────────────────────────────────────────────────────────────────────────────


def test_dropout_keeps_the_mean_and_its_gradient_is_what_it_let_through() -> None:
    dropout, x = Dropout(0.25, rng=0), [Value(1.0) for _ in range(4000)]
    assert dropout(x) == tuple(x)
    with training(dropout):
        out = dropout(x)
    assert set(numbers(out)) == {0.0, 1 / 0.75}
    assert sum(numbers(out)) / 4000 == pytest.approx(1.0, abs=0.05)
    total = sum(out, start=Value(0.0))
    total.backward()
    assert [leaf.grad for leaf in x] == numbers(out)
    with pytest.raises(ValueError, match="a probability below 1, got 1"):
        Dropout(1)
    assert numbers(copy.deepcopy(dropout)(x[:2])) == [1.0, 1.0]


def test_fit_drops_while_it_steps_and_not_when_it_judges() -> None:
    model = Sequential(Layer(2, 8, "tanh", rng=0), Dropout(0.5, rng=0), Layer(8, 1, rng=1))
    X = np.random.default_rng(0).normal(size=(30, 2))
    history = fit(model, X, X[:, 0], "squared_error", epochs=3, validation=0.2, rng=0,
                  progress=False)  # fmt: skip
    assert history.engine == "eager"
    assert "leaves other numbers out in every call" in history.fallback
    assert predict(model, X).tolist() == predict(model, X).tolist()
    with training(model):
        assert numbers(model([1.0, 2.0])) != numbers(model([1.0, 2.0]))


# ── losses over positions ────────────────────────────────────────────────────────────────────


def test_the_loss_of_a_sequence_is_the_mean_over_the_positions_that_count() -> None:
    loss = losses.OverPositions(losses.softmax_cross_entropy)
    logits = [[Value(a), Value(b), Value(c)] for a, b, c in ((1, 2, 3), (0, 1, 0), (5, 5, 1))]
    first, third = (losses.softmax_cross_entropy(logits[k], t).data for k, t in ((0, 2), (2, 1)))
    assert loss(logits, [2, -100, 1]).data == pytest.approx((first + third) / 2, rel=1e-15)
    assert loss(logits, [Value(2), Value(-100), Value(1)]).data == pytest.approx(
        (first + third) / 2, rel=1e-15
    )
    with pytest.raises(ValueError, match="3 positions, but 2 targets"):
        loss(logits, [0, 1])
    with pytest.raises(ValueError, match="every target is -100"):
        loss(logits, [-100] * 3)


@pytest.mark.parametrize(
    "between",
    [
        [],
        [TransformerBlock(4, 2, hidden=5, rng=1)],
        [TransformerBlock(4, nonlinearity="gelu", norm="rms", bias=False, rng=k) for k in (2, 3)],
    ],
    ids=["nothing", "a block", "two blocks"],
)
def test_texts_of_different_lengths_share_one_program(between: list[Module]) -> None:
    """Compiled, padded rows give the loss and gradients that they give one by one."""
    model = Sequential(Embedding(4, 4, rng=0), *between, Positionwise(Layer(4, 4, rng=1)))
    loss = losses.OverPositions(losses.softmax_cross_entropy)

    def cost(tokens: Any, targets: Any) -> Value:
        return loss(model(tokens), targets)

    X = np.array([[0, 1, 2, 3], [3, 2, 0, 0], [1, 0, 0, 0]], dtype=float)
    Y = np.array([[1, 2, 3, 0], [2, 1, -100, -100], [3, -100, -100, -100]], dtype=float)
    program = autodiff.compile(cost, backend="numpy")
    J = program(X, Y)
    compiled = {p: p.grad for p in model.parameters()}
    model.zero_grad()
    short = losses.cost(model, [[0, 1, 2, 3], [3, 2], [1]], [[1, 2, 3, 0], [2, 1], [3]], loss)
    short.backward()
    assert pytest.approx(short.data, rel=1e-14) == J
    for parameter, slope in compiled.items():
        assert slope == pytest.approx(parameter.grad, rel=1e-12, abs=1e-15)


def test_fit_refuses_targets_that_no_position_has() -> None:
    model = Sequential(Embedding(3, 2), Positionwise(Layer(2, 3)))
    loss = losses.OverPositions(losses.softmax_cross_entropy)
    with pytest.raises(ValueError, match="row 1, position 0 is 3; the classes are the whole"):
        fit(model, [[0, 1], [1, 2]], [[0, 1], [3, 0]], loss, epochs=1, progress=False)
    with pytest.raises(ValueError, match="3 targets in each row, but the network has 2 positions"):
        fit(model, [[0, 1]], [[0, 1, 2]], loss, progress=False)
    with pytest.raises(ValueError, match=r"a row of logits for each position, got shape \(3,\)"):
        fit(Layer(2, 3), [[0, 1]], [[0, 1]], loss, progress=False)


# ── training and sampling ────────────────────────────────────────────────────────────────────


class Counting(Module):
    """A little transformer over five tokens and four positions."""

    def __init__(self) -> None:
        rng = random.Random(3)
        self.token, self.place = Embedding(5, 8, rng=rng), Embedding(4, 8, rng=rng)
        self.body = Sequential(
            TransformerBlock(8, 2, hidden=8, rng=rng), Positionwise(Layer(8, 5, rng=rng))
        )

    def forward(self, tokens: Any) -> Any:
        """Logits of the next token."""
        placed = zip(self.token(tokens), self.place(list(range(len(tokens)))), strict=True)
        return self.body([[a + b for a, b in zip(*both, strict=True)] for both in placed])


def test_a_sequence_model_learns_to_count_and_counts() -> None:
    """Steps of one or two, told by the two tokens before: 0 1 2 3 or 0 2 4 1."""
    model = Counting()
    X = [[(start + step * k) % 5 for k in range(4)] for start in range(5) for step in (1, 2)]
    Y = [[-100, *((row[k] + row[1] - row[0]) % 5 for k in range(1, 4))] for row in X]
    loss = losses.OverPositions(losses.softmax_cross_entropy)
    adam = Adam(model.parameters(), lr=0.02)
    history = fit(model, X, Y, loss, adam, epochs=60, engine="compiled", rng=0, progress=False)
    assert history.loss[-1] < 0.05
    assert history["accuracy"][-1] == 1.0
    decided = predict(model, X, loss)
    assert decided.shape == (10, 4)
    assert (decided[:, 1:] == np.array(Y)[:, 1:]).all()
    assert generate(model, [1, 2], 2, temperature=0) == [3, 4]
    assert generate(model, [1, 3], 2, temperature=0) == [0, 2]


def test_sampling_has_the_probabilities_of_the_softmax() -> None:
    rng = random.Random(0)
    logits = [Value(math.log(p)) for p in (0.2, 0.5, 0.3)]
    drawn = Counter(sample(logits, rng=rng) for _ in range(4000))
    assert [drawn[k] / 4000 for k in range(3)] == pytest.approx([0.2, 0.5, 0.3], abs=0.03)
    cold = Counter(sample(logits, temperature=0.1, rng=rng) for _ in range(400))
    assert cold[1] > 390
    assert sample([1000.0, 0.0]) == 0
    with pytest.raises(ValueError, match="a temperature is a number of at least 0"):
        sample(logits, temperature=-1)


def test_generation_stops_and_sees_its_context_alone() -> None:
    seen = []

    def model(tokens: list[int]) -> list[list[float]]:
        seen.append(list(tokens))
        return [[0.0, 1.0] for _ in tokens]

    assert generate(model, [0], 3, temperature=0, context=2) == [1, 1, 1]
    assert seen == [[0], [0, 1], [1, 1]]
    assert generate(model, [0], 3, temperature=0, stop=1) == []


def test_rows_that_were_not_picked_are_no_mistake() -> None:
    """Other parameters that a loss does not reach are warned of at an optimiser's first step."""
    table, layer, other = Embedding(4, 2, rng=0), Layer(2, 1, rng=0), Value(1.0, label="other")
    for extra, said in ([], 0), ([other], 1):
        optimiser = SGD([*table.parameters(), *layer.parameters(), *extra], lr=0.1)
        optimiser.zero_grad()
        (layer(table(2)) ** 2).backward()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            optimiser.step()
        assert len(warned) == said


def test_no_ctrl_c_leaves_a_dropout_switched_on() -> None:
    """At whatever call of ours it comes."""
    model = Sequential(Dropout(0.5), Dropout(0.5))
    left = struck = 0

    def strike(_frame: object, event: str, _argument: object) -> None:
        nonlocal left
        if event in ("call", "c_return"):
            left -= 1
            if not left:
                raise KeyboardInterrupt

    while left <= 0:
        struck += 1
        left = struck
        with contextlib.suppress(KeyboardInterrupt):
            sys.setprofile(strike)
            try:
                with training(model):
                    pass
            finally:
                sys.setprofile(None)
        assert [layer.training for layer in dropouts(model)] == [False, False], struck
    assert struck > 10
