"""Statements and expressions of the loops, in the environments of the turns taken at once."""

from __future__ import annotations

import ast
import math
from typing import TypeAlias

from ...formula.atoms import CONSTANTS
from .arithmetic import Arithmetic, Real, Truth, Value
from .builder import REAL
from .code import Code, Index, Phi
from .reading import locals_of, range_of, short, variable, written

Environment: TypeAlias = dict[str, Value]


class Statements:
    """Writes statements; an environment says what the names stand for in one turn."""

    def __init__(self, tables: dict[str, list[float]], lanes: int, dtype: str) -> None:
        self.lanes = lanes
        self.code = Code(REAL[dtype])
        self.arithmetic = Arithmetic(self.code, dtype)
        self.bytes = 8 if dtype == "float64" else 4
        self.tables = tables
        self.places: dict[str, tuple[str, int]] = {}  # arrays that all rows share: base, offset
        self.lines: dict[str, int] = {}  # arrays of one example: the first line
        self.stride = 0  # from one line to the next
        self.environments: list[Environment] = [{}]
        self.environment: Environment = {}
        self.row: str | None = None  # the loop variable, inside a loop over examples
        # places that differ from lane to lane, and in which lanes there is one
        self.picks: dict[str, Truth] = {}
        # the variable of a loop over elements, and how many it takes at once
        self.along = "", 1

    def add_up(self, name: str, index: Index, node: ast.expr) -> None:
        """A sum over rows gets what this one gives; see `rows`."""
        raise NotImplementedError

    def table_type(self, name: str) -> str:
        """Of the numbers in a constant array."""
        whole = all(isinstance(value, int) for value in self.tables[name])
        return "i64" if whole else self.code.type

    def returned(self, value: ast.expr) -> str:
        """The instruction that returns it."""
        self.environment = self.environments[0]
        found = self.evaluate(value)
        if isinstance(found, Index):
            return f"ret i64 {self.code.whole(found)}"
        return f"ret {self.code.type} {self.arithmetic.text(found, 1)}"

    def statement(self, statement: ast.stmt) -> None:
        """Do it in every environment."""
        match statement:
            case ast.For(target=ast.Name("p")):
                self.elements(statement)
            case ast.For():
                self.loop(statement)
            case ast.If(test=test, body=body):
                self.branch(test, body)
            case ast.Return(value=ast.expr() as value):
                self.code.leave(self.returned(value))
            case _:
                for environment in self.environments:
                    self.environment = environment
                    self.assign(statement)

    def assign(self, statement: ast.stmt) -> None:
        """A statement without others inside, in one environment."""
        match statement:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                if name in self.places:  # a sum over rows
                    self.write(name, Index(0), self.evaluate(value))
                else:
                    self.environment[name] = self.evaluate(value)
            case ast.Assign(targets=[ast.Subscript(ast.Name(name), index)], value=value):
                self.write(name, self.index(index), self.evaluate(value))
            case ast.AugAssign(target=ast.Name(name), op=op, value=value) if (
                name in self.environment
            ):
                new = self.arithmetic.binary(type(op), self.environment[name], self.evaluate(value))
                self.environment[name] = new
            case ast.AugAssign(target=ast.Name(name), value=value) if self.row:
                self.add_up(name, Index(0), value)
            case ast.AugAssign(target=ast.Subscript(ast.Name(name), index), value=value) if (
                self.row and name not in self.lines
            ):
                self.add_up(name, self.index(index), value)
            case ast.AugAssign(target=ast.Subscript(ast.Name(name), index), op=op, value=value):
                at = self.index(index)
                new = self.arithmetic.binary(type(op), self.read(name, at), self.evaluate(value))
                self.write(name, at, new)
            case _:
                raise AssertionError(ast.unparse(statement))

    def branch(self, test: ast.expr, body: list[ast.stmt]) -> None:
        """What depends on numbers that are the same for all rows; its names stay inside."""
        outer = self.environment = self.environments[0]
        answer = self.evaluate(test)
        if isinstance(answer, Index):
            answer = self.arithmetic.compare(ast.NotEq, answer, Index(0))

        def inside() -> None:
            self.environments = [dict(outer)]
            for statement in body:
                self.statement(statement)
            self.environments = [outer]

        self.code.when(self.arithmetic.text(answer, 1), written(body), inside)

    def loop(self, loop: ast.For) -> None:
        """A loop inside the one over examples, or outside of it: sums stay in registers."""
        name = variable(loop)
        lanes = self.lanes if self.row else 1
        self.environment = self.environments[0]
        bounds = [self.index(argument) for argument in range_of(loop)]
        low, high = bounds if len(bounds) == 2 else (Index(0), bounds[0])
        known = not low.parts and not high.parts
        if known and short(loop, high.constant - low.constant):
            for k in range(low.constant, high.constant):
                self.turn(loop, name, Index(k))
            return
        kept = [
            (environment, key)
            for environment in self.environments
            for key in sorted(locals_of(loop.body, both=True))
            if key in environment
        ]
        phis = []
        for environment, key in kept:
            start = self.arithmetic.text(environment[key], lanes)
            phis.append(Phi(self.code.fresh("%s"), self.arithmetic.kind(lanes), start))
            environment[key] = Real(phis[-1].name, lanes)

        def inside(i: str) -> None:
            self.turn(loop, name, Index(0, ((i, 1),)))
            for phi, (environment, key) in zip(phis, kept, strict=True):
                phi.end = self.arithmetic.text(environment[key], lanes)

        begin, end = (self.code.whole(bound) for bound in (low, high))
        writes = written(loop.body)
        self.code.loop(begin, end, 1, writes, phis, inside, maybe_none=not known)
        for phi, (environment, key) in zip(phis, kept, strict=True):
            environment[key] = Real(phi.end, lanes)

    def turn(self, loop: ast.For, name: str, index: Index) -> None:
        """What is inside a loop, once."""
        for environment in self.environments:
            environment[name] = index
        for statement in loop.body:
            self.statement(statement)

    def elements(self, loop: ast.For) -> None:
        """for p in range(n): the same for each element by itself; whole vectors, then the rest.
        A name from outside the loop that is added to becomes the sum over the elements."""
        self.environment = outer = self.environments[0]
        (size,) = (self.index(argument).constant for argument in range_of(loop))
        whole = size - size % self.lanes
        sums = [name for name in locals_of(loop.body, both=True) if name in outer]
        for lanes, low, high in ((self.lanes, 0, whole), (1, whole, size)):
            if low == high:
                continue
            kind = self.arithmetic.kind(lanes)
            phis = [Phi(self.code.fresh("%s"), kind, "zeroinitializer") for _ in sums]

            def inside(p: str, lanes: int = lanes, phis: list[Phi] = phis) -> None:
                self.along = p, lanes
                inner = {n: Real(phi.name, lanes) for n, phi in zip(sums, phis, strict=True)}
                self.environments = [outer | inner]
                self.turn(loop, "p", Index(0, ((p, 1),)))
                for phi, name in zip(phis, sums, strict=True):
                    phi.end = self.arithmetic.text(self.environments[0][name], lanes)
                self.along = "", 1

            self.code.loop(str(low), str(high), lanes, written(loop.body), phis, inside)
            self.environments = [outer]
            for phi, name in zip(phis, sums, strict=True):
                total = phi.end
                if lanes > 1:
                    total = self.arithmetic.sums([total], lanes)
                    total = self.code.pure(f"extractelement {kind} {total}, i64 0")
                outer[name] = self.arithmetic.binary(ast.Add, outer[name], Real(total, 1))

    def gradient(self, arguments: list[ast.expr]) -> Real:
        """A call of the other function, for n rows."""
        names = [a.value.id if isinstance(a, ast.Subscript) else a.id for a in arguments]  # type: ignore[attr-defined]
        given = ", ".join(f"ptr %{name}" for name in [*names, "scratch"])
        rows = self.environment["n"]
        assert isinstance(rows, Index)
        call = f"call {self.code.type} @gradient({given}, i64 {self.code.whole(rows)})"
        found = Real(self.code.now(call), 1)
        self.code.forget(frozenset(["grad"]))
        return found

    def line(self, name: str, index: Index, r: str) -> str:
        """Where the block's examples have an element, from r on."""
        at = Index(self.lines[name]).plus(index).times(self.stride).plus(Index(0, ((r, 1),)))
        return self.code.address("%scratch", at)

    def where(self, name: str, index: Index) -> tuple[str, int, str, int]:
        """Type, lanes, address and alignment of an element."""
        if name in self.lines and self.row:
            lanes = self.lanes
            place = self.line(name, index, self.row)
            return self.arithmetic.kind(lanes), lanes, place, lanes * self.bytes
        base, offset = self.places[name]
        lanes = self.along[1] if index.factor(self.along[0]) == 1 else 1
        place = self.code.address(base, index.plus(Index(offset)))
        return self.arithmetic.kind(lanes), lanes, place, self.bytes

    def picked(self, number: Value) -> Index:
        """A number as the place of an element, for each example another one: 0 for NaN."""
        lanes = self.lanes
        there = self.arithmetic.compare(ast.Eq, number, number)
        text = self.arithmetic.text(self.arithmetic.select(there, number, 0.0), lanes)
        kind = self.arithmetic.kind(lanes)
        whole = self.code.pure(f"fptosi {kind} {text} to <{lanes} x i32>")
        place = self.code.pure(f"zext <{lanes} x i32> {whole} to <{lanes} x i64>")
        self.picks[place] = there
        return Index(0, ((place, 1),))

    def each(self, index: Index) -> list[Index]:
        """The place of every example, where they differ; else none."""
        for place, factor in index.parts:
            if place in self.picks:
                rest = index.plus(Index(0, ((place, -factor),)))
                whole = f"extractelement <{self.lanes} x i64> {place}, i64"
                names = [self.code.pure(f"{whole} {lane}") for lane in range(self.lanes)]
                return [rest.plus(Index(0, ((name, factor),))) for name in names]
        return []

    def gathered(self, name: str, index: Index, places: list[Index]) -> Value:
        """Elements that differ from example to example; NaN where there is none."""
        vector, kind = "poison", self.arithmetic.kind(self.lanes)
        for lane, place in enumerate(places):
            type_, _, address, align = self.where(name, place)
            number = self.code.load(type_, name, place, address, align)
            vector = self.code.pure(f"insertelement {kind} {vector}, {type_} {number}, i64 {lane}")
        there = next(self.picks[place] for place, _ in index.parts if place in self.picks)
        return self.arithmetic.select(there, Real(vector, self.lanes), math.nan)

    def read(self, name: str, index: Index) -> Value:
        """An element of an array."""
        if places := self.each(index):
            return self.gathered(name, index, places)
        if name in self.tables:
            kind = self.table_type(name)
            place = self.code.address(f"@{name}", index, kind)
            if kind == "i64":
                return Index(0, ((self.code.pure(f"load i64, ptr {place}"), 1),))
            return Real(self.code.load(kind, name, index, place, self.bytes), 1)
        if name == "order":
            place = self.code.address("%order", index, "i64")
            return Index(0, ((self.code.load("i64", name, index, place, 8), 1),))
        kind, lanes, place, align = self.where(name, index)
        early = bool(self.along[0]) and lanes == 1
        return Real(self.code.load(kind, name, index, place, align, early), lanes)

    def write(self, name: str, index: Index, value: Value) -> None:
        """Change an element."""
        kind, lanes, place, align = self.where(name, index)
        text = self.arithmetic.text(value, lanes)
        self.code.store(kind, text, name, index, place, align)

    def index(self, node: ast.expr) -> Index:
        """A whole number; of an input, without the row."""
        value = self.evaluate(node)
        assert isinstance(value, Index), ast.unparse(node)
        if self.row:
            return Index(value.constant, tuple(p for p in value.parts if p[0] != self.row))
        return value

    def evaluate(self, node: ast.expr) -> Value:
        """A number, in this environment."""
        arithmetic, evaluate = self.arithmetic, self.evaluate
        match node:
            case ast.Constant(value):
                return Index(value) if isinstance(value, int) else float(value)  # type: ignore[arg-type]
            case ast.Name(name) if name in self.environment:
                return self.environment[name]
            case ast.Name(name) if name in self.places:
                return self.read(name, Index(0))
            case ast.Name(name):
                return CONSTANTS[name]
            case ast.Subscript(ast.Name(name), index):
                return self.read(name, self.index(index))
            case ast.UnaryOp(ast.USub(), a):
                return arithmetic.negative(evaluate(a))
            case ast.UnaryOp(ast.Not(), a):
                return arithmetic.negation(evaluate(a))
            case ast.BinOp(a, op, b):
                return arithmetic.binary(type(op), evaluate(a), evaluate(b))
            case ast.Compare(a, [op], [b]):
                return arithmetic.compare(type(op), evaluate(a), evaluate(b))
            case ast.BoolOp(op, values):
                word = "and" if isinstance(op, ast.And) else "or"
                return arithmetic.connect(word, *map(evaluate, values))
            case ast.IfExp(test, a, b):
                return arithmetic.select(evaluate(test), evaluate(a), evaluate(b))
            case ast.Call(ast.Name("gradient"), arguments):
                return self.gradient(arguments)
            case ast.Call(ast.Name("int"), [number]):
                return self.picked(evaluate(number))
            case ast.Call(ast.Name(name), arguments):
                return arithmetic.call(name, *map(evaluate, arguments))
        raise AssertionError(ast.unparse(node))
