"""Neurons, layers and networks of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import GATES, Call, Constant, Row, Value

from .activations import ActivationLike, Nonlinearity, resolve
from .checks import count
from .initialisation import OUTPUT, Init, fan_in, generator, initialiser
from .module import Module, Nested, as_inputs
from .report.options import signature
from .sequential import Sequential

__all__ = ["MLP", "Layer", "Neuron"]

_weighted_sums: Callable[..., list[Value]] = GATES["affine"].each("x")


class _LayerCall(Call):
    """A layer's call on a node that a neuron returned: that inner call is made when asked for,
    since making it for every node costs more than a neuron's activation."""

    __slots__ = ()

    @property
    def inner(self) -> Call:
        """The call of the neuron, which is kept in place of it."""
        neuron: Any = self[2]
        return Call(neuron, self.inputs, None)


class Neuron(Module):
    """activation(w · x + b): CS229 (7.12).

    nin         number of inputs
    activation  None (linear), the name of a gate, or a function from Value to Value
    bias        False: w · x alone
    init, rng   see `Layer`

    >>> neuron = Neuron(2, activation="relu", init="zeros")
    >>> neuron.b.data = 1.5
    >>> neuron([3.0, 4.0])
    Value(1.5, gate=relu)
    """

    def __init__(
        self,
        nin: int,
        activation: ActivationLike = None,
        *,
        bias: bool = True,
        init: Init = None,
        rng: Any = None,
    ) -> None:
        chosen = resolve(activation)
        nin = count("nin", nin)
        draw, rng = initialiser(init, chosen, nin, 1), generator(rng)
        if chosen.row:
            raise ValueError(f"{chosen.name} needs a whole layer; a neuron has one output")
        self.w = Row([Value(draw(rng), label=f"w{i}") for i in range(nin)])
        self.b = Value(0.0, label="b") if bias else Constant(0.0)  # which is no parameter
        self.activation = chosen

    @property
    def nin(self) -> int:
        """Number of inputs."""
        return len(self.w)

    @property
    def bias(self) -> bool:
        """Whether it has one."""
        return not isinstance(self.b, Constant)

    def forward(self, x: Nested) -> Value:
        """One Value from a row of `nin`."""
        (out,) = _fire([self], as_inputs(self, x, len(self.w)))
        return out

    def extra_repr(self) -> str:
        """Number of inputs and activation."""
        return signature(self)


def _fire(neurons: list[Neuron], x: Row) -> list[Value]:
    """activation(w · x + b) of each neuron, of a row that has been checked."""
    sums = _weighted_sums([neuron.w for neuron in neurons], x, [neuron.b for neuron in neurons])
    functions = [neuron.activation.function for neuron in neurons]
    return [z if f is None else f(z) for f, z in zip(functions, sums, strict=True)]


