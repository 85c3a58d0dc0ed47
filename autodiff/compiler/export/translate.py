"""The loops in another language: one writer over the tables of its expressions and statements."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeGuard

from ...formula.languages import LANGUAGES, OPERATORS
from ...formula.writers import C, JavaScript, Piece, Writer
from .statements import RESERVED, STATEMENTS

__all__ = ["Translator", "spelled"]

_LINE: Final = 90  # how long a line of constants may be


class _Words(Writer):
    """What loops say besides formulas: elements of arrays, whole numbers, calls."""

    def write(self, node: ast.expr) -> Piece:
        match node:
            case ast.Subscript(value=array, slice=index):
                return Piece(f"{self.write(array)}[{self.write(index)}]")
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return self.fill("//", self.write(left), self.write(right))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                return self.fill("%", self.write(left), self.write(right))
            case ast.Call(func=ast.Name("pow"), args=[base, exponent]):
                return self.fill("**", self.write(base), self.write(exponent))
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(name), args=[argument]):
                return self.fill(name, self.write(argument))
            case ast.Call(func=ast.Name(name), args=arguments):
                return Piece(f"{name}({', '.join(map(self.text, arguments))})")
        return super().write(node)

    def name(self, name: str) -> Piece:
        return super().name(spelled(name))


class _CWords(_Words, C):
    pass


class _JavaScriptWords(_Words, JavaScript):
    pass


_WORDS: Final = {"c": _CWords, "javascript": _JavaScriptWords}


class Translator:
    """Writes modules of loops, as `Program.loops` has them, in one language."""

    def __init__(self, language: str) -> None:
        self.say = STATEMENTS[language]
        self.expression = _WORDS[language](LANGUAGES[language], (), {}).text
        self.lines: list[str] = []
        self.fills: dict[str, set[str]] = {}  # of each function, the arrays that it writes to
        self.order: dict[str, list[str]] = {}  # of each function, its parameters
        self.counted: set[str] = set()  # the functions that are told the number of examples
        # of the function at hand: whole numbers, and what declares its names
        self.whole: set[str] = set()
        self.first: set[int] = set()
        self.ahead: dict[int, list[str]] = {}

    def text(self) -> str:
        """All that has been written."""
        return "\n".join(self.lines).rstrip("\n") + "\n"

    def put(self, construct: str, *operands: object, indent: int = 0) -> None:
        """A line, or a few, by the table."""
        if template := self.say[construct]:
            for line in template.format(*operands).rstrip("\n").split("\n"):
                self.lines.append(f"{'    ' * indent}{line}".rstrip())

    def table(self, construct: str, name: str, values: Sequence[float]) -> None:
        """An array of constants."""
        kind = " int" if construct == "table" and all(isinstance(v, int) for v in values) else ""
        texts = [self.expression(ast.parse(repr(value), mode="eval").body) for value in values]
        inside = ", ".join(texts)
        if len(inside) > _LINE:
            indented = textwrap.fill(inside, _LINE, initial_indent="    ", subsequent_indent="    ")
            inside = f"\n{indented}\n"
        self.put(construct + kind, name, len(values), inside)

    def module(self, body: Iterable[ast.stmt], public: Mapping[str, str]) -> None:
        """Tables and functions; those that are public come with what they do."""
        for node in body:
            match node:
                case ast.Assign(targets=[ast.Name(name)], value=ast.List() as values):
                    self.table("table", spelled(name), ast.literal_eval(values))
                    self.lines.append("")
                case ast.FunctionDef(name=name) if name in self.say:  # it has its own there
                    self.put(name)
                    self.lines.append("")
                case ast.FunctionDef(name=name):
                    if says := public.get(name):
                        self.put("comment", says)
                    self.function(node, name in public)
                    self.lines.append("")

    def function(self, node: ast.FunctionDef, public: bool) -> None:
        """A definition; what it is given is an array, unless it says what else."""
        kinds = {a.arg: ast.unparse(a.annotation) if a.annotation else "" for a in node.args.args}
        nodes = list(ast.walk(node))
        calls = [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) in self.order]
        filled = {ast.unparse(n.value) for n in nodes if _is_stored(n)}
        for call in calls:
            name = ast.unparse(call.func)
            given = dict(zip(self.order[name], map(ast.unparse, call.args), strict=True))
            filled |= {given[array] for array in self.fills[name]}
        self.order[node.name], self.fills[node.name] = list(kinds), filled & kinds.keys()
        parameters = [
            self.say[f"number {kind}" if kind == "int" else "number"].format(spelled(name))
            if kind
            else self.say["array filled" if name in filled else "array"].format(spelled(name))
            for name, kind in kinds.items()
        ]
        if self.say["count"] and any(map(_is_count, nodes)):
            parameters.append(self.say["count"].format("E"))
            self.counted.add(node.name)
        gives = any(isinstance(n, ast.Return) for n in nodes)
        how = "public" if public else "gives" if gives else "fills"
        self.put(how, node.name, ", ".join(parameters))
        self.whole = {"E", *(name for name, kind in kinds.items() if kind == "int")}
        self.first, self.ahead = _declarations(node)
        self.block(node.body, 1)
        self.lines.append("}")

    def block(self, body: Sequence[ast.stmt], indent: int) -> None:
        """Statements one after the other."""
        for name in self.ahead.get(id(body), ()):
            self.put("later", spelled(name), indent=indent)
        for statement in body:
            self.statement(statement, indent)

    def statement(self, statement: ast.stmt, indent: int) -> None:
        """One statement, with those inside it."""
        match statement:
            case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(left=ast.List(), right=size)):
                self.put("zeros", spelled(name), self.expression(size), indent=indent)
            case ast.Assign(value=value) if self.say["count"] and _is_count(value):
                pass
            case ast.Assign(targets=[ast.Name(name)], value=value) if id(statement) in self.first:
                whole = self.is_whole(value)
                self.whole |= {name} if whole else set()
                construct = "new int" if whole else "new"
                self.put(construct, spelled(name), self.value(value), indent=indent)
            case ast.Assign(targets=[target], value=value):
                self.put("set", self.expression(target), self.value(value), indent=indent)
            case ast.AugAssign(target=target, op=op, value=value):
                sign = OPERATORS[type(op)]
                self.put("change", self.expression(target), sign, self.value(value), indent=indent)
            case ast.For(target=ast.Name(name), iter=ast.Call(args=bounds), body=body):
                low, high = ["0", *map(self.expression, bounds)][-2:]
                self.whole.add(name)
                self.put("for", name, low, high, indent=indent)
                self.block(body, indent + 1)
                self.put("end", indent=indent)
            case ast.If(test=test, body=body, orelse=orelse):
                self.put("if", self.expression(test), indent=indent)
                self.block(body, indent + 1)
                if orelse:
                    self.put("else", indent=indent)
                    self.block(orelse, indent + 1)
                self.put("end", indent=indent)
            case ast.Return(value=ast.expr() as value):
                self.put("return", self.value(value), indent=indent)
            case _:
                raise AssertionError(ast.unparse(statement))

    def value(self, node: ast.expr) -> str:
        """An expression, or the call of a function that has been written."""
        match node:
            case ast.Call(func=ast.Name(name), args=arguments) if name in self.order:
                count = ["E"] if name in self.counted else []
                return f"{name}({', '.join([*map(self.expression, arguments), *count])})"
        return self.expression(node)

    def is_whole(self, node: ast.expr) -> bool:
        """Is it a whole number, made of such?"""
        divided = any(isinstance(n, ast.Div | ast.Call | ast.Subscript) for n in ast.walk(node))
        numbers = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant)]
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        count = _is_count(node)
        return count or (names <= self.whole and {*map(type, numbers)} <= {int} and not divided)


def spelled(name: str) -> str:
    """A name as any language takes it.

    >>> spelled("Z1"), spelled("new"), spelled("θ")
    ('Z1', 'new_', 'u3b8')
    """
    plain = "".join(c if c.isascii() else f"u{ord(c):x}" for c in name)
    return f"{plain}_" if plain in RESERVED else plain


def _is_stored(node: ast.AST) -> TypeGuard[ast.Subscript]:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)


def _is_count(node: ast.AST) -> bool:
    """len(X), or len(X) // size: the number of examples."""
    match node:
        case ast.BinOp(left=left, op=ast.FloorDiv()):
            node = left
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "len"


