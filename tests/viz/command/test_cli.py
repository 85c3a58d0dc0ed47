"""The command `autodiff`, as a user meets it."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from autodiff import GATES
from autodiff.text.composed import COMPOSED, OF_ROWS
from autodiff.text.reading import called
from viz.command.cli import main

ROOT = Path(__file__).resolve().parents[2]
FIRST = ["(x + y) * z", "x=-2", "y=5", "z=-4"]


def run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[bytes]":
    command = [sys.executable, "-m", "autodiff", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_both_passes_gate_by_gate(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [" ".join(line.split()) for line in out(capsys, *FIRST).splitlines()]
    for line in (
        "v1 = x + y 3",
        "f = v1·z −12",
        "f = v1·z 1 ∂f/∂v1 = z = −4 −4 → v1",
        "v1 = x + y −4 ∂v1/∂x = 1 −4 → x",
        "df/dz 3",
    ):
        assert line in lines


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, *FIRST, "--json"))
    assert data["value"] == -12
    assert data["gradients"] == {"x": -4, "y": -4, "z": 3}


def test_steps(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, *FIRST, "--steps")
    assert printed.count("forward") == printed.count("backward") == 2
    assert "df/dv1 · ∂v1/∂x = (−4) · 1 = −4" in printed


def test_explain_writes_the_chain_rule_out(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, "q = x + y; f = q * z", *FIRST[1:], "--explain", "x")
    assert "df/dx = df/dq · ∂q/∂x" in printed
    assert "cannot explain 'w'; there are x" in refused(capsys, *FIRST, "--explain", "w")


@pytest.mark.parametrize(
    "values",
    [
        ["x=-2", "y=1e-3"],
        ["x=-2.", "y=+.001"],
        ["y=1/1000", "x=−2"],  # the minus sign of typography
        ["x=2 - 4", "y = 0.001"],
    ],
)
def test_ways_to_give_a_number(capsys: pytest.CaptureFixture[str], values: list[str]) -> None:
    assert json.loads(out(capsys, "x*y", *values, "--json"))["gradients"] == {"x": 1e-3, "y": -2}


def test_an_explanation_over_paths_and_as_latex(capsys: pytest.CaptureFixture[str]) -> None:
    q = ["q = x^2; q * x", "x=1.5", "--explain", "x"]
    assert "∂f/∂q · ∂q/∂x + ∂f/∂x" in out(capsys, *q, "--paths")
    assert r"\frac{\mathrm{d} f}{\mathrm{d} x} &= " in out(capsys, *q, "--latex")
    assert "= 6.75" in out(capsys, *q)
    assert "= 6.8" in out(capsys, *q, "--digits", "2")


def test_digits_are_for_the_table_the_steps_and_the_picture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "third.gv"
    printed = out(capsys, "x / 3", "x=1", "--digits", "2", "-o", str(path))
    assert "0.33" in printed
    assert "0.333" not in printed + path.read_text(encoding="utf-8")
    assert "0.333" not in out(capsys, "x / 3", "x=1", "--digits", "2", "--steps")


def test_quiet_writes_files_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([*FIRST, "--quiet", "-o", str(tmp_path / "c.gv")]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_picture_can_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, *FIRST, "-o", "-", "--flow")
    assert printed.startswith("<?xml")
    assert "size of the gradient" in printed
    assert printed.rstrip().endswith("</svg>")


def test_signs_of_a_chinese_keyboard(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "（x ＋ y）× w[0]", "x＝１", "y=－2", "w=3，4", "--json"))
    assert data["value"] == -3


def test_rows(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(out(capsys, "dot(w, x)", "w=2,-3", "x=[-1,-2]", "--json"))
    assert data["gradients"] == {"w[0]": -1, "w[1]": -2, "x[0]": 2, "x[1]": -3}


def test_an_expression_may_start_with_minus_and_options_may_stand_anywhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert json.loads(out(capsys, "-x*y", "x=1", "--json", "y=2"))["value"] == -2
    assert json.loads(out(capsys, "--json", "-2*x", "x=1"))["value"] == -2


def test_expression_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("q = x + y\nq * q\n"))
    assert json.loads(out(capsys, "-", "x=1", "y=2", "--json"))["value"] == 9


@pytest.mark.parametrize(
    ("arguments", "words", "pointed"),
    [
        (["x * foo(y)", "x=1", "y=2"], "unknown function 'foo'", "foo(y)"),
        (["x.y", "x=1"], "attributes", "x.y"),
        (["[x for x in y]", "y=1"], "comprehensions", "[x for"),
        (["10**10**10"], "no value", "10**10**10"),
        (["(" * 10_000 + "1" + ")" * 10_000], "nested more than 100", "("),
        (["x * y", "x=1"], "no value for y", "y"),
        (["log(x)", "x=-1"], "needs a > 0", "log(x)"),
        (["x", "x=1/0"], "the value of x", "1/0"),
        (["x", "x=1e400"], "too large", "1e400"),
        (["x", "x=abc"], "the value of x: abc is no number", "abc"),
        (["sum(x)", "x=1,2,three"], "the value of x", "three"),
    ],
)
def test_bad_expressions_end_with_status_2_and_a_pointer(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str, pointed: str
) -> None:
    message, line, pointer = refused(capsys, *arguments).rstrip("\n").split("\n")
    assert message.startswith("autodiff: ")
    assert words in message
    assert line[pointer.index("^") :].startswith(pointed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give an expression"),
        (["x", "x", "=", "3"], "name=number without spaces"),
        (["x=3", "x"], "the expression comes first"),
        (["x", "x="], "x has no number"),
        (["x", "x=1", "x=2"], "given twice"),
        (["x", "x=1", "y=2"], "given for y"),
        (["x", "2x=1"], "cannot read '2x=1'"),
        (["x", "x=1", "--colour"], "--colour"),
        (["x", "x=1", "--stpes"], "--stpes; did you mean --steps?"),
        (["wroksheet"], "no such command; did you mean worksheet?"),
        (["x*weight", "x=1", "weight=2", "--explain", "wieght"], "did you mean weight?"),
        (["π*r", "r=1", "--explain", "π"], "cannot explain 'π'; there are r, f"),
        (["x", "x=1", "--latex"], "say --explain NAME"),
        (["x", "x=1", "--flow"], "name its file with -o"),
        (["x", "x=1", "--digits", "0"], "from 1 to 17"),
        (["x", "x=1", "--digits", "two"], "invalid int value: 'two'"),
        (["x", "x=1", "--style", "circuit"], "-o"),
        (["demo", "--colour"], "--colour"),
    ],
)
def test_bad_arguments_end_with_status_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    message = refused(capsys, *arguments)
    assert words in message
    assert message.count("\n") == 1


# ── pictures ─────────────────────────────────────────────────────────────────────────────────


def test_the_suffix_says_the_format(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    files = {suffix: tmp_path / f"circuit.{suffix}" for suffix in ("svg", "png", "gv")}
    printed = out(capsys, *FIRST, *(word for path in files.values() for word in ("-o", str(path))))
    assert all(f"wrote {path}" in printed for path in files.values())
    assert b"<svg" in files["svg"].read_bytes()
    assert files["png"].read_bytes().startswith(b"\x89PNG")
    assert "−12" in files["gv"].read_text(encoding="utf-8")


def test_looks_are_handed_to_the_picture(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    plain, fine = tmp_path / "plain.gv", tmp_path / "fine.gv"
    out(capsys, "σ(x)", "x=1", "-o", str(plain))
    out(capsys, "σ(x)", "x=1", "-o", str(fine), "--detail", "primitive", "--style", "record")
    assert "exp" not in plain.read_text(encoding="utf-8")
    assert "exp" in fine.read_text(encoding="utf-8")


def test_a_picture_without_gradients_and_one_with_a_node_that_catches_the_eye(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def drawn(*looks: str) -> str:
        out(capsys, "q = x + y; f = q * z", *FIRST[1:], "-o", str(tmp_path / "c.gv"), *looks)
        return (tmp_path / "c.gv").read_text(encoding="utf-8")

    assert "no gradients yet" not in drawn("--forward-only")
    assert (
        len({drawn(), drawn("--forward-only"), drawn("--highlight", "q", "--highlight", "z")}) == 3
    )


def test_explore_writes_a_page_of_this_expression(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    assert f"wrote {page}" in out(capsys, *FIRST, "--explore", str(page))
    assert "(x + y) * z" in page.read_text(encoding="utf-8")


def test_moving_pictures_and_frames(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    moving, folder = tmp_path / "moving.svg", tmp_path / "frames"
    looks = ["--theme", "print", "--direction", "TB"]
    out(capsys, *FIRST, "--animate", str(moving), "--frames", str(folder), *looks)
    assert "@keyframes" in moving.read_text(encoding="utf-8")
    assert len(list(folder.glob("*.svg"))) == 6  # the inputs, 2 gates, the 1, 2 gates
    assert ".svg or .gif" in refused(capsys, *FIRST, "--animate", str(tmp_path / "moving.mp4"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["-o", "{}/no/such/folder.svg"], "no folder"),
        (["-o", "{}/picture"], ".svg"),
        (["-o", "{}/picture.docx"], ".svg"),
        (["-o", "{}/p.svg", "--style", "cubist"], "cubist"),
        (["-o", "{}/p.svg", "--detail", "quark"], "quark"),
        (["-o", "{}/p.svg", "--theme", "neon"], "neon"),
        (["-o", "{}"], "cannot write"),
    ],
)
def test_what_cannot_be_drawn_ends_with_status_2_and_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], words: str
) -> None:
    message = refused(capsys, *FIRST, *(option.format(tmp_path) for option in options))
    assert words in message
    assert message.count("\n") == 1


# ── the process ──────────────────────────────────────────────────────────────────────────────


def test_module_and_exit_status() -> None:
    assert run(*FIRST).returncode == 0
    bad = run("x +", "x=1")
    assert bad.returncode == 2
    assert b"Traceback" not in bad.stderr


def test_help_lists_every_function_and_has_one_list_of_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    *_, listed = out(capsys, "--help").partition("functions:")
    assert {word.strip(",") for word in listed.split()} == set(called())
    assert {*GATES, *COMPOSED, *OF_ROWS} < set(called())
    for command in ("demo", "playground", "worksheet"):
        assert out(capsys, command, "--help").count("options:") == 1


def test_help_shows_examples_that_work(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = [line.strip() for line in out(capsys, "--help").splitlines()]
    commands = [re.split(r"\s{3,}|\s{2}(?=rows)", line)[0] for line in lines if '"' in line]
    commands = [command for command in commands if command.startswith('autodiff "')]
    assert len(commands) >= 6
    for command in commands:
        words = shlex.split(command)[1:]
        files = (".svg", ".png", ".html")
        out(capsys, *(str(tmp_path / word) if word.endswith(files) else word for word in words))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "gbk", "utf-8"])
def test_any_terminal(encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run("σ(数) * é", "数=1", "é=2", env=environment)
    assert done.returncode == 0, done.stderr
    assert ("∂" in done.stdout.decode(encoding)) == (encoding == "utf-8")
    assert run("σ(数) + foo(é)", "é=2", env=environment).returncode == 2


@pytest.mark.posix
@pytest.mark.skipif(sys.platform == "win32", reason="pipes end differently there")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    text = " + ".join(["x"] * 400)
    command = f"{sys.executable} -m autodiff '{text}' x=1 | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("forward")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert out(capsys, "--version").startswith("glassgrad")


def test_the_engine_alone_is_loaded_for_a_table() -> None:
    """A table needs neither pictures nor NumPy, so it comes at once."""
    code = (
        "import sys; from viz.command.cli import main; main(['x*x', 'x=2']); "
        "sys.exit(bool({'viz.dot', 'nn', 'numpy', 'graphviz'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_gates_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    printed = out(capsys, "gates")
    assert "∂/∂a = out·(1 − out)" in printed
    assert all(name in printed for name in GATES)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_steps_wait_for_enter_in_a_terminal() -> None:
    main_end, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "autodiff", *FIRST, "--steps"],
        cwd=ROOT,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    ) as process:
        os.close(terminal)
        os.write(main_end, b"\n\nq\n")
        shown = b""
        while True:
            try:
                more = os.read(main_end, 4096)
            except OSError:  # Linux says so at the end of a pseudo-terminal
                break
            if not more:
                break
            shown += more
        assert process.wait(timeout=60) == 0
    os.close(main_end)
    assert shown.count(b"forward") == 2
    assert shown.count(b"backward") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("arguments", [["x * y", "x=2", "y=3"], ["gates"], ["x", "x=1", "--json"]])
def test_a_full_disk_is_said_in_one_line(arguments: list[str]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [sys.executable, "-m", "autodiff", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("autodiff: ")
    assert "No space left" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.posix
@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_a_closed_output_loses_nothing_else(tmp_path: Path) -> None:
    """`autodiff ... >&-` has nowhere to print to, and writes its files."""
    command = f'"{sys.executable}" -m autodiff "x * y" x=2 y=3 --explore "{tmp_path}/p.html" >&-'
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "p.html").stat().st_size > 10_000


def test_a_demo_into_a_file_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "autodiff", "demo", "--out", str(tmp_path / "taken")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("autodiff: ")
    assert done.stderr.count("\n") == 1


def test_before_and_after_a_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """L = (w·x − 4)² at w = 2, x = 3: w − 0.05 · 12 = 1.4."""
    path = tmp_path / "step.svg"
    given = ["L = (w*x - 4)^2", "w=2", "x=3", "-o", str(path), "--quiet"]
    for rate in ("0.05", "lr=0.05"):
        assert main([*given, "--after-step", rate, "--parameter", "w"]) == 0
        assert "w − 0.05 · dL/dw = 2 − 0.05 · 12 = 1.4" in path.read_text()
    for wrong, why in (
        (["--parameter", "w"], "--parameter says what --after-step moves"),
        (["--after-step", "fast"], "fast is no number"),
        (["--after-step", "1,2"], "the learning rate is one number"),
        (["--after-step", "1", "--parameter", "z"], "no leaf of this graph is 'z'"),
        (["--after-step", "1", "--forward-only"], "draws values and gradients"),
    ):
        assert main([*given, *wrong]) == 2
        assert why in capsys.readouterr().err


def test_what_cannot_be_written_is_said_before_the_table(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["x * y", "x=2", "y=3", "-o", "circuit.xyz"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "end the name in .svg" in told.err


@pytest.mark.parametrize("look", ["--width", "--scale", "--dpi"])
def test_a_size_of_zero_is_refused(
    look: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["x * y", "x=2", "y=3", "-o", str(tmp_path / "a.png"), look, "0"]) == 2
    assert "more than 0" in capsys.readouterr().err
