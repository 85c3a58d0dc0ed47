"""PyTorch's modules and functions as ours: Sequentials by their parts, others by their graph."""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

from autodiff import GATES, Value, softmax

from ..activations import Activation, activation_names
from ..conv import Conv1D, Conv2D, Flatten
from ..layers import Layer
from ..module import Module, Nested, flatten
from ..normalisation import LayerNorm, RMSNorm
from ..sequential import Sequential
from ..transformer.dropout import Dropout
from ..transformer.embedding import Embedding

__all__ = ["Traced", "module_of"]


def _convolution(kind: Callable[..., Module]) -> Callable[[Any], Module]:
    def convert(m: Any) -> Module:
        strides, padding = set(m.stride), m.padding
        paddings = {padding} if isinstance(padding, str) else set(padding)
        if {*m.dilation, m.groups, len(strides), len(paddings)} != {1} or m.bias is None:
            raise ValueError(f"{m!r} has no counterpart here: only plain convolutions have")
        (stride,), (padding,) = strides, paddings
        size = m.kernel_size
        return kind(
            m.in_channels, m.out_channels, size, stride=stride, padding=padding, init="zeros"
        )

    return convert


_MODULES: dict[str, Callable[[Any], Module]] = {
    "Sequential": lambda m: Sequential(*map(module_of, m)),
    "Linear": lambda m: Layer(m.in_features, m.out_features, bias=m.bias is not None, init="zeros"),
    "LayerNorm": lambda m: LayerNorm(
        math.prod(m.normalized_shape), m.eps, affine=m.elementwise_affine
    ),
    "RMSNorm": lambda m: RMSNorm(
        math.prod(m.normalized_shape),
        sys.float_info.epsilon if m.eps is None else m.eps,
        affine=m.elementwise_affine,
    ),
    "Embedding": lambda m: Embedding(m.num_embeddings, m.embedding_dim, init="zeros"),
    "Dropout": lambda m: Dropout(m.p),
    "Flatten": lambda m: Flatten(),
    "Identity": lambda m: Activation(None),
    "Conv1d": _convolution(Conv1D),
    "Conv2d": _convolution(Conv2D),
}
# what PyTorch calls a gate's option, and the names that Python and PyTorch have beside ours
_OPTIONS = ("negative_slope", "beta")
_NAMES = {"truediv": "div", "true_divide": "div", "subtract": "sub", "multiply": "mul",
          "maximum": "max", "minimum": "min"}  # fmt: skip
_SAME = {"contiguous", "clone", "double", "float"}


def module_of(m: Any) -> Module:
    """A module of ours for one of `torch.nn`, without its numbers."""
    kind = type(m).__name__
    home = (type(m).__module__ or "").startswith("torch.nn")
    if home and kind in _MODULES:
        return _MODULES[kind](m)
    for name in activation_names() if home else ():
        if name.replace("_", "") == kind.lower():
            if getattr(m, "approximate", "none") != "none":
                raise ValueError(f"{m!r}: our gate is the exact one, approximate='none'")
            options = [f"{getattr(m, option):g}" for option in _OPTIONS if hasattr(m, option)]
            return Activation(f"{name}({', '.join(options)})" if options else name)
    return Traced(m)


