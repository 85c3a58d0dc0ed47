"""The loop over examples: blocks, lines, vectors and tiles."""

from __future__ import annotations

import ast
from typing import Final

from .arithmetic import Real, Value, lanes_of
from .code import Index, Phi
from .reading import bounds, groups, locals_of, stores, subscripted, written
from .statements import Statements

LINE: Final = 64  # bytes of the cache that come and go together
ROOM: Final = 256 * 1024  # bytes that a block may take: what the second cache holds
LONGEST_BLOCK: Final = 128
NARROW: Final = 4  # numbers of a row: then whole vectors hold rows one after the other
OUTPUTS: Final = 8  # how many sums of products are taken at once


class Rows(Statements):
    """Writes the loop over examples, nest by nest."""

    def __init__(
        self, tables: dict[str, list[float]], lanes: int, dtype: str, registers: int
    ) -> None:
        super().__init__(tables, lanes, dtype)
        self.registers = registers
        self.sizes: dict[str, int] = {}
        self.widths: dict[str, int] = {}  # inputs and output: numbers per example
        self.groups: list[list[ast.stmt]] = []  # the nests
        self.loads: dict[int, list[str]] = {}  # the inputs that a nest is the first to need
        self.added: set[str] = set()  # sums over rows
        self.block = self.scratch = 0
        self.start = self.count = "0"  # where a block of rows begins, and how many it has
        self.totals: dict[tuple[str, Index], Phi] = {}  # sums over rows, in such a loop
        self.phis: list[Phi] = []

    def lay_out(self, body: list[ast.stmt]) -> None:
        """Give every array its place: lines while it is needed, or memory for the whole call."""
        assigned = {name for s in body for name in stores(s, ast.Assign)} | set(self.widths)
        uses = [subscripted(group) & assigned for group in self.groups]
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
        self.added = {n for s in body for n in stores(s, ast.AugAssign)} - locals_of(body)
        for name in [*(n for n in self.sizes if n not in self.lines), *sorted(self.added)]:
            if name not in self.places:
                self.places[name] = "%scratch", end
                end += self.sizes.get(name, 1)
        self.scratch = self.bytes * (end + unit)

    def all_rows(self) -> None:
        """Block after block, and in each of them nest after nest."""
        writes = frozenset().union(*(written(group) for group in self.groups))

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
            case [ast.For(target=ast.Name("t")) as loop]:
                self.steps(loop)
                return
            case [ast.For(target=ast.Name(name), iter=ast.Call(args=[ast.Constant(int(size))]))]:
                self.nest(body[0].body, [*loops, (name, size)])  # type: ignore[attr-defined]
                return
        tiles = self.tiles(body, [size for _, size in loops])
        outer = self.environments
        self.turns([(*loop, tile) for loop, tile in zip(loops, tiles, strict=True)], body)
        self.environments = outer

    def steps(self, loop: ast.For) -> None:
        """Nests that come again, fed by what they made before: one turn after the other."""
        outer = self.environments

        def step(t: str) -> None:
            self.environments = [environment | {"t": Index(0, ((t, 1),))} for environment in outer]
            for group in groups(loop.body):
                self.nest(group, [])

        self.code.loop("0", str(bounds(loop)), 1, written(loop.body), [], step)
        self.environments = outer

    def tiles(self, body: list[ast.stmt], sizes: list[int]) -> list[int]:
        """How many turns of each loop to take at once: as many as there are registers for sums."""
        loops = [s for s in body if isinstance(s, ast.For)]
        own = locals_of(body)
        totals = sum(len(stores(s, ast.AugAssign) - own) for s in body)
        tiles = [1] * len(sizes)
        if not sizes or any(bounds(loop) is None for loop in loops):
            return tiles
        if loops:
            tiles[-1] = dividing(sizes[-1], max(1, OUTPUTS // len(loops)))
        elif totals and len(sizes) == 1:
            tiles[-1] = dividing(sizes[-1], max(1, self.registers // 4 // totals))
        elif totals:
            high, wide = (4, 4) if self.registers == 32 else (4, 2)
            tiles[-1] = dividing(sizes[-1], wide if sizes[-1] >= wide else sizes[-1])
            tiles[-2] = dividing(sizes[-2], max(1, high * wide // tiles[-1] // totals))
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
            writes = written(body)
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

        self.code.loop("0", self.count, self.lanes, written(body), self.phis, inside)
        self.environments = outer
        totals = list(self.totals.items())
        for first in range(0, len(totals), self.lanes):
            some = totals[first : first + self.lanes]
            sums = self.arithmetic.sums([phi.end for _, phi in some], self.lanes)
            places = [place for place, _ in some]
            for lane, count in runs(places):
                self.add_lanes(*places[lane], sums, lane, count)

    def add_up(self, name: str, index: Index, node: ast.expr) -> None:
        """A sum over rows gets what this one gives: nothing in lanes beyond the last example."""
        lanes = self.lanes
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
        if places := self.each(index):
            for lane, place in enumerate(places):
                self.add_lanes(name, place, self.arithmetic.text(value, lanes), lane, 1)
            return
        key, kind = (name, index), self.arithmetic.kind(lanes)
        if key not in self.totals:
            phi = Phi(self.code.fresh("%sum"), kind, "zeroinitializer")
            assert self.row is not None
            self.code.level[phi.name] = self.code.level[self.row]
            phi.end = phi.name
            self.totals[key] = phi
            self.phis.append(phi)
        total = self.arithmetic.binary(ast.Add, Real(self.totals[key].end, lanes), value)
        self.totals[key].end = self.arithmetic.text(total, lanes)

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


def runs(places: list[tuple[str, Index]]) -> list[tuple[int, int]]:
    """Where elements lie side by side: (the first, how many), as many as a power of two.

    >>> runs([("a", Index(0)), ("a", Index(1)), ("a", Index(2)), ("b", Index(3))])
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


def dividing(size: int, tile: int) -> int:
    """The tile, or one nearby that leaves no rest.

    >>> dividing(16, 8), dividing(10, 8), dividing(13, 8), dividing(15, 8), dividing(5, 8)
    (8, 10, 8, 5, 5)
    """
    if size <= tile + 2:
        return size
    near = [t for t in (tile, tile + 1, tile + 2, tile - 1, tile - 2, tile - 3) if t > 1]
    return next((t for t in near if size % t == 0), tile)