def _declarations(node: ast.FunctionDef) -> tuple[set[int], dict[int, list[str]]]:
    """Which assignments declare their name, and which names a block declares ahead of them.

    A name that several blocks give a value before they use it is one in each; else it belongs to
    the block around all of its uses.
    """
    first: set[int] = set()
    ahead: dict[int, list[str]] = {}
    stored = [
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    counters = {n.target.id for n in ast.walk(node) if isinstance(n, ast.For)}  # type: ignore[attr-defined]

    def place(name: str, body: Sequence[ast.stmt]) -> None:
        users = [statement for statement in body if name in _uses(statement)]
        inside = [_blocks(user) for user in users]
        own = [name in _uses(user, nested=False) for user in users]
        if not any(own) and (len(users) == 1 or all(_begins(name, user) for user in users)):
            for blocks in inside:
                for block in blocks:
                    place(name, block)
        elif _assigned(users[0]) == name:
            first.add(id(users[0]))
        else:
            ahead.setdefault(id(body), []).append(name)

    for name in dict.fromkeys(stored):
        if name not in counters:
            place(name, node.body)
    return first, ahead


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks inside a statement."""
    match statement:
        case ast.For(body=body):
            return [body]
        case ast.If(body=body, orelse=orelse):
            return [body, orelse]
    return []


@lru_cache(maxsize=4096)
def _uses(statement: ast.stmt, nested: bool = True) -> frozenset[str]:
    """The names in a statement, with those of the statements inside it or without."""
    inner = {id(n) for block in _blocks(statement) for s in block for n in ast.walk(s)}
    names = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
    return frozenset(n.id for n in names if nested or id(n) not in inner)


def _assigned(statement: ast.stmt) -> str:
    """The name that a statement gives a value, by itself."""
    match statement:
        case ast.Assign(targets=[ast.Name(name)], value=value) if name not in {
            n.id for n in ast.walk(value) if isinstance(n, ast.Name)
        }:
            return name
    return ""


def _begins(name: str, statement: ast.stmt) -> bool:
    """Does every block inside that uses the name give it a value first?"""
    for block in _blocks(statement):
        user = next((s for s in block if name in _uses(s)), None)
        if (
            user is not None
            and _assigned(user) != name
            and not (name not in _uses(user, nested=False) and _begins(name, user))
        ):
            return False
    return name not in _uses(statement, nested=False)
