"""A PyTorch module as a picture, with its gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff import Value
from autodiff.functional import map_nested
from nn.exchange.interchange import from_torch
from nn.module import flatten

from .diagram import draw
from .render import Diagram

__all__ = ["draw_torch"]


def draw_torch(
    network: Any, *inputs: Any, loss: Callable[..., Any] | None = None, **options: Any
) -> Diagram:
    """Draw a small PyTorch module, or a function of tensors, on one example, after a backward pass.

    inputs   an example's: tensors, arrays, lists or numbers, without the axis of rows
    loss     a function of the outputs (Values) that gives the root; without one it is the output,
             or the sum of the outputs
    options  those of `draw`

    Numbers and gradients are PyTorch's own to the last bits of rounding, in double precision. The
    module is left as it is. Raises ValueError for what `nn.from_torch` cannot convert.
    """
    model = from_torch(network)
    names = _names(len(inputs))
    given = [_labelled(name, x) for name, x in zip(names, inputs, strict=True)]
    outputs = model(*given)
    for path, parameter in model.named_parameters():
        parameter.label = parameter.label or path
    if loss is not None:
        root = loss(outputs)
    elif isinstance(outputs, Value):
        root = outputs
    else:
        root = sum(flatten(outputs), Value(0.0)) if len(outputs) > 1 else outputs[0]
    root.backward()
    return draw(root, **options)


def _names(count: int) -> list[str]:
    return ["x"] if count == 1 else [f"x{k}" for k in range(1, count + 1)]


def _labelled(name: str, x: Any) -> Any:
    """Leaves with labels: x, or x[0], x[1], ..."""
    x = x.tolist() if hasattr(x, "tolist") else x
    leaves = map_nested(Value, x)
    flat = [leaves] if isinstance(leaves, Value) else list(flatten(leaves))
    for k, leaf in enumerate(flat):
        leaf.label = name if leaf is leaves else f"{name}[{k}]"
    return leaves
