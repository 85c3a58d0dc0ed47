"""Save and load: whole files, rebuilt networks, clear errors."""

import json
import math
import os
import random
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import nn.exchange.serialization
from autodiff import Value
from nn import (
    MLP,
    SGD,
    Activation,
    Adam,
    Conv1D,
    Conv2D,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    Module,
    Residual,
    Sequential,
    TransformerBlock,
    fit,
    load,
    load_optimiser,
    save,
)
from nn.exchange.serialization import architecture

shared = Layer(3, 3, "tanh", rng=5)
MODELS = {
    "mlp": (MLP(2, [4, 3, 1], "gelu", rng=0), [0.5, -1.0]),
    "mlp without a hidden layer": (MLP(2, [1], rng=0), [0.5, -1.0]),
    "wide activations": (MLP(2, [3, 2], "leaky_relu(0.2)", rng=0), [0.5, -1.0]),
    "one layer": (Layer(2, 3, "softmax", rng=0), [0.5, -1.0]),
    "nested": (
        Sequential(
            Layer(2, 3, "relu", rng=1),
            LayerNorm(3, eps=1e-3),
            Residual(Layer(3, 3, "tanh", rng=2), Layer(3, 3, rng=3)),
            LayerNorm(3, affine=False),
            Activation("softplus(2)"),
        ),
        [0.5, -1.0],
    ),
    "shared": (Sequential(shared, shared, Layer(3, 1, rng=6)), [1.0, 2.0, 3.0]),
    "conv1d": (
        Sequential(Conv1D(1, 2, 3, "relu", stride=2, rng=1), Flatten(), Layer(4, 1, rng=2)),
        [1.0, 2.0, 3.0],
    ),
    "conv2d": (
        Sequential(Conv2D(1, 2, (1, 3), padding=1, rng=1), Flatten(), Layer(24, 2, rng=2)),
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    ),
}


def numbers(out: object) -> list[float]:
    return [v.data for v in nn.module.flatten(out)]


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_network_is_the_saved_one(name: str, tmp_path: Path) -> None:
    model, x = MODELS[name]
    path = tmp_path / "model.safetensors"
    save(model, path)
    again = load(path)
    assert repr(again) == repr(model)
    assert len(again.parameters()) == len(model.parameters())
    assert numbers(again(x)) == numbers(model(x))
    assert type(again) is type(model)


def test_the_file_is_safetensors_under_pytorchs_names(tmp_path: Path) -> None:
    model = MLP(2, [3, 1], rng=0)
    save(model, tmp_path / "m")
    found = load_file(tmp_path / "m")
    assert list(found) == sorted(model.state_dict())
    assert found["0.weight"].dtype == np.float64


def test_a_class_of_ones_own_is_filled_but_not_rebuilt(tmp_path: Path) -> None:
    class Own(Module):
        def __init__(self) -> None:
            self.layer = Layer(2, 1, rng=0)

    save(Own(), tmp_path / "own")
    with pytest.raises(ValueError, match=r"class of its own, Own; .*load\(path, model\)"):
        load(tmp_path / "own")
    other = Own()
    other.layer.neurons[0].w[0].data = 9.0
    assert load(tmp_path / "own", other) is other
    assert [p.data for p in other.parameters()] == [p.data for p in Own().parameters()]


def test_what_does_not_fit_is_named(tmp_path: Path) -> None:
    save(MLP(2, [3, 1], rng=0), tmp_path / "m")
    with pytest.raises(ValueError, match=r"'.*m': this state.*0\.weight has shape \(3, 2\), exp"):
        load(tmp_path / "m", MLP(3, [3, 1], rng=0))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_truncated_file_gives_one_clear_error(share: float, tmp_path: Path) -> None:
    path = tmp_path / "m"
    save(MLP(2, [3, 1], rng=0), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=r"is not a whole safetensors file .*truncated"):
        load(path)


