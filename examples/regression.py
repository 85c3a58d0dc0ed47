"""A regression: how far an illness has gone a year later; it stops when it no longer gains."""

from sklearn.datasets import load_diabetes

from nn import MLP, fit, predict

X, y = load_diabetes(return_X_y=True)
X, unit = X / X.std(axis=0), y.std()
model = MLP(10, [8, 1], "tanh", rng=0)
options = {"validation": 0.3, "patience": 20, "metrics": ["r2", "mae"], "rng": 0}
history = fit(model, X, (y - y.mean()) / unit, "mse", "adam", lr=0.003, **options)
print(history.epochs[history.best_epoch])
print(y.mean() + unit * predict(model, X[:3]).ravel(), y[:3])
