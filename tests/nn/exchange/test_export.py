"""Networks in other languages: each file is run, and gives the numbers that `predict` gives."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
import nn
from autodiff import GATES, Value, gate
from autodiff.compiler.export.files import _apart
from nn import (
    MLP,
    Activation,
    Conv1D,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Residual,
    Sequential,
    TransformerBlock,
    losses,
)
from tests.random_graphs import BUILT_IN

RNG = np.random.default_rng(3)
Network = tuple[nn.Module, np.ndarray]


def moons() -> Network:
    return MLP(2, [16, 16, 1], rng=random.Random(1)), RNG.normal(size=(5, 2))


def deep() -> Network:
    """Most of the atoms: erf, softplus with its option, tanh, logsumexp, a root, a choice."""
    rng = random.Random(2)
    layers = [
        Layer(3, 5, "gelu", rng=rng),
        LayerNorm(5),
        Residual(Layer(5, 5, "softplus(2)", rng=rng)),
        Layer(5, 4, "leaky_relu(0.2)", rng=rng),
        Activation("tanh"),
        Layer(4, 3, rng=rng),
        Activation("softmax"),
    ]
    return Sequential(*layers), RNG.normal(size=(4, 3))


def signal() -> Network:
    rng = random.Random(5)
    model = Sequential(
        Conv1D(1, 2, 3, rng=rng), Activation("relu"), Flatten(), Layer(12, 2, "sigmoid", rng=rng)
    )
    return model, RNG.normal(size=(3, 1, 6))


class Own(nn.Module):
    """Powers, logarithms, sines, a maximum, and a constant output."""

    def __init__(self) -> None:
        self.w = [Value(0.7), Value(1.3)]

    def forward(self, x: Any) -> list[Value]:
        a, b = self.w
        first = (x[0] * a) ** 2 + (x[1] * x[1] + b) ** 1.5 / (abs(x[0]) + 1)
        second = (x[1] * x[1] + 1).log() + (x[0] * x[0]).log1p() * b.sin()
        return [first, second.max(x[0].cos()), a * b + 0 * x[0]]


def own() -> Network:
    return Own(), RNG.normal(size=(6, 2))


class Reads(nn.Module):
    """A small transformer: tokens in, logits at each place out."""

    def __init__(self) -> None:
        rng = random.Random(5)
        self.embedding = Embedding(5, 4, rng=rng)
        self.block = TransformerBlock(4, 2, rng=rng)
        self.head = Layer(4, 3, rng=rng)

    def forward(self, tokens: Any) -> list[Any]:
        return [self.head(z) for z in self.block(self.embedding(tokens))]


def text() -> Network:
    return Reads(), RNG.integers(0, 5, size=(3, 4)).astype(float)


NETWORKS = [moons, deep, signal, own, text]


def expected(network: Network) -> np.ndarray:
    model, X = network
    outputs: np.ndarray = autodiff.compile(model, backend="numpy").predict(X)
    return outputs.reshape(len(X), -1)


def compiled_c(source: Path, main: str) -> Path:
    """A program of the file and a `main`, by a compiler that accepts no warning."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler here")
    whole = source.with_suffix(".main.c")
    whole.write_text(f'#include <stdio.h>\n#include "{source.name}"\n\n{main}', encoding="utf-8")
    program = source.with_suffix(".out")
    strict = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-O2"]
    subprocess.run([compiler, *strict, whole, "-o", program, "-lm"], check=True)
    return program


def numbers(command: list[Any]) -> np.ndarray:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return np.array([[float(word) for word in line.split()] for line in done.stdout.splitlines()])


def c_array(values: np.ndarray) -> str:
    return "{" + ", ".join(repr(float(v)) for v in values.ravel()) + "}"


def predictions_in_c(path: Path, X: np.ndarray, outputs: int) -> np.ndarray:
    inputs = X[0].size
    main = f"""int main(void) {{
    real X[] = {c_array(X)};
    for (int r = 0; r < {len(X)}; r++) {{
        real out[{outputs}];
        predict(X + {inputs} * r, out);
        for (int k = 0; k < {outputs}; k++) printf("%.17g ", (double)out[k]);
        printf("\\n");
    }}
    return 0;
}}
"""
    return numbers([compiled_c(path, main)])


