"""Neurons, layers, losses, optimisers and training, on glassgrad's engine."""

from . import losses
from .activations import Activation, softmax
from .history import History
from .layers import MLP, Layer, LayerNorm, Neuron, Residual, Sequential
from .module import Module
from .nonfinite import NonFiniteError
from .optimisers import SGD, Adam, Optimiser
from .training import batches, evaluate, fit, predict

__all__ = [
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "History",
    "Layer",
    "LayerNorm",
    "Module",
    "Neuron",
    "NonFiniteError",
    "Optimiser",
    "Residual",
    "Sequential",
    "batches",
    "evaluate",
    "fit",
    "losses",
    "predict",
    "softmax",
]
