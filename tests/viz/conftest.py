"""Tests marked `system_dot` need the system's Graphviz."""

import shutil

import pytest

from tests.conftest import missing


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip without it; under CI fail."""
    if item.get_closest_marker("system_dot") and shutil.which("dot") is None:
        missing("the system's Graphviz (dot)")
