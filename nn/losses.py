"""Losses of one example: functions of what the network returned and of the target.

Every loss is a small graph, so its gradient comes from the gates. The cost J of a batch is the
mean over its examples (notes 000, 002 and CS229) or their sum (note 004): `cost`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from autodiff import GATES, Row, Value

from .checks import known
from .module import Nested, as_nodes

__all__ = [
    "Loss",
    "OverPositions",
    "Weighted",
    "cost",
    "cross_entropy",
    "hinge",
    "logistic",
    "mean_squared_error",
    "softmax_cross_entropy",
    "squared_error",
]

Loss: TypeAlias = Callable[[Any, Any], Value]  # (output of the network, target) -> Value

_total: Callable[[Row], Value] = GATES["sum"]
_mean: Callable[[Row], Value] = GATES["mean"]


def squared_error(output: Nested, target: Any) -> Value:
    """½ (h - y)², and for several outputs ½ ‖h - y‖²: CS229 (7.1), note 002.

    >>> squared_error(Value(3.0), 1.0).data, squared_error([Value(3.0), Value(1.0)], [1, 2]).data
    (2.0, 2.5)
    """
    return _total(_squares(output, target)) * 0.5


def mean_squared_error(output: Nested, target: Any) -> Value:
    """(h - y)², and for several outputs their mean: what PyTorch calls MSELoss.

    >>> mean_squared_error([Value(3.0), Value(1.0)], [1, 2]).data
    2.5
    """
    return _mean(_squares(output, target))


def _squares(output: Nested, target: Any) -> Row:
    differences = [a - y for a, y in _pairs(output, target, "squared error")]
    return Row([d * d for d in differences])


def cross_entropy(output: Nested, target: Any) -> Value:
    """Σₖ -yₖ ln aₖ - (1 - yₖ) ln(1 - aₖ) of probabilities aₖ: the cross entropy of note 000.

    target: 0 or 1 for a single probability, a list of them (one-hot) for several, or then also
    the index of the right class.

    >>> round(cross_entropy(Value(0.5621415655339173), 1).data, 12)
    0.576001564841

    Raises ValueError where a probability is not inside (0, 1): take the loss of the logits then,
    `logistic` or `softmax_cross_entropy`, which is finite for logits of any size.
    """
    terms: list[Value] = []
    for a, y in _pairs(output, target, "cross entropy", classes=True):
        if not 0.0 < a.data < 1.0 and a.data == a.data:
            raise ValueError(
                f"cross_entropy: probability {a.describe()} is not between 0 and 1 (exclusive), so "
                "its logarithm or that of 1 - a is not finite; use losses.logistic or "
                "losses.softmax_cross_entropy on the logits, before the sigmoid or softmax"
            )
        terms.append(-(y * a.log() + (1 - y) * (1 - a).log()))
    return terms[0] if len(terms) == 1 else _total(Row(terms))


def hinge(score: Nested, target: Any) -> Value:
    """max(0, 1 - y · score) for y = ±1.

    >>> hinge(Value(0.25), -1).data
    1.25
    """
    (pair,) = _pairs(score, target, "hinge", outputs=1)
    s, y = pair
    _one_of("hinge", y, (-1.0, 1.0))
    margin: Value = 1 - y * s
    return margin.relu()


def logistic(logit: Nested, target: Any) -> Value:
    """ln(1 + e^t) - y t for y = 0 or 1: CS229 (7.3)-(7.4); its gradient is σ(t) - y (7.70).

    Written as softplus((1 - 2y) t), which is the same and exact for logits of any size.

    >>> logistic(Value(1000.0), 0).data, logistic(Value(1000.0), 1).data
    (1000.0, 0.0)
    """
    (pair,) = _pairs(logit, target, "logistic", outputs=1)
    t, y = pair
    _one_of("logistic", y, (0.0, 1.0))
    signed: Value = (1 - 2 * y) * t
    return signed.softplus()


def softmax_cross_entropy(logits: Nested, target: Any) -> Value:
    """ln Σₛ e^{t_s} - t_y: CS229 (7.5)-(7.6); its gradient is softmax(t) - e_y (7.71).

    target: the index of the right class (a number, or a Value if it is data of a compiled
    function), or a one-hot list of numbers or Values.

    >>> t = [Value(1000.0), Value(0.0)]
    >>> softmax_cross_entropy(t, 1).data, softmax_cross_entropy(t, [1, 0]).data
    (1000.0, 0.0)
    """
    row = _outputs(logits)
    if len(row) == 1:
        raise ValueError(
            "softmax_cross_entropy: got one logit; it needs one per class (for two classes on one "
            "logit use losses.logistic)"
        )
    total: Value = GATES["logsumexp"](row)
    target = _plain(target)
    hot = _one_hot(target, len(row))
    if len(hot) != len(row):
        raise ValueError(
            f"softmax_cross_entropy: {len(row)} logits, but a one-hot target of {len(hot)}"
        )
    if not isinstance(target, Value | list | tuple):  # an index: simply that logit
        return total - row[hot.index(1.0)]
    right: Value = GATES["dot"](hot, row)
    return total - right


_ALL = squared_error, mean_squared_error, cross_entropy, hinge, logistic, softmax_cross_entropy
LOSSES: dict[str, Loss] = {loss.__name__: loss for loss in _ALL}
ALIASES: dict[str, Loss] = LOSSES | {  # as other libraries call them
    "mse": mean_squared_error,
    "bce": cross_entropy,
    "binary_crossentropy": cross_entropy,
    "bce_with_logits": logistic,
}

if not TYPE_CHECKING:  # a type checker knows what there is

    def __getattr__(name: str) -> NoReturn:
        raise AttributeError(f"nn.losses has no {name!r}; {known(name, LOSSES)}", name=name)


IGNORED = -100.0  # PyTorch's mark of a target that does not count


class OverPositions:
    """A loss of each position of a sequence, averaged; a target of -100 does not count.

    So texts of different lengths, filled up at their ends, share one shape and one program.

    >>> loss = OverPositions(squared_error)
    >>> loss([Value(3.0), Value(5.0), Value(9.0)], [1.0, 5.0, -100]).data
    1.0
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.__name__ = f"{getattr(loss, '__name__', 'loss')}_over_positions"

    def __call__(self, outputs: Nested, targets: Any) -> Value:
        """The loss of an output for each position and as many targets."""
        if len(outputs) != len(targets):
            raise ValueError(
                f"{self.__name__}: {len(outputs)} positions, but {len(targets)} targets"
            )
        terms, counts = [], []
        for output, target in zip(outputs, _plain(targets), strict=True):
            if isinstance(target, Value):  # data of a compiled function: the same gates for each
                counted = 1 - GATES["equal"](target, IGNORED)
                terms.append(self.loss(output, target * counted) * counted)
                counts.append(counted)
            elif target != IGNORED:
                terms.append(self.loss(output, target))
        if not terms:
            raise ValueError(f"{self.__name__}: every target is {IGNORED:g}, none counts")
        return _total(Row(terms)) / (_total(Row(counts)) if counts else len(terms))


