"""Formulas written out: one writer that brackets, and for each language what no table can say."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from .atoms import ATOMS, CONSTANTS
from .languages import LANGUAGES, OPERATORS, WHOLE, Language

__all__ = ["C", "JavaScript", "Piece", "Writer", "extreme", "rows_in", "written"]

_PLAIN = re.compile(r"([\w.]+(\[[^\[\]]*\])?(\.T)?|[^\W\d][\w₊₋,]*)\Z")
_RAISED_END = re.compile(r"⁽[^⁽⁾]+⁾\Z")  # of a name: it needs brackets to be raised once more


class Piece(NamedTuple):
    """A piece of what is written, and how tightly it binds."""

    text: str
    binds: int = WHOLE
    brackets: str = "({})"

    def __format__(self, least: str) -> str:
        return self.text if self.binds >= int(least or 0) else self.brackets.format(self.text)


class Writer:
    """Writes a formula by its language's table; each language adds what no table can say.

    `rows` are the inputs that stand for a row; `names` says what a name is called there.
    """

    symbols: ClassVar[Mapping[str, str]] = {}
    brackets: ClassVar[str] = "({})"

    def __init__(self, language: Language, rows: Sequence[str], names: Mapping[str, str]) -> None:
        self.language = language
        self.rows = rows
        self.names = names
        self.inside_row = False

    def text(self, tree: ast.expr) -> str:
        """The formula written out."""
        return self.write(tree).text

    def write(self, node: ast.expr) -> Piece:
        """A part of it."""
        match node:
            case ast.Name(id=name):
                return self.name(name)
            case ast.Constant(value=value):
                return Piece(repr(value))
            case ast.BinOp(left=left, op=op, right=right):
                return self.fill(OPERATORS[type(op)], self.write(left), self.write(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return self.fill(OPERATORS[type(sign)], self.write(left), self.write(right))
            case ast.UnaryOp(op=sign_, operand=operand):
                return self.fill(OPERATORS[type(sign_)], self.write(operand))
            case ast.BoolOp(op=word, values=values):
                pair = functools.partial(self.fill, OPERATORS[type(word)])
                return functools.reduce(pair, map(self.write, values))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.fill("if", *map(self.write, (test, body, orelse)))
            case ast.Call(func=ast.Name(id=name), args=[argument]):
                return self.fill(name, (self.row if ATOMS[name].row else self.write)(argument))
        raise AssertionError(node)  # the grammar let nothing else through

    def fill(self, construct: str, *operands: Piece) -> Piece:
        """The table's row for a construct, with its operands put in."""
        binds, template = self.language[construct]
        return Piece(template.format(*operands), binds, self.brackets)

    def name(self, name: str) -> Piece:
        """An input, or a constant."""
        text = self.names.get(name) or self.symbols.get(name, name)
        return Piece(text, WHOLE if _PLAIN.match(text) else 0)

    def row(self, argument: ast.expr) -> Piece:
        """What a function of a row is given."""
        self.inside_row = True
        written = self.write(argument)
        self.inside_row = False
        return written


class _OnValues(Writer):
    """Python on Values: a row is written as a list comprehension over its elements, and since
    ``==`` of Values is identity, ``a == b`` becomes ``_number(a) == _number(b)``."""

    def row(self, argument: ast.expr) -> Piece:
        if isinstance(argument, ast.Name):
            return self.write(argument)
        rows = [self.name(row).text for row in rows_in(argument, self.rows)]
        each = ", ".join(rows)
        source = f"zip({each}, strict=True)" if len(rows) > 1 else each
        return Piece(f"[{self.text(argument)} for {each} in {source}]")


