"""One way to name a node that has no name: in tables, in explanations, on pages."""

from autodiff import Value
from viz import explain
from viz.pages.scene import scene
from viz.words.report import as_data


def test_an_unnamed_node_has_one_name_everywhere() -> None:
    """A label that is taken, v1, is not given again; the root is f."""
    x, taken = Value(2.0, label="x"), Value(3.0, label="v1")
    inner = x * taken
    f = inner.tanh() + x
    table = [node["name"] for node in as_data(f)["nodes"]]
    assert table == ["x", "v1", "v2", "v3", "f"]
    assert [node["name"] for node in scene(f, grouped=False).nodes] == table
    assert "df/dv1 = df/dv2 · ∂v2/∂v1" in explain(taken, f).text


def test_equal_labels_are_told_apart_everywhere() -> None:
    a, b = Value(2.0, label="x"), Value(3.0, label="x")
    f = a * b
    assert [node["name"] for node in as_data(f)["nodes"]] == ["v1", "v2", "f"]
    assert explain(b, f).text.startswith("df/dv2 = ")