@pytest.mark.parametrize("make", NETWORKS)
def test_c_gives_the_same_outputs(make: Callable[[], Network], tmp_path: Path) -> None:
    model, X = network = make()
    wanted = expected(network)
    nn.export(model, tmp_path / "net.c", example=X[0])
    found = predictions_in_c(tmp_path / "net.c", X, wanted.shape[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    nn.export(model, tmp_path / "net.c", example=X[0], dtype="float32")
    found = predictions_in_c(tmp_path / "net.c", X, wanted.shape[1])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", NETWORKS)
def test_javascript_gives_the_same_outputs(make: Callable[[], Network], tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node here")
    model, X = network = make()
    nn.export(model, tmp_path / "net.mjs", example=X[0])
    script = tmp_path / "main.mjs"
    rows = json.dumps(X.reshape(len(X), -1).tolist())
    script.write_text(
        'import { predict } from "./net.mjs";\n'
        f'for (const x of {rows}) console.log([...predict(x)].join(" "));\n',
        encoding="utf-8",
    )
    np.testing.assert_allclose(numbers([node, script]), expected(network), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", NETWORKS)
def test_python_gives_the_same_outputs_without_any_package(
    make: Callable[[], Network], tmp_path: Path
) -> None:
    """-I -S: neither this library nor site-packages can be imported."""
    model, X = network = make()
    nn.export(model, tmp_path / "net.py", example=X[0])
    script = tmp_path / "main.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfrom net import predict\n"
        f"for x in {X.reshape(len(X), -1).tolist()}:\n    print(*predict(x))\n",
        encoding="utf-8",
    )
    found = numbers([sys.executable, "-I", "-S", script])
    np.testing.assert_allclose(found, expected(network), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", NETWORKS)
def test_numpy_gives_the_same_outputs(make: Callable[[], Network], tmp_path: Path) -> None:
    model, X = network = make()
    nn.export(model, tmp_path / "net.py", example=X[0], language="numpy")
    names: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), names)
    found = np.asarray(names["predict"](X)).reshape(len(X), -1)
    np.testing.assert_allclose(found, expected(network), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("make", NETWORKS)
def test_onnx_gives_the_same_outputs(make: Callable[[], Network], tmp_path: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    model, X = network = make()
    path = tmp_path / "net.onnx"
    wanted = expected(network)

    def found(dtype: str) -> np.ndarray:
        nn.export(model, path, example=X[0], dtype=dtype)
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
        (given,) = session.get_inputs()
        (outputs,) = session.run(None, {given.name: X.astype(dtype)})
        return np.asarray(outputs).reshape(len(X), -1)

    np.testing.assert_allclose(found("float32"), wanted, rtol=1e-5, atol=2e-6)
    if make not in (deep, text):  # gelu: onnxruntime computes erf in single precision
        np.testing.assert_allclose(found("float64"), wanted, rtol=1e-12, atol=1e-12)


def test_a_training_step_in_c_is_the_optimisers(tmp_path: Path) -> None:
    """Five steps of Adam on twenty rows, from the same parameters: they end at the same."""
    model, X = MLP(2, [8, 1], "tanh", rng=random.Random(0)), RNG.normal(size=(20, 2))
    y = np.where(X[:, 0] > X[:, 1], 1.0, -1.0)
    optimiser = nn.Adam(model.parameters(), lr=0.05, weight_decay=0.01)
    nn.export(model, tmp_path / "net.c", loss=losses.hinge, optimiser=optimiser)
    count = len(model.parameters())
    main = f"""int main(void) {{
    real X[] = {c_array(X)}, Y[] = {c_array(y)};
    real grad[{count}], state[{2 * count}] = {{0}};
    for (int step = 0; step < 5; step++)
        printf("%.17g\\n", train(parameters, X, Y, grad, state, 0.05, step, 20));
    for (int p = 0; p < {count}; p++) printf("%.17g\\n", parameters[p]);
    return 0;
}}
"""
    found = numbers([compiled_c(tmp_path / "net.c", main)]).ravel()
    program = autodiff.compile(lambda x, t: losses.hinge(model(x), t), backend="numpy")
    costs = []
    for _ in range(5):
        optimiser.zero_grad()
        costs.append(program(X, y))
        optimiser.step()
    np.testing.assert_allclose(found, [*costs, *program.theta()], rtol=1e-11, atol=1e-13)


def test_tables_of_two_programs_that_share_a_name_are_kept_apart() -> None:
    one = "C1 = [1.0, 2.0]\n\n\ndef outputs(x):\n    return C1[x]\n"
    two = "C1 = [1.0,\n  3.0]\nC1_ = [4.0]\n\n\ndef gradient(x):\n    return C1[x] + C1_[0]\n"
    names: dict[str, Any] = {}
    exec("\n".join(_apart([one, two, one])), names)
    assert (names["outputs"](1), names["gradient"](1)) == (2.0, 7.0)


def every_gate() -> tuple[Callable[..., Any], list[Value], np.ndarray]:
    """One loss made of all gates of the table, and one of ours, each with parameters of its own."""
    swish = gate("swish_of_a_user", "a * sigmoid(a)", a="sigmoid(a) + out * (1 - sigmoid(a))")
    gates = [*(GATES[name] for name in sorted(BUILT_IN)), swish]
    weights = {
        g: [Value(0.7 + 0.05 * k + 0.01 * n) for k in range(3 * max(1, len(g.inputs)))]
        for n, g in enumerate(gates)
    }

    def loss(x: Any) -> Any:
        total = Value(0.0)
        for g, w in weights.items():
            scaled = [a * b for a, b in zip(w, [*x] * len(g.inputs), strict=True)]
            rows = [scaled[3 * k : 3 * k + 3] for k in range(len(g.rows))]
            total = total + g(*rows, *scaled[3 * len(rows) : 2 * len(rows) + len(g.inputs)])
        return total

    return loss, [w for each in weights.values() for w in each], RNG.uniform(0.5, 1.5, (4, 3))


def test_gradients_of_every_gate_are_the_tables_in_c_and_javascript(tmp_path: Path) -> None:
    """The formulas are written out, and nothing is stated again: a user's own gate comes along."""
    loss, _, X = every_gate()
    program = autodiff.compile(loss, backend="numpy").prepare(X)
    J, gradient = program.value_and_grad(program.theta(), X)
    count = gradient.size
    source = tmp_path / "net.c"
    source.write_text(program.code("c"), encoding="utf-8")
    main = f"""int main(void) {{
    real X[] = {c_array(X)}, grad[{count}];
    printf("%.17g\\n", gradient(parameters, X, grad, 4));
    for (int p = 0; p < {count}; p++) printf("%.17g\\n", grad[p]);
    return 0;
}}
"""
    found = numbers([compiled_c(source, main)]).ravel()
    np.testing.assert_allclose(found, [J, *gradient], rtol=1e-12, atol=1e-14)
    if node := shutil.which("node"):
        script = tmp_path / "net.mjs"
        flat = X.ravel().tolist()
        script.write_text(
            f"{program.code('javascript')}\nconst grad = new Float64Array({count});\n"
            f"console.log(gradient(parameters, {flat}, grad));\n"
            "for (const g of grad) console.log(g);\n",
            encoding="utf-8",
        )
        found = numbers([node, script]).ravel()
        np.testing.assert_allclose(found, [J, *gradient], rtol=1e-12, atol=1e-14)


def test_the_training_step_in_javascript_and_python_is_the_one_in_c(tmp_path: Path) -> None:
    """SGD with momentum: the same rule, told by the same loops."""
    model, X = MLP(2, [3, 1], "sigmoid", rng=random.Random(0)), RNG.normal(size=(6, 2))
    y = RNG.normal(size=6)
    optimiser = nn.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for name in ("net.py", "net.mjs"):
        nn.export(model, tmp_path / name, loss=losses.squared_error, optimiser=optimiser)
    names: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), names)
    theta, grad, state = names["parameters"], [0.0] * 13, [0.0] * 13
    flat, targets = X.ravel().tolist(), y.tolist()
    for step in range(3):
        names["train"](theta, flat, targets, grad, state, 0.1, step)
    program = autodiff.compile(lambda x, t: losses.squared_error(model(x), t), backend="numpy")
    for _ in range(3):
        optimiser.zero_grad()
        program(X, y)
        optimiser.step()
    np.testing.assert_allclose(theta, program.theta(), rtol=1e-12)
    if node := shutil.which("node"):
        script = tmp_path / "main.mjs"
        script.write_text(
            'import { parameters, train } from "./net.mjs";\n'
            "const grad = new Float64Array(13), state = new Float64Array(13);\n"
            f"const X = {flat}, Y = {targets};\n"
            "for (let k = 0; k < 3; k++) train(parameters, X, Y, grad, state, 0.1, k);\n"
            "for (const p of parameters) console.log(p);\n",
            encoding="utf-8",
        )
        np.testing.assert_allclose(numbers([node, script]).ravel(), theta, rtol=1e-12)


def test_classes_are_named_and_stay_in_the_comment(tmp_path: Path) -> None:
    """Labels come from data, and data may hold anything."""
    model = MLP(2, [2])
    model.classes = ('ant*/ #error "out"', "bee\nimport nowhere\r#", '"""; raise SystemError')
    for name in ("net.c", "net.py", "net.mjs"):
        nn.export(model, tmp_path / name)
        assert "Outputs: ant" in (tmp_path / name).read_text(encoding="utf-8")
    predictions_in_c(tmp_path / "net.c", RNG.normal(size=(1, 2)), 2)
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), {})
    if node := shutil.which("node"):
        subprocess.run([node, tmp_path / "net.mjs"], check=True)


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    model = MLP(2, [1])
    with pytest.raises(ValueError, match=r"the suffix of 'net\.cc' says no language; known: \.c"):
        nn.export(model, tmp_path / "net.cc")
    with pytest.raises(ValueError, match="Own does not say how many inputs it takes"):
        nn.export(Own(), tmp_path / "net.c")
    with pytest.raises(ValueError, match="one of c, javascript, python, numpy; got 'java'"):
        nn.export(model, tmp_path / "net.c", language="java")
    w = Value(2.0)
    with pytest.raises(ValueError, match="the loss has parameters of its own"):
        nn.export(model, tmp_path / "net.c", loss=lambda out, y: out * w - y)
    assert not list(tmp_path.iterdir())