def test_a_foreign_file_gives_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text("hello, this is no network\n" * 10)
    with pytest.raises(ValueError, match="is not a whole safetensors file"):
        load(path)
    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="without glassgrad's architecture"):
        load(path)
    save_file({"a": np.zeros(3)}, path, metadata={"architecture": "{}", "format": "glassgrad 9"})
    with pytest.raises(ValueError, match="has the format 'glassgrad 9'; this version reads"):
        load(path)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "architecture",
    ["{}", "[1]", '{"class": "System"}', '{"class": "Layer", "nin": -1, "nout": 2}', "{",
     '{"class": "Sequential", "modules": [{"same as": 0}]}', '{"class": "Layer", "os": 1}'],
)  # fmt: skip
def test_a_forged_architecture_runs_nothing(architecture: str, tmp_path: Path) -> None:
    metadata = {"architecture": architecture, "format": nn.exchange.serialization.FORMAT}
    save_file({"a": np.zeros(3)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(ValueError, match="its architecture cannot be rebuilt"):
        load(tmp_path / "m")


def chained(length: int, first: str) -> str:
    """Text that names 2**length modules: each holder has the one before it twice."""
    text, place = first, length
    for _ in range(length):
        text = f'{{"class": "Sequential", "modules": [{text}, {{"same as": {place}}}]}}'
        place -= 1
    return text


LAYER = '{"class": "Layer", "nin": 2, "nout": 1}'
FORGED = {
    "a norm of 100 million": '{"class": "LayerNorm", "n": 100000000}',
    "a layer of 10 billion": '{"class": "Layer", "nin": 100000, "nout": 100000}',
    "a table of 10 billion": '{"class": "Embedding", "tokens": 100000, "width": 100000}',
    "a channel too many": '{"class": "Conv1D", "channels_in": 1, "channels_out": 100000000, '
    '"kernel_size": 1}',
    "layers, doubled 60 times": chained(60, LAYER),
    "activations, doubled 60 times": chained(60, '{"class": "Activation", "activation": "relu"}'),
    "100,000 deep": '{"class": "Residual", "modules": [' * 100_000 + "]}" * 100_000,
    "900 deep": '{"class": "Residual", "modules": [' * 900 + LAYER + "]}" * 900,
    "each in the next, side by side": '{"class": "Sequential", "modules": ['
    + LAYER
    + "".join(f', {{"class": "Residual", "modules": [{{"same as": {k}}}]}}' for k in range(1, 2000))
    + "]}",
    "the same as none": '{"class": "Sequential", "modules": [{"same as": 7}]}',
    "the same as the last": f'{{"class": "Sequential", "modules": [{LAYER}, {{"same as": -1}}]}}',
}


@pytest.mark.parametrize("name", FORGED)
def test_a_network_larger_than_its_file_is_not_built(name: str, tmp_path: Path) -> None:
    """A header of a few bytes can describe what no memory holds: it is refused at once."""
    metadata = {"architecture": FORGED[name], "format": nn.exchange.serialization.FORMAT}
    save_file({"a": np.zeros(30_000)}, tmp_path / "m", metadata=metadata)
    with pytest.raises(ValueError, match=r"m': (its architecture|this state does not fit)"):
        load(tmp_path / "m")


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2"])
def test_numbers_of_a_type_that_numpy_has_not_are_named(kind: str, tmp_path: Path) -> None:
    """Where a package has taught NumPy the type (ml_dtypes, with onnx), the names are wrong."""
    size = 2 if kind == "BF16" else 1
    header = json.dumps({"a": {"dtype": kind, "shape": [1], "data_offsets": [0, size]}}).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(size)
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(
        ValueError, match=r"m'( holds numbers of a type that|: this state does not)"
    ):
        load(tmp_path / "m", Layer(1, 1))


def test_a_damaged_file_raises_one_kind_of_error(tmp_path: Path) -> None:
    """Bytes of header and data changed at random: a network comes back, or a ValueError."""
    path, rng = tmp_path / "m", random.Random(0)
    save(MODELS["nested"][0], path)
    whole = path.read_bytes()
    refused = 0
    for _ in range(1000):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            load(path)
        except ValueError:
            refused += 1
    assert refused > 500


def test_a_network_that_diverged_is_not_saved_over_a_good_one(tmp_path: Path) -> None:
    """`load` would refuse it, so the old file would be lost for nothing."""
    path, model = tmp_path / "m", MLP(2, [3, 1], rng=0)
    save(model, path)
    old = path.read_bytes()
    model.parameters()[1].data = float("nan")
    with pytest.raises(ValueError, match=r"0\.weight contains a number that is not finite"):
        save(model, path)
    assert path.read_bytes() == old


@pytest.mark.posix
@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "m").symlink_to(tmp_path / "there" / "real")
    save(Layer(1, 1), tmp_path / "m")
    assert (tmp_path / "m").is_symlink()
    assert load(tmp_path / "there" / "real").parameters()


def test_what_a_killed_save_left_goes_with_a_later_one(tmp_path: Path) -> None:
    """A file that another process may be writing right now stays."""
    old, young, other = (tmp_path / f".m.{end}" for end in ("a" * 16, "b" * 16, "notes"))
    for left in (old, young, other):
        left.write_text("half")
    for left in (old, other):
        os.utime(left, (0, 0))
    save(Layer(1, 1), tmp_path / "m")
    assert sorted(os.listdir(tmp_path)) == [".m.bbbbbbbbbbbbbbbb", ".m.notes", "m"]


def test_another_thread_may_save_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its draft is seen, and is gone a moment later."""
    monkeypatch.setattr(Path, "glob", lambda *_: [tmp_path / ".m.aaaaaaaaaaaaaaaa"])
    save(Layer(1, 1), tmp_path / "m")
    assert os.listdir(tmp_path) == ["m"]


def test_a_kill_in_the_middle_leaves_the_old_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m"
    old = MLP(2, [3, 1], rng=0)
    save(old, path)

    def killed(handle: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        save(MLP(2, [3, 1], rng=1), path)
    assert numbers(load(path)([1.0, 2.0])) == numbers(old([1.0, 2.0]))
    assert os.listdir(tmp_path) == ["m"]  # and no debris


@pytest.mark.posix
def test_permissions_are_those_of_a_new_file_or_stay_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "m"
    (tmp_path / "ordinary").write_text("")
    save(Layer(1, 1), path)
    usual = stat.S_IMODE((tmp_path / "ordinary").stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == usual
    path.chmod(0o600)
    save(Layer(1, 1), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_activation_without_a_name_is_saved_for_filling_only(tmp_path: Path) -> None:
    model = Layer(1, 1, lambda z: z * z)
    save(model, tmp_path / "m")
    with pytest.raises(ValueError, match=r"load\(path, model\)"):
        load(tmp_path / "m")
    load(tmp_path / "m", model)


def test_architecture_is_json() -> None:
    model, _ = MODELS["nested"]
    description = nn.exchange.serialization.architecture(model)
    rebuilt = nn.exchange.serialization.build(json.loads(json.dumps(description)))
    assert nn.exchange.serialization.architecture(rebuilt) == description


class Mixed(Module):
    """Parameters in a list beside a layer, in a dict, and beside None."""

    def __init__(self) -> None:
        self.listed = [Value(1.0), Layer(2, 1, rng=0)]
        self.named = {"a": Value(2.0), "b": Value(3.0)}
        self.gaps = [Value(4.0), None, Value(5.0)]
        self.ragged = [[Value(6.0), Value(7.0)], [Value(8.0)]]


def test_every_trained_parameter_is_saved_and_loaded(tmp_path: Path) -> None:
    model, other = Mixed(), Mixed()
    for k, parameter in enumerate(model.parameters()):
        parameter.data = k + 0.5
    save(model, tmp_path / "mixed.safetensors")
    load(tmp_path / "mixed.safetensors", other)
    assert [p.data for p in other.parameters()] == [k + 0.5 for k in range(11)]


def test_a_name_that_promises_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"'m\.pt' has the suffix '\.pt': call it 'm\.safetensors'"
    ):
        save(Layer(1, 1), tmp_path / "m.pt")
    assert not list(tmp_path.iterdir())
    save(Layer(1, 1), tmp_path / "epoch-0.93")  # no format, but a number
    assert isinstance(load(tmp_path / "epoch-0.93"), Layer)


def test_exchanged_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"load\(path, model\): path .*'m\.safetensors', got MLP\("):
        load(MLP(2, [3]), "m.safetensors")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"save\(model, path\): path is a name .*got MLP\("):
        save("m.safetensors", MLP(2, [3]))  # type: ignore[arg-type]


# ── the optimiser beside the network ─────────────────────────────────────────────────────────

LINE = [[x / 10] for x in range(-5, 6)], [x / 5 for x in range(-5, 6)]


@pytest.mark.parametrize(
    "made",
    [
        lambda parameters: Adam(parameters, lr=0.02, betas=(0.8, 0.99), weight_decay=0.01),
        lambda parameters: SGD(parameters, lr=0.02, momentum=0.9, nesterov=True, clip=0.5),
        lambda parameters: SGD(parameters[3:], lr=0.02, momentum=0.9),
    ],
    ids=["adam", "sgd", "some parameters"],
)
def test_training_that_is_saved_and_resumed_is_training_that_went_on(
    made: Any, tmp_path: Path
) -> None:
    """To the last bit: the optimiser's state, steps and options are in the file."""
    whole, half = MLP(1, [3, 1], "tanh", rng=0), MLP(1, [3, 1], "tanh", rng=0)
    fit(whole, *LINE, "mse", made(whole.parameters()), epochs=12, progress=False)
    history = fit(half, *LINE, "mse", made(half.parameters()), epochs=5, progress=False)
    save(half, tmp_path / "m.safetensors", history.optimiser)
    again = load(tmp_path / "m.safetensors")
    optimiser = load_optimiser(tmp_path / "m.safetensors", again)
    fit(again, *LINE, "mse", optimiser, epochs=7, progress=False)
    assert [p.data for p in again.parameters()] == [p.data for p in whole.parameters()]
    assert optimiser.steps == 12


def test_a_rate_that_is_a_function_is_given_again(tmp_path: Path) -> None:
    model = MLP(1, [1], rng=0)
    save(model, tmp_path / "m.safetensors", SGD(model.parameters(), lr=lambda k: 0.1))
    with pytest.raises(ValueError, match="lr was a function; give it as lr="):
        load_optimiser(tmp_path / "m.safetensors", model)
    assert load_optimiser(tmp_path / "m.safetensors", model, lr=0.3).lr == 0.3


def test_an_optimiser_of_another_network_is_refused(tmp_path: Path) -> None:
    model, other = MLP(1, [2, 1], rng=0), MLP(1, [1], rng=0)
    with pytest.raises(ValueError, match="parameters that are not the model's"):
        save(model, tmp_path / "m.safetensors", SGD(other.parameters()))
    save(model, tmp_path / "m.safetensors", SGD(model.parameters()))
    with pytest.raises(ValueError, match="it moves 7 parameters, the network has 2"):
        load_optimiser(tmp_path / "m.safetensors", other)
    save(model, tmp_path / "m.safetensors")
    with pytest.raises(ValueError, match="holds no optimiser"):
        load_optimiser(tmp_path / "m.safetensors", model)


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "kept",
    [DEEP, "{", "null", "[]", '{"classes": 1, "counts": []}', '{"classes": ["a"]}'],
    ids=["deep", "open", "null", "list", "no classes", "no counts"],
)
def test_forged_classes_give_one_kind_of_error(kept: str, tmp_path: Path) -> None:
    metadata = {
        "format": nn.exchange.serialization.FORMAT,
        "architecture": '{"class": "Layer", "nin": 1, "nout": 1}',
        "classes": kept,
    }
    arrays = {"weight": np.zeros((1, 1)), "bias": np.zeros(1)}
    save_file(arrays, tmp_path / "m", metadata=metadata)
    with pytest.raises(ValueError, match="m': its classes cannot be read"):
        load(tmp_path / "m")


