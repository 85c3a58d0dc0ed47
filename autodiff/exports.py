"""Names that a package loads when they are first asked for, so that importing it stays quick.

The package imports them ``if TYPE_CHECKING``, as editors and type checkers need it; that block is
read here, so that each name is said once.
"""

import ast
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module
from sys import modules
from typing import Any

__all__ = ["__version__", "lazily"]

__version__: str  # of what is installed, as pyproject.toml says it


def __getattr__(name: str) -> str:
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("glassgrad")
    except PackageNotFoundError:  # the folders alone, on the path
        return "0+unknown"


def lazily(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` for the package that is being imported under this name."""
    held = vars(modules[package])
    later = {
        alias.name: "." * statement.level + (statement.module or "")
        for block in ast.parse(held["__loader__"].get_source(package)).body
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    }

    def load(name: str) -> Any:
        if name not in later:
            near = get_close_matches(name, held["__all__"], n=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{meant}", name=name)
        held[name] = value = getattr(import_module(later[name], package), name)
        return value

    def public() -> list[str]:
        return sorted({*later, *held["__all__"], *(name for name in held if name[:2] == "__")})

    return load, public
