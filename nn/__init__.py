"""Neurons, layers, losses, optimisers and training, on glassgrad's engine."""

from . import losses
from .activations import Activation, softmax
from .layers import MLP, Layer, LayerNorm, Neuron, Residual, Sequential
from .module import Module
from .optimisers import SGD, Adam, Optimiser

__all__ = [
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "Layer",
    "LayerNorm",
    "Module",
    "Neuron",
    "Optimiser",
    "Residual",
    "Sequential",
    "losses",
    "softmax",
]
