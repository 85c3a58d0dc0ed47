"""Formulas: one text, read four ways.

A gate's value and its partial derivatives are written once, as text, in the syntax of a Python
expression: ``"a * b"``, ``"1 - out**2"``, ``"0.0 if a <= 0 else a"``. This module checks such a
text against a closed grammar and writes it out as Python, as NumPy, as JavaScript and as LaTeX.

The functions that it may call are the `ATOMS` of `formula.atoms`: one stable implementation
per target.

Formulas are code written by a programmer. Text typed by a user (the command line, a file) never
comes here; it goes through `autodiff.text.expression`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from .atoms import ATOMS, CONSTANTS

__all__ = ["Formula", "FormulaError"]


class FormulaError(ValueError):
    """A formula names something unknown or uses syntax outside the grammar."""


# ── the grammar ──────────────────────────────────────────────────────────────────────────────

_BINARY: dict[type[ast.operator], tuple[str, int]] = {
    ast.Add: ("+", 6),
    ast.Sub: ("-", 6),
    ast.Mult: ("*", 7),
    ast.Div: ("/", 7),
    ast.Pow: ("**", 9),
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_TERNARY, _OR, _AND, _NOT, _TEST, _UNARY, _ATOM = 1, 2, 3, 4, 5, 8, 10


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
            case ast.BinOp(op=op) if type(op) in _BINARY:
                pass
            case ast.UnaryOp(op=ast.USub() | ast.Not()) | ast.BoolOp() | ast.IfExp():
                pass
            case ast.Compare(ops=[op]) if type(op) in _COMPARE:
                pass
            case ast.Constant() | ast.expr_context() | ast.operator() | ast.unaryop():
                pass
            case ast.boolop() | ast.cmpop():
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
            if not any(n.id in rows for n in _names(argument)):
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
        self.text = text
        self.inputs = tuple(inputs)
        self.rows = tuple(rows)
        if not isinstance(text, str):
            raise FormulaError(f"{text!r} is not text; formulas are written as text: {str(text)!r}")
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
                return _BINARY[type(op)][0]
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

    def python(self, **names: str) -> str:
        """Python source on floats; `names` says what an input, or `pow`, is called there."""
        return _Python(self, names).text()

    def on_values(self, **names: str) -> str:
        """Python source on Values: operators stay operators, so that Values build a graph."""
        return _OnValues(self, names).text()

    def numpy(self, **names: str) -> str:
        """NumPy source on arrays (float64, any shape that broadcasts).

        ``b if b > a else a`` becomes ``np.maximum``, any other conditional ``np.where``; a formula
        that is as a whole ``1.0 if test else 0.0`` becomes the boolean test (a mask to multiply
        with). Rows lie along the last axis.
        """
        return _NumPy(self, names).text()

    def javascript(self, **names: str) -> str:
        """JavaScript source on numbers; rows are arrays."""
        return _JavaScript(self, names).text()

    def latex(self, **names: str) -> str:
        """LaTeX without the surrounding dollars; `names` gives the symbol or number of an input."""
        return _LaTeX(self, names).text()


# ── writing it out ───────────────────────────────────────────────────────────────────────────

_PLAIN = re.compile(r"[\w.]+(\[[^\[\]]*\])?(\.T)?\Z")


class _Writer:
    """Prints a formula; each target overrides what it spells differently.

    Every method returns the text and how tightly it binds, so that parentheses appear only where
    they are needed.
    """

    def __init__(self, formula: Formula, names: Mapping[str, str]) -> None:
        self.formula = formula
        self.names = names
        self.inside_row = False

    def text(self) -> str:
        return self.write(self.formula.tree)[0]

    def write(self, node: ast.expr) -> tuple[str, int]:
        match node:
            case ast.Name(id=name):
                return self.name(name)
            case ast.Constant(value=value):
                return repr(value), _ATOM
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(left, op, right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return "-" + self.bind(operand, _UNARY), _UNARY
            case ast.UnaryOp(operand=operand):
                return self.negation(operand)
            case ast.BoolOp(op=op, values=values):
                return self.connective(isinstance(op, ast.Or), values)
            case ast.Compare(left=left, ops=[test], comparators=[right]):
                return self.comparison(left, _COMPARE[type(test)], right)
            case ast.IfExp(test=test_, body=body, orelse=orelse):
                return self.conditional(test_, body, orelse)
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return self.call(name, argument)
        raise AssertionError(node)  # _check let nothing else through

    def bind(self, node: ast.expr, tightness: int) -> str:
        """The text of `node`, in parentheses if it binds less tightly."""
        text, binds = self.write(node)
        return text if binds >= tightness else f"({text})"

    def name(self, name: str) -> tuple[str, int]:
        text = self.names.get(name, name)
        return text, _ATOM if _PLAIN.match(text) else 0

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        sign, binds = _BINARY[type(op)]
        ahead = binds + isinstance(op, ast.Pow)
        behind = binds + isinstance(op, ast.Sub | ast.Div)
        return f"{self.bind(left, ahead)} {sign} {self.bind(right, behind)}", binds

    def negation(self, operand: ast.expr) -> tuple[str, int]:
        return f"not {self.bind(operand, _NOT)}", _NOT

    def connective(self, either: bool, values: list[ast.expr]) -> tuple[str, int]:
        word, binds = (" or ", _OR) if either else (" and ", _AND)
        return word.join(self.bind(v, binds + 1) for v in values), binds

    def comparison(self, left: ast.expr, sign: str, right: ast.expr) -> tuple[str, int]:
        return f"{self.bind(left, _TEST + 1)} {sign} {self.bind(right, _TEST + 1)}", _TEST

    def conditional(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> tuple[str, int]:
        condition = self.bind(test, _TERNARY + 1)
        return f"{self.bind(body, 2)} if {condition} else {self.bind(orelse, 1)}", _TERNARY

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        return f"{name}({self.write(argument)[0]})", _ATOM


class _OnValues(_Writer):
    """A call on a row becomes a list comprehension over its elements, and since ``==`` of Values
    is identity, ``a == b`` becomes ``_number(a) == _number(b)``."""

    def comparison(self, left: ast.expr, sign: str, right: ast.expr) -> tuple[str, int]:
        if sign in ("==", "!="):
            sides = (f"_number({self.write(side)[0]})" for side in (left, right))
            return f" {sign} ".join(sides), _TEST
        return super().comparison(left, sign, right)

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        text = self.write(argument)[0]
        rows = [r for r in self.formula.rows if r in {n.id for n in _names(argument)}]
        if ATOMS[name].row and not isinstance(argument, ast.Name):
            each = ", ".join(rows)
            source = f"zip({each}, strict=True)" if len(rows) > 1 else each
            text = f"[{text} for {each} in {source}]"
        return f"{name}({text})", _ATOM


class _Python(_OnValues):
    """`math.pow` for ``**``: it refuses what Python would turn into a complex number."""

    comparison = _Writer.comparison

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        if isinstance(op, ast.Pow):
            match left, right:
                case ast.Name(), ast.Constant(value=2):  # a square is a product, and quicker so
                    base = self.write(left)[0]
                    return f"{base} * {base}", 7
            pow_ = self.names.get("pow", "pow")
            return f"{pow_}({self.write(left)[0]}, {self.write(right)[0]})", _ATOM
        return super().binary(left, op, right)

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        match name, argument:
            case "sum", ast.BinOp(ast.Name(id=a), ast.Mult(), ast.Name(id=b)):
                return f"sum(map(mul, {self.name(a)[0]}, {self.name(b)[0]}))", _ATOM
        return super().call(name, argument)


class _NumPy(_Writer):
    def text(self) -> str:
        match self.formula.tree:
            case ast.IfExp(test, ast.Constant(value=1.0), ast.Constant(value=0.0)):
                return self.write(test)[0]
            case ast.IfExp(test, ast.Constant(value=0.0), ast.Constant(value=1.0)):
                return self.negation(test)[0]
        return super().text()

    def name(self, name: str) -> tuple[str, int]:
        if name in CONSTANTS and name not in self.names:
            return f"np.{name}", _ATOM
        return super().name(name)

    def negation(self, operand: ast.expr) -> tuple[str, int]:
        return f"~({self.write(operand)[0]})", _UNARY

    def connective(self, either: bool, values: list[ast.expr]) -> tuple[str, int]:
        # | and & bind more tightly than comparisons do, hence a pair of parentheses each
        return (" | " if either else " & ").join(f"({self.write(v)[0]})" for v in values), _TEST

    def conditional(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> tuple[str, int]:
        extreme = _extreme(test, body, orelse)
        if extreme:
            name, first, second = extreme
            return f"np.{name}({self.write(first)[0]}, {self.write(second)[0]})", _ATOM
        parts = ", ".join(self.write(part)[0] for part in (test, body, orelse))
        return f"np.where({parts})", _ATOM

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        if name == "sum":
            return f"{self.bind(argument, _ATOM)}.sum(axis=-1)", _ATOM
        return f"{ATOMS[name].numpy}({self.write(argument)[0]})", _ATOM


class _JavaScript(_Writer):
    def name(self, name: str) -> tuple[str, int]:
        spelled = {"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"}
        if name in spelled and name not in self.names:
            return spelled[name], _ATOM
        if self.inside_row and name in self.formula.rows and name not in self.names:
            return f"{name}[i]", _ATOM
        return super().name(name)

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        if isinstance(op, ast.Pow):
            return f"Math.pow({self.write(left)[0]}, {self.write(right)[0]})", _ATOM
        return super().binary(left, op, right)

    def negation(self, operand: ast.expr) -> tuple[str, int]:
        return f"!({self.write(operand)[0]})", _UNARY

    def connective(self, either: bool, values: list[ast.expr]) -> tuple[str, int]:
        word, binds = (" || ", _OR) if either else (" && ", _AND)
        return word.join(self.bind(v, binds + 1) for v in values), binds

    def comparison(self, left: ast.expr, sign: str, right: ast.expr) -> tuple[str, int]:
        return super().comparison(left, {"==": "===", "!=": "!=="}.get(sign, sign), right)

    def conditional(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> tuple[str, int]:
        condition = self.bind(test, _TERNARY + 1)
        return f"{condition} ? {self.bind(body, 2)} : {self.bind(orelse, 1)}", _TERNARY

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        if ATOMS[name].row:
            first = next(n.id for n in _names(argument) if n.id in self.formula.rows)
            row = first
            if not isinstance(argument, ast.Name):
                self.inside_row = True
                row = f"{first}.map((_, i) => {self.write(argument)[0]})"
                self.inside_row = False
            if name == "sum":
                return f"{row}.reduce((s, t) => s + t, 0)", _ATOM
            return f"{name}({row})", _ATOM
        return f"{ATOMS[name].javascript}({self.write(argument)[0]})", _ATOM


class _LaTeX(_Writer):
    def name(self, name: str) -> tuple[str, int]:
        text = self.names.get(name)
        if text is not None:
            return text, _UNARY if text.startswith("-") else 0 if " " in text else _ATOM
        symbol = {"pi": r"\pi", "inf": r"\infty", "nan": r"\mathrm{NaN}", "out": r"\mathrm{out}"}
        greek = {"beta": r"\beta", "gamma": r"\gamma"}
        return {**symbol, **greek}.get(name, f"{name}_i" if self.inside_row else name), _ATOM

    def write(self, node: ast.expr) -> tuple[str, int]:
        if isinstance(node, ast.Constant):
            return f"{node.value!s}".removesuffix(".0"), _ATOM
        return super().write(node)

    def bind(self, node: ast.expr, tightness: int) -> str:
        text, binds = self.write(node)
        return text if binds >= tightness else rf"\left({text}\right)"

    def binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        if isinstance(op, ast.Div):
            return rf"\frac{{{self.write(left)[0]}}}{{{self.write(right)[0]}}}", _ATOM
        if isinstance(op, ast.Pow):
            return f"{self.bind(left, _ATOM)}^{{{self.write(right)[0]}}}", 9
        sign, binds = _BINARY[type(op)]
        sign = r"\cdot" if isinstance(op, ast.Mult) else sign
        behind = binds + isinstance(op, ast.Sub)
        second, tightness = self.write(right)
        # a negative factor or term behind an operator gets parentheses, as one writes by hand
        if tightness < behind or second.startswith("-"):
            second = rf"\left({second}\right)"
        return f"{self.bind(left, binds)} {sign} {second}", binds

    def negation(self, operand: ast.expr) -> tuple[str, int]:
        return rf"\lnot {self.bind(operand, _ATOM)}", _UNARY

    def connective(self, either: bool, values: list[ast.expr]) -> tuple[str, int]:
        if either:  # that NaN passes is arithmetic, not mathematics
            values = [v for v in values if not _is_predicate(v)] or values
            if len(values) == 1:
                return self.write(values[0])
        word, binds = (r" \text{ or } ", _OR) if either else (r" \text{ and } ", _AND)
        return word.join(self.bind(v, binds + 1) for v in values), binds

    def comparison(self, left: ast.expr, sign: str, right: ast.expr) -> tuple[str, int]:
        spelled = {"<=": r"\le", ">=": r"\ge", "==": "=", "!=": r"\ne"}.get(sign, sign)
        return super().comparison(left, spelled, right)

    def conditional(self, test: ast.expr, body: ast.expr, orelse: ast.expr) -> tuple[str, int]:
        rows = [(body, test)]
        while isinstance(orelse, ast.IfExp):  # "a if p else b if q else c" is one list of cases
            rows.append((orelse.body, orelse.test))
            orelse = orelse.orelse
        lines = [f"{self.write(value)[0]} & {self.write(when)[0]}" for value, when in rows]
        lines.append(rf"{self.write(orelse)[0]} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}", _ATOM

    def call(self, name: str, argument: ast.expr) -> tuple[str, int]:
        atom = ATOMS[name]
        outer, self.inside_row = self.inside_row, self.inside_row or atom.row
        inner, binds = self.write(argument)
        self.inside_row = outer
        # braces, bars or parentheses of the template hold the argument
        enclosed = "{{{}}}" in atom.latex or atom.latex.endswith(("|", ")"))
        bare = atom.latex.endswith(" {}") and binds >= (7 if atom.row else _ATOM)
        if not enclosed and not bare:
            inner = rf"\left({inner}\right)"
        return atom.latex.format(inner), _ATOM if enclosed or not bare else 8


def _is_predicate(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return ATOMS[name].predicate
    return False


def _names(node: ast.expr) -> list[ast.Name]:
    """The names in it that are not functions, in order of appearance."""
    called = {id(n.func) for n in ast.walk(node) if isinstance(n, ast.Call)}
    return [n for n in ast.walk(node) if isinstance(n, ast.Name) and id(n) not in called]


def _extreme(
    test: ast.expr, body: ast.expr, orelse: ast.expr
) -> tuple[str, ast.expr, ast.expr] | None:
    """Recognise ``b if b > a else a`` and its kin as a maximum or minimum.

    A test extended by ``or isnan(...)`` counts too: `np.maximum` and `np.minimum` pass NaN on.
    """
    match test:
        case ast.BoolOp(op=ast.Or(), values=[ast.Compare() as first, ast.Call(ast.Name("isnan"))]):
            test = first
    match test:
        case ast.Compare(left, [ast.Lt() | ast.LtE()], [right]):
            low, high = left, right
        case ast.Compare(left, [ast.Gt() | ast.GtE()], [right]):
            low, high = right, left
        case _:
            return None
    pair = {_key(low), _key(high)}
    if {_key(body), _key(orelse)} != pair or len(pair) < 2:
        return None
    name = "maximum" if _key(body) == _key(high) else "minimum"
    # the variable first and the number last, as one writes np.maximum(z, 0)
    return (name, body, orelse) if isinstance(orelse, ast.Constant) else (name, orelse, body)


def _key(node: ast.expr) -> str:
    return str(float(node.value)) if isinstance(node, ast.Constant) else ast.dump(node)  # type: ignore[arg-type]