OPTIONS = {"class": "sgd", "options": {"lr": 0.1}, "steps": 0, "parameters": [0, 1]}


@pytest.mark.parametrize(
    ("described", "state"),
    [
        (DEEP, 0.0),
        ("[]", 0.0),
        (OPTIONS | {"class": ["sgd"]}, 0.0),
        (OPTIONS | {"options": []}, 0.0),
        (OPTIONS | {"options": {"lr": 10**400}}, 0.0),
        (OPTIONS | {"steps": "x"}, 0.0),
        (OPTIONS | {"steps": -5}, 0.0),
        (OPTIONS | {"parameters": [0, -1]}, 0.0),
        (OPTIONS | {"parameters": []}, 0.0),
        (OPTIONS, math.nan),
    ],
)
def test_a_forged_optimiser_gives_one_kind_of_error(
    described: Any, state: float, tmp_path: Path
) -> None:
    text = described if isinstance(described, str) else json.dumps(described)
    arrays = {nn.exchange.serialization.OPTIMISER: np.full((1, 2), state)}
    save_file(arrays, tmp_path / "m", metadata={"optimiser": text})
    with pytest.raises(ValueError, match="m': its optimiser does not fit"):
        load_optimiser(tmp_path / "m", Layer(1, 1))


def test_complex_numbers_are_not_cut_in_two(tmp_path: Path) -> None:
    save_file({"weight": np.full((1, 1), 1j, np.complex64), "bias": np.zeros(1)}, tmp_path / "m")
    with pytest.raises(ValueError, match="weight holds complex numbers"):
        load(tmp_path / "m", Layer(1, 1))


