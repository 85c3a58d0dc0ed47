"""To PyTorch and back: the same network as a `torch.nn` module, with the same state dict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..activations import Activation, Nonlinearity
from ..conv import Conv1D, Conv2D, Flatten
from ..layers import Layer
from ..module import Module
from ..normalisation import LayerNorm, RMSNorm
from ..sequential import Residual, Sequential
from ..transformer.attention import SelfAttention
from ..transformer.block import TransformerBlock
from ..transformer.dropout import Dropout
from ..transformer.embedding import Embedding
from .traced import module_of

__all__ = ["from_torch", "to_torch"]


def to_torch(model: Module) -> Any:
    """The same network in PyTorch, float64, with a copy of the parameters.

    An MLP becomes a `torch.nn.Sequential` of `Linear` and `ReLU` (or what else its activation is
    called there); it takes [rows, inputs]. All modules can be converted but blocks with RMSNorm
    and convolutions of even windows padded alike. Needs PyTorch.
    """
    import torch

    network, *activation = _parts(model, torch.nn)  # two for a single layer with an activation
    if activation:
        network = torch.nn.Sequential(network, *activation)
    state = {
        ("0." if activation else "") + name: torch.tensor(array)
        for name, array in model.state_dict().items()
    }
    network.double().load_state_dict(state)
    return network


def from_torch(network: Any, model: Module | None = None) -> Module:
    """A PyTorch network as a module of ours, with a copy of its parameters.

    A `torch.nn.Sequential` becomes a `Sequential` of the same parts; another module, or a plain
    function, what `torch.fx` sees of it, if that is made of our gates. It takes one example, and
    its parameters have the same names. If `model` is given, the parameters are copied into that.

    Raises ValueError, naming what differs, or what has no counterpart here.
    """
    model = module_of(network) if model is None else model
    state = network.state_dict() if hasattr(network, "state_dict") else {}
    model.load_state_dict({name: tensor.detach().cpu().numpy() for name, tensor in state.items()})
    return model


def _parts(module: Module, nn: Any) -> list[Any]:
    """A module and, where it has one, its activation, which is a module of its own there."""
    known = (convert for kind, convert in _CONVERTERS.items() if isinstance(module, kind))
    convert = next(known, None)
    if convert is None:
        raise ValueError(f"{type(module).__name__} has no counterpart in torch.nn")
    converted = [convert(module, nn)]
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


def _attention(module: Any, nn: Any) -> Any:
    class CausalAttention(nn.MultiheadAttention):  # type: ignore[misc]
        """Of a sequence with itself."""

        def forward(self, z: Any) -> Any:
            """[rows, positions, width], or without rows."""
            mask = _future(z, module.causal)
            return super().forward(z, z, z, attn_mask=mask, need_weights=False)[0]

    return CausalAttention(module.width, module.heads, bias=module.bias, batch_first=True)


def _block(module: Any, nn: Any) -> Any:
    if module.norm != "layer":
        raise ValueError(f"{module!r}: a block of torch.nn has LayerNorm, not {module.norm!r}")

    class CausalLayer(nn.TransformerEncoderLayer):  # type: ignore[misc]
        """With the mask that it needs."""

        def forward(self, z: Any) -> Any:
            """[rows, positions, width], or without rows."""
            return super().forward(z, src_mask=_future(z, module.causal))

    layer = CausalLayer(
        module.width,
        module.heads,
        module.linear1.nout,
        dropout=module.dropout,
        activation=_activation(module.nonlinearity, nn),
        batch_first=True,
        norm_first=True,
        bias=module.bias,
    )
    layer.norm1, layer.norm2 = (nn.LayerNorm(module.width) for _ in range(2))  # with their bias
    return layer


def _future(z: Any, causal: bool) -> Any:
    """For [.., positions, width]: which positions lie behind another one."""
    positions = z.shape[-2]
    return z.new_ones(positions, positions).triu(1).bool() if causal else None


_CONVERTERS: dict[type[Module], Callable[[Any, Any], Any]] = {
    Sequential: _sequential,
    Layer: lambda m, nn: nn.Linear(m.nin, m.nout, bias=m.bias),
    LayerNorm: lambda m, nn: nn.LayerNorm(m.n, eps=m.eps, elementwise_affine=m.affine),
    Activation: lambda m, nn: (
        nn.Identity() if m.activation.function is None else _activation(m.activation, nn)
    ),
    RMSNorm: lambda m, nn: nn.RMSNorm(m.n, eps=m.eps, elementwise_affine=m.affine),
    Flatten: lambda m, nn: nn.Flatten(),
    Embedding: lambda m, nn: nn.Embedding(m.tokens, m.width),
    Dropout: lambda m, nn: nn.Dropout(m.p),
    SelfAttention: _attention,
    TransformerBlock: _block,
    Residual: _residual,
    Conv1D: _convolution,
    Conv2D: _convolution,
}
