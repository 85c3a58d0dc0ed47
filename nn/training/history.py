"""History: what happened during training, as plain lists of numbers."""

from __future__ import annotations

from typing import Any

from autodiff.text.speech import said

from ..checks import known
from ..optimisers import Optimiser
from ..report.table import aligned

__all__ = ["History"]


class History:
    """The record of a `fit`.

    history["loss"]     one number per epoch; also "epoch" and, as far as computed, "accuracy",
                        "val_loss", "val_accuracy", ...
    steps               the cost before each step
    stopped             why training ended before the last epoch; "" if it did not
    best_epoch          the epoch that early stopping went back to; None without it
    engine              what computed: "eager", "compiled" or "native"
    optimiser           what moved the parameters, with its state: give it to the next `fit` to go
                        on, and to `save`
    fallback            why `engine="auto"` did not take what it prefers; "" if it did

    >>> history = History()
    >>> history.append(loss=0.7, accuracy=0.5)
    >>> history.append(loss=0.2, accuracy=0.9)
    >>> history["loss"], history.last["accuracy"]
    ([0.7, 0.2], 0.9)
    >>> print(history.table())
    epoch  loss  accuracy
        0   0.7       0.5
        1   0.2       0.9
    """

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.steps: list[float] = []
        self.stopped = ""
        self.best_epoch: int | None = None
        self.engine = self.fallback = ""
        self.optimiser: Optimiser | None = None

    def append(self, **numbers: float) -> None:
        """Add an epoch."""
        self.epochs.append({"epoch": len(self.epochs), **numbers})

    def __len__(self) -> int:
        return len(self.epochs)

    def __getitem__(self, name: str) -> list[float]:
        if self.epochs and name not in self.epochs[0]:
            raise KeyError(f"{name!r} was not recorded; {known(name, self.epochs[0])}")
        return [epoch[name] for epoch in self.epochs]

    @property
    def last(self) -> dict[str, float]:
        """The numbers of the last epoch."""
        return self.epochs[-1]

    @property
    def loss(self) -> list[float]:
        """The cost of each epoch: the mean over its examples."""
        return self["loss"]

    def to_dict(self) -> dict[str, Any]:
        """All of it as lists by name: for JSON, a data frame or a plot."""
        columns: dict[str, Any] = {name: self[name] for name in (self.epochs or [{}])[0]}
        columns |= {"steps": list(self.steps), "stopped": self.stopped}
        return columns | {"best_epoch": self.best_epoch}

    def to_frame(self) -> Any:
        """The epochs as a pandas DataFrame, a row each.

        Raises ImportError if pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("to_frame needs pandas: pip install pandas") from error
        return pd.DataFrame(self.epochs)

    def table(self, rows: int = 20) -> str:
        """The epochs as a table of text, thinned out to about `rows` lines."""
        if not self.epochs:
            return said("no epoch was finished")
        names = list(self.epochs[0])
        thinning = max(1, -(-len(self) // rows))
        shown = [*self.epochs[:-1:thinning], self.last]
        cells = [
            [*map(said, names)],
            *([f"{epoch[name]:.6g}" for name in names] for epoch in shown),
        ]
        return aligned(cells, left=0)

    def __repr__(self) -> str:
        if not self.epochs:
            return f"History(no epochs{', ' + self.stopped if self.stopped else ''})"
        last = ", ".join(f"{k}={v:.6g}" for k, v in self.last.items() if k != "epoch")
        ending = f", {self.stopped}" if self.stopped else ""
        return f"History({len(self)} epochs, {last}{ending})"