class Layer(Module):
    """`nout` neurons that see the same `nin` inputs: a = activation(W x + b), CS229 (7.19).

    activation  None, "relu", "tanh", "gelu", "softplus(2)", "softmax" ... or a function
    bias        False: W x alone
    init        None: variance fitted to fan-in and activation; or "uniform" (micrograd's
                uniform(-1, 1)), "he", "xavier", "lecun", ...: see `nn.initialisation.SCHEMES`;
                or a function that draws a weight from the generator. Biases start at 0.
    rng         a seed, a `random.Random`, or None for the module `random`

    Takes a list of Values or numbers and returns a list of Values; a single output comes back as
    a Value. Weights are drawn neuron by neuron.

    >>> layer = Layer(2, 3, activation="tanh", rng=0)
    >>> [a.gate.name for a in layer([0.5, -1.0])]
    ['tanh', 'tanh', 'tanh']
    >>> layer([0.5])
    Traceback (most recent call last):
        ...
    ValueError: Layer(2, 3, activation='tanh') expects 2 inputs, got 1
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        activation: ActivationLike = None,
        *,
        bias: bool = True,
        init: Init = None,
        rng: Any = None,
    ) -> None:
        chosen = resolve(activation)
        nin, nout = count("nin", nin), count("nout", nout)
        draw, rng = initialiser(init, chosen, nin, nout), generator(rng)
        elementwise = None if chosen.row else chosen
        self.neurons = [
            Neuron(nin, elementwise, bias=bias, init=draw, rng=rng) for _ in range(nout)
        ]
        self.activation = chosen
        self.label_parameters("w", "b")

    def label_parameters(self, weight: str, bias: str) -> None:
        """Name weight i of neuron j "w[j,i]" and its bias "b[j]", as pictures show them."""
        for j, neuron in enumerate(self.neurons):
            for i, w in enumerate(neuron.w):
                w.label = f"{weight}[{j},{i}]"
            if self.bias:
                neuron.b.label = f"{bias}[{j}]"

    @property
    def nin(self) -> int:
        """Number of inputs."""
        return self.neurons[0].nin

    @property
    def bias(self) -> bool:
        """Whether its neurons have one."""
        return self.neurons[0].bias

    @property
    def nout(self) -> int:
        """Number of neurons, which is the number of outputs."""
        return len(self.neurons)

    def forward(self, x: Nested) -> Nested:
        """A row of `nin` in, a list of `nout` out (a Value if `nout` is 1)."""
        x = as_inputs(self, x, self.nin)
        out = _fire(self.neurons, x)
        if self.activation.row and self.activation.function is not None:
            for neuron, z in zip(self.neurons, out, strict=True):
                z.call = Call(neuron, x, None)
            out = self.activation.function(out)
        return out if len(out) > 1 else out[0]

    def leave_calls(self, outputs: Nested, given: tuple[Value, ...]) -> None:
        """Each output comes from a neuron, unless the activation took all of them at once."""
        if self.activation.row:
            super().leave_calls(outputs, given)
            return
        new = tuple.__new__  # a named tuple's own constructor takes twice as long
        nodes = [outputs] if outputs.__class__ is Value else outputs
        for neuron, node in zip(self.neurons, nodes, strict=True):
            call = new(_LayerCall, (self, given, neuron))
            if self.activation.name:
                node._mark = call  # made by a gate just now: it has no label
            else:
                node.call = call

    def parts(self) -> dict[str, Any]:
        """As in `torch.nn.Linear`: weight[nout, nin] and bias[nout] instead of the neurons."""
        rows = {"weight": [n.w for n in self.neurons], "bias": [n.b for n in self.neurons]}
        return rows | {name: held for name, held in vars(self).items() if name != "neurons"}

    def walk(
        self, path: str = "", above: tuple[Module, ...] = ()
    ) -> list[tuple[str, tuple[int, ...], Value]]:
        """Neuron by neuron."""
        return sorted(super().walk(path, above), key=lambda found: found[1][:1])

    def extra_repr(self) -> str:
        """Its sizes and activation."""
        return signature(self)


class MLP(Sequential):
    """Multi-layer perceptron: fully connected layers, the last one linear. CS229 (7.14)-(7.23).

    nin         number of inputs
    nouts       widths of the layers, the last is the number of outputs
    activation  of all layers but the last, or a list with one for each of them
    output      activation of the last layer
    init, rng   see `Layer`; `init="uniform"` draws micrograd's weights in micrograd's order. None
                fits each layer's weights to the activation *before* it, since that is what its
                inputs have lost by (the first layer's have lost nothing), and makes the last
                layer's smaller, so that training starts from outputs near 0. Else the first
                steps are so long that they kill relu units for good

    A layer goes by its key in the state dict, as in PyTorch, where activations count as modules:
    0, 2, 4. Its weights are numbered as on paper, in labels and in compiled sources: w1, w2, w3.

    >>> model = MLP(2, [16, 16, 1], rng=0)
    >>> len(model.parameters())
    337
    >>> model
    MLP(
      (0): Layer(2, 16, activation='relu')
      (2): Layer(16, 16, activation='relu')
      (4): Layer(16, 1)
    )
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: ActivationLike | Sequence[ActivationLike] = "relu",
        output: ActivationLike = None,
        *,
        init: Init = None,
        rng: Any = None,
    ) -> None:
        if isinstance(nouts, int) or not len(nouts):
            raise ValueError(f"MLP: give the layers' widths as a list, as [16, 16, 1]; got {nouts}")
        hidden = len(nouts) - 1
        several = isinstance(activation, Sequence) and not isinstance(
            activation, str | Nonlinearity
        )
        chosen: list[Any] = [*activation] if several else [activation] * hidden  # type: ignore[misc]
        named: list[Any] = chosen if several else [activation]
        for each in named:
            resolve(each)  # a name that there is not is refused, used or not
        if len(chosen) != hidden:
            raise ValueError(
                f"MLP: {len(chosen)} activations for {hidden} hidden layers; the last layer's is "
                "given as output="
            )
        rng, layers, before = generator(rng), [], resolve(None)
        for number, (a, b) in enumerate(zip([nin, *nouts], nouts, strict=False)):
            draw = init
            if init is None:
                draw = fan_in(count("nin", a), before, OUTPUT if number == hidden else 1.0)
            before = resolve([*chosen, output][number])
            layers.append(Layer(a, b, before, init=draw, rng=rng))
        super().__init__(*layers)
        for number, layer in enumerate(self.layers, start=1):
            assert isinstance(layer, Layer)
            layer.label_parameters(f"w{number}", f"b{number}")
