"""Formulas: one text, checked against a closed grammar, and written out for every target.

A gate's value and its partial derivatives are written once, as text, in the syntax of a Python
expression: ``"a * b"``, ``"1 - out**2"``, ``"0.0 if a <= 0 else a"``; blackboard signs such as
``"√a"`` will do too. The functions that it may call are the `ATOMS` of `formula.atoms`;
`formula.writers` writes it as Python, NumPy, JavaScript and LaTeX.

Formulas are code written by a programmer. Text typed by a user (the command line, a file) never
comes here; it goes through `autodiff.text.expression`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from .atoms import ATOMS, CONSTANTS
from .languages import OPERATORS
from .spelling import in_python
from .writers import rows_in, written

__all__ = ["Formula", "FormulaError"]


class FormulaError(ValueError):
    """A formula names something unknown or uses syntax outside the grammar."""


def _check(tree: ast.expr, text: str, names: Iterable[str]) -> None:
    """Refuse whatever is outside the grammar, pointing at it."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if id(node) in called:
                if name not in ATOMS:
                    raise FormulaError(
                        f"unknown function {name!r} in {text!r}; known: {', '.join(ATOMS)}"
                    )
            case ast.Name(id=name):
                if name not in names and name not in CONSTANTS:
                    known = ", ".join([*names, *CONSTANTS])
                    raise FormulaError(f"unknown name {name!r} in {text!r}; known: {known}")
            case ast.Call(args=[_], keywords=[], func=ast.Name()):
                pass
            case ast.Call():
                raise FormulaError(f"{ast.unparse(node)!r} in {text!r}: functions take one input")
            case ast.Constant(value=value) if type(value) not in (int, float):
                raise FormulaError(f"{ast.unparse(node)!r} in {text!r} is not a number")
            case (
                ast.BinOp(op=op) | ast.UnaryOp(op=op) | ast.BoolOp(op=op) | ast.Compare(ops=[op])
            ) if type(op) in OPERATORS:
                pass
            case ast.IfExp() | ast.Constant() | ast.expr_context():
                pass
            case _ if type(node) in OPERATORS:
                pass
            case _:
                raise FormulaError(f"{ast.unparse(node)!r} in {text!r} is not part of a formula")


def _check_rows(node: ast.AST, text: str, rows: Sequence[str], within: bool = False) -> None:
    """A row stands inside one function of rows, and such a function is given a row."""
    match node:
        case ast.Name(id=name) if name in rows and not within:
            raise FormulaError(f"{name!r} is a row in {text!r}; say which number: sum({name}), ...")
        case ast.Call(func=ast.Name(id=name), args=[argument]) if ATOMS[name].row:
            if within:
                raise FormulaError(f"{ast.unparse(node)!r} in {text!r} is inside another row")
            if not rows_in(argument, rows):
                raise FormulaError(
                    f"{ast.unparse(node)!r} in {text!r} is given no row; a name stands for a row "
                    "if rows=... says so, and in a partial for one element of it"
                )
            _check_rows(argument, text, rows, within=True)
        case _:
            for child in ast.iter_child_nodes(node):
                _check_rows(child, text, rows, within)


def _make_floats(node: ast.expr) -> None:
    """Whole numbers that can be the result become floats: ``1 if a > 0 else 0`` is 1.0 or 0.0."""
    match node:
        case ast.Constant(value=value):
            node.value = float(value)  # type: ignore[arg-type]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _make_floats(operand)
        case ast.IfExp(body=body, orelse=orelse):
            _make_floats(body)
            _make_floats(orelse)


