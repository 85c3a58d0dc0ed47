"""Where a translated program declares its names."""

from __future__ import annotations

import ast

import pytest

from autodiff.compiler.export.translate import _begins


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("for i in range(3):\n t = i\n a = t", True),
        ("for i in range(3):\n a = t\n t = i", False),
        ("for i in range(3):\n for j in range(2):\n  t = j\n  a = t", True),
        ("for i in range(3):\n for j in range(2):\n  a = t\n  t = j", False),  # t of the last turn
    ],
)
def test_a_name_may_be_declared_inside_where_every_block_gives_it_a_value_first(
    text: str, begins: bool
) -> None:
    assert _begins("t", ast.parse(text).body[0]) is begins
