"""Plots that compare: what is drawn is what was given."""

import numpy as np
import pytest

from nn import MLP, predict
from viz import plot_descent, plot_fit, plot_images, plot_layers, plot_runs


def test_layers_are_drawn_on_a_logarithmic_scale_without_their_zeros() -> None:
    ax = plot_layers({"a": [1.0, 0.0, 0.01], "b": [1.0, 2.0, 3.0]}, ylabel="gradient")
    first, second = ax.lines
    assert first.get_xydata().tolist() == [[0, 1.0], [2, 0.01]]  # type: ignore[union-attr]
    assert second.get_label() == "b"
    assert ax.get_ylabel() == "gradient"


def test_every_run_is_a_dot_and_their_mean_a_line() -> None:
    ax = plot_runs({"a": [1.0, 2.0], "b": [4.0, 6.0, 8.0]})
    drawn = [line.get_xdata().tolist() for line in ax.lines[::2]]  # type: ignore[union-attr]
    means = [line.get_xdata()[0] for line in ax.lines[1::2]]  # type: ignore[index]
    assert drawn == [[1, 2], [4, 6, 8]]
    assert means == [1.5, 6]


def test_the_curve_is_what_the_network_says() -> None:
    model = MLP(1, [3, 1], "tanh", rng=0)
    curve = plot_fit(model, [0.0, 1.0, 2.0], [0.0, 1.0, 0.0]).lines[1]
    xs, ys = curve.get_xdata(), curve.get_ydata()
    assert np.allclose(predict(model, np.asarray(xs)[:, None])[:, 0], ys)


@pytest.mark.parametrize("signed", [False, True])
def test_pictures_keep_their_pixels_and_signed_ones_share_a_scale(signed: bool) -> None:
    images = [np.eye(2), -3 * np.eye(2)]
    axes = plot_images(images, [1, 2], signed=signed)
    for ax, image in zip(axes, images, strict=True):
        assert np.array_equal(ax.images[0].get_array(), image)
    if signed:
        assert {ax.images[0].get_clim() for ax in axes} == {(-3.0, 3.0)}


def test_a_descent_is_drawn_place_by_place_inside_its_contours() -> None:
    places = [[4.0, 1.0], [-2.0, -0.8], [1.0, 0.5]]
    ax = plot_descent(lambda x, y: x**2 + 9 * y**2, places)
    assert np.array_equal(ax.lines[0].get_xydata(), places)
    assert ax.get_xlim()[0] <= -2.0
    assert ax.get_xlim()[1] >= 4.0
