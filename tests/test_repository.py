"""The rules of the house that a reviewer would otherwise have to remember."""

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import autodiff

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PACKAGES = ("autodiff", "nn", "viz")

# What each package must not import when it is imported; imports run viz -> nn -> autodiff.
FORBIDDEN = {"autodiff": {"nn", "viz", "tests"}, "nn": {"viz", "tests"}, "viz": {"tests"}}

# Gates whose names are no other thing's name, and where naming them is the file's purpose.
UNMISTAKABLE = {"tanh", "sigmoid", "relu", "leaky_relu", "gelu", "softplus", "softmax", "logsumexp"}
TABLES = {
    "autodiff/compiler/llvm/vector_math/__init__.py",
    "autodiff/functions.py",
    "autodiff/gates.py",
    "autodiff/formula/atoms.py",
    "autodiff/formula/grammar.py",
    "autodiff/formula/languages.py",
    "autodiff/value.py",
    "viz/plots/activations.py",
}


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def module_level_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, top-level package) of each absolute import that runs on import."""
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            pending.extend(node.orelse)  # the body is for the type checker only
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))


def run_python(*arguments: str) -> str:
    """Run a fresh interpreter at the root and return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    """The text of a file, None for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def written_text_of(path: Path) -> str | None:
    """The text that a person wrote: of a notebook its cells, not their outputs."""
    text = text_of(path)
    if text is None or path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for path in modules(package)
        for line, name in module_level_imports(ast.parse(path.read_bytes()))
        if name in FORBIDDEN[package]
    ]
    assert not found, found


def test_the_engine_is_written_with_the_standard_library() -> None:
    """Only the compiler may import NumPy at module level, and nothing loads it unasked."""
    allowed = sys.stdlib_module_names | {"autodiff"}
    found = []
    for path in modules("autodiff"):
        extra = {"numpy"} if "compiler" in path.relative_to(ROOT).parts else set()
        for line, name in module_level_imports(ast.parse(path.read_bytes())):
            if name not in allowed | extra:
                found.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert not found, found


@pytest.mark.parametrize("package", ["autodiff", "viz"])
def test_engine_compiler_and_renderers_know_no_gate_by_name(package: str) -> None:
    """They ask the gate, so that a user's own gate is as good as one of ours."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} says {node.value!r}"
        for path in modules(package)
        if path.relative_to(ROOT).as_posix() not in TABLES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Constant) and node.value in UNMISTAKABLE
    ]
    assert not found, found


def test_import_autodiff_loads_only_the_standard_library() -> None:
    printed = run_python(
        "-c",
        "import sys\n"
        "before = set(sys.modules)\n"  # an editable installation may have loaded its finder
        "import autodiff\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names) - {'autodiff'}))\n",
    )
    assert printed.split() == []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_with_the_required_dependencies_alone(package: str) -> None:
    """What an extra installs is imported by the function that needs it."""
    optional = ["matplotlib", "sklearn", "llvmlite", "torch", "joblib", "IPython", "sympy", "scipy"]
    run_python(
        "-c", f"import sys\nsys.modules.update(dict.fromkeys({optional}))\nimport {package}\n"
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_the_wheel_holds_the_three_packages_and_nothing_else(tmp_path: Path) -> None:
    run_python("-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.partition("/")[0] for name in names}
    assert folders == {*PACKAGES, f"glassgrad-{PROJECT['version']}.dist-info"}
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


def test_the_version_is_said_once() -> None:
    """In pyproject.toml; the package asks what was installed."""
    assert autodiff.__version__ == PROJECT["version"]
    said = [p for p in tracked_files() if f'"{PROJECT["version"]}"' in (text_of(p) or "")]
    assert [p.name for p in said if p.suffix in (".py", ".toml", ".cff")] == ["pyproject.toml"]


def test_changelog_starts_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## \[(\d[^\]]*)\]", changelog, flags=re.MULTILINE)
    assert versions[0] == PROJECT["version"]


def test_no_file_names_a_machine_or_a_registry() -> None:
    """A path or an address that holds in one place only is of no use to anyone else."""
    # Put together from halves, or this file would find itself.
    machine_paths = [r"(?<![\w./])/" + rest for rest in ("work/", "root/", "home/" + r"\w")]
    registries = ["pypi" + r"\.org", "python" + r"hosted\.", "npm" + r"js\.", "debian" + r"\.org"]
    pattern = re.compile("|".join([*machine_paths, *registries, r"\.\./" + "shared"]))
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if (text := text_of(path)) is not None and (match := pattern.search(text))
    ]
    assert not found, found


def test_nothing_is_marked_for_later() -> None:
    pattern = re.compile(r"\b(?:TO" + "DO|FIX" + "ME|XX" + r"X)\b")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if (text := written_text_of(path)) is not None and (match := pattern.search(text))
    ]
    assert not found, found
