"""A CSV through pandas: the chemistry of 178 wines tells who grew them (UCI Wine)."""

from pathlib import Path

import pandas as pd

from nn import MLP, fit, predict

table = pd.read_csv(Path(__file__).with_name("wine.csv"))
X, grower = table.drop(columns="grower"), table["grower"]
X = (X - X.mean()) / X.std()
model = MLP(13, [16, 3], rng=0)
history = fit(model, X, grower, "softmax_cross_entropy", validation=0.3, rng=0)
print(pd.crosstab(grower, predict(model, X, "softmax_cross_entropy")))
print(history.to_frame().tail(1))
