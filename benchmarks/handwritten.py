"""Loss and gradient in NumPy, as an expert writes them by hand: what the compiler is held against.

theta is one flat array, as an optimiser wants it: per layer the weights, then the biases.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def pack(layers: list[tuple[Floats, Floats]]) -> Floats:
    """Weights and biases of all layers as one array."""
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def moons(theta: Floats, X: Floats, Y: Floats) -> tuple[float, Floats]:
    """MLP 2-16-16-1, relu, hinge loss."""
    E = len(X)
    W1, b1 = theta[0:32].reshape(16, 2), theta[32:48]
    W2, b2 = theta[48:304].reshape(16, 16), theta[304:320]
    W3, b3 = theta[320:336].reshape(1, 16), theta[336:337]
    Z1 = X @ W1.T + b1
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2.T + b2
    A2 = np.maximum(Z2, 0)
    score = A2 @ W3.T + b3
    y = Y[:, None]
    margin = 1 - y * score
    J = np.maximum(margin, 0).mean()
    dscore = np.where(margin > 0, -y, 0.0) / E
    dW3, db3 = dscore.T @ A2, dscore.sum(axis=0)
    dZ2 = dscore @ W3 * (Z2 > 0)
    dW2, db2 = dZ2.T @ A1, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2 * (Z1 > 0)
    dW1, db1 = dZ1.T @ X, dZ1.sum(axis=0)
    return J, pack([(dW1, db1), (dW2, db2), (dW3, db3)])


def smooth(theta: Floats, X: Floats, Y: Floats) -> tuple[float, Floats]:
    """MLP 2-16-16-1, tanh, logistic loss of labels 0 and 1."""
    W1, b1 = theta[0:32].reshape(16, 2), theta[32:48]
    W2, b2 = theta[48:304].reshape(16, 16), theta[304:320]
    W3, b3 = theta[320:336].reshape(1, 16), theta[336:337]
    A1 = np.tanh(X @ W1.T + b1)
    A2 = np.tanh(A1 @ W2.T + b2)
    t = A2 @ W3.T + b3
    y = Y[:, None]
    signed = (1 - 2 * y) * t
    e = np.exp(-np.abs(signed))
    J = (np.log1p(e) + np.maximum(signed, 0)).mean()
    dt = (1 / (1 + np.exp(-t)) - y) / len(X)
    dW3, db3 = dt.T @ A2, dt.sum(axis=0)
    dZ2 = dt @ W3 * (1 - A2 * A2)
    dW2, db2 = dZ2.T @ A1, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2 * (1 - A1 * A1)
    dW1, db1 = dZ1.T @ X, dZ1.sum(axis=0)
    return J, pack([(dW1, db1), (dW2, db2), (dW3, db3)])


def softmax_cross_entropy(Z: Floats, Y: NDArray[Any]) -> tuple[float, Floats]:
    """J and dZ, from logits and class indices."""
    E = np.arange(len(Z))
    Z = Z - Z.max(axis=1, keepdims=True)
    P = np.exp(Z)
    total = P.sum(axis=1, keepdims=True)
    J = (np.log(total[:, 0]) - Z[E, Y]).mean()
    P /= total
    P[E, Y] -= 1
    P /= len(Z)
    return J, P


def digits(theta: Floats, X: Floats, Y: NDArray[Any]) -> tuple[float, Floats]:
    """MLP 64-32-10, relu, softmax cross entropy of class indices."""
    W1, b1 = theta[0:2048].reshape(32, 64), theta[2048:2080]
    W2, b2 = theta[2080:2400].reshape(10, 32), theta[2400:2410]
    Z1 = X @ W1.T + b1
    A1 = np.maximum(Z1, 0)
    J, dZ2 = softmax_cross_entropy(A1 @ W2.T + b2, Y)
    dW2, db2 = dZ2.T @ A1, dZ2.sum(axis=0)
    dZ1 = dZ2 @ W2 * (Z1 > 0)
    dW1, db1 = dZ1.T @ X, dZ1.sum(axis=0)
    return J, pack([(dW1, db1), (dW2, db2)])


def signal(theta: Floats, X: Floats, Y: NDArray[Any]) -> tuple[float, Floats]:
    """Conv1D from 1 to 4 channels, window 3, relu; 64 -> 3; softmax cross entropy. Rows of 16."""
    E, m = X.shape
    K, c = theta[0:12].reshape(4, 3), theta[12:16]
    W, b = theta[16:208].reshape(3, 64), theta[208:211]
    padded = np.zeros((E, m + 2))
    padded[:, 1:-1] = X
    windows = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1).reshape(-1, 3)
    Z1 = windows @ K.T + c
    A1 = np.maximum(Z1, 0).reshape(E, m, 4).swapaxes(1, 2).reshape(E, -1)
    J, dZ2 = softmax_cross_entropy(A1 @ W.T + b, Y)
    dW, db = dZ2.T @ A1, dZ2.sum(axis=0)
    dA1 = (dZ2 @ W).reshape(E, 4, m).swapaxes(1, 2).reshape(-1, 4)
    dZ1 = dA1 * (Z1 > 0)
    dK, dc = dZ1.T @ windows, dZ1.sum(axis=0)
    return J, pack([(dK, dc), (dW, db)])


def residual(theta: Floats, X: Floats, Y: Floats) -> tuple[float, Floats]:
    """8 -> 16, relu; z + W(relu(V LN(z))); 16 -> 1; half the squared error."""
    E = len(X)
    W1, b1 = theta[0:128].reshape(16, 8), theta[128:144]
    gamma, beta = theta[144:160], theta[160:176]
    W2, b2 = theta[176:432].reshape(16, 16), theta[432:448]
    W3, b3 = theta[448:704].reshape(16, 16), theta[704:720]
    W4, b4 = theta[720:736].reshape(1, 16), theta[736:737]
    Z1 = X @ W1.T + b1
    A1 = np.maximum(Z1, 0)
    centred = A1 - A1.mean(axis=1, keepdims=True)
    scale = 1 / np.sqrt((centred * centred).mean(axis=1, keepdims=True) + 1e-5)
    normal = centred * scale
    N = normal * gamma + beta
    Z2 = N @ W2.T + b2
    A2 = np.maximum(Z2, 0)
    R = A1 + A2 @ W3.T + b3
    error = R @ W4.T + b4 - Y[:, None]
    J = (error * error).mean() / 2
    dZ4 = error / E
    dW4, db4 = dZ4.T @ R, dZ4.sum(axis=0)
    dR = dZ4 @ W4
    dW3, db3 = dR.T @ A2, dR.sum(axis=0)
    dZ2 = dR @ W3 * (Z2 > 0)
    dW2, db2 = dZ2.T @ N, dZ2.sum(axis=0)
    dN = dZ2 @ W2
    dgamma, dbeta = (dN * normal).sum(axis=0), dN.sum(axis=0)
    d = dN * gamma
    along = (d * normal).mean(axis=1, keepdims=True)
    dA1 = dR + scale * (d - d.mean(axis=1, keepdims=True) - normal * along)
    dZ1 = dA1 * (Z1 > 0)
    dW1, db1 = dZ1.T @ X, dZ1.sum(axis=0)
    return J, pack([(dW1, db1), (dgamma, dbeta), (dW2, db2), (dW3, db3), (dW4, db4)])
