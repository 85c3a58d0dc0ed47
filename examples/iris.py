"""Iris by name: labels go in as they are, and come back."""

from sklearn.datasets import load_iris

from nn import MLP, fit, predict

flowers = load_iris()
X = (flowers.data - flowers.data.mean(axis=0)) / flowers.data.std(axis=0)
names = flowers.target_names[flowers.target]  # 'setosa', 'versicolor', 'virginica'
model = MLP(4, [8, 3], "tanh", rng=0)
history = fit(model, X, names, "softmax_cross_entropy", lr=0.05, validation=0.3, rng=0)
print(history, predict(model, X[::50], "softmax_cross_entropy"))
