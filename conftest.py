"""The packages are imported before their doctests, so that pytest takes no module for a new one."""

import autodiff  # noqa: F401
import nn  # noqa: F401
import viz  # noqa: F401
