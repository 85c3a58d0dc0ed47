"""Rows picked by data: a one-hot row times a matrix of parameters is a look-up.

Σ_k (x = k) · W[k] is W[x]. The product costs as much as the table is large, and nobody would write
it; a look-up costs a copy, and its adjoint is added to the rows that were picked. Gates that find
x equal to no k give a row of zeros; a look-up refuses such an x.
"""

from __future__ import annotations

import ast

import numpy as np

from ..arrays.rolled import Fire, Step
from ..arrays.scalars import Roles
from ..ir import ROWS, Array, Assign, Expr, Lookup, Ref, Reshape, Table, Whole, reshape, transpose
from ..write.names import Names


def looked_up(steps: list[Step], names: Names, roles: Roles) -> list[Step]:
    """The steps, with look-ups where a one-hot row met a table of parameters."""
    one_hot: dict[Array, Expr] = {}  # such an array -> which of its elements are 1
    places: dict[Array, Array] = {}  # the same as whole numbers
    result: list[Step] = []
    for step in steps:
        if isinstance(step, Fire):
            if (chosen := _chosen(step)) is not None:
                one_hot[step.out] = chosen
            for rows, table in _factors(step, roles):
                ref = rows.array if isinstance(rows, Reshape) else rows
                if not isinstance(ref, Ref) or ref.shape[-1] != rows.shape[-1]:
                    continue
                hot = ref.array
                if hot not in one_hot or ROWS in table.shape or table.shape[0] != hot.shape[-1]:
                    continue
                if hot not in places:
                    whole = Whole(one_hot[hot], hot.shape[-1])
                    places[hot] = Array(names.unique("tokens"), whole.shape)
                    result.append(Assign(places[hot], whole))
                at = reshape(Ref(places[hot]), rows.shape[:-1])
                step = _lookup(step, Lookup(table, at), roles)
                break
        result.append(step)
    return result


def _chosen(step: Fire) -> Expr | None:
    """Of the gates x = 0, x = 1, … x = n - 1 over the last axis, where x is data: x."""
    match step.gate.formula.tree:
        case ast.IfExp(ast.Compare(ast.Name(a), [ast.Eq()], [ast.Name(b)]), one, zero):
            pass
        case _:
            return None
    if [ast.unparse(one), ast.unparse(zero)] not in (["1.0", "0.0"], ["1", "0"]) or step.mask:
        return None
    for x, counted in ((step.inputs[a], step.inputs[b]), (step.inputs[b], step.inputs[a])):
        counts = isinstance(counted, Table) and np.array_equal(
            counted.values.ravel(), range(step.out.shape[-1])
        )
        if counts and x.shape == (*step.out.shape[:-1], 1) and ROWS in x.shape:
            return reshape(x, x.shape[:-1])
    return None


def _factors(step: Fire, roles: Roles) -> list[tuple[Expr, Expr]]:
    """Of a sum of products: (rows, the table whose rows they may pick)."""
    if step.gate not in (roles.dot, roles.affine) or step.layout == "terms" or step.mask:
        return []
    if step.layout == "product":
        rows, matrix = step.inputs[step.stack], step.inputs[step.matrix]
        same = step.gate is roles.dot or (*rows.shape[:-1], step.p) == step.out.shape
        return [(rows, transpose(matrix))] if same and len(matrix.shape) == 2 else []
    a, b = (step.inputs[name] for name in step.gate.rows)
    return [(x, y) for x, y in ((a, b), (b, a)) if len(y.shape) == 1 and step.gate is roles.dot]


def _lookup(step: Fire, picked: Lookup, roles: Roles) -> Step:
    """The same step with a look-up for its product."""
    step.out.note = step.out.back_note = ""
    if step.gate is roles.dot:
        return Assign(step.out, reshape(picked, step.out.shape))
    added = [e for name, e in step.inputs.items() if name not in step.gate.rows]
    inputs = {f"a{k}": e for k, e in enumerate((picked, *added))}
    return Fire(step.out, roles.total, inputs, "terms")
