"""gradcheck: does the backward pass agree with finite differences?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .formula.firing import DomainError
from .functional import Run, alike, gradients, one_value
from .text.speech import said
from .value import Value

__all__ = ["GradCheck", "InputCheck", "gradcheck"]


class InputCheck(NamedTuple):
    """What `gradcheck` found for one input."""

    name: str
    at: float
    analytic: float
    numeric: float
    kink: bool
    ok: bool

    @property
    def difference(self) -> float:
        """|analytic - numeric|."""
        return abs(self.analytic - self.numeric)


class GradCheck:
    """The outcome of `gradcheck`: true if every input agrees; prints as a table."""

    def __init__(self, inputs: Sequence[InputCheck], rtol: float) -> None:
        self.inputs = tuple(inputs)
        self.rtol = rtol

    @property
    def ok(self) -> bool:
        """Whether every input agrees."""
        return all(check.ok for check in self.inputs)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        lines = [f"gradcheck: {'all inputs agree' if self.ok else 'DIFFERS'} (rtol {self.rtol:g})"]
        for c in self.inputs:
            verdict = "ok" if c.ok else f"differs by {c.difference:.3g}"
            if not math.isfinite(c.analytic):
                verdict = "the derivative is not finite here"
            elif c.kink:
                verdict += "; a kink is near: the slopes left and right of it differ"
            lines.append(
                f"  {c.name} = {c.at!r}: backward {c.analytic!r}, "
                f"finite difference {c.numeric!r}: {verdict}"
            )
        return said("\n".join(lines))

    __repr__ = __str__


def gradcheck(
    f: Callable[..., Any], inputs: Sequence[Any], *, step: float = 1e-6, rtol: float = 1e-5
) -> GradCheck:
    """Compare the backward pass of `f` at `inputs` with central finite differences.

    `inputs` are numbers, lists of numbers, or Values (whose labels then name the rows);
    `f(*inputs)` returns one Value. The report is true if all inputs agree to `rtol` (relative
    above 1, absolute below); a derivative that is not finite never does. It says for each by how
    much it differs, and whether the slopes on both sides differ so that a kink must be near.
    Steps are `step` × max(1, |x|), and shorter where f has no value there.

    >>> bool(gradcheck(lambda x, y: (x * y).tanh(), [0.3, 2.0]))
    True
    >>> print(gradcheck(lambda x: x.relu(), [0.0]))
    gradcheck: DIFFERS (rtol 1e-05)
      input 0 = 0.0: backward 0.0, finite difference 0.5: differs by 0.5; a kink is near: \
the slopes left and right of it differ
    """
    run = Run(f, inputs)
    root, leaves = run.root, run.leaves
    analytic = gradients(root, leaves)
    at = [x.data for x in leaves]

    def shifted(i: int, x: float) -> float:
        moved = (Value(x if j == i else y) for j, y in enumerate(at))
        return one_value(f(*(alike(given, moved) for given in inputs)), f).data

    checks = []
    for i, leaf in enumerate(leaves):
        size = max(1.0, abs(leaf.data))
        h = step * size
        while True:
            try:
                left, right = shifted(i, leaf.data - h), shifted(i, leaf.data + h)
                break
            except DomainError:
                h /= 1000
                if h <= math.ulp(size):
                    raise
        numeric = (right - left) / (2 * h)
        scale = max(1.0, abs(analytic[i]), abs(numeric))
        slopes = (root.data - left) / h, (right - root.data) / h
        checks.append(
            InputCheck(
                name=leaf.label or f"input {i}",
                at=leaf.data,
                analytic=analytic[i],
                numeric=numeric,
                kink=abs(slopes[0] - slopes[1]) > 0.01 * scale,
                # an infinite or missing slope agrees with nothing: inf <= rtol * inf says no more
                ok=math.isfinite(scale) and abs(analytic[i] - numeric) <= rtol * scale,
            )
        )
    return GradCheck(checks, rtol)
