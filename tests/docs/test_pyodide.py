"""The package in Pyodide, run by Node: what the studio and JupyterLite stand on.

npm carries Pyodide without its distribution, so what needs NumPy or matplotlib is not reached here.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import node_modules

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from studio import build  # noqa: E402

THE_LIBRARY = """
import autodiff, math
from autodiff import DomainError, GATES, Value, grad, gradcheck, hessian, parse
from viz import bug_zoo, draw, explain, explore, playground, random_circuit, worksheet

f = parse("q = x + y; f = q * z", x=-2, y=5, z=-4)
f.backward()
q, z = f.parents
assert (f.data, q.grad, z.grad) == (-12.0, -4.0, 3.0)
assert grad(lambda x: x**3)(2.0) == 12.0
assert hessian(lambda x, y: x * x * y)(2.0, 3.0) == [[6.0, 4.0], [4.0, 0.0]]
assert math.isclose(Value(1.0).sigmoid().data, 0.7310585786300049, rel_tol=1e-15)
gradcheck(GATES["tanh"], [0.5])
try:
    Value(0.0).log()
except DomainError:
    pass
else:
    raise AssertionError("the logarithm of 0")

node = Value(1.0)
for _ in range(100_000):
    node = node + 1
node.backward()
assert node.data == 100_001.0

assert "df/dz = ∂f/∂z" in explain(z, f).text
assert "<svg" in draw(f).pipe("svg", encoding="utf-8")
assert "tikzpicture" in draw(f, "record").drawing.tikz()
for page in explore(f), worksheet(random_circuit()), bug_zoo(f), playground():
    assert page.html.startswith("<!doctype html>")
    page.save("/tmp/page.html")
"""

THE_COURSE = """
import json, linecache, re, sys
from pathlib import Path
from unittest.mock import MagicMock

sys.modules["numpy"] = MagicMock()  # the exercises of later chapters hold arrays
import exercises
del sys.modules["numpy"]

plots = MagicMock()  # two cells draw curves, and npm has no matplotlib
plots.pyplot.subplots.return_value = MagicMock(), MagicMock()
plots.rcParams = plots.rcParamsDefault = {"axes.prop_cycle": None}
sys.modules |= {"matplotlib": plots, "matplotlib.pyplot": plots.pyplot}

ran = 0
for path in sorted(Path("/folder").glob("0[1-4]*.ipynb")):
    names = {"__name__": "__main__", "In": [""]}
    names["get_ipython"] = lambda: MagicMock(user_ns=names)
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = re.sub(r"(?m)^%.*$", "", "".join(cell["source"]))
        if cell["cell_type"] == "code":
            names["In"].append(source)
            name = f"{path.name}, cell {ran}"
            linecache.cache[name] = len(source), None, source.splitlines(True), name
            try:
                exec(compile(source, name, "exec"), names)
            except Exception as error:
                raise RuntimeError(f"{path.name}: {source}") from error
            ran += 1
assert ran > 50, ran
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "glassgrad.zip"
    build.bundle(path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "program", [THE_LIBRARY, THE_COURSE], ids=["the library", "notebooks 1 to 4"]
)
def test_it_runs_in_pyodide(node: str, archive: Path, tmp_path: Path, program: str) -> None:
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    pyodide = node_modules(DOCS / "studio" / "package.json") / "pyodide"
    command = [node, HERE / "in_pyodide.mjs", pyodide, archive, ROOT / "notebooks"]
    done = subprocess.run(
        [*map(str, command), str(tmp_path / "program.py")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
