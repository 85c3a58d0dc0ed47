"""Objects that count how often their attributes are set."""

import pickle

from autodiff.watch.changes import Counting
from nn import Layer


def test_a_module_counts_what_is_set_and_deleted_and_stays_an_object_like_others() -> None:
    layer = Layer(2, 1, rng=0)
    before = Counting.changes
    layer.note = 1  # type: ignore[attr-defined]
    layer.neurons[0].b = layer.neurons[0].b
    del layer.note  # type: ignore[attr-defined]
    assert Counting.changes == before + 3
    again = pickle.loads(pickle.dumps(layer))
    assert vars(again).keys() == vars(layer).keys()
