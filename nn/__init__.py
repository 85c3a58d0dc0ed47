"""Neurons, layers, losses, optimisers and training, on glassgrad's engine."""

from . import losses
from .activations import Activation, softmax
from .conv import Conv1D, Conv2D, Flatten
from .diagnosis import Diagnosis, diagnose
from .history import History
from .interchange import from_torch, to_torch
from .layers import MLP, Layer, LayerNorm, Neuron, Residual, Sequential
from .module import Module
from .nonfinite import NonFiniteError
from .optimisers import SGD, Adam, Optimiser
from .serialization import load, save
from .training import batches, evaluate, fit, predict

__all__ = [
    "MLP",
    "SGD",
    "Activation",
    "Adam",
    "Conv1D",
    "Conv2D",
    "Diagnosis",
    "Flatten",
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
    "diagnose",
    "evaluate",
    "fit",
    "from_torch",
    "load",
    "losses",
    "predict",
    "save",
    "softmax",
    "to_torch",
]
