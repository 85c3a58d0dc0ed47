"""Notice somebody else's `nn` or `viz` in the place of ours."""

from __future__ import annotations

import os.path
import sys
import warnings
from importlib.util import find_spec

__all__ = ["ClashWarning", "look_around"]


class ClashWarning(UserWarning):
    """Somebody else's module is imported under a name of glassgrad's."""


def look_around(names: tuple[str, ...] = ("nn", "viz")) -> None:
    """Warn if one of the packages is found elsewhere than beside this one.

    Their names are generic: a file nn.py of one's own, or another distribution, may stand ahead
    on the path.
    """
    here = os.path.realpath(__file__).rsplit(os.sep, 3)[0]
    for name in names:
        loaded = sys.modules.get(name)
        try:
            spec = loaded.__spec__ if loaded else find_spec(name)
        except (ValueError, ImportError):  # a module made by hand
            continue
        found = os.path.realpath(spec.origin) if spec is not None and spec.origin else here
        if not found.startswith(os.path.join(here, "")) and found != here:
            warnings.warn(
                f"import {name} finds {found}, and not the {name} of glassgrad in {here}, so what "
                "needs that will fail: rename the file or folder if it is yours, or install "
                "glassgrad into an environment of its own (python -m venv)",
                ClashWarning,
                stacklevel=3,
            )