def test_several_arguments_with_names_that_other_languages_take_otherwise(tmp_path: Path) -> None:
    """`new` is a word of C++ and JavaScript, `int` of C; θ is no letter of C99."""
    scale = Value(2.0, "θ")
    program = autodiff.compile(
        lambda new, θ, int, E: [scale * new * θ + int - E, abs(new).sqrt()],  # noqa: A006
        backend="numpy",
    )
    arrays = [[1.0, -2.0], [2.0, 3.0], [4.0, 5.0], [1.0, 1.0]]
    wanted = program.predict(*arrays)
    source = tmp_path / "net.c"
    source.write_text(program.code("c"), encoding="utf-8")
    calls = "".join(
        f"predict({', '.join(f'(real[]){{{array[r]}}}' for array in arrays)}, out);\n"
        'printf("%.17g %.17g\\n", out[0], out[1]);\n'
        for r in (0, 1)
    )
    main = f"int main(void) {{ real out[2];\n{calls}return 0; }}\n"
    np.testing.assert_allclose(numbers([compiled_c(source, main)]), wanted, rtol=1e-14)
    if node := shutil.which("node"):
        script = tmp_path / "net.mjs"
        rows = [", ".join(f"[{array[r]}]" for array in arrays) for r in (0, 1)]
        logs = "".join(f'console.log([...predict({row})].join(" "));\n' for row in rows)
        script.write_text(program.code("javascript") + logs, encoding="utf-8")
        np.testing.assert_allclose(numbers([node, script]), wanted, rtol=1e-14)