class Weighted:
    """A loss times the weight of its example, which is the last number of the target.

    flat  the target of the loss itself is a number, not a row

    >>> Weighted(squared_error, flat=True)(Value(3.0), [1.0, 10.0]).data
    20.0
    """

    def __init__(self, loss: Loss, flat: bool) -> None:
        self.loss, self.flat = loss, flat
        self.__name__ = getattr(loss, "__name__", "loss")

    def __call__(self, output: Nested, target: Any) -> Value:
        """The loss of an output, weighted."""
        *inner, weight = target
        weighted: Value = self.loss(output, inner[0] if self.flat else inner) * weight
        return weighted


def cost(
    model: Callable[[Any], Any],
    inputs: Iterable[Any],
    targets: Iterable[Any],
    loss: Loss,
    reduction: str = "mean",
) -> Value:
    """J: the loss over all examples, their mean as in note 000 or their sum as in note 004.

    >>> from nn import Layer
    >>> model = Layer(1, 1, init="zeros")
    >>> cost(model, [[1.0], [2.0]], [1.0, 3.0], squared_error).data
    2.5
    >>> cost(model, [[1.0], [2.0]], [1.0, 3.0], squared_error, reduction="sum").data
    5.0
    """
    if reduction not in ("mean", "sum"):
        raise ValueError(f"reduction is 'mean' or 'sum', got {reduction!r}")
    pairs = zip(inputs, targets, strict=True)
    every = [checked(loss, model(x), y) for x, y in pairs]
    if not every:
        raise ValueError("cost: there are no examples")
    return (_mean if reduction == "mean" else _total)(Row(every))


def checked(loss: Loss, output: Nested, target: Any) -> Value:
    """The loss of one example, which must be a Value."""
    found = loss(output, target)
    if not isinstance(found, Value):
        name = getattr(loss, "__name__", "loss")
        raise TypeError(
            f"the loss {name!r} returned {found!r}; it must return a Value, computed from the "
            "network's output by gates: not .data, no float, and with a return"
        )
    return found


# ── what a target may look like ──────────────────────────────────────────────────────────────


def _outputs(output: Nested) -> Row:
    row = as_nodes(output)
    return Row([row]) if isinstance(row, Value) else row


def _pairs(
    output: Nested, target: Any, loss: str, outputs: int | None = None, classes: bool = False
) -> list[tuple[Value, Any]]:
    """(output, its target) for each output of the network."""
    row = _outputs(output)
    if outputs is not None and len(row) != outputs:
        raise ValueError(f"{loss}: expects {outputs} output of the network, got {len(row)}")
    target = _plain(target)
    if classes and len(row) > 1:
        target = _one_hot(target, len(row))
    given = target if isinstance(target, list | tuple) else [target]
    if len(given) != len(row):
        raise ValueError(f"{loss}: {len(row)} outputs, but {len(given)} targets")
    return list(zip(row, given, strict=True))


def _plain(target: Any) -> Any:
    """NumPy's arrays and scalars as lists and numbers."""
    return target.tolist() if hasattr(target, "tolist") else target


def _one_hot(target: Any, classes: int) -> list[Any]:
    """The one-hot row of a class's index; a list is that row already.

    An index that is a Value, data of a compiled function, is compared with each class by a gate.
    """
    if isinstance(target, list | tuple):
        return list(target)
    number = target.data if isinstance(target, Value) else target
    if number not in range(classes):
        raise ValueError(f"class {number!r} is not one of the {classes} classes 0 to {classes - 1}")
    if isinstance(target, Value):
        return [GATES["equal"](target, k) for k in range(classes)]
    return [float(k == number) for k in range(classes)]


def _one_of(loss: str, target: Any, allowed: tuple[float, float]) -> None:
    number = target.data if isinstance(target, Value) else target
    if number not in allowed:
        low, high = allowed
        raise ValueError(f"{loss}: the target must be {low:g} or {high:g}, got {number!r}")
