"""The modules of a transformer against PyTorch's: outputs, gradients, names, weights."""

from typing import Any

import numpy as np
import pytest

from autodiff import Value
from autodiff.functional import gradients
from nn import (
    Embedding,
    Layer,
    LayerNorm,
    Module,
    Positionwise,
    Residual,
    RMSNorm,
    SelfAttention,
    Sequential,
    TransformerBlock,
    from_torch,
    to_torch,
)
from nn.module import flatten
from tests.oracles import oracle

torch = oracle("torch")
pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)


def shaken(model: Module) -> Module:
    """Parameters that are all different from 0 and 1, biases too."""
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data += rng.normal() / 4
    return model


def agree(model: Module, given: Any, theirs_given: Any) -> None:
    """Outputs and the gradients of all parameters, of Σ k · output k."""
    network = to_torch(model).train()
    theirs = network(theirs_given)
    weights = np.random.default_rng(2).normal(size=tuple(theirs.shape))
    ours = list(flatten(model(given)))
    found = np.array([node.data for node in ours])
    np.testing.assert_allclose(found, theirs.detach().numpy().ravel(), rtol=1e-12, atol=1e-13)
    if not model.parameters():
        return
    (theirs * torch.tensor(weights)).sum().backward()
    total: Value = sum(
        (a * float(w) for a, w in zip(ours, weights.ravel(), strict=True)), Value(0.0)
    )
    names = [name for name, _ in model.named_parameters()]
    slopes = gradients(total, model.parameters())
    expected = {name: p.grad.numpy() for name, p in network.named_parameters()}
    for name, slope in zip(names, slopes, strict=True):
        array, _, place = name.partition("[")
        at = tuple(int(i) for i in place.rstrip("]").split(",")) if place else ()
        full = array if array in expected else f"0.{array}"
        assert slope == pytest.approx(float(expected[full][at]), rel=1e-10, abs=1e-12), name


SEQUENCE = RNG.normal(size=(5, 8))


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("heads", [1, 2, 4])
def test_attention_is_that_of_multihead_attention(heads: int, causal: bool, bias: bool) -> None:
    model = shaken(SelfAttention(8, heads, causal, bias=bias, rng=0))
    agree(model, SEQUENCE.tolist(), torch.tensor(SEQUENCE))


@pytest.mark.parametrize(
    "options",
    [{}, {"causal": False}, {"hidden": 5, "nonlinearity": "gelu"}, {"bias": False}],
    ids=str,
)
def test_a_block_is_a_transformer_encoder_layer_with_the_norms_first(options: Any) -> None:
    model = shaken(TransformerBlock(8, 2, rng=0, **options))
    agree(model, SEQUENCE.tolist(), torch.tensor(SEQUENCE))


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
@pytest.mark.parametrize("affine", [True, False])
def test_norms(kind: Any, affine: bool) -> None:
    model = shaken(Positionwise(kind(8, eps=1e-3, affine=affine)))
    agree(model, SEQUENCE.tolist(), torch.tensor(SEQUENCE))


def test_an_embedding_picks_rows() -> None:
    tokens = [3, 0, 3, 1]
    agree(Embedding(5, 4, rng=0), tokens, torch.tensor(tokens))


def test_a_whole_network_goes_to_pytorch_and_back() -> None:
    model = Sequential(
        Embedding(6, 8, rng=0),
        TransformerBlock(8, 2, rng=1),
        Residual(Positionwise(RMSNorm(8)), SelfAttention(8, 4, bias=False, rng=2)),
        Positionwise(LayerNorm(8), Layer(8, 6, bias=False, rng=3)),
    )
    tokens = [1, 5, 0, 0, 2]
    agree(shaken(model), tokens, torch.tensor(tokens))
    network = to_torch(model)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5).add_(0.1)
    agree(from_torch(network, model), tokens, torch.tensor(tokens))


def test_a_block_with_rms_norm_has_no_counterpart() -> None:
    with pytest.raises(ValueError, match="has LayerNorm, not 'rms'"):
        to_torch(TransformerBlock(4, norm="rms"))
