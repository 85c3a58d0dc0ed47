"""Views of an array as NumPy writes them: slices, reshapes, axes in another order, windows."""

from __future__ import annotations

from collections.abc import Sequence

from ..ir import ROWS, Expr, Shape, Slice, View


def sliced(array: Expr, alone: int = -1) -> tuple[Expr, str]:
    """What is sliced, and its slices along several axes in one pair of brackets.

    Of the axis `alone` the brackets say just an index.
    """
    marks = [":"] * len(array.shape)
    while isinstance(array, Slice) and marks[array.axis] == ":":
        start, step = array.start, array.step
        stop = start + step * (array.count - 1) + (1 if step > 0 else -1)
        by = f":{step}" if step != 1 else ""
        marks[array.axis] = f"{start}:{stop if stop >= 0 else ''}{by}"
        if array.axis == alone:
            marks[array.axis] = str(start)
        array = array.array
    ahead = next(k for k, mark in enumerate(marks) if mark != ":")
    if ahead > 1 and all(mark != ":" for mark in marks[ahead:]):
        marks[:ahead] = ["..."]
    return array, _brackets(marks)


def reshaped(array: Expr, shape: Shape) -> tuple[Expr, str]:
    """New axes of length 1 as None, an axis that goes as an index, else a reshape."""
    lengths = iter([*array.shape, None])
    marks, at = [], next(lengths)
    for size in shape:
        if size == at:
            marks.append(":")
            at = next(lengths)
        elif size == 1:
            marks.append("None")
    if at is None and len(marks) == len(shape):
        return array, _brackets(marks)
    if isinstance(array, Slice) and array.count == 1:
        before, after = array.shape[: array.axis], array.shape[array.axis + 1 :]
        if shape == before + after:
            return sliced(array, array.axis)
    return array, f".reshape({_dimensions(shape)})"


def _brackets(marks: list[str]) -> str:
    while marks[-1] == ":":
        marks.pop()
    return f"[{', '.join(marks)}]"


def turn(order: tuple[int, ...]) -> str:
    """The method that puts axes into another order."""
    if order == (1, 0):
        return ".T"
    moved = [k for k, axis in enumerate(order) if axis != k]
    if len(moved) == 2:
        ends = moved == [len(order) - 2, len(order) - 1]
        return ".swapaxes(-1, -2)" if ends else f".swapaxes({moved[0]}, {moved[1]})"
    return f".transpose({', '.join(map(str, order))})"


def window(view: View, vector: str, size: int) -> str:
    """A strided window into a vector of that size, without as_strided."""
    start, along = view.offset, view.strides[-1]
    if len(view.shape) == 1:
        stop = start + along * (view.shape[0] - 1) + 1
        return f"{vector}[{start}:{stop}]" if along == 1 else f"{vector}[{start}:{stop}:{along}]"
    total = view.shape[0] * view.strides[0]
    first = min(start, size - total)  # all the rows must lie inside
    rest = start - first
    widths, marks = [view.shape[0]], [":"]
    for above, step, n in zip(view.strides, view.strides[1:], view.shape[1:], strict=False):
        left, rest = divmod(rest, step)
        widths.append(above // step)
        whole = left == 0 and n == widths[-1]
        marks.append(":" if whole else f"{left or ''}:{left + n if left + n < widths[-1] else ''}")
    if along > 1:
        widths.append(along)
        marks.append(str(rest))
    rows = f"{vector}[{first}:{first + total}].reshape({_dimensions(widths)})"
    return rows if all(mark == ":" for mark in marks) else f"{rows}[{', '.join(marks)}]"


def _dimensions(shape: Sequence[int]) -> str:
    return ", ".join("-1" if s == ROWS else str(s) for s in shape)
