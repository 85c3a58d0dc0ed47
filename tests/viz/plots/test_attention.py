"""The picture of attention shows its weights."""

import random

import matplotlib.pyplot as plt
import numpy as np
import pytest

from nn import SelfAttention
from viz import plot_attention

RNG = random.Random(0)
ROWS = [[RNG.gauss(0, 1) for _ in range(6)] for _ in range(4)]


def test_a_square_for_each_head_with_its_weights_and_the_tokens() -> None:
    weights = SelfAttention(6, 3, rng=0).weights(ROWS)
    axes = plot_attention(weights, ".abc")
    assert [ax.get_title() for ax in axes] == ["head 1", "head 2", "head 3"]
    for ax, head in zip(axes, weights, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), head)
        assert ax.images[0].get_clim() == (0, 1)
        assert [label.get_text() for label in ax.get_xticklabels()] == list(".abc")
    plt.close("all")


def test_tokens_that_are_not_as_many_are_refused() -> None:
    with pytest.raises(ValueError, match="3 tokens for 4 positions"):
        plot_attention(SelfAttention(6, rng=0).weights(ROWS), "abc")
