"""Compiled programs: loss and gradient through `value_and_grad`, against other people's programs.

One job, one answer: every contender computes the mean loss and its gradient for all parameters,
in float64, from arrays that it has been given in the form that it likes best, and is checked
against hand-written NumPy before it is timed. Contenders that are not installed are left out.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_digits, make_moons

import autodiff
from autodiff import Value
from autodiff.compiler.version import forget
from benchmarks import handwritten
from benchmarks.harness import Timing, markdown_table, seconds, take_turns, write_table
from nn import MLP, Conv1D, Flatten, Layer, LayerNorm, Residual, Sequential, losses

Run = Callable[[], Any]
HAND = "NumPy by hand"
NUMPY = "glassgrad, NumPy"
NATIVE = "glassgrad, native"


def grouped(model: Any) -> np.ndarray:
    """The parameters in the order of `handwritten`: array by array."""
    found = [np.asarray(array).ravel() for array in model.state_dict().values()]
    return np.concatenate(found)


def ours(model: Any, loss: Any, X: Any, Y: Any) -> dict[str, Run]:
    """Our two backends."""

    def example(x: Any, y: Value) -> Value:
        return loss(model(x), y)

    runs: dict[str, Run] = {}
    for name, backend in ((NUMPY, "numpy"), (NATIVE, "native")):
        try:
            program = autodiff.compile(example, backend=backend).prepare(X, Y)
        except ImportError:
            continue
        runs[name] = functools.partial(program.value_and_grad, program.theta(), X, Y)
    return runs


# ── peers: an MLP as arrays, tanh with the logistic loss, else relu ───────────────────────────────


def layers_of(model: Any) -> list[tuple[np.ndarray, np.ndarray]]:
    arrays = [np.array(a) for a in model.state_dict().values()]
    return list(zip(arrays[::2], arrays[1::2], strict=True))


def jax_jit(model: Any, X: Any, Y: Any, loss: str) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def cost(layers: Any, X: Any, Y: Any) -> Any:
        A = X
        for W, b in layers[:-1]:
            A = A @ W.T + b
            A = jnp.tanh(A) if loss == "logistic" else jnp.maximum(A, 0)
        Z = A @ layers[-1][0].T + layers[-1][1]
        if loss == "hinge":
            return jnp.maximum(1 - Y * Z[:, 0], 0).mean()
        if loss == "logistic":
            return jax.nn.softplus((1 - 2 * Y) * Z[:, 0]).mean()
        return (jax.nn.logsumexp(Z, axis=1) - Z[jnp.arange(len(Z)), Y]).mean()

    layers = [(jnp.array(W), jnp.array(b)) for W, b in layers_of(model)]
    x, y = jnp.array(X), jnp.array(Y)
    step = jax.jit(jax.value_and_grad(cost))
    return lambda: jax.block_until_ready(step(layers, x, y))


def torch_step(model: Any, X: Any, Y: Any, loss: str, compiled: bool = False) -> Run:
    import torch

    layers = [
        (torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True))
        for W, b in layers_of(model)
    ]
    parameters = [p for layer in layers for p in layer]
    x, y = torch.tensor(X), torch.tensor(Y)

    def cost() -> Any:
        A = x
        for W, b in layers[:-1]:
            A = torch.nn.functional.linear(A, W, b)
            A = torch.tanh(A) if loss == "logistic" else torch.relu(A)
        Z = torch.nn.functional.linear(A, *layers[-1])
        if loss == "hinge":
            return torch.relu(1 - y * Z[:, 0]).mean()
        if loss == "logistic":
            return torch.nn.functional.binary_cross_entropy_with_logits(Z[:, 0], y)
        return torch.nn.functional.cross_entropy(Z, y)

    run = torch.compile(cost) if compiled else cost

    def step() -> Any:
        J = run()
        return J.detach(), torch.autograd.grad(J, parameters)

    return step


def casadi_mapped(model: Any, X: Any, Y: Any) -> Run:
    import casadi as ca

    flat = handwritten.pack(layers_of(model))
    theta, x, y = ca.SX.sym("theta", len(flat)), ca.SX.sym("x", X.shape[1]), ca.SX.sym("y")
    at, A = 0, x
    layers = layers_of(model)
    for k, (W, _) in enumerate(layers):
        m, n = W.shape
        weights = ca.reshape(theta[at : at + m * n], n, m).T
        A = weights @ A + theta[at + m * n : at + m * n + m]
        at += m * n + m
        A = ca.fmax(A, 0) if k < len(layers) - 1 else A
    loss = ca.fmax(1 - y * A, 0)
    one = ca.Function("one", [theta, x, y], [loss, ca.gradient(loss, theta)])
    rows = len(X)
    # θ is one for all columns, and both results are summed over them
    batch = one.map("batch", "serial", rows, [0], [0, 1])
    data, labels = ca.DM(X.T), ca.DM(Y[None])
    return lambda: [np.array(out).ravel() / rows for out in batch(ca.DM(flat), data, labels)]


def ddx_batch(model: Any, X: Any, Y: Any, compiled: bool) -> Run:
    import ddx

    layers = layers_of(model)
    flat = handwritten.pack(layers)

    def graph() -> Any:
        theta = iter([ddx.var(f"t{k}") for k in range(len(flat))])
        A = [ddx.param(f"x{k}") for k in range(X.shape[1])]
        y = ddx.param("y")
        for k, (W, _) in enumerate(layers):
            m, n = W.shape
            weights = [[next(theta) for _ in range(n)] for _ in range(m)]
            A = [sum((w * a for w, a in zip(row, A, strict=True)), next(theta)) for row in weights]
            A = [ddx.max(a, 0.0) for a in A] if k < len(layers) - 1 else A
        return ddx.max(1.0 - y * A[0], 0.0)

    equation = ddx.equation(graph)
    if compiled:
        equation.compile(points=len(X))
    else:
        equation.options = ddx.Options(backend=ddx.Backend.INTERPRET, points=len(X))
    points = np.vstack([np.repeat(flat[:, None], len(X), axis=1), X.T, Y[None]])

    def step() -> Any:
        value, jacobian = equation.jacobian(points)
        return np.mean(value), np.asarray(jacobian).reshape(len(flat), len(X)).mean(axis=1)

    return step


def micrograd_step(model: Any, X: Any, Y: Any) -> Run:
    import micrograd.nn  # type: ignore[import-untyped]

    net = micrograd.nn.MLP(2, [16, 16, 1])
    for p, q in zip(net.parameters(), model.parameters(), strict=True):
        p.data = q.data

    def step() -> Any:
        terms = [(1 + -y * net(x)).relu() for x, y in zip(X.tolist(), Y.tolist(), strict=True)]
        J = sum(terms) * (1.0 / len(terms))
        net.zero_grad()
        J.backward()
        return J.data, [p.grad for p in net.parameters()]

    return step


# ── running ──────────────────────────────────────────────────────────────────────────────────


def try_all(makers: dict[str, Callable[[], Run]], J: float) -> dict[str, Run]:
    """Those that are installed, run here and find the right loss."""
    runs = {}
    for name, make in makers.items():
        try:
            run = make()
            found = float(np.asarray(run()[0]).ravel()[0])
        except Exception as error:  # whatever a peer's own machinery raises
            print(f"left out: {name}: {type(error).__name__}: {str(error).splitlines()[:1]}")
            continue
        if abs(found - J) > 1e-9 * max(1.0, abs(J)):
            print(f"left out: {name}: computes {found}, not {J}")
            continue
        runs[name] = run
    return runs


def table(timings: dict[str, Timing]) -> str:
    hand = timings[HAND].median
    rows = [[n, t.text, f"{t.median / hand:.2f} ×"] for n, t in timings.items()]
    return markdown_table(["program", "loss and gradient", "time against by hand"], rows)


def moons_table() -> str:
    X, labels = make_moons(100, noise=0.1, random_state=1337)
    Y = 2.0 * labels - 1
    model = MLP(2, [16, 16, 1], rng=1337)
    theta = grouped(model)
    hand = functools.partial(handwritten.moons, theta, X, Y)
    runs: dict[str, Run] = {HAND: hand, **ours(model, losses.hinge, X, Y)}
    runs |= try_all(
        {
            "JAX, jit": lambda: jax_jit(model, X, Y, "hinge"),
            "ddx-ad, compiled": lambda: ddx_batch(model, X, Y, True),
            "ddx-ad, interpreted": lambda: ddx_batch(model, X, Y, False),
            "PyTorch, eager": lambda: torch_step(model, X, Y, "hinge"),
            "PyTorch, torch.compile": lambda: torch_step(model, X, Y, "hinge", compiled=True),
            "CasADi SX, mapped": lambda: casadi_mapped(model, X, Y),
            "micrograd": lambda: micrograd_step(model, X, Y),
        },
        hand()[0],
    )
    return table(take_turns(runs, rounds=9, sample=0.02))


def smooth_table() -> str:
    X, Y = make_moons(100, noise=0.1, random_state=1337)
    Y = Y.astype(float)
    model = MLP(2, [16, 16, 1], "tanh", rng=1337)
    hand = functools.partial(handwritten.smooth, grouped(model), X, Y)
    runs: dict[str, Run] = {HAND: hand, **ours(model, losses.logistic, X, Y)}
    runs |= try_all(
        {
            "JAX, jit": lambda: jax_jit(model, X, Y, "logistic"),
            "PyTorch, eager": lambda: torch_step(model, X, Y, "logistic"),
        },
        hand()[0],
    )
    return table(take_turns(runs, rounds=9, sample=0.02))


def digits_tables() -> str:
    X, Y = load_digits(return_X_y=True)
    X = X / 16
    model = MLP(64, [32, 10], rng=0)
    theta = grouped(model)
    parts = []
    for rows in (32, 256, 1437):
        x, y = np.ascontiguousarray(X[:rows]), Y[:rows]
        hand = functools.partial(handwritten.digits, theta, x, y)
        runs: dict[str, Run] = {HAND: hand, **ours(model, losses.softmax_cross_entropy, x, y)}
        peers = {
            "JAX, jit": functools.partial(jax_jit, model, x, y, "softmax"),
            "PyTorch, eager": functools.partial(torch_step, model, x, y, "softmax"),
        }
        runs |= try_all(peers, hand()[0])
        parts.append(f"{rows} rows:\n\n{table(take_turns(runs, rounds=9, sample=0.02))}")
    return "\n\n".join(parts)


def modern_tables() -> str:
    rng = np.random.default_rng(0)
    conv = Sequential(Conv1D(1, 4, 3, "relu", rng=0), Flatten(), Layer(64, 3, rng=1))
    block = Residual(LayerNorm(16), Layer(16, 16, "relu", rng=1), Layer(16, 16, rng=2))
    residual = Sequential(Layer(8, 16, "relu", rng=0), block, Layer(16, 1, rng=3))
    jobs = {
        "Conv1D, 100 rows of 16": (
            conv,
            losses.softmax_cross_entropy,
            handwritten.signal,
            rng.normal(size=(100, 16)),
            rng.integers(0, 3, 100),
        ),
        "LayerNorm in a residual block, width 16, 100 rows": (
            residual,
            losses.squared_error,
            handwritten.residual,
            rng.normal(size=(100, 8)),
            rng.normal(size=100),
        ),
    }
    parts = []
    for title, (model, loss, by_hand, X, Y) in jobs.items():
        hand = functools.partial(by_hand, grouped(model), X, Y)
        runs: dict[str, Run] = {HAND: hand, **ours(model, loss, X, Y)}
        for run in runs.values():
            assert abs(run()[0] - hand()[0]) < 1e-9
        parts.append(f"{title}:\n\n{table(take_turns(runs, rounds=9, sample=0.02))}")
    return "\n\n".join(parts)


def compile_times() -> str:
    """From the function to runnable NumPy source, and per gate for a growing network."""
    rows = []
    X, Y = load_digits(return_X_y=True)
    jobs: list[tuple[str, Any, Any, Any, Any]] = [
        ("moons 2-16-16-1", MLP(2, [16, 16, 1], rng=0), losses.hinge, np.zeros((3, 2)), np.ones(3)),
        ("digits 64-32-10", MLP(64, [32, 10], rng=0), losses.softmax_cross_entropy, X[:3], Y[:3]),
    ]
    for title, model, loss, x, y in jobs:
        times = []
        for _ in range(5):
            program = autodiff.compile(
                lambda a, b, model=model, loss=loss: loss(model(a), b), backend="numpy"
            )
            forget()
            start = time.perf_counter()
            program.prepare(x, y)
            times.append(time.perf_counter() - start)
        gates = program.report().versions[0]["gates"]
        rows.append([title, f"{gates:,}", seconds(float(np.median(times))), ""])
    for width in (1_000, 10_000, 100_000):
        w = [Value(0.5) for _ in range(width)]

        def loss_of(x: Value, w: list[Value] = w) -> Value:
            return sum(((p * x).tanh() for p in w), Value(0.0))

        program = autodiff.compile(loss_of, backend="numpy")
        start = time.perf_counter()
        program.prepare([1.0, 2.0])
        took = time.perf_counter() - start
        gates = program.report().versions[0]["gates"]
        title = f"Σ tanh(w x), {width:,} weights"
        rows.append([title, f"{gates:,}", seconds(took), seconds(took / gates)])
    return markdown_table(["program", "gates", "compile time", "per gate"], rows)


def main() -> None:
    """Measure and write the tables."""
    text = f"""### Moons: MLP 2-16-16-1, hinge, 100 rows

{moons_table()}

### Smooth: MLP 2-16-16-1, tanh, logistic loss, 100 rows

{smooth_table()}

### Digits: MLP 64-32-10, softmax cross entropy

{digits_tables()}

### Modern blocks

{modern_tables()}

### Compile time

From the function to NumPy code, checked against the eager engine.

{compile_times()}"""
    packages = ["numpy", "llvmlite", "jax", "torch", "casadi", "ddx-ad", "micrograd"]
    write_table("compiled", text, packages=packages)


if __name__ == "__main__":
    main()
