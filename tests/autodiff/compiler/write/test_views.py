"""How a view of an array is written."""

from __future__ import annotations

import pytest

from autodiff.compiler.ir import Slice, View
from autodiff.compiler.write.views import sliced


@pytest.mark.parametrize(
    ("shape", "axis", "text"),
    [
        ((5,), 0, "[1:3]"),
        ((4, 5), 1, "[:, 1:3]"),
        ((3, 4, 5), 2, "[..., 1:3]"),
        ((2, 3, 4, 5), 3, "[..., 1:3]"),
        ((3, 4, 5), 1, "[:, 1:3]"),
        ((2, 3, 4, 5), 2, "[:, :, 1:3]"),
    ],
)
def test_axes_ahead_of_a_slice(shape: tuple[int, ...], axis: int, text: str) -> None:
    """An ellipsis stands for two or more that are whole, unless others follow."""
    array = View(0, shape, (0,) * len(shape))
    assert sliced(Slice(array, 1, 1, 2, axis)) == (array, text)
