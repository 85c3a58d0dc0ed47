"""Python calls machine code, with arrays of NumPy and numbers."""

import gc
import threading

import numpy as np
import pytest

from autodiff.compiler.llvm.entry import Entry, entry
from autodiff.compiler.llvm.machine import assemble
from tests.oracles import oracle

oracle("llvmlite")

LAST = """
define double @last(ptr %out, ptr %x, i64 %rows, double %scale, i64 %shift) {
  %i = sub i64 %rows, %shift
  %at = getelementptr double, ptr %x, i64 %i
  %value = load double, ptr %at
  %result = fmul double %value, %scale
  store double %result, ptr %out
  ret double %result
}
"""
KINDS = ["array", "array", "rows", "double", "i64"]
# looks at a number again and again, until it is not 0 or patience ends
WAIT = """
define i64 @wait(ptr %flag, i64 %patience) {
  br label %look
look:
  %left = phi i64 [%patience, %0], [%less, %look]
  %seen = load volatile i64, ptr %flag
  %less = sub i64 %left, 1
  %no = icmp eq i64 %seen, 0
  %time = icmp sgt i64 %less, 0
  %again = and i1 %no, %time
  br i1 %again, label %look, label %end
end:
  ret i64 %seen
}
"""


def test_arrays_numbers_and_the_number_of_rows_arrive() -> None:
    last = Entry(assemble(LAST + entry("last", "double", KINDS)), "last").call
    gc.collect()  # the function alone keeps the code
    out, x = np.zeros(1), np.arange(12.0).reshape(4, 3)
    assert last(out, x, 2.0, 1) == 6.0  # rows - 1 = 3
    assert out[0] == 6.0
    assert last(out, x, 2, np.int64(-1)) == 10.0


@pytest.mark.parametrize("which", [0, 1])
def test_an_array_with_gaps_is_refused_before_anything_is_written(which: int) -> None:
    last = Entry(assemble(LAST + entry("last", "double", KINDS)), "last").call
    arrays = [np.zeros(4), np.ones((4, 3))]
    arrays[which] = arrays[which][::2]
    assert last(*arrays, 2.0, 1) is False
    assert arrays[0][0] == 0.0


def test_another_number_of_arguments_is_an_error() -> None:
    last = Entry(assemble(LAST + entry("last", "double", KINDS)), "last").call
    with pytest.raises(SystemError):
        last(np.zeros(1), np.ones(3), 2.0)


def test_other_threads_run_meanwhile() -> None:
    """Machine code waits for what a thread of Python does: it would wait in vain with the lock."""
    wait = Entry(assemble(WAIT + entry("wait", "i64", ["array", "i64"])), "wait").call
    flag = np.zeros(1, np.int64)
    threading.Timer(0.05, flag.fill, [7]).start()
    assert wait(flag, 10**10) == 7


def test_whole_numbers_and_single_precision_come_back() -> None:
    text = "define float @half(ptr %x) { %v = load float, ptr %x  ret float %v }\n"
    half = Entry(assemble(text + entry("half", "float", ["array"])), "half").call
    assert half(np.array([0.1], np.float32)) == float(np.float32(0.1))
    text = "define void @fill(ptr %x, ptr %y) { store double 3.0, ptr %x  ret void }\n"
    fill = Entry(assemble(text + entry("fill", "void", ["array", "ptr"])), "fill").call
    x = np.zeros(1)
    assert fill(x, 0) is not False
    assert x[0] == 3.0
