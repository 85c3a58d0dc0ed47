"""To PyTorch and back: the same outputs, the same gradients."""

import numpy as np
import pytest

from autodiff import Value
from nn import (
    MLP,
    Activation,
    Conv2D,
    Flatten,
    Layer,
    LayerNorm,
    Module,
    Residual,
    Sequential,
    from_torch,
    softmax,
    to_torch,
)
from tests.oracles import oracle

torch = oracle("torch")
pytestmark = pytest.mark.torch

ACTIVATIONS = ["relu", "tanh", "sigmoid", "gelu", "softplus", "softplus(2)", "leaky_relu",
               "leaky_relu(0.3)", "softmax", None]  # fmt: skip


def outputs(model: Module, X: np.ndarray) -> np.ndarray:
    return np.array([[v.data for v in model(x)] for x in X.tolist()])


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_outputs_are_equal_to_1e_12_with_every_activation(activation: str | None) -> None:
    model = Sequential(Layer(3, 4, activation, rng=0), Layer(4, 2, rng=1))
    X = np.random.default_rng(0).normal(size=(10, 3)) * 3
    theirs = to_torch(model)(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(outputs(model, X), theirs, rtol=1e-12, atol=1e-14)


def test_a_plain_torch_sequential_takes_our_state_dict_and_gives_its_own() -> None:
    model = MLP(3, [8, 8, 2], rng=0)
    network = torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 8), torch.nn.ReLU(),
        torch.nn.Linear(8, 2),
    ).double()  # fmt: skip
    network.load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    X = np.random.default_rng(0).normal(size=(10, 3))
    np.testing.assert_allclose(
        outputs(model, X), network(torch.tensor(X)).detach().numpy(), rtol=1e-12
    )
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(1.5).add_(0.1)
    back = from_torch(network, MLP(3, [8, 8, 2]))
    np.testing.assert_allclose(
        outputs(back, X), network(torch.tensor(X)).detach().numpy(), rtol=1e-12
    )
    model.load_state_dict(network.state_dict())  # tensors as they are
    assert [p.data for p in model.parameters()] == [p.data for p in back.parameters()]


def test_blocks_norms_and_convolutions_with_gradients() -> None:
    model = Sequential(
        Conv2D(1, 2, 3, "relu", rng=0),
        Flatten(),
        LayerNorm(24),
        Layer(24, 3, rng=1),
        Residual(Layer(3, 3, "tanh", rng=2), Layer(3, 3, "tanh", rng=3)),
        Activation("softmax"),
    )
    X = np.random.default_rng(0).normal(size=(2, 1, 3, 4))
    network = to_torch(model)
    theirs = network(torch.tensor(X))
    ours = [model(x) for x in X.tolist()]
    np.testing.assert_allclose(
        [[v.data for v in row] for row in ours], theirs.detach().numpy(), rtol=1e-12
    )
    total = sum(row[0] * row[1] for row in ours)
    assert isinstance(total, Value)
    total.backward()
    (theirs[:, 0] * theirs[:, 1]).sum().backward()
    gradients = {name: p.grad.numpy() for name, p in network.named_parameters()}
    for name, array in model.named_arrays().items():
        ours_grad = [p.grad for p in flat(array)]
        np.testing.assert_allclose(ours_grad, gradients[name].ravel(), rtol=1e-9, atol=1e-14)


def flat(nested: object) -> list[Value]:
    if isinstance(nested, Value):
        return [nested]
    return [value for part in nested for value in flat(part)]  # type: ignore[attr-defined]


def test_a_single_layer_keeps_its_activation() -> None:
    layer = Layer(2, 3, "tanh", rng=0)
    X = np.random.default_rng(0).normal(size=(5, 2))
    np.testing.assert_allclose(
        outputs(layer, X), to_torch(layer)(torch.tensor(X)).detach().numpy(), rtol=1e-12
    )


def test_what_has_no_counterpart_is_refused() -> None:
    with pytest.raises(ValueError, match="'exp' is not known in torch"):
        to_torch(Layer(1, 1, "exp"))
    with pytest.raises(ValueError, match="is not known in torch"):
        to_torch(Sequential(Layer(1, 1, lambda z: z * z)))
    with pytest.raises(ValueError, match="only odd windows"):
        to_torch(Conv2D(1, 1, 2))

    class Own(Module):
        pass

    with pytest.raises(ValueError, match=r"Own has no counterpart in torch\.nn"):
        to_torch(Own())


def test_softmax_as_a_function_has_a_name_too() -> None:
    assert isinstance(to_torch(Sequential(Activation(softmax)))[0], torch.nn.Softmax)
