"""detect_anomaly: where did the NaN come from, and what usually helps?

It watches every gate that fires. The first one whose value is not finite stops the program at
the user's line that made it, with the values that led there and the usual remedy. It also checks
each backward pass, and notices the misuses of `autodiff.watch.misuse`.
"""

from __future__ import annotations

import ast
import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from ..formula.firing import DomainError
from ..formula.grammar import Formula
from ..gates import Gate
from ..graph import Step, backward_steps, topological_order
from ..value import UNREACHED, Constant, Value
from . import misuse
from .caller import Line, is_gate, is_ours, users_line, warn_at
from .hooks import Hooks, watching

__all__ = ["AnomalyError", "detect_anomaly", "not_finite_backward"]


class AnomalyError(ArithmeticError):
    """A gate made NaN or inf, forward or backward, under `detect_anomaly`.

    node    the node that the gate made
    line    the line of the user's program that made it, or None
    path    the nodes that led there, the earliest first, `node` last
    remedy  what usually helps
    """

    def __init__(
        self, message: str, node: Value, line: Line | None, path: list[Value], remedy: str
    ) -> None:
        super().__init__(message)
        self.node = node
        self.line = line
        self.path = path
        self.remedy = remedy


# ── what usually helps, by what the formula is made of ───────────────────────────────────────

_LOGITS = (
    "write the loss on logits (losses.logistic, losses.softmax_cross_entropy, softplus, "
    "logsumexp), which never forms this number"
)
_SLOWER = "lower the learning rate, clip the gradients, or scale inputs and weights down"
_REMEDIES = {
    "log": f"a probability rounded to 0: {_LOGITS}; else keep away from 0 with log(p + 1e-12)",
    "log1p": "its input must stay above -1; check what is added to 1 there",
    "exp": f"e^709 is the largest that fits: {_LOGITS}; or {_SLOWER}",
    "sqrt": "add a small number under the root, as in (x + 1e-12).sqrt(), as LayerNorm's eps does",
    "/": "add a small number to the divisor, as in a / (b + 1e-8), or look why it became 0",
    "**": "keep the base positive, as in (abs(a) + 1e-12) ** b, or the exponent whole",
}
_GROWTH = f"the numbers outgrow float64 (1.8e308): {_SLOWER}"
_CAME_IN = "it came in with the data: look for NaN and inf (math.isfinite) before the forward pass"


def _made_of(formula: Formula) -> list[str]:
    """The keys of `_REMEDIES` that a formula concerns: its functions, then its operators."""
    operators = {type(n.op) for n in ast.walk(formula.tree) if isinstance(n, ast.BinOp)}
    signs = [("/", ast.Div), ("**", ast.Pow)]
    found = [*formula.atoms, *(sign for sign, op in signs if op in operators)]
    return [name for name in found if name in _REMEDIES]


def _remedy_for_refusal(gate: Gate, error: ArithmeticError) -> str:
    """For a gate that has no value at its inputs."""
    made_of = _made_of(gate.formula)
    if isinstance(error, ZeroDivisionError):
        made_of.sort(key=["/", "**"].__contains__, reverse=True)
    if isinstance(error, OverflowError):
        return _REMEDIES["exp"] if "exp" in made_of else _GROWTH
    return _REMEDIES[made_of[0]] if made_of else f"keep to where it is defined: {gate.domain}"


def _remedy_for_slope(gate: Gate, local: Formula) -> str:
    """For a local gradient that is infinite: the slope of a root at 0."""
    made_of = _made_of(gate.formula) or _made_of(local)
    return _REMEDIES[made_of[0]] if made_of else _GROWTH


# ── the values that led there ────────────────────────────────────────────────────────────────


def _culprit(parents: tuple[Value, ...], ranks: list[Callable[[Value], bool]]) -> Value:
    """The parent that explains a number best: the first of the first rank that any has."""
    for rank in [_not_finite, *ranks]:
        if suspects := [p for p in parents if rank(p)]:
            return suspects[0]
    return max(parents, key=lambda p: abs(p.data))


def not_finite_backward(root: Value) -> tuple[Step, int] | None:
    """Where the backward pass first hands on NaN or inf: the step, and which input of its gate.

    >>> x = Value(0.0)
    >>> step, position = not_finite_backward(x.sqrt() * 3)
    >>> step.node.gate.name, step.parts[position].local
    ('sqrt', inf)
    """
    for step in backward_steps(root):
        for position, part in enumerate(step.parts):
            if not math.isfinite(part.downstream) and not isinstance(part.parent, Constant):
                return step, position
    return None


