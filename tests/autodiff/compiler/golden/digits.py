import numpy as np


def logsumexp(z):
    top = z.max(axis=-1, keepdims=True)
    top[np.isinf(top)] = 0  # inf - inf would be NaN
    return np.log(np.exp(z - top).sum(axis=-1)) + top[..., 0]


C1 = np.arange(10.0)


def value_and_grad(theta, X, Y):
    """The mean of digits over all rows, and its gradient."""
    E = len(X)
    Y = Y.reshape(E, 1)  # a column
    # parameters: windows into theta
    W1 = theta[0:2080].reshape(32, 65)[:, :64]
    b1 = theta[64:2080:65]
    W2 = theta[2080:2410].reshape(10, 33)[:, :32]
    b2 = theta[2112:2410:33]

    # forward pass
    Z1 = X @ W1.T + b1  # layer 1: weighted sums
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2.T + b2  # layer 2: weighted sums
    logsumexp1 = logsumexp(Z2)[:, None]
    equal1 = (Y == C1).astype(float)
    L = logsumexp1 - np.vecdot(equal1, Z2)[:, None]
    J = L.sum() / E

    # backward pass: d... is the derivative of J with respect to ...
    dZ2 = (np.exp(Z2 - logsumexp1) - equal1) / E  # layer 2: δ
    dW2 = dZ2.T @ A1
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ W2
    dZ1 = dA1 * (Z1 > 0)  # layer 1: δ
    dW1 = dZ1.T @ X
    db1 = dZ1.sum(axis=0)

    # the gradient, in the order of theta
    grad = np.empty(2410)
    grad[2080:2410].reshape(10, 33)[:, :32] = dW2
    grad[2112:2410:33] = db2
    grad[0:2080].reshape(32, 65)[:, :64] = dW1
    grad[64:2080:65] = db1
    return J, grad
