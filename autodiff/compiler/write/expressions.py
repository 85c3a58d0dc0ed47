"""An expression of the array program as NumPy writes it, in parentheses where they are needed."""

from __future__ import annotations

import ast
import re

import numpy as np

from ...formula.atoms import ATOMS
from ...formula.grammar import Formula
from ...formula.languages import LANGUAGES, OPERATORS, WHOLE
from ..ir import (
    ROWS,
    Apply,
    Broadcast,
    Concatenate,
    Expr,
    Function,
    Gathered,
    Lookup,
    Number,
    Picked,
    Product,
    Reduce,
    Ref,
    Reshape,
    Scatter,
    Shape,
    Slice,
    Sum,
    Table,
    Take,
    Term,
    Total,
    Transpose,
    View,
    Where,
    Whole,
    resized,
    spread,
)
from ..simplify import is_test
from .views import reshaped, sliced, turn, window

_BINDS = {kind: LANGUAGES["python"][sign][0] for kind, sign in OPERATORS.items()}
_BINDS |= {ast.MatMult: _BINDS[ast.Mult], ast.Invert: _BINDS[ast.USub]}
_MUL, UNARY = _BINDS[ast.Mult], _BINDS[ast.USub]

_GATHERED = """\
def gathered(d, sources):
    \"\"\"Adjoint of picking: Σ d[:, sources[j]] for every j; the last index means 0.\"\"\"
    d = d.reshape(*d.shape[:-1], -1)
    padded = np.concatenate([d, np.zeros((*d.shape[:-1], 1), d.dtype)], axis=-1)
    return padded.take(sources, axis=-1).sum(axis=-1)
"""
_INVERSE = """\
def inverse(at, size, useful):
    \"\"\"For each element the places that picked it, filled up with one past the end.\"\"\"
    flat = at.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[flat[order] < useful]
    counts = np.bincount(flat[order], minlength=size)
    table = np.full((size, max(1, counts.max())), flat.size)
    starts = np.cumsum(counts) - counts
    table[flat[order], np.arange(order.size) - np.repeat(starts, counts)] = order
    return table
"""
_WHOLE = """\
def whole(x, n):
    \"\"\"x as the whole numbers of rows that it picks, of n.\"\"\"
    for k, *at in np.argwhere((x != np.floor(x)) | (x < 0) | (x >= n)):
        raise ValueError(f"example {k} picks row {x[k, *at]}; there are rows 0 to {n - 1}")
    return x.astype(int)
"""
_PLACED = """\
def placed(d, start, step, size, axis):
    \"\"\"Adjoint of slicing: zeros, with d at start, start + step, ... along an axis.\"\"\"
    d = d.swapaxes(axis, -1)
    whole = np.zeros((*d.shape[:-1], size), d.dtype)
    whole[..., start : start + step * d.shape[-1] : step] = d
    return whole.swapaxes(axis, -1)
"""


def binding(text: str) -> int:
    """How tightly the outermost operator of a Python expression binds."""
    if text.isidentifier():
        return WHOLE
    match ast.parse(text, mode="eval").body:
        case ast.BinOp(op=op) | ast.UnaryOp(op=op):
            return _BINDS.get(type(op), 0)
        case ast.Compare() | ast.BoolOp() | ast.IfExp() | ast.Lambda():
            return 0
    return WHOLE


