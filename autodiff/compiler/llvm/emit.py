"""The loops of `write.loops` as LLVM instructions, many examples at once.

The examples are taken in blocks, and a block goes through the nests of the loop over examples one
by one. An array that belongs to an example gets a line for each element, a block's examples side
by side, so that a vector holds the same element of several. A line is used again when what lay in
it is no longer needed. The loop over the examples of a block goes inside the loops of a nest:

    for i in range(16):          taken several at a time, so that what is loaded serves them all,
        for r in range(n):       a vector of examples at a time,
            for k in range(2):   with the sums in registers.

Lanes beyond the last example repeat it, and are left out of the sums over examples.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

from ...formula.atoms import CONSTANTS
from .arithmetic import Real
from .builder import literal
from .code import Index
from .reading import groups, nodes, variable, zeros
from .rows import Rows

_RESULTS: Final = {"gradient": "", "outputs": "void", "descend": "i64"}  # "": a number


@dataclass
class Emitted:
    """A function as LLVM text, with what it needs.

    text       the function, and the constant arrays and declarations that it refers to
    scratch    bytes of memory that it wants to write to, on a multiple of 64
    functions  what it calls of vector_math: name, lanes, dtype
    """

    text: str
    scratch: int
    functions: set[tuple[str, int, str]]


def emit(source: str, lanes: int, dtype: str = "float64", wide: bool = True) -> Emitted:
    """The functions that the text of `write.loops` defines, for vectors of so many lanes.

    Their arguments are those of the text, lists as pointers, then `scratch`; `gradient` and
    `outputs` get the number of rows as well: ``gradient(theta, X, ..., grad, scratch, rows)``.
    `wide`: there are 32 registers for vectors, not 16.
    """
    body = ast.parse(source).body
    tables: dict[str, list[float]] = {}
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(name)], value=ast.List() as values):
                tables[name] = eval(ast.unparse(values), {"__builtins__": {}}, CONSTANTS)
    functions = [s for s in body if isinstance(s, ast.FunctionDef) and s.name in _RESULTS]
    emitters = [_Emitter(function, tables, lanes, dtype, wide) for function in functions]
    heads = [emitters[0].table_text(*table) for table in tables.items()]
    return Emitted(
        "\n".join([*heads, *(e.text for e in emitters)]),
        max(e.scratch for e in emitters),
        set().union(*(e.arithmetic.functions for e in emitters)),
    )


class _Emitter(Rows):
    """Writes a whole function."""

    def __init__(
        self,
        tree: ast.FunctionDef,
        tables: dict[str, list[float]],
        lanes: int,
        dtype: str,
        wide: bool,
    ) -> None:
        super().__init__(tables, lanes, dtype, registers=32 if wide else 16)
        self.text = self.function(tree)

    def function(self, tree: ast.FunctionDef) -> str:
        arguments = [a.arg for a in tree.args.args]
        kinds = {"": "ptr noalias", "list[int]": "ptr", "int": "i64", "float": self.code.type}
        given = [
            (kinds[ast.unparse(a.annotation) if a.annotation else ""], a.arg)
            for a in tree.args.args
        ]
        given += [("ptr noalias", "scratch")]
        given += [("i64", "rows")] if tree.name != "descend" else []
        self.rows = next((s for s in tree.body if variable(s) == "r"), None)
        body = self.rows.body if isinstance(self.rows, ast.For) else []
        inputs = arguments[1:-1]
        for node in (node for statement in body for node in nodes(statement)):
            match node:
                case ast.Subscript(ast.Name(name)) if name in inputs or name == "out":
                    index = self.evaluate_bare(node.slice)
                    self.widths[name] = index.factor("%r")
        for kind, name in given:
            if kind == "i64":
                self.environments[0][name] = Index(0, ((f"%{name}", 1),))
            elif kind == self.code.type:
                self.environments[0][name] = Real(f"%{name}", 1)
            else:
                self.places[name] = f"%{name}", 0
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(ast.List(), _, size)):
                    assert isinstance(size, ast.Constant)
                    self.sizes[name] = size.value  # type: ignore[assignment]
        self.groups = groups(body)
        self.lay_out(body)
        for statement in tree.body:
            self.top(statement)
        if tree.name == "outputs":
            self.code.do("ret void")
        head = ", ".join(f"{kind} %{name}" for kind, name in given)
        result = _RESULTS[tree.name] or self.code.type
        head = f"define {result} @{tree.name}({head}) {{"
        return "\n".join([head, "entry:", *self.code.lines, "}", ""])

    def table_text(self, name: str, values: list[float]) -> str:
        kind = self.table_type(name)
        numbers = ", ".join(f"{kind} {literal(value, kind)}" for value in values)
        return f"@{name} = internal unnamed_addr constant [{len(values)} x {kind}] [{numbers}]"

    def top(self, statement: ast.stmt) -> None:
        """A statement of the function itself."""
        match statement:
            case ast.Assign(targets=[ast.Name("E")]):
                self.environments[0]["E"] = Index(0, (("%rows", 1),))
            case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(ast.List())):
                if name in self.added:
                    self.elements(zeros(name, self.sizes[name]))
            case ast.For() if statement is self.rows:
                self.all_rows()
            case ast.Return(value=ast.expr() as value):
                self.code.do(self.returned(value))
            case _:
                self.statement(statement)

    def evaluate_bare(self, node: ast.expr) -> Index:
        """An index of which only the factor of r matters, before anything is known."""
        match node:
            case ast.Constant(int(value)):
                return Index(value)
            case ast.Name(name):
                return Index(0, ((f"%{name}", 1),))
            case ast.BinOp(a, ast.Add(), b):
                return self.evaluate_bare(a).plus(self.evaluate_bare(b))
            case ast.BinOp(a, ast.Sub(), b):
                return self.evaluate_bare(a).plus(self.evaluate_bare(b), -1)
            case ast.BinOp(ast.Constant(int(factor)), ast.Mult(), b):
                return self.evaluate_bare(b).times(factor)
        return Index(0)
