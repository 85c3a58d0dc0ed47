"""The engine against PyTorch, gates of every kind wired at random."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given

from autodiff import (
    Value,
    backward_steps,
    grad,
    hessian,
    is_topological,
    topological_order,
    value_and_grad,
)
from tests.oracles import oracle
from tests.random_graphs import BUILT_IN, Recipe, random_recipe, recipes

torch = oracle("torch")
pytestmark = pytest.mark.torch

GRAPHS = 2000
CHUNK = 250  # graphs in one test, so that several workers share them


def _row(x: Sequence[Any]) -> Any:
    return torch.stack([_tensor(element) for element in x])


def _tensor(x: Any) -> Any:
    return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64)


def _power(a: Any, b: Any) -> Any:
    """PyTorch's pow, save that its double backward takes ∂/∂a for 0 wherever b is 0, and so loses
    ∂²/∂a∂b, which is 1/a there."""
    return torch.exp(b * torch.log(a)) if b == 0 < a else torch.pow(a, b)


# softplus and leaky_relu of PyTorch take plain numbers for β and γ, and its softplus turns linear
# above 20; so these two are spelled out.
TORCH: Mapping[str, Callable[..., Any]] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "neg": torch.neg,
    "reciprocal": torch.reciprocal,
    "pow": _power,
    "max": torch.maximum,
    "min": torch.minimum,
    "equal": lambda a, b: torch.eq(a, b) + 0.0 * (a + b),
    "abs": torch.abs,
    "exp": torch.exp,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky_relu": lambda a, gamma=0.01: torch.where(a > 0, a, gamma * a),
    "gelu": torch.nn.functional.gelu,
    "softplus": lambda a, beta=1.0: torch.logaddexp(beta * a, torch.zeros_like(a)) / beta,
    "sum": torch.sum,
    "mean": torch.mean,
    "dot": torch.dot,
    "affine": lambda w, x, b: torch.dot(w, x) + b,
    "logsumexp": lambda a: torch.logsumexp(a, 0),
}


def call_torch(name: str, inputs: Sequence[Any]) -> Any:
    return TORCH[name](*[_row(x) if isinstance(x, list) else _tensor(x) for x in inputs])


def on_torch(recipe: Recipe) -> tuple[Any, list[Any]]:
    leaves = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in recipe.leaves]
    return recipe.follow(leaves, call_torch), leaves


def close(ours: float, theirs: float, relative: float = 1e-10) -> bool:
    """Equal to so many digits, but where everything cancels one may have 0 and the other 1e-17."""
    return abs(ours - theirs) <= relative * abs(theirs) + 1e-13


def test_the_oracle_knows_every_gate() -> None:
    assert set(TORCH) == set(BUILT_IN)


def test_the_graphs_fork_repeat_operands_and_use_every_gate() -> None:
    used: Counter[str] = Counter()
    forks = repeats = value_exponents = number_bases = 0
    for seed in range(GRAPHS):
        recipe = random_recipe(seed)
        used.update(step.gate for step in recipe.steps)
        root, _ = recipe.build()
        order = topological_order(root)
        consumers = Counter(parent for node in order for parent in set(node.parents))
        forks += max(consumers.values(), default=0) > 1
        repeats += any(len(set(node.parents)) < len(node.parents) for node in order)
        for step in recipe.steps:
            if step.gate == "pow":
                base, exponent = step.inputs
                number_bases += base.__class__ is float
                value_exponents += exponent.__class__ is not float
    assert min(used[name] for name in BUILT_IN) > 500, used
    assert forks > GRAPHS / 2
    assert repeats > GRAPHS / 2
    assert value_exponents > 100
    assert number_bases > 100


@pytest.mark.parametrize("first", range(0, GRAPHS, CHUNK))
def test_gradients_equal_those_of_pytorch(first: int) -> None:
    for seed in range(first, first + CHUNK):
        recipe = random_recipe(seed)
        root, leaves = recipe.build()
        root.backward()
        expected_root, tensors = on_torch(recipe)
        expected = torch.autograd.grad(expected_root, tensors, allow_unused=True)
        assert close(root.data, expected_root.item()), (seed, recipe)
        for leaf, theirs in zip(leaves, expected, strict=True):
            assert close(leaf.grad, 0.0 if theirs is None else theirs.item()), (seed, recipe)


@pytest.mark.parametrize("first", range(0, GRAPHS, CHUNK))
def test_second_derivatives_equal_pytorch_double_backward(first: int) -> None:
    """The whole Hessian, from the graph of the gradient, against PyTorch's."""
    for seed in range(first, first + CHUNK, 2):
        recipe = random_recipe(seed, size=1 + seed % 12, leaves=1 + seed % 3)
        ours = hessian(recipe.on_values)(*recipe.leaves)
        root, tensors = on_torch(recipe)
        slopes = torch.autograd.grad(root, tensors, create_graph=True, allow_unused=True)
        for our_row, slope in zip(ours, slopes, strict=True):
            for our_entry, theirs in zip(our_row, _slopes(slope, tensors), strict=True):
                assert close(our_entry, theirs, 1e-9), (seed, recipe, ours)


