"""Languages that loops are written in: for each, one table of its statements.

Expressions have tables of their own, in `formula.languages`. A construct for whole numbers is
written as its row with "int" behind the name says, where there is one. Numbers in braces are put
in; what opens a block ends in a brace.
"""

from __future__ import annotations

from typing import Final, TypeAlias

__all__ = ["STATEMENTS", "Statements"]

Statements: TypeAlias = dict[str, str]

_C: Final[Statements] = {
    "head": "#include <math.h>\n\ntypedef {} real;\n",
    "comment": "/* {} */",
    "fills": "static void {}({}) {{",
    "gives": "static real {}({}) {{",
    "public": "real {}({}) {{",
    "array": "const real *{}",
    "array filled": "real *{}",
    "number": "real {}",
    "number int": "int {}",
    "count": "int {}",  # of examples: a parameter, since an array does not know its length
    "new": "real {} = {};",
    "new int": "int {} = {};",
    "later": "real {};",
    "zeros": "real {}[{}] = {{0}};",
    "table": "static const real {}[{}] = {{{}}};",
    "table int": "static const int {}[{}] = {{{}}};",
    "parameters": "real {}[{}] = {{{}}};",
    "for": "for (int {0} = {1}; {0} < {2}; {0}++) {{",
    "if": "if ({}) {{",
    "else": "}} else {{",
    "end": "}}",
    "return": "return {};",
    "set": "{} = {};",
    "change": "{} {}= {};",
    "whole": """\
/* The number of the row that x picks, of n; the nearest one if there is none. */
static int whole(real x, int n) {{
    return !(x >= 1) ? 0 : x >= n ? n - 1 : (int)x;
}}
""",
    "predict": """\
void predict({0}, real *out) {{
    outputs(parameters, {1}, out, 1);
}}
""",
}
_JAVASCRIPT: Final[Statements] = _C | {
    "head": "",
    "fills": "function {}({}) {{",
    "gives": "function {}({}) {{",
    "public": "export function {}({}) {{",
    "array": "{}",
    "array filled": "{}",
    "number": "{}",
    "number int": "{}",
    "count": "",
    "new": "let {} = {};",
    "new int": "const {} = {};",
    "later": "let {};",
    "zeros": "const {} = new Float64Array({});",
    "table": "const {0} = [{2}];",
    "table int": "const {0} = [{2}];",
    "parameters": "export const {0} = Float64Array.from([{2}]);",
    "for": "for (let {0} = {1}; {0} < {2}; {0}++) {{",
    "whole": """\
function whole(x, n) {{
    if (!(Number.isInteger(x) && x >= 0 && x < n)) {{
        throw new RangeError(`an example picks row ${{x}}; there are rows 0 to ${{n - 1}}`);
    }}
    return x;
}}
""",
    "predict": """\
function expect(name, x, length) {{
    if (x.length !== length) {{
        throw new RangeError(`${{name}} has ${{x.length}} numbers, expected ${{length}}`);
    }}
}}

export function predict({1}) {{
{3}    const out = new Float64Array({2});
    outputs(parameters, {1}, out);
    return out;
}}
""",
}

STATEMENTS: Final[dict[str, Statements]] = {"c": _C, "javascript": _JAVASCRIPT}

# Names that mean something in one of them, or are made by those who write files.
RESERVED: Final = frozenset(
    """
    auto break case catch char class const continue debugger default delete do double else enum
    export extends extern false finally float for function goto if implements import in inline
    instanceof int interface let long new null package private protected public register restrict
    return short signed sizeof static struct super switch this throw true try typedef typeof union
    unsigned var void volatile while with yield await async arguments eval undefined
    main real parameters predict expect train NaN Infinity NAN INFINITY Math Number Float64Array
    """.split()  # noqa: SIM905
)