def _not_finite(node: Value) -> bool:
    return not math.isfinite(node.data)


def _path(node: Value) -> list[Value]:
    """From a leaf to `node`, always along the parent that explains the number best."""
    path = [node]
    while parents := path[-1].parents:
        path.append(_culprit(parents, [lambda p: p.data == 0] if path[-1].data == 0 else []))
    return path[::-1]


def _row_name(node: Value) -> str:
    made_by = "leaf" if node.gate is None else node.gate.name
    if node.label:
        made_by = node.label if node.gate is None else f"{node.label}: {made_by}"
    return f"{made_by} = {node.data!r}"


class _Watch:
    """What detect_anomaly remembers while its block runs."""

    def __init__(self) -> None:
        self.lines: dict[Value, Line | None] = {}
        self.seen: dict[Value, tuple[float, float]] = {}  # leaf: (grad, data) after backward
        self.said: set[str] = set()
        self.paused = False

    # ── forward ──

    def node(self, node: Value) -> None:
        if node.gate is None or self.paused:
            return
        self.lines[node] = users_line()
        if not math.isfinite(node.data):
            self.stop_forward(node, node.gate)

    def stop_forward(self, node: Value, gate: Gate) -> None:
        came_in = next(filter(_not_finite, node.parents), None)
        if came_in is not None:
            head = f"{gate.name} was given {came_in.data!r} and passes {node.data!r} on"
            remedy = _CAME_IN
        else:
            head = f"{gate.name} made {node.data!r}: the first value that is not finite"
            remedy = _GROWTH
        self.stop(head, node, _path(node), remedy)

    def stop(self, head: str, node: Value, path: list[Value], remedy: str) -> None:
        message = f"{head}\n{self.report(path, remedy)}"
        raise AnomalyError(message, node, self.lines.get(node), path, remedy)

    def report(self, path: list[Value], remedy: str, end: tuple[str, str] | None = None) -> str:
        """The path, one node a row with the line that made it, and the remedy."""
        rows = [(_row_name(node), str(self.lines.get(node) or "")) for node in path]
        if end is not None:
            rows.append(end)
        if len(rows) > 9:
            rows[1:-7] = [(f"... {len(rows) - 8} gates more", "")]
        width = max(len(left) for left, _ in rows)
        table = [f"    {left:<{width}}  {right}".rstrip() for left, right in rows]
        return "\n".join(["  values that led there:", *table, f"  remedy: {remedy}"])

    def enrich(self, error: DomainError) -> None:
        """A gate without a value has said why; add the line, the path and the remedy."""
        refused = _refused(error.__traceback__)
        if refused is None or getattr(error, "__notes__", None):
            return
        gate, parents = refused
        culprit = _culprit(parents, [lambda p: p.data == 0, lambda p: p.data < 0])
        end = (f"{gate.name} refused", str(_users_line_of(error.__traceback__) or ""))
        error.add_note(self.report(_path(culprit), _remedy_for_refusal(gate, error), end))

    # ── backward ──

    def before(self, root: Value) -> None:
        self.check_misuse(root)
        if (found := not_finite_backward(root)) is not None:
            self.stop_backward(found[0].node, found[0].upstream, found[1])

    def after(self, root: Value) -> None:
        leaves = [n for n in topological_order(root) if n.gate is None and type(n) is Value]
        self.seen = {leaf: (leaf.grad, leaf.data) for leaf in leaves}
        self.lines.clear()  # a training loop must not keep all its graphs

    def stop_backward(self, node: Value, upstream: float, position: int) -> None:
        assert node.gate is not None
        parent, local = node.parents[position], node.local_grads[position]
        formula, _ = node.gate.partial_at(position, len(node.parents))
        at = f"{parent.label or node.gate.name + ' input'} = {parent.data!r}"
        head = (
            f"backward through {node.gate.name} made {upstream * local!r}: upstream gradient "
            f"{upstream!r} × local gradient {local!r} (that is {formula.text} at {at})"
        )
        remedy = _GROWTH if math.isfinite(local) else _remedy_for_slope(node.gate, formula)
        path = [*_path(parent), node]
        self.stop(head, node, path, remedy)

    # ── misuse ──

    def say(self, kind: str, **words: Any) -> None:
        if kind not in self.said:
            self.said.add(kind)
            warn_at(kind.format(**words), misuse.MisuseWarning)

    def check_misuse(self, root: Value) -> None:
        self.paused = True
        changed = misuse.mutated(root)
        self.paused = False
        if changed:
            self.say(misuse.MUTATED, what=misuse.describe_mutation(root, *changed[0]))
            return
        for leaf, (grad, data) in self.seen.items():
            if leaf.grad == grad != 0 and leaf.data != data and type(leaf.grad) is float:
                self.say(misuse.NOT_ZEROED, what=misuse.name(leaf))
                return

    def read(self, node: Value) -> None:
        """`.grad` was read, and no backward pass has reached the node."""
        if self.paused or type(node) is not Value or is_ours(sys._getframe(2).f_code.co_filename):
            return
        self.say(misuse.READ_TOO_EARLY, what=misuse.name(node))


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _refused(traceback: TracebackType | None) -> tuple[Gate, tuple[Value, ...]] | None:
    """The gate that raised, and what it was given."""
    for frame, _ in _frames(traceback):
        node = frame.f_locals.get("node")
        if is_gate(frame.f_code.co_filename) and isinstance(node, Value):
            return frame.f_globals[f"{frame.f_code.co_name}_gate"], node.parents
    return None