class Expressions:
    """Writes a function's expressions, and collects what they name.

    tables   constant arrays, or the source that makes them
    helpers  definitions of functions
    """

    def __init__(self, function: Function) -> None:
        self.theta_size = function.theta_size
        single = function.dtype == "float32"
        self.float = "np.float32" if single else "float"
        self.one = "np.float32(1)" if single else "1.0"  # what makes a mask a number
        self.typed = ", dtype=np.float32" if single else ""  # said where arrays are made
        self.tables: dict[str, np.ndarray | str] = {}
        self.helpers: dict[str, str] = {}

    def bound(self, expr: Expr, tightness: int = WHOLE) -> str:
        """The text of `expr`, in parentheses if it binds less tightly."""
        text = self.expr(expr)
        return text if binding(text) >= tightness else f"({text})"

    def expr(self, expr: Expr) -> str:
        """The text of `expr`."""
        match expr:
            case _Text():
                return expr.text
            case Ref(array):
                return array.name
            case Number(value):
                return _number(value)
            case Table(name, values):
                self.tables[name] = values
                return name
            case View():
                return window(expr, "theta", self.theta_size)
            case Picked(name, at):
                self.tables[name] = at
                return f"theta[{name}]"
            case Apply(formula, arguments):
                return self._write(formula, arguments)
            case Reduce():
                return self._fold(expr)
            case Product(left, right):
                return f"{self.bound(left, _MUL)} @ {self.bound(right, UNARY)}"
            case Transpose(array, order):
                return self._viewed(array, turn(order))
            case Term():
                return self._term(expr)
            case Total():
                return self._total(expr)
            case Sum(array, axes, keep):
                along = str(axes[0]) if len(axes) == 1 else str(axes)
                kept = ", keepdims=True" if keep else ""
                typed = f", dtype={self.float}" if self.typed and is_mask(array) else ""
                return f"{self.bound(array)}.sum(axis={along}{kept}{typed})"
            case Reshape(array, shape):
                return self._viewed(*reshaped(array, shape))
            case Slice():
                return self._viewed(*sliced(expr))
            case Where(mask, array, value):
                return f"np.where({self.expr(mask)}, {self.expr(array)}, {_number(value)})"
            case Take(array, name, indices):
                self.tables[name] = expr.text or indices
                return f"{self.bound(array)}.take({name}, axis=-1)"
            case Concatenate(parts, axis):
                last = axis - len(expr.shape)
                each = (spread(p, resized(expr.shape, axis, p.shape[last])) for p in parts)
                texts = ", ".join(map(self.expr, each))
                return f"np.concatenate([{texts}], axis={-1 if last == -1 else axis})"
            case Broadcast(array, shape):
                sizes = ", ".join("E" if s == ROWS else str(s) for s in shape)
                sizes += "," if len(shape) == 1 else ""
                if isinstance(array, Table) and (array.values == array.values.flat[0]).all():
                    array = Number(float(array.values.flat[0]))
                if isinstance(array, Number) and array.value == 0:
                    return f"np.zeros(({sizes}){self.typed})"
                if not array.shape:
                    return f"np.full(({sizes}), {self.expr(array)}{self.typed})"
                return f"np.broadcast_to({self.expr(array)}, ({sizes}))"
            case Gathered(array, name):
                return self._gathered(expr, array, name)
            case Whole(array, below):
                self.helpers["whole"] = _WHOLE
                return f"whole({self.expr(array)}, {below})"
            case Lookup(array, at):
                return f"{self.bound(array, WHOLE)}[{self.expr(at)}]"
            case Scatter(array, start, step=1, size=size, axis=axis):
                ends = (start, size - start - array.shape[axis])
                zeros = [spread(Number(0.0), resized(expr.shape, axis, n)) for n in ends]
                framed = [e for e in (zeros[0], array, zeros[1]) if e.shape[axis]]
                return self.expr(Concatenate(tuple(framed), axis))
            case Scatter(array, start, step, size, axis):
                self.helpers["placed"] = _PLACED
                return f"placed({self.expr(array)}, {start}, {step}, {size}, {axis})"
        raise AssertionError(expr)

    def _viewed(self, array: Expr, view: str) -> str:
        return self.bound(array) + view

    def _gathered(self, expr: Gathered, array: Expr, name: str) -> str:
        sources, at = expr.sources, name.removesuffix("_inverse")
        text = f"inverse({at}, {len(sources)}, {expr.useful})"
        while self.tables.setdefault(name, text) != text:
            name += "_"
        self.helpers["inverse"] = _INVERSE
        picked = int(np.prod(array.shape[len(array.shape) - expr.axes :]))
        flat = array
        if expr.axes > 1:
            flat = Reshape(array, (*array.shape[: len(array.shape) - expr.axes], picked))
        if (sources < picked).all():
            return f"{self.bound(flat)}.take({name}, axis=-1).sum(axis=-1)"
        self.helpers["gathered"] = _GATHERED
        return f"gathered({self.expr(flat)}, {name})"

    def _write(self, formula: Formula, arguments: dict[str, Expr], kept: int | None = None) -> str:
        """A formula with expressions put in for its inputs, in parentheses where needed.

        Its own sums, not those inside its inputs, keep the axis `kept`.
        """
        self._helper(formula)
        names, later = {}, {}
        for k, (name, expr) in enumerate(arguments.items()):
            names[name] = text = self.expr(expr)
            if not text.isidentifier() and not isinstance(expr, Number):
                names[name] = f"PLACE{k}_"
                later[names[name]] = text
        text = _tidy(self._chosen(formula.numpy(**names)))
        if kept is not None:
            text = _keep(formula, text, kept)
        for place, inner in later.items():
            text = text.replace(place, f"({inner})")
        return ast.unparse(ast.parse(text)) if later else text  # fewer parentheses

    def _chosen(self, text: str) -> str:
        """np.where between two plain numbers, which would be float64 whatever is around it."""
        if not self.typed or "np.where" not in text:
            return text
        return ast.unparse(ast.fix_missing_locations(_SingleChoice().visit(ast.parse(text))))

    def _fold(self, expr: Reduce) -> str:
        """Sums along the last axis; with keepdims where the result must broadcast again."""
        found = re.fullmatch(r"sum\((\w+) \* (\w+)\)", expr.formula.text)
        if found and found[1] != found[2]:
            a, b = (self.expr(expr.arguments[name]) for name in found.groups())
            if not expr.keep:
                return f"np.vecdot({a}, {b})"
            return f"np.vecdot({a}, {b})" + ("[:, None]" if len(expr.shape) == 2 else ".reshape(1)")
        rows = [e.shape for k, e in expr.arguments.items() if k in expr.formula.rows]
        axis = max(map(len, rows)) - 1
        return self._write(expr.formula, expr.arguments, axis if expr.keep else None)

    def _helper(self, formula: Formula) -> None:
        for atom in formula.atoms:
            if ATOMS[atom].numpy_helper:
                self.helpers[atom] = ATOMS[atom].numpy_helper.replace("[float]", f"[{self.float}]")

    def _term(self, term: Term) -> str:
        """coefficient · factors / divisors, the numbers of it in one place."""
        size, above, below = abs(term.coefficient), [], []
        if size != 1:
            inverse = 1 / size if size else 0.0
            if size < 1 and inverse.is_integer() and 1 / inverse == size:
                below.append(_number(inverse))
            else:
                above.append(_number(size))
        if term.per_row:
            power = "E" if abs(term.per_row) == 1 else f"E**{abs(term.per_row)}"
            (below if term.per_row < 0 else above).append(power)
        numbers = bool(above or below)
        ordered = sorted(term.factors, key=is_mask)  # a mask last: -mask and mask - mask fail
        masks = sum(map(is_mask, ordered))
        only_masks = term.factors and masks == len(term.factors) and not term.divisors
        if only_masks and (not numbers or term.coefficient < 0 or self.typed):
            above.insert(0, self.one)
        above += [
            self.bound(f, _MUL if k == 0 and not above else UNARY) for k, f in enumerate(ordered)
        ]
        below += [self.bound(d, UNARY) for d in term.divisors]
        text = " * ".join(above) or "1"
        if divided := " * ".join(below):
            text += f" / ({divided})" if len(below) > 1 else f" / {divided}"
        return f"-{text}" if term.coefficient < 0 else text

    def _total(self, total: Total) -> str:
        text = ""
        for term in total.terms:
            masks = [is_mask(f) for f in term.factors]
            whole = abs(term.coefficient) == 1 and not term.per_row and not term.divisors
            if masks and all(masks) and whole:
                inner = " * ".join([self.one, *(self.bound(f, UNARY) for f in term.factors)])
                inner = f"-{inner}" if term.coefficient < 0 else inner
            else:
                inner = self._term(term)
            if not text:
                text = inner
            else:
                text += f" - {inner[1:]}" if inner.startswith("-") else f" + {inner}"
        if total.coefficient == 1 and total.per_row == 0:
            return text
        return self._term(Term(total.coefficient, total.per_row, (_Text(text, total.shape),)))


