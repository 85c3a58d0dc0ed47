"""Convolutions: layers whose neurons look at windows and share one set of weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from autodiff import GATES, Constant, Row, Value

from .activations import ActivationLike, resolve
from .checks import count, is_whole
from .initialisation import Init, generator, initialiser
from .module import Module, Nested, flatten
from .report.options import signature

__all__ = ["Conv1D", "Conv2D", "Flatten"]

_affine = GATES["affine"].fire


class _Convolution(Module):
    """What Conv1D and Conv2D share; they say along how many axes the window moves."""

    axes: ClassVar[int]

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel_size: int | Sequence[int],
        activation: ActivationLike = None,
        *,
        stride: int = 1,
        padding: int | str = "same",
        init: Init = None,
        rng: Any = None,
    ) -> None:
        self.channels_in = channels_in = count("channels_in", channels_in)
        self.channels_out = channels_out = count("channels_out", channels_out)
        sizes = (
            [kernel_size] * self.axes
            if not isinstance(kernel_size, Iterable)
            else list(kernel_size)
        )
        if len(sizes) != self.axes:
            raise ValueError(f"kernel_size: expected {self.axes} numbers, got {kernel_size}")
        self.kernel_size = tuple(count("kernel_size", k) for k in sizes)
        self.stride = count("stride", stride)
        if padding != "same" and (not is_whole(padding) or padding < 0):
            raise ValueError(f"padding is 'same' or a number of at least 0, got {padding!r}")
        self.padding = padding if padding == "same" else int(padding)
        self.activation = resolve(activation)
        if self.activation.row:
            raise ValueError(f"{self.activation.name} is no activation for a convolution")
        area = math.prod(self.kernel_size)
        draw = initialiser(init, self.activation, channels_in * area, channels_out * area)
        rng = generator(rng)
        # One row per output channel: input channel by input channel, each window row by row.
        self.kernels = [
            Row([Value(draw(rng)) for _ in range(channels_in * area)]) for _ in range(channels_out)
        ]
        self.bias = [Value(0.0, label=f"b[{o}]") for o in range(channels_out)]
        for o, kernel in enumerate(self.kernels):
            places = itertools.product(range(channels_in), *map(range, self.kernel_size))
            for value, place in zip(kernel, places, strict=True):
                value.label = f"w[{','.join(map(str, (o, *place)))}]"

    def forward(self, z: Nested) -> Nested:
        """Channels in, channels out; see the class."""
        flat = isinstance(z, Row) and self.axes == 1
        single = flat or (self.axes == 2 and isinstance(z, list) and isinstance(z[0], Row))
        channels = [z] if single else z
        shape = self._check(channels)
        places = list(itertools.product(*map(range, shape)))
        values = [dict(zip(places, flatten(channel), strict=True)) for channel in channels]
        zero = Constant(0.0)
        function = self.activation.function
        before = [self._before(axis) for axis in range(self.axes)]
        sizes = [self._size(axis, n) for axis, n in enumerate(shape)]
        outputs: list[list[Value]] = [[] for _ in self.kernels]
        for corner in itertools.product(*map(range, sizes)):
            start = [c * self.stride - b for c, b in zip(corner, before, strict=True)]
            around = [range(s, s + k) for s, k in zip(start, self.kernel_size, strict=True)]
            seen = list(itertools.product(*around))
            window = Row([channel.get(place, zero) for channel in values for place in seen])
            for kernel, bias, out in zip(self.kernels, self.bias, outputs, strict=True):
                node = _affine(kernel, window, bias)
                out.append(node if function is None else function(node))
        nested = [_nest(out, sizes) for out in outputs]
        return nested[0] if single and len(nested) == 1 else nested

    def _before(self, axis: int) -> int:
        """Zeros in front of the first element."""
        k = self.kernel_size[axis]
        return (k - 1) // 2 if self.padding == "same" else int(self.padding)

    def _size(self, axis: int, n: int) -> int:
        """Windows along an axis of n elements."""
        k = self.kernel_size[axis]
        padded = n + (k - 1 if self.padding == "same" else 2 * int(self.padding))
        if padded < k:
            raise ValueError(f"{self!r}: a window of {k} does not fit into {padded} elements")
        return (padded - k) // self.stride + 1

    def _check(self, channels: Nested) -> tuple[int, ...]:
        """The shape of a channel; all must have the same."""
        if isinstance(channels, Value) or len(channels) != self.channels_in:
            found = 1 if isinstance(channels, Value) else len(channels)
            raise ValueError(f"{self!r} expects {self.channels_in} channels, got {found}")
        shapes = [_shape(channel) for channel in channels]
        for number, shape in enumerate(shapes):
            if len(shape) != self.axes or shape != shapes[0]:
                raise ValueError(
                    f"{self!r}: channel {number} has shape {shape}, expected "
                    f"{shapes[0] if len(shapes[0]) == self.axes else f'{self.axes} axes'}"
                )
        return shapes[0]

    def parts(self) -> dict[str, Any]:
        """As in PyTorch: weight[channels out, channels in, *window] and bias[channels out]."""
        shape = [self.channels_in, *self.kernel_size]
        weight = [_nest(list(kernel), shape) for kernel in self.kernels]
        others = {name: held for name, held in vars(self).items() if name != "kernels"}
        return {"weight": weight} | others

    def extra_repr(self) -> str:
        """Its channels, window, and what is not as by default."""
        return signature(self)


class Conv1D(_Convolution):
    """Σⱼ w_j · z_{i-ℓ+j-1} + b along a row, for each output channel: CS229 (7.48)-(7.50).

    channels_in, channels_out   C and C'; there are k·C·C' weights and C' biases
    kernel_size                 k
    padding                     "same": zeros so that m elements give m (stride 1); or a number
                                of zeros at each end
    activation, init, rng       see `Layer`; stride: how far the window moves

    Takes a list of C lists of m Values or numbers, gives a list of C' lists. With one channel in
    a flat list does too, and is also what comes back if there is one channel out.

    >>> conv = Conv1D(1, 1, 3, init="zeros")
    >>> conv.load_state_dict({"weight": [[[1, 2, 3]]], "bias": [0]})
    >>> [a.data for a in conv([1, 0, 0, 10])]
    [2.0, 1.0, 30.0, 20.0]
    """

    axes = 1


class Conv2D(_Convolution):
    """The same in two dimensions: CS229 (7.51).

    Takes a list of C images, each a list of rows; gives a list of C' images. With one channel in
    a single image does too, and is also what comes back if there is one channel out.

    >>> conv = Conv2D(1, 2, 3, rng=0)
    >>> maps = conv([[0.0] * 5] * 4)
    >>> len(maps), len(maps[0]), len(maps[0][0])
    (2, 4, 5)
    """

    axes = 2


class Flatten(Module):
    """All elements of nested lists as one row: from convolutions to a `Layer`.

    >>> [a.data for a in Flatten()([[[1, 2], [3, 4]]])]
    [1.0, 2.0, 3.0, 4.0]
    """

    def forward(self, x: Nested) -> Row:
        """One row."""
        return Row(flatten(x))


def _shape(nested: Nested) -> tuple[int, ...]:
    if isinstance(nested, Value):
        return ()
    inner = {_shape(part) for part in nested}
    return (len(nested), *inner.pop()) if len(inner) == 1 else (len(nested), -1)


def _nest(flat: list[Value], shape: Sequence[int]) -> Nested:
    for n in reversed(shape[1:]):
        flat = [flat[i : i + n] for i in range(0, len(flat), n)]  # type: ignore[misc]
    return flat
