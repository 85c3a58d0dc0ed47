"""Neurons, layers, losses, optimisers and training, on glassgrad's engine."""

from typing import TYPE_CHECKING

from autodiff.exports import lazily

from . import losses

if TYPE_CHECKING:
    from .activations import Activation, softmax
    from .conv import Conv1D, Conv2D, Flatten
    from .exchange.export import export
    from .exchange.interchange import from_torch, to_torch
    from .exchange.serialization import load, load_optimiser, save
    from .layers import MLP, Layer, Neuron
    from .module import Module
    from .normalisation import LayerNorm, RMSNorm
    from .optimisers import SGD, Adam, Optimiser
    from .report.diagnosis import Diagnosis, diagnose
    from .sequential import Residual, Sequential
    from .training.data import batches
    from .training.history import History
    from .training.loop import evaluate, fit, predict, predict_proba
    from .training.nonfinite import NonFiniteError
    from .transformer.attention import AttentionHead, SelfAttention
    from .transformer.block import Positionwise, TransformerBlock
    from .transformer.dropout import Dropout
    from .transformer.embedding import Embedding
    from .transformer.sampling import generate, sample

__all__ = [
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "AttentionHead",
    "Conv1D",
    "Conv2D",
    "Diagnosis",
    "Dropout",
    "Embedding",
    "Flatten",
    "History",
    "Layer",
    "LayerNorm",
    "Module",
    "Neuron",
    "NonFiniteError",
    "Optimiser",
    "Positionwise",
    "RMSNorm",
    "Residual",
    "SelfAttention",
    "Sequential",
    "TransformerBlock",
    "batches",
    "diagnose",
    "evaluate",
    "export",
    "fit",
    "from_torch",
    "generate",
    "load",
    "load_optimiser",
    "losses",
    "predict",
    "predict_proba",
    "sample",
    "save",
    "softmax",
    "to_torch",
]

__getattr__, __dir__ = lazily(__name__)
