"""Languages that formulas are written in: for each, one table of its constructs.

A row says how tightly a construct binds and how it is written. ``{0:7}`` is its first operand, in
brackets where that binds less tightly than 7; an operand without a number needs none.
"""

from __future__ import annotations

import ast
from typing import TypeAlias

from .atoms import ATOMS

__all__ = ["LANGUAGES", "OPERATORS", "WHOLE", "Language"]

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.USub: "neg", ast.Not: "not", ast.And: "and", ast.Or: "or",
}  # fmt: skip

Language: TypeAlias = dict[str, tuple[int, str]]

WHOLE = 12  # what is a word or carries its own brackets

_ON_VALUES: Language = {
    "if": (1, "{1:2} if {0:2} else {2:1}"),
    "or": (2, "{0:2} or {1:3}"),
    "and": (3, "{0:3} and {1:4}"),
    "not": (4, "not {0:4}"),
    **{sign: (5, f"{{0:6}} {sign} {{1:6}}") for sign in ("<", "<=", ">", ">=")},
    **{sign: (5, f"_number({{0}}) {sign} _number({{1}})") for sign in ("==", "!=")},
    "+": (8, "{0:8} + {1:8}"),
    "-": (8, "{0:8} - {1:9}"),
    "*": (9, "{0:9} * {1:9}"),
    "/": (9, "{0:9} / {1:10}"),
    "neg": (10, "-{0:10}"),
    "**": (11, "{0:12} ** {1:11}"),
    **{name: (WHOLE, f"{name}({{0}})") for name in ATOMS},
}
_PYTHON = _ON_VALUES | {sign: (5, f"{{0:6}} {sign} {{1:6}}") for sign in ("==", "!=")}
_NUMPY = (
    _PYTHON
    | {
        "if": (WHOLE, "np.where({0}, {1}, {2})"),
        "or": (6, "{0:6} | {1:7}"),
        "and": (7, "{0:7} & {1:8}"),
        "not": (10, "~{0:12}"),
    }
    | {name: (WHOLE, f"{atom.numpy}({{0}})") for name, atom in ATOMS.items()}
    | {"sum": (WHOLE, "{0:12}.sum(axis=-1)")}
)
_IN_BRACES = {  # what C and JavaScript have in common
    "if": (1, "{0:2} ? {1:2} : {2:1}"),
    "or": (2, "{0:2} || {1:3}"),
    "and": (3, "{0:3} && {1:4}"),
    "not": (10, "!{0:12}"),
}
_JAVASCRIPT = (
    _PYTHON
    | _IN_BRACES
    | {
        "==": (5, "{0:6} === {1:6}"),
        "!=": (5, "{0:6} !== {1:6}"),
        "**": (WHOLE, "Math.pow({0}, {1})"),
        "//": (WHOLE, "Math.floor({0:9} / {1:10})"),
        "len": (WHOLE, "{0:12}.length"),
        "int": (WHOLE, "{0:12}"),
        "%": (8, "{0:9} % {1:10}"),  # 2 * (i % 6) keeps its brackets
    }
    | {name: (WHOLE, f"{atom.javascript}({{0}})") for name, atom in ATOMS.items()}
    | {"sum": (WHOLE, "{0}.reduce((s, t) => s + t, 0)")}
)
_C = (
    _PYTHON
    | _IN_BRACES
    | {
        "**": (WHOLE, "pow({0}, {1})"),
        "//": (8, "{0:9} / {1:10}"),
        "%": (8, "{0:9} % {1:10}"),
        "abs": (WHOLE, "fabs({0})"),
        "int": (10, "(int){0:12}"),
    }
)
_LATEX = (
    _PYTHON
    | {
        "or": (2, r"{0:2} \text{{ or }} {1:3}"),
        "and": (3, r"{0:3} \text{{ and }} {1:4}"),
        "not": (10, r"\lnot {0:12}"),
        "<=": (5, r"{0:6} \le {1:6}"),
        ">=": (5, r"{0:6} \ge {1:6}"),
        "==": (5, "{0:6} = {1:6}"),
        "!=": (5, r"{0:6} \ne {1:6}"),
        "*": (9, r"{0:9} \cdot {1:9}"),
        "/": (11, r"\frac{{{0}}}{{{1}}}"),
        "**": (11, "{0:12}^{{{1}}}"),
    }
    | {name: (WHOLE, rf"\mathrm{{{{{name}}}}}\left({{0}}\right)") for name in ATOMS}
    | {name: (10, rf"\{name} {{0:12}}") for name in ("sin", "cos", "tanh")}
    | {
        "exp": (11, "e^{{{0}}}"),
        "log": (10, r"\ln {0:12}"),
        "log1p": (WHOLE, r"\ln(1 + {0})"),
        "sqrt": (WHOLE, r"\sqrt{{{0}}}"),
        "abs": (WHOLE, r"\left|{0}\right|"),
        "sigmoid": (WHOLE, r"\sigma\left({0}\right)"),
        "logsumexp": (WHOLE, r"\ln \sum_i e^{{{0}}}"),
        "sum": (10, r"\sum_i {0:9}"),
        "isnan": (WHOLE, r"{0:12}\text{{ is NaN}}"),
    }
)

_BLACKBOARD = _PYTHON | {
    "if": (1, "{1:2} if {0:2}, else {2:1}"),
    "<=": (5, "{0:6} ≤ {1:6}"),
    ">=": (5, "{0:6} ≥ {1:6}"),
    "==": (5, "{0:6} = {1:6}"),
    "!=": (5, "{0:6} ≠ {1:6}"),
    "-": (8, "{0:8} − {1:9}"),
    "*": (9, "{0:9}·{1:9}"),
    "neg": (10, "−{0:10}"),
    "**": (11, "{0:12}^{1:12}"),
    "log": (WHOLE, "ln({0})"),
    "log1p": (WHOLE, "ln(1 + {0:8})"),
    "sqrt": (10, "√{0:12}"),
    "abs": (WHOLE, "|{0}|"),
    "sigmoid": (WHOLE, "σ({0})"),
    "sum": (9, "Σ {0:9}"),
    "isnan": (5, "{0:6} is NaN"),
}

LANGUAGES = {
    "python": _PYTHON,
    "on_values": _ON_VALUES,
    "numpy": _NUMPY,
    "javascript": _JAVASCRIPT,
    "c": _C,
    "latex": _LATEX,
    "blackboard": _BLACKBOARD,
}
