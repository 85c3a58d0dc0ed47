"""Many steps of an optimiser as plain loops, beside those of a program's gradient.

An optimiser's rule is a function of arrays, ``rule(theta, gradient, state, rate, step,
settings)``, written for NumPy: arithmetic element by element, ``theta -= ...`` and ``v[:] = ...``
in place, names for rows of `state` and for numbers of `settings`, and `if` about such numbers.
Here its array statements become loops over the elements. What a rule does beyond that is
`Unsupported`, and Python takes its steps one by one.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from ...formula.atoms import ATOMS
from ..ir import Function
from ..kept.texts import loops_text
from .backends import Unsupported
from .elements import name_of, plus, times

Rule: TypeAlias = Callable[[Any, Any, Any, float, int, Any], None]

_FUNCTIONS = {name for name, atom in ATOMS.items() if atom.numpy == f"np.{name}"}


def descent_source(function: Function, rule: Rule) -> tuple[str, int, int]:
    """The text, and how many rows of `state` and numbers of `settings` the rule looks at.

    The text is that of a module with `gradient`, and with `descend`, whose arguments are lists,
    and numbers of the kinds that are written behind them."""
    inputs = {name_of(array): array.size for array in function.inputs}
    count = function.theta_size
    parts = ", ".join(f"{name}[:{times(size, 'n')}]" for name, size in inputs.items())
    copies = [
        f"                    {name}[{plus(times(size, 'b'), 'p')}] = "
        f"{name}_all[{plus(times(size, 'order[t * size + b]'), 'p')}]"
        for name, size in inputs.items()
    ]
    loops = [f"                for p in range({size}):" for size in inputs.values()]
    moving = _Rule(rule, count)
    text = f"""{loops_text(function)}

def descend(theta, {", ".join(inputs)}, grad, {", ".join(f"{name}_all" for name in inputs)}, \
order: list[int], state, rates, settings, costs, size: int, examples: int, steps: int, step: int, \
scale: int, picked: int, l2: float):
    for t in range(steps):
        n = min(size, examples - t * size)
        if picked:
            for b in range(n):
{chr(10).join(line for pair in zip(loops, copies, strict=True) for line in pair)}
        costs[t] = gradient(theta, {parts}, grad)
        if scale:
            costs[t] *= n
            for p in range({count}):
                grad[p] *= n
        if l2 != 0.0:
            squares = 0.0
            for p in range({count}):
                squares += theta[p] * theta[p]
                grad[p] += 2.0 * l2 * theta[p]
            costs[t] += l2 * squares
        if not isfinite(costs[t]):
            return t
{textwrap.indent(chr(10).join(moving.lines), " " * 8)}
    return steps
"""
    return text, moving.memory, moving.given


def step_source(function: Function, rule: Rule, settings: Sequence[float]) -> tuple[str, int]:
    """The text of a function `train` that makes one step of the rule, for a module with `gradient`,
    and how many numbers its state has.

    It takes what `gradient` does, and those of state, rate and step that the rule looks at."""
    moving = _Rule(rule, function.theta_size, "rate", "step")
    body = textwrap.indent("\n".join(moving.lines), "    ")
    inputs = ", ".join(name_of(array) for array in function.inputs)
    arguments = f"theta, {inputs}, grad"
    arguments += ", state" * (moving.memory > 0) + ", rate: float"
    arguments += ", step: int" * bool(re.search(r"\bstep\b", body))
    first = function.inputs[0]
    given = [float(number) for number in settings[: moving.given]]
    text = f"""{f"settings = {given}" if given else ""}

def train({arguments}):
    E = len({name_of(first)}){f" // {first.size}" if first.size != 1 else ""}
    J = gradient(theta, {inputs}, grad)
{body}
    return J
