"""How Python calls machine code: without ctypes, which takes a microsecond for each array.

An entry is a function of the module itself, written in LLVM like the rest, with the signature
that Python's interpreter calls fastest: an array of objects and their number. What it uses of
Python's C interface is the stable part.

>>> from autodiff.compiler.llvm.machine import assemble
>>> text = "define double @twice(double %x) { %y = fadd double %x, %x  ret double %y }"
>>> Entry(assemble(text + entry("twice", "double", ["double"])), "twice").call(21.0)
42.0
"""

from __future__ import annotations

import ctypes
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

from .builder import Builder, Vector
from .machine import Loaded

_PYTHON: Final = {
    "PyBool_FromLong": "ptr (i64)",
    "PyErr_BadInternalCall": "void ()",
    "PyEval_RestoreThread": "void (ptr)",
    "PyEval_SaveThread": "ptr ()",
    "PyFloat_AsDouble": "double (ptr)",
    "PyFloat_FromDouble": "ptr (double)",
    "PyLong_AsLongLong": "i64 (ptr)",
    "PyLong_FromLongLong": "ptr (i64)",
}
# Where NumPy's arrays have, behind what every object has, the address of their numbers, that of
# their shape, and flags, the first of which says that the numbers lie in order without gaps.
HEAD: Final = object.__basicsize__
_NUMBERS, _SHAPE, _FLAGS = HEAD, HEAD + 16, HEAD + 48
_POINTER: Final = ctypes.sizeof(ctypes.c_void_p)
_FASTCALL: Final = 0x80


class _Method(ctypes.Structure):
    """PyMethodDef"""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


def entry(name: str, result: str, kinds: Sequence[str]) -> str:
    """The text of `call_<name>`, by which Python calls `name` of the same module.

    result  "double", "float", "i64" or "void"
    kinds   of the parameters: "array" is an array of NumPy, passed on as the address of its
            numbers; "i64", "double", "float" and "ptr" are a number or an address; "rows" is not
            given but the length of the second array

    Unless all arrays are contiguous nothing runs, and the answer is False. Python's lock is
    released meanwhile.
    """
    code = Builder(1)

    def load(type_: str, base: Vector, offset: int) -> Vector:
        at = code.emit(f"getelementptr i8, ptr {base}, i64 {offset}", "ptr")
        return code.emit(f"load {type_}, ptr {at}", type_)

    def python(function: str, *given: Vector) -> Vector:
        type_ = _PYTHON[function].partition(" ")[0]
        arguments = ", ".join(f"{value.type} {value}" for value in given)
        return code.emit(f"call {type_} @{function}({arguments})", type_)

    parameters = [kind for kind in kinds if kind != "rows"]
    enough = code.argument("count", "i64").equals(len(parameters))
    code.text += [f"  br i1 {enough}, label %look, label %wrong", "wrong:"]
    code.text += ["  call void @PyErr_BadInternalCall()", "  ret ptr null", "look:"]
    given = [
        load("ptr", code.argument("given", "ptr"), k * _POINTER) for k in range(len(parameters))
    ]
    arrays = [a for a, kind in zip(given, parameters, strict=True) if kind == "array"]
    flags = [load("i32", a, _FLAGS) for a in arrays]
    whole = functools.reduce(operator.and_, flags, code.constant(1, "i32"))
    code.text += [f"  br i1 {whole.converted('trunc', 'i1')}, label %run, label %scattered"]
    code.text += ["scattered:"]
    code.text += [f"  ret ptr {python('PyBool_FromLong', code.constant(0, 'i64'))}", "run:"]
    values = iter(given)
    passed = []
    for kind in kinds:
        if kind == "rows":
            passed.append(load("i64", load("ptr", arrays[1], _SHAPE), 0))
        elif kind == "array":
            passed.append(load("ptr", next(values), _NUMBERS))
        elif kind in ("double", "float"):
            real = python("PyFloat_AsDouble", next(values))
            passed.append(real.converted("fptrunc", kind) if kind == "float" else real)
        else:
            number = python("PyLong_AsLongLong", next(values))
            passed.append(number.converted("inttoptr", "ptr") if kind == "ptr" else number)
    thread = python("PyEval_SaveThread")
    arguments = ", ".join(f"{value.type} {value}" for value in passed)
    call = f"call {result} @{name}({arguments})"
    value = code.constant(0, "i64")
    if result == "void":
        code.text += [f"  {call}"]
    else:
        value = code.emit(call, result)
    code.text += [f"  call void @PyEval_RestoreThread(ptr {thread})"]
    value = value.converted("fpext", "double") if result == "float" else value
    answer = python("PyLong_FromLongLong" if value.scalar == "i64" else "PyFloat_FromDouble", value)
    declared = [f"declare {signature.replace(' ', f' @{function}')}"
                for function, signature in _PYTHON.items()]  # fmt: skip
    head = f"define ptr @call_{name}(ptr %self, ptr %given, i64 %count) {{"
    return "\n".join([*declared, head, *code.text, f"  ret ptr {answer}", "}", ""])


class Entry(Loaded):
    """Machine code in memory with `call_<name>` as a function of Python, `call`."""

    def __init__(self, code: bytes, name: str) -> None:
        used = {name: _address(getattr(ctypes.pythonapi, name)) for name in _PYTHON}
        super().__init__(code, f"call_{name}", used)
        self._method = _Method(name.encode(), self.address, _FASTCALL, None)

    @property
    def call(self) -> Callable[..., Any]:
        """The function; it keeps the code in memory."""
        kind = ctypes.PYFUNCTYPE(
            ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p
        )
        make = kind(("PyCFunction_NewEx", ctypes.pythonapi))
        return make(ctypes.addressof(self._method), self, None)  # type: ignore[no-any-return]


def _address(function: Any) -> int:
    return ctypes.cast(function, ctypes.c_void_p).value or 0
