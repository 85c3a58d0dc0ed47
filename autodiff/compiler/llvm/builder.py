"""LLVM instructions as text, written by Python expressions.

>>> code = Builder(lanes=4)
>>> x = code.argument("x")
>>> y = (x < 0).select(0.0, x * x + 1)
>>> print(code.function("@positive_square", [x], y))
define internal <4 x double> @positive_square(<4 x double> %x) {
  %v1 = fcmp olt <4 x double> %x, splat (double 0x0000000000000000)
  %v2 = fmul <4 x double> %x, %x
  %v3 = fadd <4 x double> %v2, splat (double 0x3FF0000000000000)
  %v4 = select <4 x i1> %v1, <4 x double> splat (double 0x0000000000000000), <4 x double> %v3
  ret <4 x double> %v4
}
<BLANKLINE>
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final

REAL: Final = {"float64": "double", "float32": "float"}
WHOLE: Final = {"double": "i64", "float": "i32"}  # of the same width
_SUFFIX: Final = {"double": "f64", "float": "f32"}


def vector_type(scalar: str, lanes: int) -> str:
    """`scalar` in so many lanes; one lane is the scalar itself.

    >>> vector_type("double", 8), vector_type("i64", 1)
    ('<8 x double>', 'i64')
    """
    return f"<{lanes} x {scalar}>" if lanes > 1 else scalar


def suffix(scalar: str, lanes: int) -> str:
    """What follows the name of a function over such vectors, LLVM's own and ours.

    >>> suffix("double", 8), suffix("float", 1)
    ('v8f64', 'f32')
    """
    return (f"v{lanes}" if lanes > 1 else "") + _SUFFIX.get(scalar, scalar)


def literal(number: float, scalar: str) -> str:
    """A number as LLVM writes it: whole, or the bits of a double, also for a float."""
    if scalar.startswith("i"):
        return str(int(number))
    if scalar == "float":  # LLVM refuses bits that a float has no room for
        (number,) = struct.unpack("<f", struct.pack("<f", number))
    return f"0x{bits_of(number):016X}"


def bits_of(number: float) -> int:
    """The 64 bits of a double as a whole number.

    >>> hex(bits_of(1.0))
    '0x3ff0000000000000'
    """
    return int.from_bytes(struct.pack(">d", number))


class Builder:
    """Collects the instructions of one function over vectors of so many lanes.

    text  the instructions so far, a line each
    """

    def __init__(self, lanes: int, dtype: str = "float64") -> None:
        self.lanes = lanes
        self.scalar = REAL[dtype]
        self.text: list[str] = []
        self._made = 0

    def argument(self, name: str, scalar: str | None = None) -> Vector:
        """An argument of the function, or any value that has a name already."""
        return Vector(self, f"%{name}", scalar or self.scalar)

    def constant(self, number: float, scalar: str | None = None) -> Vector:
        """The same number in every lane."""
        scalar = scalar or self.scalar
        text = literal(number, scalar)
        return Vector(self, f"splat ({scalar} {text})" if self.lanes > 1 else text, scalar)

    def emit(self, instruction: str, scalar: str | None = None) -> Vector:
        """Append an instruction and name its result, whose lanes are of the type `scalar`."""
        self._made += 1
        self.text.append(f"  %v{self._made} = {instruction}")
        return Vector(self, f"%v{self._made}", scalar or self.scalar)

    def call(self, name: str, first: Vector, *others: Vector | float) -> Vector:
        """A function over vectors of one kind, named without the suffix of its type."""
        given = [first, *(first.like(other) for other in others)]
        arguments = ", ".join(f"{value.type} {value}" for value in given)
        end = suffix(first.scalar, self.lanes)
        return self.emit(f"call {first.type} @{name}.{end}({arguments})", first.scalar)

    def function(
        self, name: str, arguments: Iterable[Vector], result: Vector, attributes: str = ""
    ) -> str:
        """The whole function, for this module alone."""
        given = ", ".join(f"{value.type} {value}" for value in arguments)
        head = f"define internal {result.type} {name}({given}) {attributes}{{"
        return "\n".join([head, *self.text, f"  ret {result.type} {result}", "}", ""])


class Vector:
    """A value in all lanes: real numbers, whole numbers, or the answers of a comparison.

    The operators of Python append the instruction that does the same; a plain number stands for
    itself in every lane. Comparisons are false for NaN.
    """

    def __init__(self, builder: Builder, text: str, scalar: str) -> None:
        self.builder = builder
        self.text = text
        self.scalar = scalar

    def __str__(self) -> str:
        return self.text

    @property
    def type(self) -> str:
        """The type as LLVM writes it."""
        return vector_type(self.scalar, self.builder.lanes)

    def like(self, other: Vector | float) -> Vector:
        """`other` as a value of the same kind."""
        return other if isinstance(other, Vector) else self.builder.constant(other, self.scalar)

    # ── arithmetic ───────────────────────────────────────────────────────────────────────────

    def _binary(self, real: str, whole: str, left: Vector | float, right: Vector | float) -> Vector:
        operation = real if self.scalar in WHOLE else whole
        text = f"{operation} {self.type} {self.like(left)}, {self.like(right)}"
        return self.builder.emit(text, self.scalar)

    def __add__(self, other: Vector | float) -> Vector:
        return self._binary("fadd", "add", self, other)

    def __sub__(self, other: Vector | float) -> Vector:
        return self._binary("fsub", "sub", self, other)

    def __rsub__(self, other: float) -> Vector:
        return self._binary("fsub", "sub", other, self)

    def __mul__(self, other: Vector | float) -> Vector:
        return self._binary("fmul", "mul", self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __truediv__(self, other: Vector | float) -> Vector:
        return self._binary("fdiv", "sdiv", self, other)

    def __rtruediv__(self, other: float) -> Vector:
        return self._binary("fdiv", "sdiv", other, self)

    def __neg__(self) -> Vector:
        return self.builder.emit(f"fneg {self.type} {self}", self.scalar)

    def times_plus(self, factor: Vector | float, term: Vector | float) -> Vector:
        """self · factor + term, rounded once where the machine does that, else twice."""
        return self.builder.call("llvm.fmuladd", self, factor, term)

    def __abs__(self) -> Vector:
        return self.builder.call("llvm.fabs", self)

    def sqrt(self) -> Vector:
        """The square root, correctly rounded."""
        return self.builder.call("llvm.sqrt", self)

    def with_sign_of(self, other: Vector) -> Vector:
        """The absolute value, with the sign of `other`."""
        return self.builder.call("llvm.copysign", self, other)

    # ── whole numbers and bits ───────────────────────────────────────────────────────────────

    def __and__(self, other: Vector | int) -> Vector:
        return self._binary("", "and", self, other)

    def __or__(self, other: Vector | int) -> Vector:
        return self._binary("", "or", self, other)

    def __xor__(self, other: Vector | int) -> Vector:
        return self._binary("", "xor", self, other)

    def __lshift__(self, places: Vector | int) -> Vector:
        return self._binary("", "shl", self, places)

    def __rshift__(self, places: Vector | int) -> Vector:
        """Zeros come in from the left, whatever the sign."""
        return self._binary("", "lshr", self, places)

    def bits(self) -> Vector:
        """The bits of real numbers as whole numbers."""
        return self.converted("bitcast", WHOLE[self.scalar])

    def real(self) -> Vector:
        """Real numbers with these bits."""
        return self.converted("bitcast", {"i64": "double", "i32": "float"}[self.scalar])

    def converted(self, operation: str, scalar: str) -> Vector:
        """LLVM's bitcast, fpext, fptrunc, zext ... to lanes of another type."""
        to = vector_type(scalar, self.builder.lanes)
        return self.builder.emit(f"{operation} {self.type} {self} to {to}", scalar)

    # ── comparisons ──────────────────────────────────────────────────────────────────────────

    def compared(self, real: str, whole: str, other: Vector | float) -> Vector:
        """One of LLVM's conditions, of fcmp for real and of icmp for whole numbers."""
        how = f"fcmp {real}" if self.scalar in WHOLE else f"icmp {whole}"
        return self.builder.emit(f"{how} {self.type} {self}, {self.like(other)}", "i1")

    def __lt__(self, other: Vector | float) -> Vector:
        return self.compared("olt", "slt", other)

    def __le__(self, other: Vector | float) -> Vector:
        return self.compared("ole", "sle", other)

    def __gt__(self, other: Vector | float) -> Vector:
        return self.compared("ogt", "sgt", other)

    def __ge__(self, other: Vector | float) -> Vector:
        return self.compared("oge", "sge", other)

    def equals(self, other: Vector | float) -> Vector:
        """Lane by lane; ``==`` would have to answer for the whole."""
        return self.compared("oeq", "eq", other)

    def select(self, then: Vector | float, otherwise: Vector | float) -> Vector:
        """`then` in the lanes where this answer is yes, `otherwise` in the others."""
        kind = next((v for v in (then, otherwise) if isinstance(v, Vector)), None)
        kind = kind or self.builder.constant(0.0)
        then, otherwise = kind.like(then), kind.like(otherwise)
        text = f"select {self.type} {self}, {kind.type} {then}, {kind.type} {otherwise}"
        return self.builder.emit(text, kind.scalar)
