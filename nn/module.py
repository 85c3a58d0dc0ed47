"""Module: a part of a network, with its parameters in a tree of names."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakSet

from autodiff.functional import map_nested
from autodiff.value import UNREACHED, Call, Constant, Row, Value, assign
from autodiff.watch.changes import Counting

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .report.summary import Summary

__all__ = ["Module", "Nested", "as_inputs", "as_nodes", "flatten"]

TABLES: WeakSet[Any] = WeakSet()  # modules that use, at a time, a few rows of their `weight`
Nested: TypeAlias = Any  # a Value, or a (nested) list of them: how a module takes and gives data


class Module(Counting):
    """Base of everything with parameters: subclass it, keep Values and Modules as attributes,
    and define `forward`.

    Parameters are found by walking the attributes in the order in which they were set: Values,
    Modules, and (nested) lists, tuples and dicts of both. What is reached twice counts once.

    >>> from autodiff import Value
    >>> from nn import Layer
    >>> class Scaled(Module):
    ...     def __init__(self) -> None:
    ...         self.layer = Layer(2, 1, init="zeros")
    ...         self.scale = Value(3.0, label="scale")
    ...     def forward(self, x):
    ...         return self.scale * (self.layer(x) + 1)
    >>> model = Scaled()
    >>> [name for name, _ in model.named_parameters()]
    ['layer.weight[0,0]', 'layer.weight[0,1]', 'layer.bias[0]', 'scale']
    >>> list(model.state_dict())
    ['layer.weight', 'layer.bias', 'scale']
    >>> model([0.5, -0.5]).data
    3.0

    classes       the labels that `fit` met, one for each class, in the order of the outputs; ()
                  before, and where the outputs are no classes
    class_counts  how many rows of the data each had
    """

    classes: tuple[Any, ...] = ()
    class_counts: tuple[int, ...] = ()

    def forward(self, *inputs: Any) -> Nested:
        """What the module computes. Numbers arrive as Values, a list of Values as a `Row`."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, ...)")

    def __call__(self, *inputs: Any) -> Any:
        """Run `forward` and `leave_calls`."""
        nodes = [as_nodes(x) for x in inputs]
        alone = len(nodes) == 1 and nodes[0].__class__ is Row
        given = nodes[0] if alone else tuple(flatten(nodes))
        outputs = self.forward(*nodes)
        self.leave_calls(outputs, given)
        return outputs

    def leave_calls(self, outputs: Nested, given: tuple[Value, ...]) -> None:
        """A `Call` on every node of `outputs` that `forward` made of the nodes in `given`."""
        if outputs.__class__ is Value:
            returned: Any = (outputs,)
        elif isinstance(outputs, list) and outputs and outputs[0].__class__ is not Value:
            returned = flatten(outputs)
        else:
            returned = outputs
        known = None
        for node in returned:
            known = set(given) if known is None else known
            # what was only passed through belongs to the call that made it
            if node.gate is not None and node not in known:
                node.call = Call(self, given, node.call)

    # ── the tree of parameters ───────────────────────────────────────────────────────────────

    def parts(self) -> dict[str, Any]:
        """What it holds, by name: its attributes, unless a class knows better names."""
        return vars(self)

    def walk(
        self, path: str = "", above: tuple[Module, ...] = ()
    ) -> list[tuple[str, tuple[int, ...], Value]]:
        """(array, place in it, parameter) for every parameter, in the order of `parameters()`.

        This one walk finds what is trained, saved, loaded and counted. One that is reached on
        two paths comes twice; a module that is met again below itself is no part of what holds it.
        """
        above = (*above, self)
        found: list[tuple[str, tuple[int, ...], Value]] = []
        for name, place, held in _held(self.parts(), path):
            if isinstance(held, Module):
                found += [] if held in above else held.walk(f"{name}.", above)
            else:
                found.append((name, place, held))
        return found

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """(name, parameter) pairs, each parameter once: "0.weight[2,1]", as in the state dict."""
        seen: set[Value] = set()
        for name, place, parameter in self.walk():
            if parameter not in seen:
                seen.add(parameter)
                yield name + (f"[{','.join(map(str, place))}]" if place else ""), parameter

    def parameters(self) -> list[Value]:
        """All parameters, each once. Of a layer: neuron by neuron, weights then bias."""
        return list(dict.fromkeys(parameter for _, _, parameter in self.walk()))

    def modules(self, above: tuple[Module, ...] = ()) -> Iterator[tuple[str, Module]]:
        """(path, module) for this module (path "") and all below it, parents first."""
        yield "", self
        above = (*above, self)
        for name, child in self.children().items():
            for path, module in () if child in above else child.modules(above):
                yield f"{name}.{path}".rstrip("."), module

    def children(self) -> dict[str, Module]:
        """The modules directly below, by their names in the state dict."""
        held = _held(self.parts(), "")
        return {name: module for name, _, module in held if isinstance(module, Module)}

    def own_parameters(self) -> list[Value]:
        """Those that no module below holds."""
        return [held for _, _, held in _held(self.parts(), "") if isinstance(held, Value)]

    def named_arrays(self) -> dict[str, Nested]:
        """All parameters as (nested) lists, under PyTorch's names: "0.weight", "0.bias", ..."""
        import numpy as np

        found: dict[str, dict[tuple[int, ...], Value]] = {}
        for name, place, parameter in self.walk():
            if place in found.setdefault(name, {}):
                raise ValueError(f"two parameters of {type(self).__name__} are named {name!r}")
            found[name][place] = parameter
        arrays: dict[str, Nested] = {}
        for name, places in found.items():
            array = np.empty([n + 1 for n in max(places)], dtype=object)
            for place, parameter in places.items():
                array[place] = parameter
            arrays[name] = array.tolist()
        return arrays

    def zero_grad(self) -> None:
        """Forget all gradients, as before the first backward pass."""
        for parameter in self.parameters():
            parameter.grad = UNREACHED

    # ── the state dict ───────────────────────────────────────────────────────────────────────

    def state_dict(self) -> dict[str, NDArray[np.float64]]:
        """Copies of all parameters as float64 arrays, under PyTorch's names and in its shapes.

        >>> from nn import MLP
        >>> for name, array in MLP(2, [3, 1]).state_dict().items():
        ...     print(name, array.shape)
        0.weight (3, 2)
        0.bias (3,)
        2.weight (1, 3)
        2.bias (1,)

        As in `torch.nn.Sequential` an activation takes a number of its own: here number 1.
        """
        import numpy as np

        return {
            name: np.array(map_nested(lambda v: v.data, array), dtype=np.float64)
            for name, array in self.named_arrays().items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over the numbers of `state`: arrays, nested lists or CPU tensors.

        Raises ValueError, naming what differs, if a name is missing or unknown, if a shape is
        not the expected one, or if a number is not finite; the model is then left as it was.
        """
        import numpy as np

        arrays = self.named_arrays()
        faults = [f"{name} is missing" for name in arrays if name not in state]
        faults += [f"{name} is not known here" for name in state if name not in arrays]
        found: dict[str, NDArray[np.float64]] = {}
        for name in arrays.keys() & state.keys():
            given = np.asarray(state[name])
            if given.dtype.kind == "c":
                faults.append(f"{name} holds complex numbers")
                continue
            found[name] = given.astype(np.float64)
            expected = np.shape(map_nested(lambda v: v.data, arrays[name]))
            if found[name].shape != expected:
                faults.append(f"{name} has shape {found[name].shape}, expected {expected}")
            elif not np.isfinite(found[name]).all():
                faults.append(f"{name} contains a number that is not finite")
        if faults:
            raise ValueError(f"this state does not fit the model: {'; '.join(sorted(faults))}")
        parameters = [parameter for array in arrays.values() for parameter in flatten(array)]
        assign(parameters, [x for name in arrays for x in found[name].ravel().tolist()])

    # ── showing itself ───────────────────────────────────────────────────────────────────────

    def extra_repr(self) -> str:
        """What stands between the parentheses of the module's repr."""
        return ""

    @recursive_repr()
    def __repr__(self) -> str:
        inner = [f"({name}): {child!r}" for name, child in self.children().items()]
        extra = self.extra_repr()
        if extra or not inner:
            return f"{type(self).__name__}({extra})"
        lines = "\n".join(inner).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {lines}\n)"

    def summary(self, *inputs: Any) -> Summary:
        """A table of the layers: output shape and number of parameters of each.

        `inputs` is one example to run through; without it a module that knows its number of
        inputs is given zeros.
        """
        from .report.summary import summarise

        return summarise(self, *inputs)