class Traced(Module):
    """What `torch.fx` has seen of a module or function: its steps, on one example.

    Gates are fired element by element, or along the last axis; the axis of rows that PyTorch's
    own has is not there.
    """

    def __init__(self, network: Any) -> None:
        import torch

        graph = torch.fx.symbolic_trace(network).graph
        self.name = getattr(network, "__name__", type(network).__name__)
        self.held: dict[str, Any] = {}
        self.steps: list[tuple[str, str, Any, Any, Any]] = []
        for node in graph.nodes:
            target = node.target
            if node.op == "call_module":
                self.held.setdefault(target, module_of(network.get_submodule(target)))
            elif node.op == "get_attr":
                tensor = operator.attrgetter(target)(network).detach()
                leaf = isinstance(operator.attrgetter(target)(network), torch.nn.Parameter)
                made = _each(Value, tensor.tolist()) if leaf else tensor.tolist()
                self.held.setdefault(target, made)
            elif node.op in ("call_function", "call_method"):
                target = str(getattr(target, "__name__", target)).strip("_")
                _known(target, self.name)
            given = torch.fx.node.map_arg((node.args, node.kwargs), lambda n: _Result(n.name))
            self.steps.append((node.op, node.name, target, *given))

    def parts(self) -> dict[str, Any]:
        """Under PyTorch's names."""
        return self.held

    def __repr__(self) -> str:
        return self.name

    def forward(self, *inputs: Nested) -> Any:
        """The steps, one after the other."""
        results: dict[str, Any] = {}
        following = iter(inputs)

        def filled(given: Any) -> Any:
            if isinstance(given, _Result):
                return results[given]
            if isinstance(given, list | tuple):
                return type(given)(map(filled, given))
            return given

        for kind, name, target, given, options in self.steps:
            arguments = [filled(argument) for argument in given]
            if kind == "placeholder":
                results[name] = next(following)
            elif kind == "get_attr":
                results[name] = self.held[target]
            elif kind == "call_module":
                results[name] = self.held[target](*arguments)
            elif kind == "output":
                return arguments[0]
            else:
                results[name] = _call(target, arguments, options)
        return None


class _Result(str):
    """The name of a step, in the place of what it gave."""


def _known(name: str, of: str) -> None:
    if not {name, _NAMES.get(name, name)} & {*GATES, *_ARRANGED, *_SAME, "softmax", "cat"}:
        raise ValueError(f"{of}: {name} is no gate and no arrangement of numbers that we have")


def _call(name: str, given: Sequence[Any], options: dict[str, Any]) -> Any:
    """A function, or a method of the first of what is given."""
    if name in _SAME:
        return given[0]
    if name in _ARRANGED:
        return _ARRANGED[name](*given)
    gate = GATES.get(_NAMES.get(name, name))
    if gate is None or len(gate.rows) == 1:  # over an axis
        axis = options.get("dim", given[1] if len(given) > 1 else None)
        over = softmax if gate is None else gate
        kept = (lambda row: [over(row)]) if options.get("keepdim") else over
        return _along(name, kept, given[0], axis)
    if gate.rows:
        return gate(*given)
    numbers = [options[key] for key in _OPTIONS if key in options]
    return _each(gate, *given[: len(gate.inputs)], *numbers)


def _along(name: str, function: Callable[..., Any], x: Any, axis: Any) -> Any:
    """Over the last axis, or all numbers if none is named."""
    (axis,) = axis if isinstance(axis, list | tuple) else (axis,)
    parts = list(x) if name == "cat" else [x]
    depth = _axes(parts[0])
    if axis is None and name != "cat":
        return function(list(flatten(x)))
    if axis not in (-1, depth, None):
        raise ValueError(
            f"{name} along dim={axis}: only the last one of an example's is known here"
        )

    def last(*rows: Any) -> Any:
        if _axes(rows[0]) > 1:
            return [last(*inner) for inner in zip(*rows, strict=True)]
        return list(flatten(rows)) if name == "cat" else function(rows[0])

    return last(*parts)


def _each(function: Callable[..., Any], *inputs: Any) -> Any:
    """Element by element; what has fewer axes, or one element in an axis, is repeated."""
    if not any(isinstance(x, list | tuple) for x in inputs):
        return function(*inputs)
    depth = max(map(_axes, inputs))
    size = max(len(x) for x in inputs if _axes(x) == depth)
    return [
        _each(function, *(x[k % len(x)] if _axes(x) == depth else x for x in inputs))
        for k in range(size)
    ]


def _axes(x: Any) -> int:
    return 1 + _axes(x[0]) if isinstance(x, list | tuple) else 0


def _at(x: Any, index: Any) -> Any:
    """x[index]; the index of the rows, a whole slice or an ellipsis ahead, is not there."""
    if isinstance(index, tuple):
        for place in index[1:] if index[0] in (slice(None), ...) else index:
            x = x[place]
        return x
    return x[index]


_ARRANGED: dict[str, Callable[..., Any]] = {
    "getitem": _at,
    "flatten": lambda x, *_: list(flatten(x)),
}
