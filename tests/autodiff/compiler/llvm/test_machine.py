import gc
import threading
from collections.abc import Callable
from itertools import pairwise

import pytest

from autodiff.compiler.llvm.builder import Builder
from autodiff.compiler.llvm.entry import Entry, entry
from autodiff.compiler.llvm.machine import Loaded, Processor, assemble, host
from tests.oracles import oracle

oracle("llvmlite")


def loaded(text: str, name: str) -> Callable[[float], float]:
    """A function of one number."""
    return Entry(assemble(text + "\n" + entry(name, "double", ["double"])), name).call


TWICE = "define double @twice(double %x) { %y = fadd double %x, %x  ret double %y }"


def test_a_function_lives_as_long_as_somebody_holds_it() -> None:
    twice = loaded(TWICE, "twice")
    gc.collect()
    assert twice(21.0) == 42.0


def test_lanes_follow_the_features() -> None:
    assert Processor("znver4", "+fma,+avx2,+avx512f").lanes == 8
    assert Processor("haswell", "+fma,+avx2,-avx512f").lanes == 4
    assert Processor("x86-64", "").lanes == 2
    assert host().lanes in (2, 4, 8)


@pytest.mark.parametrize(
    "text",
    [
        "define double @f(double %x) { ret double %y }",
        "define double @f(double %x) { ret float 0.0 }",
        "define void @f() { br label %there\nthere: %x = fadd double 0.0, %y\n"
        "%y = fadd double 0.0, %x\n ret void }",
    ],
    ids=["a name that nobody made", "another type", "used before it is made"],
)
def test_wrong_text_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(RuntimeError, match=r"parsing|dominate"):
        assemble(text)


def test_a_function_that_is_nowhere_is_an_error_and_not_the_end() -> None:
    text = "declare double @g()\ndefine double @f() { %x = call double @g() ret double %x }"
    with pytest.raises(RuntimeError, match="materialize"):
        Loaded(assemble(text), "f", {})


def test_equal_names_in_two_modules_do_not_meet() -> None:
    both = [loaded(f"define double @f(double %x) {{ ret double {n}.0 }}", "f") for n in (1, 2)]
    assert [f(0.0) for f in both] == [1.0, 2.0]


def test_threads_may_compile_at_once() -> None:
    found: dict[int, object] = {}

    def work(n: int) -> None:
        found[n] = loaded(f"define double @f(double %x) {{ ret double {n}.0 }}", "f")(0.0)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: n for n in range(8)}


def test_the_instructions_of_a_function_are_in_the_order_of_the_expression() -> None:
    code = Builder(1)
    x = code.argument("x")
    result = (abs(x) < 2.0).select(-x, x / 2.0)
    text = code.function("@f", [x], result).replace("internal ", "")
    f = loaded(text, "f")
    assert [f(x) for x in (1.0, -1.5, 2.0, -6.0)] == [-1.0, 1.5, 1.0, -3.0]
    assert all(a < b for a, b in pairwise(map(text.find, ["fabs", "fcmp", "fneg", "fdiv", "sel"])))