class _Python(_OnValues):
    """Python on floats: `math.pow` for ``**``, which refuses what Python would make complex."""

    def write(self, node: ast.expr) -> Piece:
        match node:
            case ast.BinOp(left=ast.Name() as a, op=ast.Pow(), right=ast.Constant(value=2)):
                return self.fill("*", self.write(a), self.write(a))  # quicker than a power
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                power = self.names.get("**", "pow")
                return Piece(f"{power}({self.text(left)}, {self.text(right)})")
        return super().write(node)

    def row(self, argument: ast.expr) -> Piece:
        match argument:
            case ast.BinOp(left=ast.Name() as a, op=ast.Mult(), right=ast.Name() as b):
                return Piece(f"map(mul, {self.text(a)}, {self.text(b)})")
        return super().row(argument)


class _NumPy(Writer):
    """NumPy on arrays; see `Formula.numpy`."""

    symbols: ClassVar = {name: f"np.{name}" for name in CONSTANTS}

    def text(self, tree: ast.expr) -> str:
        match tree:
            case ast.IfExp(test, ast.Constant(value=1.0), ast.Constant(value=0.0)):
                return self.write(test).text
            case ast.IfExp(test, ast.Constant(value=0.0), ast.Constant(value=1.0)):
                return self.fill("not", self.write(test)).text
        return super().text(tree)

    def write(self, node: ast.expr) -> Piece:
        if isinstance(node, ast.IfExp) and (found := extreme(node)):
            name, pair = found
            return Piece(f"np.{name}({', '.join(self.write(part).text for part in pair)})")
        return super().write(node)


class JavaScript(Writer):
    """JavaScript on numbers; rows are arrays."""

    symbols: ClassVar = {"pi": "Math.PI", "inf": "Infinity", "nan": "NaN"}

    def name(self, name: str) -> Piece:
        """Inside a row one element of it."""
        if self.inside_row and name in self.rows and name not in self.names:
            return Piece(f"{name}[i]")
        return super().name(name)

    def row(self, argument: ast.expr) -> Piece:
        """An array."""
        row = rows_in(argument, self.rows)[0]
        if isinstance(argument, ast.Name):
            return Piece(row)
        return Piece(f"{row}.map((_, i) => {super().row(argument)})")


class C(Writer):
    """C on numbers; it knows no rows."""

    symbols: ClassVar = {"pi": repr(CONSTANTS["pi"]), "inf": "INFINITY", "nan": "NAN"}


class _LaTeX(Writer):
    """LaTeX without the dollars around it."""

    brackets = r"\left({}\right)"
    element: ClassVar[str] = "{}_i"
    minus: ClassVar[str] = "-"
    symbols: ClassVar = {
        "pi": r"\pi", "inf": r"\infty", "nan": r"\mathrm{NaN}", "out": r"\mathrm{out}",
        "beta": r"\beta", "gamma": r"\gamma",
    }  # fmt: skip

    def name(self, name: str) -> Piece:
        text = self.names.get(name)
        if text is not None:
            binds = 10 if text.startswith("-") else 0 if " " in text else WHOLE
            return Piece(text, binds, self.brackets)
        return Piece(self.symbols.get(name, self.element.format(name) if self.inside_row else name))

    def write(self, node: ast.expr) -> Piece:
        match node:
            case ast.Constant(value=value):
                return Piece(str(value).removesuffix(".0"))
            case ast.IfExp():
                return self.cases(node)
            case ast.BoolOp(op=ast.Or(), values=values):
                # that NaN passes is arithmetic, not mathematics
                shown = [v for v in values if not _is_predicate(v)] or values
                return super().write(ast.BoolOp(ast.Or(), shown))
        return super().write(node)

    def fill(self, construct: str, *operands: Piece) -> Piece:
        """What is negative gets brackets behind an operator, as one writes by hand."""
        signed = ("+", "-", "*", "/", "neg", "log1p")
        if construct in signed and operands[-1].text.startswith(self.minus):
            operands = (*operands[:-1], operands[-1]._replace(binds=0))
        return super().fill(construct, *operands)

    def cases(self, node: ast.expr) -> Piece:
        """ "a if p else b if q else c" is one list of cases."""
        lines = []
        while isinstance(node, ast.IfExp):
            lines.append(f"{self.text(node.body)} & {self.text(node.test)}")
            node = node.orelse
        lines.append(rf"{self.text(node)} & \text{{otherwise}}")
        return Piece(r"\begin{cases} " + r" \\ ".join(lines) + r" \end{cases}")


