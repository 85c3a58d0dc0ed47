"""What the text of the loops says: which names a statement touches, how long a loop is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import lru_cache


def zeros(name: str, size: int) -> ast.For:
    """The loop that fills an array with zeros."""
    (loop,) = ast.parse(f"for p in range({size}):\n    {name}[p] = 0.0").body
    assert isinstance(loop, ast.For)
    return loop


def variable(statement: ast.stmt) -> str:
    """What a loop counts with."""
    match statement:
        case ast.For(target=ast.Name(name)):
            return name
    return ""


def range_of(loop: ast.For) -> list[ast.expr]:
    """What stands in the parentheses of range(...)."""
    assert isinstance(loop.iter, ast.Call)
    return loop.iter.args


def bounds(loop: ast.For) -> int | None:
    """How many turns it takes, if the text says so."""
    match range_of(loop):
        case [ast.Constant(int(size))]:
            return size
    return None


@lru_cache(maxsize=4096)
def nodes(statement: ast.stmt) -> tuple[ast.AST, ...]:
    """It and all that is inside."""
    found: list[ast.AST] = [statement]
    for child in ast.iter_child_nodes(statement):
        found += nodes(child) if isinstance(child, ast.stmt) else ast.walk(child)
    return tuple(found)


@lru_cache(maxsize=4096)
def stores(statement: ast.stmt, kind: type[ast.Assign] | type[ast.AugAssign]) -> frozenset[str]:
    """The arrays, and names, that are assigned or added to."""
    found = set()
    for node in nodes(statement):
        if isinstance(node, kind):
            target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
            target = target.value if isinstance(target, ast.Subscript) else target
            assert isinstance(target, ast.Name)
            found.add(target.id)
    return frozenset(found)


def written(body: Sequence[ast.stmt]) -> frozenset[str]:
    """The arrays, and names, that the statements may change."""
    return frozenset().union(*map(_writes, body))


@lru_cache(maxsize=4096)
def _writes(statement: ast.stmt) -> frozenset[str]:
    calls = any(isinstance(n, ast.Name) and n.id == "gradient" for n in nodes(statement))
    filled = {"grad"} if calls else set()
    return stores(statement, ast.Assign) | stores(statement, ast.AugAssign) | filled


def locals_of(body: Sequence[ast.stmt], both: bool = False) -> frozenset[str]:
    """Plain names that are assigned (or, with both, added to) in these statements."""
    return frozenset().union(*(_own(statement, both) for statement in body))


@lru_cache(maxsize=4096)
def _own(statement: ast.stmt, both: bool) -> frozenset[str]:
    found = set()
    for node in nodes(statement):
        match node:
            case ast.Assign(targets=[ast.Name(name)]):
                found.add(name)
            case ast.AugAssign(target=ast.Name(name)) if both:
                found.add(name)
    return frozenset(found)


def subscripted(body: Sequence[ast.stmt]) -> set[str]:
    """The arrays that the statements refer to."""
    return {
        n.value.id
        for statement in body
        for n in nodes(statement)
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
    }


def groups(body: Sequence[ast.stmt]) -> list[list[ast.stmt]]:
    """Statements side by side that share local names, with all that lies between such; and
    statements side by side that are no loops."""
    last: dict[str, int] = {}  # where a name occurs last
    for k, statement in enumerate(body):
        last |= {n.id: k for n in nodes(statement) if isinstance(n, ast.Name)}
    found: list[list[ast.stmt]] = []
    until = -1
    for k, statement in enumerate(body):
        loops = [isinstance(s, ast.For) for s in body[max(k - 1, 0) : k + 1]]
        if k <= until or (k and not any(loops)):
            found[-1].append(statement)
        else:
            found.append([statement])
        until = max([until, *(last[name] for name in locals_of([statement]))])
    return found


def short(loop: ast.For, count: int) -> bool:
    """Are the turns of an inner loop so few that they are written out?"""
    heavy = len(loop.body) > 1 or any(
        isinstance(n, ast.Call | ast.For) for s in loop.body for n in nodes(s)
    )
    return count <= (1 if heavy else 4)
