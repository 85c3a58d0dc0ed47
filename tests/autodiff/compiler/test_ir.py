"""Expressions over arrays: those that are made shorter as they are made."""

from autodiff.compiler.ir import Reshape, Sum, View, reshape


def test_a_sum_whose_axis_goes_is_a_sum_that_does_not_keep_it() -> None:
    kept = Sum(View(0, (2, 3), (3, 1)), (1,), keep=True)
    dropped = reshape(kept, (2,))
    assert isinstance(dropped, Sum)
    assert dropped.shape == (2,)
    assert isinstance(reshape(kept, (1, 2)), Reshape)


def test_the_positions_of_a_view_are_those_of_its_strides() -> None:
    assert View(5, (2, 3), (10, 2)).indices().tolist() == [[5, 7, 9], [15, 17, 19]]
    assert View(5, (), ()).indices().tolist() == 5
