"""The compiler: a scalar graph of one example becomes an array program over a batch."""

from .program import CompileError, Program, compile  # noqa: A004
from .trace import BranchError

__all__ = ["BranchError", "CompileError", "Program", "compile"]
