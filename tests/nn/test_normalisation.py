"""LayerNorm."""

import math

from autodiff import Value
from nn import LayerNorm


def test_layer_norm_of_equal_numbers_stays_finite_with_eps() -> None:
    out = LayerNorm(3)([2.0, 2.0, 2.0])
    assert [a.data for a in out] == [0.0, 0.0, 0.0]
    total = sum(a * a for a in out)
    assert isinstance(total, Value)
    total.backward()
    assert all(math.isfinite(a.grad) for a in out)


def test_ln_s_has_no_parameters() -> None:
    assert LayerNorm(3, affine=False).parameters() == []