class Formula:
    """A checked formula.

    `inputs` are the names it may use besides functions and constants; those in `rows` stand for a
    whole row of numbers, so that ``sum(a * b)`` is Σᵢ aᵢ·bᵢ.

    >>> relu = Formula("0.0 if a <= 0 else a", ["a"])
    >>> relu.python(), relu.numpy(a="Z1"), relu.javascript()
    ('0.0 if a <= 0 else a', 'np.maximum(Z1, 0.0)', 'a <= 0 ? 0.0 : a')
    >>> Formula("1 / (1 + exp(-a))", ["a"]).latex(a="z")
    '\\\\frac{1}{1 + e^{-z}}'
    >>> Formula("a * sigmod(a)", ["a"])
    Traceback (most recent call last):
        ...
    autodiff.formula.grammar.FormulaError: unknown function 'sigmod' in 'a * sigmod(a)'; known: \
exp, log, log1p, sqrt, sin, cos, tanh, abs, sigmoid, softplus, erf, logsumexp, sum, isnan
    """

    __slots__ = ("inputs", "rows", "text", "tree")

    def __init__(self, text: str, inputs: Iterable[str], rows: Iterable[str] = ()) -> None:
        if not isinstance(text, str):
            raise FormulaError(f"{text!r} is not text; formulas are written as text: {str(text)!r}")
        self.text = text = in_python(text)
        self.inputs = tuple(inputs)
        self.rows = tuple(rows)
        try:
            self.tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError) as error:
            raise FormulaError(f"{text!r} is not an expression: {error}") from None
        _check(self.tree, text, self.inputs)
        _check_rows(self.tree, text, self.rows)
        _make_floats(self.tree)

    def __repr__(self) -> str:
        return f"Formula({self.text!r})"

    @property
    def names(self) -> set[str]:
        """The inputs that the formula really uses."""
        return {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name)} & set(self.inputs)

    @property
    def atoms(self) -> list[str]:
        """The functions that it calls, in the order of `ATOMS`."""
        called = {n.func.id for n in ast.walk(self.tree) if isinstance(n, ast.Call)}  # type: ignore[attr-defined]
        return [name for name in ATOMS if name in called]

    @property
    def number(self) -> float | None:
        """Its value where it is a plain number, else None."""
        return float(self.tree.value) if isinstance(self.tree, ast.Constant) else None  # type: ignore[arg-type]

    @property
    def infix(self) -> str | None:
        """The operator of a formula as plain as ``a * b``, else None."""
        match self.tree:
            case ast.BinOp(left=ast.Name(), op=op, right=ast.Name()):
                return OPERATORS[type(op)]
        return None

    @property
    def has_cases(self) -> bool:
        """Whether it distinguishes cases, as relu does."""
        return any(isinstance(node, ast.IfExp) for node in ast.walk(self.tree))

    @property
    def can_fail(self) -> bool:
        """Whether Python's arithmetic may refuse it: it divides, takes a power or calls a function
        other than a predicate or a reduction.

        >>> Formula("a * b", "ab").can_fail, Formula("a / b", "ab").can_fail
        (False, True)
        """
        return any(isinstance(n, ast.Div | ast.Pow) for n in ast.walk(self.tree)) or any(
            not (ATOMS[name].predicate or ATOMS[name].row) for name in self.atoms
        )

    def python(self, /, **names: str) -> str:
        """Python source on floats; `names` says what an input, or "**", is called there."""
        return written(self.tree, "python", self.rows, names)

    def on_values(self, /, **names: str) -> str:
        """Python source on Values: operators stay operators, so that Values build a graph."""
        return written(self.tree, "on_values", self.rows, names)

    def numpy(self, /, **names: str) -> str:
        """NumPy source on arrays (float64, any shape that broadcasts).

        ``b if b > a else a`` becomes ``np.maximum``, any other conditional ``np.where``; a formula
        that is as a whole ``1.0 if test else 0.0`` becomes the boolean test (a mask to multiply
        with). Rows lie along the last axis.
        """
        return written(self.tree, "numpy", self.rows, names)

    def javascript(self, /, **names: str) -> str:
        """JavaScript source on numbers; rows are arrays."""
        return written(self.tree, "javascript", self.rows, names)

    def latex(self, /, **names: str) -> str:
        """LaTeX without the surrounding dollars; `names` gives the symbol or number of an input."""
        return written(self.tree, "latex", self.rows, names)

    def blackboard(self, /, **names: str) -> str:
        """Plain text for people, as one writes by hand; `names` as for `latex`.

        >>> Formula("-out / b ** 2", ["b", "out"]).blackboard(out="q")
        '−q / b²'
        """
        return written(self.tree, "blackboard", self.rows, names)
