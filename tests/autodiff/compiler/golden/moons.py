import numpy as np


def value_and_grad(theta, X, Y):
    """The mean of moons over all rows, and its gradient."""
    E = len(X)
    Y = Y.reshape(E, 1)  # a column
    # parameters: windows into theta
    W1 = theta[0:48].reshape(16, 3)[:, :2]
    b1 = theta[2:48:3]
    W2 = theta[48:320].reshape(16, 17)[:, :16]
    b2 = theta[64:320:17]
    W3 = theta[320:336].reshape(1, 16)
    b3 = theta[336:337]

    # forward pass
    Z1 = X @ W1.T + b1  # layer 1: weighted sums
    A1 = np.maximum(Z1, 0)
    Z2 = A1 @ W2.T + b2  # layer 2: weighted sums
    A2 = np.maximum(Z2, 0)
    Z3 = A2 @ W3.T + b3  # layer 3: weighted sums
    sub1 = 1 - Y * Z3
    L = np.maximum(sub1, 0)
    J = L.sum() / E

    # backward pass: d... is the derivative of J with respect to ...
    dsub1 = (sub1 > 0) / E
    dZ3 = -dsub1 * Y  # layer 3: δ
    dW3 = dZ3.T @ A2
    db3 = dZ3.sum(axis=0)
    dA2 = dZ3 @ W3
    dZ2 = dA2 * (Z2 > 0)  # layer 2: δ
    dW2 = dZ2.T @ A1
    db2 = dZ2.sum(axis=0)
    dA1 = dZ2 @ W2
    dZ1 = dA1 * (Z1 > 0)  # layer 1: δ
    dW1 = dZ1.T @ X
    db1 = dZ1.sum(axis=0)

    # the gradient, in the order of theta
    grad = np.empty(337)
    grad[320:336] = dW3.ravel()
    grad[336:337] = db3
    grad[48:320].reshape(16, 17)[:, :16] = dW2
    grad[64:320:17] = db2
    grad[0:48].reshape(16, 3)[:, :2] = dW1
    grad[2:48:3] = db1
    return J, grad
