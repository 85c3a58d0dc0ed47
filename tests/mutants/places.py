"""Where the code can be changed, and which of these places are drawn.

cosmic-ray says what can be changed and how. A place is drawn first and one of its changes then, so
that a product, of which eleven changes are known, does not stand for eleven of them. What cannot
change what the program does is left out: annotations, and what only a type checker reads.
"""

from __future__ import annotations

import ast
import random
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autodiff", "nn")


class Mutant(NamedTuple):
    """One change of one line: `operator` applied to its `occurrence`-th place in the module."""

    path: str
    line: int
    column: int
    operator: str
    arguments: tuple[tuple[str, object], ...]
    occurrence: int

    def source(self) -> str:
        """The module with the change."""
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        operator = get_operator(self.operator)(**dict(self.arguments))
        text = (ROOT / self.path).read_text(encoding="utf-8")
        changed = mutate_code(text, operator, self.occurrence)
        assert isinstance(changed, str), self
        return changed


def unread(tree: ast.Module) -> set[tuple[int, int]]:
    """Line and column of all that runs nowhere: annotations, `if TYPE_CHECKING`."""
    roots: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            roots.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            roots += [node.returns] if node.returns is not None else []
            for decorator in node.decorator_list:
                if "overload" in ast.unparse(decorator):
                    roots.append(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            roots.append(node)
    return {
        (line, column)
        for root in roots
        for node in ast.walk(root)
        if isinstance(node, ast.expr | ast.stmt)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for column in _columns(node, line)
    }


def _columns(node: ast.expr | ast.stmt, line: int) -> range:
    first = node.col_offset if line == node.lineno else 0
    last = (node.end_col_offset or 0) if line == node.end_lineno else 1000
    return range(first, last)


def mutants() -> dict[tuple[str, int, int], list[Mutant]]:
    """Every change that cosmic-ray knows, by its place."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    found: dict[tuple[str, int, int], list[Mutant]] = defaultdict(list)
    for path in sorted(p for package in PACKAGES for p in (ROOT / package).rglob("*.py")):
        name, text = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        hidden, nodes = unread(ast.parse(text)), list(ast_nodes(get_ast(text)))
        for operator_name in operator_names():
            kind = get_operator(operator_name)
            if kind.arguments():
                continue
            operator = kind()
            places = [start for node in nodes for start, _ in operator.mutation_positions(node)]
            for occurrence, (line, column) in enumerate(places):
                if (line, column) not in hidden:
                    mutant = Mutant(name, line, column, operator_name, (), occurrence)
                    found[name, line, column].append(mutant)
    return found


def sample(count: int, seed: int) -> list[Mutant]:
    """`count` mutants at different places."""
    known, chance = mutants(), random.Random(seed)
    places = chance.sample(sorted(known), min(count, len(known)))
    return [chance.choice(known[place]) for place in places]
