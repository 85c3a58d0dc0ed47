"""The compiler: a scalar graph of one example becomes an array program over a batch.

In the order in which a function goes through it:

    program     the door: `compile` and `Program`, which keeps a version for each shape of rows
    version     all steps below, one after the other, and a report of them
    trace       run the function once and keep the graph
    arrays/     `scalars` number the graph: equal gates once, sums of products as dot products;
                `roll` gathers equal gates to families, `axes` and `learnt` find along which axes
                a family extends, `operands` read arrays along these, `firing` makes of it one
                array operation
    rewrite/    these in the form in which one would write them: `lookup` for one-hot rows,
                `attention` with its letters, `bounds` and `written` for the derivative
    derivative  the adjoint of every array operation, with `simplify` and `terms`
    ir          the array program that comes out, a list of assignments
    write/      that program as NumPy source (`numpy_source` the function, `expressions` and
                `views` what stands in its lines), or as plain loops (`loops` what is done, `nests`
                in which loops, `elements` one element)
    kept/       all this for the next process: `cache` files, `texts` what is written
    llvm/       the loops as machine code
    checking    what runs computes what the eager engine computes
    replay      one row again, gate by gate, to say where a number is not finite
    captured    which parameters the function refers to, and whether it still does

`tape` writes the trace out for a reader.
"""

from .checking import CompileError
from .program import Program, compile  # noqa: A004
from .trace import BranchError

__all__ = ["BranchError", "CompileError", "Program", "compile"]
