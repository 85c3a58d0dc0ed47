"""The JavaScript made from the gate table computes what Python computes."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import viz
from autodiff import GATES, Constant, DomainError, Value, gate, topological_order
from autodiff.formula.atoms import ATOMS
from tests.random_graphs import BUILT_IN, random_recipe
from tests.viz.pages.conftest import Run
from viz import random_circuit
from viz.pages.javascript import literal, source
from viz.pages.scene import scene
from viz.words.notation import Text
from viz.words.rules import edges_into

GRADIENTS = """
const graphs = input.map((nodes) => {
  const graph = new Graph(nodes);
  for (let i = 0; i < nodes.length; i++) if (graph.gates[i]) graph.data[i] = NaN;
  graph.forward();
  graph.backward(nodes.length - 1);
  return {data: [...graph.data], grad: [...graph.grad], fault: graph.fault()};
});
return graphs;
"""


def as_nodes(root: Value) -> list[dict[str, Any]]:
    order = topological_order(root)
    index = {node: i for i, node in enumerate(order)}
    return [
        {
            "gate": node.gate.name if node.gate else None,
            "parents": [index[p] for p in node.parents],
            "data": 0.0 if node.gate else node.data,
        }
        for node in order
    ]


def assert_equal_to_python(run: Run, roots: list[Value]) -> None:
    answers = run(GRADIENTS, [as_nodes(root) for root in roots])
    for root, answer in zip(roots, answers, strict=True):
        root.backward()
        order = topological_order(root)
        assert answer["fault"] is None
        assert answer["data"] == pytest.approx([v.data for v in order], rel=1e-12, abs=1e-12)
        assert answer["grad"] == pytest.approx([v.grad for v in order], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_gate_in_random_graphs(run: Run, name: str) -> None:
    """Each gate among the plain ones: values and gradients as in Python to 1e-12."""
    among = [name, *(g for g in BUILT_IN if GATES[g].formula.infix in {"+", "-", "*"})]
    roots = [random_recipe(seed, size=8, gates=among).build()[0] for seed in range(40)]
    assert any(v.gate is GATES[name] for root in roots for v in topological_order(root))
    assert_equal_to_python(run, roots)


def test_large_random_graphs_of_all_gates(run: Run) -> None:
    assert_equal_to_python(run, [random_recipe(s, size=60).build()[0] for s in range(60)])


def test_a_gate_of_the_user(run: Run) -> None:
    """One line in Python, and the page knows it; its names may be keywords of JavaScript."""
    try:
        swish = gate(
            "test_swish", "var * sigmoid(var)", var="sigmoid(var) + out * (1 - sigmoid(var))"
        )
        x = Value(1.5)
        assert_equal_to_python(run, [swish(x) * x])
    finally:
        GATES.pop("test_swish", None)


def test_backward_twice_accumulates_in_leaves_only(run: Run) -> None:
    """x³ at 3, backward twice: 54, as in Python; after zeroGrad 27 again."""
    x = Value(3.0)
    body = """
    const g = new Graph(input);
    g.forward(); g.backward(2); g.backward(2);
    const twice = g.grad[0];
    g.zeroGrad(); g.backward(2);
    return [twice, g.grad[0]];
    """
    assert run(body, as_nodes(x * x * x)) == [54, 27]


def unary(name: str, at: float) -> list[dict[str, Any]]:
    return [
        {"gate": None, "parents": [], "data": at},
        {"gate": name, "parents": [0], "data": 0.0},
    ]


@pytest.mark.parametrize(
    ("name", "at"), [("log", 0.0), ("log", -1.0), ("sqrt", -1.0), ("reciprocal", 0.0), ("exp", 800)]
)
def test_where_python_raises_the_page_has_nan_and_a_sentence(
    run: Run, name: str, at: float
) -> None:
    with pytest.raises(DomainError, match="has no value at a"):
        GATES[name](Value(at))
    (answer,) = run(GRADIENTS, [unary(name, at)])
    assert answer["data"][1] == "NaN"
    assert answer["fault"].startswith(f"{name}: {GATES[name].formula.text} has no value at a = ")
    assert answer["fault"].endswith(f"it needs {GATES[name].domain}")


def test_what_merely_overflows_does_so_in_both(run: Run) -> None:
    x = Value(1e200)
    (answer,) = run(GRADIENTS, [as_nodes(x * x)])
    assert (x * x).data == float("inf")
    assert answer["data"][1] == "Infinity"
    assert answer["fault"] is None


def test_logsumexp_of_infinities_equals_python(run: Run) -> None:
    rows = list(itertools.product([0.0, math.inf, -math.inf, math.nan], repeat=3))
    spelled = [[str(x) for x in row] for row in rows]  # JSON has no infinities
    number = '(t) => t === "inf" ? Infinity : t === "-inf" ? -Infinity : Number(t)'
    body = f"return input.map((row) => String(logsumexp(row.map({number}))));"
    answers = [float(answer.replace("Infinity", "inf")) for answer in run(body, spelled)]
    np.testing.assert_allclose(answers, [ATOMS["logsumexp"].python(row) for row in rows])


LINES = """
return input.map((scene) => {
  const model = new Model(scene), told = [];
  const say = ({parts, since}) => told.push(parts.join(" = ") + (since && `, ${since}`));
  for (const i of model.order) {
    if (model.graph.gates[i] === null) continue;
    say(model.forwardLine(i));
    model.parents[i].forEach((p, k) => {
      if (model.nodes[p].kind !== "constant") say(model.localLine(i, k));
    });
  }
  return told;
});
"""


def assert_pages_say_what_the_terminal_says(run: Run, roots: list[Value]) -> None:
    pages = Path(viz.__file__).parent / "pages" / "shared"
    scripts = [(pages / f"{name}.js").read_text(encoding="utf-8") for name in ("write", "model")]
    body = "\n".join([*scripts, LINES])
    answers = run(body, [scene(root, grouped=False).data() for root in roots])
    for root, answer in zip(roots, answers, strict=True):
        order = topological_order(root)
        text = Text(order)
        expected = []
        for v in order:
            if v.gate is not None:
                expected.append(text.equation(text.value(v)))
                edges = (e for e in edges_into(v) if not isinstance(e.tail, Constant))
                expected += [text.equation(text.partial(edge)) for edge in edges]
        assert answer == expected


def test_a_page_says_what_the_terminal_says(run: Run) -> None:
    """Values and local gradients with symbols, numbers, the result and the reason."""
    seeds = range(60)
    circuits = [random_circuit(level, s, kinks=True) for s in seeds for level in ("medium", "hard")]
    assert_pages_say_what_the_terminal_says(run, circuits)


def test_powers_rows_and_functions_are_written_as_in_the_terminal(run: Run) -> None:
    x, y = Value(2.0, label="x"), Value(-3.0, label="y")
    row = [Value(float(k), label=f"x{k}") for k in range(3)]
    assert_pages_say_what_the_terminal_says(
        run,
        [
            x**3 - y**2 + (x - 5) * x**1,
            abs(y) / x,
            y.relu() + x.relu() * x.max(y),
            GATES["dot"](row, [x, y, x]) - GATES["sum"](row),
            GATES["mean"]([x, Value(4.0, label="z")]) * x,
            y ** Value(2.0, label="n"),  # by the exponent it has no slope here
        ],
    )


def test_the_javascript_of_a_gate_can_be_read() -> None:
    assert source(GATES["affine"]).splitlines() == [
        "fire($p, $d) {",
        "  const n = ($p.length - 1) / 2;",
        "  const w = $p.slice(0, n), x = $p.slice(n, 2 * n), b = $p[2 * n + 0];",
        "  const out = w.map((_, i) => w[i] * x[i]).reduce((s, t) => s + t, 0) + b;",
        "  for (let $i = 0; $i < n; $i++) $d[$i] = x[$i];",
        "  for (let $i = 0; $i < n; $i++) $d[n + $i] = w[$i];",
        "  $d[2 * n + 0] = 1.0;",
        "  return out;",
        "}",
    ]


def test_text_cannot_end_the_script() -> None:
    assert "</script" not in literal({"</script><script>alert(1)": "<!--"})
    assert json.loads(literal("a<b\u2028")) == "a<b\u2028"