class _Blackboard(_LaTeX):
    """As one writes it by hand, in plain text: 3·x², √a, −out / b."""

    brackets = "({})"
    element = "{}ᵢ"
    minus = "−"
    symbols: ClassVar = {"pi": "π", "inf": "∞", "nan": "NaN", "beta": "β", "gamma": "γ"}

    def name(self, name: str) -> Piece:
        text = self.names.get(name)
        if text is None:
            return super().name(name)
        name = _RAISED_END.sub("", text)
        binds = WHOLE - (name != text) if _PLAIN.match(name) or text in ("∞", "…") else 0
        return Piece(text, 10 if text.startswith("−") else binds)

    def fill(self, construct: str, *operands: Piece) -> Piece:
        divided = " / " in re.sub(r"\([^()]*\)", "", operands[0].text)  # a / 2·b is read two ways
        if construct == "*" and (divided or operands[0].text.startswith("−")):
            operands = (operands[0]._replace(binds=0), operands[1])
        if construct == "**" and _RAISED_TEXT.fullmatch(operands[1].text):
            return Piece(f"{operands[0]:12}{operands[1].text.translate(_RAISED)}", 11)
        return super().fill(construct, *operands)

    def cases(self, node: ast.expr) -> Piece:
        assert isinstance(node, ast.IfExp)
        return self.fill("if", *map(self.write, (node.test, node.body, node.orelse)))


_RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_RAISED_TEXT = re.compile(r"−?\d+")

_WRITERS = {
    "python": _Python,
    "on_values": _OnValues,
    "numpy": _NumPy,
    "javascript": JavaScript,
    "c": C,
    "latex": _LaTeX,
    "blackboard": _Blackboard,
}


def written(
    tree: ast.expr, language: str, rows: Sequence[str] = (), names: Mapping[str, str] | None = None
) -> str:
    """A formula in one of the `LANGUAGES`.

    rows   the inputs that stand for a whole row
    names  what inputs are called there

    >>> written(ast.parse("a ** 2 / (b + 1)", mode="eval").body, "javascript", names={"a": "x"})
    'Math.pow(x, 2) / (b + 1)'
    """
    return _WRITERS[language](LANGUAGES[language], rows, names or {}).text(tree)


def rows_in(node: ast.expr, rows: Sequence[str]) -> list[str]:
    """Those of the `rows` that it uses."""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return [row for row in rows if row in used]


def _is_predicate(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ATOMS[ast.unparse(node.func)].predicate


def extreme(choice: ast.IfExp) -> tuple[str, list[ast.expr]] | None:
    """``b if b > a else a`` and its kin as a maximum or minimum, with what it is taken of.

    A test extended by ``or isnan(...)`` counts too: `np.maximum` and `np.minimum` pass NaN on.
    """
    test = choice.test
    match test:
        case ast.BoolOp(op=ast.Or(), values=[ast.Compare() as first, ast.Call(ast.Name("isnan"))]):
            test = first
    match test:
        case ast.Compare(left, [ast.Lt() | ast.LtE()], [right]):
            low, high = _key(left), _key(right)
        case ast.Compare(left, [ast.Gt() | ast.GtE()], [right]):
            low, high = _key(right), _key(left)
        case _:
            return None
    body = _key(choice.body)
    if low == high or {body, _key(choice.orelse)} != {low, high}:
        return None
    # the variable first and the number last, as one writes np.maximum(z, 0)
    pair = sorted((choice.orelse, choice.body), key=lambda part: isinstance(part, ast.Constant))
    return "maximum" if body == high else "minimum", pair


def _key(node: ast.expr) -> str:
    return str(float(node.value)) if isinstance(node, ast.Constant) else ast.dump(node)  # type: ignore[arg-type]
