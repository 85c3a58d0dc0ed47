"""detect_anomaly names the gate, the user's line, the path and the remedy."""

import math
import threading
import warnings
from collections.abc import Callable

import pytest

from autodiff import AnomalyError, DomainError, MisuseWarning, Value, detect_anomaly, gate


def anomaly(f: Callable[[], object]) -> AnomalyError:
    with pytest.raises(AnomalyError) as caught, detect_anomaly():
        f()
    return caught.value


def note(f: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as caught, detect_anomaly():
        f()
    return "\n".join(caught.value.__notes__)


def warned(f: Callable[[], object]) -> list[str]:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with detect_anomaly():
            f()
    return [str(w.message) for w in said if issubclass(w.category, MisuseWarning)]


# ── NaN and inf, forward ─────────────────────────────────────────────────────────────────────


def test_the_first_gate_that_overflows_is_named_with_the_line_that_made_it() -> None:
    w = Value(-1e150, label="w")

    def diverge() -> None:
        square = w * w  # still finite
        cube = square * w  # this one overflows
        cube + 1

    error = anomaly(diverge)
    assert error.node.gate is not None
    assert error.node.gate.name == "mul"
    assert error.node.data == -math.inf
    assert error.line is not None
    assert error.line.text.startswith("cube = square * w")
    assert [n.data for n in error.path] == [-1e150, (-1e150) ** 2, -math.inf]
    assert "lower the learning rate" in error.remedy
    assert "cube = square * w  # this one overflows" in str(error)


def test_nan_that_came_in_with_the_data_is_traced_to_the_leaf() -> None:
    def forward() -> None:
        rows = [Value(1.0), Value(math.nan, label="age"), Value(2.0)]
        (rows[0] + rows[1] * rows[2]).tanh()

    error = anomaly(forward)
    assert error.path[0].label == "age"
    assert "came in with the data" in error.remedy
    assert str(error).startswith("mul was given nan and passes nan on")


def test_infinite_leaves_that_do_no_harm_are_let_be() -> None:
    with detect_anomaly():
        assert Value(3.0).max(-math.inf).data == 3.0


def test_lines_inside_the_library_are_skipped() -> None:
    huge = [Value(1e200, label="x"), Value(1e200)]
    error = anomaly(lambda: gate_of_rows(huge, huge))
    assert error.line is not None
    assert error.line.filename == __file__


def gate_of_rows(a: list[Value], b: list[Value]) -> Value:
    total: Value = sum((x * y for x, y in zip(a, b, strict=True)), Value(0.0))
    return total


# ── gates without a value ────────────────────────────────────────────────────────────────────


def test_log_of_a_saturated_sigmoid_gets_the_logits_remedy() -> None:
    def loss() -> Value:
        p = Value(-800.0, label="logit").sigmoid()
        return -p.log()

    text = note(loss)
    assert "logit = -800.0" in text
    assert "return -p.log()" in text
    assert "softmax_cross_entropy" in text


@pytest.mark.parametrize(
    ("f", "remedy"),
    [
        (lambda x: 1 / (x - x), "b + 1e-8"),
        (lambda x: (x - x).reciprocal(), "b + 1e-8"),
        (lambda x: (x * 1000).exp(), "e^709"),
        (lambda x: (-x).sqrt(), "under the root"),
        (lambda x: (-x) ** 0.5, "keep the base positive"),
        (lambda x: (x * 1e200) ** 2, "learning rate"),
        (lambda x: (x - x) ** -1, "keep the base positive"),
        (lambda x: (-x).log1p(), "above -1"),
        (lambda x: (x * math.inf).sin(), "came in"),
    ],
)
def test_each_way_to_leave_a_domain_has_its_remedy(
    f: Callable[[Value], Value], remedy: str
) -> None:
    with pytest.raises(ArithmeticError) as caught, detect_anomaly():
        f(Value(1.0))
    assert remedy in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


def test_a_gate_of_your_own_gets_its_remedy_too() -> None:
    entropy = gate("entropy_of", "-(a * log(a))", a="-log(a) - 1")
    assert "log(p + 1e-12)" in note(lambda: entropy(Value(0.0)))


def test_outside_the_block_a_domain_error_has_no_note() -> None:
    with detect_anomaly():
        pass
    with pytest.raises(DomainError) as caught:
        Value(0.0).log()
    assert not hasattr(caught.value, "__notes__")


# ── NaN and inf, backward ────────────────────────────────────────────────────────────────────


def test_an_infinite_slope_is_found_in_the_backward_pass() -> None:
    x = Value(0.0, label="x")

    def f() -> None:
        norm = (x * x).sqrt()
        norm.backward()

    error = anomaly(f)
    assert "backward through sqrt made inf" in str(error)
    assert error.line is not None
    assert error.line.text == "norm = (x * x).sqrt()"
    assert "under the root" in error.remedy
    assert repr(x) == "Value(0.0, label='x')", "nothing was written into the gradients"


def test_a_constant_exponent_without_a_slope_does_no_harm() -> None:
    """∂(a^b)/∂b is NaN for a negative a, but nobody wants the gradient of the 2 in a**2."""
    x = Value(-3.0)
    with detect_anomaly():
        (x**2).backward()
    assert x.grad == -6.0


def test_an_overflow_of_upstream_times_local_is_growth() -> None:
    x = Value(1e-200)
    error = anomaly(lambda: ((x * 1e200) * 1e200 * 1e150).backward())
    assert "lower the learning rate" in error.remedy


# ── misuse ───────────────────────────────────────────────────────────────────────────────────


def test_a_gradient_read_before_backward_is_noticed_once() -> None:
    w = Value(2.0, label="w")

    def f() -> None:
        for _ in range(3):
            _ = w.grad

    said = warned(f)
    assert len(said) == 1
    assert "'w' = 2.0 was read, but no backward pass has reached it" in said[0]
    assert "call loss.backward() first" in said[0]


def train(zero: bool) -> Callable[[], None]:
    def loop() -> None:
        w = Value(2.0, label="w")
        for _ in range(5):
            if zero:
                w.grad = 0.0
            (w * w).backward()
            w.data -= 0.1 * w.grad

    return loop


def test_a_forgotten_zero_grad_is_noticed_once_and_a_remembered_one_is_not() -> None:
    assert warned(train(zero=True)) == []
    said = warned(train(zero=False))
    assert len(said) == 1
    assert "optimiser.zero_grad()" in said[0]


def test_two_losses_before_one_step_are_no_mistake() -> None:
    def f() -> None:
        w = Value(2.0)
        (w * 3).backward()
        (w * w).backward()
        assert w.grad == 7.0

    assert warned(f) == []


def test_data_assigned_to_after_the_forward_pass_is_noticed() -> None:
    def f() -> None:
        w = Value(2.0, label="w")
        loss = w * w
        w.data = 5.0
        loss.backward()
        assert w.grad == 4.0, "the gradient belongs to the graph as it was computed"

    said = warned(f)
    assert len(said) == 1
    assert "a mul was 4.0 then and would be 25.0 now (assigned to: 'w' = 5.0)" in said[0]


# ── the block leaves no trace ────────────────────────────────────────────────────────────────


def test_results_inside_are_those_outside_and_nothing_stays_behind() -> None:
    def gradients() -> tuple[float, float]:
        x, y = Value(0.3), Value(-2.0)
        ((x * y).tanh() + x / y).backward()
        return x.grad, y.grad

    plain = Value.backward, Value.__dict__["grad"]
    outside = gradients()
    with detect_anomaly(), detect_anomaly():
        assert gradients() == outside
    assert (Value.backward, Value.__dict__["grad"]) == plain
    with pytest.raises(RuntimeError), detect_anomaly():
        raise RuntimeError
    assert (Value.backward, Value.__dict__["grad"]) == plain


def test_overlapping_blocks_of_two_threads_see_their_own_passes_and_leave_nothing_behind() -> None:
    """In, in, out, out: the second to leave is not the one that came first."""
    plain = Value.backward, Value.__dict__["grad"]
    entered, first_left = threading.Event(), threading.Event()
    seen: list[bool] = []

    def other() -> None:
        with detect_anomaly():
            entered.set()
            first_left.wait(10)
            with pytest.raises(AnomalyError):
                (Value(0.0).sqrt() * 3).backward()
            seen.append(True)

    thread = threading.Thread(target=other)
    with detect_anomaly():
        thread.start()
        assert entered.wait(10)
    Value(0.0).sqrt().backward()  # this thread has left its block: nothing is checked
    first_left.set()
    thread.join()
    assert seen == [True]
    assert (Value.backward, Value.__dict__["grad"]) == plain