def _users_line_of(traceback: TracebackType | None) -> Line | None:
    lines = [Line(f.f_code.co_filename, number) for f, number in _frames(traceback)]
    return next((line for line in reversed(lines) if not is_ours(line.filename)), None)


@contextmanager
def detect_anomaly() -> Iterator[None]:
    """Stop at the first gate that makes NaN or inf, forward or backward, and say what helps.

    Raises `AnomalyError` from the line that made it. A `DomainError` (log(0), 1/0, exp(1000))
    gets the same line, path and remedy as a note. Each of these mistakes is said once, as a
    `MisuseWarning`: a gradient read before backward(), a forgotten zero_grad(), data assigned to
    after the forward pass.

    Gates fire several times slower inside, so use it to look for a fault, not to train. It
    sees what its own thread does.

    >>> with detect_anomaly():
    ...     x = Value(1e200, label="x")
    ...     y = x * x
    Traceback (most recent call last):
        ...
    autodiff.watch.anomaly.AnomalyError: mul made inf: the first value that is not finite
      values that led there:
        x = 1e+200
        mul = inf   doctest autodiff.watch.anomaly.detect_anomaly[0], line 3: y = x * x
      remedy: the numbers outgrow float64 (1.8e308): lower the learning rate, clip the gradients, \
    or scale inputs and weights down
    """
    watch = _Watch()
    with _instrumented(watch), watching(watch.node):
        try:
            yield
        except DomainError as error:
            watch.enrich(error)
            raise


_WATCHES = Hooks()
_lock = threading.Lock()
_PLAIN = Value.backward
_SLOT = Value.__dict__["grad"]


@contextmanager
def _instrumented(watch: _Watch) -> Iterator[None]:
    """Show `watch` the backward passes of this thread, and the gradients that it reads.

    Methods of a class belong to all threads: they are replaced while any thread is in a block.
    """
    mine = threading.get_ident(), watch
    try:
        with _lock:
            _WATCHES.append(mine)
            Value.backward = _backward  # type: ignore[assignment, method-assign]
            Value.grad = _TOLD  # type: ignore[misc]
        yield
    finally:
        with _lock:
            if _WATCHES == [mine]:  # asked and put back without a call, where Ctrl-C could come in
                Value.backward = _PLAIN  # type: ignore[method-assign]
                Value.grad = _SLOT  # type: ignore[misc]
            if mine in _WATCHES:
                _WATCHES.remove(mine)


def _backward(root: Value) -> None:
    for watch in _WATCHES.here:
        watch.before(root)
    _PLAIN(root)
    for watch in _WATCHES.here:
        watch.after(root)


def _read(node: Value) -> Any:
    grad = _SLOT.__get__(node)
    if grad is UNREACHED:
        for watch in _WATCHES.here:
            watch.read(node)
    return grad


_TOLD: Any = property(_read, _SLOT.__set__)
