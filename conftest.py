"""The packages are imported before their doctests, so that pytest takes no module for a new one."""

from collections.abc import Iterator

import pytest

import autodiff
import nn  # noqa: F401
import viz  # noqa: F401


@pytest.fixture(autouse=True)
def gates_as_they_were() -> Iterator[None]:
    """A gate that a test registers goes with it: random circuits are made of all that there are."""
    before = set(autodiff.GATES)
    yield
    for name in set(autodiff.GATES) - before:
        del autodiff.GATES[name]
