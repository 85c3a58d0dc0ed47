"""To PyTorch and back: the same network as a `torch.nn` module, with the same state dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..activations import Activation, Nonlinearity
from ..conv import Conv1D, Conv2D, Flatten
from ..layers import Layer
from ..module import Module
from ..normalisation import LayerNorm
from ..sequential import Residual, Sequential

__all__ = ["from_torch", "to_torch"]


def to_torch(model: Module) -> Any:
    """The same network in PyTorch, float64, with a copy of the parameters.

    An MLP becomes a `torch.nn.Sequential` of `Linear` and `ReLU` (or what else its activation is
    called there); it takes [rows, inputs]. Sequential, Layer, LayerNorm, Activation, Residual,
    Flatten and convolutions of odd windows can be converted. Needs PyTorch.
    """
    import torch

    parts = _parts(model, torch.nn)
    fused = len(parts) > 1  # a single layer with an activation
    network = (torch.nn.Sequential(*parts) if fused else parts[0]).double()
    state = {
        ("0." if fused else "") + name: torch.tensor(array)
        for name, array in model.state_dict().items()
    }
    network.load_state_dict(state)
    return network


def from_torch(network: Any, model: Module) -> Module:
    """Copy the parameters of a PyTorch network into `model`, whose names must be the same.

    Raises ValueError, naming what differs, as `load_state_dict` does.
    """
    state = network.state_dict()
    model.load_state_dict({name: tensor.detach().cpu().numpy() for name, tensor in state.items()})
    return model


def _convert(module: Module) -> Any:
    from torch import nn

    kind = type(module)
    for known, convert in _CONVERTERS.items():
        if issubclass(kind, known):
            return convert(module, nn)
    raise ValueError(f"{kind.__name__} has no counterpart in torch.nn")


def _parts(module: Module, nn: Any) -> list[Any]:
    """A module and, where it has one, its activation, which is a module of its own there."""
    converted = [_convert(module)]
    chosen = getattr(module, "activation", None)
    if chosen is not None and chosen.function is not None and not isinstance(module, Activation):
        converted.append(_activation(chosen, nn))
    return converted


def _sequential(module: Any, nn: Any) -> Any:
    return nn.Sequential(*(part for layer in module.layers for part in _parts(layer, nn)))


def _activation(chosen: Nonlinearity, nn: Any) -> Any:
    """Found by its name: "leaky_relu(0.2)" is LeakyReLU(0.2)."""
    name, _, options = chosen.name.partition("(")
    if name == "softmax":
        return nn.Softmax(dim=-1)
    numbers = [float(option) for option in options.rstrip(")").split(",") if option]
    if name == "softplus":  # beyond PyTorch's own threshold of 20 it would be off by 2e-9
        return nn.Softplus(*(numbers or [1.0]), threshold=40)
    wanted = name.replace("_", "").lower()
    for found in dir(nn):
        if found.lower() == wanted and isinstance(getattr(nn, found), type):
            return getattr(nn, found)(*numbers)
    raise ValueError(f"the activation {chosen.name or chosen.function!r} is not known in torch.nn")


def _convolution(module: Any, nn: Any) -> Any:
    if module.padding == "same" and not all(k % 2 for k in module.kernel_size):
        raise ValueError(f"{module!r}: only odd windows can be padded alike in torch.nn")
    padding = module.padding
    if padding == "same":
        padding = tuple(k // 2 for k in module.kernel_size)
    kind = nn.Conv1d if module.axes == 1 else nn.Conv2d
    return kind(
        module.channels_in,
        module.channels_out,
        module.kernel_size,
        stride=module.stride,
        padding=padding,
    )


def _residual(module: Any, nn: Any) -> Any:
    class ResidualBlock(nn.Module):  # type: ignore[misc]
        """z + body(z)."""

        def __init__(self, body: Any) -> None:
            super().__init__()
            self.body = body

        def forward(self, z: Any) -> Any:
            """Applied to each row."""
            return z + self.body(z)

    return ResidualBlock(_sequential(module.body, nn))


_CONVERTERS: dict[type[Module], Callable[[Any, Any], Any]] = {
    Sequential: _sequential,
    Layer: lambda m, nn: nn.Linear(m.nin, m.nout),
    LayerNorm: lambda m, nn: nn.LayerNorm(m.n, eps=m.eps, elementwise_affine=m.affine),
    Activation: lambda m, nn: (
        nn.Identity() if m.activation.function is None else _activation(m.activation, nn)
    ),
    Flatten: lambda m, nn: nn.Flatten(),
    Residual: _residual,
    Conv1D: _convolution,
    Conv2D: _convolution,
}