class _Text(Expr):
    """Text that has been written already."""

    def __init__(self, text: str, shape: Shape) -> None:
        self.text, self.shape = text, shape


class _SingleChoice(ast.NodeTransformer):
    """np.where(test, 1.0, 0.5) becomes np.where(test, np.float32(1.0), 0.5)."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Attribute(attr="where"), args=[test, first, second]) if not any(
                isinstance(part, ast.Name | ast.Call | ast.Subscript)
                for branch in (first, second)
                for part in ast.walk(branch)
                if not (isinstance(part, ast.Name) and part.id == "np")
            ):
                return ast.Call(
                    node.func, [test, ast.Call(ast.Name("np.float32"), [first], []), second], []
                )
        return node


def _keep(formula: Formula, text: str, axis: int) -> str:
    """The text of a formula over rows, whose results keep the axis."""
    simple = text.replace(".sum(axis=-1)", f".sum(axis={axis}, keepdims=True)")
    others = [ATOMS[a].numpy for a in formula.atoms if ATOMS[a].row and a != "sum"]
    if not others:
        return simple
    tree = _KeepAxis(set(others), axis).visit(ast.parse(simple, mode="eval"))
    return ast.unparse(ast.fix_missing_locations(tree))


class _KeepAxis(ast.NodeTransformer):
    """logsumexp(z) becomes logsumexp(z)[:, None]."""

    def __init__(self, functions: set[str], axis: int) -> None:
        self.functions = functions
        self.axis = axis

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in self.functions:
            ahead: ast.expr = ast.Slice() if self.axis == 1 else ast.Constant(...)
            index = ast.Tuple([ahead, ast.Constant(None)]) if self.axis else ast.Constant(None)
            return ast.Subscript(node, index)
        return node


def is_mask(expr: Expr) -> bool:
    """Does NumPy make truth values of it, with which it does not compute as with numbers?"""
    while isinstance(expr, Broadcast | Reshape | Slice | Take | Transpose):
        expr = expr.array
    if isinstance(expr, Concatenate):
        return all(map(is_mask, expr.parts))
    return isinstance(expr, Apply) and is_test(expr.formula)


def _number(value: float) -> str:
    if value != value:
        return "np.nan"
    if value in (float("inf"), float("-inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _tidy(text: str) -> str:
    """2.0 as 2, but where np.where chooses between numbers and the type matters."""
    if "np.where" in text:
        return text
    return re.sub(r"(?<![\w.])(\d+)\.0(?![\w.])", r"\1", text)