def test_a_token_that_there_is_not_is_refused_or_the_nearest(tmp_path: Path) -> None:
    """C has no exceptions: a row outside of the table would be memory that is not ours."""
    model, X = text()
    nn.export(model, tmp_path / "net.c", example=X[0])
    beyond = np.array([[7.0, -3.0, 1.5, 1e300], [4.0, 0.0, 1.0, 4.0]])
    found = predictions_in_c(tmp_path / "net.c", beyond, 12)
    np.testing.assert_array_equal(found[0], found[1])
    nn.export(model, tmp_path / "net.py", example=X[0])
    names: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), names)
    with pytest.raises(ValueError, match=r"an example picks row 7.0; there are rows 0 to 4"):
        names["predict"](beyond[0].tolist())


@pytest.mark.parametrize("given", [[[1.0, 2.0]], [1.0], [], [1.0, 2.0, 3.0]])
def test_another_number_of_inputs_is_refused(given: list[Any], tmp_path: Path) -> None:
    """A row too much around them, or a number too few, must not give an answer all the same."""
    model, _ = moons()
    nn.export(model, tmp_path / "net.py")
    space: dict[str, Any] = {}
    exec((tmp_path / "net.py").read_text(encoding="utf-8"), space)
    with pytest.raises(ValueError, match=f"x has {len(given)} numbers, expected 2"):
        space["predict"](given)
    if node := shutil.which("node"):
        nn.export(model, tmp_path / "net.mjs")
        script = tmp_path / "main.mjs"
        script.write_text(f'import {{predict}} from "./net.mjs";\npredict({given});\n', "utf-8")
        run = subprocess.run([node, script], capture_output=True, text=True, check=False)
        assert f"x has {len(given)} numbers, expected 2" in run.stderr


@pytest.mark.parametrize("name", ["net.c", "net.js", "net.py"])
def test_no_label_ends_the_comment_that_it_stands_in(name: str, tmp_path: Path) -> None:
    """C joins lines at a backslash before it looks for the end of a comment."""
    model = MLP(2, [2, 1], rng=0)
    model.classes = ("*\\\n/ evil", "*??/\n/", "*/", "a\nb")
    nn.export(model, tmp_path / name)
    text = (tmp_path / name).read_text("utf-8")
    (line,) = [line for line in text.splitlines() if "Outputs" in line]
    assert "evil" in line
    assert line.endswith(", a b")
    assert "*/" not in line or name == "net.py"