def as_nodes(x: Any) -> Nested:
    """Numbers become constants, a list of Values a `Row`; nesting stays; arrays become lists."""
    if isinstance(x, Row | Value):
        return x
    if isinstance(x, list | tuple):
        if {*map(type, x)} == {Value}:
            return tuple.__new__(Row, x)  # a Row that need not be checked again
        nodes = [as_nodes(element) for element in x]
        return Row(nodes) if nodes and all(isinstance(n, Value) for n in nodes) else nodes
    if hasattr(x, "tolist"):  # an array or a NumPy scalar
        return as_nodes(x.tolist())
    return Constant(x)


def as_inputs(module: Module, x: Nested, expected: int) -> Row:
    """What a module was given, as a row of the length that it expects."""
    if isinstance(x, Value):
        x = Row([x])
    if x.__class__ is not Row and x:
        raise ValueError(f"{module!r} expects a flat list of {expected} inputs, got a nested one")
    if len(x) != expected:
        raise ValueError(f"{module!r} expects {expected} inputs, got {len(x)}")
    row: Row = x
    return row


def flatten(nested: Nested) -> Iterator[Value]:
    """All Values of a nested list, in order."""
    if isinstance(nested, Value):
        yield nested
    else:
        for part in nested:
            if isinstance(part, Value):
                yield part
            else:
                yield from flatten(part)


def _held(held: Any, path: str) -> Iterator[tuple[str, tuple[int, ...], Value | Module]]:
    """The nearest parameters and modules in attributes, dicts and lists.

    Lists that are an array of parameters share its name; what else a list holds is numbered.
    """
    for name, value in held.items() if isinstance(held, dict) else enumerate(held):
        name = f"{path}{name}"
        if isinstance(value, Module):
            yield name, (), value
        elif (shape := _shape(value)) is not None:
            places = itertools.product(*map(range, shape))
            yield from zip(itertools.repeat(name), places, flatten(value), strict=False)
        elif isinstance(value, dict | list | tuple):
            yield from _held(value, f"{name}.")


def _shape(held: Any) -> tuple[int, ...] | None:
    """Of a parameter, or of a nested list of nothing but parameters; None if it is no array."""
    if isinstance(held, Value):
        return None if isinstance(held, Constant) else ()
    if not isinstance(held, list | tuple) or not held:
        return None
    if {part.__class__ for part in held} == {Value}:
        return (len(held),)
    inner = {_shape(part) for part in held}
    one = inner.pop()
    return None if one is None or inner else (len(held), *one)
