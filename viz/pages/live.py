"""An explorer bound to Values: moving a number in the page moves it in Python, and the other way.

It is an anywidget, so it works in JupyterLab, VS Code, Colab and marimo alike. The page keeps its
own engine; only the numbers of the leaves travel.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from typing import Any

import anywidget
import traitlets

from autodiff import Constant, DomainError, Value, topological_order
from autodiff.value import UNREACHED

from .page import Page

__all__ = ["Live"]

_FRAME = """
export default {
  render({model, el}) {
    const frame = document.createElement("iframe");
    frame.title = model.get("title");
    frame.style.cssText = `width: 100%; height: ${model.get("height")}px; border: 0`;
    frame.setAttribute("sandbox", "allow-scripts allow-downloads allow-modals");
    frame.srcdoc = model.get("page");
    const tell = () => frame.contentWindow?.postMessage({numbers: model.get("numbers")}, "*");
    const hear = ({source, data}) => {
      if (source !== frame.contentWindow) return;
      if (data.ready) tell();
      if (data.numbers) {
        model.set("numbers", data.numbers);
        model.save_changes();
      }
    };
    addEventListener("message", hear);
    model.on("change:numbers", tell);
    el.append(frame);
    return () => {
      removeEventListener("message", hear);
      model.off("change:numbers", tell);
    };
  },
};
"""


class Live(anywidget.AnyWidget):
    """The page of a graph whose leaves it moves, and follows.

    What is moved in the page is written into the leaves, all gates above fire anew and the
    backward pass runs. After each cell of a Jupyter notebook the page shows what the cell has
    changed; within one ``fit(..., callbacks=view)`` shows each epoch, and ``view.update()``
    anything else.
    """

    _esm = _FRAME
    title = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    numbers = traitlets.Dict().tag(sync=True)  # of the leaves, by their place in the page

    def __init__(self, made: Page, root: Value, index: Mapping[Value, int]) -> None:
        self.order = topological_order(root)
        self.leaves = {
            str(index[v]): v
            for v in self.order
            if v.gate is None and not isinstance(v, Constant) and v in index
        }
        super().__init__(
            title=made.title, page=made.html, height=made.height, numbers=self._current()
        )
        self.observe(self._moved, "numbers")
        _after_each_cell(self.update)

    def update(self) -> None:
        """Fire the gates anew with what the leaves hold now, and show it.

        Gradients are left as they are, so that looking on changes no training.
        """
        if self.numbers != self._current():
            self._fire()
            self.numbers = self._current()

    def __call__(self, _: object) -> None:
        """`update`, as a callback of `nn.fit`."""
        self.update()

    def _current(self) -> dict[str, float]:
        return {place: v.data for place, v in self.leaves.items() if math.isfinite(v.data)}

    def _moved(self, change: Mapping[str, Any]) -> None:
        """The page has other numbers than the leaves: they take them over."""
        new = {self.leaves[place]: float(x) for place, x in change["new"].items()}
        if any(leaf.data != x for leaf, x in new.items()):
            for leaf, x in new.items():
                leaf.data = x
            with contextlib.suppress(DomainError):  # which the page tells; gates keep what they had
                self._fire()
                for node in self.order:
                    node.grad = UNREACHED
                self.order[-1].backward()

    def _fire(self) -> None:
        """The forward pass, through the nodes that there are."""
        for node in self.order:
            if node.gate is not None:
                fired = node.gate(*node.gate.split(node.parents).values())
                node.data, node._da = fired.data, fired._da
                if hasattr(fired, "_db"):
                    node._db = fired._db


def _after_each_cell(update: Callable[[], None]) -> None:
    """Call it after each cell, where this runs in IPython."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", lambda *_: update())