def _slopes(slope: Any, tensors: Sequence[Any]) -> list[float]:
    """The derivatives of a first derivative that may be constant or absent."""
    if slope is None or not slope.requires_grad:
        return [0.0] * len(tensors)
    found = torch.autograd.grad(slope, tensors, retain_graph=True, allow_unused=True)
    return [0.0 if entry is None else entry.item() for entry in found]


def test_the_mixed_derivative_of_a_power_at_exponent_zero() -> None:
    """a^b at a = 2, b = 0: ∂²/∂a∂b = a^(b-1) (1 + b ln a) = ½, from either side."""
    assert hessian(lambda a, b: a**b)(2.0, 0.0)[0][1] == 0.5
    assert hessian(lambda a, b: a**b)(2.0, 0.0)[1][0] == 0.5


@given(recipes())
def test_gradients_equal_those_of_pytorch_on_graphs_that_hypothesis_makes(recipe: Recipe) -> None:
    ours = grad(recipe.on_values, range(len(recipe.leaves)))(*recipe.leaves)
    root, tensors = on_torch(recipe)
    expected = torch.autograd.grad(root, tensors, allow_unused=True)
    for our_entry, theirs in zip(ours, expected, strict=True):
        assert close(our_entry, 0.0 if theirs is None else theirs.item())


@given(recipes())
def test_backward_grad_and_backward_steps_tell_the_same(recipe: Recipe) -> None:
    """Three ways to walk back: into `.grad`, as numbers, told step by step; and as a graph."""
    root, leaves = recipe.build()
    root.backward()
    assert is_topological(topological_order(root))

    told = dict.fromkeys(leaves, 0.0)
    for step in backward_steps(root):
        assert step.upstream == step.node.grad
        for parent, _, downstream in step.parts:
            if parent in told:
                told[parent] += downstream
    assert list(told.values()) == [leaf.grad for leaf in leaves]

    every = range(len(recipe.leaves))
    data, slopes = value_and_grad(recipe.on_values, every)(*recipe.leaves)
    assert data == root.data
    assert slopes == [leaf.grad for leaf in leaves]

    graph = grad(recipe.on_values, every)(*[Value(x) for x in recipe.leaves])
    for node, leaf in zip(graph, leaves, strict=True):
        assert close(node.data, leaf.grad, 1e-12)


@given(recipes())
def test_equal_runs_are_equal_to_the_last_bit(recipe: Recipe) -> None:
    def run() -> list[float]:
        root, leaves = recipe.build()
        root.backward()
        return [root.data, *(leaf.grad for leaf in leaves)]

    assert run() == run()
