"""An imbalanced set: one digit in ten is an eight, and each must count as much as nine others."""

from sklearn.datasets import load_digits

from nn import MLP, evaluate, fit

X, y = load_digits(return_X_y=True)
X, eight = X / 16, y == 8
for weight in (None, "balanced"):
    model = MLP(64, [8, 1], rng=0)
    fit(model, X[:1200], eight[:1200], "logistic", epochs=60, class_weight=weight)
    print(evaluate(model, X[1200:], eight[1200:], "logistic", ["recall", "precision", "f1"]))
print(model.summary())
