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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from ...formula.atoms import CONSTANTS
from .arithmetic import Arithmetic, Real, Value, lanes_of
from .builder import REAL, literal
from .code import Code, Index, Phi

Environment: TypeAlias = dict[str, Value]

LINE: Final = 64  # bytes of the cache that come and go together
ROOM: Final = 256 * 1024  # bytes that a block may take: what the second cache holds
LONGEST_BLOCK: Final = 128
NARROW: Final = 4  # numbers of a row: then whole vectors hold rows one after the other
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


class _Emitter:
    def __init__(
        self,
        tree: ast.FunctionDef,
        tables: dict[str, list[float]],
        lanes: int,
        dtype: str,
        wide: bool,
    ) -> None:
        self.lanes = lanes
        self.code = Code(REAL[dtype])
        self.arithmetic = Arithmetic(self.code, dtype)
        self.bytes = 8 if dtype == "float64" else 4
        self.registers = 32 if wide else 16
        self.tables = tables
        self.sizes: dict[str, int] = {}
        self.places: dict[str, tuple[str, int]] = {}  # arrays that all rows share: base, offset
        self.lines: dict[str, int] = {}  # arrays of one example: the first line
        self.widths: dict[str, int] = {}  # inputs and output: numbers per example
        self.environments: list[Environment] = [{}]
        self.environment: Environment = {}
        self.row: str | None = None  # the loop variable, inside a loop over examples
        self.totals: dict[tuple[str, Index], Phi] = {}  # sums over rows, in such a loop
        self.phis: list[Phi] = []
        self.text = self.function(tree)

    # ── the whole function ───────────────────────────────────────────────────────────────────

    def function(self, tree: ast.FunctionDef) -> str:
        arguments = [a.arg for a in tree.args.args]
        kinds = {"": "ptr noalias", "list[int]": "ptr", "int": "i64", "float": self.code.type}
        given = [
            (kinds[ast.unparse(a.annotation) if a.annotation else ""], a.arg)
            for a in tree.args.args
        ]
        given += [("ptr noalias", "scratch")]
        given += [("i64", "rows")] if tree.name != "descend" else []
        self.rows = next((s for s in tree.body if _variable(s) == "r"), None)
        body = self.rows.body if isinstance(self.rows, ast.For) else []
        inputs = arguments[1:-1]
        for node in ast.walk(ast.Module(body, [])):
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
        self.groups = _groups(body)
        self.lay_out(body)
        for statement in tree.body:
            self.top(statement)
        if tree.name == "outputs":
            self.code.do("ret void")
        head = ", ".join(f"{kind} %{name}" for kind, name in given)
        result = _RESULTS[tree.name] or self.code.type
        head = f"define {result} @{tree.name}({head}) {{"
        return "\n".join([head, "entry:", *self.code.lines, "}", ""])

    def lay_out(self, body: list[ast.stmt]) -> None:
        """Give every array its place: lines while it is needed, or memory for the whole call."""
        assigned = {name for s in body for name in _stores(s, ast.Assign)} | set(self.widths)
        uses = [_subscripted(group) & assigned for group in self.groups]
        last = len(uses) - 1
        spans = {}
        for name in sorted(set().union(*uses)):
            at = [k for k, used in enumerate(uses) if name in used]
            spans[name] = at[0], last if name == "out" else at[-1]
        self.loads = {k: [n for n in self.widths if n != "out" and spans[n][0] == k]
                      for k in range(len(uses))}  # fmt: skip
        taken: list[tuple[int, int, int, int]] = []  # first line, beyond the last, from, until
        for name in sorted(spans, key=lambda name: spans[name]):
            begin, end = spans[name]
            size = self.widths.get(name) or self.sizes[name]
            first = 0
            for start, stop, _, _ in sorted(t for t in taken if t[3] >= begin and t[2] <= end):
                if start - first >= size:
                    break
                first = max(first, stop)
            self.lines[name] = first
            taken.append((first, first + size, begin, end))
        count = max((t[1] for t in taken), default=0)
        unit = LINE // self.bytes
        fitting = ROOM // max(1, count * self.bytes)
        self.block = max(2 * unit, min(LONGEST_BLOCK, fitting // (2 * unit) * (2 * unit)))
        self.stride = self.block + unit  # an odd number of cache lines: they spread over the cache
        end = count * self.stride
        self.added = {n for s in body for n in _stores(s, ast.AugAssign)} - _locals(body)
        for name in [*(n for n in self.sizes if n not in self.lines), *sorted(self.added)]:
            if name not in self.places:
                self.places[name] = "%scratch", end
                end += self.sizes.get(name, 1)
        self.scratch = self.bytes * (end + unit)

    def table_text(self, name: str, values: list[float]) -> str:
        kind = self.table_type(name)
        numbers = ", ".join(f"{kind} {literal(value, kind)}" for value in values)
        return f"@{name} = internal unnamed_addr constant [{len(values)} x {kind}] [{numbers}]"

    def table_type(self, name: str) -> str:
        whole = all(isinstance(value, int) for value in self.tables[name])
        return "i64" if whole else self.code.type

    def top(self, statement: ast.stmt) -> None:
        """A statement of the function itself."""
        match statement:
            case ast.Assign(targets=[ast.Name("E")]):
                self.environments[0]["E"] = Index(0, (("%rows", 1),))
            case ast.Assign(targets=[ast.Name(name)], value=ast.BinOp(ast.List())):
                if name in self.added:
                    self.elements(_zeros(name, self.sizes[name]))
            case ast.For() if statement is self.rows:
                self.all_rows()
            case ast.Return(value=ast.expr() as value):
                self.code.do(self.returned(value))
            case _:
                self.statement(statement)

    def returned(self, value: ast.expr) -> str:
        self.environment = self.environments[0]
        found = self.evaluate(value)
        if isinstance(found, Index):
            return f"ret i64 {self.code.whole(found)}"
        return f"ret {self.code.type} {self.arithmetic.text(found, 1)}"

    # ── the loop over examples ───────────────────────────────────────────────────────────────

    def all_rows(self) -> None:
        """Block after block, and in each of them nest after nest."""
        writes = frozenset().union(*(self.written(group) for group in self.groups))

        def one_block(start: str) -> None:
            left = self.code.pure(f"sub nsw i64 %rows, {start}")
            self.start = start
            self.count = self.code.call("i64", "llvm.smin.i64", left, str(self.block))
            for k, group in enumerate(self.groups):
                for name in self.loads[k]:
                    self.bring_in(name)
                self.nest(group, [])
            if "out" in self.widths:
                self.bring_out()

        self.code.loop("0", "%rows", self.block, writes, [], one_block)

    def bring_in(self, name: str) -> None:
        """Fill the lines of an input: a square of rows and columns is turned at once."""
        width, lanes = self.widths[name], self.lanes
        base, code, kind = f"%{name}", self.code, self.arithmetic.kind(lanes)
        columns = [*range(0, width - lanes + 1, lanes)]
        if width > lanes and width % lanes:
            columns.append(width - lanes)  # some columns are taken twice

        def some_rows(r: str) -> None:
            rows = []
            for lane in range(lanes):
                at = code.pure(f"add nsw i64 {code.pure(f'add nsw i64 {self.start}, {r}')}, {lane}")
                last = code.pure("sub nsw i64 %rows, 1")
                at = code.call("i64", "llvm.smin.i64", at, last)
                rows.append(Index(0, ((at, width),)))

            def square(column: Index) -> None:
                vectors = [
                    code.now(f"load {kind}, ptr {code.address(base, row.plus(column))}, align 1")
                    for row in rows
                ]
                for k, vector in enumerate(self.arithmetic.transposed(vectors)):
                    self.put_line(name, column.plus(Index(k)), vector, r)

            whole = len(columns) - (width % lanes != 0)
            if whole > 1:
                step, end = lanes, str(whole * lanes)
                code.loop("0", end, step, frozenset(), [], lambda c: square(Index(0, ((c, 1),))))
            for column in columns[whole if whole > 1 else 0 :]:
                square(Index(column))
            if not columns:
                for column in range(width):
                    vector = "poison"
                    for lane, row in enumerate(rows):
                        place = code.address(base, row.plus(Index(column)))
                        number = code.now(f"load {code.type}, ptr {place}, align {self.bytes}")
                        into = f"insertelement {kind} {vector}, {code.type} {number}, i64 {lane}"
                        vector = code.pure(into)
                    self.put_line(name, Index(column), vector, r)

        if width > NARROW:
            code.loop("0", self.count, lanes, frozenset([name]), [], some_rows)
            return

        def full_rows(r: str) -> None:
            row = code.pure(f"add nsw i64 {self.start}, {r}")
            first = Index(0, ((row, width),))
            places = (code.address(base, first.plus(Index(k * lanes))) for k in range(width))
            vectors = [code.now(f"load {kind}, ptr {place}, align 1") for place in places]
            for column in range(width):
                picked = self.arithmetic.every(vectors, lanes, column)
                self.put_line(name, Index(column), picked, r)

        full = code.pure(f"and i64 {self.count}, -{lanes}")
        code.loop("0", full, lanes, frozenset([name]), [], full_rows, maybe_none=True)
        rest = code.pure(f"icmp ne i64 {full}, {self.count}")
        code.when(rest, frozenset([name]), lambda: some_rows(full))

    def put_line(self, name: str, index: Index, vector: str, r: str) -> None:
        """A vector into a line, unseen."""
        kind, place = self.arithmetic.kind(self.lanes), self.line(name, index, r)
        self.code.do(f"store {kind} {vector}, ptr {place}, align {self.lanes * self.bytes}")

    def bring_out(self) -> None:
        """The lines of the output, row by row."""
        width, code = self.widths["out"], self.code

        def one(r: str) -> None:
            def column(c: str) -> None:
                place = self.line("out", Index(0, ((c, 1),)), r)
                number = code.now(f"load {code.type}, ptr {place}, align {self.bytes}")
                row = code.pure(f"add nsw i64 {self.start}, {r}")
                there = code.address("%out", Index(0, ((row, width), (c, 1))))
                code.do(f"store {code.type} {number}, ptr {there}, align {self.bytes}")

            code.loop("0", str(width), 1, frozenset(), [], column)

        code.loop("0", self.count, 1, frozenset(), [], one)

    def nest(self, body: list[ast.stmt], loops: list[tuple[str, int]]) -> None:
        """The loops of a nest, several turns at once, and inside them that over the examples."""
        match body:
            case [ast.For(target=ast.Name(name), iter=ast.Call(args=[ast.Constant(int(size))]))]:
                self.nest(body[0].body, [*loops, (name, size)])  # type: ignore[attr-defined]
                return
        tiles = self.tiles(body, [size for _, size in loops])
        outer = self.environments
        self.turns([(*loop, tile) for loop, tile in zip(loops, tiles, strict=True)], body)
        self.environments = outer

    def tiles(self, body: list[ast.stmt], sizes: list[int]) -> list[int]:
        """How many turns of each loop to take at once: as many as there are registers for sums."""
        loops = [s for s in body if isinstance(s, ast.For)]
        own = _locals(body)
        totals = sum(len(_stores(s, ast.AugAssign) - own) for s in body)
        tiles = [1] * len(sizes)
        if not sizes or any(_bounds(loop) is None for loop in loops):
            return tiles
        if loops:
            tiles[-1] = _dividing(sizes[-1], max(1, 8 // len(loops)))
        elif totals and len(sizes) == 1:
            tiles[-1] = _dividing(sizes[-1], max(1, self.registers // 4 // totals))
        elif totals:
            high, wide = (4, 4) if self.registers == 32 else (4, 2)
            tiles[-1] = _dividing(sizes[-1], wide if sizes[-1] >= wide else sizes[-1])
            tiles[-2] = _dividing(sizes[-2], max(1, high * wide // tiles[-1] // totals))
        return tiles

    def turns(self, loops: list[tuple[str, int, int]], body: list[ast.stmt]) -> None:
        """Loops with their tiles: the environments become one for each turn taken at once."""
        if not loops:
            self.some_rows(body)
            return
        (name, size, tile), *inner = loops
        outer = self.environments
        whole = size - size % tile

        def several(base: Index, count: int) -> None:
            self.environments = [
                {**environment, name: base.plus(Index(k))}
                for environment in outer
                for k in range(count)
            ]
            self.turns(inner, body)
            self.environments = outer

        if whole > tile:
            writes = self.written(body)
            self.code.loop(
                "0", str(whole), tile, writes, [], lambda i: several(Index(0, ((i, 1),)), tile)
            )
        elif whole:
            several(Index(0), tile)
        if size % tile:
            several(Index(whole), size % tile)

    def some_rows(self, body: list[ast.stmt]) -> None:
        """The examples of a block, a vector at a time; then what they add to sums over rows."""
        outer = self.environments
        self.totals, self.phis = {}, []

        def inside(r: str) -> None:
            self.row = r
            self.environments = [{**e, "r": Index(0, ((r, 1),))} for e in outer]
            for statement in body:
                self.statement(statement)
            self.row = None

        self.code.loop("0", self.count, self.lanes, self.written(body), self.phis, inside)
        self.environments = outer
        totals = list(self.totals.items())
        for first in range(0, len(totals), self.lanes):
            some = totals[first : first + self.lanes]
            sums = self.arithmetic.sums([phi.end for _, phi in some], self.lanes)
            places = [place for place, _ in some]
            for lane, count in _runs(places):
                self.add_lanes(*places[lane], sums, lane, count)

    def add_up(self, name: str, index: Index, node: ast.expr) -> None:
        """A sum over rows gets what this one gives: nothing in lanes beyond the last example."""
        kind, lanes = self.arithmetic.kind(self.lanes), self.lanes
        key = name, index
        if key not in self.totals:
            phi = Phi(self.code.fresh("%sum"), kind, "zeroinitializer")
            assert self.row is not None
            self.code.level[phi.name] = self.code.level[self.row]
            phi.end = phi.name
            self.totals[key] = phi
            self.phis.append(phi)
        mask = self.arithmetic.before(self.row or "", self.count, lanes)

        def live(value: Value) -> Value:
            return self.arithmetic.select(
                mask, Real(self.arithmetic.text(value, lanes), lanes), 0.0
            )

        match node:
            case ast.BinOp(left, ast.Mult(), right):
                a, b = self.evaluate(left), self.evaluate(right)
                if lanes_of(a) == lanes_of(b) == lanes:  # 0 · inf would be NaN
                    value = self.arithmetic.binary(ast.Mult, live(a), live(b))
                else:
                    value = live(self.arithmetic.binary(ast.Mult, a, b))
            case _:
                value = live(self.evaluate(node))
        total = self.arithmetic.binary(ast.Add, Real(self.totals[key].end, lanes), value)
        self.totals[key].end = self.arithmetic.text(total, lanes)

    # ── statements ───────────────────────────────────────────────────────────────────────────

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

        self.code.when(self.arithmetic.text(answer, 1), self.written(body), inside)

    def loop(self, loop: ast.For) -> None:
        """A loop inside the one over examples, or outside of it: sums stay in registers."""
        name = _variable(loop)
        lanes = self.lanes if self.row else 1
        self.environment = self.environments[0]
        bounds = [self.index(argument) for argument in _range(loop)]
        low, high = bounds if len(bounds) == 2 else (Index(0), bounds[0])
        known = not low.parts and not high.parts
        count = high.constant - low.constant if known else 0
        at_once = _unrolled(loop, count)
        if known and at_once == count:
            for k in range(low.constant, high.constant):
                self.turn(loop, name, Index(k))
            return
        kept = [
            (environment, key)
            for environment in self.environments
            for key in sorted(_locals(loop.body, both=True))
            if key in environment
        ]
        phis = []
        for environment, key in kept:
            start = self.arithmetic.text(environment[key], lanes)
            phis.append(Phi(self.code.fresh("%s"), self.arithmetic.kind(lanes), start))
            environment[key] = Real(phis[-1].name, lanes)

        def inside(i: str) -> None:
            for k in range(at_once):
                self.turn(loop, name, Index(k, ((i, 1),)))
            for phi, (environment, key) in zip(phis, kept, strict=True):
                phi.end = self.arithmetic.text(environment[key], lanes)

        begin, end = (self.code.whole(bound) for bound in (low, high))
        writes = self.written(loop.body)
        self.code.loop(begin, end, at_once, writes, phis, inside, maybe_none=not known)
        for phi, (environment, key) in zip(phis, kept, strict=True):
            environment[key] = Real(phi.end, lanes)

    def turn(self, loop: ast.For, name: str, index: Index) -> None:
        for environment in self.environments:
            environment[name] = index
        for statement in loop.body:
            self.statement(statement)

    def elements(self, loop: ast.For) -> None:
        """for p in range(n): the same for each element by itself; whole vectors, then the rest.
        A name from outside the loop that is added to becomes the sum over the elements."""
        self.environment = outer = self.environments[0]
        (size,) = (self.index(argument).constant for argument in _range(loop))
        whole = size - size % self.lanes
        sums = [name for name in _locals(loop.body, both=True) if name in outer]
        for lanes, low, high in ((self.lanes, 0, whole), (1, whole, size)):
            if low == high:
                continue
            kind = self.arithmetic.kind(lanes)
            phis = [
                Phi(self.code.fresh("%s"), kind, "zeroinitializer" if lanes > 1 else "0.0")
                for _ in sums
            ]

            def inside(p: str, lanes: int = lanes, phis: list[Phi] = phis) -> None:
                self.along = p, lanes
                inner = {n: Real(phi.name, lanes) for n, phi in zip(sums, phis, strict=True)}
                self.environments = [outer | inner]
                self.turn(loop, "p", Index(0, ((p, 1),)))
                for phi, name in zip(phis, sums, strict=True):
                    phi.end = self.arithmetic.text(self.environments[0][name], lanes)
                self.along = "", 1

            self.code.loop(str(low), str(high), lanes, self.written(loop.body), phis, inside)
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

    along = "", 1  # the variable of a loop over elements, and how many it takes at once

    # ── memory ───────────────────────────────────────────────────────────────────────────────

    def written(self, body: Sequence[ast.stmt]) -> frozenset[str]:
        """Arrays that the statements write to."""
        names: set[str] = set()
        for statement in body:
            names |= _stores(statement, ast.Assign) | _stores(statement, ast.AugAssign)
            if any(isinstance(n, ast.Name) and n.id == "gradient" for n in ast.walk(statement)):
                names.add("grad")
        return frozenset(names)

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

    def read(self, name: str, index: Index) -> Value:
        """An element of an array."""
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

    def add_lanes(self, name: str, index: Index, vector: str, lane: int, count: int) -> None:
        """Add some lanes of a vector to as many elements that lie side by side."""
        kind = self.arithmetic.kind(count)
        _, _, place, align = self.where(name, index)
        if count == 1:
            whole = self.arithmetic.kind(self.lanes)
            part = self.code.pure(f"extractelement {whole} {vector}, i64 {lane}")
        else:
            part = self.arithmetic.part(vector, self.lanes, lane, count)
        old = self.code.load(kind, name, index, place, align)
        new = self.arithmetic.binary(ast.Add, Real(old, count), Real(part, count))
        self.code.store(kind, self.arithmetic.text(new, count), name, index, place, align)

    # ── expressions ──────────────────────────────────────────────────────────────────────────

    def evaluate_bare(self, node: ast.expr) -> Index:
        """An index of which only the factor of r matters, before anything is known."""
        match node:
            case ast.Constant(int(value)):
                return Index(value)
            case ast.Name(name):
                return Index(0, ((f"%{name}", 1),))
            case ast.BinOp(a, ast.Add(), b):
                return self.evaluate_bare(a).plus(self.evaluate_bare(b))
            case ast.BinOp(ast.Constant(int(factor)), ast.Mult(), b):
                return self.evaluate_bare(b).times(factor)
        return Index(0)

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
            case ast.Call(ast.Name(name), arguments):
                return arithmetic.call(name, *map(evaluate, arguments))
        raise AssertionError(ast.unparse(node))


# ── reading the text ─────────────────────────────────────────────────────────────────────────


def _zeros(name: str, size: int) -> ast.For:
    """The loop that fills an array with zeros."""
    (loop,) = ast.parse(f"for p in range({size}):\n    {name}[p] = 0.0").body
    assert isinstance(loop, ast.For)
    return loop


def _variable(statement: ast.stmt) -> str:
    """What a loop counts with."""
    match statement:
        case ast.For(target=ast.Name(name)):
            return name
    return ""


def _range(loop: ast.For) -> list[ast.expr]:
    assert isinstance(loop.iter, ast.Call)
    return loop.iter.args


def _bounds(loop: ast.For) -> int | None:
    """How many turns it takes, if the text says so."""
    match _range(loop):
        case [ast.Constant(int(size))]:
            return size
    return None


def _stores(statement: ast.stmt, kind: type[ast.Assign] | type[ast.AugAssign]) -> set[str]:
    """The arrays, and names, that are assigned or added to."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, kind):
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            target = target.value if isinstance(target, ast.Subscript) else target
            assert isinstance(target, ast.Name)
            found.add(target.id)
    return found


def _locals(body: Sequence[ast.stmt], both: bool = False) -> set[str]:
    """Plain names that are assigned (or, with both, added to) in these statements."""
    found = set()
    for statement in body:
        for node in ast.walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(name)]):
                    found.add(name)
                case ast.AugAssign(target=ast.Name(name)) if both:
                    found.add(name)
    return found


def _subscripted(body: Sequence[ast.stmt]) -> set[str]:
    nodes = (node for statement in body for node in ast.walk(statement))
    return {
        n.value.id for n in nodes if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
    }


def _groups(body: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Statements side by side that share local names, with all that lies between such; and
    statements side by side that are no loops."""
    last: dict[str, int] = {}  # where a name occurs last
    for k, statement in enumerate(body):
        last |= {n.id: k for n in ast.walk(statement) if isinstance(n, ast.Name)}
    groups: list[list[ast.stmt]] = []
    until = -1
    for k, statement in enumerate(body):
        loops = [isinstance(s, ast.For) for s in body[max(k - 1, 0) : k + 1]]
        if k <= until or (k and not any(loops)):
            groups[-1].append(statement)
        else:
            groups.append([statement])
        until = max([until, *(last[name] for name in _locals([statement]))])
    return groups


def _runs(places: list[tuple[str, Index]]) -> list[tuple[int, int]]:
    """Where elements lie side by side: (the first, how many), as many as a power of two.

    >>> _runs([("a", Index(0)), ("a", Index(1)), ("a", Index(2)), ("b", Index(3))])
    [(0, 2), (2, 1), (3, 1)]
    """
    runs = []
    first = 0
    while first < len(places):
        name, index = places[first]
        count = 1
        while [(name, index.plus(Index(k))) for k in range(2 * count)] == places[
            first : first + 2 * count
        ]:
            count *= 2
        runs.append((first, count))
        first += count
    return runs


def _dividing(size: int, tile: int) -> int:
    """The tile, or one nearby that leaves no rest.

    >>> _dividing(16, 8), _dividing(10, 8), _dividing(13, 8), _dividing(15, 8), _dividing(5, 8)
    (8, 10, 8, 5, 5)
    """
    if size <= tile + 2:
        return size
    near = [t for t in (tile, tile + 1, tile + 2, tile - 1, tile - 2, tile - 3) if t > 1]
    return next((t for t in near if size % t == 0), tile)


def _unrolled(loop: ast.For, count: int) -> int:
    """How many turns of an inner loop to write out: all of a short one, some of a long one."""
    heavy = len(loop.body) > 1 or any(
        isinstance(n, ast.Call | ast.For) for s in loop.body for n in ast.walk(s)
    )
    if heavy:
        return 1
    if count <= 4:
        return max(count, 1)
    return next(turns for turns in (4, 5, 3, 2, 1) if count % turns == 0)
