"""Independent programs that the tests compare with."""

import importlib
import os
from types import ModuleType

import pytest


def oracle(name: str) -> ModuleType:
    """Return the module `name`; where it is missing skip the test, but under CI fail it.

    A comparison that is silently skipped proves nothing, so CI must have every oracle. The one
    exception is CI's run on a second interpreter, which does without PyTorch and says so with
    GLASSGRAD_NO_TORCH=1.

    >>> oracle("math").sqrt(9.0)
    3.0
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        excused = package == "torch" and os.environ.get("GLASSGRAD_NO_TORCH") == "1"
        reason = f"the oracle {name!r} is not installed: {error}"
        if os.environ.get("CI") and not excused:
            pytest.fail(reason, pytrace=False)
        # Asked for at the head of a module it skips the whole module, within a test that test.
        pytest.skip(reason, allow_module_level=True)
