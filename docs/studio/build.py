"""The studio as files: the page, the package that it runs, and Pyodide, which npm brings."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.metadata import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from viz.pages.page import colours, source, spoken  # noqa: E402

PYODIDE = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)


def build(folder: Path) -> None:
    """Everything but Pyodide."""
    folder.mkdir(parents=True, exist_ok=True)
    style = [colours(), source("studio", "base.css"), (HERE / "studio.css").read_text("utf-8")]
    (folder / "studio.css").write_text("\n".join(style), encoding="utf-8")
    shutil.copyfile(HERE / "studio.html", folder / "index.html")
    files = ("studio.html", "studio.js", "worker.js")
    said = "\n".join((HERE / name).read_text("utf-8") for name in files)
    (folder / "language.js").write_text(f"{{\n{spoken(said)}}}\n", encoding="utf-8")
    for script in ("studio.js", "worker.js"):
        shutil.copyfile(HERE / script, folder / script)
    bundle(folder / "glassgrad.zip")


def wheel(folder: Path) -> Path:
    """The package's wheel, built into the folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def bundle(path: Path) -> None:
    """The wheel, what draws with it, and what answers the page, as one archive."""
    with (
        tempfile.TemporaryDirectory() as built,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        with zipfile.ZipFile(wheel(Path(built))) as own:
            for name in own.namelist():
                archive.writestr(name, own.read(name))
        for file in files("graphviz") or ():
            if file.suffix == ".py" or file.name == "METADATA":
                archive.write(file.locate(), str(file))
        archive.write(HERE / "answer.py", "answer.py")


def fetch(folder: Path) -> None:
    """Pyodide's files, by npm."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed: it brings Pyodide, the Python in the page")
    with tempfile.TemporaryDirectory() as fresh:
        shutil.copy(HERE / "package.json", fresh)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run([*command, "--prefix", fresh], cwd=fresh, check=True)
        folder.mkdir(parents=True, exist_ok=True)
        for name in PYODIDE:
            shutil.copy(Path(fresh) / "node_modules" / "pyodide" / name, folder / name)
