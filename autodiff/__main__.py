"""``python -m autodiff``: the same as the command ``autodiff``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