def test_an_optimiser_that_diverged_is_not_saved_over_a_good_one(tmp_path: Path) -> None:
    model = Layer(1, 1, rng=0)
    optimiser = SGD(model.parameters(), momentum=0.9)
    optimiser.state[:] = math.nan
    with pytest.raises(ValueError, match="not finite, so nothing was saved"):
        save(model, tmp_path / "m", optimiser)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system with named pipes")
def test_only_a_file_is_replaced(tmp_path: Path) -> None:
    """A pipe or a device would be gone afterwards: for root /dev/null, for the whole system."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "."):
        with pytest.raises(ValueError, match="is no file; give the name of one"):
            save(Layer(1, 1), tmp_path / name)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]


def test_numpys_numbers_are_saved_as_pythons(tmp_path: Path) -> None:
    two, four = np.int64(2), np.uint8(4)
    models = [
        Layer(two, four),
        LayerNorm(four, eps=np.float32(0.5)),
        Conv1D(two, two, two, stride=two, padding=two),
        Embedding(four, two),
        TransformerBlock(four, two, hidden=four),
    ]
    for model in models:
        save(model, tmp_path / "m")
        assert architecture(load(tmp_path / "m")) == architecture(model)
    optimiser = Adam(models[0].parameters(), lr=np.float32(0.5))
    save(models[0], tmp_path / "m", optimiser)
    assert load_optimiser(tmp_path / "m", models[0]).lr == 0.5