"""
    return text, moving.memory * function.theta_size


class _Rule:
    """Writes a rule's statements; those about arrays wait until a loop can take them all.

    `rate_is` and `step_is` are what the rate and the step's number are called there.
    """

    def __init__(
        self, rule: Rule, count: int, rate_is: str = "rates[t]", step_is: str = "(step + t)"
    ) -> None:
        self.count = count
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(rule))).body[0]
        except (OSError, TypeError, SyntaxError) as error:
            raise Unsupported(f"the source of {rule!r} is not at hand: {error}") from None
        if not isinstance(tree, ast.FunctionDef) or len(tree.args.args) != 6:
            raise Unsupported(f"{rule!r} is not a function of six arguments")
        theta, gradient, state, rate, step, settings = (a.arg for a in tree.args.args)
        # a name of the rule -> the array, and where in it the row begins
        self.rows: dict[str, tuple[str, int]] = {theta: ("theta", 0), gradient: ("grad", 0)}
        self.state, self.settings = state, settings
        self.numbers = {rate: rate_is, step: step_is}
        self.memory = self.given = 0  # how much of both it looks at
        self.waiting: list[str] = []
        self.arrays: set[str] = set()  # names for arrays, in the loop that is waiting
        self.lines: list[str] = []
        self.block(tree.body)

    def block(self, body: Sequence[ast.stmt], indent: str = "") -> None:
        known = dict(self.rows), dict(self.numbers)
        for statement in body:
            self.statement(statement, indent)
        self.flush(indent)
        if indent:
            self.rows, self.numbers = known

    def flush(self, indent: str) -> None:
        """Write the loop over what has been waiting."""
        if self.waiting:
            self.lines.append(f"{indent}for p in range({self.count}):")
            self.lines += [f"{indent}    {line}" for line in self.waiting]
        self.waiting, self.arrays = [], set()

    def statement(self, statement: ast.stmt, indent: str) -> None:
        match statement:
            case ast.Expr(ast.Constant()) | ast.Pass():
                pass
            case ast.Assign(targets=[ast.Tuple(names)], value=ast.Tuple(values)):
                for name, value in zip(names, values, strict=True):
                    self.statement(ast.Assign([name], value), indent)
            case ast.Assign(
                targets=[ast.Name(name)],
                value=ast.Subscript(ast.Name(array), ast.Constant(int(row))),
            ) if array == self.state and row >= 0:
                self.rows[name] = "state", row * self.count
                self.memory = max(self.memory, row + 1)
            case ast.Assign(targets=[ast.Name(name)], value=value):
                if self.is_array(value):
                    self.waiting.append(f"{name}_each = {self.text(value)}")
                    self.arrays.add(name)
                else:
                    self.lines.append(f"{indent}{name}_ = {self.text(value)}")
                    self.numbers[name] = f"{name}_"
            case ast.Assign(targets=[ast.Subscript() as target], value=value):
                self.waiting.append(f"{self.target(target)} = {self.text(value)}")
            case ast.AugAssign(target=target, op=op, value=value):
                new = self.text(ast.BinOp(_whole(target), op, value))
                self.waiting.append(f"{self.target(target)} = {new}")
            case ast.If(test=test, body=body, orelse=orelse):
                self.flush(indent)
                for condition, part in (
                    (self.text(test), body),
                    (f"not ({self.text(test)})", orelse),
                ):
                    if part:
                        before = len(self.lines)
                        self.block(part, f"{indent}    ")
                        if len(self.lines) > before:
                            self.lines.insert(before, f"{indent}if {condition}:")
            case _:
                raise self.refusal(statement)

    def target(self, node: ast.expr) -> str:
        """An array that the rule moves: one that it was given, or a row of the state."""
        match _whole(node):
            case ast.Name(name) if name in self.rows:
                return self.text(_whole(node))
            case ast.Subscript(ast.Name(name)) if name == self.state:
                return self.text(_whole(node))
        raise self.refusal(node)

    def is_array(self, node: ast.expr) -> bool:
        """Does it have an element for each parameter?"""
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        return not names.isdisjoint({*self.rows, *self.arrays, self.state})

    def text(self, node: ast.expr) -> str:
        """The expression for one element, p."""
        match node:
            case ast.Constant(int() | float()):
                return ast.unparse(node)
            case ast.Name(name) if name in self.arrays:
                return f"{name}_each"
            case ast.Name(name) if name in self.rows:
                array, first = self.rows[name]
                return f"{array}[{plus(str(first), 'p')}]"
            case ast.Name(name) if name in self.numbers:
                return self.numbers[name]
            case ast.Subscript(ast.Name(name), ast.Constant(int(k))) if (
                name == self.state and k >= 0
            ):
                self.memory = max(self.memory, k + 1)
                return f"state[{plus(str(k * self.count), 'p')}]"
            case ast.Subscript(ast.Name(name), ast.Constant(int(k))) if (
                name == self.settings and k >= 0
            ):
                self.given = max(self.given, k + 1)
                return f"settings[{k}]"
            case ast.UnaryOp(ast.USub(), a):
                return f"(-{self.text(a)})"
            case ast.UnaryOp(ast.Not(), a):
                return f"(not {self.text(a)})"
            case ast.BinOp(a, ast.Pow(), b):
                return f"pow({self.text(a)}, {self.text(b)})"
            case ast.BinOp(a, (ast.Add() | ast.Sub() | ast.Mult() | ast.Div()) as op, b):
                both = ast.BinOp(self.inner(a), op, self.inner(b))
                return f"({ast.unparse(both)})"
            case ast.Compare(a, [op], [b]):
                return f"({ast.unparse(ast.Compare(self.inner(a), [op], [self.inner(b)]))})"
            case ast.Call(ast.Attribute(ast.Name("np" | "math"), name) | ast.Name(name), [a]) if (
                name in _FUNCTIONS
            ):
                return f"{name}({self.text(a)})"
            case ast.Call(ast.Attribute(ast.Name("np"), "maximum" | "minimum" as name), [a, b]):
                left, right = self.text(a), self.text(b)
                sign = ">" if name == "maximum" else "<"
                return f"({left} if {left} {sign} {right} else {right})"
            case ast.Call(ast.Attribute(ast.Name("np"), "where"), [test, a, b]):
                return f"({self.text(a)} if {self.text(test)} else {self.text(b)})"
        raise self.refusal(node)

    def inner(self, node: ast.expr) -> ast.expr:
        """The expression for one element, as a part of another."""
        return ast.Name(self.text(node))

    def refusal(self, node: ast.AST) -> Unsupported:
        return Unsupported(f"{ast.unparse(node)!r} in a rule is not compiled")


def _whole(node: ast.expr) -> ast.expr:
    """An array without the ``[:]`` that says that all of it is meant."""
    match node:
        case ast.Subscript(array, ast.Slice(None, None, None)):
            return array
    return node
