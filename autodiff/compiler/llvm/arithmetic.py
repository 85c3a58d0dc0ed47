"""Expressions over numbers, one at a time or a vector of them, as instructions.

Values are what Python's are: a float that is known, an `Index`, a `Real` or a `Truth` that the
program computes. Where a vector meets a number the number is repeated in all lanes.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from typing import Final, NamedTuple, TypeAlias

from .builder import REAL, WHOLE, literal, suffix, vector_type
from .code import Code, Index


class Real(NamedTuple):
    """A number, or with more than one lane a vector of them."""

    text: str
    lanes: int


class Truth(NamedTuple):
    """The answer of a comparison, in every lane."""

    text: str
    lanes: int


Value: TypeAlias = float | Index | Real | Truth

_OPERATION: Final = {ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv"}
_KNOWN: Final[dict[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv
}  # fmt: skip
_REAL: Final = {
    ast.Lt: "olt", ast.LtE: "ole", ast.Gt: "ogt", ast.GtE: "oge", ast.Eq: "oeq", ast.NotEq: "une"
}  # fmt: skip
_WHOLE: Final = {
    ast.Lt: "slt", ast.LtE: "sle", ast.Gt: "sgt", ast.GtE: "sge", ast.Eq: "eq", ast.NotEq: "ne"
}  # fmt: skip
_LARGEST_POWER: Final = 4  # larger ones go through the library's pow


class Arithmetic:
    """Appends to `code`; `functions` are those of vector_math that were called."""

    def __init__(self, code: Code, dtype: str) -> None:
        self.code = code
        self.dtype = dtype
        self.scalar = REAL[dtype]
        self.functions: set[tuple[str, int, str]] = set()

    def kind(self, lanes: int) -> str:
        """What a `Real` is to LLVM."""
        return vector_type(self.scalar, lanes)

    def text(self, value: Value, lanes: int) -> str:
        """An operand with so many lanes."""
        if isinstance(value, Index):
            value = (
                Real(self.code.pure(f"sitofp i64 {self.code.whole(value)} to {self.scalar}"), 1)
                if value.parts
                else float(value.constant)
            )
        if isinstance(value, float):
            number = literal(value, self.scalar)
            return f"splat ({self.scalar} {number})" if lanes > 1 else number
        if value.lanes == lanes:
            return value.text
        return self.splat("i1" if isinstance(value, Truth) else self.scalar, value.text, lanes)

    def splat(self, scalar: str, text: str, lanes: int) -> str:
        """The same in every lane."""
        kind = vector_type(scalar, lanes)
        first = self.code.pure(f"insertelement {kind} poison, {scalar} {text}, i64 0")
        zeros = f"<{lanes} x i32> zeroinitializer"
        return self.code.pure(f"shufflevector {kind} {first}, {kind} poison, {zeros}")

    def binary(self, op: type[ast.operator], a: Value, b: Value) -> Value:
        """a op b."""
        if isinstance(a, Index) and isinstance(b, Index) and op is not ast.Div:
            return self.whole(op, a, b)
        a, b = _known(a), _known(b)
        if isinstance(a, float) and isinstance(b, float) and not (op is ast.Div and b == 0):
            return _KNOWN[op](a, b)
        if op is ast.Div and isinstance(b, float) and abs(math.frexp(b)[0]) == 0.5 <= abs(b):
            op, b = ast.Mult, 1 / b  # as exact, and quicker
        lanes = max(lanes_of(a), lanes_of(b))
        return self.real(f"{_OPERATION[op]} contract", lanes, a, b)

    def real(self, operation: str, lanes: int, *values: Value) -> Real:
        """An instruction whose operands and result are all of one type."""
        operands = ", ".join(self.text(value, lanes) for value in values)
        return Real(self.code.pure(f"{operation} {self.kind(lanes)} {operands}"), lanes)

    def whole(self, op: type[ast.operator], a: Index, b: Index) -> Index:
        """Whole numbers, none below zero."""
        match op():
            case ast.Add():
                return a.plus(b)
            case ast.Sub():
                return a.plus(b, -1)
            case ast.Mult() if not a.parts or not b.parts:
                return b.times(a.constant) if not a.parts else a.times(b.constant)
            case ast.FloorDiv() | ast.Mod() if not b.parts:
                return self.code.divided(a, b.constant)[op is ast.Mod]
            case ast.Mult():
                text = f"mul nsw i64 {self.code.whole(a)}, {self.code.whole(b)}"
                return Index(0, ((self.code.pure(text), 1),))
        raise AssertionError(op)

    def negative(self, a: Value) -> Value:
        """-a"""
        if isinstance(a, Index):
            return a.times(-1)
        return -a if isinstance(a, float) else self.real("fneg", lanes_of(a), a)

    def compare(self, op: type[ast.cmpop], a: Value, b: Value) -> Truth:
        """a op b; false for NaN, except that it differs from everything."""
        if isinstance(a, Index) and isinstance(b, Index):
            text = f"icmp {_WHOLE[op]} i64 {self.code.whole(a)}, {self.code.whole(b)}"
            return Truth(self.code.pure(text), 1)
        lanes = max(lanes_of(a), lanes_of(b))
        return Truth(self.real(f"fcmp {_REAL[op]}", lanes, a, b).text, lanes)

    def connect(self, word: str, *values: Value) -> Truth:
        """One of LLVM's and, or, xor."""
        lanes = max(map(lanes_of, values))
        first, *others = (self.text(value, lanes) for value in values)
        for other in others:
            first = self.code.pure(f"{word} {vector_type('i1', lanes)} {first}, {other}")
        return Truth(first, lanes)

    def negation(self, a: Value) -> Truth:
        """not a"""
        return self.connect("xor", a, Truth("true", 1))

    def select(self, test: Value, a: Value, b: Value) -> Value:
        """a if test else b, both computed."""
        lanes = max(map(lanes_of, (test, a, b)))
        if isinstance(test, Truth) and test.lanes == 1:
            chosen = f"select i1 {test.text}"
        else:
            chosen = f"select {vector_type('i1', lanes)} {self.text(test, lanes)}"
        both = ", ".join(f"{self.kind(lanes)} {self.text(v, lanes)}" for v in (a, b))
        return Real(self.code.pure(f"{chosen}, {both}"), lanes)

    def power(self, a: Value, b: Value) -> Value:
        """a ** b: small whole powers by products, a root by the machine, others by the library."""
        exponent = _known(b)
        if isinstance(exponent, float):
            if exponent in range(1, _LARGEST_POWER + 1):
                square = self.binary(ast.Mult, a, a) if exponent > 1 else a
                other = square if exponent == _LARGEST_POWER else a
                return self.binary(ast.Mult, square, other) if exponent > 2 else square
            if exponent in (-1, -2):
                inverse = self.binary(ast.Div, 1.0, a)
                return self.binary(ast.Mult, inverse, inverse) if exponent == -2 else inverse
            if abs(exponent) in (0.5, 1.5):  # pow gives 0.0 for -0.0, and inf for -inf
                root: Value = self.own("sqrt", self.binary(ast.Add, a, 0.0))
                root = self.select(self.compare(ast.Eq, a, -math.inf), math.inf, root)
                root = root if exponent > 0 else self.binary(ast.Div, 1.0, root)
                above = ast.Mult if exponent > 0 else ast.Div
                return (
                    self.binary(above, root, self.own("fabs", a)) if exponent % 1.5 == 0 else root
                )
        return self.library("pow", a, b)

    def own(self, name: str, value: Value) -> Real:
        """A function that LLVM has itself."""
        lanes = lanes_of(value)
        full = f"llvm.{name}.{suffix(self.scalar, lanes)}"
        return Real(self.code.call(self.kind(lanes), full, self.text(value, lanes)), lanes)

    def library(self, name: str, *values: Value) -> Real:
        """A function of vector_math."""
        lanes = max(map(lanes_of, values))
        self.functions.add((name, lanes, self.dtype))
        full = f"gg.{name}.{suffix(self.scalar, lanes)}"
        texts = (self.text(value, lanes) for value in values)
        return Real(self.code.call(self.kind(lanes), full, *texts), lanes)

    def call(self, name: str, *values: Value) -> Value:
        """A function by the name that it has in a formula."""
        lanes = max(map(lanes_of, values))
        match name:
            case "float":
                return Real(self.text(values[0], 1), 1)
            case "isnan":
                return Truth(self.real("fcmp uno", lanes, values[0], values[0]).text, lanes)
            case "isfinite":
                return self.compare(ast.Lt, self.own("fabs", values[0]), math.inf)
            case "abs":
                return self.own("fabs", values[0])
            case "sqrt":
                return self.own("sqrt", values[0])
            case "pow":
                return self.power(*values)
            case "whole":
                inside = [self.compare(op, values[0], limit)
                          for op, limit in ((ast.GtE, 0.0), (ast.Lt, values[1]))]  # fmt: skip
                inside += [self.compare(ast.Eq, self.own("floor", values[0]), values[0])]
                return self.select(self.connect("and", *inside), values[0], math.nan)
            case "min":
                wholes = (self.code.whole(value) for value in values if isinstance(value, Index))
                return Index(0, ((self.code.call("i64", "llvm.smin.i64", *wholes), 1),))
        return self.library(name, *values)

    # ── lanes ────────────────────────────────────────────────────────────────────────────────

    def before(self, position: str, end: str, lanes: int) -> Truth:
        """In which lanes position + lane < end."""
        whole = WHOLE[self.scalar]
        if whole == "i32":
            position, end = (self.code.pure(f"trunc i64 {x} to i32") for x in (position, end))
        kind = vector_type(whole, lanes)
        steps = ", ".join(f"{whole} {k}" for k in range(lanes))
        at = self.code.pure(f"add {kind} {self.splat(whole, position, lanes)}, <{steps}>")
        return Truth(
            self.code.pure(f"icmp slt {kind} {at}, {self.splat(whole, end, lanes)}"), lanes
        )

    def shuffle(self, a: str, b: str, lanes: list[int]) -> str:
        """Lanes of two vectors, those of the second counted on from the first."""
        kind = self.kind(len(lanes))
        if lanes == list(range(len(lanes))):
            return a
        order = ", ".join(f"i32 {lane}" for lane in lanes)
        return self.code.pure(
            f"shufflevector {kind} {a}, {kind} {b}, <{len(lanes)} x i32> <{order}>"
        )

    def part(self, vector: str, lanes: int, first: int, count: int) -> str:
        """Some lanes of a vector, from the first on."""
        if count == lanes:
            return vector
        order = ", ".join(f"i32 {first + k}" for k in range(count))
        kind = self.kind(lanes)
        both = f"{kind} {vector}, {kind} poison"
        return self.code.pure(f"shufflevector {both}, <{count} x i32> <{order}>")

    def sums(self, vectors: list[str], lanes: int) -> str:
        """The sum of vector k in lane k; at most as many vectors as lanes.

        Each stage halves their number: lanes with an even number keep the first of a pair, the
        others the second, and what each lacks is added from its neighbour.
        """
        distance = 1
        while distance < lanes:
            pairs = [(v, vectors[min(k + 1, len(vectors) - 1)])
                     for k, v in enumerate(vectors) if k % 2 == 0]  # fmt: skip
            own = [k + (lanes if k & distance else 0) for k in range(lanes)]
            lent = [k ^ distance for k in own]
            vectors = [
                self.code.pure(
                    f"fadd {self.kind(lanes)} {self.shuffle(a, b, own) if a != b else a}, "
                    f"{self.shuffle(a, b, lent)}"
                )
                for a, b in pairs
            ]
            distance *= 2
        return vectors[0]

    def every(self, vectors: list[str], lanes: int, first: int) -> str:
        """Of numbers in vectors that follow each other, one in each lane: number `first`, and on
        in steps of how many vectors there are."""
        places = [divmod(first + len(vectors) * lane, lanes) for lane in range(lanes)]
        found, *others = vectors
        for k, vector in enumerate(others, 1):
            order = [
                lanes + within if at == k else within if k == 1 else lane
                for lane, (at, within) in enumerate(places)
            ]
            found = self.shuffle(found, vector, order)
        return found

    def transposed(self, vectors: list[str]) -> list[str]:
        """Lane j of vector i becomes lane i of vector j; as many vectors as lanes."""
        lanes = len(vectors)
        distance = 1
        while distance < lanes:
            keep = [k if not k & distance else k + lanes - distance for k in range(lanes)]
            swap = [k + distance if not k & distance else k + lanes for k in range(lanes)]
            made = list(vectors)
            for k in range(lanes):
                if not k & distance:
                    a, b = vectors[k], vectors[k + distance]
                    made[k], made[k + distance] = self.shuffle(a, b, keep), self.shuffle(a, b, swap)
            vectors = made
            distance *= 2
        return vectors


def lanes_of(value: Value) -> int:
    """1 for a single number."""
    return value.lanes if isinstance(value, Real | Truth) else 1


def _known(value: Value) -> Value:
    """A whole number that is known is a number like others."""
    return float(value.constant) if isinstance(value, Index) and not value.parts else value
