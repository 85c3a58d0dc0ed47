"""``python -m autodiff``: the same as the command ``autodiff``."""

import sys


def main() -> int:
    """A door: the command line draws, so it lives above the engine."""
    from viz.command.cli import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
