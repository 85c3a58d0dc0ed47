"""``python docs/publish.py FOLDER``: what a built site needs to run Python in the browser.

Pyodide for the studio, by npm; and the course in JupyterLite, with the package's wheel. A kernel of
JupyterLite takes NumPy, matplotlib and IPython from Pyodide's own distribution, on the web: npm's
package has none of them, and PyPI no wheel of NumPy or matplotlib for Pyodide's platform.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from studio.build import ROOT, fetch, wheel

INSTALL = (
    "# in the browser: NumPy and matplotlib are fetched from Pyodide's site; no PyTorch\n"
    "%pip install -q glassgrad"  # the wheel that lies beside the notebooks
)


def course(folder: Path) -> None:
    """The notebooks, what they import and read, and a first cell that installs the package."""
    shutil.copytree(
        ROOT / "notebooks", folder, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_*")
    )
    for path in sorted(folder.rglob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        first = {"cell_type": "code", "execution_count": None, "id": "install", "metadata": {}}
        notebook["cells"].insert(1, first | {"outputs": [], "source": [INSTALL]})
        for cell in notebook["cells"]:  # JupyterLite wants texts, not lists of lines
            cell["source"] = "".join(cell["source"])
        path.write_text(json.dumps(notebook, ensure_ascii=False), encoding="utf-8")


def lite(folder: Path) -> None:
    """JupyterLite with the course in it."""
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        course(work / "contents")
        pip = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--dest", made]
        subprocess.run([*pip, "graphviz"], check=True)
        wheel(work)
        wheels = [part for path in work.glob("*.whl") for part in ("--piplite-wheels", str(path))]
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-sourcemaps", *wheels]
        command += ["--contents", str(work / "contents"), "--output-dir", str(folder.resolve())]
        subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    site = Path(sys.argv[1])
    fetch(site / "studio" / "pyodide")
    lite(site / "lite")
