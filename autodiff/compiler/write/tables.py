"""Constant arrays as text: regular ones as arithmetic on np.arange, long ones packed."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

LONGEST: Final = 4  # lines that an array may take
UNPACKED: Final = """\
def unpacked(text, dtype, shape):
    \"\"\"Constants that would take many lines.\"\"\"
    numbers = zlib.decompress(base64.b85decode(text))
    return np.frombuffer(numbers, dtype).reshape(shape)
"""


def literal(name: str, values: np.ndarray | str, typed: str) -> str:
    """A constant array; one that is regular as arithmetic on np.arange.

    >>> literal("at1", np.arange(12).reshape(3, 4), "")
    'np.arange(0, 12, 4)[:, None] + np.arange(4)'
    """
    if isinstance(values, str):
        return values
    typed = typed if values.dtype.kind == "f" else ""
    if values.dtype == bool:
        return _truths(name, values)
    if values.size > (1 if values.dtype.kind == "f" else 8):
        grid = np.indices(values.shape)
        first = values.flat[0]
        ends = [
            np.take(values, [min(1, n - 1)], axis=k).flat[0] for k, n in enumerate(values.shape)
        ]
        steps = [end - first for end in ends]
        if (values == first + np.tensordot(steps, grid, 1)).all() and all(
            float(number).is_integer() for number in (first, *steps)
        ):
            return ranges(
                int(first),
                [int(s) for s in steps],
                values.shape,
                ".0" if values.dtype.kind == "f" else "",
                typed,
            )
    prefix = f"{name} = np.array("
    with np.printoptions(threshold=10**9, linewidth=96, floatmode="unique"):
        text = np.array2string(values, separator=", ", prefix=prefix)
    if text.count("\n") >= LONGEST:
        return _packed(values, f"<{values.dtype.kind}{4 if typed else 8}")
    return f"np.array({text}{typed})".replace("nan", "np.nan").replace("inf", "np.inf")


def _packed(values: np.ndarray, kind: str) -> str:
    numbers = zlib.compress(values.astype(kind).tobytes(), 9)
    return f"unpacked({base64.b85encode(numbers).decode()!r}, {kind!r}, {values.shape})"


def ranges(
    first: int, steps: Sequence[int], shape: Sequence[int], point: str = "", typed: str = ""
) -> str:
    """first + Σ step · axis, as text; `point` is put behind the bounds, `typed` at the end.

    >>> ranges(0, [1, 1], [8, 3]), ranges(1, [10, 2], [2, 4])
    ('np.arange(8)[:, None] + np.arange(3)', 'np.arange(1, 21, 10)[:, None] + np.arange(0, 8, 2)')
    """
    parts: list[str] = []
    for k, (step, n) in enumerate(zip(steps, shape, strict=True)):
        start = 0 if parts else first
        stop = start + step * n
        bounds = f"{stop}" if not start and step == 1 else f"{start}, {stop}"
        by = f", {step}" if step != 1 else ""
        text = (
            f"np.arange({bounds}{point}{by}{typed})"
            if step
            else f"np.full({n}, {start}{point}{typed})"
        )
        after = ", None" * (len(shape) - 1 - k)
        parts.append(f"{text}[:{after}]" if after else text)
    return " + ".join(parts)


def _truths(name: str, values: np.ndarray) -> str:
    """A mask: a triangle, or all on one side of a line, if it is one."""
    if values.ndim == 2:
        m, n = values.shape
        i, j = np.arange(m)[:, None], np.arange(n)[None]
        for written, along in (("j - i", j - i), ("i + j", i + j)):
            for sign, kept in ((1, values), (-1, ~values)):
                least = int(along[kept].min())
                if written == "j - i" and (kept == (along <= int(along[kept].max()))).all():
                    k = int(along[kept].max())
                    size = f"{n}" if m == n else f"{m}, {n}"
                    text = f"np.tri({size}{f', k={k}' if k else ''}, dtype=bool)"
                    return text if sign == 1 else f"~{text}"
                if (kept == (along >= least)).all():
                    rows = f"np.arange({m})[:, None]"
                    columns = f"np.arange({n})"
                    left = f"{rows} + {columns}" if written == "i + j" else f"{columns} - {rows}"
                    return f"{left} {'>=' if sign == 1 else '<'} {least}"
    with np.printoptions(threshold=10**9, linewidth=96):
        text = np.array2string(values.astype(int), separator=", ", prefix=f"{name} = np.array(")
    if text.count("\n") >= LONGEST:
        return _packed(values, "?")
    return f"np.array({text}, dtype=bool)"
