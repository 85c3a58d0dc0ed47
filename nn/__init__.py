"""Neurons, layers, losses, optimisers and training, on glassgrad's engine."""

from . import losses
from .activations import Activation, softmax
from .conv import Conv1D, Conv2D, Flatten
from .exchange.interchange import from_torch, to_torch
from .exchange.serialization import load, save
from .layers import MLP, Layer, Neuron
from .module import Module
from .normalisation import LayerNorm
from .optimisers import SGD, Adam, Optimiser
from .report.diagnosis import Diagnosis, diagnose
from .sequential import Residual, Sequential
from .training.data import batches
from .training.history import History
from .training.loop import evaluate, fit, predict
from .training.nonfinite import NonFiniteError

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
