import numpy as np


try:
    from scipy.special import erf
except ImportError:  # the same numbers, one at a time
    import math
    erf = np.vectorize(math.erf, otypes=[float])


def value_and_grad(theta, X, Y):
    """The mean of modern over all rows, and its gradient."""
    E = len(X)
    Y = Y.reshape(E, 1)  # a column
    # parameters: windows into theta
    W1 = theta[0:40].reshape(8, 5)[:, :4]
    b1 = theta[4:40:5]
    γ = theta[40:48]
    β = theta[48:56]
    W2 = theta[56:128].reshape(8, 9)[:, :8]
    b2 = theta[64:128:9]
    W3 = theta[128:136].reshape(1, 8)
    b3 = theta[136:137]

    # forward pass
    Z1 = X @ W1.T + b1  # layer 1: weighted sums
    A1 = Z1 / 2 * (1 + erf(Z1 / 1.4142135623730951))
    mean1 = A1.sum(axis=1, keepdims=True) / 8
    sub1 = A1 - mean1
    sqrt1 = np.sqrt((sub1 * sub1).sum(axis=1, keepdims=True) / 8 + 1e-05)
    div1 = sub1 / sqrt1
    add2 = β + γ * div1
    Z2 = add2 @ W2.T + b2  # layer 2: weighted sums
    A2 = np.tanh(Z2)
    add3 = A1 + A2
    Z3 = add3 @ W3.T + b3  # layer 3: weighted sums
    sub2 = Z3 - Y
    L = sub2 * sub2 * 0.5
    J = L.sum() / E

    # backward pass: d... is the derivative of J with respect to ...
    dZ3 = sub2 / E  # layer 3: δ
    dW3 = dZ3.T @ add3
    db3 = dZ3.sum(axis=0)
    dadd3 = dZ3 @ W3
    dZ2 = dadd3 * (1 - A2 ** 2)  # layer 2: δ
    dW2 = dZ2.T @ add2
    db2 = dZ2.sum(axis=0)
    dadd2 = dZ2 @ W2
    dβ = dadd2.sum(axis=0)
    dγ = (dadd2 * div1).sum(axis=0)
    ddiv1 = dadd2 * γ
    dsqrt1 = -(ddiv1 * div1 / sqrt1).sum(axis=1, keepdims=True)
    dadd1 = dsqrt1 / (2 * sqrt1)
    dsub1 = ddiv1 / sqrt1 + dadd1 * sub1 / 4
    dmean1 = -dsub1.sum(axis=1, keepdims=True)
    dA1 = dadd3 + dsub1 + dmean1 / 8
    dZ1 = dA1 * ((1 + erf(Z1 / 1.4142135623730951)) / 2 + Z1 * np.exp(-Z1 ** 2 / 2) / 2.5066282746310002)  # layer 1: δ
    dW1 = dZ1.T @ X
    db1 = dZ1.sum(axis=0)

    # the gradient, in the order of theta
    grad = np.empty(137)
    grad[128:136] = dW3.ravel()
    grad[136:137] = db3
    grad[56:128].reshape(8, 9)[:, :8] = dW2
    grad[64:128:9] = db2
    grad[48:56] = dβ
    grad[40:48] = dγ
    grad[0:40].reshape(8, 5)[:, :4] = dW1
    grad[4:40:5] = db1
    return J, grad
